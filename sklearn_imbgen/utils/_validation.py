"""Checks of rows and labels whose messages name the row, the column or the class.

Rows and columns are counted from 0, as pandas does.
"""

import numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from sklearn_imbgen._typing import Array

# How many offenders a message names.
NAMED = 5


def plain(label: Any) -> Any:
    """A label without its numpy wrapper, for messages; a date of any unit stays readable.

    >>> plain(np.datetime64("2026-01-02", "ns"))
    '2026-01-02T00:00:00.000000000'
    """
    if isinstance(label, np.datetime64 | np.timedelta64):
        # item() gives a bare integer where Python's types cannot hold the unit
        return str(label)
    return label.item() if isinstance(label, np.generic) else label


def name_some(names: Iterable[Any]) -> str:
    """The first few names of many, for a message: "0, 1, 2, 3, 4 and 2 more"."""
    every = [repr(plain(name)) for name in names]
    more = f" and {len(every) - NAMED} more" if len(every) > NAMED else ""
    return ", ".join(every[:NAMED]) + more


def is_missing(values: Array) -> NDArray[np.bool_]:
    """Which values are None, NaN, NaT or pandas.NA.

    >>> is_missing(np.array([None, "None", float("nan"), 0], dtype=object)).tolist()
    [True, False, True, False]
    """
    if values.dtype.kind in "fc":
        return np.isnan(values)
    if values.dtype.kind in "mM":
        return np.isnat(values)
    if values.dtype != object:
        return np.zeros(values.shape, dtype=bool)
    return np.frompyfunc(_is_missing, 1, 1)(values).astype(bool)


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def _is_infinite(values: Array) -> NDArray[np.bool_]:
    if values.dtype.kind in "fc":
        return np.isinf(values)
    if values.dtype != object:
        return np.zeros(values.shape, dtype=bool)

    def infinite(value: Any) -> bool:
        return isinstance(value, float | np.floating) and bool(np.isinf(value))

    return np.frompyfunc(infinite, 1, 1)(values).astype(bool)


def check_finite(
    X: Any, feature_names: Sequence[Any] | None = None, *, name: str = "X", first_row: int = 0
) -> None:
    """Raise if a table has a missing or infinite value, naming row and column.

    Columns may be of any type; text and dates are asked whether they are missing. A dataframe is
    taken column by column: no value becomes a Python object. ``first_row`` is the number of the
    first row, where ``X`` is a part of a table.
    """
    if sparse.issparse(X):
        if np.isfinite(X.data).all():
            return
        entries = X.tocoo()
        bad = ~np.isfinite(entries.data)
        places, missing = np.c_[entries.row, entries.col][bad], np.isnan(entries.data[bad])
    else:
        if hasattr(X, "iloc"):
            feature_names = X.columns if feature_names is None else feature_names
            missing, infinite = np.asarray(X.isna()), _infinite_cells(X)
        else:
            missing, infinite = is_missing(X), _is_infinite(X)
        if not (missing.any() or infinite.any()):
            return
        places = np.argwhere(missing | infinite)
        missing = missing[tuple(places.T)]
    row, column = (int(place) for place in places[0])
    label = column if feature_names is None else plain(feature_names[column])
    raise ValueError(
        f"Input {name} contains {'NaN' if missing[0] else 'infinity'}: row {first_row + row}, "
        f"column {label!r} ({len(places)} missing or infinite value(s) in all). Impute them, for "
        "example with sklearn.impute.SimpleImputer, or drop the rows."
    )


def _infinite_cells(frame: Any) -> NDArray[np.bool_]:
    infinite = np.zeros(frame.shape, dtype=bool)
    for position in range(frame.shape[1]):
        column = frame.iloc[:, position]
        kind = getattr(column.dtype, "kind", "O")
        if kind == "f":
            infinite[:, position] = np.isinf(column.to_numpy(dtype=float, na_value=np.nan))
        elif column.dtype == object:
            infinite[:, position] = _is_infinite(column.to_numpy())
    return infinite


def check_frame(frame: Any, categorical: Any) -> None:
    """Raise if a dataframe has missing or infinite values, or text outside its categories.

    ``categorical`` has positions of columns; the error names the column, and rows by position.
    """
    check_finite(frame)
    for position in np.setdiff1d(np.arange(frame.shape[1]), categorical):
        column = frame.iloc[:, position]
        kind = getattr(getattr(column.dtype, "subtype", column.dtype), "kind", "O")
        # numbers written as text, such as postcodes, are not to be interpolated either
        readable = kind in "biuf" or (kind == "O" and not _has_text(column.to_numpy(dtype=object)))
        if is_category(column.dtype) or not readable:
            raise ValueError(_not_numeric_message(frame.columns[position], column.iloc[0]))


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


def is_category(dtype: Any) -> bool:
    """Whether a column's type names categories: pandas' category or a dictionary of pyarrow."""
    name = str(getattr(dtype, "name", ""))
    return name == "category" or name.startswith("dictionary<")


def refuse_masked(data: Any, name: str = "X") -> None:
    """Raise if a masked array hides a value, which numpy would give back as data."""
    if np.ma.is_masked(data):
        places = np.argwhere(np.ma.getmaskarray(data))
        column = f", column {places[0][1]}" if places.shape[1] == 2 else ""
        raise ValueError(
            f"{name} is a masked array that hides {len(places)} value(s), the first in row "
            f"{places[0][0]}{column}; they would be taken for data. Put what marks a missing value "
            "in their place, such as .filled(np.nan), or drop the rows."
        )


def check_row_order(X: Any, y: Any, name: str = "y", rows_name: str = "X") -> None:
    """Raise if two pandas objects hold the same rows in another order, or other rows.

    Nothing is said of an index that only counts from 0, unless it has the labels of the
    other: a table made from an array has one. Neither is of different lengths.
    """
    rows: Any = getattr(X, "index", None)
    others: Any = getattr(y, "index", None)
    if not (hasattr(rows, "equals") and hasattr(others, "equals")):
        return
    if len(rows) != len(others) or rows.equals(others) or _say_nothing(rows, others):
        return
    row = next(row for row, pair in enumerate(zip(rows, others, strict=True)) if pair[0] != pair[1])
    raise ValueError(
        f"{rows_name} and {name} are indexed differently: row {row} is {plain(rows[row])!r} in "
        f"{rows_name} and {plain(others[row])!r} in {name}. Sort one by the other "
        f"({name}.loc[{rows_name}.index]), or pass {name}.to_numpy() if their rows are in the "
        "same order."
    )


def _say_nothing(names: Any, others: Any) -> bool:
    """Whether one of them only counts from 0, and the other holds more than those numbers."""
    numbered = list(range(len(names)))
    return numbered in (list(names), list(others)) and set(names) != set(others)


def match_columns(reference: Any, table: Any, name: str, reference_name: str = "X") -> Any:
    """A table with its columns in the order of another's, by name; itself if in that order.

    ``ValueError`` if their names differ, or occur twice in another order.
    """
    known, own = _column_names(reference), _column_names(table)
    if known is None or own is None or known == own or _say_nothing(known, own):
        return table
    if set(known) == set(own) and len(known) == len(own) == len(set(own)):
        return table[known]
    absent = [column for column in known if column not in own]
    surplus = [column for column in own if column not in known]
    told = [f"{name} lacks {name_some(absent)}"] if absent else []
    told += [f"{reference_name} lacks {name_some(surplus)}"] if surplus else []
    raise ValueError(
        f"The columns of {name} are not those of {reference_name}: "
        f"{' and '.join(told) or 'names occur several times, in another order'}."
    )


def _column_names(table: Any) -> list[Any] | None:
    columns = getattr(table, "columns", None)
    return None if columns is None or not hasattr(table, "shape") else list(columns)


def check_target_labels(y: Any) -> None:
    """Raise if labels are missing or do not sort, before numpy fails on them.

    ``ValueError`` names the first row with None, NaN, NaT or infinity; ``TypeError`` if types do
    not sort together, as 1 and "one". Several labels per row have checks of their own.
    """
    if y is None or sparse.issparse(y):
        return
    labels = np.asarray(y)
    if labels.ndim != 1 or not len(labels):
        return
    refuse_missing_labels(is_missing(labels), labels)
    if labels.dtype.kind == "f" and np.isinf(labels).any():
        raise ValueError(f"Input y contains infinity: row {np.flatnonzero(np.isinf(labels))[0]}.")
    if labels.dtype == object:
        _check_sortable(labels)


def refuse_missing_labels(
    missing: NDArray[np.bool_], labels: NDArray[np.object_] | None = None
) -> None:
    """Raise, naming the first row, if any label is missing; ``labels`` tell None from NaN."""
    if not missing.any():
        return
    row = int(np.flatnonzero(missing)[0])
    # scikit-learn's words, whatever kind of NaN it is
    what = "None" if labels is not None and labels[row] is None else "NaN"
    raise ValueError(
        f"Input y contains {what}: row {row} ({missing.sum()} missing label(s) in all). Drop "
        "these rows, or label them first."
    )


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

    ``where`` ends the sentence of the error that says that a label is not among them.
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
    return np.searchsorted(classes, labels).astype(np.int64)


def check_class_sizes(counts: Mapping[Any, int], targeted: Mapping[Any, int], method: str) -> None:
    """Raise if a class that is to grow has a single row, naming it and the ways out.

    ``targeted`` has the rows to add, as imbalanced-learn's ``sampling_strategy_``.
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
        Numbers of at least 0.

    Returns
    -------
    ndarray of bool of shape (n_classes,)

    Raises
    ------
    ValueError
        If ``counts`` holds anything else, or nothing.

    Examples
    --------
    >>> from sklearn_imbgen.metrics import under_represented
    >>> under_represented([10, 500, 20]).tolist()
    [True, False, False]
    """
    sizes = np.asarray(counts)
    numeric = sizes.ndim == 1 and sizes.dtype.kind in "iuf" and len(sizes) > 0
    if not numeric or not (np.isfinite(sizes) & (sizes >= 0)).all():
        raise ValueError(
            "counts must hold the number of rows of each class, one number of at least 0 for each; "
            f"got {counts!r}."
        )
    largest_first = np.argsort(-sizes, kind="stable")
    under = np.zeros(len(sizes), dtype=bool)
    under[largest_first[len(sizes) - len(sizes) // 2 :]] = True
    return under


def draw_seed(random_state: np.random.RandomState) -> int:
    """An integer seed for a component, drawn from the estimator's random state."""
    return int(random_state.randint(np.iinfo(np.int32).max))
