"""CPC (Kajino, Tsuboi and Kashima 2013), a baseline of Table 3.2.

Every worker has a linear classifier of their own, tied to a base classifier that predicts;
classifiers of like-minded workers are drawn together until they coincide, so that a
worker with few labels learns from others of the same kind.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_imbgen.aggregation import (
    CrowdLabels,
    check_label_matrix,
)
from sklearn_imbgen.utils import TableCodec

# Below this the distance of two workers is rounded off: at zero it has no gradient.
SMALLEST_DISTANCE = 1e-3


class ClusteredPersonalClassifier(ClassifierMixin, BaseEstimator):
    """One multinomial logistic model per worker, clustered convexly around a base model.

    Minimises, over the base model and all personal models at once (the objective is convex),
    the loss of :func:`clustered_loss` by L-BFGS.

    Parameters
    ----------
    base_strength : float, default=1.0
        Weight of the squared distance of each personal model to the base model.
    cluster_strength : float, default=1.0
        Weight of the distance, not squared, of every two personal models, in all: with more
        of it more of them become equal.
    decay : float, default=1.0
        Weight of the squared size of the base model.
    missing_label : label, default=-1
    max_iter : int, default=200

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    base_ : ndarray of shape (n_features + 1, n_classes)
        The base model, the last row of which is the intercept.
    personal_ : ndarray of shape (n_workers, n_features + 1, n_classes)
    """

    def __init__(
        self,
        *,
        base_strength: float = 1.0,
        cluster_strength: float = 1.0,
        decay: float = 1.0,
        missing_label: Any = -1,
        max_iter: int = 200,
    ) -> None:
        self.base_strength = base_strength
        self.cluster_strength = cluster_strength
        self.decay = decay
        self.missing_label = missing_label
        self.max_iter = max_iter

    def fit(self, X: NDArray, worker_labels: Any) -> "ClusteredPersonalClassifier":
        """Fit the base model and the models of all workers."""
        labels = check_label_matrix(worker_labels, missing_label=self.missing_label)
        self._codec = TableCodec().fit(X)
        rows = torch.from_numpy(self._with_intercept(X))
        shape = (labels.n_workers + 1, rows.shape[1], labels.n_classes)
        weights = (self.base_strength, self.cluster_strength, self.decay)

        def loss_and_gradient(flat: NDArray) -> tuple[float, NDArray]:
            models = torch.from_numpy(flat.reshape(shape)).requires_grad_()
            loss = clustered_loss(models, rows, labels, *weights)
            (gradient,) = torch.autograd.grad(loss, models)
            return loss.item(), gradient.numpy().ravel()

        result = minimize(
            loss_and_gradient,
            np.zeros(int(np.prod(shape))),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": self.max_iter},
        )
        models = result.x.reshape(shape)
        self.base_, self.personal_ = models[0], models[1:]
        self.classes_ = labels.classes
        return self

    def predict_proba(self, X: NDArray) -> NDArray:
        """Class probabilities by the base model."""
        check_is_fitted(self, "base_")
        logits = torch.from_numpy(self._with_intercept(X) @ self.base_)
        return torch.softmax(logits, dim=1).numpy()

    def predict(self, X: NDArray) -> NDArray:
        """Labels by the base model."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _with_intercept(self, X: NDArray) -> NDArray[np.float64]:
        encoded = self._codec.encode(np.asarray(X)).astype(np.float64)
        return np.column_stack([encoded, np.ones(len(encoded))])


def clustered_loss(
    models: torch.Tensor,
    rows: torch.Tensor,
    labels: CrowdLabels,
    base_strength: float,
    cluster_strength: float,
    decay: float,
) -> torch.Tensor:
    """Cross entropy of all labels under their worker's model, and the three ties.

    ``models`` (1 + n_workers, n_features + 1, n_classes) has the base model in front. The tie
    between workers is divided by their number, so that the pull on each one is the same in
    small and large crowds.
    """
    base, personal = models[0], models[1:]
    n_workers = len(personal)
    loss = decay / 2 * base.square().sum() + base_strength / 2 * (personal - base).square().sum()
    if n_workers > 1:
        # distances from inner products: no tensor of pairs times weights
        flat = (personal - base).flatten(1)
        inner = flat @ flat.T
        squared = inner.diagonal()[:, None] + inner.diagonal() - 2 * inner
        first, second = torch.triu_indices(n_workers, n_workers, offset=1)
        squared = squared[first, second].clamp(min=0)
        distances = (squared + SMALLEST_DISTANCE**2).sqrt()
        loss = loss + cluster_strength / n_workers * distances.sum()
    codes = torch.from_numpy(labels.code)
    for worker in range(n_workers):
        own = torch.from_numpy(np.flatnonzero(labels.worker == worker))
        logits = rows[torch.from_numpy(labels.sample)[own]] @ personal[worker]
        loss = loss + torch.nn.functional.cross_entropy(logits, codes[own], reduction="sum")
    return loss
