"""From an estimator to one that holds no torch: records in place of tensors and networks."""

import json
from collections import OrderedDict
from pathlib import PurePath
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from skorch import NeuralNet
from skorch.callbacks import Callback
from skorch.history import History
from torch import Tensor, nn

from sklearn_imbgen.nn.checkpoint import plain_history
from sklearn_imbgen.persistence import _frames
from sklearn_imbgen.persistence._records import Stored
from sklearn_imbgen.persistence._trust import name_of

__all__ = ["MODULE_STATE", "TRANSIENT", "Packer", "is_plain"]

SCALARS = (bool, int, float, str, type(None))
# A module's own dictionaries: these are stored, the others hold hooks, which are functions.
MODULE_STATE = ("_parameters", "_buffers", "_modules")
TRANSIENT = "_non_persistent_buffers_set"
REDUCERS = ("__reduce__", "__reduce_ex__")
BASE_STATE = (BaseEstimator.__getstate__, BaseEstimator.__setstate__)
# Made anew by the reader, or of use during training only.
NET_REST = {
    "callbacks_",
    "initialized_",
    "virtual_params_",
    "_average",
    "_checkpoint",
    "_device_generator",
}


class Packer:
    """Makes the twin of an estimator that skops can store, and collects its tensors.

    The original is left as it is. Objects that occur twice, such as a module in two
    networks, are packed once.

    Attributes
    ----------
    tensors : dict of str to Tensor
        On the CPU, under the names of their attributes.
    types : set of str
        Types that the records name.
    """

    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.types: set[str] = set()
        # the originals are kept, for an id is only unique while its object lives
        self._done: dict[int, tuple[Any, Any]] = {}

    def pack(self, value: Any, path: str = "") -> Any:
        """The twin of a value found at ``path``, such as "module_.head.weight".

        Raises
        ------
        TypeError
            If something in it cannot be stored.
        """
        if type(value) in SCALARS:
            return value
        if id(value) not in self._done:
            self._done[id(value)] = (value, self._pack(value, path))
        return self._done[id(value)][1]

    def _pack(self, value: Any, path: str) -> Any:
        for kind, method in _METHODS:
            if isinstance(value, kind):
                return method(self, value, path)
        frame = _frames.pack(value)
        if frame is not None:
            return Stored("frame", {k: self.pack(v, f"{path}.{k}") for k, v in frame.items()})
        return self._pack_object(value, path)

    def _items(self, values: Any, path: str) -> list[Any]:
        return [self.pack(value, f"{path}.{i}") for i, value in enumerate(values)]

    def _name(self, kind: type) -> str:
        name = name_of(kind)
        self.types.add(name)
        return name

    # -- containers ------------------------------------------------------------------------

    def _pack_dict(self, value: dict[Any, Any], path: str) -> Any:
        if _is_json(value):
            return Stored("json", {"text": json.dumps(value)})
        if type(value) not in (dict, OrderedDict):
            return value
        if all(type(key) is str for key in value):
            return type(value)((k, self.pack(v, f"{path}.{k}")) for k, v in value.items())
        # JSON knows text as keys only
        pairs = [
            (self.pack(key, f"{path}.{i}"), self.pack(item, f"{path}.{key}"))
            for i, (key, item) in enumerate(value.items())
        ]
        return Stored("mapping", {"ordered": type(value) is OrderedDict, "pairs": pairs})

    def _pack_list(self, value: list[Any], path: str) -> Any:
        if _is_json(value):
            return Stored("json", {"text": json.dumps(value)})
        return self._items(value, path) if type(value) is list else value

    def _pack_tuple(self, value: tuple[Any, ...], path: str) -> Any:
        items = self._items(value, path)
        return type(value)._make(items) if hasattr(value, "_make") else tuple(items)

    def _pack_set(self, value: set[Any], path: str) -> Any:
        return set(self._items(value, path))

    def _pack_history(self, value: History, path: str) -> Any:
        return Stored("history", {"rows": self._pack_list(plain_history(value), path)})

    # -- numpy and Python ------------------------------------------------------------------

    def _pack_array(self, value: np.ndarray, path: str) -> Any:
        if type(value) is not np.ndarray or value.dtype != object:
            return value
        content = {
            "shape": list(value.shape),
            "items": self._pack_list(value.ravel().tolist(), path),
        }
        return Stored("objects", content)

    def _pack_scalar(self, value: np.generic, path: str) -> Any:
        return Stored("scalar", {"values": np.array([value])})

    def _pack_dtype(self, value: np.dtype, path: str) -> Any:
        if value.names is not None:
            raise TypeError(f"{path}: a dtype with fields cannot be stored.")
        return Stored("dtype", {"text": value.str})

    def _pack_path(self, value: PurePath, path: str) -> Any:
        return Stored("path", {"text": str(value)})

    def _pack_type(self, value: type, path: str) -> Any:
        if value.__module__ in ("builtins", "numpy"):
            return value
        return Stored("type", {"type": self._name(value)})

    def _pack_function(self, value: Any, path: str) -> Any:
        # the default sink of skorch's callbacks
        return Stored("print", {}) if value is print else value

    def _pack_object(self, value: Any, path: str) -> Any:
        if not is_plain(value):
            return value
        twin = object.__new__(type(value))
        # a callback may leave out copies of the net's weights
        state = value.__getstate__() if isinstance(value, Callback) else vars(value)
        for name, item in state.items():
            twin.__dict__[name] = self.pack(item, f"{path}.{name}" if path else name)
        return twin

    # -- torch -----------------------------------------------------------------------------

    def _pack_tensor(self, value: Tensor, path: str) -> Any:
        if value.layout is not torch.strided or value.is_quantized or value.is_meta:
            raise TypeError(f"{path}: only dense tensors with data can be stored.")
        key = path
        while key in self.tensors:
            key += "_"
        self.tensors[key] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
        parameter = isinstance(value, nn.Parameter)
        return Stored("tensor", {"key": key, "parameter": parameter, "grad": value.requires_grad})

    def _pack_generator(self, value: torch.Generator, path: str) -> Any:
        if value.device.type != "cpu":
            raise TypeError(f"{path}: a generator on {value.device} cannot be stored.")
        return Stored("generator", {"state": self.pack(value.get_state(), path)})

    def _pack_device(self, value: torch.device, path: str) -> Any:
        return Stored("device", {"text": str(value)})

    def _pack_torch_dtype(self, value: torch.dtype, path: str) -> Any:
        return Stored("torch_dtype", {"text": str(value)})

    def _pack_module(self, module: nn.Module, path: str) -> Any:
        # what torch.compile has wrapped
        module = getattr(module, "_orig_mod", module)
        # without what its class leaves out, such as a recurrent layer its weak references
        state = dict(module.__getstate__())
        for name in MODULE_STATE:
            parts = state.pop(name).items()
            state[name] = {key: self.pack(part, f"{path}.{key}") for key, part in parts}
        for name in vars(nn.Module()).keys() - {*MODULE_STATE, "training", TRANSIENT}:
            if state.pop(name, None) and name.endswith("hooks"):
                raise TypeError(f"{path}: the module has {name}, functions that are not stored.")
        parts = {name: state.pop(name) for name in MODULE_STATE}
        packed = {k: self.pack(v, f"{path}.{k}") for k, v in state.items()}
        return Stored("module", {"type": self._name(type(module)), "state": packed, **parts})

    def _pack_scheduler(self, value: Any, path: str) -> Any:
        # skorch's callback makes it anew when training begins
        return None

    def _pack_optimizer(self, value: Any, path: str) -> Any:
        raise TypeError(f"{path}: an optimizer can only be stored as a part of its net.")

    def _pack_net(self, net: NeuralNet, path: str) -> Any:
        rest = NET_REST | {f"{name}_" for name in net._optimizers}
        at = f"{path}." if path else ""
        state = {k: self.pack(v, at + k) for k, v in vars(net).items() if k not in rest}
        content = {"type": self._name(type(net)), "state": state}
        if net.initialized_:
            content["optimizers"] = {
                name: self.pack(getattr(net, f"{name}_").state_dict(), f"{at}{name}_")
                for name in net._optimizers
            }
        return Stored("net", content)


# the first that fits
_METHODS: list[tuple[Any, Any]] = [
    (NeuralNet, Packer._pack_net),
    (nn.Module, Packer._pack_module),
    (torch.optim.Optimizer, Packer._pack_optimizer),
    (torch.optim.lr_scheduler.LRScheduler, Packer._pack_scheduler),
    (Tensor, Packer._pack_tensor),
    (torch.Generator, Packer._pack_generator),
    (torch.device, Packer._pack_device),
    (torch.dtype, Packer._pack_torch_dtype),
    (History, Packer._pack_history),
    (dict, Packer._pack_dict),
    (list, Packer._pack_list),
    (tuple, Packer._pack_tuple),
    (set, Packer._pack_set),
    (np.ndarray, Packer._pack_array),
    (np.generic, Packer._pack_scalar),
    (np.dtype, Packer._pack_dtype),
    (PurePath, Packer._pack_path),
    (type, Packer._pack_type),
    (type(print), Packer._pack_function),
]


def _is_json(value: Any) -> bool:
    """Whether JSON gives the value back as it is; much shorter than skops' node per number."""
    if type(value) in SCALARS:
        return True
    if type(value) is list:
        return all(map(_is_json, value))
    if type(value) is dict:
        return all(type(key) is str and _is_json(item) for key, item in value.items())
    return False


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
