"""Records in a skops archive in place of what skops does not know, and back.

skops has no public way to teach it a type, so an estimator is stored as its twin: the same
object with a :class:`Stored` record, which skops knows as a plain object, in place of each
tensor, network, table type or tree. What a record can stand for is listed in :mod:`._values`
and :mod:`._networks`, for each kind how it is taken apart and how it is made again.
"""

import functools
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from skorch.callbacks import Callback
from torch import Tensor

from sklearn_imbgen.persistence._trust import Trust, name_of

SCALARS = (bool, int, float, str, type(None))
FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType)
REDUCERS = ("__reduce__", "__reduce_ex__")
BASE_STATE = (BaseEstimator.__getstate__, BaseEstimator.__setstate__)


@dataclass(eq=False)
class Stored:
    """Inert description of an object: a kind that the reader knows and what making it needs.

    ``content`` is text, numbers, arrays and other records.
    """

    kind: str
    content: dict[str, Any]


class Kind(NamedTuple):
    """How a kind of object is stored.

    ``takes`` says which objects: a type, types or a callable. ``pack`` gets the packer, the object
    and its path; a dict becomes the content of a record, another value takes the object's place.
    ``make`` gets the unpacker and the content, as keywords.
    """

    takes: Any
    pack: Callable[["Packer", Any, str], Any]
    make: Callable[..., Any] | None = None

    def fits(self, value: Any) -> bool:
        """Whether an object is of this kind."""
        if isinstance(self.takes, type | tuple):
            return isinstance(value, self.takes)
        return bool(self.takes(value))


class Packer:
    """Makes the twin of an estimator that skops can store, and collects its tensors.

    The original is left as it is. Objects that occur twice, such as a module in two
    networks, are packed once. The first of ``kinds`` that fits an object is taken.
    ``tensors`` are on the CPU, by the names of their attributes; ``types`` are named by records.
    """

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.types: set[str] = set()
        self._kinds = kinds
        # the originals are kept, for an id is only unique while its object lives
        self._done: dict[int, tuple[Any, Any]] = {}

    def pack(self, value: Any, path: str = "") -> Any:
        """The twin of a value found at ``path``, such as "module_.head.weight".

        ``TypeError`` if something in it cannot be stored.
        """
        if type(value) in SCALARS:
            return value
        if id(value) not in self._done:
            self._done[id(value)] = (value, self._pack(value, path))
        return self._done[id(value)][1]

    def name(self, kind: type, path: str) -> str:
        """Full name of a class, noted as one that the file asks to trust."""
        name = self._check_name(kind, path)
        self.types.add(name)
        return name

    def _check_name(self, named: Any, path: str) -> str:
        try:
            return name_of(named)
        except TypeError as error:
            raise TypeError(f"{path}: {error}" if path else str(error)) from error

    def items(self, values: Any, path: str) -> list[Any]:
        """The twins of several values."""
        return [self.pack(value, f"{path}.{i}") for i, value in enumerate(values)]

    def _pack(self, value: Any, path: str) -> Any:
        for name, kind in self._kinds.items():
            if kind.fits(value):
                content = kind.pack(self, value, path)
                stored = type(content) is dict and kind.make is not None
                return Stored(name, content) if stored else content
        if type(value) in (list, set):
            return type(value)(self.items(value, path))
        if type(value) is dict:
            return {key: self.pack(item, f"{path}.{key}") for key, item in value.items()}
        if isinstance(value, list | set | dict):
            return value
        if isinstance(value, tuple):
            items = self.items(value, path)
            return type(value)._make(items) if hasattr(value, "_make") else tuple(items)
        return self._pack_object(value, path)

    def _pack_object(self, value: Any, path: str) -> Any:
        function = value
        while isinstance(function, functools.partial):
            function = function.func
        if isinstance(function, FUNCTIONS):
            # skops writes the name alone
            self._check_name(function, path)
        if not is_plain(value):
            return value
        state = vars(value)
        if isinstance(value, Callback):
            # what it learns it learns anew when training begins
            state = {k: v for k, v in value.__getstate__().items() if not k.endswith("_")}
        return self.twin(value, state, path)

    def twin(self, value: Any, state: Mapping[str, Any], path: str) -> Any:
        """An object of the same class with the twins of these attributes."""
        twin = object.__new__(type(value))
        for name, item in state.items():
            twin.__dict__[name] = self.pack(item, f"{path}.{name}" if path else name)
        return twin


class Unpacker:
    """Puts the objects back where :class:`Packer` has left records; calls nothing a file names."""

    def __init__(self, kinds: Mapping[str, Kind], tensors: dict[str, Tensor], trust: Trust) -> None:
        self.tensors, self.trust = tensors, trust
        self._kinds = kinds
        self._done: dict[int, tuple[Any, Any]] = {}

    def unpack(self, value: Any) -> Any:
        """The value without records; containers and objects are changed in place.

        ``ValueError`` if a record is of an unknown kind or names a type that is not trusted.
        """
        if id(value) not in self._done:
            # an object that holds itself is found as it is
            self._done[id(value)] = (value, value)
            self._done[id(value)] = (value, self._unpack(value))
        return self._done[id(value)][1]

    def objects(self) -> list[Any]:
        """All that has been made or looked through."""
        return [made for _, made in self._done.values()]

    def _unpack(self, value: Any) -> Any:
        if isinstance(value, Stored):
            kind = self._kinds.get(value.kind)
            if kind is None or kind.make is None:
                raise ValueError(f"there is no record called {value.kind!r}")
            return kind.make(self, **value.content)
        if isinstance(value, dict):
            for key, item in value.items():
                value[key] = self.unpack(item)
            return value
        if isinstance(value, list):
            value[:] = map(self.unpack, value)
            return value
        if isinstance(value, set):
            return set(map(self.unpack, value))
        if isinstance(value, tuple):
            items = [self.unpack(item) for item in value]
            return type(value)._make(items) if hasattr(value, "_make") else tuple(items)
        if is_plain(value):
            self.unpack(vars(value))
        return value


def is_plain(value: Any) -> bool:
    """Whether an object is its attributes and nothing else, so that a twin can be made of them."""
    kind = type(value)
    if not hasattr(value, "__dict__") or hasattr(value, "__get__") or isinstance(value, np.ufunc):
        return False
    if any(vars(base).get("__slots__") for base in kind.__mro__):
        return False
    if any(getattr(kind, name) is not getattr(object, name) for name in REDUCERS):
        return False
    if getattr(kind, "__setstate__", BASE_STATE[1]) is not BASE_STATE[1]:
        return False
    return kind.__getstate__ in (object.__getstate__, BASE_STATE[0]) or issubclass(kind, Callback)
