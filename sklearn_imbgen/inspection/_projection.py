"""From tables and latent points to two coordinates."""

import math
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.decomposition import PCA

from sklearn_imbgen._typing import Array
from sklearn_imbgen.utils import TableCodec, check_finite, refuse_masked

ORDINALS = ("first", "second")


class PlaneProjection:
    """Two coordinates per row, with axes fixed by the rows of ``fit``.

    More than two dimensions are projected on the first two principal
    components; two are shown as they are; one is shown on a line.
    """

    def __init__(self, dimension: str, space: str = "") -> None:
        self.dimension = dimension
        self.space = space

    def fit(self, rows: Array) -> "PlaneProjection":
        """Find the plane of ``rows`` and the names of its axes."""
        self._pca = None
        self.axis_names_ = tuple(f"{ordinal} {self.dimension}" for ordinal in ORDINALS)
        if rows.shape[1] == 1:
            self.axis_names_ = (self.axis_names_[0], "")
        if rows.shape[1] > 2:
            # a full decomposition draws no random numbers
            self._pca = PCA(n_components=min(2, len(rows)), svd_solver="full")
            # rows without any variance divide zero by zero
            with np.errstate(invalid="ignore"):
                self._pca.fit(rows)
            shares = np.zeros(2)
            shares[: self._pca.n_components_] = self._pca.explained_variance_ratio_
            self.axis_names_ = tuple(
                f"{ordinal} principal component{self.space} ({share:.0%} of variance)".replace(
                    "%", " %"
                )
                for ordinal, share in zip(ORDINALS, np.nan_to_num(shares), strict=True)
            )
        return self

    def transform(self, rows: Array) -> NDArray[np.float64]:
        """Coordinates of shape (n_rows, 2)."""
        plane = np.zeros((len(rows), 2))
        if len(rows):
            points = rows if self._pca is None else self._pca.transform(rows)
            plane[:, : points.shape[1]] = points
        return plane


class MapSpace:
    """Tables as points of a plane: standardised, other than numbers one-hot encoded."""

    def fit(self, X: Any) -> "MapSpace":
        """Learn means, scales, categories and the plane from the table ``X``."""
        table = _as_array(X)
        categorical = _categorical_columns(X, table)
        self._codec = TableCodec(categorical, scaling="per_feature").fit(table)
        self._unit_codec = TableCodec(categorical, scaling="auto").fit(table)
        self._plane = PlaneProjection("feature, standardised").fit(self._codec.encode(table))
        self.axis_names_ = self._plane.axis_names_
        return self

    def encode(self, X: Any) -> Array:
        """Matrix of shape (n_rows, n_encoded)."""
        return self._codec.encode(_as_array(X, self._codec.n_features_))

    def to_measure(self, X: Any) -> Array:
        """Matrix whose distances mean something: features of one unit, as pixels are, keep it."""
        return self._unit_codec.encode(_as_array(X, self._codec.n_features_))

    def place(self, rows: Array) -> Array:
        """Coordinates of encoded rows, shape (n_rows, 2)."""
        return self._plane.transform(rows)


class ImageSpace:
    """Tables as images with values between 0 and 1."""

    axis_names_ = ("", "")

    def __init__(self, image_shape: Sequence[int]) -> None:
        self.image_shape = tuple(image_shape)

    def fit(self, X: Any) -> "ImageSpace":
        """Learn black and white from the table ``X``: its smallest and largest value."""
        if len(self.image_shape) not in (2, 3) or self.image_shape[2:] not in ((), (3,), (4,)):
            raise ValueError(
                "image_shape is (height, width), or (height, width, channels) with 3 or 4 "
                f"channels; got {self.image_shape}."
            )
        table = _as_array(X)
        if table.shape[1] != math.prod(self.image_shape):
            raise ValueError(
                f"image_shape {self.image_shape} needs {math.prod(self.image_shape)} columns; "
                f"X has {table.shape[1]}."
            )
        pixels = table.astype(float)
        self._low = pixels.min()
        self._range = (pixels.max() - self._low) or 1.0
        return self

    def encode(self, X: Any) -> Array:
        """Matrix of shape (n_rows, n_pixels), black 0 and white 1."""
        pixels = _as_array(X, math.prod(self.image_shape)).astype(float)
        return (pixels - self._low) / self._range

    def to_measure(self, X: Any) -> Array:
        """Matrix whose distances mean something: the pixels."""
        return self.encode(X)

    def place(self, rows: Array) -> Array:
        """Images of encoded rows, shape (n_rows, height, width[, channels])."""
        return np.clip(rows, 0.0, 1.0).reshape(-1, *self.image_shape)


def _as_array(X: Any, n_columns: int | None = None) -> Array:
    refuse_masked(X)
    table = X.toarray() if sparse.issparse(X) else np.asarray(X)
    if table.ndim != 2:
        raise ValueError(f"X must be a table with two dimensions; got shape {table.shape}.")
    if n_columns is not None and table.shape[1] != n_columns:
        raise ValueError(f"the resampled table has {table.shape[1]} columns; X has {n_columns}.")
    if table.dtype.kind in "US":
        table = table.astype(object)
    check_finite(table, list(X.columns) if hasattr(X, "columns") else None)
    return table


def _categorical_columns(X: Any, table: Array) -> list[int]:
    """Columns of dtype category, and those that hold anything but numbers."""
    dtypes = np.ravel(getattr(X, "dtypes", []))
    named = {j for j, dtype in enumerate(dtypes) if getattr(dtype, "name", None) == "category"}
    if table.dtype == object:
        is_number = np.frompyfunc(lambda value: isinstance(value, numbers.Real), 1, 1)
        named.update(np.flatnonzero(~is_number(table).astype(bool).all(axis=0)).tolist())
    return sorted(named)


def pick_rows(n_rows: int, n_wanted: int, random_state: np.random.RandomState) -> NDArray[np.intp]:
    """Indices of at most ``n_wanted`` rows, drawn without replacement, in order."""
    if n_rows <= n_wanted:
        return np.arange(n_rows)
    return np.sort(random_state.choice(n_rows, n_wanted, replace=False))
