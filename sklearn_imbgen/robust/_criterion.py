"""The prediction loss of a net, with what it knows of the classes."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sklearn_imbgen.robust._losses import (
    balanced_softmax_loss,
    cross_entropy_loss,
    focal_loss,
    ldam_loss,
)

__all__ = ["PREDICTION_LOSSES", "PredictionLoss"]

PREDICTION_LOSSES = ("ce", "focal", "ldam", "balanced_softmax")


class PredictionLoss(nn.Module):
    """L of eq. 4.11: one of four losses, with class weights that can be switched on.

    Parameters
    ----------
    kind : {"ce", "focal", "ldam", "balanced_softmax"}
    class_counts : ndarray of shape (n_classes,)
        Training rows of each class.
    class_weight : ndarray of shape (n_classes,) or None
        What holds while ``weighted`` is True.
    gamma, max_margin, scale : float
        Of :func:`focal_loss` and :func:`ldam_loss`.
    """

    class_counts: Tensor
    class_weight: Tensor

    def __init__(
        self,
        kind: str,
        class_counts: NDArray[Any],
        class_weight: NDArray[np.float64] | None,
        *,
        gamma: float,
        max_margin: float,
        scale: float,
    ) -> None:
        super().__init__()
        self.kind = kind
        self.gamma, self.max_margin, self.scale = gamma, max_margin, scale
        self.weighted = False
        self.set_classes(class_counts, class_weight)

    def set_classes(
        self, class_counts: NDArray[Any], class_weight: NDArray[np.float64] | None
    ) -> None:
        """Take over sizes and weights of the classes."""
        given = np.ones(len(class_counts)) if class_weight is None else class_weight
        before = getattr(self, "class_counts", None)
        device = "cpu" if before is None else before.device
        counts = torch.tensor(class_counts, device=device)
        self.register_buffer("class_counts", counts)
        weight = torch.tensor(given, dtype=torch.float32, device=device)
        self.register_buffer("class_weight", weight)

    def forward(self, logits: Tensor, y: Tensor, row_weight: Tensor | None = None) -> Tensor:
        """Mean loss of a batch."""
        common: dict[str, Any] = {
            "class_weight": self.class_weight if self.weighted else None,
            "row_weight": row_weight,
        }
        if self.kind == "focal":
            return focal_loss(logits, y, gamma=self.gamma, **common)
        if self.kind == "ce":
            return cross_entropy_loss(logits, y, **common)
        common["class_counts"] = self.class_counts
        if self.kind == "balanced_softmax":
            return balanced_softmax_loss(logits, y, **common)
        return ldam_loss(logits, y, max_margin=self.max_margin, scale=self.scale, **common)
