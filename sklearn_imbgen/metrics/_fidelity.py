"""Measures of synthetic rows beside originals: all in one report, and one by one."""

import numbers
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.stats import ks_2samp
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import pairwise_distances_chunked
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state

from sklearn_imbgen.utils import check_finite, draw_seed, match_columns, refuse_masked

Rows = NDArray[np.float64]

# A synthetic row this near to an original, in their usual distance, is a copy;
# above the rounding of float32, in which networks write.
COPY_DISTANCE = 1e-5
# Rounding of distances between standardised rows, per square root of their dimension.
ROUNDING = 1e-7
MAX_FOLDS = 5


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
        Synthetic rows of the class. Columns of tables are matched by their names.
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


def coverage_score(X_real: ArrayLike, X_synthetic: ArrayLike, *, k_neighbors: int = 5) -> float:
    """Share of the originals with a synthetic row in their neighbourhood.

    The neighbourhood of an original is the closed ball that reaches to its
    ``k_neighbors``-th nearest other original. Measures diversity: a generator
    that makes one and the same row covers few originals.

    Parameters
    ----------
    X_real : array-like of shape (n_real, n_features)
        Original rows; all features are standardised with their statistics.
    X_synthetic : array-like of shape (n_synthetic, n_features)
        Synthetic rows.
    k_neighbors : int, default=5
        Neighbour that sets the radius.

    Returns
    -------
    float
        Between 0 and 1, higher is better. Below 1 also for perfect rows if
        there are few: with as many rows as originals, and many of both, the
        paper expects ``1 - 2**-k_neighbors``.

    Notes
    -----
    Two neighbour searches, at worst quadratic in the number of rows; memory
    grows linearly.

    References
    ----------
    M. F. Naeem, S. J. Oh, Y. Uh, Y. Choi, J. Yoo, "Reliable fidelity and
    diversity metrics for generative models", ICML 2020.

    Examples
    --------
    >>> from sklearn_imbgen.metrics import coverage_score
    >>> coverage_score([[0.0], [1.0], [2.0], [3.0]], [[0.2], [0.4]], k_neighbors=1)
    0.5
    """
    real, synthetic = _standardise(*_check_real_and(X_real, X_synthetic))
    radii = _radii(real, k_neighbors)
    distances, _ = NearestNeighbors(n_neighbors=1).fit(synthetic).kneighbors(real)
    return float(np.mean(distances[:, 0] <= radii))


def density_score(X_real: ArrayLike, X_synthetic: ArrayLike, *, k_neighbors: int = 5) -> float:
    """How many neighbourhoods of originals hold a synthetic row, over ``k_neighbors``.

    The mean over synthetic rows. Measures fidelity: rows where originals are
    dense count more, rows far from all originals count nothing.

    Parameters
    ----------
    X_real : array-like of shape (n_real, n_features)
        Original rows; all features are standardised with their statistics.
    X_synthetic : array-like of shape (n_synthetic, n_features)
        Synthetic rows.
    k_neighbors : int, default=5
        Neighbour that sets the radius of the neighbourhoods, closed balls.

    Returns
    -------
    float
        At least 0; about 1 for rows of the same distribution, above 1 for rows
        that keep to the densest parts.

    Notes
    -----
    All distances between the two sets, in blocks of bounded memory: time grows
    with ``n_real * n_synthetic * n_features``.

    References
    ----------
    M. F. Naeem, S. J. Oh, Y. Uh, Y. Choi, J. Yoo, "Reliable fidelity and
    diversity metrics for generative models", ICML 2020.

    Examples
    --------
    >>> from sklearn_imbgen.metrics import density_score
    >>> density_score([[0.0], [1.0], [2.0], [3.0]], [[0.2], [9.0]], k_neighbors=1)
    1.0
    """
    real, synthetic = _standardise(*_check_real_and(X_real, X_synthetic))
    radii = _radii(real, k_neighbors)
    blocks = pairwise_distances_chunked(
        synthetic, real, reduce_func=lambda block, start: (block <= radii).sum(axis=1)
    )
    inside = np.concatenate(list(blocks))
    return float(inside.mean() / k_neighbors)


def nearest_original_distance(X_real: ArrayLike, X_synthetic: ArrayLike) -> NDArray[np.float64]:
    """Distance of each synthetic row to its nearest original.

    In units of the median distance of an original to its nearest other
    original, exact duplicates left out. Values near 0 are copies; values far
    above 1 are rows where no original is.

    Parameters
    ----------
    X_real : array-like of shape (n_real, n_features)
        Original rows; all features are standardised with their statistics.
    X_synthetic : array-like of shape (n_synthetic, n_features)
        Synthetic rows.

    Returns
    -------
    ndarray of shape (n_synthetic,)
        0 for an exact copy. If all originals are the same row, the unit is one
        of the standardised features.

    Notes
    -----
    Two neighbour searches, at worst quadratic in the number of rows; memory
    grows with ``n_synthetic * n_features``. As distance to the closest record
    it is the usual test of copying for synthetic tables.

    References
    ----------
    Z. Zhao, A. Kunar, R. Birke, L. Y. Chen, "CTAB-GAN: Effective table data
    synthesizing", ACML 2021.

    Examples
    --------
    >>> from sklearn_imbgen.metrics import nearest_original_distance
    >>> nearest_original_distance([[0.0], [2.0], [4.0]], [[2.0], [5.0]]).round(6)
    array([0. , 0.5])
    """
    real, synthetic = _standardise(*_check_real_and(X_real, X_synthetic))
    index = NearestNeighbors(n_neighbors=1).fit(real)
    among = index.kneighbors()[0][:, 0]
    apart = among[among > _rounding(real)]
    unit = np.median(apart) if len(apart) else 1.0
    nearest = index.kneighbors(synthetic, return_distance=False)[:, 0]
    # the search rounds; the difference of a copy is exactly zero
    return np.linalg.norm(synthetic - real[nearest], axis=1) / unit


def intrusion_rate(X_real: ArrayLike, X_synthetic: ArrayLike, X_other: ArrayLike) -> float:
    """Share of the synthetic rows that lie nearer to another class than to their own.

    Such rows are what over-sampling is blamed for most: they teach a classifier
    the wrong label in the region of another class.

    Parameters
    ----------
    X_real : array-like of shape (n_real, n_features)
        Original rows of the class; all features are standardised with their
        statistics.
    X_synthetic : array-like of shape (n_synthetic, n_features)
        Synthetic rows of the class.
    X_other : array-like of shape (n_other, n_features)
        Original rows of the other classes, at least one.

    Returns
    -------
    float
        Between 0 and 1, lower is better; a tie is no intrusion. Judge it next
        to the overlap of the originals themselves, which is rarely 0.

    Notes
    -----
    Two neighbour searches, at worst ``n_synthetic * (n_real + n_other)``
    distances. It is the error of a nearest-neighbour classifier on the
    synthetic rows.

    References
    ----------
    T. M. Cover, P. E. Hart, "Nearest neighbor pattern classification", IEEE
    Transactions on Information Theory 13(1), 1967.

    Examples
    --------
    >>> from sklearn_imbgen.metrics import intrusion_rate
    >>> intrusion_rate([[0.0], [1.0]], [[0.5], [1.8]], [[2.0], [3.0]])
    0.5
    """
    checked = _check_real_and(X_real, X_synthetic)
    _, others = _check_real_and(X_real, X_other, "X_other", min_rows=1)
    real, synthetic, other = _standardise(*checked, others)
    to_own, to_other = (
        NearestNeighbors(n_neighbors=1).fit(rows).kneighbors(synthetic)[0][:, 0]
        for rows in (real, other)
    )
    return float(np.mean(to_other < to_own - _rounding(real)))


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
    real, synthetic = _check_real_and(X_real, X_synthetic)
    # the exact p-value, which nobody asks for, would be slow
    result = ks_2samp(real, synthetic, axis=0, method="asymp")
    return np.atleast_1d(result.statistic)


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
    real, synthetic = _check_real_and(X_real, X_synthetic)
    n_rows = min(len(real), len(synthetic), max_rows)
    if n_rows < 2:
        raise ValueError(f"max_rows must be at least 2; got {max_rows}.")
    rng = check_random_state(random_state)
    drawn = [rows[rng.permutation(len(rows))[:n_rows]] for rows in (real, synthetic)]
    X = StandardScaler().fit(real).transform(np.concatenate(drawn))
    y = np.repeat([0, 1], n_rows)
    folds = StratifiedKFold(min(MAX_FOLDS, n_rows), shuffle=True, random_state=draw_seed(rng))
    if classifier is None:
        # on so few rows the threads of gradient boosting wait for each other
        classifier = RandomForestClassifier(
            n_estimators=50, min_samples_leaf=2, random_state=draw_seed(rng)
        )
    return float(cross_val_score(clone(classifier), X, y, scoring="roc_auc", cv=folds).mean())


def _standardise(real: Rows, *others: Rows) -> tuple[Rows, ...]:
    """All sets with the means and standard deviations of the first."""
    scaler = StandardScaler().fit(real)
    return tuple(scaler.transform(rows) for rows in (real, *others))


def _rounding(rows: Rows) -> float:
    return float(ROUNDING * np.sqrt(rows.shape[1]))


def _radii(real: Rows, k_neighbors: int) -> NDArray[np.float64]:
    """Distance of each original to its k-th nearest other one, and a trifle for rounding."""
    if not isinstance(k_neighbors, numbers.Integral) or k_neighbors < 1:
        raise ValueError(f"k_neighbors must be an integer of at least 1; got {k_neighbors!r}.")
    if len(real) <= k_neighbors:
        raise ValueError(
            f"k_neighbors={k_neighbors} needs at least {k_neighbors + 1} rows in X_real, which "
            f"has {len(real)}; lower k_neighbors."
        )
    distances, _ = NearestNeighbors(n_neighbors=k_neighbors).fit(real).kneighbors()
    return distances[:, -1] + _rounding(real)


def _check_real_and(
    X_real: Any, other: Any, name: str = "X_synthetic", min_rows: int = 2
) -> tuple[Rows, Rows]:
    """Originals and another set of rows, with its columns in the same order."""
    real = _check_rows(X_real, "X_real", 2)
    rows = _check_rows(match_columns(X_real, other, name, "X_real"), name, min_rows)
    if real.shape[1] != rows.shape[1]:
        raise ValueError(f"X_real has {real.shape[1]} columns and {name} has {rows.shape[1]}.")
    return real, rows


def _check_rows(rows: Any, name: str, min_rows: int) -> Rows:
    """Rows as a finite float64 matrix, or an error that names them."""
    if sparse.issparse(rows):
        raise TypeError(f"{name} is sparse; pass {name}.toarray().")
    refuse_masked(rows, name)
    if hasattr(rows, "iloc"):
        check_finite(rows, name=name)
    try:
        matrix = np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} is not a matrix of numbers; encode its other columns first, for example "
            "with sklearn.preprocessing.OneHotEncoder."
        ) from None
    if matrix.ndim != 2:
        raise ValueError(f"{name} must have two dimensions; got shape {matrix.shape}.")
    if len(matrix) < min_rows:
        raise ValueError(f"{name} has {len(matrix)} row(s); at least {min_rows} are needed.")
    check_finite(matrix, name=name)
    return matrix
