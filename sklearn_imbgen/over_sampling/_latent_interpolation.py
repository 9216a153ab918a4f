"""New latent points of one class, by SMOTE's rule or by any over-sampler of imbalanced-learn."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors

from sklearn_imbgen._typing import Array
from sklearn_imbgen.exceptions import FewSamplesWarning
from sklearn_imbgen.nn import draw_seed
from sklearn_imbgen.utils import draw_pairs, interpolate, neighbor_table, plain

__all__ = ["fit_neighbors", "interpolate_class", "warn_of_few_rows"]

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
    residuals: Array | None = None,
    tables: dict[int, NDArray[np.intp]] | None = None,
) -> tuple[Array, Array]:
    """``n_new`` latent points of one class (section 2.3.1.2), and their residuals.

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
    residuals : ndarray of shape (n_samples, n_encoded), default=None
        What the decoder leaves out of each row. It is interpolated along with
        the points; points of an ``interpolator`` get that of the nearest row of
        the class. None stands for columns of which there are none.
    tables : dict of code to ndarray, default=None
        Neighbors of the rows of the classes drawn from so far; kept here for the
        next call.

    Returns
    -------
    points : ndarray of shape (n_new, latent_dim)
    point_residuals : ndarray of shape (n_new, n_encoded)
    """
    own = codes == code
    rows = latent[own]
    left_out = np.empty((len(rows), 0), latent.dtype) if residuals is None else residuals[own]
    made = latent[:0]
    if interpolator is not None:
        made = _run_interpolator(interpolator, latent, codes, code, n_new, label, random_state)
    # nothing to look up where there are no columns
    nearest = _nearest(rows, made) if left_out.shape[1] else np.zeros(len(made), dtype=np.intp)
    parts, residual_parts = [made], [left_out[nearest]]
    if len(made) < n_new:
        neighbors = fit_neighbors(k_neighbors, len(rows), label)
        tables = {} if tables is None else tables
        if code not in tables:
            tables[code] = neighbor_table(rows, neighbors)
        pairs = draw_pairs(
            rows,
            n_new - len(made),
            k_neighbors=neighbors,
            random_state=random_state,
            table=tables[code],
        )
        for kept, source in ((parts, rows), (residual_parts, left_out)):
            kept.append(interpolate(source[pairs.base], source[pairs.neighbor], pairs.step))
    return np.concatenate(parts), np.concatenate(residual_parts)


def _nearest(rows: Array, points: Array) -> NDArray[np.intp]:
    """Index of the row nearest to each point."""
    if len(points) == 0:
        return np.empty(0, dtype=np.intp)
    nearest: NDArray[np.intp] = (
        NearestNeighbors(n_neighbors=1).fit(rows).kneighbors(points, return_distance=False)[:, 0]
    )
    return nearest


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
