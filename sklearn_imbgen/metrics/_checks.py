"""Checks whose messages name the set of rows that is wrong."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

__all__ = ["Rows", "check_pair", "check_rows", "check_same_columns"]

Rows = NDArray[np.float64]


def check_rows(rows: ArrayLike, name: str, min_rows: int = 2) -> Rows:
    """Rows as a finite float64 matrix, or an error that names them."""
    if sparse.issparse(rows):
        raise TypeError(f"{name} is sparse; pass {name}.toarray().")
    try:
        matrix: Any = np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} is not a matrix of numbers; encode its other columns first, for example "
            "with sklearn.preprocessing.OneHotEncoder."
        ) from None
    if matrix.ndim != 2:
        raise ValueError(f"{name} must have two dimensions; got shape {matrix.shape}.")
    if len(matrix) < min_rows:
        raise ValueError(f"{name} has {len(matrix)} row(s); at least {min_rows} are needed.")
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        row, column = bad[0]
        raise ValueError(
            f"{name} contains NaN or infinity: row {row}, column {column} ({len(bad)} such "
            "value(s) in all). Impute or drop them first."
        )
    checked: Rows = matrix
    return checked


def check_same_columns(X_real: Rows, other: Rows, name: str) -> None:
    """Raise if two sets of rows differ in their number of columns."""
    if X_real.shape[1] != other.shape[1]:
        raise ValueError(f"X_real has {X_real.shape[1]} columns and {name} has {other.shape[1]}.")


def check_pair(X_real: ArrayLike, X_synthetic: ArrayLike) -> tuple[Rows, Rows]:
    """Both sets of rows, checked."""
    real, synthetic = check_rows(X_real, "X_real"), check_rows(X_synthetic, "X_synthetic")
    check_same_columns(real, synthetic, "X_synthetic")
    return real, synthetic
