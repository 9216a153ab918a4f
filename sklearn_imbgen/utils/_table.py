"""One float matrix for a mixed table, and the way back."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.preprocessing import OneHotEncoder

from sklearn_imbgen._typing import Array

BOOLEANS = (bool, np.bool_)
INTEGERS = (int, np.integer, np.bool_)
# Encoded values end here, in standard deviations.
FARTHEST = 1e6
# Features share a unit when no range exceeds the median one by the first factor
# and none falls below it by the second: border pixels vary little, but not less
# than the resolution of an image.
SAME_UNIT_FACTOR = 10.0
SAME_UNIT_RESOLUTION = 1e-4
# With a common scale a narrow feature must not vanish: it counts as at least
# this fraction of the widest one.
NARROWEST = 0.01


class TableCodec:
    """Encode a validated table as one float32 matrix and decode it back.

    Numeric columns come first, centred and scaled; then one block of one-hot
    columns per categorical feature, and the blocks that are one-hot in the table
    already. Decoding takes the likeliest category of each block, rounds integer
    columns and keeps numeric values in the range seen in ``fit``. Arithmetic is in
    float64 on values first mapped to [-1, 1], so neither huge nor tiny scales overflow.

    ``scaling="per_feature"`` gives each numeric feature unit variance; "global" divides all by
    one number, which keeps their proportions, as wanted for pixels; "auto" is "global" where the
    widest feature's range is less than ten times the median one (the features share a unit).
    ``clip`` keeps decoded numeric values inside the range seen in ``fit``. ``integer_bounds`` has
    the columns of a float or object table that hold integers or booleans, with the limits of
    their own type, kept also without ``clip``; tables of an integer type, and integers in object
    tables, are recognised. ``find_one_hot`` keeps blocks of :func:`one_hot_runs` so.

    After ``fit``, ``n_encoded_`` is the number of encoded columns; ``blocks_`` has the one-hot
    columns of each categorical feature, then of each one-hot block; ``one_hot_blocks_`` has the
    columns of the table in each one-hot block; ``scaling_`` is the scaling in use.
    """

    def __init__(
        self,
        categorical: Any = (),
        scaling: str = "auto",
        clip: bool = True,
        integer_bounds: Mapping[int, tuple[float, float]] | None = None,
        feature_names: Sequence[Any] | None = None,
        find_one_hot: bool = True,
    ) -> None:
        self.categorical = np.asarray(categorical, dtype=int)
        self.scaling = scaling
        self.clip = clip
        self.integer_bounds = integer_bounds
        self.feature_names = feature_names
        self.find_one_hot = find_one_hot

    def fit(self, X: Any) -> "TableCodec":
        """Learn ranges, scales and categories from ``X`` (n_samples, n_features)."""
        self.n_features_ = X.shape[1]
        self.dtype_ = X.dtype
        self.numeric_ = np.setdiff1d(np.arange(self.n_features_), self.categorical)
        self._bounds = self._find_integers(X)
        self._snap_to_zero = _zero_thresholds(X) if sparse.issparse(X) else None
        values = self._values(X, self.numeric_)
        runs = one_hot_runs(values) if self.find_one_hot else []
        self.one_hot_blocks_ = [self.numeric_[run] for run in runs]
        self.numeric_ = np.setdiff1d(self.numeric_, self.one_hot_columns)
        self._fit_numeric(self._values(X, self.numeric_) if runs else values)
        widths = []
        if len(self.categorical):
            self.one_hot_ = OneHotEncoder(sparse_output=False, dtype=np.float32)
            self.one_hot_.fit(self._categorical_part(X))
            widths += [len(categories) for categories in self.one_hot_.categories_]
        widths += [len(block) for block in self.one_hot_blocks_]
        ends = np.cumsum([len(self.numeric_), *widths]).tolist()
        self.blocks_ = [slice(*pair) for pair in pairwise(ends)]
        self.n_encoded_ = ends[-1]
        return self

    @property
    def one_hot_columns(self) -> NDArray[np.intp]:
        """The columns of all one-hot blocks, in the order in which they are encoded."""
        return np.concatenate([np.empty(0, np.intp), *self.one_hot_blocks_])

    def _find_integers(self, X: Any) -> dict[int, tuple[float, float]]:
        """Integer columns and their limits; an object array is asked value by value."""
        self.boolean_: set[int] = set()
        bound = dtype_bounds(self.dtype_)
        if bound is not None:
            return dict.fromkeys(self.numeric_.tolist(), bound)
        bounds = dict(self.integer_bounds or {})
        if self.dtype_.kind == "O":
            for column in self.numeric_.tolist():
                if all(isinstance(value, BOOLEANS) for value in X[:, column]):
                    self.boolean_.add(column)
                if all(isinstance(value, INTEGERS) for value in X[:, column]):
                    bounds.setdefault(column, (-np.inf, np.inf))
        return bounds

    def _fit_numeric(self, values: Array) -> None:
        self.minimum_ = values.min(axis=0)
        self.maximum_ = values.max(axis=0)
        # halves before the difference: max - min may overflow
        self._half = self.maximum_ / 2 - self.minimum_ / 2
        self._middle = self.maximum_ / 2 + self.minimum_ / 2
        unit = self._to_unit_range(values)
        self._mean = unit.mean(axis=0)
        spread = unit.std(axis=0)
        self.scaling_ = self.scaling
        if self.scaling == "auto":
            self.scaling_ = "global" if _same_unit(self._half) else "per_feature"
        if self.scaling_ == "global" and self._half.any():
            relative = np.maximum(self._half / self._half.max(), NARROWEST) * (self._half > 0)
            varied = spread > 0
            common = np.sqrt(np.mean((relative * spread)[varied] ** 2)) if varied.any() else 1.0
            self._gain = relative / common
        else:
            self._gain = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0)

    def encode(self, X: Any, dtype: type[np.floating[Any]] = np.float32) -> Array:
        """Encoded matrix of shape (n_samples, n_encoded_).

        With ``dtype=np.float64`` decoding gives the rows back nearly to the last digit.
        """
        unit = self._to_unit_range(self._values(X, self.numeric_))
        # rows far outside the fitted range: float32 and the layers behind it stay finite
        standardised = np.clip((unit - self._mean) * self._gain, -FARTHEST, FARTHEST)
        parts = [standardised.astype(dtype)]
        if len(self.categorical):
            categories = self._categorical_part(X)
            self._check_categories(categories)
            parts.append(self.one_hot_.transform(categories))
        if self.one_hot_blocks_:
            columns = self._values(X, self.one_hot_columns)
            parts.append(np.clip(columns, 0, 1).astype(np.float32))
        return np.hstack(parts) if len(parts) > 1 else parts[0]

    def _check_categories(self, columns: Array) -> None:
        for position, known in enumerate(self.one_hot_.categories_):
            new = set(columns[:, position].tolist()) - set(known.tolist())
            if new:
                column = self.categorical[position]
                name = column if self.feature_names is None else self.feature_names[column]
                raise ValueError(
                    f"column {name!r} has categories that were not in the training data: "
                    f"{sorted(map(str, new))[:5]}"
                )

    def decode(self, Z: NDArray[np.floating[Any]]) -> Array:
        """Table of shape (n_samples, n_features) in the dtype seen in ``fit``."""
        table = np.empty((len(Z), self.n_features_), dtype=self.dtype_)
        for column, values in enumerate(self.decode_columns(Z)):
            if self.dtype_.kind == "O" and column in self._bounds:
                as_python = bool if column in self.boolean_ else int
                table[:, column] = [as_python(value) for value in values]
            else:
                table[:, column] = values
        return table

    def decode_columns(self, Z: NDArray[np.floating[Any]]) -> list[Array]:
        """The columns of the table one by one: float64, or the categories' own type.

        No common type has to hold them, so no value becomes a Python object.
        """
        columns: list[Array] = [np.empty(0)] * self.n_features_
        numeric = self._decode_numeric(Z[:, : len(self.numeric_)].astype(np.float64))
        for position, column in enumerate(self.numeric_.tolist()):
            values = numeric[:, position]
            is_integer = column in self._bounds
            columns[column] = self._to_integers(values, position) if is_integer else values
        likeliest = [Z[:, block].argmax(axis=1) for block in self.blocks_]
        for position, column in enumerate(self.categorical.tolist()):
            columns[column] = self.one_hot_.categories_[position][likeliest[position]]
        hot = likeliest[len(self.categorical) :]
        for block, position_of_one in zip(self.one_hot_blocks_, hot, strict=True):
            for position, column in enumerate(block.tolist()):
                columns[column] = (position_of_one == position).astype(np.float64)
        return columns

    def _categorical_part(self, X: Any) -> Array:
        columns = X[:, self.categorical]
        return columns.toarray() if sparse.issparse(columns) else columns

    def _values(self, X: Any, columns: NDArray[np.intp]) -> NDArray[np.float64]:
        """Some of the numeric columns as numbers."""
        if sparse.issparse(X):
            X = X.toarray()
        return np.asarray(X[:, columns], dtype=np.float64)

    def _to_unit_range(self, values: Array) -> Array:
        half = np.where(self._half > 0, self._half, 1.0)
        # rows far outside the fitted range may overflow; they end at the float limit
        with np.errstate(over="ignore"):
            unit = np.nan_to_num((values - self._middle) / half)
        return np.where(self._half > 0, unit, 0.0)

    def _decode_numeric(self, Z: Array) -> Array:
        inverse = np.divide(1.0, self._gain, out=np.zeros_like(self._gain), where=self._gain > 0)
        unit = Z * inverse + self._mean
        # infinite where huge features meet an unbounded decoder, until clipped below
        with np.errstate(over="ignore"):
            values = self._middle + self._half * unit
        values = np.clip(values, *self._limits())
        if self._snap_to_zero is not None:
            values[np.abs(values) < self._snap_to_zero[self.numeric_]] = 0.0
        return values

    def _limits(self) -> tuple[Array | float, Array | float]:
        if self.clip:
            return self.minimum_, self.maximum_
        kind = self.dtype_ if np.issubdtype(self.dtype_, np.floating) else np.dtype(float)
        limits = np.finfo(kind)
        return float(limits.min), float(limits.max)

    def _to_integers(self, values: Array, position: int) -> Array:
        """Nearest integers inside the observed range, exact also beyond 2**53."""
        rounded = np.rint(values)
        if self.clip:
            low, high = self.minimum_[position], self.maximum_[position]
            rounded = np.clip(rounded, np.ceil(low), np.floor(high))
        column = int(self.numeric_[position])
        return np.clip(rounded, *self._bounds[column])


def one_hot_runs(values: NDArray[np.float64]) -> list[NDArray[np.intp]]:
    """Neighbouring columns of zeros and ones of which each row has exactly one 1.

    Two columns at least, each with a 1 somewhere. A column between them that is 0 throughout
    belongs to none, and stays so.

    >>> table = np.array([[0.5, 1, 0, 0], [1.5, 0, 0, 1], [0.5, 1, 0, 0]])
    >>> [block.tolist() for block in one_hot_runs(table)]
    [[1, 3]]
    """
    is_binary = ((values == 0) | (values == 1)).all(axis=0)
    has_one = (values == 1).any(axis=0)
    blocks: list[NDArray[np.intp]] = []
    # columns of which no row has two ones
    run: list[int] = []
    ones = np.zeros(len(values))
    for column in np.flatnonzero(has_one | ~is_binary).tolist():
        if not is_binary[column]:
            run, ones = [], np.zeros(len(values))
            continue
        run.append(column)
        ones = ones + values[:, column]
        while ones.max() > 1:
            ones = ones - values[:, run.pop(0)]
        if ones.all():
            if len(run) > 1:
                blocks.append(np.array(run))
            run, ones = [], np.zeros(len(values))
    return blocks


def _same_unit(half_ranges: Array) -> bool:
    """Whether all varying features have ranges of one order, as pixels have."""
    varied = half_ranges[half_ranges > 0]
    if len(varied) == 0:
        return False
    # np.median would overflow on the mean of two huge ranges
    median = np.sort(varied)[len(varied) // 2]
    # divided, not multiplied: the ranges may be as large as floats get
    within = varied.max() / SAME_UNIT_FACTOR < median
    return bool(within and varied.min() > SAME_UNIT_RESOLUTION * median)


def _zero_thresholds(X: Any) -> NDArray[np.float64]:
    """Half of each column's smallest non-zero magnitude; 0 where no zero occurs.

    A decoder returns 1e-3 where a sparse column holds an exact zero; a value
    nearer to zero than to any value seen is meant to be zero.
    """
    columns = X.tocsc(copy=True)
    columns.eliminate_zeros()
    thresholds = np.zeros(X.shape[1])
    for j in np.flatnonzero((np.diff(columns.indptr) > 0) & (np.diff(columns.indptr) < X.shape[0])):
        data = columns.data[columns.indptr[j] : columns.indptr[j + 1]]
        thresholds[j] = np.abs(data.astype(float)).min() / 2
    return thresholds


def dtype_bounds(dtype: Any) -> tuple[float, float] | None:
    """Smallest and largest value of an integer or boolean type, exact as floats."""
    kind = getattr(dtype, "kind", "")
    if kind == "b":
        return 0.0, 1.0
    if kind not in "iu" or not kind:
        return None
    limits = np.iinfo(dtype)
    high = float(limits.max)
    # float(2**63 - 1) is 2**63, which would wrap round
    return float(limits.min), high if int(high) == limits.max else np.nextafter(high, 0)
