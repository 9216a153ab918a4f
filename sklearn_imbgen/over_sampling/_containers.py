"""Containers of rows and labels: in as plain ones, out as they came; no torch."""

import sys
from typing import Any

import numpy as np
from imblearn.utils._validation import ArraysTransformer
from scipy import sparse

from sklearn_imbgen._typing import Array
from sklearn_imbgen.utils import (
    array_to_polars,
    is_pandas,
    is_polars,
    plain_schema,
    polars_to_pandas,
    refuse_missing_labels,
)

__all__ = ["RowContainer", "plain_labels", "plain_table", "restore_labels", "stack_rows"]


def plain_table(X: Any, name: str) -> Any:
    """``X``, a polars table as a pandas one.

    Parameters
    ----------
    X : object
    name : str
        Of the sampler, for messages.

    Raises
    ------
    TypeError
        If ``X`` is a polars LazyFrame or Series.
    ValueError
        If ``X`` has three or more dimensions.
    """
    if is_polars(X, "LazyFrame") or is_polars(X, "Series"):
        advice = "call collect() first" if is_polars(X, "LazyFrame") else "call to_frame() first"
        raise TypeError(f"X is a polars {type(X).__name__}, and {name} takes a table: {advice}.")
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
    """``y``, labels of pandas' extension types and of polars as numpy arrays.

    Raises
    ------
    ValueError
        If one of those labels is missing, naming its row.
    """
    if is_polars(y) or is_polars(y, "Series"):
        # a table may be one-hot
        columns = y.get_columns() if is_polars(y) else [y]
        refuse_missing_labels(np.any([column.is_null().to_numpy() for column in columns], axis=0))
        return y.to_numpy()
    if hasattr(y, "isna") and not isinstance(getattr(y, "dtype", np.dtype(int)), np.dtype):
        refuse_missing_labels(np.asarray(y.isna()))
        return y.to_numpy()
    return y


def restore_labels(y: Any, labels: Array) -> Any:
    """``labels`` in the container, of the type and under the name of ``y``."""
    if is_polars(y, "Series"):
        return sys.modules["polars"].Series(y.name, labels.tolist(), strict=False).cast(y.dtype)
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
    """What the training rows came in, to give others in the same.

    Parameters
    ----------
    X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
    """

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
