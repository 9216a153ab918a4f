"""Variation that a small class borrows from all classes, in latent space."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import entropy

from sklearn_imbgen.utils import covariance_roots

__all__ = ["SharedVariation", "effective_dimension", "variation_share", "within_class_covariance"]

Array = NDArray[Any]


def within_class_covariance(rows: Array, codes: Array) -> NDArray[np.float64]:
    """Covariance of the rows around the mean of their class, pooled over classes.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
    codes : ndarray of shape (n_rows,)
        Class codes.

    Returns
    -------
    ndarray of shape (n_features, n_features)
        float64. Every row counts alike, so it is mostly the majority's.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[0.0, 5.0], [2.0, 5.0], [9.0, 0.0], [9.0, 4.0]])
    >>> within_class_covariance(rows, np.array([0, 0, 1, 1])).tolist()
    [[0.5, 0.0], [0.0, 2.0]]
    """
    centred = rows.astype(np.float64)
    for code in np.unique(codes):
        centred[codes == code] -= centred[codes == code].mean(axis=0)
    covariance: NDArray[np.float64] = centred.T @ centred / len(rows)
    return covariance


def effective_dimension(covariance: Array) -> float:
    """How many directions carry the variance: the effective rank.

    The exponential of the entropy of the eigenvalues, taken as shares of their
    sum (O. Roy and M. Vetterli, "The effective rank", EUSIPCO 2007). Between 1
    (all along one direction) and the number of features (equal in all); 0 if
    nothing varies.

    Examples
    --------
    >>> import numpy as np
    >>> round(effective_dimension(np.diag([2.0, 2.0, 0.0])), 6)
    2.0
    """
    variances = np.linalg.eigvalsh(covariance).clip(min=0.0)
    return float(np.exp(entropy(variances))) if variances.any() else 0.0


def variation_share(dimension: float, n_rows: int) -> float:
    """Share of the pooled covariance that a class of ``n_rows`` rows borrows.

    ``dimension / (dimension + n_rows)``: near 1 for a class with fewer rows
    than directions, whose own rows tell next to nothing about its shape, and
    near 0 for one that shows its shape itself.

    Examples
    --------
    >>> variation_share(10.0, 10)
    0.5
    """
    return dimension / (dimension + n_rows) if dimension > 0 else 0.0


class SharedVariation:
    """Normal deviations with the pooled within-class covariance of the latent points.

    Parameters
    ----------
    latent : ndarray of shape (n_rows, latent_dim)
    codes : ndarray of shape (n_rows,)
    """

    def __init__(self, latent: Array, codes: Array) -> None:
        covariance = within_class_covariance(latent, codes)
        self.dimension = effective_dimension(covariance)
        self._root = covariance_roots(covariance).root.astype(latent.dtype)

    def draw(self, n_rows: int, share: float, random_state: np.random.RandomState) -> Array:
        """Deviations of shape (n_rows, latent_dim) with ``share`` of the covariance."""
        normal = random_state.normal(size=(n_rows, len(self._root))).astype(self._root.dtype)
        deviations: Array = np.sqrt(share, dtype=self._root.dtype) * (normal @ self._root)
        return deviations
