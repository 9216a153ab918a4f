"""Variation that a small class borrows from the rows of all classes."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import entropy

from sklearn_imbgen._typing import Array


def within_class_covariance(rows: Array, codes: Array) -> NDArray[np.float64]:
    """Covariance of the rows around the mean of their class, pooled over classes, in float64.

    Every row counts alike, so it is mostly the majority's.
    """
    centred = rows.astype(np.float64)
    for code in np.unique(codes):
        centred[codes == code] -= centred[codes == code].mean(axis=0)
    return centred.T @ centred / len(rows)


def effective_dimension(covariance: Array) -> float:
    """How many directions carry the variance: the effective rank.

    The exponential of the entropy of the eigenvalues, taken as shares of their
    sum (O. Roy and M. Vetterli, "The effective rank", EUSIPCO 2007). Between 1
    (all along one direction) and the number of features (equal in all); 0 if
    nothing varies.
    """
    variances = np.linalg.eigvalsh(covariance).clip(min=0.0)
    return float(np.exp(entropy(variances))) if variances.any() else 0.0


def variation_share(dimension: float, n_rows: int) -> float:
    """Share of the pooled covariance that a class of ``n_rows`` rows borrows.

    ``dimension / (dimension + n_rows)``: near 1 for a class with fewer rows
    than directions, whose own rows tell next to nothing about its shape, and
    near 0 for one that shows its shape itself.
    """
    return dimension / (dimension + n_rows) if dimension > 0 else 0.0


def draw_class_pairs(
    codes: NDArray[np.intp], n_pairs: int, random_state: np.random.RandomState
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Two different rows of one class per pair; classes come up as often as their rows.

    At least one class has two rows. For any columns of the rows, ``(X[first] - X[second]) /
    sqrt(2)`` has mean zero and the within-class covariance, pooled over the classes of two rows
    and more, each with its unbiased estimate.
    """
    counts = np.bincount(codes)
    by_class = np.argsort(codes, kind="stable")
    starts = np.cumsum(counts) - counts
    # places in by_class of the rows that have another of their class
    places = np.flatnonzero(counts[codes[by_class]] > 1)
    drawn = random_state.choice(places, size=n_pairs)
    code = codes[by_class[drawn]]
    # any of the others: one to count - 1 places further on, around the class
    steps = 1 + np.floor(random_state.uniform(size=n_pairs) * (counts[code] - 1)).astype(np.intp)
    others = starts[code] + (drawn - starts[code] + steps) % counts[code]
    return by_class[drawn], by_class[others]


def same_class_differences(
    tables: tuple[Array, ...],
    codes: NDArray[np.intp],
    n_rows: int,
    share: float,
    random_state: np.random.RandomState,
) -> list[Array]:
    """Differences of two rows of one class, with ``share`` of the pooled covariance.

    ``tables`` hold what is known of the same rows: the same pairs are taken in each.
    """
    first, second = draw_class_pairs(codes, n_rows, random_state)
    # half: the difference of two rows has twice the covariance of one
    weight = np.sqrt(share / 2)
    return [table.dtype.type(weight) * (table[first] - table[second]) for table in tables]
