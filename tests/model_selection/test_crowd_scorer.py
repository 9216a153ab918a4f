"""Scores against label matrices."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, get_scorer, make_scorer, rand_score
from sklearn.model_selection import GridSearchCV, cross_validate

from sklearn_imbgen.aggregation import (
    check_label_matrix,
    dawid_skene,
    majority_codes,
    vote_proportions,
)
from sklearn_imbgen.datasets import make_crowd_labels
from sklearn_imbgen.model_selection import CrowdStratifiedKFold, crowd_scorer

RNG = np.random.RandomState(0)
TRUTH = np.repeat([0, 1], [80, 20])
X = RNG.normal(size=(100, 2)) + TRUTH[:, None]
CROWD = make_crowd_labels(TRUTH, 5, coverage=0.6, random_state=0).worker_labels
LABELS = check_label_matrix(CROWD)
VOTE = majority_codes(LABELS)
POSTERIOR = dawid_skene(LABELS, vote_proportions(LABELS), smoothing=1.0).posterior

SCORINGS = ["accuracy", "f1_macro", "balanced_accuracy", "neg_log_loss", "roc_auc"]


class LearnsTheVote(LogisticRegression):
    def fit(self, X, y, sample_weight=None):
        labels = check_label_matrix(y)
        return super().fit(X, labels.classes[majority_codes(labels)], sample_weight)


@pytest.fixture(scope="module")
def model():
    return LogisticRegression().fit(X, TRUTH)


@pytest.mark.parametrize("scoring", SCORINGS)
@pytest.mark.parametrize("reference", ["majority_vote", "dawid_skene"])
def test_against_the_truth_it_is_the_scorer_itself(model, scoring, reference):
    scorer = crowd_scorer(scoring, reference=reference)
    assert scorer(model, X, TRUTH) == get_scorer(scoring)(model, X, TRUTH)


@pytest.mark.parametrize("scoring", SCORINGS)
def test_against_a_matrix_the_vote_is_the_truth(model, scoring):
    assert crowd_scorer(scoring)(model, X, CROWD) == get_scorer(scoring)(model, X, VOTE)


@pytest.mark.parametrize("scoring", SCORINGS)
def test_against_a_posterior_each_row_counts_for_each_class(model, scoring):
    twice, classes = np.vstack([X, X]), np.repeat([0, 1], 100)
    weight = np.r_[POSTERIOR[:, 0], POSTERIOR[:, 1]]
    expected = get_scorer(scoring)(model, twice, classes, sample_weight=weight)
    found = crowd_scorer(scoring, reference="dawid_skene")(model, X, CROWD)
    assert found == pytest.approx(expected, abs=1e-5)


def test_accuracy_against_a_posterior_is_the_mean_posterior_of_the_answers(model):
    found = crowd_scorer("accuracy", reference="dawid_skene")(model, X, CROWD)
    assert found == pytest.approx(POSTERIOR[np.arange(100), model.predict(X)].mean(), abs=1e-5)


@pytest.mark.parametrize("reference", ["majority_vote", "dawid_skene"])
def test_weights_are_handed_on(model, reference):
    weight = np.arange(100) < 50
    # rows without weight keep their part in the reference
    found = crowd_scorer(reference=reference)(model, X, CROWD, sample_weight=weight)
    reference_of_answer = np.eye(2)[VOTE] if reference == "majority_vote" else POSTERIOR
    expected = reference_of_answer[np.arange(50), model.predict(X[:50])].mean()
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("reference", ["majority_vote", "dawid_skene"])
def test_text_frames_and_sparse_matrices(reference):
    names = np.array(["no", "yes"], dtype=object)
    model = LogisticRegression().fit(X, names[TRUTH].astype(str))
    frame = pd.DataFrame(np.where(CROWD < 0, None, names[CROWD]), columns=list("abcde"))
    scorer = crowd_scorer("f1_macro", reference=reference)
    by_code = LogisticRegression().fit(X, TRUTH)
    expected = scorer(by_code, X, CROWD)
    assert scorer(model, X, frame) == pytest.approx(expected)
    sample, worker = np.nonzero(CROWD >= 0)
    matrix = sparse.coo_array((CROWD[sample, worker], (sample, worker)), shape=CROWD.shape)
    assert scorer(by_code, pd.DataFrame(X).to_numpy(), matrix) == pytest.approx(expected)


def test_the_missing_label_can_be_another(model):
    matrix = np.where(CROWD < 0, 7, CROWD)
    assert crowd_scorer(missing_label=7)(model, X, matrix) == crowd_scorer()(model, X, CROWD)


@pytest.mark.parametrize("reference", ["majority_vote", "dawid_skene"])
@pytest.mark.parametrize("scoring", SCORINGS)
def test_grid_search(scoring, reference):
    search = GridSearchCV(
        LearnsTheVote(),
        {"C": [1e-3, 1.0]},
        cv=CrowdStratifiedKFold(3),
        scoring=crowd_scorer(scoring, reference=reference),
        error_score="raise",
    )
    assert np.isfinite(search.fit(X, CROWD).cv_results_["mean_test_score"]).all()
    assert np.isfinite(search.score(X, TRUTH))
    clone(search)


def test_several_scores_at_once():
    scoring = {name: crowd_scorer(name) for name in ("accuracy", "roc_auc")}
    scores = cross_validate(LearnsTheVote(), X, CROWD, cv=CrowdStratifiedKFold(3), scoring=scoring)
    assert np.isfinite([scores["test_accuracy"], scores["test_roc_auc"]]).all()


def test_metadata_routing():
    weight = np.where(np.arange(100) < 50, 1.0, 0.0)
    with config_context(enable_metadata_routing=True):
        plain = crowd_scorer()
        scorer = plain.set_score_request(sample_weight=True)
        estimator = LearnsTheVote().set_fit_request(sample_weight=True)
        cv = CrowdStratifiedKFold(2)
        search = GridSearchCV(estimator, {"C": [1.0]}, cv=cv, scoring=scorer)
        search.fit(X, CROWD, sample_weight=weight)
        expected = []
        for train, test in cv.split(X, CROWD):
            model = LearnsTheVote().fit(X[train], CROWD[train], weight[train])
            expected.append(scorer(model, X[test], CROWD[test], sample_weight=weight[test]))
        assert search.best_score_ == pytest.approx(np.mean(expected))
        # the request is the copy's alone
        assert requested(scorer) is True
        assert requested(plain) is None


def requested(scorer):
    return scorer.get_metadata_routing().score.requests.get("sample_weight")


def test_weights_reach_the_scorer_without_routing_as_with_other_scorers():
    weight = np.where(np.arange(100) < 50, 1.0, 0.0)
    scorings = {
        True: crowd_scorer("accuracy"),
        False: make_scorer(accuracy_score),
    }
    found = [
        GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2, scoring=scoring)
        .fit(X, TRUTH, sample_weight=weight)
        .best_score_
        for scoring in scorings.values()
    ]
    assert found[0] == found[1]


def test_copies_and_text(model):
    scorer = crowd_scorer("f1_macro", reference="dawid_skene", missing_label=None)
    text = "crowd_scorer('f1_macro', reference='dawid_skene', missing_label=None)"
    assert repr(scorer) == text
    again = pickle.loads(pickle.dumps(scorer))
    assert repr(again) == text
    assert again(model, X, TRUTH) == scorer(model, X, TRUTH)


def own_scorer(estimator, X, y):
    return float(np.mean(estimator.predict(X) == y))


def test_a_scorer_of_ones_own(model):
    assert crowd_scorer(own_scorer)(model, X, CROWD) == crowd_scorer()(model, X, CROWD)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scoring": "nonsense"}, "nonsense"),
        ({"scoring": ["accuracy", "f1"]}, "pass a dict of crowd scorers"),
        ({"reference": "truth"}, "reference must be one of"),
        ({"scoring": own_scorer, "reference": "dawid_skene"}, "takes no sample_weight"),
        (
            {"scoring": make_scorer(rand_score), "reference": "dawid_skene"},
            "takes no sample_weight",
        ),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        crowd_scorer(**settings)


@pytest.mark.parametrize("reference", ["majority_vote", "dawid_skene"])
@pytest.mark.parametrize(
    ("matrix", "score"),
    [
        ([[0], [0], [1], [0]], 0.75),
        ([[0, -1], [0, -1], [0, -1], [0, -1]], 1.0),
        ([[0, 0], [0, 0], [1, 1], [1, 1]], 0.5),
    ],
    ids=["one worker", "one class and an idle worker", "unanimous"],
)
def test_degenerate_matrices(matrix, score, reference):
    always_zero = DummyClassifier(strategy="constant", constant=0).fit(X[:4], [0, 1, 0, 1])
    found = crowd_scorer(reference=reference)(always_zero, X[:4], np.array(matrix))
    # smoothing leaves the posterior of few rows a little open
    assert found == pytest.approx(score, abs=0.1)
