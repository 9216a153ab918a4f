"""How far workers agree, and what kind of worker each of them looks like."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_imbgen.aggregation import (
    CrowdLabels,
    check_label_matrix,
    confusion_counts,
    dawid_skene,
    judged_workers,
    vote_proportions,
)
from sklearn_imbgen.metrics._columns import ColumnReport
from sklearn_imbgen.utils import (
    check_row_order,
    name_some,
    one_hot_labels,
    plain,
    refuse_label_matrix,
)

Floats = NDArray[np.float64]

# The thresholds of "looks_like"; annotator_report documents them.
FEW_LABELS = 10
UNCERTAIN = 0.08
NEARLY_ALL = 0.98
UNINFORMATIVE = 0.1
CLEARLY = 2.0
# A class met by less than half a row, as posteriors count, has not been met.
MET = 0.5


class AnnotatorReport(ColumnReport):
    """What :func:`annotator_report` returns, a column for each figure, a row for each worker."""


def krippendorff_alpha(worker_labels: Any, *, missing_label: Any = -1) -> float:
    """Agreement of the workers beyond chance: Krippendorff's alpha for classes.

    One minus the disagreement observed over the disagreement expected if the
    labels were dealt out by chance. Any number of workers, and missing labels;
    rows with a single label have nothing to compare and do not count.

    Parameters
    ----------
    worker_labels : array-like or sparse matrix of shape (n_samples, n_workers)
        See :func:`~sklearn_imbgen.aggregation.check_label_matrix`.
    missing_label : label, default=-1
        What stands for "not labelled".

    Returns
    -------
    float
        1 if all agree, 0 for agreement by chance, below 0 if they agree less.

    Raises
    ------
    ValueError
        If no row has two labels, or if all labels are of one class, for which
        chance would agree as well.

    References
    ----------
    K. Krippendorff, "Computing Krippendorff's alpha-reliability", 2011,
    sections C and E.

    Examples
    --------
    >>> from sklearn_imbgen.metrics import krippendorff_alpha
    >>> krippendorff_alpha([["a", "a"], ["a", "b"], ["b", "b"], ["b", None]])
    0.444...
    """
    labels = check_label_matrix(worker_labels, missing_label=missing_label)
    counts = labels.vote_counts()
    counts = counts[counts.sum(axis=1) > 1]
    if len(counts) == 0:
        raise ValueError("worker_labels has no row with two labels, so nobody can agree.")
    per_class, n_labels = counts.sum(axis=0), int(counts.sum())
    if (per_class > 0).sum() == 1:
        only = plain(labels.classes[per_class.argmax()])
        raise ValueError(
            f"Where worker_labels has two labels in a row, all are {only!r}: with one class there "
            "is no agreement beyond chance."
        )
    observed = ((counts**2).sum(axis=1) - counts.sum(axis=1)) / (counts.sum(axis=1) - 1)
    chance = float(n_labels**2 - (per_class**2).sum()) / (n_labels - 1)
    return float(1 - (n_labels - observed.sum()) / chance)


def annotator_report(
    worker_labels: Any, y: ArrayLike | None = None, *, missing_label: Any = -1
) -> AnnotatorReport:
    """Describe each worker: how much labelled, how well, and what stands out.

    Parameters
    ----------
    worker_labels : array-like or sparse matrix of shape (n_samples, n_workers)
        See :func:`~sklearn_imbgen.aggregation.check_label_matrix`.
    y : array-like of shape (n_samples,), default=None
        True labels. None takes the posterior of Dawid and Skene's model in their
        place: every row counts for each class by its probability. That is as
        good as the crowd is, and says nothing of a worker whose rows nobody else
        labelled.
    missing_label : label, default=-1
        What stands for "not labelled".

    Returns
    -------
    AnnotatorReport
        A dict of arrays of shape (n_workers,) that prints as a table:

        - "worker": name of the column, or its number;
        - "n_labels", and "share", the share of all rows;
        - "agreement": share of the labels that equal the vote of the others on
          the row; of t tied classes each counts 1/t;
        - "accuracy";
        - "balanced_accuracy": mean recall of the classes that the worker met;
        - "recall_<class>" for each class: how often its rows were seen as such;
        - "informativeness": how much the label tells of the truth, from 0 (the
          same labels whatever the truth) to 1, by the distance between the
          confusion rows. Who errs at rate e, evenly over K classes, has
          ``1 - e * K / (K - 1)``; who errs always in the same way, still 1;
        - "most_given" and "most_given_share": the label used most;
        - "looks_like": see Notes.

        NaN stands where there is nothing to compare: no label, neither a true label
        nor anybody else's on the worker's rows, a class that the worker never met.

    Raises
    ------
    ValueError
        If a row has no label, or y not one label per row.

    Notes
    -----
    "looks_like" is the first that holds, to be read as a hint:

    - "always one label": one label makes up 98 % of at least 10, the
      informativeness is below 0.1, and at least 3 rows were of other classes;
    - "few labels": fewer than 10, or so few of some class that the standard
      error of the balanced accuracy exceeds 0.08 (with two classes, about ten
      rows of the smaller one are needed), or two rows of one class only;
    - "adversary": the balanced accuracy is more than two standard errors below
      that of someone who gives the same labels as often, but at random;
    - "spammer": the informativeness is below 0.1, no better than chance;
    - "ok".

    It is "not known" without ``y`` for a worker whose rows nobody else labelled.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_imbgen.metrics import annotator_report
    >>> truth = np.repeat([0, 1], [40, 20])
    >>> votes = np.column_stack([truth, truth, 1 - truth, 0 * truth])
    >>> report = annotator_report(votes, truth)
    >>> report["looks_like"].tolist(), report["recall_1"].tolist()
    (['ok', 'ok', 'adversary', 'always one label'], [1.0, 1.0, 0.0, 0.0])
    """
    labels, truth = labels_and_truth(worker_labels, y, missing_label)
    given = np.zeros((labels.n_workers, labels.n_classes))
    np.add.at(given, (labels.worker, labels.code), 1)
    n_labels = given.sum(axis=1).astype(np.intp)
    counts = confusion_counts(labels, truth)
    known = judged_workers(labels) if y is None else np.ones(labels.n_workers, dtype=bool)
    counts[~known] = 0.0
    n_rows = counts.sum(axis=2)
    met = n_rows > MET
    confusion = _divide(counts, np.where(met, n_rows, 0.0)[..., None])
    recall = np.diagonal(confusion, axis1=1, axis2=2)
    report = AnnotatorReport(
        worker=labels.workers,
        n_labels=n_labels,
        share=n_labels / labels.n_samples,
        agreement=agreement_with_others(labels),
        accuracy=_divide(np.trace(counts, axis1=1, axis2=2), np.where(known, n_labels, 0)),
        balanced_accuracy=_mean_where(met, recall),
    )
    for name, column in zip(labels.classes.tolist(), recall.T, strict=True):
        report[f"recall_{name}"] = column
    report["informativeness"] = informativeness(confusion, n_rows)
    most_given = labels.classes[given.argmax(axis=1)].astype(object)
    most_given[n_labels == 0] = None
    report["most_given"] = most_given
    report["most_given_share"] = _divide(given.max(axis=1), n_labels)
    looks_like = _looks_like(report, confusion, n_rows)
    report["looks_like"] = np.where(known | (n_labels == 0), looks_like, "not known")
    return report


def agreement_with_others(labels: CrowdLabels) -> Floats:
    """Share of each worker's labels that win the vote of the others; a tie of t counts 1/t."""
    others = labels.vote_counts()[labels.sample]
    own = np.arange(len(labels.code)), labels.code
    others[own] -= 1
    best = others == others.max(axis=1, keepdims=True)
    compared = others.any(axis=1)
    agrees = np.where(compared, best[own] / best.sum(axis=1), 0.0)
    total = np.bincount(labels.worker, compared, minlength=labels.n_workers)
    return _divide(np.bincount(labels.worker, agrees, minlength=labels.n_workers), total)


def informativeness(confusion: Floats, n_rows: Floats) -> Floats:
    """How far the rows of each worker's confusion matrix lie apart, from 0 to 1.

    Root of half the squared distance between two rows, averaged over the pairs
    of classes. What chance alone adds to it, p (1 - p) / (n - 1) for a share p of n
    rows, is taken off first: otherwise few rows would make anyone informative.
    Classes of fewer than two rows do not count; a worker left with fewer than two gets NaN.
    """
    known = n_rows >= 2
    noise = (confusion * (1 - confusion)).sum(axis=2) / np.where(known, n_rows - 1, 1.0)
    one, two = np.triu_indices(confusion.shape[1], k=1)
    squared = ((confusion[:, one] - confusion[:, two]) ** 2).sum(axis=2)
    mean = _mean_where(known[:, one] & known[:, two], squared - noise[:, one] - noise[:, two])
    return np.sqrt(np.clip(mean / 2, 0.0, 1.0))


def standard_error(recall: Floats, n_rows: Floats, met: NDArray[np.bool_]) -> Floats:
    """Standard error of each worker's balanced accuracy.

    One right and one wrong row are added to each class, so that a recall of one
    from a single row is not certain.
    """
    shrunk = (recall * n_rows + 1) / (n_rows + 2)
    variance = np.where(met, shrunk * (1 - shrunk) / np.where(met, n_rows, 1.0), 0.0)
    return _divide(np.sqrt(variance.sum(axis=1)), met.sum(axis=1))


def _looks_like(report: AnnotatorReport, confusion: Floats, n_rows: Floats) -> NDArray[np.str_]:
    """The flag of each worker, by the rules in the Notes of annotator_report."""
    met = n_rows > MET
    recall = np.diagonal(confusion, axis1=1, axis2=2)
    error = standard_error(recall, n_rows, met)
    # the recall, per class, of someone who gives the same labels at random
    same_at_random = _divide(np.nansum(confusion, axis=1), met.sum(axis=1)[:, None])
    chance = _mean_where(met, same_at_random)
    others = n_rows.sum(axis=1) - n_rows.max(axis=1)
    enough = report["n_labels"] >= FEW_LABELS
    uninformative = report["informativeness"] < UNINFORMATIVE
    one_label = report["most_given_share"] >= NEARLY_ALL
    return np.select(
        [
            enough & one_label & uninformative & (others >= 3),
            ~enough | ~(error <= UNCERTAIN) | np.isnan(report["informativeness"]),
            report["balanced_accuracy"] + CLEARLY * error < chance,
            uninformative,
        ],
        ["always one label", "few labels", "adversary", "spammer"],
        default="ok",
    )


def labels_and_truth(
    worker_labels: Any, y: ArrayLike | None, missing_label: Any
) -> tuple[CrowdLabels, Floats]:
    """Labels, and the probability of each class per row, shape (n_samples, n_classes)."""
    labels = check_label_matrix(worker_labels, missing_label=missing_label)
    if y is None:
        return labels, dawid_skene(labels, vote_proportions(labels), smoothing=1.0).posterior
    check_row_order(worker_labels, y, "y", "worker_labels")
    refuse_label_matrix(y)
    y = one_hot_labels(y)
    if np.ndim(y) != 1:
        raise ValueError(f"y must hold one true label per row; got shape {np.shape(y)}.")
    try:
        truth = check_label_matrix(y)
    except ValueError as error:
        raise ValueError(str(error).replace("worker_labels", "y")) from error
    if truth.n_samples != labels.n_samples:
        raise ValueError(f"y has {truth.n_samples} rows but worker_labels has {labels.n_samples}.")
    if not set(labels.classes.tolist()) & set(truth.classes.tolist()):
        raise ValueError(
            f"No label of y ({name_some(truth.classes)}) is one that the workers gave "
            f"({name_some(labels.classes)}): both must be written alike, also in type."
        )
    if labels.classes.dtype == truth.classes.dtype != object:
        classes = np.union1d(labels.classes, truth.classes)
    else:
        every = [*labels.classes.tolist(), *truth.classes.tolist()]
        classes = check_label_matrix(np.fromiter(every, dtype=object)).classes
    labels = check_label_matrix(worker_labels, missing_label=missing_label, classes=classes)
    return labels, np.eye(len(classes))[check_label_matrix(y, classes=classes).code]


def _mean_where(counted: NDArray[np.bool_], values: Floats) -> Floats:
    """Mean along the second axis of what counts, NaN where nothing does."""
    return _divide(np.where(counted, values, 0.0).sum(axis=1), counted.sum(axis=1))


def _divide(part: Any, whole: Any) -> Floats:
    """Quotient, NaN where the whole is nothing."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), np.nan)
