"""New latent points of one class, by SMOTE's rule or by any over-sampler of imbalanced-learn."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from sklearn_imbgen.nn import draw_seed
from sklearn_imbgen.utils import FewSamplesWarning, draw_pairs, interpolate, plain

__all__ = ["fit_neighbors", "interpolate_class", "warn_of_few_rows"]

Array = NDArray[Any]

# names under which imbalanced-learn's over-samplers count neighbors within a class
NEIGHBOR_PARAMETERS = ("k_neighbors", "n_neighbors")


def fit_neighbors(k_neighbors: Any, n_rows: int, label: Any, *, warn: bool = False) -> Any:
    """``k_neighbors`` lowered to what a class of ``n_rows`` rows has.

    An integer counts the neighbors; an estimator's ``n_neighbors`` counts the
    row itself too.
    """
    if isinstance(k_neighbors, int | np.integer):
        asked, possible = int(k_neighbors), n_rows - 1
    else:
        asked, possible = getattr(k_neighbors, "n_neighbors", 0) - 1, n_rows - 1
    if asked <= possible:
        return k_neighbors
    if warn:
        warnings.warn(
            f"Class {plain(label)!r} has {n_rows} rows: its number of neighbors is lowered "
            f"from {asked} to {possible}.",
            FewSamplesWarning,
            stacklevel=2,
        )
    if isinstance(k_neighbors, int | np.integer):
        return possible
    return clone(k_neighbors).set_params(n_neighbors=n_rows)


def warn_of_few_rows(interpolator: Any, k_neighbors: Any, n_rows: int, label: Any) -> None:
    """Report once that a class is too small for the number of neighbors asked for."""
    if interpolator is None:
        fit_neighbors(k_neighbors, n_rows, label, warn=True)
        return
    known = interpolator.get_params(deep=False)
    for name in NEIGHBOR_PARAMETERS:
        if name in known:
            fit_neighbors(known[name], n_rows, label, warn=True)


def interpolate_class(
    latent: Array,
    codes: Array,
    code: int,
    n_new: int,
    *,
    label: Any,
    interpolator: Any,
    k_neighbors: Any,
    random_state: np.random.RandomState,
) -> Array:
    """``n_new`` latent points of one class (section 2.3.1.2).

    Parameters
    ----------
    latent : ndarray of shape (n_samples, latent_dim)
        All training rows in latent space.
    codes : ndarray of shape (n_samples,)
        Their class codes.
    code, label : int, object
        The class to grow and its name for messages.
    n_new : int
    interpolator : over-sampler of imbalanced-learn or None
        None interpolates by SMOTE's rule. An over-sampler that finds nothing to
        do (ADASYN without a majority row near the class) or makes too few rows
        is completed by SMOTE's rule, with a warning.
    k_neighbors : int or estimator
        For SMOTE's rule.
    random_state : RandomState

    Returns
    -------
    ndarray of shape (n_new, latent_dim)
    """
    made = latent[:0]
    if interpolator is not None:
        made = _run_interpolator(interpolator, latent, codes, code, n_new, label, random_state)
    n_missing = n_new - len(made)
    if n_missing == 0:
        return made
    rows = latent[codes == code]
    neighbors = fit_neighbors(k_neighbors, len(rows), label)
    pairs = draw_pairs(rows, n_missing, k_neighbors=neighbors, random_state=random_state)
    points = interpolate(rows[pairs.base], rows[pairs.neighbor], pairs.step)
    return np.concatenate([made, points])


def _run_interpolator(
    interpolator: Any,
    latent: Array,
    codes: Array,
    code: int,
    n_new: int,
    label: Any,
    random_state: np.random.RandomState,
) -> Array:
    n_rows = int((codes == code).sum())
    sampler = clone(interpolator)
    known = sampler.get_params(deep=False)
    settings: dict[str, Any] = {"sampling_strategy": {code: n_rows + n_new}}
    if "random_state" in known:
        settings["random_state"] = draw_seed(random_state)
    for name in NEIGHBOR_PARAMETERS:
        if name in known:
            settings[name] = fit_neighbors(known[name], n_rows, label)
    if "m_neighbors" in known:
        settings["m_neighbors"] = fit_neighbors(known["m_neighbors"], len(codes), label)
    sampler.set_params(**settings)
    name = type(interpolator).__name__
    try:
        resampled, resampled_codes = sampler.fit_resample(latent, codes)
        reason = ""
    except (ValueError, RuntimeError) as error:
        resampled, resampled_codes = latent, codes
        reason = f" ({str(error).splitlines()[0]})"
    new = np.flatnonzero(resampled_codes[len(latent) :] == code) + len(latent)
    if len(new) < n_new:
        warnings.warn(
            f"{name} made {len(new)} of {n_new} latent points of class {plain(label)!r}{reason}; "
            "the rest is interpolated by SMOTE's rule.",
            UserWarning,
            stacklevel=2,
        )
    chosen = random_state.permutation(new)[:n_new]
    points: Array = resampled[chosen].astype(latent.dtype)
    return points
