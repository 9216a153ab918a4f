"""Crowd-Layer: a network with one small layer per worker on top."""

from typing import Any

import numpy as np
import torch
from imblearn.utils import Substitution
from numpy.typing import NDArray
from sklearn.utils._param_validation import StrOptions
from torch import Tensor, nn

from sklearn_imbgen.crowd._base import BaseCrowdClassifier, CrowdData
from sklearn_imbgen.crowd._class_weight import balancing_weights
from sklearn_imbgen.crowd._docs import PARAMETERS
from sklearn_imbgen.crowd._network import draw_row_batches
from sklearn_imbgen.nn import Step, train

__all__ = ["CrowdLayerClassifier", "WorkerLayer", "labels_of_rows"]


@Substitution(**PARAMETERS)
class CrowdLayerClassifier(BaseCrowdClassifier):
    """Learn from the labels of all workers at once, with one small layer per worker.

    The network ends in class probabilities, the bottleneck. On top of it each
    worker has a layer of its own, which turns them into what this worker would
    answer; network and layers are trained together on all labels given. The
    bottleneck predicts, the worker layers are left out then.

    Parameters
    ----------
    worker_layer : {{"matrix", "vector", "vector_bias"}}, default="matrix"
        What a worker's layer can express. "matrix": any confusion of classes
        ("MW" in the publication). "vector": one factor per class ("VW").
        "vector_bias": a factor and an offset per class ("VW+B"). All start as
        the identity. Few labels per worker call for a smaller layer.

    {network_parameters}

    max_epochs : int, default=50
        Passes through the rows; of small tables, of less than eight mini-batches,
        an epoch is several passes.

    class_weight : "balanced", dict or None, default=None
        Weight of the labels of each class in the loss; "balanced" by how often
        workers gave each label. None as in the publication.

    learning_rate : float, default=5e-3
        Of the AdamW optimizer. With less, on a few hundred rows, the worker
        layers do not get far from the identity.

    {training_parameters}

    {machine_parameters}

    Attributes
    ----------
    {fitted_attributes}

    worker_layer_ : torch.nn.Module
        The layers of all workers. ``worker_confusion_[w, a]`` is the softmax of
        what the layer of worker w gives where the bottleneck is sure of class a.
        A softmax of bounded values: read it as a comparison of workers, not as
        calibrated probabilities.

    See Also
    --------
    MBEMClassifier : Confusion matrices estimated from the network's predictions.
    AggregateThenFit : One label per row first, then any classifier.

    Notes
    -----
    ``labels_`` are the network's predictions for the training rows.

    References
    ----------
    F. Rodrigues and F. Pereira, "Deep Learning from Crowds", AAAI 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import make_blobs
    >>> from sklearn_imbgen.crowd import CrowdLayerClassifier
    >>> X, truth = make_blobs(150, centers=2, random_state=0)
    >>> wrong = np.random.RandomState(0).uniform(size=(150, 3)) < [0.1, 0.2, 0.5]
    >>> worker_labels = np.where(wrong, 1 - truth[:, None], truth[:, None])
    >>> classifier = CrowdLayerClassifier(random_state=0).fit(X, worker_labels)
    >>> classifier.score(X, truth) > 0.9, int(classifier.worker_error_rate_.argmax())
    (True, 2)
    """

    _parameter_constraints: dict[str, Any] = {
        "worker_layer": [StrOptions({"matrix", "vector", "vector_bias"})],
        **BaseCrowdClassifier._parameter_constraints,
    }

    def __init__(
        self,
        *,
        worker_layer: str = "matrix",
        hidden_dims: Any = (128,),
        latent_dim: int = 32,
        module: Any = None,
        max_epochs: int = 50,
        class_weight: Any = None,
        batch_size: int = 64,
        learning_rate: float = 5e-3,
        weight_decay: float = 1e-4,
        missing_label: Any = -1,
        device: Any = "auto",
        verbose: Any = 0,
        random_state: Any = None,
    ) -> None:
        self.worker_layer = worker_layer
        self.hidden_dims = hidden_dims
        self.latent_dim = latent_dim
        self.module = module
        self.max_epochs = max_epochs
        self.class_weight = class_weight
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.missing_label = missing_label
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    def _fit(self, data: CrowdData) -> None:
        labels = data.labels
        self.module_ = self._build_classifier(data)
        self.worker_layer_ = WorkerLayer(labels.n_workers, labels.n_classes, self.worker_layer)
        self.worker_layer_.to(data.device)
        try:
            self._train_with_workers(data)
        finally:
            proba = self._probabilities(data.X)
            self._store_inference(proba, self.worker_layer_.confusion(), proba.mean(axis=0))

    def _train_with_workers(self, data: CrowdData) -> None:
        labels = data.labels
        worker, code = (torch.from_numpy(a).to(data.device) for a in (labels.worker, labels.code))
        counts = torch.from_numpy(np.bincount(labels.sample, minlength=labels.n_samples))
        counts = counts.to(data.device)
        first = counts.cumsum(0) - counts
        given = np.bincount(labels.code, minlength=labels.n_classes)
        weights = balancing_weights(given, self.class_weight, labels.classes)
        class_weights = torch.from_numpy(weights.astype(np.float32)).to(data.device)

        def loss(rows: Tensor) -> dict[str, Tensor]:
            position, label = labels_of_rows(rows, first, counts)
            bottleneck = torch.softmax(self.module_(data.X[rows]), dim=1)
            answers = self.worker_layer_(bottleneck[position], worker[label])
            losses = nn.functional.cross_entropy(answers, code[label], reduction="none")
            return {"total": (class_weights[code[label]] * losses).mean()}

        train(
            [Step("classifier", nn.ModuleList([self.module_, self.worker_layer_]), loss)],
            lambda: (draw_row_batches(len(data.X), self.batch_size, data.generator, data.device),),
            self._schedule(),
            monitor=None,
            title="crowd layer",
            history=self.history_,
        )


class WorkerLayer(nn.Module):
    """One layer per worker, from class probabilities to logits of this worker's answers.

    Parameters
    ----------
    n_workers, n_classes : int
    kind : {"matrix", "vector", "vector_bias"}
        See :class:`CrowdLayerClassifier`; all start as the identity.
    """

    def __init__(self, n_workers: int, n_classes: int, kind: str) -> None:
        super().__init__()
        self.kind = kind
        if kind == "matrix":
            weight = torch.eye(n_classes).repeat(n_workers, 1, 1)
        else:
            weight = torch.ones(n_workers, n_classes)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros(n_workers, n_classes)) if "bias" in kind else None

    def forward(self, probabilities: Tensor, worker: Tensor) -> Tensor:
        """Logits of shape (n_labels, n_classes): of each row and the worker beside it."""
        if self.kind == "matrix":
            return torch.einsum("nba,na->nb", self.weight[worker], probabilities)
        scaled = self.weight[worker] * probabilities
        return scaled if self.bias is None else scaled + self.bias[worker]

    def confusion(self) -> NDArray[np.float64]:
        """Softmax of the answers where a class is certain: (worker, class, answer)."""
        n_workers, n_classes = self.weight.shape[:2]
        with torch.no_grad():
            certain = torch.eye(n_classes, device=self.weight.device).repeat(n_workers, 1)
            worker = torch.arange(n_workers, device=certain.device).repeat_interleave(n_classes)
            answers = self(certain, worker).cpu().double().view(n_workers, n_classes, n_classes)
        confusion: NDArray[np.float64] = torch.softmax(answers, dim=2).numpy()
        return confusion


def labels_of_rows(rows: Tensor, first: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """All labels of a mini-batch, where labels stand in one list, row after row.

    Parameters
    ----------
    rows : Tensor of shape (batch_size,)
    first, counts : Tensor of shape (n_samples,)
        Where the labels of each row begin in the list, and how many there are.

    Returns
    -------
    position, label : Tensor of shape (n_labels,)
        For each label of these rows: the position of its row in ``rows``, and its own
        in the list.

    Examples
    --------
    >>> first, counts = torch.tensor([0, 2, 3]), torch.tensor([2, 1, 3])
    >>> position, label = labels_of_rows(torch.tensor([2, 0]), first, counts)
    >>> position.tolist(), label.tolist()
    ([0, 0, 0, 1, 1], [3, 4, 5, 0, 1])
    """
    size = counts[rows]
    position = torch.arange(len(rows), device=rows.device).repeat_interleave(size)
    before = size.cumsum(0) - size
    step = torch.arange(len(position), device=rows.device) - before[position]
    return position, first[rows][position] + step
