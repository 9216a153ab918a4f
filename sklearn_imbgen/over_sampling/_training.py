"""The training rows as tensors."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["TrainingData"]


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
