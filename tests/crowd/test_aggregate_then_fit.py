"""AggregateThenFit: what the classifier gets, searches, and aggregators that leave one class."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import sklearn
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_sampling_pipeline
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklearn_imbgen.aggregation import (
    AggregateThenFit,
    DawidSkene,
    MajorityVote,
    possible_truths,
)

X_SMALL = np.array([[0.0], [1.0], [2.0], [3.0]])
VOTES = np.array([[0, 0, 1], [0, 0, 0], [1, 1, 1], [1, 1, -1]])


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps what it was fitted on."""

    def fit(self, X, y, sample_weight=None):
        self.classes_, self.seen_ = np.unique(y), (X, y, sample_weight)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


class Decided(BaseEstimator):
    """An aggregator that gives all rows one class."""

    def fit(self, worker_labels, y=None):
        self.classes_ = np.array([0, 1])
        self.labels_ = np.zeros(len(worker_labels), dtype=int)
        self.label_proba_ = np.eye(2)[self.labels_]
        return self


def seen(**params):
    """What a recording classifier gets for four rows of votes."""
    fitted = AggregateThenFit(MajorityVote(), Recorder(), **params).fit(X_SMALL, VOTES)
    return fitted.estimator_.seen_


def test_a_row_is_repeated_for_each_class_it_may_have():
    rows, codes, weights = possible_truths(np.array([[1e-9, 1.0, 0.0], [0.2, 0.0, 0.8]]))
    assert (rows.tolist(), codes.tolist()) == ([0, 1, 1], [1, 0, 2])
    assert weights.tolist() == [1.0, 0.2, 0.8]


def test_soft_labels_are_sample_weights():
    X, y, weights = seen()
    assert X.ravel().tolist() == [0, 0, 1, 2, 3]
    assert y.tolist() == [0, 1, 0, 1, 1]
    np.testing.assert_allclose(weights, [2 / 3, 1 / 3, 1, 1, 1])


def test_hard_labels_come_without_weights():
    X, y, weights = seen(use_soft_labels=False)
    assert X is X_SMALL
    assert y.tolist() == [0, 0, 1, 1]
    assert weights is None


def test_balanced_classes_have_the_same_sum_of_weights():
    _, y, weights = seen(class_weight="balanced")
    sums = np.bincount(y, weights=weights)
    np.testing.assert_allclose(sums, [2, 2])
    _, y, weights = seen(class_weight={1: 3}, use_soft_labels=False)
    assert weights.tolist() == [1, 1, 3, 3]


def test_an_estimator_without_weights_gets_hard_labels(crowd):
    X, truth, worker_labels = crowd
    for estimator in (
        KNeighborsClassifier(),
        make_pipeline(StandardScaler(), LogisticRegression()),
        make_sampling_pipeline(RandomOverSampler(random_state=0), LogisticRegression()),
    ):
        fitted = AggregateThenFit(estimator=estimator).fit(X, worker_labels)
        assert not fitted.soft_labels_used_
        assert fitted.score(X, truth) > 0.9
    assert AggregateThenFit().fit(X, worker_labels).soft_labels_used_


@pytest.mark.parametrize("params", [{"use_soft_labels": True}, {"class_weight": "balanced"}])
def test_weights_that_cannot_be_passed_on_are_refused(crowd, params):
    X, _, worker_labels = crowd
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    with pytest.raises(ValueError, match=r"needs an estimator whose fit takes sample_weight"):
        AggregateThenFit(estimator=pipeline, **params).fit(X, worker_labels)


def test_one_class_after_aggregation_is_explained(crowd):
    X, _, worker_labels = crowd
    with pytest.raises(ValueError, match=r"After aggregation all rows have one class, .*0"):
        AggregateThenFit(Decided()).fit(X, worker_labels)


@pytest.mark.parametrize(
    "kind", [pd.DataFrame, sparse.csr_array, sparse.coo_array, np.ndarray.tolist]
)
def test_rows_of_any_kind_are_repeated(crowd, kind):
    X, truth, worker_labels = crowd
    expected = AggregateThenFit().fit(X, worker_labels).predict_proba(X)
    rows = kind(X)
    fitted = AggregateThenFit().fit(rows, worker_labels)
    np.testing.assert_allclose(fitted.predict_proba(rows), expected, atol=1e-4)
    assert fitted.score(rows, truth) > 0.9


def test_only_methods_of_the_classifier_are_offered(crowd):
    X, _, worker_labels = crowd
    fitted = AggregateThenFit(estimator=LinearSVC()).fit(X, worker_labels)
    assert not hasattr(fitted, "predict_proba")
    assert fitted.decision_function(X).shape == (len(X),)
    assert not hasattr(AggregateThenFit(estimator=KNeighborsClassifier()), "decision_function")
    probabilities = AggregateThenFit().fit(X, worker_labels).predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_the_missing_label_is_that_of_the_aggregator(crowd):
    X, truth, worker_labels = crowd
    marked = np.where(worker_labels < 0, 99, worker_labels)
    fitted = AggregateThenFit(MajorityVote(missing_label=99)).fit(X, marked)
    assert fitted.classes_.tolist() == [0, 1]
    assert 0 < fitted.score(X, marked) < fitted.score(X, truth)


def test_parameters_are_left_as_they_are(crowd):
    X, _, worker_labels = crowd
    aggregator, estimator = DawidSkene(), LogisticRegression()
    AggregateThenFit(aggregator, estimator).fit(X, worker_labels)
    assert not hasattr(aggregator, "labels_")
    assert not hasattr(estimator, "classes_")


GRID = {"aggregator__smoothing": [0.5, 2], "estimator__C": [0.1, 1]}


def test_grid_search_reaches_both_parts(crowd):
    X, truth, worker_labels = crowd
    classifier = AggregateThenFit(DawidSkene(), LogisticRegression())
    search = GridSearchCV(classifier, GRID, cv=3, error_score="raise").fit(X, worker_labels)
    assert 0.5 < search.best_score_ < 1
    search.fit(X, truth, crowd_labels=worker_labels)
    assert search.best_score_ > 0.9


def test_crowd_labels_with_and_without_routing(crowd):
    X, truth, worker_labels = crowd
    name = "aggregatethenfit"
    pipeline = make_pipeline(StandardScaler(), AggregateThenFit(DawidSkene()))
    params = {f"{name}__crowd_labels": worker_labels}
    assert cross_val_score(pipeline, X, truth, cv=3, params=params).min() > 0.8
    with sklearn.config_context(enable_metadata_routing=True):
        requesting = AggregateThenFit(DawidSkene(), LogisticRegression())
        pipeline = make_pipeline(StandardScaler(), requesting.set_fit_request(crowd_labels=True))
        params = {"crowd_labels": worker_labels}
        assert cross_val_score(pipeline, X, truth, cv=3, params=params).min() > 0.8
        grid = {f"{name}__{key}": values for key, values in GRID.items()}
        search = GridSearchCV(pipeline, grid, cv=3, error_score="raise")
        assert search.fit(X, truth, crowd_labels=worker_labels).best_score_ > 0.9


def test_importing_it_costs_no_torch():
    code = (
        "import sys, sklearn_imbgen.crowd as c; c.AggregateThenFit; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
