"""From parameters to the threat of an attack, in the units of the rows."""

from typing import Any

import numpy as np
import torch

from sklearn_imbgen._typing import Array
from sklearn_imbgen.robust._attacks import Threat

__all__ = ["feature_units", "make_threat"]


def feature_units(feature_scale: Any, X: Array) -> Array | None:
    """The unit of each feature, learned from training rows where it is to be.

    Parameters
    ----------
    feature_scale : {"std", "range"}, array-like of the shape of a row, or None
    X : ndarray of shape (n_samples, ...)
        Training rows.

    Returns
    -------
    ndarray of the shape of a row, or None
        Standard deviation or range of each feature; 0 for a constant one, which an attack
        then leaves alone.

    Raises
    ------
    ValueError
        If an array has another shape, or a value below 0.
    """
    if feature_scale is None:
        return None
    if isinstance(feature_scale, str):
        measure = np.std if feature_scale == "std" else np.ptp
        units: Array = measure(X.astype(np.float64), axis=0)
        return units
    units = _of_row_shape(feature_scale, X.shape[1:], "feature_scale").astype(np.float64)
    if not np.isfinite(units).all() or (units < 0).any():
        raise ValueError("feature_scale must hold finite numbers of at least 0.")
    return units


def make_threat(
    epsilon: float,
    norm: str,
    *,
    units: Array | None,
    clip_values: Any,
    feature_mask: Any,
    shape: tuple[int, ...],
) -> Threat:
    """The threat that these parameters describe, for rows of a shape.

    Raises
    ------
    ValueError
        Naming the parameter, if a shape does not fit or a lower bound is above an upper one.
    """
    scale = units
    if feature_mask is not None:
        mask = _of_row_shape(feature_mask, shape, "feature_mask")
        if mask.dtype != bool:
            raise ValueError(
                f"feature_mask must hold True for each feature that may change and False for the "
                f"others; got values of type {mask.dtype}."
            )
        scale = mask * (1.0 if units is None else units)
    low = high = None
    if clip_values is not None:
        if isinstance(clip_values, str) or len(clip_values) != 2:
            raise ValueError(
                f"clip_values must be a pair (low, high) or None; got {clip_values!r}."
            )
        low, high = (
            _of_row_shape(bound, shape, "clip_values").astype(np.float64) for bound in clip_values
        )
        if not (low <= high).all():
            raise ValueError(
                f"clip_values must be (low, high) with low <= high for every feature; "
                f"got {clip_values!r}."
            )
    return Threat(float(epsilon), norm, *(_tensor(part) for part in (scale, low, high)))


def _of_row_shape(values: Any, shape: tuple[int, ...], name: str) -> Array:
    array = np.asarray(values)
    try:
        return np.broadcast_to(array, shape)
    except ValueError as error:
        raise ValueError(
            f"{name} has the shape {array.shape}, which does not fit rows of shape {shape}."
        ) from error


def _tensor(part: Array | None) -> torch.Tensor | None:
    return None if part is None else torch.tensor(part, dtype=torch.float32)
