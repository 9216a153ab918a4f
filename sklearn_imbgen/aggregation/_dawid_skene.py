"""Dawid and Skene's EM: each worker weighed by an estimated confusion matrix."""

import warnings
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval, StrOptions
from tqdm.auto import tqdm

from sklearn_imbgen.aggregation._base import BaseAggregator, Judgement
from sklearn_imbgen.aggregation._labels import CrowdLabels
from sklearn_imbgen.aggregation._truth_inference import (
    SmoothingTarget,
    annotation_matrix,
    confusion_counts,
    floored_log,
    label_log_likelihood,
    maximize_confusion,
    mean_posterior,
    posterior_from,
    vote_proportions,
)

Floats = NDArray[np.float64]


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

    ``prior`` is of shape (n_classes,) or (n_samples, n_classes); None takes the mean posterior at
    every iteration. Iterations end when the expected counts d(w, a, b) change by less than ``tol``
    of all labels. They determine all that comes after, with any prior and smoothing; the
    log-likelihood rises at every iteration only without smoothing. Time and memory of an
    iteration are linear in the number of labels.
    """
    annotations = annotation_matrix(labels)
    counts: Floats | None = None
    converged, history = False, []
    with tqdm(total=max_iter, desc="EM", unit="iteration", disable=not verbose) as bar:
        for _ in range(max_iter):
            previous, counts = counts, confusion_counts(annotations, posterior)
            confusion = maximize_confusion(counts, smoothing=smoothing, target=target)
            class_prior = mean_posterior(posterior) if prior is None else prior
            log_likelihood = label_log_likelihood(annotations, np.log(confusion))
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


class DawidSkene(BaseAggregator):
    """Infer labels and the confusion matrix of each worker from each other.

    The EM algorithm of section 3.2.3: from the shares of the vote, count how
    often each worker gives which label for which true class, infer the labels
    anew with these matrices (eq. 3.2), and so on. A worker who errs in one
    direction, or always says the same, is seen through, unlike in a vote.

    Parameters
    ----------
    prior : {"estimated", "uniform"} or array-like of shape (n_classes,), default="estimated"
        Probability of each class before any label: the mean posterior, even, or
        given in sorted order of the classes. "estimated" follows imbalance;
        "uniform" holds a rare class up at the price of false alarms.
    smoothing : float, default=1.0
        Pseudo-labels per worker and class, which keep matrices of workers with
        few labels from zeros and ones. 0 is the chapter's equation. On four real
        crowds 1 to 3 inferred better than 0 where workers gave few labels, and
        alike where they gave many.
    smoothing_target : {"pooled", "uniform"}, default="pooled"
        How pseudo-labels are spread: as the labels of all workers, or evenly,
        which takes newcomers for guessers.
    max_iter : int, default=300
        Iterations at most. Sparse crowds take 50 to 200.
    tol : float, default=1e-5
        Ends the iterations when the counts of true by given labels change by
        less than this share of all labels.
    missing_label : label, default=-1
        Marks "not labelled", beside None, NaN and masked entries, which always do.
    warm_start : bool, default=False
        Let ``fit`` go on from the matrices of the last one; workers must be the
        same and no class new.
    verbose : int, default=0
        A progress bar if above 0.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
        The likeliest label of each row of ``fit``.
    label_proba_ : ndarray of shape (n_samples, n_classes)
        Posterior of each class.
    classes_ : ndarray of shape (n_classes,)
        The labels that occur, sorted.
    workers_ : ndarray of shape (n_workers,)
        Column names of a dataframe, else 0, 1, ...
    worker_confusion_ : ndarray of shape (n_workers, n_classes, n_classes)
        ``[w, a, b]`` is the probability that worker w says b where a is true,
        psi of the chapter. What a worker never met is as in all workers together.
    worker_error_rate_ : ndarray of shape (n_workers,)
        Probability of a wrong label: that of each class, weighted with ``class_prior_``.
        NaN if nobody else labelled any of the worker's rows.
    class_prior_ : ndarray of shape (n_classes,)
        Class probabilities used, phi of the chapter.
    history_ : dict of str to list of float
        "log_likelihood": the mean over rows at each iteration. It never falls
        with ``smoothing=0``.
    n_iter_ : int
        Iterations of the last ``fit``.
    converged_ : bool
        Whether ``tol`` was reached.

    Warns
    -----
    ConvergenceWarning
        If ``max_iter`` ended the iterations.

    See Also
    --------
    MajorityVote : All workers count the same.

    Notes
    -----
    Time and memory are linear in the number of labels given.

    Examples
    --------
    The third worker always says 0, and in the last row the vote is tied.

    >>> from sklearn_imbgen.crowd import DawidSkene
    >>> worker_labels = [[0, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 0], [-1, 1, 0]]
    >>> aggregator = DawidSkene().fit(worker_labels)
    >>> aggregator.labels_.tolist()
    [0, 1, 0, 1, 1]
    >>> aggregator.worker_error_rate_.argmax()
    np.int64(2)
    """

    _parameter_constraints: dict[str, Any] = {
        **BaseAggregator._parameter_constraints,
        "prior": [StrOptions({"estimated", "uniform"}), "array-like"],
        "smoothing": [Interval(Real, 0, None, closed="left")],
        "smoothing_target": [StrOptions({"pooled", "uniform"})],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        prior: str | ArrayLike = "estimated",
        smoothing: float = 1.0,
        smoothing_target: SmoothingTarget = "pooled",
        max_iter: int = 300,
        tol: float = 1e-5,
        missing_label: Any = -1,
        warm_start: bool = False,
        verbose: Any = 0,
    ) -> None:
        self.prior = prior
        self.smoothing = smoothing
        self.smoothing_target = smoothing_target
        self.max_iter = max_iter
        self.tol = tol
        self.missing_label = missing_label
        self.warm_start = warm_start
        self.verbose = verbose

    def _encode_for_fit(self, worker_labels: Any) -> CrowdLabels:
        if self._goes_on():
            return self._encode(worker_labels)
        return super()._encode_for_fit(worker_labels)

    def _goes_on(self) -> bool:
        return self.warm_start and hasattr(self, "worker_confusion_")

    def _learn(self, labels: CrowdLabels) -> Judgement:
        start = self._judge(labels).proba if self._goes_on() else vote_proportions(labels)
        result = dawid_skene(
            labels,
            start,
            prior=_fixed_prior(self.prior, labels.n_classes),
            smoothing=self.smoothing,
            target=self.smoothing_target,
            max_iter=self.max_iter,
            tol=self.tol,
            verbose=bool(self.verbose),
        )
        self.class_prior_, self.worker_confusion_ = result.prior, result.confusion
        self.history_ = {"log_likelihood": result.history}
        self.n_iter_, self.converged_ = len(result.history), result.converged
        if not result.converged:
            warnings.warn(
                f"DawidSkene stopped after max_iter={self.max_iter} iterations before tol="
                f"{self.tol} was reached. Raise max_iter or tol, or raise smoothing if workers "
                "gave few labels.",
                ConvergenceWarning,
                stacklevel=4,
            )
        return _likeliest(result.posterior)

    def _judge(self, labels: CrowdLabels) -> Judgement:
        log_likelihood = label_log_likelihood(labels, np.log(self.worker_confusion_))
        return _likeliest(posterior_from(log_likelihood, floored_log(self.class_prior_))[0])


def _likeliest(posterior: Floats) -> Judgement:
    return Judgement(posterior.argmax(axis=1), posterior)


def _fixed_prior(prior: str | ArrayLike, n_classes: int) -> Floats | None:
    """Class probabilities, or None if they are to be estimated."""
    if isinstance(prior, str):
        return None if prior == "estimated" else np.full(n_classes, 1 / n_classes)
    given = np.asarray(prior, dtype=np.float64)
    if given.shape != (n_classes,):
        raise ValueError(
            f"prior must have one probability for each of the {n_classes} classes, in sorted "
            f"order of the labels; got shape {given.shape}."
        )
    if not (given >= 0).all() or not np.isclose(given.sum(), 1.0):
        raise ValueError(f"prior must hold probabilities that sum to 1; got {given.tolist()}.")
    return given
