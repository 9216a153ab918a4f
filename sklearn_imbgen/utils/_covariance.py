"""The square root of a covariance matrix, its inverse, and what it does not reach."""

from typing import NamedTuple

import numpy as np

from sklearn_imbgen._typing import Array

__all__ = ["CovarianceRoots", "covariance_roots", "mean_and_covariance"]

# A direction whose standard deviation is below this fraction of the widest one counts as
# constant: encoded rows are float32, so dependent columns leave about 1e-7 behind.
CONSTANT = 1e-5


class CovarianceRoots(NamedTuple):
    """Symmetric matrices that whiten, undo it, and keep what can be whitened.

    Parameters
    ----------
    root : ndarray of shape (n_features, n_features)
        Square root of the covariance: standard normal rows times ``root`` have it.
    inverse_root : ndarray of shape (n_features, n_features)
        Its pseudo-inverse: rows times ``inverse_root`` are white.
    projection : ndarray of shape (n_features, n_features)
        On the directions that vary; the identity if all do.
    """

    root: Array
    inverse_root: Array
    projection: Array


def mean_and_covariance(rows: Array) -> tuple[Array, Array]:
    """Mean and maximum-likelihood covariance, in float64; zero covariance for a single row.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        At least one row.

    Returns
    -------
    mean : ndarray of shape (n_features,)
    covariance : ndarray of shape (n_features, n_features)

    Examples
    --------
    >>> import numpy as np
    >>> mean, covariance = mean_and_covariance(np.array([[0.0, 1.0], [4.0, 3.0]]))
    >>> mean.tolist(), covariance.tolist()
    ([2.0, 2.0], [[4.0, 2.0], [2.0, 1.0]])
    """
    centred = rows.astype(np.float64)
    mean = centred.mean(axis=0)
    centred -= mean
    return mean, centred.T @ centred / len(rows)


def covariance_roots(covariance: Array) -> CovarianceRoots:
    """Roots of a covariance matrix from its eigenvalue decomposition.

    The symmetric root keeps every whitened feature as near to its original as
    whitening allows. A direction with a standard deviation below 1e-5 of the
    widest one is numerically constant: the roots leave it out instead of
    dividing by it, as the pseudo-inverse does.

    Parameters
    ----------
    covariance : ndarray of shape (n_features, n_features)
        Symmetric, without negative eigenvalues; its rank may be smaller than
        ``n_features``, also zero.

    Returns
    -------
    CovarianceRoots

    Examples
    --------
    >>> import numpy as np
    >>> roots = covariance_roots(np.diag([4.0, 0.0]))
    >>> roots.root.tolist(), roots.inverse_root.tolist(), roots.projection.tolist()
    ([[2.0, 0.0], [0.0, 0.0]], [[0.5, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]])
    """
    variances, directions = np.linalg.eigh(covariance)
    varies = variances > CONSTANT**2 * variances.max(initial=0.0)
    deviations, directions = np.sqrt(variances[varies]), directions[:, varies]
    return CovarianceRoots(
        root=(directions * deviations) @ directions.T,
        inverse_root=(directions / deviations) @ directions.T,
        projection=directions @ directions.T,
    )
