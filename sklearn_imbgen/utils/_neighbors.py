"""Nearest neighbors of all rows of a class, in time linear in its rows."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from imblearn.utils import check_neighbors_object
from numpy.typing import NDArray
from sklearn.base import clone

from sklearn_imbgen._typing import Array

__all__ = ["neighbor_table", "without_self"]

Rows = NDArray[np.intp]

# Up to this many rows the search is exact; more are searched in groups of at most as many.
GROUP_ROWS = 16384


def neighbor_table(rows: Array, k_neighbors: Any, *, group_rows: int = GROUP_ROWS) -> Rows:
    """Nearest neighbors of each row, the row itself not among them.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        The rows of one class, at least two.
    k_neighbors : int or estimator
        Number of neighbors, the row itself not counted, or an object with the
        ``kneighbors`` API (fitted here on a clone), whose ``n_neighbors`` then
        counts the row itself, as imbalanced-learn has it.
    group_rows : int, default=16384
        An integer ``k_neighbors`` looks among so many rows at most. A larger class
        is halved at the median of its widest feature until its groups are no
        larger, so that time grows with the rows and not with their square;
        neighbors beyond the border of a group are missed. An estimator is asked
        as it is.

    Returns
    -------
    ndarray of shape (n_rows, n_neighbors)
        Row numbers.

    Examples
    --------
    >>> neighbor_table(np.array([[0.0], [1.0], [3.0]]), 1).ravel().tolist()
    [1, 0, 1]
    """
    search = check_neighbors_object("k_neighbors", k_neighbors, additional_neighbor=1)
    if not isinstance(k_neighbors, int | np.integer):
        return _search(search, rows)
    # halves of a group still have neighbors enough
    most = max(group_rows, 2 * (search.n_neighbors + 1))
    table = np.empty((len(rows), search.n_neighbors - 1), dtype=np.intp)
    for group in _groups(rows, np.arange(len(rows)), most):
        table[group] = group[_search(search, rows[group])]
    return table


def _groups(rows: Array, group: Rows, most: int) -> Iterator[Rows]:
    """Row numbers in groups of at most ``most``, as the leaves of a k-d tree."""
    if len(group) <= most:
        yield group
        return
    widest = rows[group].var(axis=0).argmax()
    half = len(group) // 2
    order = np.argpartition(rows[group, widest], half)
    yield from _groups(rows, group[np.sort(order[:half])], most)
    yield from _groups(rows, group[np.sort(order[half:])], most)


def _search(search: Any, rows: Array) -> Rows:
    nearest = clone(search).fit(rows).kneighbors(rows, return_distance=False)
    return without_self(nearest, np.arange(len(rows)))


def without_self(nearest: Rows, rows: Rows) -> Rows:
    """Drop each row from its own neighbor list (or the last one, among duplicates)."""
    is_self = nearest == rows[:, None]
    # among exact duplicates a row need not be its own nearest neighbor
    is_self[~is_self.any(axis=1), -1] = True
    kept: Rows = nearest[~is_self].reshape(len(rows), -1)
    return kept
