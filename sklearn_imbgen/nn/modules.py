"""Network modules, all at top level so that they pickle."""

import copy
import inspect
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sklearn_imbgen.nn.device import thread_share

__all__ = [
    "ConditionalNetwork",
    "OneHotBlocks",
    "WithHead",
    "apply_in_chunks",
    "build_module",
    "check_output_shape",
    "hidden_widths",
    "linear",
    "multilayer_perceptron",
]

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
    """The widths of hidden layers as a user gives them, checked.

    Raises
    ------
    ValueError
        If one of them is no positive integer.

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
        return torch.cat([module(*chunk) for chunk in chunks])


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
        logits: Tensor = self.head(torch.relu(self.encoder(X)))
        return logits


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
        output: Tensor = self.network(torch.cat([inputs, labels], dim=1))
        return output


def build_module(module: Any, name: str, **sizes: int) -> nn.Module:
    """A fresh module from a user's class or instance.

    A class is called with those of ``sizes`` that its constructor takes; an
    instance is copied, so that fitting never changes a parameter.

    Raises
    ------
    TypeError
        Naming the parameter, if it is neither.
    """
    if isinstance(module, nn.Module):
        return copy.deepcopy(module)
    if inspect.isclass(module) and issubclass(module, nn.Module):
        accepted = inspect.signature(module).parameters
        takes_all = any(p.kind is p.VAR_KEYWORD for p in accepted.values())
        try:
            return module(**{k: v for k, v in sizes.items() if takes_all or k in accepted})
        except TypeError as error:
            raise TypeError(
                f"{name} cannot be built with {', '.join(sizes)} alone ({error}); pass an "
                "instance instead."
            ) from error
    raise TypeError(f"{name} must be a torch.nn.Module class or instance, or None; got {module!r}.")


def check_output_shape(module: nn.Module, n_inputs: int, n_outputs: int, name: str) -> None:
    """Run two rows of zeros through ``module`` and compare the shape that comes out.

    Raises
    ------
    ValueError
        Naming the parameter and both shapes.
    """
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
