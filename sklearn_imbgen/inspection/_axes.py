"""Axes, colours, marks and words shared by the displays."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_imbgen.utils import import_extra

# Okabe and Ito's palette, told apart under the common kinds of colour blindness.
BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
VERMILLION, SKY, BLACK, YELLOW = "#D55E00", "#56B4E9", "#000000", "#F0E442"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW)
LIGHT = "#BBBBBB"

# seven, nine and four have no common factor: a combination returns late
MARKERS = ("o", "s", "^", "D", "v", "P", "<", ">", "p")
LINE_STYLES = ("-", "--", "-.", ":")

LEGEND_COLUMNS = 4
MARKED_EPOCHS = 12
# The largest value over the smallest, above which an axis is logarithmic.
LOG_RANGE = 50.0


def import_pyplot(purpose: str) -> Any:
    """Matplotlib's pyplot, or an error that says which extra brings it."""
    # an imported pyplot would hide that matplotlib itself is gone
    import_extra("matplotlib", "plots", purpose)
    return import_extra("matplotlib.pyplot", "plots", purpose)


def take_axes(
    ax: Any,
    n_axes: int,
    purpose: str,
    *,
    n_columns: int | None = None,
    panel_size: tuple[float, float] = (4.5, 4.0),
    **options: Any,
) -> tuple[Any, NDArray[np.object_], bool]:
    """Figure, axes, and whether the figure is new rather than the caller's."""
    if ax is not None:
        axes = np.ravel(np.asarray(ax, dtype=object))
        if len(axes) != n_axes:
            raise ValueError(
                f"{purpose} draws {n_axes} panel(s) but ax holds {len(axes)}; pass that "
                "many axes, or ax=None for a new figure."
            )
        return axes[0].figure, axes, False
    pyplot = import_pyplot(purpose)
    n_columns = n_axes if n_columns is None else n_columns
    n_rows = math.ceil(n_axes / n_columns)
    size = (panel_size[0] * n_columns, panel_size[1] * n_rows)
    figure, grid = pyplot.subplots(
        n_rows, n_columns, figsize=size, squeeze=False, layout="constrained", **options
    )
    axes = grid.ravel()
    for spare in axes[n_axes:]:
        spare.remove()
    return figure, axes[:n_axes], True


def add_legend(figure: Any, ax: Any, is_new: bool) -> None:
    """One legend for all panels: below a new figure, inside the axes of the caller's."""
    handles, labels = ax.get_legend_handles_labels()
    if is_new:
        place = {"loc": "outside lower center", "frameon": False}
        columns = min(len(labels), LEGEND_COLUMNS)
        legend = figure.legend(handles, labels, ncols=columns, **place)
        while columns > 1 and legend.get_window_extent().width > figure.bbox.width:
            legend.remove()
            columns -= 1
            legend = figure.legend(handles, labels, ncols=columns, **place)
    else:
        ax.legend(handles, labels)


def draw_line(ax: Any, values: Sequence[float], **style: Any) -> None:
    """One value per epoch, counted from one."""
    # few enough marks to read, and a single epoch is seen
    every = math.ceil(len(values) / MARKED_EPOCHS) or 1
    ax.plot(np.arange(1, len(values) + 1), values, markersize=4, markevery=every, **style)
    ax.xaxis.get_major_locator().set_params(integer=True)


def counted(n_shown: int, n_all: int, what: str, which: str) -> str:
    """Words of a title that say how many of all are shown.

    >>> counted(12, 200, "workers", "with most labels")
    'the 12 with most labels of 200 workers'
    """
    if n_shown < n_all:
        return f"the {n_shown} {which} of {n_all} {what}"
    return f"all {n_all} {what}"


def largest_first(values: NDArray[Any], among: NDArray[np.intp]) -> NDArray[np.intp]:
    """Those positions, the largest value first, equal ones in their order."""
    return among[np.argsort(-values[among], kind="stable")]
