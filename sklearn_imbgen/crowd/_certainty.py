"""How far the workers agree on each row."""

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_scalar

from sklearn_imbgen.utils import certainty_of_votes, check_label_matrix, vote_proportions

__all__ = ["label_certainty"]


def label_certainty(
    worker_labels: Any, *, epsilon: float = 1e-6, missing_label: Any = -1
) -> NDArray[np.float64]:
    """Certainty of each row: the inverse variance of its labels (eq. 3.4).

    With the share p_c of each class among the labels of the row it is
    ``1 / (1 - sum_c p_c**2 + epsilon)``: the expected squared distance of one-hot
    labels from their mean, for any number of classes.

    Parameters
    ----------
    worker_labels : array-like or sparse matrix of shape (n_samples, n_workers)
        As in :meth:`MajorityVote.fit`.
    epsilon : float, default=1e-6
        Keeps the certainty of unanimous rows finite, at ``1 / epsilon``. The
        smaller, the more their neighbours pull synthetic rows towards them
        in eq. 3.5; the order of rows does not depend on it. Must be above 0.
    missing_label : label, default=-1
        Marks "not labelled", beside None, NaN and masked entries, which always do.

    Returns
    -------
    ndarray of shape (n_samples,)
        From ``n_classes / (n_classes - 1)`` or so, at a tie of all classes, to
        ``1 / epsilon``.

    Raises
    ------
    ValueError
        If a row has no label or if epsilon is not above 0.

    Notes
    -----
    The equation looks at shares, not at numbers: a row with one label is as
    certain as one with ten that agree.

    Examples
    --------
    >>> from sklearn_imbgen.crowd import label_certainty
    >>> label_certainty([[1, 1, 1], [1, 0, -1]], epsilon=0.5).tolist()
    [2.0, 1.0]
    """
    check_scalar(epsilon, "epsilon", Real, min_val=0, include_boundaries="neither")
    labels = check_label_matrix(worker_labels, missing_label=missing_label)
    return certainty_of_votes(vote_proportions(labels), epsilon=epsilon)
