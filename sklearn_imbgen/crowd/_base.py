"""What the crowd classifiers with a network share: labels in, training, predictions."""

import copy
import numbers
import warnings
from abc import ABCMeta, abstractmethod
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
from sklearn_imbgen.crowd._class_weight import balancing_weights
from sklearn_imbgen.crowd._input import agreement, read_crowd_labels, warn_of_idle_workers
from sklearn_imbgen.crowd._network import build_classifier, train_on_targets
from sklearn_imbgen.exceptions import ConfusedLabelsWarning
from sklearn_imbgen.nn import (
    History,
    Schedule,
    WithHead,
    apply_in_chunks,
    compute_settings,
    draw_seed,
    hidden_widths,
    resolve_device,
    thread_share,
    torch_generator,
)
from sklearn_imbgen.utils import CrowdLabels, TableCodec, error_rates, plain

__all__ = ["BaseCrowdClassifier", "CrowdData"]

# not float32: large values of a float64 table are scaled before they are made smaller
FLOATS = [np.float64, np.float32]


@dataclass
class CrowdData:
    """The training rows on their device, their labels, and what draws from them.

    Parameters
    ----------
    X : Tensor of shape (n_samples, n_encoded)
        Standardised rows, on ``device``.
    labels : CrowdLabels
    truth : ndarray of shape (n_samples,) or None
        Code of each row's true label, -1 if no worker gave it; for monitoring only.
    generator : torch.Generator
    random_state : RandomState
    device : torch.device
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
    ``_build_classifier``), trains it (mostly by ``_train_classifier``) and, also
    after Ctrl-C, calls ``_store_inference``.

    Warning: This class should not be used directly.
    """

    _parameter_constraints: dict[str, Any] = {
        "hidden_dims": ["array-like"],
        "latent_dim": [Interval(numbers.Integral, 1, None, closed="left")],
        "module": [HasMethods("forward"), None],
        "max_epochs": [Interval(numbers.Integral, 1, None, closed="left")],
        "batch_size": [Interval(numbers.Integral, 2, None, closed="left")],
        "learning_rate": [Interval(numbers.Real, 0, None, closed="neither")],
        "weight_decay": [Interval(numbers.Real, 0, None, closed="left")],
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
    batch_size: int
    learning_rate: float
    weight_decay: float
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
        X : array-like of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples, n_workers) or (n_samples,)
            The label matrix, in which ``missing_label`` marks what was not
            labelled; one dimension is one worker who labelled every row. For
            ``cross_val_predict`` with probabilities use ``crowd_labels``:
            scikit-learn encodes the columns of a matrix one by one there.
        crowd_labels : array-like of shape (n_samples, n_workers), default=None
            The second door: the label matrix. Then ``y`` is the truth or a vote,
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
        X = validate_data(self, X, dtype=FLOATS)
        given = read_crowd_labels(self, X, y, crowd_labels, self.missing_label)
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
            rows = torch.from_numpy(self._codec.encode(X)).to(device)
            data = CrowdData(rows, given.labels, given.truth, generator, random_state, device)
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
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        probabilities = self.predict_proba(X)
        predicted: Array = self.classes_[probabilities.argmax(axis=1)]
        return predicted

    def predict_proba(self, X: Any) -> Array:
        """Predict class probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        with thread_share():
            logits = self._infer(X, embedding=False)
            probabilities: Array = torch.softmax(logits, dim=1).numpy()
        return probabilities

    def transform(self, X: Any) -> Array:
        """Map rows to the embedding that the last, linear, layer decides on.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, latent_dim)
            What the feature extractor gives.
        """
        with thread_share():
            embedding: Array = self._infer(X, embedding=True).numpy()
        return embedding

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy against the truth, or agreement with the workers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_workers)
            One dimension: the truth, of which the accuracy is taken. Two: a label
            matrix, of which the share of all given labels that equal the
            prediction for their row.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        float
        """
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
        X = validate_data(self, X, dtype=FLOATS, reset=False)
        rows = torch.from_numpy(self._codec.encode(X))
        module: nn.Module = self.module_.encoder if embedding else self.module_
        if self.module is None:
            # in float32 the last digits of a row depend on the rows that stand beside it;
            # a user's module may know float32 only
            module, rows = copy.deepcopy(module).double(), rows.double()
        return apply_in_chunks(module, rows).double()

    def _probabilities(self, rows: Tensor) -> NDArray[np.float64]:
        """Class probabilities of encoded rows, during training wherever it takes place."""
        logits = apply_in_chunks(self.module_, rows).cpu().double()
        probabilities: NDArray[np.float64] = torch.softmax(logits, dim=1).numpy()
        return probabilities

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

    def _train_classifier(
        self, data: CrowdData, posterior: NDArray[np.float64], title: str = "classifier"
    ) -> None:
        """Train ``module_`` on posteriors of the rows, weighted by ``class_weight``."""
        weights = balancing_weights(posterior.sum(axis=0), self.class_weight, data.labels.classes)
        targets = torch.from_numpy((posterior * weights).astype(np.float32)).to(data.device)
        train_on_targets(
            self.module_,
            data.X,
            targets,
            batch_size=self.batch_size,
            schedule=self._schedule(),
            generator=data.generator,
            history=self.history_,
            title=title,
        )

    def _schedule(self, max_epochs: int | None = None) -> Schedule:
        """The training parameters, for all epochs or for ``max_epochs`` of them."""
        return Schedule(
            max_epochs=self.max_epochs if max_epochs is None else max_epochs,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            verbose=int(self.verbose),
        )

    def _store_inference(
        self,
        posterior: NDArray[np.float64],
        confusion: NDArray[np.float64],
        prior: NDArray[np.float64],
    ) -> None:
        """Set the fitted attributes that tell what was inferred about rows and workers."""
        self.label_proba_ = posterior
        self.labels_ = self.classes_[posterior.argmax(axis=1)]
        self.worker_confusion_ = confusion
        self.worker_error_rate_ = error_rates(confusion, prior)
        self.class_prior_ = prior

    def _warn_of_one_class(self) -> None:
        if (self.labels_ == self.labels_[0]).all():
            warnings.warn(
                f"{type(self).__name__} inferred the label {plain(self.labels_[0])!r} for all "
                "rows, although workers gave other labels as well. Rare classes may have been "
                "lost, or the workers do not agree at all. class_weight and max_epochs may help.",
                ConfusedLabelsWarning,
                stacklevel=3,
            )

    def _leave_device(self) -> None:
        # a classifier trained on a GPU pickles and predicts anywhere
        for name, value in vars(self).items():
            if name.endswith("_") and isinstance(value, nn.Module):
                value.cpu()
