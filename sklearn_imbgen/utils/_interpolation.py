"""Neighbours of the rows of a class, and points between a row and one of them."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from imblearn.utils import check_neighbors_object
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import check_random_state

from sklearn_imbgen._typing import Array
from sklearn_imbgen.exceptions import FewSamplesWarning
from sklearn_imbgen.utils._validation import plain

Rows = NDArray[np.intp]
StepLaw = Callable[[Array, Array, np.random.RandomState], Array]

# Up to this many rows the search is exact; more are searched in groups of at most as many.
GROUP_ROWS = 16384


class Pairs(NamedTuple):
    """Rows to interpolate between and how far to go from base to neighbor."""

    base: NDArray[np.intp]
    neighbor: NDArray[np.intp]
    step: NDArray[np.float64]


def uniform_step(base: Array, neighbor: Array, random_state: np.random.RandomState) -> Array:
    """Step law of SMOTE: uniform on [0, 1] (section 2.3.1.2)."""
    return random_state.uniform(size=len(base))


def interpolate(start: Array, end: Array, step: Array) -> Array:
    """Points ``start + step * (end - start)``, one step per row (section 2.3.1.2).

    They are in the dtype of ``start``.
    """
    return start + step[:, None].astype(start.dtype) * (end - start)


def draw_pairs(
    rows: Array,
    n_pairs: int,
    *,
    k_neighbors: Any,
    random_state: Any,
    step_law: StepLaw = uniform_step,
    table: NDArray[np.intp] | None = None,
) -> Pairs:
    """Draw base rows, one of the k nearest neighbors of each, and a step.

    ``rows`` are those of one class, at least two. Neighbors are looked up for the drawn base rows
    only, so the cost follows ``n_pairs`` and ``len(rows)``, not their squares; a ``table`` of
    :func:`neighbor_table` takes the place of ``k_neighbors`` where pairs are drawn again and again.
    ``step_law(base, neighbor, random_state)`` gets row indices.
    """
    random_state = check_random_state(random_state)
    base = random_state.randint(len(rows), size=n_pairs)
    if table is None:
        search = clone(check_neighbors_object("k_neighbors", k_neighbors, additional_neighbor=1))
        queried, position = np.unique(base, return_inverse=True)
        nearest = search.fit(rows).kneighbors(rows[queried], return_distance=False)
        others = without_self(nearest, queried)
    else:
        others, position = table, base
    neighbor = others[position, random_state.randint(others.shape[1], size=n_pairs)]
    return Pairs(base, neighbor, step_law(base, neighbor, random_state))


def neighbor_table(rows: Array, k_neighbors: Any, *, group_rows: int = GROUP_ROWS) -> Rows:
    """Row numbers of the nearest neighbors of each row of a class, itself not among them.

    An integer ``k_neighbors`` looks among ``group_rows`` rows at most. A larger class is halved at
    the median of its widest feature until its groups are no larger, so that time grows with the
    rows and not with their square; neighbors beyond the border of a group are missed. An estimator
    with the ``kneighbors`` API is fitted on a clone and asked as it is; its ``n_neighbors`` counts
    the row itself, as imbalanced-learn has it.
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
    return nearest[~is_self].reshape(len(rows), -1)


def fewer_neighbors(k_neighbors: Any, n_rows: int) -> Any:
    """``k_neighbors`` lowered to what a class of ``n_rows`` rows has.

    An integer counts the neighbors; an estimator's ``n_neighbors`` counts the row itself too.

    >>> fewer_neighbors(5, 3)
    2
    """
    if _asked(k_neighbors) < n_rows:
        return k_neighbors
    if isinstance(k_neighbors, int | np.integer):
        return n_rows - 1
    return clone(k_neighbors).set_params(n_neighbors=n_rows)


def _asked(k_neighbors: Any) -> int:
    is_number = isinstance(k_neighbors, int | np.integer)
    return int(k_neighbors) if is_number else getattr(k_neighbors, "n_neighbors", 0) - 1


def warn_of_few_rows(k_neighbors: Any, sizes: Mapping[Any, int]) -> None:
    """Say by one ``FewSamplesWarning`` which classes have fewer rows than neighbors asked for."""
    asked = _asked(k_neighbors)
    small = [(label, size) for label, size in sizes.items() if size <= asked]
    if not small:
        return
    label, size = min(small, key=lambda pair: pair[1])
    others = f" It is lowered for {len(small) - 1} other classes too." if small[1:] else ""
    warnings.warn(
        f"Class {plain(label)!r} has {size} rows: its number of neighbors is lowered from "
        f"{asked} to {size - 1}.{others}",
        FewSamplesWarning,
        stacklevel=2,
    )
