"""Weights of rows on their way through a sampler; no torch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import _check_sample_weight

from sklearn_imbgen._typing import Array
from sklearn_imbgen.utils import plain

__all__ = ["check_row_weights", "extend_weights"]


def check_row_weights(sample_weight: Any, X: Any, y: Array) -> NDArray[np.float64] | None:
    """One weight per row; None stays None.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), number or None
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If a weight is negative, missing or infinite, if there are more or fewer than rows,
        or if all rows of a class have weight 0.
    """
    if sample_weight is None:
        return None
    weights: NDArray[np.float64] = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    counting = np.unique(y[weights > 0])
    absent = np.setdiff1d(np.unique(y), counting)
    if len(absent):
        raise ValueError(
            f"sample_weight is 0 for all rows of class {plain(absent[0])!r}, so there is nothing "
            "to learn about it. Give one of its rows a weight, or leave the class out of X and y."
        )
    return weights


def extend_weights(
    weights: NDArray[np.float64] | None, y: Array, new_y: Array
) -> NDArray[np.float64]:
    """Weights of all rows: an original keeps its own, a synthetic row gets its class's mean.

    Rows of weight 0 do not count in the mean. Without weights every row has 1.

    Examples
    --------
    >>> y, new_y = np.array(["a", "a", "b", "b", "b"]), np.array(["b"])
    >>> extend_weights(np.array([1.0, 1.0, 2.0, 4.0, 0.0]), y, new_y).tolist()
    [1.0, 1.0, 2.0, 4.0, 0.0, 3.0]
    """
    if weights is None:
        return np.ones(len(y) + len(new_y))
    counted = weights > 0
    classes, codes = np.unique(y[counted], return_inverse=True)
    means = np.bincount(codes, weights[counted]) / np.bincount(codes)
    return np.concatenate([weights, means[np.searchsorted(classes, new_y)]])
