"""Original and synthetic rows of one or several methods, side by side."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from sklearn_imbgen._typing import Array
from sklearn_imbgen.inspection._axes import BLACK, BLUE, LIGHT, ORANGE, add_legend, take_axes
from sklearn_imbgen.inspection._projection import ImageSpace, MapSpace, pick_rows
from sklearn_imbgen.metrics import fidelity_report
from sklearn_imbgen.utils import draw_seed, labels_of_rows, match_columns, plain

# Encoded originals that differ by more than this are not the same rows.
SAME_ROW = 1e-3

IMAGE_INCHES, TITLE_INCHES = 0.9, 0.35

# Bounds of what fidelity_report sees: of the class, real and synthetic, and of all others,
# where more rows cost little and each one missing makes an intrusion less likely.
FIDELITY_ROWS, FIDELITY_OTHERS = 2000, 20_000
FIDELITY_NEIGHBORS = 5

# What is printed of a report, and how.
FIGURES = {"coverage": "coverage", "detection_auc": "detection AUC", "intrusion_rate": "intrusion"}
# Points between a map and its title with the figures between them.
TITLE_PAD = 18.0
# How wide the figures of a map may be, in widths of the map: half the gap to the next.
OVERHANG = 1.1


class ResamplingDisplay:
    """Original rows of a class next to the synthetic rows of several methods.

    Two kinds of picture: a map of the rows for each method, or, for rows that
    are images, a strip of images for the originals and for each method. Build
    it with ``from_resampled`` or ``from_estimator``; the constructor stores
    what it is given.

    Parameters
    ----------
    original : ndarray of shape (n_rows, 2) or (n_images, height, width[, channels])
        Originals of the class: coordinates give maps; images, with values
        between 0 and 1, give strips.
    synthetic : mapping of str to ndarray
        For each method its synthetic rows, in the same form.
    other : ndarray of shape (n_other, 2), default=None
        Coordinates of the originals of all other classes; unused for images.
    label : object, default=None
        The class shown.
    axis_names : tuple of two str, default=("", "")
        What the two coordinates are.
    fidelity : mapping of str to mapping of str to float, default=None
        For each method the report of its synthetic rows, as from
        :func:`~sklearn_imbgen.metrics.fidelity_report`. Coverage, detection AUC
        and intrusion rate are printed at its panel, where they fit. A method may
        be missing; None prints nothing.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Maps: one per method. Images: the originals, then one per method.
    figure_ : matplotlib Figure
        The figure that holds the axes.

    See Also
    --------
    LatentSpaceDisplay : Rows in the latent space of a sampler.
    sklearn_imbgen.metrics.fidelity_report : The figures printed at each panel.

    Notes
    -----
    The originals of a report are those that the method learned from. A detection
    AUC well below 0.5 then means copies, or rows interpolated between originals;
    coverage and intrusion flatter such methods. For figures to be reported, keep
    rows out of training and call
    :func:`~sklearn_imbgen.metrics.fidelity_report` with them.

    Examples
    --------
    >>> from imblearn.over_sampling import SMOTE, RandomOverSampler
    >>> from sklearn.datasets import make_classification
    >>> from sklearn_imbgen.inspection import ResamplingDisplay
    >>> X, y = make_classification(n_samples=100, weights=[0.8], random_state=0)
    >>> samplers = [SMOTE(random_state=0), RandomOverSampler(random_state=0)]
    >>> resampled = {type(s).__name__: s.fit_resample(X, y) for s in samplers}
    >>> display = ResamplingDisplay.from_resampled(X, y, resampled)
    >>> [ax.get_title() for ax in display.axes_]
    ['SMOTE', 'RandomOverSampler']
    >>> display.fidelity["RandomOverSampler"]["copy_rate"]
    1.0
    """

    def __init__(
        self,
        original: Array,
        synthetic: Mapping[str, Array],
        *,
        other: Array | None = None,
        label: Any = None,
        axis_names: tuple[str, ...] = ("", ""),
        fidelity: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        self.original = original
        self.synthetic = synthetic
        self.other = other
        self.label = label
        self.axis_names = axis_names
        self.fidelity = fidelity

    @classmethod
    def from_estimator(
        cls,
        sampler: Any,
        X: Any,
        y: ArrayLike,
        *,
        label: Any = None,
        image_shape: tuple[int, ...] | None = None,
        n_images: int = 8,
        max_rows: int = 2000,
        fidelity: bool = True,
        random_state: Any = None,
        ax: Any = None,
    ) -> "ResamplingDisplay":
        """Resample with one over-sampler and draw what it made.

        Parameters
        ----------
        sampler : over-sampler
            Its ``fit_resample`` is called; it must append its rows to ``X``.
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Original rows.
        y : array-like of shape (n_samples,)
            Their labels.
        label, image_shape, n_images, max_rows, fidelity, random_state, ax
            As in :meth:`from_resampled`.

        Returns
        -------
        ResamplingDisplay
            The drawn display.
        """
        return cls.from_resampled(
            X,
            y,
            {type(sampler).__name__: sampler.fit_resample(X, y)},
            label=label,
            image_shape=image_shape,
            n_images=n_images,
            max_rows=max_rows,
            fidelity=fidelity,
            random_state=random_state,
            ax=ax,
        )

    @classmethod
    def from_resampled(
        cls,
        X: Any,
        y: ArrayLike,
        resampled: Mapping[str, tuple[Any, ArrayLike]],
        *,
        label: Any = None,
        image_shape: tuple[int, ...] | None = None,
        n_images: int = 8,
        max_rows: int = 2000,
        fidelity: bool = True,
        random_state: Any = None,
        ax: Any = None,
    ) -> "ResamplingDisplay":
        """Draw originals and the synthetic rows of one or several methods.

        Maps show the first two principal components of the standardised
        originals, columns that are not numeric one-hot encoded; two columns are
        shown as they are, standardised. All methods share the same plane.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Original rows.
        y : array-like of shape (n_samples,)
            Their labels.
        resampled : mapping of str to (X_resampled, y_resampled)
            For each method what its ``fit_resample`` returned: the originals in
            their order, then the synthetic rows.
        label : object, default=None
            The class shown. None takes the smallest.
        image_shape : (height, width) or (height, width, channels), default=None
            Shape of the image that a row holds; None draws maps.
        n_images : int, default=8
            Images per strip at most.
        max_rows : int, default=2000
            Points per group and map at most; the projection uses all originals.
        fidelity : bool, default=True
            Measure the synthetic rows of every method with
            :func:`~sklearn_imbgen.metrics.fidelity_report` and print the main
            figures; False saves the time. Rows are encoded as the over-samplers
            of this package do it by default. At most 2000 originals, 2000
            synthetic rows and 20000 rows of other classes are used, drawn at
            random. With fewer than six originals ``k_neighbors`` is one less
            than their number; of a single original, or of a single synthetic
            row, there is no report.
        random_state : int, RandomState instance or None, default=None
            Which images, and which points beyond ``max_rows``, are shown; the
            draws of ``fidelity``, the same for every method.
        ax : matplotlib Axes or array of them, default=None
            Where to draw, one per panel; None makes a figure.

        Returns
        -------
        ResamplingDisplay
            The drawn display.
        """
        of_original = labels_of_rows(X, y)
        label = _smallest_class(of_original) if label is None else label
        of_class = of_original == label
        if not of_class.any():
            classes = [plain(known) for known in np.unique(of_original)]
            raise ValueError(f"label={plain(label)!r} is not a class; the classes are {classes}.")
        if not resampled:
            raise ValueError("resampled is empty: give (X_resampled, y_resampled) per method.")
        tables = {
            name: match_columns(X, table, f"the table of {name!r}")
            for name, (table, _) in resampled.items()
        }
        rng = check_random_state(random_state)
        space: MapSpace | ImageSpace = (
            MapSpace() if image_shape is None else ImageSpace(image_shape)
        )
        n_shown = max_rows if image_shape is None else n_images
        rows = space.fit(X).encode(X)
        made, index = {}, {}
        for name, (_, labels) in resampled.items():
            encoded = space.encode(tables[name])
            index[name] = _synthetic_index(name, rows, encoded, labels, label)
            made[name] = encoded[index[name]]

        def shown(group: Array) -> Array:
            return space.place(group[pick_rows(len(group), n_shown, rng)])

        display = cls(
            shown(rows[of_class]),
            {name: shown(group) for name, group in made.items()},
            other=shown(rows[~of_class]) if image_shape is None else None,
            label=label,
            axis_names=space.axis_names_,
        )
        if fidelity:
            # after the picture's own draws, which stay the same without it
            measured = space.to_measure(X)
            new = {name: space.to_measure(tables[name])[index[name]] for name in tables}
            display.fidelity = fidelity_of_methods(
                measured[of_class], new, measured[~of_class], rng
            )
        return display.plot(ax)

    def plot(self, ax: Any = None) -> "ResamplingDisplay":
        """Draw the maps or the strips of images.

        Parameters
        ----------
        ax : matplotlib Axes or array of them, default=None
            Where to draw, one per panel; None makes a figure.

        Returns
        -------
        ResamplingDisplay
            The display, with ``figure_`` and ``axes_``.
        """
        if self.original.ndim > 2:
            return self._plot_images(ax)
        return self._plot_maps(ax)

    def _plot_maps(self, ax: Any) -> "ResamplingDisplay":
        self.figure_, self.axes_, is_new = take_axes(
            ax, len(self.synthetic), "ResamplingDisplay.plot", sharex=True, sharey=True
        )
        for panel, (name, points) in zip(self.axes_, self.synthetic.items(), strict=True):
            if self.other is not None:
                _scatter(panel, self.other, "original, other classes", c=LIGHT, s=14, alpha=0.7)
            # the class may be dense: its marks are small and lie on top of the synthetic ones
            synthetic = {"c": ORANGE, "marker": "^", "s": 34, "alpha": 0.8}
            _scatter(panel, points, f"synthetic, class {self.label}", **synthetic)
            original = {"c": BLUE, "marker": "o", "s": 16, "edgecolors": BLACK, "linewidths": 0.5}
            _scatter(panel, self.original, f"original, class {self.label}", **original)
            panel.set_xlabel(self.axis_names[0])
            printed = _print_above(panel, self._figures(name), OVERHANG * _width(panel), at=0.5)
            panel.set_title(name, pad=TITLE_PAD if printed else None)
        self.axes_[0].set_ylabel(self.axis_names[1])
        add_legend(self.figure_, self.axes_[0], is_new)
        return self

    def _plot_images(self, ax: Any) -> "ResamplingDisplay":
        strips = {f"original, class {self.label}": self.original, **self.synthetic}
        n_wide = max(map(len, strips.values()))
        height, width = self.original.shape[1:3]
        size = (IMAGE_INCHES * n_wide, IMAGE_INCHES * height / width + TITLE_INCHES)
        self.figure_, self.axes_, _ = take_axes(
            ax, len(strips), "ResamplingDisplay.plot", n_columns=1, panel_size=size
        )
        for panel, (name, images) in zip(self.axes_, strips.items(), strict=True):
            panel.imshow(_strip(images, n_wide), cmap="gray", vmin=0, vmax=1)
            title = panel.set_title(name, loc="left")
            panel.set(xticks=[], yticks=[], frame_on=False)
            _print_above(panel, self._figures(name), _width(panel) - _width(title), at=1.0)
        return self

    def _figures(self, name: str) -> str:
        report = (self.fidelity or {}).get(name, {})
        shown = [f"{word} {report[key]:.2f}" for key, word in FIGURES.items() if key in report]
        return ", ".join(shown)


def _print_above(panel: Any, words: str, room: float, *, at: float) -> bool:
    """Write small words above the frame at a share of its width, if they fit; whether they did."""
    text = panel.annotate(
        words,
        (at, 1.0),
        xytext=(0.0, 4.0),
        xycoords="axes fraction",
        textcoords="offset points",
        horizontalalignment="center" if at == 0.5 else "right",
        verticalalignment="bottom",
        fontsize="small",
    )
    fits = bool(words) and _width(text) <= room
    if not fits:
        text.remove()
    return fits


def _width(artist: Any) -> float:
    """Pixels; those of axes before matplotlib lays the figure out, which changes little."""
    return float(artist.get_window_extent().width)


def _scatter(ax: Any, points: Array, label: str, **style: Any) -> None:
    style = {"linewidths": 0, **style}
    ax.scatter(points[:, 0], points[:, 1], label=label, **style)


def _strip(images: Array, n_wide: int) -> Array:
    """One picture of the images next to each other, with white gaps and a white end."""
    n_images, height, width = images.shape[:3]
    cells = np.ones((n_wide, height, width + 1, *images.shape[3:]))
    cells[:n_images, :, :width] = images
    return np.concatenate(cells, axis=1)[:, :-1]


def _smallest_class(y: Array) -> Any:
    classes, counts = np.unique(y, return_counts=True)
    return classes[np.argmin(counts)]


def fidelity_of_methods(
    original: Array, made: Mapping[str, Array], other: Array, random_state: np.random.RandomState
) -> dict[str, dict[str, float]]:
    """The fidelity report of each method, where there are rows enough for one."""
    if len(original) < 2:
        return {}
    original = original[pick_rows(len(original), FIDELITY_ROWS, random_state)]
    other = other[pick_rows(len(other), FIDELITY_OTHERS, random_state)]
    seed = draw_seed(random_state)
    reports = {}
    for name, rows in made.items():
        if len(rows) < 2:
            continue
        # the same seed for each, so that a report does not depend on the other methods
        own = np.random.RandomState(seed)
        reports[name] = fidelity_report(
            original,
            rows[pick_rows(len(rows), FIDELITY_ROWS, own)],
            X_other=other if len(other) else None,
            k_neighbors=min(FIDELITY_NEIGHBORS, len(original) - 1),
            random_state=own,
        )
    return reports


def _synthetic_index(
    name: str, original: Array, resampled: Array, y: ArrayLike, label: Any
) -> NDArray[np.intp]:
    """Positions of the rows of the class that a method appended to the originals."""
    labels = labels_of_rows(resampled, y, f"the labels of {name!r}", f"the table of {name!r}")
    n_original = len(original)
    same = len(resampled) >= n_original and np.allclose(
        resampled[:n_original], original, rtol=SAME_ROW, atol=SAME_ROW
    )
    if not same:
        raise ValueError(
            f"method {name!r} did not return the originals in their order followed by its own "
            "rows, and a label for each; pass what the fit_resample of an over-sampler returned."
        )
    index = n_original + np.flatnonzero(labels[n_original:] == label)
    if not len(index):
        raise ValueError(f"method {name!r} made no row of class {plain(label)!r}; set label.")
    return index
