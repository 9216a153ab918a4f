"""Accuracy under attack, by class and by the size of the attack."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_imbgen._typing import Array
from sklearn_imbgen.inspection._axes import BLACK, BLUE, LIGHT, ORANGE, VERMILLION, take_axes
from sklearn_imbgen.metrics import (
    Attack,
    AttackedRows,
    accuracy_of_classes,
    class_sizes,
    mean_of_classes,
    training_sizes,
)
from sklearn_imbgen.utils import labels_of_rows, under_represented

Floats = NDArray[np.float64]

PURPOSE = "RobustnessDisplay.plot"
# Of the radius of the bars, where none are asked for.
CURVE = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
UNIT_NAMES = {"net": "the net's input", "raw": "the features"}
BAR_WIDTH = 0.4
# with room for marks at 100
PERCENT = (0, 104)
# Inches of the curves, inches per class, and letters of a small font in an inch.
CURVE_INCHES, CLASS_INCHES, LETTERS = 5.2, 0.55, 11.0
NAME_LENGTH = 22
LINE_LENGTH = 12
ABOVE = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "frameon": False}
# above the legend
TITLE_PAD = 28


class RobustnessDisplay:
    """What an attack does to each class, and how it grows with epsilon.

    Left, the accuracy of each class without and under attack, the largest class of the
    training first and the under-represented ones shaded. Right, the means over all and
    over the under-represented classes by epsilon. Build it with ``from_estimator``,
    ``from_predictions`` or ``from_arrays``; the constructor stores what it is given.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Names of the classes.
    class_counts : ndarray of shape (n_classes,)
        Training rows of each.
    epsilons : ndarray of shape (n_epsilons,)
        Radii of the attack, from 0 on.
    accuracy : ndarray of shape (n_epsilons, n_classes)
        Accuracy of each class under each attack, NaN for a class without a row.
    epsilon : float
        That of ``epsilons`` which the bars show.
    epsilon_name : str, default="epsilon"
        What epsilon is measured in.
    title : str, default="Accuracy under attack"
        Title of the first panel.

    Attributes
    ----------
    axes_ : ndarray of two matplotlib Axes
        Bars and curves.
    figure_ : matplotlib Figure
        The figure that holds the axes.

    See Also
    --------
    sklearn_imbgen.metrics.class_accuracy_report : The bars in figures.

    Examples
    --------
    >>> from sklearn_imbgen.inspection import RobustnessDisplay
    >>> display = RobustnessDisplay.from_predictions(
    ...     list("aabb"), {0: list("aabb"), 0.1: list("aaba")}, class_counts={"a": 90, "b": 10}
    ... )
    >>> display.accuracy.tolist()
    [[1.0, 1.0], [1.0, 0.5]]
    """

    def __init__(
        self,
        classes: Array,
        class_counts: Array,
        epsilons: Floats,
        accuracy: Floats,
        *,
        epsilon: float,
        epsilon_name: str = "epsilon",
        title: str = "Accuracy under attack",
    ) -> None:
        self.classes = classes
        self.class_counts = class_counts
        self.epsilons = epsilons
        self.accuracy = accuracy
        self.epsilon = epsilon
        self.epsilon_name = epsilon_name
        self.title = title

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        epsilon: float | None = None,
        epsilons: Sequence[float] | None = None,
        class_counts: Any = None,
        norm: str | None = None,
        n_steps: int = 20,
        attack: Any = "pgd",
        units: str = "net",
        random_state: Any = 0,
        ax: Any = None,
        **attack_options: Any,
    ) -> "RobustnessDisplay":
        """Attack a fitted classifier and draw what is left of its accuracy.

        Parameters
        ----------
        estimator, X, y
            As of :func:`~sklearn_imbgen.metrics.robust_accuracy_score`.
        epsilon : float, default=None
            Of the bars. None is what the net was trained with.
        epsilons : sequence of float, default=None
            Of the curves; 0 and ``epsilon`` are added. None takes six up to twice
            ``epsilon``.
        class_counts : dict of label to int, or array-like of shape (n_classes,), default=None
            Training rows of each class, as of
            :func:`~sklearn_imbgen.metrics.class_accuracy_report`.
        norm, n_steps, attack, units, random_state, **attack_options
            As of :func:`~sklearn_imbgen.metrics.robust_accuracy_score`.
        ax : array of two matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        RobustnessDisplay
            The drawn display.
        """
        settings = Attack(norm, n_steps, attack, units, random_state, attack_options)
        rows = AttackedRows(estimator, X, y, settings)
        classes, counts = training_sizes(rows, class_counts)
        bars = rows.epsilon(epsilon)
        asked = [share * bars for share in CURVE] if epsilons is None else epsilons
        radii = sorted({0.0, bars, *(rows.epsilon(value) for value in asked)})
        accuracy = [
            accuracy_of_classes(rows.labels_, classes, mask) for mask in rows.withstand_each(radii)
        ]
        display = cls(
            classes,
            counts,
            np.array(radii),
            np.array(accuracy),
            epsilon=bars,
            epsilon_name=f"epsilon ({rows.norm}, in units of {_unit(rows.last_, units)})",
            title=f"Accuracy of {type(rows.last_).__name__}",
        )
        return display.plot(ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        predictions: Mapping[float, ArrayLike],
        *,
        class_counts: Any,
        epsilon: float | None = None,
        epsilon_name: str = "epsilon",
        ax: Any = None,
    ) -> "RobustnessDisplay":
        """Draw the accuracy of known predictions.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True labels.
        predictions : mapping of float to array-like of shape (n_samples,)
            By epsilon, predictions for the attacked rows; those for 0 are unattacked. A
            row that is wrong for one epsilon counts as wrong for larger ones.
        class_counts : dict of label to int, or array-like of shape (n_classes,)
            Training rows of each class; an array in the order of the sorted labels.
        epsilon : float, default=None
            Of the bars; None is the largest.
        epsilon_name : str, default="epsilon"
            What epsilon is measured in.
        ax : array of two matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        RobustnessDisplay
            The drawn display.
        """
        labels = labels_of_rows(y_true, y_true, "y_true")
        classes, counts = class_sizes(labels, class_counts, None)
        right = np.ones(len(labels), dtype=bool)
        accuracy = []
        for radius in sorted(predictions):
            name = f"predictions[{radius}]"
            predicted = labels_of_rows(y_true, predictions[radius], name, "y_true")
            right = right & np.asarray(predicted == labels, dtype=bool)
            accuracy.append(accuracy_of_classes(labels, classes, right))
        return cls.from_arrays(
            classes,
            counts,
            sorted(predictions),
            accuracy,
            epsilon=epsilon,
            epsilon_name=epsilon_name,
            ax=ax,
        )

    @classmethod
    def from_arrays(
        cls,
        classes: ArrayLike,
        class_counts: ArrayLike,
        epsilons: ArrayLike,
        accuracy: ArrayLike,
        *,
        epsilon: float | None = None,
        epsilon_name: str = "epsilon",
        title: str = "Accuracy under attack",
        ax: Any = None,
    ) -> "RobustnessDisplay":
        """Draw accuracies that are known.

        Parameters
        ----------
        classes, class_counts : array-like of shape (n_classes,)
            Names of the classes, and training rows of each.
        epsilons : array-like of shape (n_epsilons,)
            Radii of the attack in rising order, the first 0.
        accuracy : array-like of shape (n_epsilons, n_classes)
            Accuracy of each class under each attack, from 0 to 1.
        epsilon : float, default=None
            Of the bars; None is the largest.
        epsilon_name, title
            As of the class.
        ax : array of two matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        RobustnessDisplay
            The drawn display.
        """
        names, counts = np.asarray(classes), np.asarray(class_counts)
        radii, values = np.asarray(epsilons, float), np.asarray(accuracy, float)
        if values.shape != (len(radii), len(names)) or counts.shape != names.shape:
            raise ValueError(
                "accuracy must hold a row for each epsilon and a column for each class, as "
                f"class_counts does; got {values.shape} for {len(radii)} and {len(names)}, and "
                f"class_counts of shape {counts.shape}."
            )
        if radii[:1].tolist() != [0.0] or not (np.diff(radii) > 0).all():
            raise ValueError(
                f"epsilons must rise from 0, which stands for no attack; got {radii.tolist()}."
            )
        bars = float(radii[-1] if epsilon is None else epsilon)
        if bars not in radii:
            raise ValueError(f"epsilon must be one of {radii.tolist()}; got {epsilon!r}.")
        display = cls(
            names, counts, radii, values, epsilon=bars, epsilon_name=epsilon_name, title=title
        )
        return display.plot(ax)

    def plot(self, ax: Any = None) -> "RobustnessDisplay":
        """Draw both panels.

        Parameters
        ----------
        ax : array of two matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        RobustnessDisplay
            The display, with ``figure_`` and ``axes_``.
        """
        widths = (max(CURVE_INCHES, CLASS_INCHES * len(self.classes)), CURVE_INCHES)
        self.figure_, self.axes_, _ = take_axes(
            ax,
            2,
            PURPOSE,
            panel_size=(sum(widths) / 2, 4.4),
            gridspec_kw={"width_ratios": widths},
        )
        self._draw_bars(self.axes_[0])
        self._draw_curves(self.axes_[1])
        return self

    def _draw_bars(self, ax: Any) -> None:
        order = np.argsort(-self.class_counts, kind="stable")
        places = np.arange(len(order))
        robust = self.accuracy[self.epsilons == self.epsilon][0]
        for shift, values, color, name in (
            (-0.5, self.accuracy[0], BLUE, "without attack"),
            (0.5, robust, ORANGE, f"epsilon {self.epsilon:g}"),
        ):
            style = {"color": color, "edgecolor": BLACK, "linewidth": 0.4, "zorder": 2}
            # a class without a row has no bar
            heights = 100 * np.nan_to_num(values[order])
            ax.bar(places + shift * BAR_WIDTH, heights, BAR_WIDTH, label=name, **style)
        n_rare = int(under_represented(self.class_counts).sum())
        if n_rare:
            border = len(order) - n_rare - 0.5
            span = {"color": LIGHT, "alpha": 0.4, "zorder": 0, "linewidth": 0}
            ax.axvspan(border, len(order) - 0.5, label="under-represented", **span)
        self._name_classes(ax, order)
        ax.set_title(self.title, pad=TITLE_PAD)
        ax.set(
            xlabel="class (training rows)",
            ylabel="accuracy (%)",
            ylim=PERCENT,
            xlim=(-0.5, len(order) - 0.5),
        )
        handles, labels = ax.get_legend_handles_labels()
        # matplotlib puts the span first
        n_spans = len(labels) - 2
        ax.legend(
            handles[n_spans:] + handles[:n_spans],
            labels[n_spans:] + labels[:n_spans],
            ncols=3,
            **ABOVE,
        )

    def _name_classes(self, ax: Any, order: NDArray[np.intp]) -> None:
        names = [_short(self.classes[i]) for i in order]
        width = ax.get_position().width * ax.figure.get_figwidth()
        wrapped = [fill(name, LINE_LENGTH) for name in names]
        longest = max(len(line) for name in wrapped for line in name.split("\n"))
        if upright := longest > LETTERS * width / len(names):
            wrapped = names
        between = " " if upright else "\n"
        ax.set_xticks(
            np.arange(len(names)),
            [
                f"{name}{between}({self.class_counts[i]:g})"
                for name, i in zip(wrapped, order, strict=True)
            ],
            rotation=90 if upright else 0,
            fontsize="small",
        )

    def _draw_curves(self, ax: Any) -> None:
        under = under_represented(self.class_counts)
        for among, color, line, marker, name in (
            (np.ones_like(under), BLACK, "-", "o", "all classes"),
            (under, VERMILLION, "--", "s", "under-represented classes"),
        ):
            means = np.array([mean_of_classes(row, among) for row in self.accuracy])
            style = {"color": color, "linestyle": line, "marker": marker, "markersize": 5}
            ax.plot(self.epsilons, 100 * means, label=name, **style)
        ax.axvline(self.epsilon, color=LIGHT, linestyle=":", zorder=0)
        ax.set_title("Mean over classes by epsilon", pad=TITLE_PAD)
        ax.set(xlabel=self.epsilon_name, ylabel="accuracy (%)", ylim=PERCENT)
        ax.locator_params(axis="x", nbins=6)
        ax.legend(ncols=2, **ABOVE)


def _unit(net: Any, units: str) -> str:
    scaled = units == "net" and getattr(net, "feature_scale_", None) is not None
    return "feature_scale" if scaled else UNIT_NAMES[units]


def _short(name: Any) -> str:
    """A name that fits; the end, which often tells classes apart, stays."""
    text = str(name)
    return text if len(text) <= NAME_LENGTH else f"{text[: NAME_LENGTH - 9]}…{text[-8:]}"
