"""Networks from rows or images to logits, built from the shape of the data."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from sklearn_imbgen.nn.modules import linear, multilayer_perceptron

__all__ = ["CosineLinear", "ResidualNetwork", "Standardize", "TableNetwork"]


class Standardize(nn.Module):
    """Fixed first layer: subtract a mean and divide by a scale.

    Inside the network, so that whoever changes the input, an attack above all, does so
    in the units of the data.

    Parameters
    ----------
    mean, scale : Tensor broadcastable to a row
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)

    def forward(self, X: Tensor) -> Tensor:
        """Rows in units of ``scale`` from ``mean``."""
        standardized: Tensor = (X - self.mean) / self.scale
        return standardized


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
        logits: Tensor = self.scale * cosines
        return logits


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
    """

    def __init__(
        self,
        n_features: int,
        n_classes: int,
        hidden_dims: Sequence[int] = (128, 64),
        mean: Tensor | None = None,
        scale: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0) if generator is None else generator
        widths = [n_features, *hidden_dims]
        self.standardize = _standardize(mean, scale)
        self.hidden = (
            nn.Sequential(multilayer_perceptron(widths, generator), nn.ReLU())
            if hidden_dims
            else nn.Identity()
        )
        self.head = linear(widths[-1], n_classes, generator)

    def forward(self, X: Tensor) -> Tensor:
        """Logits of shape (n_samples, n_classes)."""
        logits: Tensor = self.head(self.hidden(self.standardize(X)))
        return logits


def _standardize(mean: Tensor | None, scale: Tensor | None) -> nn.Module:
    if mean is None or scale is None:
        return nn.Identity()
    return Standardize(mean, scale)


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
        logits: Tensor = self.head(maps.mean(dim=(2, 3)))
        return logits
