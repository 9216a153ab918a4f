"""The losses of networks over the epochs."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from sklearn_imbgen.inspection._axes import (
    BLACK,
    LINE_STYLES,
    LOG_RANGE,
    MARKERS,
    PALETTE,
    draw_line,
    take_axes,
)
from sklearn_imbgen.utils import split_pipeline

History = Mapping[str, Mapping[str, Sequence[float]]]
# What skorch records: a row for each epoch, with a list of its batches.
Epochs = Sequence[Mapping[str, Any]]

MAX_COLUMNS = 3
# skorch's names, and ours
TOTALS = {"valid_loss": "validation", "train_loss": "total"}


class LossCurveDisplay:
    """Training losses per epoch, one panel per network and one line per term.

    Shows whether training settled, and which term drives the total. Build it
    with ``from_estimator`` or ``from_arrays``; the constructor stores what it
    is given.

    Parameters
    ----------
    history : mapping of str to mapping of str to sequence of float
        Per network, per term of its loss, one value for each epoch, as the
        attribute ``history_`` of a sampler. The term "total" is drawn thicker.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One for each network with a recorded epoch, in the order of ``history``.
    figure_ : matplotlib Figure
        The figure that holds the axes.

    Examples
    --------
    >>> from sklearn_imbgen.inspection import LossCurveDisplay
    >>> history = {"generator": {"adversarial": [0.9, 0.7], "total": [1.8, 1.2]}}
    >>> display = LossCurveDisplay.from_arrays(history)
    >>> [line.get_label() for line in display.axes_[0].lines]
    ['adversarial', 'total']
    """

    def __init__(self, history: History) -> None:
        self.history = history

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> "LossCurveDisplay":
        """Draw the losses that a sampler or a skorch net recorded in training.

        Parameters
        ----------
        estimator : estimator with ``history_``
            A trained sampler, such as :class:`~sklearn_imbgen.GLGAN`, or a skorch net,
            such as :class:`~sklearn_imbgen.SRATClassifier`, also as the last step of a
            Pipeline. Of a net, each term is the mean over the rows of an epoch.
        ax : matplotlib Axes or array of them, default=None
            Where to draw, one per network; None makes a figure.

        Returns
        -------
        LossCurveDisplay
            The drawn display.
        """
        trained = split_pipeline(estimator).last
        history = getattr(trained, "history_", None)
        if history is None:
            raise NotFittedError(
                f"This {type(trained).__name__} has no history_: call fit or fit_resample "
                "of a sampler or classifier with networks first."
            )
        if not isinstance(history, Mapping):
            history = {"network": net_losses(history)}
        return cls.from_arrays(history, ax=ax)

    @classmethod
    def from_arrays(cls, history: History, *, ax: Any = None) -> "LossCurveDisplay":
        """Draw recorded losses.

        Parameters
        ----------
        history : mapping of str to mapping of str to sequence of float
            As of the class.
        ax : matplotlib Axes or array of them, default=None
            Where to draw, one per network; None makes a figure.

        Returns
        -------
        LossCurveDisplay
            The drawn display.
        """
        return cls(history).plot(ax)

    def plot(self, ax: Any = None) -> "LossCurveDisplay":
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or array of them, default=None
            Where to draw, one per network; None makes a figure.

        Returns
        -------
        LossCurveDisplay
            The display, with ``figure_`` and ``axes_``.
        """
        trained = {
            network: terms
            for network, terms in self.history.items()
            if any(map(len, terms.values()))
        }
        if not trained:
            raise ValueError("history holds no epoch: train for at least one.")
        n_rows = math.ceil(len(trained) / MAX_COLUMNS)
        self.figure_, self.axes_, _ = take_axes(
            ax,
            len(trained),
            "LossCurveDisplay.plot",
            n_columns=math.ceil(len(trained) / n_rows),
            panel_size=(4.6, 3.4),
        )
        for panel, (network, terms) in zip(self.axes_, trained.items(), strict=True):
            _draw_terms(panel, terms)
            panel.set(title=network, xlabel="epoch", ylabel="loss")
        return self


def net_losses(epochs: Epochs) -> dict[str, list[float]]:
    """Terms of a skorch net's loss per epoch: means over batches, weighted by their rows."""
    recorded = [name for row in epochs for batch in row["batches"] for name in batch]
    found = [name for name in dict.fromkeys(recorded) if name.endswith("_loss")]
    # the total last, as in the histories of samplers
    names = [name for name in found if name not in TOTALS]
    names += [name for name in TOTALS if name in found]
    terms = {}
    for name in names:
        values = [_epoch_mean(row["batches"], name) for row in epochs]
        terms[TOTALS.get(name, name.removesuffix("_loss"))] = values
    return terms


def _epoch_mean(batches: Sequence[Mapping[str, Any]], name: str) -> float:
    """Mean of what the batches recorded; NaN for an epoch without."""
    size = "valid_batch_size" if name == "valid_loss" else "train_batch_size"
    counted = [batch for batch in batches if name in batch]
    n_rows = sum(batch.get(size, 1) for batch in counted)
    if not n_rows:
        return math.nan
    return float(sum(batch[name] * batch.get(size, 1) for batch in counted) / n_rows)


def _draw_terms(ax: Any, terms: Mapping[str, Sequence[float]]) -> None:
    """One line per term; the total in black, thicker, and drawn last."""
    others = [term for term in terms if term != "total"]
    for position, term in enumerate(others):
        style = {
            "color": PALETTE[position % len(PALETTE)],
            "linestyle": LINE_STYLES[position % len(LINE_STYLES)],
            "marker": MARKERS[position % len(MARKERS)],
        }
        draw_line(ax, terms[term], label=term, linewidth=1.3, **style)
    if "total" in terms:
        style = {"color": BLACK, "linestyle": "-", "marker": "."}
        draw_line(ax, terms["total"], label="total", linewidth=2.6, **style)
    ax.set_yscale(_scale(np.concatenate([np.asarray(v, float) for v in terms.values()])))
    # below: curves that fall or rise leave no corner free for sure
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16), "frameon": False}
    ax.legend(fontsize="small", ncols=2, **place)


def _scale(values: NDArray[np.float64]) -> str:
    """Axis that shows all values, on both sides of zero where a loss becomes negative.

    NaN and infinity of a divergence are left out.
    """
    values = values[np.isfinite(values)]
    sizes = np.abs(values[values != 0])
    if not len(sizes) or sizes.max() <= LOG_RANGE * sizes.min():
        return "linear"
    if values.min() > 0:
        return "log"
    # linear between -1 and 1, which is enough if nothing is far outside
    return "symlog" if sizes.max() > LOG_RANGE else "linear"
