"""All measures of synthetic rows in one call."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sklearn_imbgen.metrics._distribution import detection_auc, feature_distance
from sklearn_imbgen.metrics._neighborhood import (
    coverage_score,
    density_score,
    intrusion_rate,
    nearest_original_distance,
)

__all__ = ["fidelity_report"]

# A synthetic row this near to an original, in their usual distance, is a copy;
# above the rounding of float32, in which networks write.
COPY_DISTANCE = 1e-5


def fidelity_report(
    X_real: ArrayLike,
    X_synthetic: ArrayLike,
    *,
    X_other: ArrayLike | None = None,
    k_neighbors: int = 5,
    random_state: Any = None,
) -> dict[str, float]:
    """Measure how faithful, diverse and new synthetic rows of a class are.

    Parameters
    ----------
    X_real : array-like of shape (n_real, n_features)
        Original rows of the class; distances are between features standardised
        with their statistics. Rows kept out of training tell more: then a copy
        is no merit.
    X_synthetic : array-like of shape (n_synthetic, n_features)
        Synthetic rows of the class.
    X_other : array-like of shape (n_other, n_features), default=None
        Original rows of the other classes; adds "intrusion_rate".
    k_neighbors : int, default=5
        Neighbour that sets the radii of coverage and density.
    random_state : int, RandomState instance or None, default=None
        Draws rows and folds of "detection_auc".

    Returns
    -------
    dict of str to float
        - "coverage": :func:`coverage_score`, best 1.
        - "density": :func:`density_score`, about 1 for the same distribution.
        - "nearest_original_distance": the median of
          :func:`nearest_original_distance`, about 1 for new rows of the same
          distribution.
        - "copy_rate": the share of rows at a distance below 1e-5, which are
          copies.
        - "feature_distance_mean", "feature_distance_max": of
          :func:`feature_distance`, best 0.
        - "detection_auc": :func:`detection_auc`, best 0.5.
        - "intrusion_rate": :func:`intrusion_rate`, best 0.

    Notes
    -----
    Distances between all synthetic rows and originals set the time, a number of
    ``n_synthetic * (n_real + n_other)``, and five trainings of a classifier on
    at most 2000 rows.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_imbgen.metrics import fidelity_report
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> report = fidelity_report(X, X[:30], random_state=0)
    >>> report["copy_rate"], "intrusion_rate" in report
    (1.0, False)
    """
    distances = nearest_original_distance(X_real, X_synthetic)
    gaps = feature_distance(X_real, X_synthetic)
    report = {
        "coverage": coverage_score(X_real, X_synthetic, k_neighbors=k_neighbors),
        "density": density_score(X_real, X_synthetic, k_neighbors=k_neighbors),
        "nearest_original_distance": float(np.median(distances)),
        "copy_rate": float(np.mean(distances < COPY_DISTANCE)),
        "feature_distance_mean": float(gaps.mean()),
        "feature_distance_max": float(gaps.max()),
        "detection_auc": detection_auc(X_real, X_synthetic, random_state=random_state),
    }
    if X_other is not None:
        report["intrusion_rate"] = intrusion_rate(X_real, X_synthetic, X_other)
    return report
