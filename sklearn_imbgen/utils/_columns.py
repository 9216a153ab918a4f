"""What the data types of columns allow."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["build_frame", "dtype_bounds", "integer_bounds", "is_category", "is_pandas"]


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

    Parameters
    ----------
    columns : sequence of ndarray of shape (n_rows,)
        Whole numbers where the type is an integer or boolean one.
    names : Index
    dtypes : Series
        A type per column; a category that its type does not know becomes missing.

    Returns
    -------
    DataFrame
    """
    import pandas as pd

    # by position: names may occur twice
    cast = {
        position: pd.Series(values).astype(dtype)
        for position, (values, dtype) in enumerate(zip(columns, dtypes, strict=True))
    }
    return pd.DataFrame(cast).set_axis(names, axis=1)


def dtype_bounds(dtype: Any) -> tuple[float, float] | None:
    """Smallest and largest value of an integer or boolean type, exact as floats."""
    kind = getattr(dtype, "kind", "")
    if kind == "b":
        return 0.0, 1.0
    if kind not in "iu" or not kind:
        return None
    limits = np.iinfo(dtype)
    high = float(limits.max)
    # float(2**63 - 1) is 2**63, which would wrap round
    return float(limits.min), high if int(high) == limits.max else np.nextafter(high, 0)
