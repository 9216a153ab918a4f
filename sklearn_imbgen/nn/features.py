"""A look inside any classifier: its last linear layer and what enters it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from sklearn_imbgen.nn.classifiers import CosineLinear

__all__ = [
    "FeatureCapture",
    "check_logits",
    "evaluation_mode",
    "find_layer",
    "last_linear",
    "replace_layer",
]


@contextmanager
def evaluation_mode(module: nn.Module | None) -> Iterator[None]:
    """Switch a module to evaluation inside the block and give each part its own mode back."""
    if module is None:
        yield
        return
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        yield
    finally:
        for part in training:
            # not .train(), which would also switch parts that a user holds in evaluation
            part.training = True


def last_linear(module: nn.Module) -> str:
    """Name of the last linear layer of a module, in the order of definition.

    Raises
    ------
    ValueError
        If there is none.

    Examples
    --------
    >>> from torch import nn
    >>> last_linear(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)))
    '2'
    """
    names = [
        name for name, part in module.named_modules() if isinstance(part, nn.Linear | CosineLinear)
    ]
    if not names:
        raise ValueError(
            "module has no torch.nn.Linear layer, whose inputs are the features that the "
            "separation loss needs. Name the layer that makes the logits by feature_layer."
        )
    last: str = names[-1]
    return last


def find_layer(module: nn.Module, name: str) -> nn.Module:
    """A part of a module by its name, as in ``named_modules()``; "" is the module itself.

    Raises
    ------
    ValueError
        If there is no such part, with the names that there are.
    """
    parts = dict(module.named_modules())
    if name not in parts:
        known = ", ".join(repr(part) for part in parts if part)
        raise ValueError(f"feature_layer={name!r} is no part of module; it has: {known}.")
    part: nn.Module = parts[name]
    return part


def replace_layer(module: nn.Module, name: str, layer: nn.Module) -> None:
    """Put another layer in the place of the one of that name."""
    parent, _, leaf = name.rpartition(".")
    holder = module.get_submodule(parent)
    setattr(holder, leaf, layer)


class FeatureCapture:
    """Keeps what enters a layer during the forward passes inside a ``with`` block.

    Parameters
    ----------
    layer : Module
        Mostly the last linear layer.
    compiled : bool, default=False
        The layer is part of a compiled network, whose graphs may not look for hooks. They
        are not used inside the block.

    Attributes
    ----------
    features : Tensor of shape (n_samples, n_features)
        Inputs of the last pass, flattened, with their gradient history.
    """

    def __init__(self, layer: nn.Module, *, compiled: bool = False) -> None:
        self._layer = layer
        self._compiled = compiled
        self.features: Tensor = torch.empty(0)

    def __enter__(self) -> "FeatureCapture":
        self._stack = ExitStack()
        self._stack.callback(self._layer.register_forward_pre_hook(self._keep).remove)
        # torch has it from 2.6 on
        if self._compiled and hasattr(torch.compiler, "set_stance"):
            self._stack.enter_context(torch.compiler.set_stance("force_eager"))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _keep(self, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self.features = inputs[0].flatten(1)


def check_logits(module: nn.Module, shape: tuple[int, ...], n_classes: int, name: str) -> None:
    """Raise a ValueError that names the parameter unless a network gives a logit per class.

    Parameters
    ----------
    module : Module
    shape : tuple of int
        Of a row.
    n_classes : int
    name : str
        Of the parameter that the network was given by.
    """
    try:
        with evaluation_mode(module), torch.no_grad():
            device = next((p.device for p in module.parameters()), torch.device("cpu"))
            output = module(torch.zeros(2, *shape, dtype=torch.float32, device=device))
    except Exception as error:
        raise ValueError(
            f"{name} cannot take rows of shape {shape}, which it is given as a float32 tensor "
            f"of shape (n_rows, {', '.join(map(str, shape))}): {error}"
        ) from error
    found = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
    if found != (2, n_classes):
        raise ValueError(
            f"{name} maps 2 rows to {found}; it must give one logit per class, "
            f"(2, {n_classes}) for the {n_classes} classes of y, and no softmax."
        )
