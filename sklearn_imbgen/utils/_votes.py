"""The vote of several workers: proportions, majority and certainty."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_imbgen.utils._label_matrix import CrowdLabels
from sklearn_imbgen.utils._truth_inference import floored_log, row_shares

__all__ = [
    "VoteModel",
    "certainty_of_votes",
    "majority_codes",
    "vote_model",
    "vote_proportions",
]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

# Log posteriors nearer than this differ by rounding only.
EQUAL_LOGS = 1e-9


class VoteModel(NamedTuple):
    """What the vote says of the classes, shape (n_classes,), and of all workers together.

    ``confusion[a, b]`` is how often a label is b in rows whose vote is a.
    """

    prior: Floats
    confusion: Floats


def vote_proportions(labels: CrowdLabels) -> Floats:
    """Share of each class among the labels of each row, shape (n_samples, n_classes).

    Examples
    --------
    >>> from sklearn_imbgen.utils import check_label_matrix
    >>> vote_proportions(check_label_matrix([[0, 1, 1, 1], [0, -1, -1, 1]])).tolist()
    [[0.25, 0.75], [0.5, 0.5]]
    """
    per_row = np.bincount(labels.sample, minlength=labels.n_samples)
    proportions: Floats = labels.vote_counts() / per_row[:, None]
    return proportions


def vote_model(labels: CrowdLabels) -> VoteModel:
    """Prior and pooled confusion according to the vote; tied classes share a row evenly."""
    counts = labels.vote_counts()
    shares = _winners(counts).astype(np.float64)
    shares /= shares.sum(axis=1, keepdims=True)
    return VoteModel(shares.mean(axis=0), row_shares(shares.T @ counts))


def majority_codes(labels: CrowdLabels, model: VoteModel | None = None) -> Codes:
    """Class with the most votes of each row, shape (n_samples,).

    A tie goes to the class that eq. 3.2 makes likeliest with one prior and one
    confusion matrix for all workers, both taken from the vote. So a tie does not
    go to one class by rule: of a rare class that is often missed, tied labels
    are better evidence than of a frequent one that is rarely missed. Where even
    that is equal, the first of the tied classes in sorted order is taken.

    Parameters
    ----------
    labels : CrowdLabels
    model : VoteModel, default=None
        Decides ties; None takes that of ``labels``.

    Examples
    --------
    In the first row each class has two votes. Four rows of five are "a", and
    still the tie goes to "b": workers miss "b" often and "a" never.

    >>> from sklearn_imbgen.utils import check_label_matrix
    >>> rows = [list("aabb")] + [list("aaaa")] * 20 + [list("abbb")] * 4
    >>> majority_codes(check_label_matrix(rows))[:2].tolist()
    [1, 0]
    """
    counts = labels.vote_counts()
    winners = _winners(counts)
    codes: Codes = winners.argmax(axis=1)
    tied = np.flatnonzero(winners.sum(axis=1) > 1)
    if len(tied):
        prior, confusion = vote_model(labels) if model is None else model
        log_joint = counts[tied] @ floored_log(confusion).T + floored_log(prior)
        log_joint[~winners[tied]] = -np.inf
        best = log_joint.max(axis=1, keepdims=True)
        codes[tied] = (log_joint >= best - EQUAL_LOGS).argmax(axis=1)
    return codes


def certainty_of_votes(proportions: Floats, *, epsilon: float = 1e-6) -> Floats:
    """Certainty of each row from its vote proportions (eq. 3.4), shape (n_samples,).

    The mean squared distance of one-hot labels from their mean is one minus the
    sum of the squared proportions, for any number of classes.

    Examples
    --------
    >>> import numpy as np
    >>> certainty_of_votes(np.array([[1.0, 0.0], [0.5, 0.5]]), epsilon=0.5).tolist()
    [2.0, 1.0]
    """
    variance = 1.0 - np.square(proportions).sum(axis=1)
    # rounding can leave a unanimous row just below zero
    certainty: Floats = 1.0 / (np.maximum(variance, 0.0) + epsilon)
    return certainty


def _winners(counts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Where a class has the most votes of its row."""
    return np.asarray(counts == counts.max(axis=1, keepdims=True))
