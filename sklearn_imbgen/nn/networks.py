"""Networks from rows or images to logits, and a look inside any of them."""

import copy
import inspect
import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sklearn_imbgen.nn.modules import build_module, linear, multilayer_perceptron


class Standardize(nn.Module):
    """Fixed first layer: subtract a mean and divide by a scale.

    Inside the network, so that whoever changes the input, an attack above all, does so
    in the units of the data.

    Parameters
    ----------
    mean, scale : Tensor broadcastable to a row
    bound : float or None, default=None
        What lies farther than that from the mean, in units of ``scale``, is drawn in: beyond it,
        distances count by their logarithm. None is no bound.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Tensor, scale: Tensor, bound: float | None = None) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.bound = bound

    def forward(self, X: Tensor) -> Tensor:
        """Rows in units of ``scale`` from ``mean``."""
        standardized: Tensor = (X - self.mean) / self.scale
        if self.bound is None:
            return standardized
        # inside the bound, exactly what it was
        inside = standardized.clamp(-self.bound, self.bound)
        beyond = standardized - inside
        return inside + beyond.sign() * beyond.abs().log1p()


class CosineLinear(nn.Module):
    """Last layer whose logits are ``scale`` times the cosines to a direction per class.

    What LDAM's margins are measured on: features and weights have length one.
    """

    scale: Tensor

    def __init__(
        self,
        in_features: int,
        out_features: int,
        scale: float = 30.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        # a buffer: it may change during training, and a compiled network would be compiled anew
        self.register_buffer("scale", torch.tensor(float(scale)))
        weight = torch.empty(out_features, in_features, dtype=torch.float32)
        # only directions matter, but the longer a row the slower it turns: start at length one
        weight = functional.normalize(nn.init.normal_(weight, generator=generator), dim=1)
        self.weight = nn.Parameter(weight)

    def forward(self, X: Tensor) -> Tensor:
        """Logits of shape (n_samples, out_features)."""
        cosines = functional.linear(
            functional.normalize(X, dim=1), functional.normalize(self.weight, dim=1)
        )
        return self.scale * cosines


class TableNetwork(nn.Module):
    """Multilayer perceptron for tables: standardise, hidden layers with ReLU, logits.

    Parameters
    ----------
    n_features, n_classes : int
    hidden_dims : sequence of int, default=(128, 64)
        Widths of the hidden layers; none is a linear classifier.
    mean, scale : Tensor of shape (n_features,), default=None
        Of the training rows; None is no standardisation.
    generator : torch.Generator, default=None
        Of the first weights.
    bound : float or None, default=None
        Of :class:`Standardize`.
    """

    def __init__(
        self,
        n_features: int,
        n_classes: int,
        hidden_dims: Sequence[int] = (128, 64),
        mean: Tensor | None = None,
        scale: Tensor | None = None,
        generator: torch.Generator | None = None,
        bound: float | None = None,
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0) if generator is None else generator
        widths = [n_features, *hidden_dims]
        self.standardize = _standardize(mean, scale, bound)
        self.hidden = (
            nn.Sequential(multilayer_perceptron(widths, generator), nn.ReLU())
            if hidden_dims
            else nn.Identity()
        )
        self.head = linear(widths[-1], n_classes, generator)

    def forward(self, X: Tensor) -> Tensor:
        """Logits of shape (n_samples, n_classes)."""
        return self.head(self.hidden(self.standardize(X)))


def _standardize(
    mean: Tensor | None, scale: Tensor | None, bound: float | None = None
) -> nn.Module:
    if mean is None or scale is None:
        return nn.Identity()
    return Standardize(mean, scale, bound)


def _convolution(
    n_inputs: int, n_outputs: int, stride: int, kernel: int, generator: torch.Generator
) -> nn.Conv2d:
    layer: nn.Conv2d = nn.utils.skip_init(
        nn.Conv2d,
        n_inputs,
        n_outputs,
        kernel,
        stride=stride,
        padding=kernel // 2,
        bias=False,
        dtype=torch.float32,
    )
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu", generator=generator)
    return layer


def _batch_norm(n_maps: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(n_maps, dtype=torch.float32)


class _ResidualBlock(nn.Module):
    """Two convolutions, and a way past them."""

    def __init__(
        self, n_inputs: int, n_outputs: int, stride: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.way = nn.Sequential(
            _convolution(n_inputs, n_outputs, stride, 3, generator),
            _batch_norm(n_outputs),
            nn.ReLU(),
            _convolution(n_outputs, n_outputs, 1, 3, generator),
            _batch_norm(n_outputs),
        )
        same = stride == 1 and n_inputs == n_outputs
        self.past = (
            nn.Identity()
            if same
            else nn.Sequential(
                _convolution(n_inputs, n_outputs, stride, 1, generator), _batch_norm(n_outputs)
            )
        )

    def forward(self, X: Tensor) -> Tensor:
        """Feature maps, at half the resolution where the stride is 2."""
        return torch.relu(self.way(X) + self.past(X))


class ResidualNetwork(nn.Module):
    """Residual network for small images.

    Parameters
    ----------
    n_channels, n_classes : int
    width : int, default=16
        Feature maps of the first stage; each later one has twice as many.
    blocks : sequence of int, default=(1, 1, 1)
        Residual blocks of each stage; all stages but the first halve the resolution.
        ``width=64, blocks=(2, 2, 2, 2)`` is the ResNet-18 of section 4.5.1.
    first_stride : int, default=1
        Stride of the first convolution; 2 makes everything about four times cheaper.
    mean, scale : Tensor of shape (n_channels, 1, 1), default=None
        Of the training images; None is no standardisation.
    generator : torch.Generator, default=None
        Of the first weights.
    """

    def __init__(
        self,
        n_channels: int,
        n_classes: int,
        width: int = 16,
        blocks: Sequence[int] = (1, 1, 1),
        first_stride: int = 1,
        mean: Tensor | None = None,
        scale: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0) if generator is None else generator
        widths = [width * 2**stage for stage in range(len(blocks))]
        self.standardize = _standardize(mean, scale)
        self.first = nn.Sequential(
            _convolution(n_channels, width, first_stride, 3, generator),
            _batch_norm(width),
            nn.ReLU(),
        )
        stages: list[nn.Module] = []
        for stage, (n_inputs, n_outputs) in enumerate(pairwise([width, *widths])):
            for block in range(blocks[stage]):
                # later blocks of a stage keep width and resolution
                start = n_inputs if block == 0 else n_outputs
                stride = 2 if block == 0 and stage > 0 else 1
                stages.append(_ResidualBlock(start, n_outputs, stride, generator))
        self.stages = nn.Sequential(*stages)
        self.head = linear(widths[-1], n_classes, generator)

    def forward(self, X: Tensor) -> Tensor:
        """Logits of shape (n_samples, n_classes)."""
        maps = self.stages(self.first(self.standardize(X)))
        return self.head(maps.mean(dim=(2, 3)))


def build_network(
    module: Any,
    given: dict[str, Any],
    *,
    shape: tuple[int, ...],
    n_classes: int,
    statistics: tuple[Tensor, Tensor],
    generator: torch.Generator,
) -> nn.Module:
    """A network for rows of a shape, from a parameter ``module`` and ``given``, its ``module__*``.

    None is a :class:`TableNetwork` or :class:`ResidualNetwork`, which standardises by
    ``statistics``, mean and scale; ValueError if neither takes such rows. A class or function is
    told the sizes of the data that it asks for; an instance is copied.
    """
    if module is None:
        mean, scale = statistics
        common = {"mean": mean, "scale": scale, "generator": generator, **given}
        if len(shape) == 1:
            return TableNetwork(shape[0], n_classes, **common)
        if len(shape) == 3:
            return ResidualNetwork(shape[0], n_classes, **common)
        raise ValueError(
            f"each row of X has the shape {shape}; without module, rows must be "
            "(n_features,) or (channels, height, width). Pass a module for other shapes."
        )
    if isinstance(module, nn.Module):
        # fitting must not change a parameter
        return type(module)(**given) if given else copy.deepcopy(module)
    sizes: dict[str, Any] = {
        "n_features": int(np.prod(shape)),
        "n_channels": shape[0],
        "input_shape": tuple(shape),
        # as skorch's InputShapeSetter calls it
        "input_dim": shape[-1],
        "n_classes": n_classes,
    }
    if isinstance(module, type):
        return build_module(module, "module", **sizes | given)
    taken = inspect.signature(module).parameters
    return module(**{k: v for k, v in sizes.items() if k in taken} | given)


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
    """Name of the last linear layer, in the order of definition; ValueError without any."""
    names = [
        name for name, part in module.named_modules() if isinstance(part, nn.Linear | CosineLinear)
    ]
    if not names:
        raise ValueError(
            "module has no torch.nn.Linear layer, whose inputs are the features that the "
            "separation loss needs. Name the layer that makes the logits by separation__layer."
        )
    return names[-1]


def find_layer(module: nn.Module, name: str) -> nn.Module:
    """A part of a module by its name, as in ``named_modules()``; "" is the module itself.

    ValueError with the names that there are, if there is no such part.
    """
    parts = dict(module.named_modules())
    if name not in parts:
        known = ", ".join(repr(part) for part in parts if part)
        raise ValueError(f"separation__layer={name!r} is no part of module; it has: {known}.")
    return parts[name]


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

    ``shape`` is that of a row, ``name`` the parameter that the network was given by.
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
    if _gives_probabilities(module, shape, device):
        raise ValueError(
            f"{name} ends in a softmax: its outputs are probabilities. It must give logits, for "
            "the softmax is taken here, and a second one would leave no probability above "
            f"{math.e / (math.e + n_classes - 1):.3f}. Leave out that layer."
        )


def _gives_probabilities(module: nn.Module, shape: tuple[int, ...], device: torch.device) -> bool:
    """Whether the outputs for random rows are shares of one."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(8, *shape, generator=generator, dtype=torch.float32).to(device)
    try:
        with evaluation_mode(module), torch.no_grad():
            output = module(rows).float()
    except Exception:
        # one that takes zeros only, such as numbers of words
        return False
    sums = output.sum(dim=1)
    return bool((output >= 0).all() and torch.allclose(sums, torch.ones_like(sums), atol=1e-4))
