"""Measures from the nearest neighbours of synthetic rows among the originals."""

import numbers

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from sklearn_imbgen.metrics._checks import Rows, check_pair, check_rows, check_same_columns

__all__ = [
    "coverage_score",
    "density_score",
    "intrusion_rate",
    "nearest_original_distance",
]

# Rounding of distances between standardised rows, per square root of their dimension.
ROUNDING = 1e-7


def coverage_score(X_real: ArrayLike, X_synthetic: ArrayLike, *, k_neighbors: int = 5) -> float:
    """Share of the originals with a synthetic row in their neighbourhood.

    The neighbourhood of an original is the closed ball that reaches to its
    ``k_neighbors``-th nearest other original. Measures diversity: a generator
    that makes one and the same row covers few originals.

    Parameters
    ----------
    X_real : array-like of shape (n_real, n_features)
        Original rows; all features are standardised with their statistics.
    X_synthetic : array-like of shape (n_synthetic, n_features)
        Synthetic rows.
    k_neighbors : int, default=5
        Neighbour that sets the radius.

    Returns
    -------
    float
        Between 0 and 1, higher is better. Below 1 also for perfect rows if
        there are few: with as many rows as originals, and many of both, the
        paper expects ``1 - 2**-k_neighbors``.

    Notes
    -----
    Two neighbour searches, at worst quadratic in the number of rows; memory
    grows linearly.

    References
    ----------
    M. F. Naeem, S. J. Oh, Y. Uh, Y. Choi, J. Yoo, "Reliable fidelity and
    diversity metrics for generative models", ICML 2020.

    Examples
    --------
    >>> from sklearn_imbgen.metrics import coverage_score
    >>> coverage_score([[0.0], [1.0], [2.0], [3.0]], [[0.2], [0.4]], k_neighbors=1)
    0.5
    """
    real, synthetic = _standardise(*check_pair(X_real, X_synthetic))
    radii = _radii(real, k_neighbors)
    distances, _ = NearestNeighbors(n_neighbors=1).fit(synthetic).kneighbors(real)
    return float(np.mean(distances[:, 0] <= radii))


def density_score(X_real: ArrayLike, X_synthetic: ArrayLike, *, k_neighbors: int = 5) -> float:
    """How many neighbourhoods of originals hold a synthetic row, over ``k_neighbors``.

    The mean over synthetic rows. Measures fidelity: rows where originals are
    dense count more, rows far from all originals count nothing.

    Parameters
    ----------
    X_real : array-like of shape (n_real, n_features)
        Original rows; all features are standardised with their statistics.
    X_synthetic : array-like of shape (n_synthetic, n_features)
        Synthetic rows.
    k_neighbors : int, default=5
        Neighbour that sets the radius of the neighbourhoods, closed balls.

    Returns
    -------
    float
        At least 0; about 1 for rows of the same distribution, above 1 for rows
        that keep to the densest parts.

    Notes
    -----
    All distances between the two sets, in blocks of bounded memory: time grows
    with ``n_real * n_synthetic * n_features``.

    References
    ----------
    M. F. Naeem, S. J. Oh, Y. Uh, Y. Choi, J. Yoo, "Reliable fidelity and
    diversity metrics for generative models", ICML 2020.

    Examples
    --------
    >>> from sklearn_imbgen.metrics import density_score
    >>> density_score([[0.0], [1.0], [2.0], [3.0]], [[0.2], [9.0]], k_neighbors=1)
    1.0
    """
    real, synthetic = _standardise(*check_pair(X_real, X_synthetic))
    radii = _radii(real, k_neighbors)
    blocks = pairwise_distances_chunked(
        synthetic, real, reduce_func=lambda block, start: (block <= radii).sum(axis=1)
    )
    inside = np.concatenate(list(blocks))
    return float(inside.mean() / k_neighbors)


def nearest_original_distance(X_real: ArrayLike, X_synthetic: ArrayLike) -> NDArray[np.float64]:
    """Distance of each synthetic row to its nearest original.

    In units of the median distance of an original to its nearest other
    original, exact duplicates left out. Values near 0 are copies; values far
    above 1 are rows where no original is.

    Parameters
    ----------
    X_real : array-like of shape (n_real, n_features)
        Original rows; all features are standardised with their statistics.
    X_synthetic : array-like of shape (n_synthetic, n_features)
        Synthetic rows.

    Returns
    -------
    ndarray of shape (n_synthetic,)
        0 for an exact copy. If all originals are the same row, the unit is one
        of the standardised features.

    Notes
    -----
    Two neighbour searches, at worst quadratic in the number of rows; memory
    grows with ``n_synthetic * n_features``. As distance to the closest record
    it is the usual test of copying for synthetic tables.

    References
    ----------
    Z. Zhao, A. Kunar, R. Birke, L. Y. Chen, "CTAB-GAN: Effective table data
    synthesizing", ACML 2021.

    Examples
    --------
    >>> from sklearn_imbgen.metrics import nearest_original_distance
    >>> nearest_original_distance([[0.0], [2.0], [4.0]], [[2.0], [5.0]]).round(6)
    array([0. , 0.5])
    """
    real, synthetic = _standardise(*check_pair(X_real, X_synthetic))
    index = NearestNeighbors(n_neighbors=1).fit(real)
    among = index.kneighbors()[0][:, 0]
    apart = among[among > _rounding(real)]
    unit = np.median(apart) if len(apart) else 1.0
    nearest = index.kneighbors(synthetic, return_distance=False)[:, 0]
    # the search rounds; the difference of a copy is exactly zero
    distances: NDArray[np.float64] = np.linalg.norm(synthetic - real[nearest], axis=1) / unit
    return distances


def intrusion_rate(X_real: ArrayLike, X_synthetic: ArrayLike, X_other: ArrayLike) -> float:
    """Share of the synthetic rows that lie nearer to another class than to their own.

    Such rows are what over-sampling is blamed for most: they teach a classifier
    the wrong label in the region of another class.

    Parameters
    ----------
    X_real : array-like of shape (n_real, n_features)
        Original rows of the class; all features are standardised with their
        statistics.
    X_synthetic : array-like of shape (n_synthetic, n_features)
        Synthetic rows of the class.
    X_other : array-like of shape (n_other, n_features)
        Original rows of the other classes, at least one.

    Returns
    -------
    float
        Between 0 and 1, lower is better; a tie is no intrusion. Judge it next
        to the overlap of the originals themselves, which is rarely 0.

    Notes
    -----
    Two neighbour searches, at worst ``n_synthetic * (n_real + n_other)``
    distances. It is the error of a nearest-neighbour classifier on the
    synthetic rows.

    References
    ----------
    T. M. Cover, P. E. Hart, "Nearest neighbor pattern classification", IEEE
    Transactions on Information Theory 13(1), 1967.

    Examples
    --------
    >>> from sklearn_imbgen.metrics import intrusion_rate
    >>> intrusion_rate([[0.0], [1.0]], [[0.5], [1.8]], [[2.0], [3.0]])
    0.5
    """
    checked = check_pair(X_real, X_synthetic)
    others = check_rows(X_other, "X_other", min_rows=1)
    check_same_columns(checked[0], others, "X_other")
    real, synthetic, other = _standardise(*checked, others)
    to_own, to_other = (
        NearestNeighbors(n_neighbors=1).fit(rows).kneighbors(synthetic)[0][:, 0]
        for rows in (real, other)
    )
    return float(np.mean(to_other < to_own - _rounding(real)))


def _standardise(real: Rows, *others: Rows) -> tuple[Rows, ...]:
    """All sets with the means and standard deviations of the first."""
    scaler = StandardScaler().fit(real)
    return tuple(scaler.transform(rows) for rows in (real, *others))


def _rounding(rows: Rows) -> float:
    return float(ROUNDING * np.sqrt(rows.shape[1]))


def _radii(real: Rows, k_neighbors: int) -> NDArray[np.float64]:
    """Distance of each original to its k-th nearest other one, and a trifle for rounding."""
    if not isinstance(k_neighbors, numbers.Integral) or k_neighbors < 1:
        raise ValueError(f"k_neighbors must be an integer of at least 1; got {k_neighbors!r}.")
    if len(real) <= k_neighbors:
        raise ValueError(
            f"k_neighbors={k_neighbors} needs at least {k_neighbors + 1} rows in X_real, which "
            f"has {len(real)}; lower k_neighbors."
        )
    distances, _ = NearestNeighbors(n_neighbors=k_neighbors).fit(real).kneighbors()
    radii: NDArray[np.float64] = distances[:, -1] + _rounding(real)
    return radii
