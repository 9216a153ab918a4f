"""Networks of the robust benchmark, at top level so that they go to other processes."""

import math

import torch
from torch import Tensor, nn


class SmallConvNet(nn.Module):
    """Two convolutions of stride 2 and one hidden layer, for digits."""

    def __init__(self, input_shape: tuple[int, int, int], n_classes: int, width: int = 16):
        super().__init__()
        channels, height, side = input_shape
        n_maps = 2 * width * math.ceil(height / 4) * math.ceil(side / 4)
        self.features = nn.Sequential(
            nn.Conv2d(channels, width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(n_maps, 64),
            nn.ReLU(),
        )
        self.head = nn.Linear(64, n_classes)

    def forward(self, X: Tensor) -> Tensor:
        """Logits."""
        logits: Tensor = self.head(self.features(X))
        return logits


def one_thread() -> None:
    """Let each process of a parallel benchmark compute on one core."""
    torch.set_num_threads(1)
