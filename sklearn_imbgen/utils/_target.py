"""Checks of one label per row whose messages name the row."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_imbgen.utils._validation import plain

__all__ = ["check_target_labels", "refuse_missing_labels"]


def check_target_labels(y: Any) -> None:
    """Raise if labels are missing or do not sort, before numpy fails on them.

    Parameters
    ----------
    y : array-like of shape (n_samples,), or anything else
        Only one label per row is looked at; other shapes have checks of their own.

    Raises
    ------
    ValueError
        If a label is None, NaN or NaT, naming the first such row.
    TypeError
        If labels are of types that cannot be sorted together, such as 1 and "one".

    Examples
    --------
    >>> check_target_labels(["common", "rare", None])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: Input y contains None: row 2 (1 missing label(s) in all). Drop these rows, ...
    """
    if y is None or sparse.issparse(y):
        return
    labels = np.asarray(y)
    if labels.ndim != 1 or not len(labels):
        return
    refuse_missing_labels(_missing(labels), labels)
    if labels.dtype == object:
        _check_sortable(labels)


def refuse_missing_labels(
    missing: NDArray[np.bool_], labels: NDArray[np.object_] | None = None
) -> None:
    """Raise, naming the first row, if any label is missing.

    Parameters
    ----------
    missing : ndarray of bool of shape (n_samples,)
    labels : ndarray of shape (n_samples,), default=None
        What they are, where None is told from NaN.
    """
    if not missing.any():
        return
    row = int(np.flatnonzero(missing)[0])
    # scikit-learn's words, whatever kind of NaN it is
    what = "None" if labels is not None and labels[row] is None else "NaN"
    raise ValueError(
        f"Input y contains {what}: row {row} ({missing.sum()} missing label(s) in all). Drop "
        "these rows, or label them first."
    )


def _missing(labels: NDArray[Any]) -> NDArray[np.bool_]:
    if labels.dtype.kind == "f":
        return np.asarray(np.isnan(labels))
    if labels.dtype.kind in "mM":
        return np.asarray(np.isnat(labels))
    if labels.dtype != object:
        return np.zeros(len(labels), dtype=bool)

    def missing(label: Any) -> bool:
        if label is None or type(label).__name__ in ("NAType", "NaTType"):
            return True
        return isinstance(label, float | np.floating) and bool(np.isnan(label))

    return np.array([missing(label) for label in labels], dtype=bool)


def _check_sortable(labels: NDArray[np.object_]) -> None:
    first: dict[type, int] = {}
    for row, label in enumerate(labels):
        first.setdefault(type(label), row)
    if len(first) < 2:
        return
    try:
        sorted(labels[row] for row in first.values())
    except TypeError as error:
        found = ", ".join(
            f"{plain(labels[row])!r} in row {row}" for row in list(first.values())[:3]
        )
        raise TypeError(
            f"y holds labels of types that do not sort together ({found}). Give all labels one "
            "type, for example text."
        ) from error
