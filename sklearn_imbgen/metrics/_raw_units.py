"""From units of the raw features to those of a net behind transformers."""

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.preprocessing import MinMaxScaler

Floats = NDArray[np.float64]

PROBED_ROWS = 200
# Farther than any scaler's range, in spreads of a feature.
FAR = 1e6


class RawUnits(NamedTuple):
    """Transformers as ``clip(factor * x + offset, low, high)``, feature by feature.

    ``low`` and ``high`` are where MinMaxScaler(clip=True) cuts; infinite elsewhere.
    """

    factor: Floats
    offset: Floats
    low: Floats
    high: Floats

    def transform(self, rows: Floats) -> Floats:
        """Rows in the units of the net."""
        return np.clip(self.factor * rows + self.offset, self.low, self.high)

    def raw(self, of_net: Any) -> tuple[Floats, Floats]:
        """A range (low, high) given in units of the net, in raw ones."""
        shift = np.stack([np.asarray(end) - self.offset for end in of_net])
        unit = np.where(self.factor == 0, 1.0, self.factor)
        ends = np.where(self.factor == 0, [[-np.inf], [np.inf]], shift / unit)
        return ends.min(axis=0), ends.max(axis=0)

    def scale(self, feature_scale: Any) -> Floats:
        """A ball's unit per feature, given in raw units, in those of the net."""
        if isinstance(feature_scale, str):
            raise ValueError(
                f'feature_scale must hold numbers with units="raw"; got {feature_scale!r}.'
            )
        return np.abs(self.factor) * (1.0 if feature_scale is None else np.asarray(feature_scale))

    def clip_values(self, raw: Any, of_net: Any) -> tuple[Floats, Floats] | None:
        """The valid range in units of the net: where both it and the transformers end.

        A pair ``raw``, in raw units, takes the place of ``of_net``, in the units of the net.
        """
        if raw is not None:
            ends = np.stack([self.factor * np.asarray(end) + self.offset for end in raw])
            of_net = ends.min(axis=0), ends.max(axis=0)
        if of_net is None and not np.isfinite([self.low, self.high]).any():
            return None
        low, high = (-np.inf, np.inf) if of_net is None else of_net
        return np.maximum(low, self.low), np.minimum(high, self.high)


def find_raw_units(transformers: Sequence[Any], X: Any) -> RawUnits:
    """Find out how the transformers scale each feature, by probes on and around the rows ``X``.

    ``ValueError`` if the transformers are not affine, each feature for itself.
    """
    rows = as_numbers(X)
    rows = rows[:: max(1, len(rows) // PROBED_ROWS)]
    center = rows.mean(axis=0)
    spread = np.where(np.ptp(rows, axis=0) > 0, rows.std(axis=0), np.maximum(np.abs(center), 1.0))
    cutting = any(map(_is_cutting, transformers))
    uncut = [_without_cutting(step) for step in transformers]
    with np.errstate(all="ignore"):
        start, end = _probe(uncut, np.stack([center, center + spread]), X)
        factor = (end - start) / spread
        low, high = np.full_like(center, -np.inf), np.full_like(center, np.inf)
        if cutting:
            far = np.stack([center - FAR * spread, center + FAR * spread])
            ends = _probe(transformers, far, X)
            ends = np.where(np.isclose(ends, _probe(uncut, far, X)), np.inf, ends)
            ends = np.where(factor < 0, ends[::-1], ends)
            low, high = np.where(ends[0] == np.inf, -np.inf, ends[0]), ends[1]
        units = RawUnits(factor, start - factor * center, low, high)
        move = np.random.RandomState(0).uniform(-1, 1, rows.shape) * spread
        probes = np.concatenate([rows, rows + move])
        error = np.abs(_probe(transformers, probes, X) - units.transform(probes))
        # what float64 loses on the way
        allowed = 1e-6 * np.abs(factor) * (spread + np.abs(probes - center))
        allowed += 1e-9 * (np.abs(factor * center) + np.abs(units.offset)) + 1e-12
        if not (error <= allowed).all():
            raise _not_affine(transformers)
    return units


def _is_cutting(transformer: Any) -> bool:
    return isinstance(transformer, MinMaxScaler) and bool(transformer.clip)


def _without_cutting(transformer: Any) -> Any:
    if not _is_cutting(transformer):
        return transformer
    transformer = copy.copy(transformer)
    transformer.clip = False
    return transformer


def _probe(transformers: Sequence[Any], probes: Floats, X: Any) -> Floats:
    rows: Any = like(probes, X)
    try:
        for transformer in transformers:
            rows = transformer.transform(rows)
        found = np.asarray(rows.toarray() if sparse.issparse(rows) else rows, dtype=np.float64)
    except ValueError as error:
        # some, such as a logarithm, cannot take every number
        raise _not_affine(transformers) from error
    if found.shape != probes.shape:
        raise _not_affine(transformers)
    return found


def _not_affine(transformers: Sequence[Any]) -> ValueError:
    names = ", ".join(type(step).__name__ for step in transformers)
    return ValueError(
        'units="raw" needs transformers that scale and shift each feature for itself, as '
        f"StandardScaler does; {names} do not: a ball around a raw row is no ball for the net. "
        'Use units="net", which measures epsilon in what the net gets.'
    )


def as_numbers(X: Any) -> Floats:
    """Rows as float64, or an error that names the column that holds anything else."""
    if sparse.issparse(X):
        raise TypeError("X is sparse; pass X.toarray(): an attack changes zeros as well.")
    try:
        numbers: Floats = np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError) as error:
        columns = getattr(X, "columns", ())
        others = [name for name in columns if getattr(X[name].dtype, "kind", "O") not in "biuf"]
        where = f"column {others[0]!r} of X" if others else "X"
        raise ValueError(
            f"{where} does not hold numbers, and an attack in raw units changes numbers. Use "
            'units="net", or encode it first.'
        ) from error
    return numbers


def like(rows: Floats, X: Any) -> Any:
    """Rows in the container of X."""
    if hasattr(X, "columns") and hasattr(X, "iloc"):
        return type(X)(rows, columns=X.columns)
    return rows
