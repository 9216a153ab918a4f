"""Which rows the networks of ICED see first (algorithm 3.1); no torch."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["WARM_UPS", "warm_up_groups"]

# "graded" is ICED-w of table 3.3, "all" Trad-I, "certain" Trad-II.
WARM_UPS = ("graded", "all", "certain")
# The groups of algorithm 3.1 that are trained on; all less certain rows are the fourth.
N_CERTAIN = 3


def warm_up_groups(certainty: NDArray[np.float64], strategy: str) -> list[NDArray[np.intp]]:
    """Rows of each stage of the warm-up, in the order of training.

    Parameters
    ----------
    certainty : ndarray of shape (n_samples,)
        Label certainty of each row (eq. 3.4).
    strategy : {"graded", "all", "certain"}
        "all": every row at once. "graded": the rows of the third highest certainty,
        then those of the second, then those of the highest, as in algorithm 3.1.
        "certain": these three groups at once.

    Returns
    -------
    list of ndarray
        Row indices. Fewer groups where there are fewer values of certainty.

    Examples
    --------
    >>> certainty = np.array([9.0, 1.0, 2.0, 3.0, 9.0])
    >>> [group.tolist() for group in warm_up_groups(certainty, "graded")]
    [[2], [3], [0, 4]]
    """
    if strategy == "all":
        return [np.arange(len(certainty))]
    # equal proportions may differ in their last digits
    value = np.unique(certainty.round(9), return_inverse=True)[1]
    highest = value.max()
    first = max(0, highest - N_CERTAIN + 1)
    if strategy == "certain":
        return [np.flatnonzero(value >= first)]
    return [np.flatnonzero(value == v) for v in range(first, highest + 1)]
