"""The network on crowds: what all its classifiers share, its parts and its loss."""

import numbers
import warnings
from abc import ABCMeta, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor, nn

from sklearn_imbgen._typing import Array
from sklearn_imbgen.aggregation import (
    CrowdLabels,
    agreement,
    check_rows,
    error_rates,
    read_crowd_labels,
    warn_of_idle_workers,
)
from sklearn_imbgen.exceptions import ConfusedLabelsWarning
from sklearn_imbgen.nn import (
    History,
    WithHead,
    apply_in_chunks,
    apply_in_double_precision,
    build_module,
    check_output_shape,
    compute_settings,
    draw_seed,
    hidden_widths,
    multilayer_perceptron,
    plain_batches,
    resolve_device,
    thread_share,
    torch_generator,
)
from sklearn_imbgen.utils import TableCodec, check_row_order, plain

Floats = NDArray[np.float64]

# not float32: large values of a float64 table are scaled before they are made smaller
FLOATS = [np.float64, np.float32]

# Fewer steps than this, in an epoch, and small tables would need more epochs than large ones.
LEAST_BATCHES = 8


@dataclass
class CrowdData:
    """The training rows on their device, their labels, and what draws from them.

    ``X`` is standardised. ``truth`` has the code of each row's true label, -1 if no worker gave
    it; it is for monitoring only.
    """

    X: Tensor
    labels: CrowdLabels
    truth: NDArray[np.intp] | None
    generator: torch.Generator
    random_state: np.random.RandomState
    device: torch.device


class BaseCrowdClassifier(
    ClassNamePrefixFeaturesOutMixin,
    ClassifierMixin,
    TransformerMixin,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """Base of the classifiers that train a network on the labels of several workers.

    A child writes ``_fit(data)``: it sets ``module_`` (mostly by
    ``_build_classifier``), trains it and, also after Ctrl-C, calls
    ``_store_inference``.

    Warning: This class should not be used directly.
    """

    _parameter_constraints: dict[str, Any] = {
        "hidden_dims": ["array-like"],
        "latent_dim": [Interval(numbers.Integral, 1, None, closed="left")],
        "module": [HasMethods("forward"), None],
        "max_epochs": [Interval(numbers.Integral, 1, None, closed="left")],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "missing_label": "no_validation",
        "device": [str, torch.device],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    # set by the children's constructors
    hidden_dims: Any
    latent_dim: int
    module: Any
    max_epochs: int
    class_weight: Any
    missing_label: Any
    device: Any
    verbose: Any
    random_state: Any

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, *, crowd_labels: Any = None) -> "BaseCrowdClassifier":
        """Train on rows and the labels that workers gave them.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training rows; the network works on dense ones.
        y : array-like of shape (n_samples, n_workers) or (n_samples,)
            The label matrix, in which ``missing_label`` marks what was not
            labelled; one dimension is one worker who labelled every row. For
            ``cross_val_predict`` with probabilities use ``crowd_labels``:
            scikit-learn encodes the columns of a matrix one by one there.
        crowd_labels : array-like of shape (n_samples, n_workers), default=None
            The label matrix in place of ``y``. Then ``y`` is the truth or a vote,
            which scikit-learn uses to stratify and score; it is never trained on.

        Returns
        -------
        self : object
            The trained classifier.

        Raises
        ------
        ValueError
            If a row has no label, rows and labels differ in number, or there is
            only one class.

        Warns
        -----
        IdleWorkerWarning
            If a worker labelled none of the rows.
        ConfusedLabelsWarning
            If all rows are inferred to be of one class.
        """
        check_rows(X)
        rows, X = X, validate_data(self, X, dtype=FLOATS, accept_sparse="csr")
        given = read_crowd_labels(self, rows, y, crowd_labels, self.missing_label)
        warn_of_idle_workers(given.labels)
        self._hidden = hidden_widths(self.hidden_dims)
        device = resolve_device(self.device)
        random_state = check_random_state(self.random_state)
        generator = torch_generator(random_state)
        module_seed = None if self.module is None else draw_seed(random_state)
        # a fit that fails must not leave the last one's network beside new classes
        self.__dict__.pop("module_", None)
        self._codec = TableCodec().fit(X)
        self.classes_, self.workers_ = given.labels.classes, given.labels.workers
        self.history_: History = {}
        with compute_settings(device, module_seed):
            encoded = torch.from_numpy(self._codec.encode(X)).to(device)
            data = CrowdData(encoded, given.labels, given.truth, generator, random_state, device)
            try:
                self._fit(data)
            finally:
                self._leave_device()
        self._warn_of_one_class()
        return self

    @abstractmethod
    def _fit(self, data: CrowdData) -> None:
        """Build and train ``module_``, fill ``history_``, infer the labels."""

    def predict(self, X: Any) -> Array:
        """Predict labels.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X: Any) -> Array:
        """Predict class probabilities.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        with thread_share():
            logits = self._infer(X, embedding=False)
            return torch.softmax(logits, dim=1).numpy()

    def transform(self, X: Any) -> Array:
        """Map rows to the embedding that the last, linear, layer decides on.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, latent_dim)
            What the feature extractor gives.
        """
        with thread_share():
            return self._infer(X, embedding=True).numpy()

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy against the truth, or agreement with the workers.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_workers)
            One dimension: the truth, of which the accuracy is taken. Two: a label
            matrix, of which the share of all given labels that equal the
            prediction for their row.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        float
        """
        check_row_order(X, y)
        return agreement(
            y,
            self.predict(X),
            self.classes_,
            sample_weight=sample_weight,
            missing_label=self.missing_label,
        )

    @property
    def _n_features_out(self) -> int:
        return self.latent_dim

    def _infer(self, X: Any, *, embedding: bool) -> Tensor:
        """Logits or embedding of rows as a user gives them, float64."""
        check_is_fitted(self, "module_")
        check_rows(X)
        X = validate_data(self, X, dtype=FLOATS, accept_sparse="csr", reset=False)
        rows = torch.from_numpy(self._codec.encode(X))
        module: nn.Module = self.module_.encoder if embedding else self.module_
        if self.module is None:
            return apply_in_double_precision(module, rows)
        # a user's module may know float32 only
        return apply_in_chunks(module, rows).double()

    def _build_classifier(self, data: CrowdData, start_scale: float | None = None) -> WithHead:
        """A fresh network on the device of the data: ``encoder``, then ``head``."""
        network = build_classifier(
            self.module,
            n_features=data.X.shape[1],
            hidden=self._hidden,
            latent_dim=self.latent_dim,
            n_classes=data.labels.n_classes,
            generator=data.generator,
            start_scale=start_scale,
        )
        return network.to(data.device)

    def _store_inference(self, posterior: Floats, confusion: Floats, prior: Floats) -> None:
        """Set the fitted attributes that tell what was inferred about rows and workers."""
        self.label_proba_ = posterior
        self.labels_ = self.classes_[posterior.argmax(axis=1)]
        self.worker_confusion_ = confusion
        self.worker_error_rate_ = error_rates(confusion, prior)
        self.class_prior_ = prior

    def _warn_of_one_class(self) -> None:
        if len(np.unique(self.label_proba_.argmax(axis=1))) > 1:
            return
        name, label = type(self).__name__, plain(self.labels_[0])
        message = f"{name} inferred the label {label!r} for all rows"
        if len(self.workers_) == 1:
            message += (
                ": it takes y of one label per row for the answers of one worker, who may be "
                "wrong. If these labels are the truth, any classifier is better, such as "
                "scikit-learn's with class_weight='balanced'."
            )
        else:
            message += (
                ", although workers gave other labels as well. Rare classes may have been lost, "
                "or the workers do not agree at all. class_weight and max_epochs may help."
            )
        warnings.warn(message, ConfusedLabelsWarning, stacklevel=3)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _leave_device(self) -> None:
        # a classifier trained on a GPU pickles and predicts anywhere
        for name, value in vars(self).items():
            if name.endswith("_") and isinstance(value, nn.Module):
                value.cpu()


def soft_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean over rows of the cross entropy with soft targets, (n_rows, n_classes) as the logits.

    ``- sum_c targets[i, c] * log softmax(logits[i])[c]``. A row of ``targets`` need not
    sum to one: multiplied by weights of classes or rows, it counts for as much. The sum is
    divided by the number of rows and not by the sum of the weights, so that a mini-batch
    without rare rows does not count the others for more.
    """
    return -(targets * torch.log_softmax(logits, dim=1)).sum(dim=1).mean()


def build_classifier(
    module: Any,
    *,
    n_features: int,
    hidden: Sequence[int],
    latent_dim: int,
    n_classes: int,
    generator: torch.Generator,
    start_scale: float | None = None,
) -> WithHead:
    """A feature extractor with a linear layer on top; ``encoder`` and ``head`` are its parts.

    A ``module`` of None takes fully connected layers of the widths ``hidden``. ``start_scale``
    is a factor of the He-uniform weights at the start, those of a user's extractor left alone;
    None keeps them, and starts with even probabilities for all rows.
    """
    extractor: nn.Module
    if module is None:
        extractor = multilayer_perceptron([n_features, *hidden, latent_dim], generator)
    else:
        extractor = build_module(module, "module", n_features=n_features, latent_dim=latent_dim)
        # as the rows are, whatever torch's default is
        extractor = extractor.float()
        check_output_shape(extractor, n_features, latent_dim, "module")
    network = WithHead(extractor, latent_dim, n_classes, generator)
    if start_scale is None:
        # a start that is sure of wrong classes may stay so: a saturated softmax has no gradient
        nn.init.zeros_(network.head.weight)
        return network
    with torch.no_grad():
        for part in [network.head, *([network.encoder] if module is None else [])]:
            for parameter in part.parameters():
                parameter.mul_(start_scale)
    return network


def draw_row_batches(
    n_rows: int, batch_size: int, generator: torch.Generator, device: torch.device
) -> Tensor:
    """Row indices (n_batches, at most batch_size) of an epoch: a pass through the rows.

    Of small tables it is as many passes as fill ``LEAST_BATCHES`` batches.
    """
    # at least two rows, which batch normalisation in a user's module needs
    size = max(2, min(batch_size, n_rows))
    n_batches = max(-(-n_rows // size), LEAST_BATCHES)
    return plain_batches(n_rows, n_batches, size, generator).to(device)


def class_probabilities(network: nn.Module, X: Tensor) -> Floats:
    """Softmax of a network's logits for encoded rows, shape (n_rows, n_classes)."""
    logits = apply_in_chunks(network, X).cpu().double()
    return torch.softmax(logits, dim=1).numpy()
