"""How labels were inferred: accuracy and class prior over the rounds, certainty of the rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import column_or_1d

from sklearn_imbgen._typing import Array
from sklearn_imbgen.inspection._axes import (
    BLACK,
    LINE_STYLES,
    LOG_RANGE,
    MARKERS,
    PALETTE,
    draw_line,
    largest_first,
    take_axes,
)
from sklearn_imbgen.utils import fitted_part, labels_of_rows

Curve = Sequence[float]

PROBABILITY = "probability of the inferred label"
VOTE = "certainty of the vote (inverse variance, eq. 3.4)"
# Terms of ``history_["inference"]`` of a classifier; "prior of cat" is the share of class cat.
ACCURACY, PRIOR = "accuracy", "prior of "
# More lines than this in a panel cannot be told apart.
SHOWN_CLASSES = 7
# Areas of more classes hide each other.
FILLED_CLASSES = 3
N_BINS = 20


class LabelInferenceDisplay:
    """Inferred labels: accuracy and class prior over the rounds, certainty of the rows.

    Shows whether inference settled, whether a small class was lost on the way,
    and of how many rows the label is doubtful. Build it with ``from_estimator`` or
    ``from_arrays``; the constructor stores what it is given, and ``plot`` draws a
    panel for everything that is there.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,)
        The inferred label of each row.
    certainty : ndarray of shape (n_samples,)
        How certain each of them is.
    accuracy : sequence of float, default=()
        Share of rows inferred right, one value per round.
    class_prior : mapping of label to sequence of float, default=None
        Share of each class, one value per round.
    log_likelihood : sequence of float, default=()
        Mean log-likelihood of a row, one value per iteration of EM.
    certainty_name : str, default="probability of the inferred label"
        Name of the axis of ``certainty``.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Of accuracy, log-likelihood and class prior those that are known, then
        the certainty.
    figure_ : matplotlib Figure
        The figure that holds the axes.

    See Also
    --------
    AnnotatorDisplay : The workers instead of the rows.

    Notes
    -----
    The histogram shows shares of the rows of each class, so that a small class
    is seen beside a large one. Certainties that lie far apart are on a
    logarithmic axis. Of more than seven classes the largest and the six smallest are
    shown.

    Examples
    --------
    >>> from sklearn_imbgen.crowd import DawidSkene
    >>> from sklearn_imbgen.inspection import LabelInferenceDisplay
    >>> aggregator = DawidSkene().fit([[0, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 0]])
    >>> display = LabelInferenceDisplay.from_estimator(aggregator)
    >>> [ax.get_title() for ax in display.axes_]
    ['likelihood of the labels given', 'certainty of 4 rows']
    """

    def __init__(
        self,
        labels: Array,
        certainty: Array,
        *,
        accuracy: Curve = (),
        class_prior: Mapping[Any, Curve] | None = None,
        log_likelihood: Curve = (),
        certainty_name: str = PROBABILITY,
    ) -> None:
        self.labels = labels
        self.certainty = certainty
        self.accuracy = accuracy
        self.class_prior = class_prior
        self.log_likelihood = log_likelihood
        self.certainty_name = certainty_name

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, certainty: str = "probability", ax: Any = None
    ) -> "LabelInferenceDisplay":
        """Draw what a fitted estimator inferred about its training rows.

        Parameters
        ----------
        estimator : estimator with ``labels_`` and ``label_proba_``
            Such as :class:`~sklearn_imbgen.crowd.ICEDClassifier` or
            :class:`~sklearn_imbgen.crowd.DawidSkene`, also as the last step of a
            Pipeline, in a search, or in ``AggregateThenFit``. Curves come from
            ``history_``: the accuracy is there if the truth was given to ``fit``.
        certainty : {"probability", "vote"}, default="probability"
            What the histogram shows: the probability of the inferred label, or
            how far workers agree (``certainty_``, eq. 3.4), which not every
            estimator has.
        ax : matplotlib Axes or array of them, default=None
            Where to draw, one per panel; None makes a figure.

        Returns
        -------
        LabelInferenceDisplay
            The drawn display.

        Raises
        ------
        NotFittedError
            If the estimator inferred no labels, or has no ``certainty_`` for "vote".
        """
        if certainty not in ("probability", "vote"):
            raise ValueError(f"certainty must be 'probability' or 'vote'; got {certainty!r}.")
        by_vote = certainty == "vote"
        fitted = fitted_part(estimator, "certainty_" if by_vote else "label_proba_")
        history = getattr(fitted, "history_", {})
        terms = history.get("inference", {})
        return cls.from_arrays(
            fitted.labels_,
            fitted.certainty_ if by_vote else fitted.label_proba_.max(axis=1),
            accuracy=terms.get(ACCURACY, ()),
            class_prior={
                term.removeprefix(PRIOR): curve
                for term, curve in terms.items()
                if term.startswith(PRIOR)
            },
            log_likelihood=history.get("log_likelihood", ()),
            certainty_name=VOTE if by_vote else PROBABILITY,
            ax=ax,
        )

    @classmethod
    def from_arrays(
        cls,
        labels: ArrayLike,
        certainty: ArrayLike,
        *,
        accuracy: Curve = (),
        class_prior: Mapping[Any, Curve] | None = None,
        log_likelihood: Curve = (),
        certainty_name: str = PROBABILITY,
        ax: Any = None,
    ) -> "LabelInferenceDisplay":
        """Draw inferred labels and curves that are known.

        Parameters
        ----------
        labels, certainty : array-like of shape (n_samples,)
            The inferred label of each row, and how certain each of them is.
        accuracy, class_prior, log_likelihood, certainty_name
            As of the class.
        ax : matplotlib Axes or array of them, default=None
            Where to draw, one per panel; None makes a figure.

        Returns
        -------
        LabelInferenceDisplay
            The drawn display.
        """
        inferred = labels_of_rows(certainty, labels, "labels", "certainty")
        certain = np.asarray(column_or_1d(certainty), dtype=np.float64)
        if not len(inferred):
            raise ValueError("labels and certainty are of no row; at least one is needed.")
        if not np.isfinite(certain).all():
            row = np.flatnonzero(~np.isfinite(certain))[0]
            raise ValueError(f"certainty must be finite; row {row} holds {certain[row]}.")
        display = cls(
            inferred,
            certain,
            accuracy=accuracy,
            class_prior=class_prior,
            log_likelihood=log_likelihood,
            certainty_name=certainty_name,
        )
        return display.plot(ax)

    def plot(self, ax: Any = None) -> "LabelInferenceDisplay":
        """Draw a panel for everything that is there.

        Parameters
        ----------
        ax : matplotlib Axes or array of them, default=None
            Where to draw, one per panel; None makes a figure.

        Returns
        -------
        LabelInferenceDisplay
            The display, with ``figure_`` and ``axes_``.
        """
        priors = {k: v for k, v in (self.class_prior or {}).items() if len(v)}
        panels = [
            draw
            for draw, known in (
                (self._plot_accuracy, len(self.accuracy)),
                (self._plot_likelihood, len(self.log_likelihood)),
                (self._plot_prior, priors),
                (self._plot_certainty, True),
            )
            if known
        ]
        purpose = "LabelInferenceDisplay.plot"
        self.figure_, self.axes_, _ = take_axes(ax, len(panels), purpose, panel_size=(4.8, 3.6))
        for panel, draw in zip(self.axes_, panels, strict=True):
            draw(panel)
        return self

    def _plot_accuracy(self, ax: Any) -> None:
        draw_line(ax, self.accuracy, color=BLACK, marker=".", linewidth=2.0)
        ax.set(
            title="accuracy of the inferred labels",
            xlabel="round of inference",
            ylabel="share of rows",
        )

    def _plot_likelihood(self, ax: Any) -> None:
        draw_line(ax, self.log_likelihood, color=BLACK, marker=".", linewidth=2.0)
        ax.set(title="likelihood of the labels given", xlabel="iteration of EM")
        ax.set_ylabel("mean log-likelihood per row")

    def _plot_prior(self, ax: Any) -> None:
        priors = {label: curve for label, curve in (self.class_prior or {}).items() if len(curve)}
        last = np.array([curve[-1] for curve in priors.values()])
        shown = _pick_classes(last)
        labels = list(priors)
        for label in (labels[place] for place in shown):
            position = self._position(label)
            style = {**_style(position), "marker": MARKERS[position % len(MARKERS)]}
            draw_line(ax, priors[label], label=f"class {label}", linewidth=1.6, **style)
        ax.set(
            title=_class_title("class prior", len(shown), len(labels)), xlabel="round of inference"
        )
        ax.set(ylabel="share of rows", ylim=(0, None))
        ax.legend(fontsize="small")

    def _plot_certainty(self, ax: Any) -> None:
        classes, codes = np.unique(self.labels, return_inverse=True)
        counts = np.bincount(codes)
        shown = _pick_classes(counts)
        edges = _bin_edges(self.certainty)
        for place in shown:
            style = _style(self._position(classes[place]))
            # equal certainty of a class is one bar, whatever its size
            weights = np.full(counts[place], 1 / counts[place])
            name = f"class {classes[place]} ({counts[place]} rows)"
            values = self.certainty[codes == place]
            if len(shown) <= FILLED_CLASSES:
                ax.hist(values, edges, weights=weights, alpha=0.25, color=style["color"])
            outline = {"histtype": "step", "linewidth": 1.6, "label": name, **style}
            ax.hist(values, edges, weights=weights, **outline)
        title = f"certainty of {len(self.labels)} rows"
        ax.set(title=_class_title(title, len(shown), len(classes)), xlabel=self.certainty_name)
        ax.set(ylabel="share of the rows of the class")
        if _is_wide(self.certainty):
            ax.set_xscale("log")
        ax.legend(fontsize="small", loc="best")

    def _position(self, label: Any) -> int:
        """Place of a class among all, so that it looks the same in every panel."""
        names = {str(known) for known in [*np.unique(self.labels), *(self.class_prior or ())]}
        return sorted(names).index(str(label))


def _style(position: int) -> dict[str, Any]:
    return {
        "color": PALETTE[position % len(PALETTE)],
        "linestyle": LINE_STYLES[position % len(LINE_STYLES)],
    }


def _pick_classes(sizes: Array) -> NDArray[np.intp]:
    """The largest class and the smallest ones, which are the ones to look after."""
    order = largest_first(sizes, np.arange(len(sizes)))
    if len(order) <= SHOWN_CLASSES:
        return order
    return np.concatenate([order[:1], order[1 - SHOWN_CLASSES :]])


def _class_title(title: str, n_shown: int, n_classes: int) -> str:
    if n_shown == n_classes:
        return title
    return f"{title},\nthe largest and the {n_shown - 1} smallest of {n_classes} classes"


def _is_wide(values: Array) -> bool:
    return bool(values.min() > 0 and values.max() > LOG_RANGE * values.min())


def _bin_edges(values: Array) -> Array:
    """Edges of equal width on the axis that is drawn, around all values."""
    if _is_wide(values):
        edges = np.geomspace(values.min(), values.max(), N_BINS + 1)
        # rounding must not leave the ends outside
        edges[[0, -1]] = values.min(), values.max()
        return edges
    return np.histogram_bin_edges(values, N_BINS)
