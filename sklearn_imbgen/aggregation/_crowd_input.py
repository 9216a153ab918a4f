"""Worker labels beside rows: what ``fit`` and ``score`` of the classifiers take."""

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _num_samples, check_array, check_consistent_length

from sklearn_imbgen._typing import Array
from sklearn_imbgen.aggregation._label_matrix import check_label_matrix, codes_of
from sklearn_imbgen.aggregation._labels import AnnotationMatrix, CrowdLabels
from sklearn_imbgen.utils import (
    check_row_order,
    is_missing,
    name_some,
    refuse_masked,
    refuse_missing_labels,
)


class CrowdInput(NamedTuple):
    """The label matrix as given, its encoding, and the truth if known."""

    worker_labels: Any
    labels: CrowdLabels
    truth: NDArray[np.intp] | None


def check_rows(X: Any) -> None:
    """Raise if rows are no table: hidden values, or a Dataset of torch or skorch."""
    refuse_masked(X)
    # a sparse matrix has a shape, a dataframe __array__
    is_table = isinstance(X, list | tuple) or hasattr(X, "__array__") or hasattr(X, "shape")
    if hasattr(X, "__getitem__") and not is_table:
        raise TypeError(
            f"X is a {type(X).__name__}; pass its rows as an array, dataframe or sparse matrix in "
            "place of a Dataset, and the labels as y."
        )


def read_crowd_labels(
    estimator: Any, X: Any, y: Any, crowd_labels: Any, missing_label: Any
) -> CrowdInput:
    """Worker labels from ``y`` or from ``crowd_labels``, checked and encoded.

    Without ``crowd_labels``, ``y`` is the label matrix, or the labels of one worker. With it, ``y``
    is the truth or a vote: its codes come back as ``truth``, -1 for labels that no worker gave.
    ValueError if rows and labels differ in number or there is only one class.
    """
    name = type(estimator).__name__
    if crowd_labels is None:
        if y is None:
            raise ValueError(
                f"This {name} estimator requires y to be passed, but the target y is None."
            )
        worker_labels, truth = y, None
        if n_dimensions(y) == 1:
            worker_labels = _checked_column(y)
        elif isinstance(y, np.ndarray | list) and np.shape(y)[1:] == (1,):
            warnings.warn(
                "A column-vector y was passed when a 1d array was expected. It is read as the "
                "labels of one worker.",
                DataConversionWarning,
                stacklevel=3,
            )
    else:
        worker_labels, truth = crowd_labels, y
    _check_same_rows(X, worker_labels, "y" if crowd_labels is None else "crowd_labels")
    labels = check_label_matrix(worker_labels, missing_label=missing_label)
    if labels.n_classes < 2:
        raise ValueError(
            f"{name} needs labels of at least two classes; the data contain only one class: "
            f"{labels.classes.tolist()[0]!r}."
        )
    return CrowdInput(worker_labels, labels, _read_truth(X, truth, labels.classes))


def agreement(
    y: Any, predicted: Any, classes: Array, *, sample_weight: Any = None, missing_label: Any = -1
) -> float:
    """Accuracy against the truth, or the share of all workers' labels that are as predicted.

    ``y`` is of shape (n_samples,) or a label matrix; a row's weight counts for each of its labels.
    """
    if n_dimensions(y) == 1:
        y, missing_label = _checked_column(y), None
    labels = check_label_matrix(y, missing_label=missing_label)
    check_consistent_length(np.empty(labels.n_samples), predicted, sample_weight)
    given = codes_of(labels.classes, classes)[labels.code]
    if (given < 0).all():
        raise ValueError(
            f"No label of y ({name_some(labels.classes)}) is one of the classes "
            f"({name_some(classes)}): both must be written alike, also in type."
        )
    agree = given == codes_of(predicted, classes)[labels.sample]
    weight = None if sample_weight is None else np.asarray(sample_weight)[labels.sample]
    return float(np.average(agree, weights=weight))


def balancing_weights(
    mass: Array, class_weight: str | Mapping[Any, float] | None, classes: Array
) -> NDArray[np.float64]:
    """Weight of each class in the loss, for ``mass`` rows (or sums of posteriors) of each.

    "balanced" gives all classes the same sum of weights; a class of less than one row counts as
    one, or noise in the posteriors would be blown up. None is 1 for all, as are labels that a
    mapping leaves out. ValueError if it names no class, or a weight is no number >= 0.
    """
    if class_weight is None:
        return np.ones(len(classes))
    if isinstance(class_weight, str):
        return mass.sum() / (len(mass) * np.maximum(mass, 1.0))
    known = classes.tolist()
    foreign = [label for label in class_weight if label not in known]
    if foreign:
        raise ValueError(f"class_weight names {name_some(foreign)}; the classes are {known}.")
    weights = np.array([class_weight.get(label, 1.0) for label in known], dtype=float)
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError(f"class_weight must hold numbers of at least 0; got {class_weight!r}.")
    return weights


def n_dimensions(labels: Any) -> int:
    """Number of dimensions of labels in any container."""
    if sparse.issparse(labels) or isinstance(labels, AnnotationMatrix):
        return 2
    return int(labels.ndim if hasattr(labels, "ndim") else np.ndim(np.asarray(labels)))


def _checked_column(y: Any) -> Array:
    """One label per row; of numbers by scikit-learn's rules, others may be of any kind."""
    refuse_masked(y, "y")
    column = np.asarray(y)
    if column.dtype.kind in "US":
        # a list may hold None beside text
        column = np.asarray(y, dtype=object)
    refuse_missing_labels(is_missing(column), column)
    if column.dtype.kind in "fc":
        column = check_array(column, ensure_2d=False, dtype=None, input_name="y")
        check_classification_targets(column)
    return column


def _check_same_rows(X: Any, labels: Any, name: str) -> None:
    n_rows = _num_samples(X)
    annotations = isinstance(labels, AnnotationMatrix)
    n_labelled = len(labels.samples) if annotations else _num_samples(labels)
    if n_rows != n_labelled:
        raise ValueError(
            f"X has {n_rows} rows and {name} has {n_labelled}: inconsistent numbers of samples. "
            "If a sampler in front changed the number of rows: its new rows have no worker "
            "labels, so resample after aggregating (AggregateThenFit with a pipeline of sampler "
            "and classifier as its estimator)."
        )
    check_row_order(X, labels, name)


def _read_truth(X: Any, y: Any, classes: Array) -> NDArray[np.intp] | None:
    if y is None:
        return None
    if n_dimensions(y) != 1:
        raise ValueError(
            "crowd_labels is the label matrix, so y must hold one label per row (the truth or "
            f"a vote) or be None; got y of shape {np.shape(y)}."
        )
    _check_same_rows(X, y, "y")
    codes = codes_of(_checked_column(y), classes)
    if (codes < 0).all():
        raise ValueError(
            "No label of y occurs in crowd_labels, whose classes are "
            f"{classes.tolist()}: y must be the truth or a vote in the same labels."
        )
    return codes
