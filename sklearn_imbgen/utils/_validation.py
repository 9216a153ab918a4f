"""Checks of rows and labels whose messages name the row, the column or the class."""

import numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

__all__ = [
    "check_class_sizes",
    "check_finite",
    "check_frame",
    "check_numeric_columns",
    "check_target_labels",
    "draw_seed",
    "encode_labels",
    "is_category",
    "name_some",
    "plain",
    "refuse_label_matrix",
    "refuse_missing_labels",
    "under_represented",
]

# How many offenders a message names.
NAMED = 5


def plain(label: Any) -> Any:
    """A label without its numpy wrapper, for messages.

    Examples
    --------
    >>> import numpy as np
    >>> plain(np.str_("rare"))
    'rare'

    A date stays readable, of whatever unit:

    >>> plain(np.datetime64("2026-01-02", "ns"))
    '2026-01-02T00:00:00.000000000'
    """
    if isinstance(label, np.datetime64 | np.timedelta64):
        # item() gives a bare integer where Python's types cannot hold the unit
        return str(label)
    return label.item() if isinstance(label, np.generic) else label


def name_some(names: Iterable[Any]) -> str:
    """The first few names of many, for a message.

    Examples
    --------
    >>> name_some(range(7))
    '0, 1, 2, 3, 4 and 2 more'
    """
    every = [repr(plain(name)) for name in names]
    more = f" and {len(every) - NAMED} more" if len(every) > NAMED else ""
    return ", ".join(every[:NAMED]) + more


def is_category(dtype: Any) -> bool:
    """Whether a column's type names categories: pandas' category or a dictionary of pyarrow.

    Examples
    --------
    >>> import pandas as pd
    >>> is_category(pd.CategoricalDtype()), is_category(np.dtype(float))
    (True, False)
    """
    name = str(getattr(dtype, "name", ""))
    return name == "category" or name.startswith("dictionary<")


def check_frame(frame: Any, categorical: Any) -> None:
    """Raise if a dataframe has missing or infinite values, or text outside its categories.

    Column by column: no value becomes a Python object.

    Parameters
    ----------
    frame : DataFrame
    categorical : array-like of int
        Positions of the categorical columns.

    Raises
    ------
    ValueError
        Naming the column, and the row of a value by its position.
    """
    missing = np.asarray(frame.isna())
    if missing.any():
        row, column = (int(i) for i in np.argwhere(missing)[0])
        raise ValueError(_not_finite_message("NaN", row, frame.columns[column], missing.sum()))
    infinite = np.zeros(frame.shape, dtype=bool)
    for position in np.setdiff1d(np.arange(frame.shape[1]), categorical):
        column = frame.iloc[:, position]
        kind = getattr(getattr(column.dtype, "subtype", column.dtype), "kind", "O")
        # numbers written as text, such as postcodes, are not to be interpolated either
        readable = kind in "biuf" or (kind == "O" and not _has_text(column.to_numpy(dtype=object)))
        if is_category(column.dtype) or not readable:
            raise ValueError(_not_numeric_message(frame.columns[position], column.iloc[0]))
        if kind in "fO":
            infinite[:, position] = np.isinf(column.to_numpy(dtype=float))
    if infinite.any():
        row, position = (int(i) for i in np.argwhere(infinite)[0])
        n_bad = infinite.sum()
        raise ValueError(_not_finite_message("infinity", row, frame.columns[position], n_bad))


def check_numeric_columns(X: Any, categorical: Any, feature_names: Sequence[Any] | None) -> None:
    """Raise if an object array has text outside its categorical columns, naming the column."""
    if sparse.issparse(X) or X.dtype != object:
        return
    for position in np.setdiff1d(np.arange(X.shape[1]), categorical):
        if _has_text(X[:, position]):
            name = position if feature_names is None else feature_names[position]
            raise ValueError(_not_numeric_message(name, X[0, position]))


def _has_text(values: NDArray[np.object_]) -> bool:
    return not all(isinstance(value, numbers.Real | np.bool_) for value in values)


def _not_numeric_message(column: Any, value: Any) -> str:
    return (
        f"column {plain(column)!r} is not numeric (it holds {plain(value)!r}). List it in "
        "categorical_features, or encode or drop it."
    )


def check_finite(X: Any, feature_names: Sequence[Any] | None = None) -> None:
    """Raise if ``X`` has a missing or infinite value, naming row and column.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_samples, n_features)
        Numeric or object values.
    feature_names : sequence of length n_features, default=None
        Names for the message; column numbers are used without them.

    Raises
    ------
    ValueError
        Naming the first offending row and its column.
    """
    if sparse.issparse(X):
        bad = ~np.isfinite(X.data)
        if not bad.any():
            return
        coordinates = X.tocoo()
        bad = ~np.isfinite(coordinates.data)
        row, column = coordinates.row[bad][0], coordinates.col[bad][0]
        value = coordinates.data[bad][0]
        n_bad = int(bad.sum())
    else:
        bad = _is_missing_object(X) if X.dtype == object else ~np.isfinite(X)
        if not bad.any():
            return
        row, column = (int(i) for i in np.argwhere(bad)[0])
        value, n_bad = X[row, column], int(bad.sum())
    what = "infinity" if isinstance(value, float | np.floating) and np.isinf(value) else "NaN"
    name = column if feature_names is None else feature_names[column]
    raise ValueError(_not_finite_message(what, row, name, n_bad))


def _not_finite_message(what: str, row: int, column: Any, n_bad: int) -> str:
    return (
        f"Input X contains {what}: row {row}, column {plain(column)!r} ({n_bad} missing or "
        "infinite value(s) in all; NaN and infinity are not accepted). Impute or drop them "
        "first, for example with sklearn.impute.SimpleImputer in front of the sampler."
    )


def _is_missing_object(X: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Missing entries (None, NaN, pandas.NA, infinite floats) of an object array."""

    def missing(value: Any) -> bool:
        if value is None or type(value).__name__ in ("NAType", "NaTType"):
            return True
        return isinstance(value, float | np.floating) and not np.isfinite(value)

    flags: NDArray[np.bool_] = np.frompyfunc(missing, 1, 1)(X).astype(bool)
    return flags


def refuse_label_matrix(y: Any) -> None:
    """Raise if ``y`` holds several labels per row, as crowd annotations do.

    A one-hot matrix (exactly one 1 per row) is an accepted way to write one
    label per row and passes; so does a single column. imbalanced-learn would
    silently read a 0/1 matrix with all-zero rows as one-hot, hence the check.

    Raises
    ------
    ValueError
        If ``y`` has two or more columns and is not one-hot.
    """
    if y is None or getattr(y, "ndim", None) == 1:
        return
    labels = y.toarray() if sparse.issparse(y) else np.asarray(y)
    if labels.ndim != 2 or labels.shape[1] == 1:
        return
    is_one = labels == 1
    one_hot = np.logical_or(is_one, labels == 0).all() and (is_one.sum(axis=1) == 1).all()
    if not one_hot:
        raise ValueError(
            f"y has shape {labels.shape}: several labels per row. Multilabel and "
            "multioutput targets are not supported by a sampler. If the columns are "
            "the answers of several annotators, infer one label per row first with "
            "the tools of sklearn_imbgen.crowd and pass that."
        )


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


def encode_labels(labels: Any, classes: Any, where: str) -> NDArray[np.int64]:
    """Positions of labels among the sorted ``classes``.

    Raises
    ------
    ValueError
        If a label is not among them; ``where`` ends the sentence that says so.

    Examples
    --------
    >>> encode_labels(np.array(["b", "a"]), np.array(["a", "b"]), "is new").tolist()
    [1, 0]
    """
    labels, classes = np.asarray(labels), np.asarray(classes)
    kinds = {labels.dtype.kind, classes.dtype.kind}
    # numpy would compare numbers with text as text
    comparable = not kinds & set("US") or kinds <= set("USO")
    unknown = np.setdiff1d(labels, classes) if comparable else np.unique(labels)
    if len(unknown):
        raise ValueError(
            f"y holds {name_some(unknown)}, which {where}; known are {name_some(classes)}."
        )
    codes: NDArray[np.int64] = np.searchsorted(classes, labels).astype(np.int64)
    return codes


def check_class_sizes(counts: Mapping[Any, int], targeted: Mapping[Any, int], method: str) -> None:
    """Raise if a class that is to grow has a single row.

    Parameters
    ----------
    counts : mapping of class label to number of rows
        The classes of the training data.
    targeted : mapping of class label to number of rows to add
        As imbalanced-learn's ``sampling_strategy_``; zeros are skipped.
    method : str
        Name of the sampler for the message.

    Raises
    ------
    ValueError
        Naming the class, its count and the ways out.
    """
    for label, n_new in targeted.items():
        if n_new > 0 and counts[label] < 2:
            raise ValueError(
                f"{method} cannot make rows of class {plain(label)!r}: it has "
                f"{counts[label]} row (n_samples = 1) and at least 2 are needed. "
                "Collect another row, leave the class out with "
                "sampling_strategy={label: count}, or duplicate it with "
                "imblearn.over_sampling.RandomOverSampler."
            )


def under_represented(counts: ArrayLike) -> NDArray[np.bool_]:
    """The half of the classes with the fewest training rows.

    Of an odd number the middle one is not among them; of equal ones the first is taken
    to be the larger.

    Parameters
    ----------
    counts : array-like of shape (n_classes,)

    Returns
    -------
    ndarray of bool of shape (n_classes,)

    Examples
    --------
    >>> from sklearn_imbgen.metrics import under_represented
    >>> under_represented([10, 500, 20]).tolist()
    [True, False, False]
    """
    sizes = np.asarray(counts)
    largest_first = np.argsort(-sizes, kind="stable")
    under = np.zeros(len(sizes), dtype=bool)
    under[largest_first[len(sizes) - len(sizes) // 2 :]] = True
    return under


def draw_seed(random_state: np.random.RandomState) -> int:
    """An integer seed for a component, drawn from the estimator's random state."""
    return int(random_state.randint(np.iinfo(np.int32).max))
