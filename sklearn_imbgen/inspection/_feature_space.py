"""The features of a net before its last layer, as a map."""

from textwrap import fill
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.manifold import TSNE
from sklearn.utils import _safe_indexing, check_random_state

from sklearn_imbgen._typing import Array
from sklearn_imbgen.inspection._axes import BLACK, MARKERS, PALETTE, add_legend, take_axes
from sklearn_imbgen.inspection._projection import PlaneProjection, pick_rows
from sklearn_imbgen.utils import check_finite, draw_seed, labels_of_rows, split_pipeline

METHODS = ("tsne", "pca")
# scikit-learn's, and less where there are few rows
PERPLEXITY = 30.0
LEAST_ROWS = 4
# Letters that fit along the height of the figure.
AXIS_WIDTH = 40


class FeatureSpaceDisplay:
    """Map of the features that a net has learned, by class.

    Shows how far the classes are apart before the last layer, which is what the
    separation of :class:`~sklearn_imbgen.robust.SRATClassifier` is for. Build it with
    ``from_estimator`` or ``from_features``; the constructor stores what it is given.

    Parameters
    ----------
    points : ndarray of shape (n_samples, 2)
        Coordinates of the rows.
    labels : ndarray of shape (n_samples,)
        Their classes.
    class_totals : dict of label to int, default=None
        Rows of each class, of which those shown may be a part.
    axis_names : tuple of two str
        What the two coordinates are.
    title : str, default="Features"
        Title of the axes.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure that holds the axes.

    See Also
    --------
    LatentSpaceDisplay : The latent space of a sampler.

    Notes
    -----
    t-SNE keeps neighbours together; distances between groups and their sizes mean
    little, and axes have no unit. ``method="pca"`` keeps distances, as far as two
    dimensions can.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_imbgen.inspection import FeatureSpaceDisplay
    >>> features = np.random.default_rng(0).normal(size=(30, 8))
    >>> y = np.repeat([0, 1], [20, 10])
    >>> display = FeatureSpaceDisplay.from_features(features, y, method="pca")
    >>> display.points.shape
    (30, 2)
    """

    def __init__(
        self,
        points: Array,
        labels: Array,
        *,
        class_totals: dict[Any, int] | None = None,
        axis_names: tuple[str, ...] = ("", ""),
        title: str = "Features",
    ) -> None:
        self.points = points
        self.labels = labels
        self.class_totals = class_totals
        self.axis_names = axis_names
        self.title = title

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        *,
        attacked: bool = False,
        method: str = "tsne",
        max_rows: int = 1000,
        random_state: Any = 0,
        ax: Any = None,
        **attack_options: Any,
    ) -> "FeatureSpaceDisplay":
        """Draw the features of rows, as they are or attacked.

        Parameters
        ----------
        estimator : net with ``extract_features``, or Pipeline that ends with one
            Such as :class:`~sklearn_imbgen.robust.SRATClassifier`, fitted.
        X : array-like or DataFrame of n_samples rows
            As ``estimator.predict`` takes them.
        y : array-like of shape (n_samples,)
            True labels.
        attacked : bool, default=False
            Attack the rows first, in the units of the net.
        method : {"tsne", "pca"}, default="tsne"
            How many dimensions become two.
        max_rows : int, default=1000
            Rows shown at most; large classes are thinned first, at random.
        random_state : int, RandomState instance or None, default=0
            Of the rows that are shown, the attack and t-SNE.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **attack_options : dict
            Of ``perturb``, such as ``epsilon``; the net's own otherwise.

        Returns
        -------
        FeatureSpaceDisplay
            The drawn display.
        """
        parts = split_pipeline(estimator)
        name = type(parts.last).__name__
        for method_name in ("extract_features", "perturb")[: 1 + attacked]:
            if not hasattr(parts.last, method_name):
                raise TypeError(
                    f"{name} has no method {method_name}: a net is needed, as SRATClassifier is."
                )
        if attack_options and not attacked:
            raise TypeError(f"{', '.join(attack_options)} is for attacked=True only.")
        X = np.asarray(X) if isinstance(X, list | tuple) else X
        labels = labels_of_rows(X, y)
        rng = check_random_state(random_state)
        shown = pick_by_class(labels, max_rows, rng)
        rows = parts.transform(_safe_indexing(X, shown))
        if attacked:
            seed = draw_seed(rng)
            rows = parts.last.perturb(
                rows, labels[shown], **{"random_state": seed, **attack_options}
            )
        return cls._project(
            parts.last.extract_features(rows),
            labels[shown],
            labels,
            method=method,
            title=f"Features of {'attacked rows, ' if attacked else ''}{name}",
            rng=rng,
            ax=ax,
        )

    @classmethod
    def from_features(
        cls,
        features: ArrayLike,
        y: ArrayLike,
        *,
        method: str = "tsne",
        title: str = "Features",
        max_rows: int = 1000,
        random_state: Any = 0,
        ax: Any = None,
    ) -> "FeatureSpaceDisplay":
        """Draw features that are known.

        Parameters
        ----------
        features : array-like of shape (n_samples, n_features)
            One row of features for each row.
        y : array-like of shape (n_samples,)
            Labels.
        title : str, default="Features"
            Title of the axes.
        method, max_rows, random_state, ax
            As of :meth:`from_estimator`.

        Returns
        -------
        FeatureSpaceDisplay
            The drawn display.
        """
        matrix = np.asarray(features)
        labels = labels_of_rows(matrix, y)
        rng = check_random_state(random_state)
        shown = pick_by_class(labels, max_rows, rng)
        return cls._project(
            matrix[shown], labels[shown], labels, method=method, title=title, rng=rng, ax=ax
        )

    @classmethod
    def _project(
        cls,
        features: Array,
        labels: Array,
        every_label: Array,
        *,
        method: str,
        title: str,
        rng: np.random.RandomState,
        ax: Any,
    ) -> "FeatureSpaceDisplay":
        if method not in METHODS:
            raise ValueError(f"method must be one of {METHODS}; got {method!r}.")
        if features.ndim != 2:
            raise ValueError(f"features must have two dimensions; got shape {features.shape}.")
        check_finite(features, name="features")
        project = _tsne if method == "tsne" else _pca
        points, axis_names = project(features.astype(np.float64), rng)
        classes, totals = np.unique(every_label, return_counts=True)
        display = cls(
            points,
            labels,
            class_totals=dict(zip(classes, totals.tolist(), strict=True)),
            axis_names=axis_names,
            title=title,
        )
        return display.plot(ax)

    def plot(self, ax: Any = None) -> "FeatureSpaceDisplay":
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        FeatureSpaceDisplay
            The display, with ``figure_`` and ``ax_``.
        """
        self.figure_, axes, is_new = take_axes(
            ax, 1, "FeatureSpaceDisplay.plot", panel_size=(6.4, 5.6)
        )
        self.ax_ = axes[0]
        classes, counts = np.unique(self.labels, return_counts=True)
        size = 36 if len(self.labels) < 300 else 18
        for place, (label, count) in enumerate(zip(classes, counts, strict=True)):
            points = self.points[self.labels == label]
            self.ax_.scatter(
                points[:, 0],
                points[:, 1],
                label=self._legend_text(label, count),
                color=PALETTE[place % len(PALETTE)],
                marker=MARKERS[place % len(MARKERS)],
                s=size,
                edgecolors=BLACK,
                linewidths=0.3,
                alpha=0.8,
                # rare classes on top
                zorder=2 - count / len(self.labels),
            )
        x_name, y_name = self.axis_names
        self.ax_.set(title=self.title, xlabel=x_name, ylabel=fill(y_name, AXIS_WIDTH))
        if x_name.startswith("t-SNE"):
            # without a unit numbers say nothing
            self.ax_.set(xticks=[], yticks=[])
        add_legend(self.figure_, self.ax_, is_new)
        return self

    def _legend_text(self, label: Any, count: int) -> str:
        total = (self.class_totals or {}).get(label, count)
        return f"class {label} ({count if total == count else f'{count} of {total}'})"


def pick_by_class(labels: Array, max_rows: int, rng: np.random.RandomState) -> NDArray[np.intp]:
    """Indices of at most ``max_rows`` rows; small classes stay whole as long as they can.

    >>> y = np.repeat([0, 1, 2], [50, 3, 40])
    >>> np.bincount(y[pick_by_class(y, 23, np.random.RandomState(0))]).tolist()
    [10, 3, 10]
    """
    classes, counts = np.unique(labels, return_counts=True)
    if max_rows < len(classes):
        raise ValueError(
            f"max_rows must be at least the number of classes, {len(classes)}; got {max_rows!r}."
        )
    kept, left = counts.copy(), max_rows
    for n_open, place in zip(range(len(counts), 0, -1), np.argsort(counts), strict=True):
        kept[place] = min(counts[place], left // n_open)
        left -= kept[place]
    picked = [
        rows[pick_rows(len(rows), int(n_kept), rng)]
        for rows, n_kept in zip((np.flatnonzero(labels == c) for c in classes), kept, strict=True)
    ]
    return np.sort(np.concatenate(picked))


def _tsne(features: Array, rng: np.random.RandomState) -> tuple[Array, tuple[str, ...]]:
    if len(features) < LEAST_ROWS:
        raise ValueError(
            f"t-SNE needs {LEAST_ROWS} rows; got {len(features)}. Use method='pca' for fewer."
        )
    # a start by principal components divides by their spread
    varies = min(features.shape) > 1 and float(np.ptp(features, axis=0).max()) > 0
    reduction = TSNE(
        perplexity=min(PERPLEXITY, (len(features) - 1) / 3),
        init="pca" if varies else "random",
        random_state=draw_seed(rng),
    )
    return reduction.fit_transform(features), ("t-SNE, first dimension", "t-SNE, second dimension")


def _pca(features: Array, rng: np.random.RandomState) -> tuple[Array, tuple[str, ...]]:
    projection = PlaneProjection("feature", " of the features").fit(features)
    return projection.transform(features), projection.axis_names_
