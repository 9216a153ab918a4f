"""Records of torch's tensors and networks and of skorch's nets; their classes are never called."""

import re
import warnings
from functools import partial
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, ParamMapper
from skorch.exceptions import DeviceWarning
from torch import Tensor, nn

from sklearn_imbgen.persistence._records import Kind, Packer, Unpacker

# A module's own dictionaries: these are stored, the others hold hooks, which are functions.
MODULE_STATE = {"_parameters": nn.Parameter, "_buffers": Tensor, "_modules": nn.Module}
TRANSIENT = "_non_persistent_buffers_set"
# Made anew by the reader, or of use during training only.
NET_REST = {
    "callbacks_",
    "initialized_",
    "virtual_params_",
    "_average",
    "_checkpoint",
    "_device_generator",
}


def _pack_tensor(packer: Packer, value: Tensor, path: str) -> dict[str, Any]:
    if value.layout is not torch.strided or value.is_quantized or value.is_meta:
        raise TypeError(f"{path}: only dense tensors with data can be stored.")
    key = path
    while key in packer.tensors:
        key += "_"
    packer.tensors[key] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
    parameter = isinstance(value, nn.Parameter)
    return {"key": key, "parameter": parameter, "grad": value.requires_grad}


def _make_tensor(unpacker: Unpacker, key: str, parameter: bool, grad: bool) -> Tensor:
    # each one is read once, as shared ones have one record: a file cannot ask for copies.
    # In memory of its own, as training changes it in place
    tensor = unpacker.tensors.pop(key).clone()
    return nn.Parameter(tensor, grad) if parameter else tensor.requires_grad_(grad)


def _pack_generator(packer: Packer, value: torch.Generator, path: str) -> dict[str, Any]:
    if value.device.type != "cpu":
        raise TypeError(f"{path}: a generator on {value.device} cannot be stored.")
    return {"state": packer.pack(value.get_state(), path)}


def _make_generator(unpacker: Unpacker, state: Any) -> torch.Generator:
    generator = torch.Generator()
    generator.set_state(unpacker.unpack(state))
    return generator


def _make_dtype(unpacker: Unpacker, text: str) -> torch.dtype:
    found = getattr(torch, text.removeprefix("torch."))
    if not isinstance(found, torch.dtype):
        raise ValueError(f"{text} is no dtype")
    return found


def _pack_module(packer: Packer, module: nn.Module, path: str) -> dict[str, Any]:
    # what torch.compile has wrapped
    module = getattr(module, "_orig_mod", module)
    # without what its class leaves out, such as a recurrent layer its weak references
    state = dict(module.__getstate__())
    parts = {
        name: {key: packer.pack(part, f"{path}.{key}") for key, part in state.pop(name).items()}
        for name in MODULE_STATE
    }
    for name in vars(nn.Module()).keys() - {*MODULE_STATE, "training", TRANSIENT}:
        if state.pop(name, None) and name.endswith("hooks"):
            raise TypeError(f"{path}: the module has {name}, functions that are not stored.")
    packed = {key: packer.pack(value, f"{path}.{key}") for key, value in state.items()}
    return {"type": packer.name(type(module), path), "state": packed, **parts}


def _make_module(unpacker: Unpacker, type: str, state: Any, **parts: Any) -> nn.Module:
    kind = unpacker.trust.find(type, nn.Module)
    module: nn.Module = kind.__new__(kind)
    nn.Module.__init__(module)
    own = vars(module)
    attributes = {**unpacker.unpack(state)}
    for name in attributes.keys() & own.keys() - {"training", TRANSIENT}:
        raise ValueError(f"a module's {name} cannot be set")
    for name, member in MODULE_STATE.items():
        attributes[name] = unpacker.unpack(parts[name])
        for key, part in attributes[name].items():
            if part is not None and not isinstance(part, member):
                raise ValueError(f"{key} in {name} is no {member.__name__}")
    module.__setstate__({**own, **attributes})
    return module


def _refuse_optimizer(packer: Packer, value: Any, path: str) -> Any:
    raise TypeError(f"{path}: an optimizer can only be stored as a part of its net.")


def _pack_net(packer: Packer, net: NeuralNet, path: str) -> dict[str, Any]:
    rest = NET_REST | {f"{name}_" for name in net._optimizers}
    at = f"{path}." if path else ""
    state = {key: packer.pack(v, at + key) for key, v in vars(net).items() if key not in rest}
    content = {"type": packer.name(type(net), path), "state": state}
    if net.initialized_:
        content["optimizers"] = {
            name: packer.pack(getattr(net, f"{name}_").state_dict(), f"{at}{name}_")
            for name in net._optimizers
        }
    return content


def _make_net(unpacker: Unpacker, type: str, state: Any, optimizers: Any = None) -> NeuralNet:
    kind = unpacker.trust.find(type, NeuralNet)
    net: NeuralNet = kind.__new__(kind)
    vars(net).update(unpacker.unpack(state))
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
    for name, moments in unpacker.unpack(optimizers).items():
        getattr(net, f"{name}_").load_state_dict(moments)
    return net


def _bring_to_cpu(net: NeuralNet) -> None:
    """Let a net predict where its tensors are."""
    device = net.device
    if device not in (None, "auto") and torch.device(device).type != "cpu":
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


def _pack_mapper(packer: Packer, value: ParamMapper, path: str) -> Any:
    """A Freezer as it was before training, which writes methods of its own over parameters."""
    state = dict(vars(value))
    if isinstance(value.at, partial):
        state["at"] = value.at.keywords["epoch"]
    if getattr(value.schedule, "__self__", None) is value:
        state["schedule"] = None
    return packer.twin(value, state, path)


# the first that fits
NETWORKS: dict[str, Kind] = {
    "net": Kind(NeuralNet, _pack_net, _make_net),
    "module": Kind(nn.Module, _pack_module, _make_module),
    "optimizer": Kind(torch.optim.Optimizer, _refuse_optimizer),
    "mapper": Kind(ParamMapper, _pack_mapper),
    "tensor": Kind(Tensor, _pack_tensor, _make_tensor),
    "generator": Kind(torch.Generator, _pack_generator, _make_generator),
    "device": Kind(
        torch.device,
        lambda packer, value, path: {"text": str(value)},
        lambda unpacker, text: torch.device(text),
    ),
    "torch_dtype": Kind(torch.dtype, lambda packer, value, path: {"text": str(value)}, _make_dtype),
}
