"""True labels and workers' confusion from the labels of several workers (section 3.2.3)."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from tqdm.auto import tqdm

from sklearn_imbgen.utils._label_matrix import CrowdLabels

__all__ = [
    "LABEL_FLOOR",
    "PROBABILITY_FLOOR",
    "TruthInference",
    "confusion_counts",
    "dawid_skene",
    "error_rates",
    "floored_log",
    "label_log_likelihood",
    "maximize_confusion",
    "mean_posterior",
    "pooled_confusion",
    "posterior_from",
    "row_shares",
]

Floats = NDArray[np.float64]
SmoothingTarget = Literal["pooled", "uniform"]

# A prior below this counts as this, so that its logarithm is finite.
PROBABILITY_FLOOR = 1e-10

# Exponentials of less are zero or inexact.
LOG_UNDERFLOW = -600.0

# A label that a worker never gave counts as this many, so that no logarithm is of zero.
LABEL_FLOOR = 1e-10


class TruthInference(NamedTuple):
    """Result of :func:`dawid_skene`.

    ``posterior`` (n_samples, n_classes) follows from ``confusion`` (n_workers, n_classes,
    n_classes) and ``prior`` (as given, or (n_classes,) if estimated) by eq. 3.2. ``history``
    has the mean log-likelihood of a row at each iteration; ``converged`` is False if
    ``max_iter`` ended the iterations.
    """

    posterior: Floats
    confusion: Floats
    prior: Floats
    history: list[float]
    converged: bool


def floored_log(probability: ArrayLike) -> Floats:
    """Logarithm of probabilities, none taken to be below ``PROBABILITY_FLOOR``.

    Examples
    --------
    >>> floored_log([1.0, 0.0]).round(3).tolist()
    [0.0, -23.026]
    """
    logarithm: Floats = np.log(np.maximum(probability, PROBABILITY_FLOOR))
    return logarithm


def row_shares(counts: Floats) -> Floats:
    """Counts as probabilities along the last axis, none of them zero, even without counts.

    Examples
    --------
    >>> import numpy as np
    >>> row_shares(np.array([[3.0, 1.0], [0.0, 0.0]])).tolist()
    [[0.75, 0.25], [0.5, 0.5]]
    """
    floored = np.maximum(counts, LABEL_FLOOR)
    shares: Floats = floored / floored.sum(axis=-1, keepdims=True)
    return shares


def confusion_counts(labels: CrowdLabels, posterior: Floats) -> Floats:
    """Expected counts d(w, a, b): true class a, labelled b by worker w (section 3.2.3).

    Shape (n_workers, n_classes, n_classes); with a one-hot ``posterior`` these
    are plain counts.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_imbgen.utils import check_label_matrix
    >>> labels = check_label_matrix([[0, 1], [1, -1]])
    >>> confusion_counts(labels, np.array([[0.75, 0.25], [0.0, 1.0]]))[0].tolist()
    [[0.75, 0.0], [0.25, 1.0]]
    """
    return _count(_annotation_matrix(labels), posterior)


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
    >>> import numpy as np
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


def error_rates(confusion: Floats, prior: Floats) -> Floats:
    """Share of wrong labels of each worker: error of each class times its prior, summed.

    Examples
    --------
    >>> import numpy as np
    >>> error_rates(np.array([[[0.75, 0.25], [0.5, 0.5]]]), np.array([0.5, 0.5])).tolist()
    [0.375]
    """
    rates: Floats = 1.0 - np.diagonal(confusion, axis1=1, axis2=2) @ prior
    return np.maximum(rates, 0.0)


def mean_posterior(posterior: Floats) -> Floats:
    """Mean of each class over rows: phi of section 3.2.3, shape (n_classes,).

    Examples
    --------
    >>> import numpy as np
    >>> mean_posterior(np.array([[1.0, 0.0], [0.5, 0.5]])).tolist()
    [0.75, 0.25]
    """
    # a product, since numpy sums the rows of a narrow matrix slowly
    return np.ones(len(posterior)) @ posterior / len(posterior)


def label_log_likelihood(labels: CrowdLabels, log_confusion: Floats) -> Floats:
    """Log of the product over workers in eq. 3.2, shape (n_samples, n_classes).

    Workers who did not label a row do not count there.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_imbgen.utils import check_label_matrix
    >>> log_confusion = np.log([[[0.8, 0.2], [0.4, 0.6]], [[0.5, 0.5], [0.1, 0.9]]])
    >>> labels = check_label_matrix([[0, 1], [1, -1]])
    >>> np.exp(label_log_likelihood(labels, log_confusion)).round(3).tolist()
    [[0.4, 0.36], [0.2, 0.6]]
    """
    return _log_likelihood(_annotation_matrix(labels), log_confusion)


def posterior_from(log_likelihood: Floats, log_prior: Floats) -> tuple[Floats, Floats]:
    """Bayes's theorem, eq. 3.2: the E-step.

    Parameters
    ----------
    log_likelihood : ndarray of shape (n_samples, n_classes)
    log_prior : ndarray of shape (n_classes,) or (n_samples, n_classes)
        One for all rows, or one per row.

    Returns
    -------
    posterior : ndarray of shape (n_samples, n_classes)
    evidence : ndarray of shape (n_samples,)
        Log-probability of the labels of each row; their sum is the
        log-likelihood. The prior enters it once per row.

    Examples
    --------
    >>> import numpy as np
    >>> posterior, evidence = posterior_from(np.log([[0.3, 0.1]]), np.log([0.5, 0.5]))
    >>> posterior.round(3).tolist(), np.exp(evidence).round(3).tolist()
    ([[0.75, 0.25]], [0.2])
    """
    joint = log_likelihood + log_prior
    # numpy is slow along a short axis: the peak is looked for only where the
    # exponential needs it, and sums are products with ones
    shift = np.zeros((len(joint), 1))
    if joint.min() < LOG_UNDERFLOW:
        shift = joint.max(axis=1, keepdims=True)
        joint -= shift
    posterior = np.exp(joint, out=joint)
    total = posterior @ np.ones((posterior.shape[1], 1))
    posterior /= total
    return posterior, (np.log(total) + shift)[:, 0]


def dawid_skene(
    labels: CrowdLabels,
    posterior: Floats,
    *,
    prior: Floats | None = None,
    smoothing: float = 0.0,
    target: SmoothingTarget = "pooled",
    max_iter: int = 300,
    tol: float = 1e-5,
    verbose: bool = False,
) -> TruthInference:
    """Repeat M-step and E-step from a first posterior (section 3.2.3).

    Time and memory of an iteration are linear in the number of labels.

    Parameters
    ----------
    labels : CrowdLabels
    posterior : ndarray of shape (n_samples, n_classes)
        The start, for example the vote proportions.
    prior : ndarray of shape (n_classes,) or (n_samples, n_classes), default=None
        Class probabilities for all rows or per row; None estimates them as the
        mean posterior at every iteration.
    smoothing, target
        See :func:`maximize_confusion`.
    max_iter : int, default=300
    tol : float, default=1e-5
        Iterations end when the expected counts d(w, a, b) change by less than
        this share of all labels. They determine all that comes after, so they
        stand still just where everything does, with any prior and smoothing.
        The log-likelihood does not tell: it rises at every iteration only
        without smoothing.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    TruthInference

    Examples
    --------
    >>> from sklearn_imbgen.utils import check_label_matrix, vote_proportions
    >>> labels = check_label_matrix([[0, 0, 1], [0, 0, 0], [1, 1, 0], [1, 1, 1]])
    >>> dawid_skene(labels, vote_proportions(labels)).posterior.round(3).tolist()
    [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
    """
    annotations = _annotation_matrix(labels)
    counts: Floats | None = None
    converged, history = False, []
    with tqdm(total=max_iter, desc="EM", unit="iteration", disable=not verbose) as bar:
        for _ in range(max_iter):
            previous, counts = counts, _count(annotations, posterior)
            confusion = maximize_confusion(counts, smoothing=smoothing, target=target)
            class_prior = mean_posterior(posterior) if prior is None else prior
            log_likelihood = _log_likelihood(annotations, np.log(confusion))
            posterior, evidence = posterior_from(log_likelihood, floored_log(class_prior))
            history.append(float(evidence.mean()))
            bar.set_postfix(log_likelihood=history[-1], refresh=False)
            bar.update()
            if previous is not None:
                # a label that moves leaves one count and enters another
                moved = np.abs(counts - previous).sum() / 2
                converged = bool(moved <= tol * annotations.nnz)
                if converged:
                    break
    return TruthInference(posterior, confusion, class_prior, history, converged)


def _annotation_matrix(labels: CrowdLabels) -> sparse.csr_array:
    """Indicator of "row i has label b of worker w", the column being w * n_classes + b.

    Both steps of EM are products with it.
    """
    n_cells = labels.n_workers * labels.n_classes
    per_row = np.bincount(labels.sample, minlength=labels.n_samples)
    starts = np.concatenate([[0], np.cumsum(per_row)])
    cell = labels.worker * labels.n_classes + labels.code
    return sparse.csr_array((np.ones(len(cell)), cell, starts), (labels.n_samples, n_cells))


def _count(annotations: sparse.csr_array, posterior: Floats) -> Floats:
    n_classes = posterior.shape[1]
    by_cell: Floats = annotations.T @ posterior
    return by_cell.reshape(-1, n_classes, n_classes).transpose(0, 2, 1)


def _log_likelihood(annotations: sparse.csr_array, log_confusion: Floats) -> Floats:
    by_cell = log_confusion.transpose(0, 2, 1).reshape(-1, log_confusion.shape[1])
    log_likelihood: Floats = annotations @ by_cell
    return log_likelihood
