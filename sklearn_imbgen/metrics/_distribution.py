"""Measures of two distributions: feature by feature, and by a classifier."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import ks_2samp
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state

from sklearn_imbgen.metrics._checks import check_pair

__all__ = ["detection_auc", "feature_distance"]

MAX_FOLDS = 5


def feature_distance(X_real: ArrayLike, X_synthetic: ArrayLike) -> NDArray[np.float64]:
    """Two-sample Kolmogorov-Smirnov statistic of each feature.

    The largest gap between the two empirical distribution functions; blind to
    how features depend on each other.

    Parameters
    ----------
    X_real : array-like of shape (n_real, n_features)
        Original rows.
    X_synthetic : array-like of shape (n_synthetic, n_features)
        Synthetic rows.

    Returns
    -------
    ndarray of shape (n_features,)
        Between 0 (same distribution) and 1 (no overlap), lower is better.

    Notes
    -----
    Sorts every feature: ``n_features * n log n`` for n rows in all.

    References
    ----------
    J. L. Hodges, "The significance probability of the Smirnov two-sample test",
    Arkiv för Matematik 3, 1958.

    Examples
    --------
    >>> from sklearn_imbgen.metrics import feature_distance
    >>> X_real = [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]
    >>> feature_distance(X_real, [[0.0, 7.0], [1.0, 8.0], [2.0, 9.0], [9.0, 9.0]])
    array([0.25, 1.  ])
    """
    real, synthetic = check_pair(X_real, X_synthetic)
    # the exact p-value, which nobody asks for, would be slow
    result = ks_2samp(real, synthetic, axis=0, method="asymp")
    statistics: NDArray[np.float64] = np.atleast_1d(result.statistic)
    return statistics


def detection_auc(
    X_real: ArrayLike,
    X_synthetic: ArrayLike,
    *,
    classifier: Any = None,
    max_rows: int = 1000,
    random_state: Any = None,
) -> float:
    """How well a classifier tells synthetic rows from originals.

    The mean ROC AUC of a stratified cross-validation with up to five folds on
    equally many rows of both kinds.

    Parameters
    ----------
    X_real : array-like of shape (n_real, n_features)
        Original rows; all features are standardised with their statistics.
    X_synthetic : array-like of shape (n_synthetic, n_features)
        Synthetic rows.
    classifier : classifier, default=None
        What tells them apart. None takes a RandomForestClassifier of 50
        trees with at least 2 rows per leaf.
    max_rows : int, default=1000
        Rows of each kind at most, drawn without replacement.
    random_state : int, RandomState instance or None, default=None
        Draws rows, folds and the seed of the default classifier.

    Returns
    -------
    float
        0.5: cannot be told apart; 1: always told apart. Well below 0.5 means
        copies, or rows interpolated between ``X_real``: a test row then has a
        twin of the other label in the training folds. Originals that no sampler
        has seen give a fair number.

    Notes
    -----
    Five trainings on at most ``2 * max_rows`` rows; their time grows with the
    number of features.

    References
    ----------
    D. Lopez-Paz, M. Oquab, "Revisiting classifier two-sample tests", ICLR 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_imbgen.metrics import detection_auc
    >>> X = np.random.default_rng(0).normal(size=(80, 2))
    >>> detection_auc(X, X + 10.0, random_state=0)
    1.0
    """
    real, synthetic = check_pair(X_real, X_synthetic)
    n_rows = min(len(real), len(synthetic), max_rows)
    if n_rows < 2:
        raise ValueError(f"max_rows must be at least 2; got {max_rows}.")
    rng = check_random_state(random_state)
    drawn = [rows[rng.permutation(len(rows))[:n_rows]] for rows in (real, synthetic)]
    X = StandardScaler().fit(real).transform(np.concatenate(drawn))
    y = np.repeat([0, 1], n_rows)
    folds = StratifiedKFold(
        min(MAX_FOLDS, n_rows), shuffle=True, random_state=rng.randint(np.iinfo(np.int32).max)
    )
    if classifier is None:
        # on so few rows the threads of gradient boosting wait for each other
        classifier = RandomForestClassifier(
            n_estimators=50, min_samples_leaf=2, random_state=rng.randint(np.iinfo(np.int32).max)
        )
    return float(cross_val_score(clone(classifier), X, y, scoring="roc_auc", cv=folds).mean())
