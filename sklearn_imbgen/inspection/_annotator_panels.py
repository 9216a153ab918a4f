"""The panels of AnnotatorDisplay: error rate by volume, volume, and confusion matrices."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_imbgen._typing import Array
from sklearn_imbgen.inspection._axes import (
    BLACK,
    BLUE,
    LEGEND_COLUMNS,
    LIGHT,
    LOG_RANGE,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    import_pyplot,
)

Floats = NDArray[np.float64]

# Colour and mark of each "looks_like" of metrics.annotator_report.
STYLES = {
    "ok": (BLUE, "o"),
    "few labels": (SKY, "^"),
    "spammer": (ORANGE, "s"),
    "always one label": (PURPLE, "v"),
    "adversary": (VERMILLION, "D"),
}
NOTHING_TO_SAY = ["ok", "few labels", "not known"]
UNKNOWN_STYLE = (BLACK, "P")

MATRIX_COLUMNS = 6
MATRIX_INCHES = 2.0
TOP_SIZE = (12.0, 4.2)
# Beyond this many classes the cells of a matrix are too small for figures, then for names.
ANNOTATED_CLASSES = 5
NAMED_CLASSES = 10
# Between a cell of the diagonal and its frame, in cells.
FRAME_GAP = 0.04
NAME_LENGTH = 14
POINT_NAMES = 15
# Pixels kept free around the name of a point.
NAME_GAP = 2.0


def new_axes(n_matrices: int, purpose: str) -> tuple[Any, Array]:
    """A figure with two wide panels above a grid of small ones."""
    pyplot = import_pyplot(purpose)
    n_rows = -(-n_matrices // MATRIX_COLUMNS)
    heights = [TOP_SIZE[1], n_rows * (MATRIX_INCHES + 0.5) + 0.5][: 2 if n_rows else 1]
    figure = pyplot.figure(figsize=(TOP_SIZE[0], sum(heights)), layout="constrained")
    parts = np.ravel(figure.subfigures(len(heights), 1, height_ratios=heights))
    axes = [*parts[0].subplots(1, 2)]
    if n_rows:
        grid = parts[1].subplots(n_rows, MATRIX_COLUMNS, squeeze=False).ravel()
        for spare in grid[n_matrices:]:
            spare.remove()
        axes += [*grid[:n_matrices]]
    return figure, np.array(axes, dtype=object)


def draw_points(
    ax: Any, n_labels: Array, error_rate: Floats, workers: Array, kinds: Array, n_classes: int
) -> None:
    """Error rate over volume, one point per worker; those that stand out are named."""
    guessing = 1 - 1 / n_classes
    ax.axhline(guessing, color=LIGHT, linestyle="--", label="guessing evenly", zorder=0)
    for kind in [*STYLES, *sorted(set(kinds) - set(STYLES))]:
        chosen = kinds == kind
        if chosen.any():
            color, marker = STYLES.get(kind, UNKNOWN_STYLE)
            style = {"c": color, "marker": marker, "s": 36, "edgecolors": BLACK}
            ax.scatter(n_labels[chosen], error_rate[chosen], label=kind, linewidths=0.4, **style)
    wide = len(n_labels) > 0 and n_labels.max() > LOG_RANGE * n_labels.min()
    ax.set(
        xscale="log" if wide else "linear",
        xlabel="labels given (number)",
        ylabel="error rate (share of labels)",
    )
    ax.set_ylim(-0.03, max(guessing, error_rate.max(initial=0.0)) + 0.08)
    ax.margins(x=0.1)
    if not wide:
        ax.set_xlim(0, 1.1 * n_labels.max(initial=1))
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.17)}
    ax.legend(fontsize="small", ncols=LEGEND_COLUMNS, frameon=False, **place)
    _name_points(ax, n_labels, error_rate, workers, kinds)


def _name_points(
    ax: Any, n_labels: Array, error_rate: Floats, workers: Array, kinds: Array
) -> None:
    """Names beside the points that stand out most, where there is room for them."""
    stands_out = ~np.isin(kinds, NOTHING_TO_SAY)
    order = np.lexsort([-n_labels, -error_rate, ~stands_out])
    # the room is known when matplotlib has laid out the figure
    ax.figure.figure.draw_without_rendering()
    taken = [_point_box(point) for point in ax.transData.transform(np.c_[n_labels, error_rate])]
    n_named = 0
    for place in order:
        if n_named == POINT_NAMES:
            break
        box = _write_name(ax, (n_labels[place], error_rate[place]), workers[place], taken)
        if box is not None:
            taken.append(box)
            n_named += 1


def _write_name(ax: Any, point: tuple[Any, Any], name: Any, taken: Sequence[Any]) -> Any:
    """Write a name at a free side of its point and give its box; None if all are taken."""
    frame = ax.get_window_extent()
    for offset, side in (
        ((6, 0), "left"),
        ((-6, 0), "right"),
        ((0, 9), "center"),
        ((0, -9), "center"),
    ):
        text = ax.annotate(
            short_name(name),
            point,
            xytext=offset,
            textcoords="offset points",
            horizontalalignment=side,
            verticalalignment="center",
            fontsize="x-small",
        )
        # so that two names do not read as one
        box = text.get_window_extent().padded(NAME_GAP)
        inside = frame.x0 <= box.x0 and box.x1 <= frame.x1
        if inside and not any(box.overlaps(other) for other in taken):
            return box
        text.remove()
    return None


def _point_box(point: Floats) -> Any:
    from matplotlib.transforms import Bbox

    return Bbox.from_extents(*(point - 3), *(point + 3))


def draw_bars(ax: Any, n_labels: Array, workers: Array, kinds: Array) -> None:
    """Volume, one bar per worker, from top to bottom as given."""
    colors = [STYLES.get(kind, UNKNOWN_STYLE)[0] for kind in kinds]
    places = np.arange(len(n_labels))
    ax.barh(places, n_labels, color=colors, edgecolor=BLACK, linewidth=0.4)
    ax.set_yticks(places, [short_name(worker) for worker in workers], fontsize="small")
    ax.set_ylim(len(n_labels) - 0.4, -0.6)
    ax.set(xlabel="labels given (number)", ylabel="worker")


def draw_matrices(
    panels: Array, confusions: Floats, classes: Array, titles: Sequence[str], heading: str | None
) -> None:
    """Small multiples; with a heading, what is the same for all is written once beside them."""
    for place, (panel, confusion) in enumerate(zip(panels, confusions, strict=True)):
        image = _draw_matrix(panel, confusion, classes, titles[place])
        if heading is None:
            panel.set(xlabel="label given", ylabel="true label")
        elif place % MATRIX_COLUMNS:
            panel.tick_params(labelleft=False)
    if heading is not None and len(panels):
        part = panels[0].figure
        part.suptitle(heading)
        part.supxlabel("label given", fontsize="medium")
        part.supylabel("true label", fontsize="medium")
        if len(classes) > ANNOTATED_CLASSES:
            part.colorbar(image, ax=list(panels), label="share", shrink=0.8)


def _draw_matrix(ax: Any, confusion: Floats, classes: Array, title: str) -> Any:
    """One confusion matrix, the diagonal framed; gives the image, for a colour bar."""
    image = ax.imshow(confusion, cmap="Blues", vmin=0.0, vmax=1.0)
    n_classes = len(classes)
    if n_classes <= ANNOTATED_CLASSES:
        size = "small" if n_classes <= 3 else "xx-small"
        for true, given in np.ndindex(confusion.shape):
            share = confusion[true, given]
            color = "white" if share > 0.6 else BLACK
            place = {"horizontalalignment": "center", "verticalalignment": "center"}
            ax.text(given, true, f"{share:.2f}", color=color, fontsize=size, **place)
    if n_classes <= NAMED_CLASSES:  # in smaller cells the frame would be all there is to see
        _frame_diagonal(ax, n_classes)
    places = np.arange(n_classes) if n_classes <= NAMED_CLASSES else np.array([], dtype=int)
    names = [short_name(classes[place], 8) for place in places]
    ax.set_xticks(places, names, fontsize="x-small")
    ax.set_yticks(places, names, fontsize="x-small")
    ax.set_title(title, fontsize="small")
    return image


def _frame_diagonal(ax: Any, n_classes: int) -> None:
    from matplotlib.patches import Rectangle

    for place in range(n_classes):
        corner = (place - 0.5 + FRAME_GAP, place - 0.5 + FRAME_GAP)
        size = 1 - 2 * FRAME_GAP
        ax.add_patch(Rectangle(corner, size, size, fill=False, edgecolor=ORANGE))


def short_name(name: Any, length: int = NAME_LENGTH) -> str:
    """A name that fits beside a point or an axis.

    >>> short_name("annotator number twelve"), short_name(7)
    ('annotator numb…', '7')
    """
    text = str(name)
    return text if len(text) <= length else text[:length] + "…"
