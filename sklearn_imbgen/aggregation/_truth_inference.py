"""What labels say of rows and workers: votes, confusion matrices, Bayes's theorem (chapter 3).

All functions take encoded labels, and all that multiplies probabilities adds logarithms.
"""

from numbers import Real
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.utils import check_scalar

from sklearn_imbgen.aggregation._label_matrix import check_label_matrix
from sklearn_imbgen.aggregation._labels import CrowdLabels

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
SmoothingTarget = Literal["pooled", "uniform"]

# A prior below this counts as this, so that its logarithm is finite.
PROBABILITY_FLOOR = 1e-10

# Exponentials of logarithms farther from zero are zero, inexact or infinite.
LARGEST_LOG = 600.0

# A label that a worker never gave counts as this many, so that no logarithm is of zero.
LABEL_FLOOR = 1e-10

# A class less probable than this is no possible truth of a row.
NEGLIGIBLE = 1e-6

# Log posteriors nearer than this differ by rounding only.
EQUAL_LOGS = 1e-9


def floored_log(probability: ArrayLike) -> Floats:
    """Logarithm of probabilities, none taken to be below ``PROBABILITY_FLOOR``."""
    return np.log(np.maximum(probability, PROBABILITY_FLOOR))


def row_shares(counts: Floats) -> Floats:
    """Counts as probabilities along the last axis, none of them zero, even without counts."""
    floored = np.maximum(counts, LABEL_FLOOR)
    return floored / floored.sum(axis=-1, keepdims=True)


# The vote.


class VoteModel(NamedTuple):
    """What the vote says of the classes, shape (n_classes,), and of all workers together.

    ``confusion[a, b]`` is how often a label is b in rows whose vote is a.
    """

    prior: Floats
    confusion: Floats


def vote_proportions(labels: CrowdLabels) -> Floats:
    """Share of each class among the labels of each row, shape (n_samples, n_classes)."""
    per_row = np.bincount(labels.sample, minlength=labels.n_samples)
    return labels.vote_counts() / per_row[:, None]


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


def _winners(counts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Where a class has the most votes of its row."""
    return np.asarray(counts == counts.max(axis=1, keepdims=True))


def certainty_of_votes(proportions: Floats, *, epsilon: float) -> Floats:
    """Certainty of each row from its vote proportions (eq. 3.4), shape (n_samples,).

    The mean squared distance of one-hot labels from their mean is one minus the
    sum of the squared proportions, for any number of classes.
    """
    variance = 1.0 - np.square(proportions).sum(axis=1)
    # rounding can leave a unanimous row just below zero
    return 1.0 / (np.maximum(variance, 0.0) + epsilon)


def label_certainty(
    worker_labels: Any, *, epsilon: float = 1e-6, missing_label: Any = -1
) -> Floats:
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


def possible_truths(posterior: Floats) -> tuple[Codes, Codes, Floats]:
    """Rows, repeated once per class that they may have, these classes, and their probabilities."""
    rows, codes = np.nonzero(posterior > NEGLIGIBLE)
    return rows, codes, posterior[rows, codes]


# The M-step: workers' confusion and the prior from a posterior.


def annotation_matrix(labels: CrowdLabels) -> sparse.csr_array:
    """Indicator of "row i has label b of worker w", the column being w * n_classes + b.

    Both steps of EM are products with it.
    """
    n_cells = labels.n_workers * labels.n_classes
    per_row = np.bincount(labels.sample, minlength=labels.n_samples)
    starts = np.concatenate([[0], np.cumsum(per_row)])
    cell = labels.worker * labels.n_classes + labels.code
    return sparse.csr_array((np.ones(len(cell)), cell, starts), (labels.n_samples, n_cells))


def confusion_counts(labels: CrowdLabels | sparse.csr_array, posterior: Floats) -> Floats:
    """Expected counts d(w, a, b): true class a, labelled b by worker w (section 3.2.3).

    Shape (n_workers, n_classes, n_classes); with a one-hot ``posterior`` these
    are plain counts. In place of the labels their :func:`annotation_matrix` will do.

    Examples
    --------
    >>> labels = check_label_matrix([[0, 1], [1, -1]])
    >>> confusion_counts(labels, np.array([[0.75, 0.25], [0.0, 1.0]]))[0].tolist()
    [[0.75, 0.0], [0.25, 1.0]]
    """
    matrix = annotation_matrix(labels) if isinstance(labels, CrowdLabels) else labels
    n_classes = posterior.shape[1]
    by_cell = matrix.T @ posterior
    return by_cell.reshape(-1, n_classes, n_classes).transpose(0, 2, 1)


def pooled_confusion(counts: Floats) -> Floats:
    """Confusion of all workers together; a class that nobody met has an even row."""
    return row_shares(counts.sum(axis=0))


def maximize_confusion(
    counts: Floats, *, smoothing: float = 0.0, target: SmoothingTarget = "pooled"
) -> Floats:
    """Confusion matrices from expected counts: the M-step for psi (section 3.2.3).

    ``(d(w, a, b) + smoothing * target(a, b)) / (d(w, a) + smoothing)``; with
    ``smoothing=0`` it is the equation as written. There, a worker who never met
    a class has the pooled row of all workers.

    Parameters
    ----------
    counts : ndarray of shape (n_workers, n_classes, n_classes)
        From :func:`confusion_counts`.
    smoothing : float, default=0.0
        Pseudo-labels per worker and true class.
    target : {"pooled", "uniform"}, default="pooled"
        How they are spread: as the labels of all workers, or evenly.

    Returns
    -------
    ndarray of shape (n_workers, n_classes, n_classes)
        Rows sum to one and no entry is zero.

    Examples
    --------
    >>> counts = np.array([[[3.0, 1.0], [0.0, 2.0]]])
    >>> maximize_confusion(counts).round(6).tolist()
    [[[0.75, 0.25], [0.0, 1.0]]]
    >>> maximize_confusion(counts, smoothing=2, target="uniform").round(3).tolist()
    [[[0.667, 0.333], [0.25, 0.75]]]
    """
    pooled = pooled_confusion(counts)
    mean = pooled if target == "pooled" else np.full_like(pooled, 1 / len(pooled))
    met = counts.sum(axis=2, keepdims=True) + smoothing > LABEL_FLOOR
    return np.where(met, row_shares(counts + smoothing * mean), pooled)


def mean_posterior(posterior: Floats) -> Floats:
    """Mean of each class over rows: phi of section 3.2.3, shape (n_classes,)."""
    # a product, since numpy sums the rows of a narrow matrix slowly
    return np.ones(len(posterior)) @ posterior / len(posterior)


def error_rates(confusion: Floats, prior: Floats) -> Floats:
    """Share of wrong labels of each worker: error of each class times its prior, summed."""
    return np.maximum(1.0 - np.diagonal(confusion, axis1=1, axis2=2) @ prior, 0.0)


# The E-step: a posterior from confusion and prior.


def label_log_likelihood(labels: CrowdLabels | sparse.csr_array, log_confusion: Floats) -> Floats:
    """Log of the product over workers in eq. 3.2, shape (n_samples, n_classes).

    Workers who did not label a row do not count there. In place of the labels their
    :func:`annotation_matrix` will do.

    Examples
    --------
    >>> log_confusion = np.log([[[0.8, 0.2], [0.4, 0.6]], [[0.5, 0.5], [0.1, 0.9]]])
    >>> labels = check_label_matrix([[0, 1], [1, -1]])
    >>> np.exp(label_log_likelihood(labels, log_confusion)).round(3).tolist()
    [[0.4, 0.36], [0.2, 0.6]]
    """
    matrix = annotation_matrix(labels) if isinstance(labels, CrowdLabels) else labels
    return matrix @ log_confusion.transpose(0, 2, 1).reshape(-1, log_confusion.shape[1])


def posterior_from(log_likelihood: Floats, log_prior: Floats) -> tuple[Floats, Floats]:
    """Bayes's theorem, eq. 3.2: the E-step.

    ``log_prior`` is one for all rows, or one per row. Gives the posterior and the evidence, the
    log-probability of the labels of each row; the sum of these is the log-likelihood.
    """
    joint = log_likelihood + log_prior
    # numpy is slow along a short axis: the peak is looked for only where the
    # exponential needs it, and sums are products with ones
    shift = np.zeros((len(joint), 1))
    if joint.min() < -LARGEST_LOG or joint.max() > LARGEST_LOG:
        shift = joint.max(axis=1, keepdims=True)
        joint -= shift
    posterior = np.exp(joint, out=joint)
    total = posterior @ np.ones((posterior.shape[1], 1))
    posterior /= total
    return posterior, (np.log(total) + shift)[:, 0]
