"""Network modules, all at top level so that they pickle, and the losses of chapter 2."""

import copy
import inspect
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sklearn_imbgen.nn.runtime import thread_share

# Rows pushed through a network at once outside training: bounds the memory.
INFERENCE_ROWS = 8192


def linear(n_inputs: int, n_outputs: int, generator: torch.Generator) -> nn.Linear:
    """Linear layer with He-uniform weights and zero bias.

    The draws come from ``generator``, so the global RNG stays untouched, also
    when several threads build networks at once.
    """
    layer: nn.Linear = nn.utils.skip_init(nn.Linear, n_inputs, n_outputs, dtype=torch.float32)
    nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def multilayer_perceptron(widths: Sequence[int], generator: torch.Generator) -> nn.Sequential:
    """Fully connected network through ``widths``, ReLU between, linear at the end."""
    layers: list[nn.Module] = []
    for n_inputs, n_outputs in pairwise(widths):
        layers += [linear(n_inputs, n_outputs, generator), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def hidden_widths(hidden_dims: Iterable[Any]) -> list[int]:
    """The widths of hidden layers as a user gives them; ValueError if not positive integers.

    Examples
    --------
    >>> hidden_widths((128, 64))
    [128, 64]
    """
    widths = list(hidden_dims)
    if not all(isinstance(width, int | np.integer) and width > 0 for width in widths):
        raise ValueError(
            f"hidden_dims must hold positive integers, one per layer; got {hidden_dims!r}."
        )
    return [int(width) for width in widths]


def apply_in_chunks(module: nn.Module, *inputs: Tensor) -> Tensor:
    """Output of a module in inference, a bounded number of rows at a time."""
    module.eval()
    with torch.no_grad(), thread_share():
        chunks = zip(*(tensor.split(INFERENCE_ROWS) for tensor in inputs), strict=True)
        # copies: a user's module may compute in place
        return torch.cat([module(*(rows.clone() for rows in chunk)) for chunk in chunks])


def apply_in_double_precision(module: nn.Module, rows: Tensor) -> Tensor:
    """Output of a module in inference, computed in float64.

    In float32 the last digits of a row depend on the rows that stand beside it.
    """
    return apply_in_chunks(copy.deepcopy(module).double(), rows.double())


class WithHead(nn.Module):
    """A copy of an encoder with one more, linear, layer.

    The discriminator and the classifier of GL-GAN start from the pre-trained
    encoder this way (section 2.3.4).
    """

    def __init__(
        self, encoder: nn.Module, latent_dim: int, n_outputs: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(encoder)
        self.head = linear(latent_dim, n_outputs, generator)

    def forward(self, X: Tensor) -> Tensor:
        """Logits of shape (n_samples, n_outputs)."""
        return self.head(torch.relu(self.encoder(X)))


class OneHotBlocks(nn.Module):
    """Softmax over each one-hot block of the columns, identity elsewhere."""

    def __init__(self, blocks: Sequence[slice]) -> None:
        super().__init__()
        self.blocks = [(block.start, block.stop) for block in blocks]

    def forward(self, X: Tensor) -> Tensor:
        """Same shape as ``X``, each block summing to one."""
        if not self.blocks:
            return X
        parts = [X[:, : self.blocks[0][0]]]
        parts += [torch.softmax(X[:, start:stop], dim=1) for start, stop in self.blocks]
        return torch.cat(parts, dim=1)


class ConditionalNetwork(nn.Module):
    """A network that is told the class: it takes inputs and one-hot labels."""

    def __init__(self, network: nn.Module, n_classes: int) -> None:
        super().__init__()
        self.network = network
        self.n_classes = n_classes

    def forward(self, inputs: Tensor, codes: Tensor) -> Tensor:
        """Output of the network on ``inputs`` beside the one-hot ``codes``."""
        labels = nn.functional.one_hot(codes, self.n_classes).to(inputs.dtype)
        return self.network(torch.cat([inputs, labels], dim=1))


def build_module(module: Any, name: str, **sizes: int) -> nn.Module:
    """A fresh module from a user's class or instance; TypeError, naming it, if it is neither.

    A class is called with those of ``sizes`` that its constructor takes; an
    instance is copied, so that fitting never changes a parameter.
    """
    if isinstance(module, nn.Module):
        return _as_rows(copy.deepcopy(module))
    if inspect.isclass(module) and issubclass(module, nn.Module):
        accepted = inspect.signature(module).parameters
        takes_all = any(p.kind is p.VAR_KEYWORD for p in accepted.values())
        try:
            built = module(**{k: v for k, v in sizes.items() if takes_all or k in accepted})
        except TypeError as error:
            raise TypeError(
                f"{name} cannot be built with {', '.join(sizes)} alone ({error}); pass an "
                "instance instead."
            ) from error
        return _as_rows(built)
    raise TypeError(f"{name} must be a torch.nn.Module class or instance, or None; got {module!r}.")


def _as_rows(module: nn.Module) -> nn.Module:
    """The module in float32, as the rows are, where torch's default is another type."""
    return module if torch.get_default_dtype() == torch.float32 else module.float()


def check_output_shape(module: nn.Module, n_inputs: int, n_outputs: int, name: str) -> None:
    """Run two rows of zeros through ``module``; ValueError if another shape comes out."""
    was_training = module.training
    module.eval()
    try:
        with torch.no_grad():
            output = module(torch.zeros(2, n_inputs, dtype=torch.float32))
    except Exception as error:
        raise ValueError(
            f"{name} cannot take rows of {n_inputs} values, which it is given as a tensor "
            f"of shape (n_rows, {n_inputs}): {error}"
        ) from error
    finally:
        module.train(was_training)
    shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
    if shape != (2, n_outputs):
        raise ValueError(
            f"{name} maps a tensor of shape (2, {n_inputs}) to {shape}; it must give "
            f"(2, {n_outputs}). Reshape inside the module (torch.nn.Unflatten, "
            "torch.nn.Flatten) or change latent_dim."
        )


def reconstruction_loss(reconstructed: Tensor, X: Tensor) -> Tensor:
    """Mean over rows of the squared distance to the original (eq. 2.1)."""
    return (reconstructed - X).square().sum(dim=1).mean()


def cluster_loss(
    latent: Tensor,
    codes: Tensor,
    n_classes: int,
    *,
    majority: int,
    minority_weight: float,
    separation_weight: float,
    margin: float | None,
) -> Tensor:
    """Tight classes, far apart, in latent space (eq. 2.2, for any number of classes).

    The scatter of the majority class, plus ``minority_weight`` (lambda_1) times the mean
    scatter of the other classes, minus ``separation_weight`` (lambda_2) times the mean
    squared distance between class centres, which counts up to ``margin`` squared. With two
    classes and no margin that is eq. 2.2 as written, which has no lower bound. Classes absent
    from the batch are left out.
    """
    present = torch.bincount(codes, minlength=n_classes)
    size = present.clamp(min=1).unsqueeze(1)
    zeros = latent.new_zeros(n_classes, latent.shape[1])
    centres = zeros.index_add(0, codes, latent) / size
    squared = (latent - centres[codes]).square().sum(dim=1)
    scatter = zeros[:, 0].index_add(0, codes, squared) / size.squeeze(1)

    others = torch.tensor([c != majority for c in range(n_classes)], device=latent.device)
    others &= present > 0
    compactness = scatter[majority] + minority_weight * scatter[others].sum() / others.sum().clamp(
        min=1
    )
    return compactness - separation_weight * _separation(centres[present > 0], margin)


def _separation(centres: Tensor, margin: float | None) -> Tensor:
    """Mean squared distance between pairs of centres, each bounded by the margin."""
    if len(centres) < 2:
        return centres.new_zeros(())
    first, second = torch.triu_indices(len(centres), len(centres), offset=1, device=centres.device)
    squared = (centres[first] - centres[second]).square().sum(dim=1)
    if margin is not None:
        squared = squared.clamp(max=margin**2)
    return squared.mean()


def realness_loss(logits: Tensor, target: float) -> Tensor:
    """Mean squared distance of the discriminator's output to 1 (real) or 0 (fake).

    One term of eq. 2.4, and of eq. 2.6 for the generator. The discriminator's
    output is the sigmoid of its logit: a softmax over {real, fake} in other words.
    """
    return (torch.sigmoid(logits) - target).square().mean()


def classification_loss(logits: Tensor, codes: Tensor) -> Tensor:
    """Mean squared distance of class probabilities to the one-hot label (eq. 2.5, 2.6)."""
    one_hot = functional.one_hot(codes, logits.shape[1]).to(logits.dtype)
    return (torch.softmax(logits, dim=1) - one_hot).square().sum(dim=1).mean()


def weight_penalty(parameters: Iterable[Tensor]) -> Tensor:
    """Sum of squared weights, the regulariser R of eq. 2.3; biases are left out."""
    squares = [p.square().sum() for p in parameters if p.dim() > 1]
    return torch.stack(squares).sum() if squares else torch.zeros(())
