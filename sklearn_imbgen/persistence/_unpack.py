"""From records back to tensors, networks and nets; nothing that a file names is called."""

import json
import re
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from skorch.exceptions import DeviceWarning
from skorch.history import History
from torch import Tensor, nn

from sklearn_imbgen.persistence import _frames
from sklearn_imbgen.persistence._pack import MODULE_STATE, TRANSIENT, is_plain
from sklearn_imbgen.persistence._records import Stored
from sklearn_imbgen.persistence._trust import Trust

__all__ = ["Unpacker"]


class Unpacker:
    """Puts the objects back where :class:`~._pack.Packer` has left records.

    Parameters
    ----------
    tensors : dict of str to Tensor
    trust : Trust
        Which types the records may name.
    """

    def __init__(self, tensors: dict[str, Tensor], trust: Trust) -> None:
        self._tensors, self._trust = tensors, trust
        self._done: dict[int, tuple[Any, Any]] = {}

    def unpack(self, value: Any) -> Any:
        """The value without records; containers and objects are changed in place.

        Raises
        ------
        ValueError
            If a record is of an unknown kind or names a type that is not trusted.
        """
        if id(value) not in self._done:
            # an object that holds itself is found as it is
            self._done[id(value)] = (value, value)
            self._done[id(value)] = (value, self._unpack(value))
        return self._done[id(value)][1]

    def _unpack(self, value: Any) -> Any:
        if isinstance(value, Stored):
            return self._make(value)
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

    def _make(self, record: Stored) -> Any:
        if record.kind not in _MAKERS:
            raise ValueError(f"there is no record called {record.kind!r}")
        return _MAKERS[record.kind](self, **record.content)

    # -- Python and numpy ------------------------------------------------------------------

    def _json(self, text: str) -> Any:
        return json.loads(text)

    def _mapping(self, ordered: bool, pairs: list[Any]) -> Any:
        kind = OrderedDict if ordered else dict
        return kind((self.unpack(key), self.unpack(value)) for key, value in pairs)

    def _history(self, rows: Any) -> History:
        return History(self.unpack(rows))

    def _objects(self, shape: Any, items: Any) -> np.ndarray:
        items = self.unpack(items)
        array = np.empty(len(items), dtype=object)
        for i, item in enumerate(items):
            array[i] = item
        return array.reshape(self.unpack(shape))

    def _scalar(self, values: np.ndarray) -> Any:
        return values[0]

    def _dtype(self, text: str) -> np.dtype:
        return np.dtype(text)

    def _path(self, text: str) -> Path:
        return Path(text)

    def _type(self, type: str) -> Any:
        return self._trust.find(type, object)

    def _print(self) -> Any:
        return print

    def _frame(self, **content: Any) -> Any:
        return _frames.unpack(self.unpack(content))

    # -- torch -----------------------------------------------------------------------------

    def _tensor(self, key: str, parameter: bool, grad: bool) -> Tensor:
        # each one is read once, as shared ones have one record: a file cannot ask for copies.
        # In memory of its own, as training changes it in place
        tensor = self._tensors.pop(key).clone()
        return nn.Parameter(tensor, grad) if parameter else tensor.requires_grad_(grad)

    def _generator(self, state: Any) -> torch.Generator:
        generator = torch.Generator()
        generator.set_state(self.unpack(state))
        return generator

    def _device(self, text: str) -> torch.device:
        return torch.device(text)

    def _torch_dtype(self, text: str) -> torch.dtype:
        found = getattr(torch, text.removeprefix("torch."))
        if not isinstance(found, torch.dtype):
            raise ValueError(f"{text} is no dtype")
        return found

    def _module(self, type: str, state: Any, **parts: Any) -> nn.Module:
        kind = self._trust.find(type, nn.Module)
        module: nn.Module = kind.__new__(kind)
        nn.Module.__init__(module)
        own = vars(module)
        attributes = {**self.unpack(state)}
        for name in attributes.keys() & own.keys() - {"training", TRANSIENT}:
            raise ValueError(f"a module's {name} cannot be set")
        for name, member in zip(MODULE_STATE, (nn.Parameter, Tensor, nn.Module), strict=True):
            attributes[name] = self.unpack(parts[name])
            for key, part in attributes[name].items():
                if part is not None and not isinstance(part, member):
                    raise ValueError(f"{key} in {name} is no {member.__name__}")
        module.__setstate__({**own, **attributes})
        return module

    def _net(self, type: str, state: Any, optimizers: Any = None) -> NeuralNet:
        kind = self._trust.find(type, NeuralNet)
        net: NeuralNet = kind.__new__(kind)
        vars(net).update(self.unpack(state))
        _bring_to_cpu(net)
        # our nets have it in the class
        if not hasattr(kind, "initialized_"):
            vars(net).update(initialized_=False, virtual_params_={})
        if optimizers is None:
            return net
        _check_callables(net)
        net._initialize_virtual_params()
        net._initialize_callbacks()
        net._initialize_optimizer()
        vars(net)["initialized_"] = True
        for name, moments in self.unpack(optimizers).items():
            getattr(net, f"{name}_").load_state_dict(moments)
        return net


_MAKERS: dict[str, Any] = {
    "json": Unpacker._json,
    "mapping": Unpacker._mapping,
    "history": Unpacker._history,
    "objects": Unpacker._objects,
    "scalar": Unpacker._scalar,
    "dtype": Unpacker._dtype,
    "path": Unpacker._path,
    "type": Unpacker._type,
    "print": Unpacker._print,
    "frame": Unpacker._frame,
    "tensor": Unpacker._tensor,
    "generator": Unpacker._generator,
    "device": Unpacker._device,
    "torch_dtype": Unpacker._torch_dtype,
    "module": Unpacker._module,
    "net": Unpacker._net,
}


def _bring_to_cpu(net: NeuralNet) -> None:
    """Let a net predict where its tensors are."""
    device = net.device
    if device is not None and torch.device(device).type != "cpu":
        vars(net)["device"] = "cpu"
        warnings.warn(
            f"{type(net).__name__} was trained with device={str(device)!r}; it is loaded onto the "
            'CPU, with device="cpu".',
            DeviceWarning,
            stacklevel=2,
        )


def _check_callables(net: NeuralNet) -> None:
    """Refuse a file that has something else called where skorch builds optimizer and callbacks."""
    for name in net._optimizers:
        optimizer = getattr(net, name)
        if not (isinstance(optimizer, type) and issubclass(optimizer, torch.optim.Optimizer)):
            raise ValueError(f"{name} is no optimizer of torch")
    given = [] if net.callbacks in (None, "disable") else list(net.callbacks)
    replaced = [v for k, v in vars(net).items() if re.fullmatch("callbacks__[^_]+(_[^_]+)*", k)]
    for callback in (one[-1] if isinstance(one, tuple) else one for one in [*given, *replaced]):
        kind = callback if isinstance(callback, type) else type(callback)
        if callback is not None and not issubclass(kind, Callback):
            raise ValueError(f"{kind.__name__} is no callback of skorch")
