"""Calibration of a fitted classifier on real rows only."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import _safe_indexing, column_or_1d
from sklearn.utils.validation import _num_samples, check_is_fitted

from sklearn_imbgen.utils import check_row_order, encode_labels, labels_of_rows, plain

# What scikit-learn's own five folds ask for.
LEAST_ROWS = 5


def calibrate_on_real_rows(
    estimator: Any, X: Any, y: Any, *, method: str = "sigmoid", is_synthetic: Any = None
) -> CalibratedClassifierCV:
    """Give a fitted classifier the probabilities of the real class sizes.

    A classifier trained on resampled rows takes the rare class for as frequent as the
    resampling made it. This fits scikit-learn's calibration on rows that have the real
    frequencies; the classifier itself stays as it is.

    Parameters
    ----------
    estimator : classifier
        Fitted, with ``decision_function`` or ``predict_proba``: a classifier, a Pipeline with
        or without sampler, or a search. It is not copied and not fitted again.
    X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
        Rows that ``estimator`` has not been fitted on, with the class sizes that it will meet.
        On rows that it has seen it is surer than on new ones, and calibration would keep
        that. This cannot be checked here.
    y : array-like of shape (n_samples,)
        Their labels.
    method : {"sigmoid", "isotonic", "temperature"}, default="sigmoid"
        As in :class:`~sklearn.calibration.CalibratedClassifierCV`. The sigmoid's intercept
        can move the share of a class, which is what resampling shifts, and it needs few rows;
        "isotonic" wants about 1000 of them. "temperature" (scikit-learn 1.8) makes
        probabilities more or less extreme but moves no share, so it does not undo resampling.
    is_synthetic : array-like of bool of shape (n_samples,), default=None
        Rows to leave out, such as ``is_synthetic_`` of a sampler. None: all rows are real.

    Returns
    -------
    CalibratedClassifierCV
        Fitted, around ``FrozenEstimator(estimator)``.

    Raises
    ------
    NotFittedError
        If ``estimator`` is not fitted.
    TypeError
        If it has neither ``decision_function`` nor ``predict_proba``.
    ValueError
        If a label is none of its classes, if one of its classes has fewer than 5 real rows,
        or if ``is_synthetic`` does not fit the rows.

    See Also
    --------
    sklearn.calibration.CalibratedClassifierCV : Around an unfitted Pipeline of
        imbalanced-learn it does the same by cross-validation and needs no rows set aside:
        samplers act in ``fit`` only.

    Notes
    -----
    With three or more classes, "sigmoid" and "isotonic" calibrate each class against the
    others and scale the results to a sum of 1.

    Calibration changes which class is predicted: a rare class that was over-sampled is
    predicted less often at the threshold of one half. Choose the threshold on its own, for
    example by :class:`~sklearn.model_selection.TunedThresholdClassifierCV`.

    Examples
    --------
    >>> from imblearn.pipeline import make_pipeline
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn_imbgen.calibration import calibrate_on_real_rows
    >>> from sklearn_imbgen.over_sampling import SWIM
    >>> X, y = make_classification(
    ...     n_samples=2000, n_features=4, class_sep=0.5, weights=[0.95], random_state=0
    ... )
    >>> X_train, X_real, y_train, y_real = train_test_split(X, y, stratify=y, random_state=0)
    >>> clf = make_pipeline(SWIM(random_state=0), LogisticRegression()).fit(X_train, y_train)
    >>> calibrated = calibrate_on_real_rows(clf, X_real, y_real)
    >>> round(float(y_real.mean()), 2)
    0.06
    >>> round(float(clf.predict_proba(X_real)[:, 1].mean()), 2)
    0.15
    >>> round(float(calibrated.predict_proba(X_real)[:, 1].mean()), 2)
    0.06
    """
    _check_classifier(estimator)
    labels = labels_of_rows(X, y)
    if is_synthetic is not None:
        check_row_order(X, is_synthetic, "is_synthetic")
        real = np.flatnonzero(~_check_flags(is_synthetic, _num_samples(X)))
        X, labels = _safe_indexing(X, real), labels[real]
    _check_labels(labels, np.asarray(estimator.classes_))
    # a frozen estimator is not fitted in the folds, which only split the prediction
    calibrated = CalibratedClassifierCV(
        FrozenEstimator(estimator), method=method, cv=StratifiedKFold(2), ensemble=False
    )
    return calibrated.fit(X, labels)


def _check_classifier(estimator: Any) -> None:
    if not any(hasattr(estimator, name) for name in ("decision_function", "predict_proba")):
        check_is_fitted(estimator)
        raise TypeError(
            f"{type(estimator).__name__} has neither decision_function nor predict_proba, so "
            "there is nothing to calibrate. Use a classifier that gives scores."
        )
    check_is_fitted(estimator)


def _check_flags(is_synthetic: Any, n_rows: int) -> NDArray[np.bool_]:
    flags = column_or_1d(np.asarray(is_synthetic))
    if flags.dtype != bool or len(flags) != n_rows:
        raise ValueError(
            f"is_synthetic must hold one boolean per row of X, {n_rows} in all; got {len(flags)} "
            f"values of type {flags.dtype}."
        )
    return flags


def _check_labels(labels: NDArray[Any], classes: NDArray[Any]) -> None:
    codes = encode_labels(labels, classes, "the classifier was not fitted on")
    counts = np.bincount(codes, minlength=len(classes))
    few = np.flatnonzero(counts < LEAST_ROWS)
    if len(few):
        raise ValueError(
            f"class {plain(classes[few[0]])!r} has {counts[few[0]]} real row(s) to calibrate on, "
            f"and each class needs {LEAST_ROWS} or more. Set aside more rows (train_test_split "
            "with stratify=y), or use CalibratedClassifierCV around the unfitted Pipeline, whose "
            "folds use all rows."
        )
