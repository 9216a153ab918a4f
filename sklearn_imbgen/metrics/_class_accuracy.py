"""Accuracy per class, without and under attack, and the means that chapter 4 reports."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_imbgen._typing import Array
from sklearn_imbgen.metrics._attack import AttackedRows
from sklearn_imbgen.metrics._columns import ColumnReport
from sklearn_imbgen.utils import labels_of_rows, name_some, under_represented

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

WELL, UNDER, OVERALL = "well-represented", "under-represented", "overall"
MEAN = "(mean)"


class ClassAccuracyReport(ColumnReport):
    """Accuracy per class and three means; see :func:`class_accuracy_report`."""


def class_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, y_pred_attacked: ArrayLike, *, class_counts: Any
) -> ClassAccuracyReport:
    """Accuracy of each class from predictions, without and under attack.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.
    y_pred : array-like of shape (n_samples,)
        Predictions for the rows as they are.
    y_pred_attacked : array-like of shape (n_samples,)
        Predictions for the attacked rows. A row counts as robust only if both are right.
    class_counts : dict of label to int, or array-like of shape (n_classes,)
        Training rows of each class; an array in the order of the sorted labels of y_true.

    Returns
    -------
    ClassAccuracyReport
        As of :func:`class_accuracy_report`.

    Examples
    --------
    >>> from sklearn_imbgen.metrics import class_accuracy
    >>> report = class_accuracy(
    ...     list("aabb"), list("aaba"), list("abba"), class_counts={"a": 90, "b": 10}
    ... )
    >>> print(report)
     class              group  n_rows  n_training_rows  accuracy  robust_accuracy
         a   well-represented       2               90     1.000            0.500
         b  under-represented       2               10     0.500            0.500
    (mean)   well-represented       2               90     1.000            0.500
    (mean)  under-represented       2               10     0.500            0.500
    (mean)            overall       4              100     0.750            0.500
    """
    labels = labels_of_rows(y_true, y_true, "y_true")
    predicted = labels_of_rows(y_true, y_pred, "y_pred", "y_true")
    attacked = labels_of_rows(y_true, y_pred_attacked, "y_pred_attacked", "y_true")
    classes, counts = class_sizes(labels, class_counts, None)
    right = np.asarray(predicted == labels, dtype=bool)
    robust = right & np.asarray(attacked == labels, dtype=bool)
    return report_columns(labels, classes, counts, right, robust)


def class_sizes(labels: Array, class_counts: Any, known: Any) -> tuple[Array, NDArray[np.int64]]:
    """Classes of training or test, sorted, and how many training rows each had.

    ``known`` has the classes that an array of counts is of, in order; None takes those of
    ``labels``, the test rows'.
    """
    if isinstance(class_counts, Mapping):
        known = np.array(list(class_counts), dtype=object if labels.dtype == object else None)
        counted = np.array(list(class_counts.values()))
    else:
        known = np.unique(labels) if known is None else np.asarray(known)
        counted = np.asarray(class_counts)
    if counted.shape != known.shape:
        raise ValueError(
            f"class_counts must hold one number for each of the classes {name_some(known)}; "
            f"got shape {counted.shape}. A dict of label to number names them."
        )
    if not (counted >= 0).all():
        raise ValueError(f"class_counts must hold numbers of at least 0; got {class_counts!r}.")
    if not {*known.tolist()} & {*labels.tolist()}:
        raise ValueError(
            f"No label of y ({name_some(np.unique(labels))}) is in class_counts "
            f"({name_some(known)}): both must be written alike, also in type."
        )
    classes = np.unique(np.concatenate([known, labels]))
    sizes = np.zeros(len(classes), dtype=np.int64)
    sizes[np.searchsorted(classes, known)] = counted
    return classes, sizes


def training_sizes(rows: AttackedRows, class_counts: Any) -> tuple[Array, NDArray[np.int64]]:
    """Classes and training rows of an estimator, from what it knows or what is given."""
    if class_counts is None:
        name = type(rows.last_).__name__
        class_counts = getattr(rows.last_, "class_counts_", None)
        if class_counts is None:
            raise ValueError(
                f"{name} does not know how many training rows each class had: pass "
                "class_counts, a dict of label to number."
            )
        if rows.resamples_:
            raise ValueError(
                f"A sampler stands before {name}, whose class_counts_ are of the resampled rows: "
                "pass class_counts, a dict of label to number."
            )
    return class_sizes(rows.labels_, class_counts, getattr(rows.last_, "classes_", None))


def accuracy_of_classes(labels: Array, classes: Array, right: Mask) -> Floats:
    """Share of right rows of each class; NaN for a class without a row."""
    return np.array([right[labels == c].mean() if (labels == c).any() else np.nan for c in classes])


def mean_of_classes(accuracy: Floats, among: Mask | None = None) -> float:
    """Mean over the classes that have rows; NaN if none has."""
    values = accuracy if among is None else accuracy[among]
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else float("nan")


def report_columns(
    labels: Array, classes: Array, counts: NDArray[np.int64], right: Mask, robust: Mask
) -> ClassAccuracyReport:
    """The report from masks of the rows that are right unattacked, and in both cases."""
    under = under_represented(counts)
    n_rows = np.array([(labels == c).sum() for c in classes])
    groups = {WELL: ~under, UNDER: under, OVERALL: np.ones_like(under)}
    report = ClassAccuracyReport()
    report["class"] = np.array([*classes.tolist(), *[MEAN] * len(groups)], dtype=object)
    report["group"] = np.array([*np.where(under, UNDER, WELL).tolist(), *groups], dtype=object)
    for name, sizes in {"n_rows": n_rows, "n_training_rows": counts}.items():
        report[name] = np.array([*sizes, *(sizes[mask].sum() for mask in groups.values())])
    for name, mask in {"accuracy": right, "robust_accuracy": robust}.items():
        accuracy = accuracy_of_classes(labels, classes, mask)
        means = [mean_of_classes(accuracy, group) for group in groups.values()]
        report[name] = np.array([*accuracy, *means])
    return report
