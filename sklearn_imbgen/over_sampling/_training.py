"""The training rows as tensors, and networks in inference."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["TrainingData", "apply_in_chunks"]

# Rows pushed through a network at once outside training: bounds the memory.
INFERENCE_ROWS = 8192


@dataclass
class TrainingData:
    """The encoded training rows on their device, and what draws from them."""

    X: Tensor
    codes: Tensor
    counts: NDArray[Any]
    device: torch.device
    generator: torch.Generator
    random_state: np.random.RandomState
    blocks: list[slice]

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.counts)

    @property
    def majority(self) -> int:
        """Code of the most frequent class."""
        return int(np.argmax(self.counts))


def apply_in_chunks(module: nn.Module, *inputs: Tensor) -> Tensor:
    """Output of a module in inference, a bounded number of rows at a time."""
    module.eval()
    with torch.no_grad():
        chunks = zip(*(tensor.split(INFERENCE_ROWS) for tensor in inputs), strict=True)
        return torch.cat([module(*chunk) for chunk in chunks])
