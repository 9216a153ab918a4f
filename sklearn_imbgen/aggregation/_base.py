"""What MajorityVote and DawidSkene share: checks, prediction and fitted attributes."""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils.validation import check_is_fitted

from sklearn_imbgen._typing import Array
from sklearn_imbgen.aggregation._crowd_input import agreement
from sklearn_imbgen.aggregation._label_matrix import check_label_matrix
from sklearn_imbgen.aggregation._labels import CrowdLabels, judged_workers, warn_of_idle_workers
from sklearn_imbgen.aggregation._truth_inference import error_rates
from sklearn_imbgen.utils import check_row_order

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


class Judgement(NamedTuple):
    """Class code of each row and its class probabilities (n_samples, n_classes)."""

    codes: Codes
    proba: Floats


class BaseAggregator(BaseEstimator, ABC):
    """One label per row from the labels of several workers.

    A subclass writes ``_learn``, which sets ``class_prior_`` and
    ``worker_confusion_`` and judges the rows, and ``_judge``, which judges other
    rows by what was learned. Both get encoded labels.
    """

    _parameter_constraints: dict[str, Any] = {"missing_label": "no_validation"}

    missing_label: Any
    classes_: Array
    workers_: Array
    labels_: Array
    label_proba_: Floats
    class_prior_: Floats
    worker_confusion_: Floats

    @abstractmethod
    def _learn(self, labels: CrowdLabels) -> Judgement:
        """Learn from rows and judge them."""

    @abstractmethod
    def _judge(self, labels: CrowdLabels) -> Judgement:
        """Judge rows by what was learned."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, worker_labels: Any, y: Any = None) -> Self:
        """Infer the label of each row.

        Parameters
        ----------
        worker_labels : array-like or sparse matrix of shape (n_samples, n_workers)
            Numbers or text in an array, nested list, masked array or dataframe;
            ``missing_label``, None, NaN and masked entries mean "not labelled".
            Of a sparse matrix the stored entries are the labels, zeros included.
        y : None
            Not used, there for scikit-learn's tools.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a row has no label, or if labels are no classes.

        Warns
        -----
        IdleWorkerWarning
            If a worker labelled no row.
        """
        labels = self._encode_for_fit(worker_labels)
        warn_of_idle_workers(labels)
        codes, self.label_proba_ = self._learn(labels)
        self.classes_, self.workers_ = labels.classes, labels.workers
        self.labels_ = labels.classes[codes]
        rates = error_rates(self.worker_confusion_, self.class_prior_)
        self.worker_error_rate_ = np.where(judged_workers(labels), rates, np.nan)
        return self

    def fit_predict(self, worker_labels: Any, y: Any = None) -> Array:
        """Infer the label of each row and return them; see ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        self.fit(worker_labels)
        return self.labels_

    def predict(self, worker_labels: Any = None) -> Array:
        """Label of each row.

        Parameters
        ----------
        worker_labels : array-like or sparse matrix of shape (n_samples, n_workers), default=None
            Labels of the same workers; None takes the rows of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,)

        Raises
        ------
        ValueError
            If the workers are not those of ``fit``, if a row has no label, or at
            a label that is not in ``classes_``, naming the row and the worker.
        """
        check_is_fitted(self)
        if worker_labels is None:
            return self.labels_
        return self.classes_[self._judge(self._encode(worker_labels)).codes]

    def predict_proba(self, worker_labels: Any = None) -> Floats:
        """Probability of each class for each row; see ``predict``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        check_is_fitted(self)
        if worker_labels is None:
            return self.label_proba_
        return self._judge(self._encode(worker_labels)).proba

    def score(self, worker_labels: Any, y: Any) -> float:
        """Share of rows whose inferred label is the true one.

        Parameters
        ----------
        worker_labels : array-like or sparse matrix of shape (n_samples, n_workers) or None
            As in ``predict``.
        y : array-like of shape (n_samples,)
            True labels.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        check_row_order(worker_labels, y, "y", "worker_labels")
        return agreement(y, self.predict(worker_labels), self.classes_)

    def _encode_for_fit(self, worker_labels: Any) -> CrowdLabels:
        return check_label_matrix(worker_labels, missing_label=self.missing_label)

    def _encode(self, worker_labels: Any) -> CrowdLabels:
        """Encode labels of the workers and classes of the last fit."""
        labels = check_label_matrix(
            worker_labels, missing_label=self.missing_label, classes=self.classes_
        )
        _refuse_other_workers(labels.workers, self.workers_, type(self).__name__)
        return labels


def _refuse_other_workers(given: Array, fitted: Array, estimator: str) -> None:
    if len(given) != len(fitted):
        raise ValueError(
            f"worker_labels has {len(given)} worker(s), but {estimator} was fitted with "
            f"{len(fitted)}. Give one column for each of the same workers, in the same order."
        )
    named = not any(np.array_equal(names, np.arange(len(names))) for names in (given, fitted))
    different = np.flatnonzero(named & (given != fitted))
    if len(different):
        place = different[0]
        raise ValueError(
            f"Column {place} of worker_labels is worker {given[place]!r}, but {estimator} was "
            f"fitted with {fitted[place]!r} there. Put the columns in the order of workers_."
        )
