"""Containers of rows and labels: in as plain ones, out as they came; no torch.

pandas and polars are only imported to make a table of theirs.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
from imblearn.utils._validation import ArraysTransformer
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import column_or_1d
from sklearn.utils.validation import _num_samples

from sklearn_imbgen._typing import Array
from sklearn_imbgen.utils._imports import import_extra
from sklearn_imbgen.utils._table import dtype_bounds
from sklearn_imbgen.utils._validation import (
    check_row_order,
    check_target_labels,
    refuse_masked,
    refuse_missing_labels,
)


def plain_table(X: Any, name: str) -> Any:
    """``X``, a polars table as a pandas one; ``name`` is the sampler's, for messages.

    ``TypeError`` for a polars LazyFrame or Series, ``ValueError`` for three or more dimensions.
    """
    if is_polars(X, "LazyFrame") or is_polars(X, "Series"):
        advice = "call collect() first" if is_polars(X, "LazyFrame") else "call to_frame() first"
        raise TypeError(f"X is a polars {type(X).__name__}, and {name} takes a table: {advice}.")
    if is_pandas(X) and getattr(X, "ndim", 2) == 1:
        raise TypeError(f"X is a pandas Series, and {name} takes a table: call to_frame() first.")
    shape = np.shape(X[:1]) if isinstance(X, list) else getattr(X, "shape", ())
    if len(shape) > 2:
        each = " x ".join(map(str, shape[1:]))
        raise ValueError(
            f"Found array with dim {len(shape)}, while dim <= 2 is required by {name}: each row "
            f"of X has the shape {each}. Make it one row of {np.prod(shape[1:])} columns by "
            "X.reshape(len(X), -1). In a Pipeline, a FunctionTransformer before the sampler "
            "does so, and one behind it reshapes to (-1, ...) again."
        )
    return polars_to_pandas(X) if is_polars(X) else X


def plain_labels(y: Any) -> Any:
    """``y``, labels of pandas' extension types and of polars as numpy arrays; none missing."""
    if is_polars(y) or is_polars(y, "Series"):
        # a table may be one-hot
        columns = y.get_columns() if is_polars(y) else [y]
        refuse_missing_labels(np.any([column.is_null().to_numpy() for column in columns], axis=0))
        return y.to_numpy()
    if hasattr(y, "isna") and not isinstance(getattr(y, "dtype", np.dtype(int)), np.dtype):
        refuse_missing_labels(np.asarray(y.isna()))
        return y.to_numpy()
    return y


def refuse_label_matrix(y: Any) -> None:
    """Raise if ``y`` holds several labels per row, as crowd annotations do.

    A one-hot matrix (exactly one 1 per row) is an accepted way to write one
    label per row and passes; so does a single column. imbalanced-learn would
    silently read a 0/1 matrix with all-zero rows as one-hot, hence the check.
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
            f"y has shape {labels.shape}: several labels per row. Multilabel and multioutput "
            "targets are not supported. If the columns are the answers of several annotators, "
            "infer one label per row first with the tools of sklearn_imbgen.crowd and pass that."
        )


def one_hot_labels(y: Any) -> Any:
    """The label of each row of one-hot columns, by name or number; anything else as it is.

    >>> one_hot_labels(np.array([[0, 1], [1, 0], [0, 1]])).tolist()
    [1, 0, 1]
    """
    if len(getattr(y, "shape", ())) != 2 or y.shape[1] == 1:
        return y
    codes = np.asarray(y.toarray() if sparse.issparse(y) else y).argmax(axis=1)
    return np.asarray(list(y.columns))[codes] if hasattr(y, "columns") else codes


def labels_of_rows(X: Any, y: Any, name: str = "y", rows_name: str = "X") -> Array:
    """One label per row of ``X``, as an array; ``name`` and ``rows_name`` are for messages.

    ``ValueError`` if labels are missing, more or fewer than rows, several per row, or in another
    order than the rows by the index of both, or if a mask hides a value.
    """
    refuse_masked(X, rows_name)
    refuse_masked(y, name)
    refuse_label_matrix(y)
    labels = column_or_1d(plain_labels(one_hot_labels(y)))
    if len(labels) != _num_samples(X):
        raise ValueError(
            f"{rows_name} has {_num_samples(X)} rows and {name} has {len(labels)} labels."
        )
    check_row_order(X, y, name, rows_name)
    check_target_labels(labels)
    return labels


def restore_labels(y: Any, labels: Array) -> Any:
    """``labels`` in the container, of the type and under the name of ``y``."""
    if is_polars(y, "Series"):
        return sys.modules["polars"].Series(y.name, labels.tolist(), strict=False).cast(y.dtype)
    if sparse.issparse(labels):
        return labels
    if is_polars(y):
        columns = np.atleast_2d(labels.T)
        return sys.modules["polars"].DataFrame(
            [restore_labels(old, new) for old, new in zip(y, columns, strict=True)]
        )
    _, restored = ArraysTransformer(np.empty(0), y).transform(np.empty(0), labels)
    return restored


def stack_rows(*parts: Any) -> Any:
    """Rows below rows, sparse if they are."""
    if sparse.issparse(parts[0]):
        return sparse.vstack(parts, format=parts[0].format)
    return np.vstack(parts)


class RowContainer:
    """What the training rows came in, to give others in the same."""

    def __init__(self, X: Any) -> None:
        self.schema: Any = plain_schema(X) if is_polars(X) else None
        self.plain: Any = None if is_polars(X) else ArraysTransformer(X, np.empty(0))

    @property
    def pandas_columns(self) -> tuple[Any, Any]:
        """Names and types of the columns, twice None for another container than pandas'."""
        properties = {} if self.plain is None else self.plain.x_props
        dtypes = properties.get("dtypes")
        return (properties["columns"], dtypes) if is_pandas(dtypes) else (None, None)

    def wrap(self, rows: Any) -> Any:
        """Rows of an array or sparse matrix in the container, with its names and types."""
        if self.schema is not None:
            return array_to_polars(rows, self.schema)
        wrapped, _ = self.plain.transform(rows, np.empty(0))
        return wrapped

    def append(self, X: Any, checked: Any, rows: Any) -> Any:
        """``X`` with ``rows`` below.

        ``checked`` is ``X`` as an array or sparse matrix. Tables are not taken from it:
        columns of different types share one there, which not every value survives.
        """
        if is_polars(X):
            return X.vstack(self.wrap(rows)).rechunk() if len(rows) else X.clone()
        pandas = sys.modules.get("pandas")
        if pandas is None or not isinstance(X, pandas.DataFrame):
            return self.wrap(stack_rows(checked, rows))
        if rows.shape[0] == 0:
            return X.reset_index(drop=True)
        return pandas.concat([X, self.wrap(rows)], ignore_index=True)


def integer_bounds(X: Any) -> dict[int, tuple[float, float]] | None:
    """Limits of the integer and boolean columns of a dataframe; None for other containers."""
    if not (hasattr(X, "dtypes") and hasattr(X, "columns")):
        return None
    bounds = {}
    for position, dtype in enumerate(X.dtypes):
        # pandas' extension types (Int64, boolean, Sparse[int]) know their numpy type
        plain_dtype = getattr(dtype, "subtype", getattr(dtype, "numpy_dtype", dtype))
        bound = dtype_bounds(plain_dtype)
        if bound is None and getattr(dtype, "kind", "") == "O":
            values = X.iloc[:, position].to_numpy(dtype=object)
            whole = all(isinstance(value, int | np.integer | np.bool_) for value in values)
            bound = (-np.inf, np.inf) if whole else None
        if bound is not None:
            bounds[position] = bound
    return bounds


def is_pandas(container: Any) -> bool:
    """Whether an object is pandas' own, without importing pandas."""
    return type(container).__module__.partition(".")[0] == "pandas"


def build_frame(columns: Sequence[NDArray[Any]], names: Any, dtypes: Any) -> Any:
    """Pandas dataframe of columns, each cast to its own type.

    Columns of an integer or boolean type hold whole numbers; a category that its type does not
    know becomes missing.
    """
    import pandas as pd

    # by position: names may occur twice
    cast = {
        position: pd.Series(values).astype(dtype)
        for position, (values, dtype) in enumerate(zip(columns, dtypes, strict=True))
    }
    return pd.DataFrame(cast).set_axis(names, axis=1)


def is_polars(data: Any, kind: str = "DataFrame") -> bool:
    """Whether ``data`` is polars' class of that name."""
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(data, getattr(polars, kind))


def polars_to_pandas(table: Any) -> Any:
    """A pandas table with the columns of a polars one.

    Categorical and Enum become category; numbers, booleans, text and dates keep their
    values; other types become objects. A missing value stays missing.
    """
    pandas = import_extra("pandas", "cli", "Reading a polars table")
    columns = {column.name: _column_to_pandas(column, pandas) for column in table}
    return pandas.DataFrame(columns, index=pandas.RangeIndex(table.height))


def _column_to_pandas(column: Any, pandas: Any) -> Any:
    if column.dtype in (sys.modules["polars"].Categorical, sys.modules["polars"].Enum):
        return pandas.Categorical(column.to_list())
    if column.dtype.is_nested() or (column.dtype.is_integer() and column.null_count()):
        # of integers with gaps, numpy would make floats, which hold fewer digits
        return pandas.Series(column.to_list(), dtype=object)
    return column.to_numpy()


def plain_schema(table: Any) -> dict[str, Any]:
    """Names and types of the columns of a polars table, which can be stored without polars.

    A type is its name, that of an Enum the list of its categories. One that has more
    parameters than that stays an object of polars.
    """
    return {name: _describe(dtype) for name, dtype in table.schema.items()}


def _describe(dtype: Any) -> Any:
    polars = sys.modules["polars"]
    if isinstance(dtype, polars.Enum):
        return dtype.categories.to_list()
    name = type(dtype).__name__
    try:
        usual = getattr(polars, name)()
    except (AttributeError, TypeError):
        return dtype
    return name if dtype == usual else dtype


def _as_type(described: Any, polars: Any) -> Any:
    if isinstance(described, list):
        return polars.Enum(described)
    return getattr(polars, described)() if isinstance(described, str) else described


def array_to_polars(rows: NDArray[Any], schema: Mapping[str, Any]) -> Any:
    """A polars table of the names and types of a plain schema with the columns of an array."""
    try:
        polars = import_module("polars")
    except ImportError as error:
        raise ImportError(
            "The training rows were a polars table, and so are new ones: pip install polars"
        ) from error
    columns = [column.tolist() if rows.dtype == object else column for column in rows.T]
    return polars.DataFrame(
        [
            polars.Series(name, column, strict=False).cast(_as_type(dtype, polars))
            for (name, dtype), column in zip(schema.items(), columns, strict=True)
        ]
    )
