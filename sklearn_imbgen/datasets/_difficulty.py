"""How hard each row is to label, by a network that was stopped early."""

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import rankdata
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array, check_random_state, check_scalar

from sklearn_imbgen.datasets._crowd import encode_truth
from sklearn_imbgen.utils import check_row_order, draw_seed, refuse_masked

Floats = NDArray[np.float64]

# the sum of many squares of larger values leaves float64
LARGEST_SQUARED = 1e145


def estimate_difficulty(
    X: Any,
    y: Any,
    *,
    classifier: Any = None,
    target_accuracy: float = 0.98,
    max_epochs: int = 200,
    random_state: int | np.random.RandomState | None = None,
) -> Floats:
    """Estimate how hard each row is to label, between 0 and 1.

    Section 3.3.1.1: a network is trained until its training accuracy exceeds
    98 %, and its softmax output orders the rows of each class from easy to hard.
    The chapter leaves the mapping open; here it is the rank of
    ``1 - p(true class | x)`` within the class, evenly spaced from 0 to 1.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Standardised here.
    y : array-like of shape (n_samples,)
        True labels. Pass the balanced rows, before some are removed, as the
        chapter does.
    classifier : estimator with partial_fit and predict_proba, default=None
        Cloned and called once per epoch; None is scikit-learn's
        ``MLPClassifier`` with one hidden layer of 100.
    target_accuracy : float, default=0.98
        Training stops at this accuracy on the training rows.
    max_epochs : int, default=200
        Training stops here at the latest.
    random_state : int, RandomState instance or None, default=None
        Seeds the default network.

    Returns
    -------
    ndarray of shape (n_samples,)
        From 0 to 1. Rows of equal probability share their mean rank, so a class
        of one row gets 0.5.

    Warns
    -----
    ConvergenceWarning
        If ``max_epochs`` ended the training below the target.

    Raises
    ------
    ValueError
        If y has one class or a missing label, or if the classifier lacks a method
        or predicts NaN.

    Examples
    --------
    >>> from sklearn_imbgen.datasets import estimate_difficulty
    >>> X = [[-3.0], [-2.0], [-0.1], [0.2], [2.0], [3.0]]
    >>> estimate_difficulty(X, [0, 0, 0, 1, 1, 1], random_state=0).tolist()
    [0.0, 0.5, 1.0, 1.0, 0.5, 0.0]
    """
    check_scalar(target_accuracy, "target_accuracy", Real, min_val=0, max_val=1)
    check_scalar(max_epochs, "max_epochs", Integral, min_val=1)
    truth = encode_truth(y)[1]
    refuse_masked(X)
    check_row_order(X, y)
    X = check_array(X, accept_sparse="csr", input_name="X")
    if X.shape[0] != len(truth):
        raise ValueError(f"X has {X.shape[0]} rows but y has {len(truth)} labels.")
    if classifier is None:
        seed = draw_seed(check_random_state(random_state))
        classifier = MLPClassifier(random_state=seed)
    for method in ("partial_fit", "predict_proba"):
        if not hasattr(classifier, method):
            raise ValueError(f"classifier must have {method}; got {classifier!r}.")
    scaled = StandardScaler(with_mean=not sparse.issparse(X)).fit_transform(_within_squares(X))
    probability = _train_to_accuracy(clone(classifier), scaled, truth, target_accuracy, max_epochs)
    return rank_within_classes(1 - probability[np.arange(len(truth)), truth], truth)


def _within_squares(X: Any) -> Any:
    """The table with columns divided by their largest value where its square would overflow."""
    largest = abs(X).max(axis=0)
    largest = np.ravel(largest.toarray() if sparse.issparse(largest) else largest).astype(float)
    if (largest <= LARGEST_SQUARED).all():
        return X
    divisor = np.where(largest > LARGEST_SQUARED, largest, 1.0)
    return X.multiply(1 / divisor).tocsr() if sparse.issparse(X) else X / divisor


def rank_within_classes(values: Floats, codes: NDArray[np.intp]) -> Floats:
    """Rank of each value in its class, from 0 (smallest) to 1; ties share the mean."""
    ranks = np.full(len(values), 0.5)
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        if len(rows) > 1:
            ranks[rows] = (rankdata(values[rows]) - 1) / (len(rows) - 1)
    return ranks


def _train_to_accuracy(
    classifier: Any, X: Any, truth: NDArray[np.intp], target_accuracy: float, max_epochs: int
) -> Floats:
    """Class probabilities of the training rows when the accuracy is reached."""
    for _ in range(max_epochs):
        classifier.partial_fit(X, truth, classes=np.arange(truth.max() + 1))
        probability: Floats = np.asarray(classifier.predict_proba(X))
        if np.isnan(probability).any():
            raise ValueError(f"classifier {classifier!r} predicts NaN; lower its learning rate.")
        accuracy = float(np.mean(probability.argmax(axis=1) == truth))
        if accuracy >= target_accuracy:
            return probability
    warnings.warn(
        f"The training accuracy is {accuracy:.3f} after max_epochs={max_epochs}, below "
        f"target_accuracy={target_accuracy}; the difficulties are those of this network. Raise "
        "max_epochs, lower target_accuracy, or pass a classifier that can tell the classes apart.",
        ConvergenceWarning,
        stacklevel=3,
    )
    return probability
