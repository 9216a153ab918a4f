"""Which classes are small."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["under_represented"]


def under_represented(counts: ArrayLike) -> NDArray[np.bool_]:
    """The half of the classes with the fewest training rows.

    Of an odd number the middle one is not among them; of equal ones the first is taken
    to be the larger.

    Parameters
    ----------
    counts : array-like of shape (n_classes,)

    Returns
    -------
    ndarray of bool of shape (n_classes,)

    Examples
    --------
    >>> from sklearn_imbgen.metrics import under_represented
    >>> under_represented([10, 500, 20]).tolist()
    [True, False, False]
    """
    sizes = np.asarray(counts)
    largest_first = np.argsort(-sizes, kind="stable")
    under = np.zeros(len(sizes), dtype=bool)
    under[largest_first[len(sizes) - len(sizes) // 2 :]] = True
    return under
