"""The latent space of a sampler, original and synthetic rows together."""

import copy
from numbers import Integral
from textwrap import fill
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.validation import check_is_fitted

from sklearn_imbgen._typing import Array
from sklearn_imbgen.inspection._axes import BLACK, MARKERS, PALETTE, add_legend, take_axes
from sklearn_imbgen.inspection._projection import PlaneProjection, pick_rows
from sklearn_imbgen.utils import labels_of_rows

# Letters that fit along the height of a figure of matplotlib's usual size.
AXIS_WIDTH = 36


class LatentSpaceDisplay:
    """Map of a sampler's latent space.

    Shows whether the classes are apart there, and whether the synthetic rows
    lie among the originals of their class. Build it with ``from_estimator`` or
    ``from_arrays``; the constructor stores what it is given.

    Parameters
    ----------
    points : ndarray of shape (n_samples, 2)
        Coordinates of original rows.
    labels : ndarray of shape (n_samples,)
        Their classes.
    synthetic_points : ndarray of shape (n_synthetic, 2)
        Coordinates of synthetic rows.
    synthetic_labels : ndarray of shape (n_synthetic,)
        Their classes.
    axis_names : tuple of two str
        What the two coordinates are.
    title : str, default="Latent space"
        Title of the axes.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure that holds the axes.

    See Also
    --------
    ResamplingDisplay : Rows in the space of the features.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_imbgen.inspection import LatentSpaceDisplay
    >>> latent = np.random.default_rng(0).normal(size=(20, 4))
    >>> y = np.repeat([0, 1], [15, 5])
    >>> display = LatentSpaceDisplay.from_arrays(latent, y, latent[-5:] + 0.1, y[-5:])
    >>> display.synthetic_points.shape
    (5, 2)
    >>> display.ax_.get_title()
    'Latent space'
    """

    def __init__(
        self,
        points: Array,
        labels: Array,
        synthetic_points: Array,
        synthetic_labels: Array,
        *,
        axis_names: tuple[str, ...] = ("", ""),
        title: str = "Latent space",
    ) -> None:
        self.points = points
        self.labels = labels
        self.synthetic_points = synthetic_points
        self.synthetic_labels = synthetic_labels
        self.axis_names = axis_names
        self.title = title

    @classmethod
    def from_estimator(
        cls,
        sampler: Any,
        X: Any,
        y: ArrayLike,
        *,
        n_synthetic: int = 100,
        max_rows: int = 2000,
        random_state: Any = None,
        ax: Any = None,
    ) -> "LatentSpaceDisplay":
        """Encode rows with a trained sampler, make synthetic ones and draw both.

        A copy of the sampler makes them, so that its later draws are what they
        would be without the picture.

        Parameters
        ----------
        sampler : estimator with ``encode`` and ``sample``
            A trained latent sampler, such as :class:`~sklearn_imbgen.GLGAN`.
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Original rows.
        y : array-like of shape (n_samples,)
            Their labels.
        n_synthetic : int, default=100
            Synthetic rows of every class but the most frequent one of ``y``; a
            class with a single row gets none.
        max_rows : int, default=2000
            Originals shown per class at most; the projection uses all.
        random_state : int, RandomState instance or None, default=None
            Which originals are shown where there are more than ``max_rows``.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        LatentSpaceDisplay
            The drawn display.
        """
        name = type(sampler).__name__
        if not (hasattr(sampler, "encode") and hasattr(sampler, "sample")):
            raise TypeError(
                f"{name} has no latent space: encode and sample are needed, as GLGAN and "
                "LatentSMOTE have them."
            )
        check_is_fitted(sampler)
        check_scalar(n_synthetic, "n_synthetic", Integral, min_val=0)
        labels = labels_of_rows(X, y)
        latent = sampler.encode(X)
        maker = copy.deepcopy(sampler)
        classes, counts = np.unique(labels, return_counts=True)
        rare = np.argsort(-counts, kind="stable")[1:]
        growing = [classes[i] for i in rare if counts[i] > 1 and n_synthetic]
        made = [maker.encode(maker.sample(int(n_synthetic), label)) for label in growing]
        return cls.from_arrays(
            latent,
            labels,
            np.concatenate([latent[:0], *made]),
            np.repeat(np.asarray(growing, dtype=labels.dtype), n_synthetic),
            title=f"Latent space of {name}",
            max_rows=max_rows,
            random_state=random_state,
            ax=ax,
        )

    @classmethod
    def from_arrays(
        cls,
        latent: ArrayLike,
        y: ArrayLike,
        latent_synthetic: ArrayLike | None = None,
        y_synthetic: ArrayLike | None = None,
        *,
        title: str = "Latent space",
        max_rows: int = 2000,
        random_state: Any = None,
        ax: Any = None,
    ) -> "LatentSpaceDisplay":
        """Project latent points on two dimensions and draw them.

        The plane is that of the originals; synthetic points do not tilt it.

        Parameters
        ----------
        latent : array-like of shape (n_samples, latent_dim)
            Latent points of original rows.
        y : array-like of shape (n_samples,)
            Their labels.
        latent_synthetic : array-like of shape (n_synthetic, latent_dim), default=None
            Latent points of synthetic rows, if any.
        y_synthetic : array-like of shape (n_synthetic,), default=None
            Their labels.
        title : str, default="Latent space"
            Title of the axes.
        max_rows, random_state, ax
            As of :meth:`from_estimator`.

        Returns
        -------
        LatentSpaceDisplay
            The drawn display.
        """
        original, labels = _check_points(latent, y)
        synthetic, synthetic_labels = original[:0], labels[:0]
        if latent_synthetic is not None and y_synthetic is not None:
            synthetic, synthetic_labels = _check_points(latent_synthetic, y_synthetic)
        projection = PlaneProjection("latent dimension", " of the latent space").fit(original)
        rng = check_random_state(random_state)
        groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        shown = np.concatenate([rows[pick_rows(len(rows), max_rows, rng)] for rows in groups])
        display = cls(
            projection.transform(original[shown]),
            labels[shown],
            projection.transform(synthetic),
            synthetic_labels,
            axis_names=projection.axis_names_,
            title=title,
        )
        return display.plot(ax)

    def plot(self, ax: Any = None) -> "LatentSpaceDisplay":
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        LatentSpaceDisplay
            The display, with ``figure_`` and ``ax_``.
        """
        self.figure_, axes, is_new = take_axes(
            ax, 1, "LatentSpaceDisplay.plot", panel_size=(6.4, 5.4)
        )
        self.ax_ = axes[0]
        classes, counts = np.unique(self.labels, return_counts=True)
        # the largest class lies below, the originals of the rare ones on top of synthetic rows
        classes = classes[np.argsort(-counts, kind="stable")]
        for position, label in enumerate(classes):
            common = {"s": 14, "alpha": 0.5, "zorder": 1}
            rare = {"s": 28, "alpha": 1.0, "zorder": 3, "edgecolors": BLACK, "linewidths": 0.4}
            style = {"marker": MARKERS[position % len(MARKERS)], **(rare if position else common)}
            self._scatter(self.points[self.labels == label], position, f"class {label}", **style)
        for position, label in enumerate(classes):
            points = self.synthetic_points[self.synthetic_labels == label]
            if len(points):
                style = {"s": 32, "marker": "X", "alpha": 0.8, "zorder": 2}
                style |= {"edgecolors": BLACK, "linewidths": 0.4}
                self._scatter(points, position, f"class {label}, synthetic", **style)
        x_name, y_name = self.axis_names
        self.ax_.set(title=self.title, xlabel=x_name, ylabel=fill(y_name, AXIS_WIDTH))
        add_legend(self.figure_, self.ax_, is_new)
        return self

    def _scatter(self, points: Array, position: int, name: str, **style: Any) -> None:
        color = PALETTE[position % len(PALETTE)]
        style.setdefault("linewidths", 0)
        self.ax_.scatter(points[:, 0], points[:, 1], color=color, label=name, **style)


def _check_points(latent: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    points = np.asarray(latent)
    if points.ndim != 2:
        raise ValueError(f"latent points need two dimensions; got shape {points.shape}.")
    return points, labels_of_rows(latent, y, rows_name="latent")
