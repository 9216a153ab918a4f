"""What the data types of columns allow."""

from typing import Any

import numpy as np

__all__ = ["dtype_bounds", "integer_bounds", "is_category"]


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
