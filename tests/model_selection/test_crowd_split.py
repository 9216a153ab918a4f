"""Folds of label matrices."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score

from sklearn_imbgen.aggregation import (
    check_label_matrix,
    majority_codes,
)
from sklearn_imbgen.datasets import make_crowd_labels
from sklearn_imbgen.model_selection import CrowdStratifiedKFold

TRUTH = np.repeat([0, 1], [90, 10])
X = np.arange(100.0)[:, None]
CROWD = make_crowd_labels(TRUTH, 5, error_rate=0.05, coverage=0.6, random_state=0).worker_labels
VOTE = majority_codes(check_label_matrix(CROWD))


class LearnsTheVote(ClassifierMixin, BaseEstimator):
    """Always answers the most frequent vote, and remembers what it was fitted to."""

    def __init__(self, reject=None):
        self.reject = reject

    def fit(self, X, y):
        labels = check_label_matrix(y)
        self.answer_ = labels.classes[np.bincount(majority_codes(labels)).argmax()]
        self.classes_ = labels.classes
        self.shape_ = y.shape
        return self

    def predict(self, X):
        return np.full(len(X), self.answer_)

    def score(self, X, y):
        # the matrix of the fold, unchanged
        return float(y.shape[1])


def as_csr(matrix):
    sample, worker = np.nonzero(matrix >= 0)
    return sparse.csr_array((matrix[sample, worker], (sample, worker)), shape=matrix.shape)


def as_nullable_frame(matrix):
    return pd.DataFrame(matrix).astype("Int64").mask(matrix < 0)


def as_text(matrix):
    return np.where(matrix < 0, None, np.array(["no", "yes"], dtype=object)[matrix])


@pytest.mark.parametrize(
    "container",
    [np.asarray, as_csr, as_nullable_frame, as_text, lambda matrix: matrix.tolist()],
    ids=["array", "sparse", "nullable", "text", "list"],
)
def test_folds_are_stratified_on_the_vote(container):
    found = list(CrowdStratifiedKFold(5).split(X, container(CROWD)))
    expected = list(StratifiedKFold(5).split(X, VOTE))
    for (train, test), (expected_train, expected_test) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(train, expected_train)
        np.testing.assert_array_equal(test, expected_test)
        assert (VOTE[test] == 1).any()


def test_one_dimension_is_stratified_as_it_is():
    y = np.repeat([-1, 1], [90, 10])
    found = CrowdStratifiedKFold(5, shuffle=True, random_state=3).split(X, y)
    expected = StratifiedKFold(5, shuffle=True, random_state=3).split(X, y)
    for pair, expected_pair in zip(found, expected, strict=True):
        np.testing.assert_array_equal(pair[1], expected_pair[1])


def test_the_missing_label_can_be_another():
    y = np.where(CROWD < 0, 9, CROWD)
    found = next(CrowdStratifiedKFold(5, missing_label=9).split(X, y))
    np.testing.assert_array_equal(found[1], next(StratifiedKFold(5).split(X, VOTE))[1])


def test_a_row_without_labels_and_a_class_too_small_are_reported():
    with pytest.raises(ValueError, match="row 1"):
        next(CrowdStratifiedKFold(2).split(X[:4], [[0, 1], [-1, -1], [1, 1], [0, 0]]))
    with pytest.warns(UserWarning, match="least populated class"):
        next(CrowdStratifiedKFold(2).split(X[:4], [[0, 0], [0, 0], [0, 0], [1, 1]]))


def test_it_is_a_splitter_like_others():
    cv = CrowdStratifiedKFold(3, shuffle=True, random_state=0, missing_label=None)
    text = "CrowdStratifiedKFold(missing_label=None, n_splits=3, random_state=0, shuffle=True)"
    assert " ".join(repr(cv).split()) == text
    for copy in (clone(cv, safe=False), pickle.loads(pickle.dumps(cv))):
        assert repr(copy) == repr(cv)
        assert copy.get_n_splits() == 3


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("container", [np.asarray, as_csr, as_nullable_frame])
def test_grid_search_hands_on_the_matrix(container, routing):
    with config_context(enable_metadata_routing=routing):
        search = GridSearchCV(LearnsTheVote(), {"reject": [0, 1]}, cv=CrowdStratifiedKFold(3))
        search.fit(X, container(CROWD))
    assert search.best_estimator_.shape_ == (100, 5)
    assert search.best_score_ == 5


@pytest.mark.parametrize("container", [np.asarray, as_nullable_frame, as_text])
def test_cross_validation_hands_on_the_matrix(container):
    scores = cross_val_score(LearnsTheVote(), X, container(CROWD), cv=CrowdStratifiedKFold(3))
    np.testing.assert_array_equal(scores, 5)
