"""The workers of a crowd: how much each labelled, how well, and with which confusions."""

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_scalar

from sklearn_imbgen._typing import Array
from sklearn_imbgen.aggregation import (
    check_label_matrix,
    confusion_counts,
    error_rates,
    maximize_confusion,
)
from sklearn_imbgen.inspection._annotator_panels import (
    draw_bars,
    draw_matrices,
    draw_points,
    new_axes,
    short_name,
)
from sklearn_imbgen.inspection._axes import counted, largest_first, take_axes
from sklearn_imbgen.metrics import annotator_report, labels_and_truth
from sklearn_imbgen.utils import fitted_part

SHOWN_BARS = 20
# How the workers whose matrices are shown are chosen, and how a title says it.
ORDERS = {"volume": "with most labels", "error_rate": "with the highest error rate"}
PURPOSE = "AnnotatorDisplay.plot"


class AnnotatorDisplay:
    """Workers at a glance: error rate, volume and confusion matrices.

    Shows who labelled most, who errs, and in which direction. Build it with
    ``from_estimator``, ``from_labels`` or ``from_arrays``; the constructor stores
    what it is given.

    Parameters
    ----------
    worker_confusion : ndarray of shape (n_workers, n_classes, n_classes)
        ``[w, a, b]``: how often worker w says b where a is true.
    n_labels : ndarray of shape (n_workers,)
        How many labels each worker gave.
    classes : ndarray of shape (n_classes,)
        Names of the classes.
    workers : ndarray of shape (n_workers,)
        Names of the workers.
    error_rate : ndarray of shape (n_workers,)
        Share of wrong labels of each worker.
    looks_like : ndarray of shape (n_workers,)
        What kind of worker each looks like, in the words of
        :func:`~sklearn_imbgen.metrics.annotator_report`.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Error rate over volume, volume, then one for each confusion matrix shown.
    figure_ : matplotlib Figure
        The figure that holds the axes.

    See Also
    --------
    LabelInferenceDisplay : The rows instead of the workers.
    sklearn_imbgen.metrics.annotator_report : The same in figures.

    Notes
    -----
    A worker without any label has no error rate of their own and is no point in
    the first panel, which says so. Volumes that lie far apart are on a
    logarithmic axis there. Bars are those of the 20 workers with most labels.
    Beyond five classes the matrices hold no figures, beyond ten no names.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_imbgen.inspection import AnnotatorDisplay
    >>> truth = np.repeat([0, 1], [40, 20])
    >>> worker_labels = np.column_stack([truth, truth, truth, 1 - truth])
    >>> display = AnnotatorDisplay.from_labels(worker_labels)
    >>> display.looks_like.tolist()
    ['ok', 'ok', 'ok', 'adversary']
    >>> len(display.axes_)
    6
    """

    def __init__(
        self,
        worker_confusion: Array,
        n_labels: Array,
        *,
        classes: Array,
        workers: Array,
        error_rate: Array,
        looks_like: Array,
    ) -> None:
        self.worker_confusion = worker_confusion
        self.n_labels = n_labels
        self.classes = classes
        self.workers = workers
        self.error_rate = error_rate
        self.looks_like = looks_like

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        worker_labels: Any,
        *,
        n_matrices: int = 12,
        order: str = "volume",
        ax: Any = None,
    ) -> "AnnotatorDisplay":
        """Draw the workers as a fitted estimator sees them.

        Parameters
        ----------
        estimator : estimator with ``worker_confusion_``
            Such as :class:`~sklearn_imbgen.crowd.DawidSkene` or
            :class:`~sklearn_imbgen.crowd.ICEDClassifier`, also as the last step of
            a Pipeline, in a search, or in ``AggregateThenFit``.
        worker_labels : array-like or sparse matrix of shape (n_samples, n_workers)
            The label matrix that it was fitted on: the volume and the kind of
            each worker, who is compared with the inferred labels, come from it.
        n_matrices, order, ax
            As of :meth:`plot`.

        Returns
        -------
        AnnotatorDisplay
            The drawn display.

        Raises
        ------
        NotFittedError
            If the estimator knows no workers.
        ValueError
            If ``worker_labels`` has other rows or workers than those of ``fit``.
        """
        fitted = fitted_part(estimator, "worker_confusion_")
        missing_label = getattr(fitted, "missing_label", -1)
        labels = check_label_matrix(worker_labels, missing_label=missing_label)
        shape = len(fitted.labels_), len(fitted.workers_)
        if (labels.n_samples, labels.n_workers) != shape:
            raise ValueError(
                f"worker_labels has shape {(labels.n_samples, labels.n_workers)}, but "
                f"{type(fitted).__name__} was fitted on {shape}: pass the label matrix of fit."
            )
        report = annotator_report(worker_labels, fitted.labels_, missing_label=missing_label)
        return cls.from_arrays(
            fitted.worker_confusion_,
            report["n_labels"],
            classes=fitted.classes_,
            workers=fitted.workers_,
            error_rate=fitted.worker_error_rate_,
            looks_like=report["looks_like"],
            n_matrices=n_matrices,
            order=order,
            ax=ax,
        )

    @classmethod
    def from_labels(
        cls,
        worker_labels: Any,
        y: ArrayLike | None = None,
        *,
        missing_label: Any = -1,
        n_matrices: int = 12,
        order: str = "volume",
        ax: Any = None,
    ) -> "AnnotatorDisplay":
        """Draw the workers of a label matrix.

        Parameters
        ----------
        worker_labels : array-like or sparse matrix of shape (n_samples, n_workers)
            See :func:`~sklearn_imbgen.aggregation.check_label_matrix`.
        y : array-like of shape (n_samples,), default=None
            True labels. None takes the posterior of Dawid and Skene's model in
            their place, as :func:`~sklearn_imbgen.metrics.annotator_report` does.
        missing_label : label, default=-1
            What stands for "not labelled".
        n_matrices, order, ax
            As of :meth:`plot`.

        Returns
        -------
        AnnotatorDisplay
            The drawn display.
        """
        report = annotator_report(worker_labels, y, missing_label=missing_label)
        labels, truth = labels_and_truth(worker_labels, y, missing_label)
        confusion = maximize_confusion(confusion_counts(labels, truth))
        return cls.from_arrays(
            confusion,
            report["n_labels"],
            classes=labels.classes,
            workers=labels.workers,
            error_rate=error_rates(confusion, truth.mean(axis=0)),
            looks_like=report["looks_like"],
            n_matrices=n_matrices,
            order=order,
            ax=ax,
        )

    @classmethod
    def from_arrays(
        cls,
        worker_confusion: ArrayLike,
        n_labels: ArrayLike,
        *,
        classes: Any = None,
        workers: Any = None,
        error_rate: ArrayLike | None = None,
        looks_like: Any = None,
        n_matrices: int = 12,
        order: str = "volume",
        ax: Any = None,
    ) -> "AnnotatorDisplay":
        """Draw workers whose figures are known.

        Parameters
        ----------
        worker_confusion, n_labels : array-like
            As of the class.
        classes : array-like of shape (n_classes,), default=None
            Names of the classes; None numbers them.
        workers : array-like of shape (n_workers,), default=None
            Names of the workers; None numbers them.
        error_rate : array-like of shape (n_workers,), default=None
            Share of wrong labels; None takes classes to be equally frequent.
        looks_like : array-like of shape (n_workers,), default=None
            What kind of worker each looks like; None takes all to be "ok".
        n_matrices, order, ax
            As of :meth:`plot`.

        Returns
        -------
        AnnotatorDisplay
            The drawn display.
        """
        confusion = np.asarray(worker_confusion, dtype=np.float64)
        if confusion.ndim != 3 or confusion.shape[1] != confusion.shape[2] or not confusion.size:
            raise ValueError(
                "worker_confusion must have shape (n_workers, n_classes, n_classes); got "
                f"{confusion.shape}."
            )
        n_workers, n_classes = confusion.shape[:2]
        if error_rate is None:
            error_rate = error_rates(confusion, np.full(n_classes, 1 / n_classes))
        per_worker = {
            "n_labels": n_labels,
            "workers": range(n_workers) if workers is None else workers,
            "error_rate": error_rate,
            "looks_like": ["ok"] * n_workers if looks_like is None else looks_like,
        }
        columns = {k: _one_each(v, n_workers, k, "worker") for k, v in per_worker.items()}
        classes = range(n_classes) if classes is None else classes
        display = cls(
            confusion, classes=_one_each(classes, n_classes, "classes", "class"), **columns
        )
        return display.plot(ax, n_matrices=n_matrices, order=order)

    def plot(
        self, ax: Any = None, *, n_matrices: int = 12, order: str = "volume"
    ) -> "AnnotatorDisplay":
        """Draw the panels.

        Parameters
        ----------
        ax : array of matplotlib Axes, default=None
            Where to draw, two and one per matrix; None makes a figure.
        n_matrices : int, default=12
            Confusion matrices shown at most; 0 shows none.
        order : {"volume", "error_rate"}, default="volume"
            Whose matrices are shown: workers with most labels, or who err most.

        Returns
        -------
        AnnotatorDisplay
            The display, with ``figure_`` and ``axes_``.
        """
        check_scalar(n_matrices, "n_matrices", Integral, min_val=0)
        if order not in ORDERS:
            raise ValueError(f"order must be one of {list(ORDERS)}; got {order!r}.")
        active = np.flatnonzero(self.n_labels > 0)
        values = self.n_labels if order == "volume" else self.error_rate
        shown = largest_first(values, active)[:n_matrices]
        if ax is None:
            words = counted(len(shown), len(active), "workers", ORDERS[order])
            self.figure_, self.axes_ = new_axes(len(shown), PURPOSE)
        else:
            words = None
            self.figure_, self.axes_, _ = take_axes(ax, 2 + len(shown), PURPOSE)
        self._plot_matrices(shown, words)
        self._plot_bars(largest_first(self.n_labels, np.arange(len(self.n_labels))))
        self._plot_points(active)
        return self

    def _plot_points(self, active: NDArray[np.intp]) -> None:
        active = active[~np.isnan(self.error_rate[active])]
        n_out = len(self.workers) - len(active)
        left_out = f"\n(without {n_out} worker(s) whose errors are not known)" if n_out else ""
        self.axes_[0].set_title(f"error rate by volume, {len(active)} workers{left_out}")
        draw_points(
            self.axes_[0],
            self.n_labels[active],
            self.error_rate[active],
            self.workers[active],
            self.looks_like[active],
            len(self.classes),
        )

    def _plot_bars(self, order: NDArray[np.intp]) -> None:
        shown = order[:SHOWN_BARS]
        words = counted(len(shown), len(order), "workers", ORDERS["volume"])
        draw_bars(self.axes_[1], self.n_labels[shown], self.workers[shown], self.looks_like[shown])
        self.axes_[1].set_title(f"volume, {words}")

    def _plot_matrices(self, shown: NDArray[np.intp], words: str | None) -> None:
        heading = words and f"confusion matrices, {words} (share of each true label's rows)"
        titles = map(self._title, shown)
        confusion = self.worker_confusion[shown]
        draw_matrices(self.axes_[2:], confusion, self.classes, list(titles), heading)

    def _title(self, worker: int) -> str:
        name, kind = self.workers[worker], self.looks_like[worker]
        name = short_name(name) if isinstance(name, str) else f"worker {name}"
        flag = "" if kind == "ok" else f"\n{kind}"
        return f"{name}: error {self.error_rate[worker]:.2f}{flag}"


def _one_each(values: Any, n_needed: int, name: str, what: str) -> Array:
    array = np.asarray(values)
    if array.shape != (n_needed,):
        raise ValueError(f"{name} must hold one value per {what}, {n_needed}; got {array.shape}.")
    return array
