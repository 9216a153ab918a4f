"""Baselines of section 3.3.1.2 with one network: Crowd-Layer and MBEM."""

import numbers
from typing import Any

import numpy as np
import torch
from imblearn.utils import Substitution
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions
from torch import Tensor, nn

from sklearn_imbgen.aggregation import (
    balancing_weights,
    confusion_counts,
    floored_log,
    label_log_likelihood,
    maximize_confusion,
    posterior_from,
    vote_proportions,
)
from sklearn_imbgen.crowd._docs import PARAMETERS
from sklearn_imbgen.crowd._network import (
    BaseCrowdClassifier,
    CrowdData,
    class_probabilities,
    draw_row_batches,
    soft_cross_entropy,
)
from sklearn_imbgen.nn import Schedule, Step, train

Floats = NDArray[np.float64]


class BaseSingleNetworkClassifier(BaseCrowdClassifier):
    """Base of the crowd classifiers that train one network by mini-batches."""

    _parameter_constraints: dict[str, Any] = {
        **BaseCrowdClassifier._parameter_constraints,
        "batch_size": [Interval(numbers.Integral, 2, None, closed="left")],
        "learning_rate": [Interval(numbers.Real, 0, None, closed="neither")],
        "weight_decay": [Interval(numbers.Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        hidden_dims: Any,
        latent_dim: int,
        module: Any,
        max_epochs: int,
        class_weight: Any,
        batch_size: int,
        learning_rate: float,
        weight_decay: float,
        missing_label: Any,
        device: Any,
        verbose: Any,
        random_state: Any,
    ) -> None:
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

    def _train(self, data: CrowdData, trained: nn.Module, loss: Any, title: str) -> None:
        """Train by a loss of row indices, for ``max_epochs``."""
        schedule = Schedule(
            max_epochs=self.max_epochs,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            verbose=int(self.verbose),
        )
        train(
            [Step("classifier", trained, loss)],
            lambda: (draw_row_batches(len(data.X), self.batch_size, data.generator, data.device),),
            schedule,
            # with noisy labels the lowest training loss is no sign of the best epoch
            monitor=None,
            title=title,
            history=self.history_,
        )


@Substitution(**PARAMETERS)
class CrowdLayerClassifier(BaseSingleNetworkClassifier):
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
        **BaseSingleNetworkClassifier._parameter_constraints,
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
        super().__init__(
            hidden_dims=hidden_dims,
            latent_dim=latent_dim,
            module=module,
            max_epochs=max_epochs,
            class_weight=class_weight,
            batch_size=batch_size,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            missing_label=missing_label,
            device=device,
            verbose=verbose,
            random_state=random_state,
        )
        self.worker_layer = worker_layer

    def _fit(self, data: CrowdData) -> None:
        labels = data.labels
        self.module_ = self._build_classifier(data)
        self.worker_layer_ = WorkerLayer(labels.n_workers, labels.n_classes, self.worker_layer)
        self.worker_layer_.to(data.device)
        try:
            self._train_with_workers(data)
        finally:
            proba = class_probabilities(self.module_, data.X)
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

        trained = nn.ModuleList([self.module_, self.worker_layer_])
        self._train(data, trained, loss, "crowd layer")


@Substitution(**PARAMETERS)
class MBEMClassifier(BaseSingleNetworkClassifier):
    """Learn from workers' labels by turns of training and of judging the workers.

    In each round a fresh network is trained on the current posterior of the
    labels, at first the share of votes. Its predictions then stand in for the
    truth: how often each worker answers what, given the prediction, is the
    worker's confusion, and with it Bayes's theorem gives the next posterior.
    Workers can be judged this way even where every row has a single label.

    Parameters
    ----------
    n_rounds : int, default=2
        How often network and confusions are estimated, as in the publication.

    smoothing : float, default=1.0
        Pseudo-labels per worker and class, distributed as the labels of all
        workers together: a worker with few labels is taken for an average one.
        0 is the publication.

    {network_parameters}

    max_epochs : int, default=50
        Passes through the rows in each round; of small tables, of less than eight
        mini-batches, an epoch is several passes.

    class_weight : "balanced", dict or None, default=None
        Weight of each class in the loss; "balanced" by the posterior's sums, for
        each round anew. None as in the publication.

    learning_rate : float, default=1e-3
        Of the AdamW optimizer.

    {training_parameters}

    {machine_parameters}

    Attributes
    ----------
    {fitted_attributes}

    See Also
    --------
    CrowdLayerClassifier : Workers as layers of one network.
    DawidSkene : The same model of workers, without a network.

    Notes
    -----
    The posterior takes its prior from the shares of the predicted classes and
    knows the rows only through the confusions: the network is no prior for the
    label of a single row.

    References
    ----------
    A. Khetan, Z. Lipton and A. Anandkumar, "Learning From Noisy Singly-labeled
    Data", ICLR 2018, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import make_blobs
    >>> from sklearn_imbgen.crowd import MBEMClassifier
    >>> X, truth = make_blobs(150, centers=2, random_state=0)
    >>> wrong = np.random.RandomState(0).uniform(size=(150, 3)) < [0.1, 0.2, 0.5]
    >>> worker_labels = np.where(wrong, 1 - truth[:, None], truth[:, None])
    >>> classifier = MBEMClassifier(random_state=0).fit(X, worker_labels)
    >>> classifier.score(X, truth) > 0.9, int(classifier.worker_error_rate_.argmax())
    (True, 2)
    """

    _parameter_constraints: dict[str, Any] = {
        "n_rounds": [Interval(numbers.Integral, 1, None, closed="left")],
        "smoothing": [Interval(numbers.Real, 0, None, closed="left")],
        **BaseSingleNetworkClassifier._parameter_constraints,
    }

    def __init__(
        self,
        *,
        n_rounds: int = 2,
        smoothing: float = 1.0,
        hidden_dims: Any = (128,),
        latent_dim: int = 32,
        module: Any = None,
        max_epochs: int = 50,
        class_weight: Any = None,
        batch_size: int = 64,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-4,
        missing_label: Any = -1,
        device: Any = "auto",
        verbose: Any = 0,
        random_state: Any = None,
    ) -> None:
        super().__init__(
            hidden_dims=hidden_dims,
            latent_dim=latent_dim,
            module=module,
            max_epochs=max_epochs,
            class_weight=class_weight,
            batch_size=batch_size,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            missing_label=missing_label,
            device=device,
            verbose=verbose,
            random_state=random_state,
        )
        self.n_rounds = n_rounds
        self.smoothing = smoothing

    def _fit(self, data: CrowdData) -> None:
        posterior = vote_proportions(data.labels)
        for _ in range(self.n_rounds):
            self.module_ = self._build_classifier(data)
            try:
                self._train_on(data, posterior)
            finally:
                # also after Ctrl-C, so that the classifier stays usable
                predicted = class_probabilities(self.module_, data.X).argmax(axis=1)
                posterior = self._judge_workers(data, predicted)

    def _train_on(self, data: CrowdData, posterior: Floats) -> None:
        weights = balancing_weights(posterior.sum(axis=0), self.class_weight, data.labels.classes)
        targets = torch.from_numpy((posterior * weights).astype(np.float32)).to(data.device)

        def loss(rows: Tensor) -> dict[str, Tensor]:
            return {"total": soft_cross_entropy(self.module_(data.X[rows]), targets[rows])}

        self._train(data, self.module_, loss, "classifier")

    def _judge_workers(self, data: CrowdData, predicted: NDArray[np.intp]) -> Floats:
        """Confusions and prior as if the predictions were true, and the next posterior."""
        assumed = np.eye(data.labels.n_classes)[predicted]
        counts = confusion_counts(data.labels, assumed)
        confusion = maximize_confusion(counts, smoothing=self.smoothing)
        prior = assumed.mean(axis=0)
        log_likelihood = label_log_likelihood(data.labels, floored_log(confusion))
        posterior, _ = posterior_from(log_likelihood, floored_log(prior))
        self._store_inference(posterior, confusion, prior)
        return posterior


class WorkerLayer(nn.Module):
    """One layer per worker, from class probabilities to logits of this worker's answers.

    See :class:`CrowdLayerClassifier` for each ``kind``; all start as the identity.
    """

    def __init__(self, n_workers: int, n_classes: int, kind: str) -> None:
        super().__init__()
        self.kind = kind
        if kind == "matrix":
            weight = torch.eye(n_classes, dtype=torch.float32).repeat(n_workers, 1, 1)
        else:
            weight = torch.ones(n_workers, n_classes, dtype=torch.float32)
        self.weight = nn.Parameter(weight)
        offset = torch.zeros(n_workers, n_classes, dtype=torch.float32)
        self.bias = nn.Parameter(offset) if "bias" in kind else None

    def forward(self, probabilities: Tensor, worker: Tensor) -> Tensor:
        """Logits of shape (n_labels, n_classes): of each row and the worker beside it."""
        if self.kind == "matrix":
            return torch.einsum("nba,na->nb", self.weight[worker], probabilities)
        scaled = self.weight[worker] * probabilities
        return scaled if self.bias is None else scaled + self.bias[worker]

    def confusion(self) -> Floats:
        """Softmax of the answers where a class is certain: (worker, class, answer)."""
        n_workers, n_classes = self.weight.shape[:2]
        with torch.no_grad():
            one_hot = torch.eye(n_classes, dtype=torch.float32, device=self.weight.device)
            certain = one_hot.repeat(n_workers, 1)
            worker = torch.arange(n_workers, device=certain.device).repeat_interleave(n_classes)
            answers = self(certain, worker).cpu().double().view(n_workers, n_classes, n_classes)
        return torch.softmax(answers, dim=2).numpy()


def labels_of_rows(rows: Tensor, first: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """All labels of a mini-batch, where labels stand in one list, row after row.

    ``first`` and ``counts`` (n_samples,) say where the labels of each row begin in the list, and
    how many there are. Returns, for each label of ``rows``, the position of its row in ``rows``,
    and its own in the list.
    """
    size = counts[rows]
    position = torch.arange(len(rows), device=rows.device).repeat_interleave(size)
    before = size.cumsum(0) - size
    step = torch.arange(len(position), device=rows.device) - before[position]
    return position, first[rows][position] + step
