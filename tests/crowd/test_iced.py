"""ICED: what it infers, its switches, and crowds that are hardly any."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_imbgen.crowd import ICEDClassifier, MajorityVote
from sklearn_imbgen.exceptions import ConfusedLabelsWarning
from sklearn_imbgen.model_selection import CrowdStratifiedKFold, crowd_scorer

QUICK = {"n_networks": 2, "warm_up_epochs": 5, "max_epochs": 4, "balanced_epochs": 3}


@pytest.fixture(scope="module")
def imbalanced_crowd():
    """200 rows, 20 of them of the rare class; five workers who err in every third row."""
    rng = np.random.RandomState(0)
    truth = np.repeat([0, 1], [180, 20])
    X = rng.normal(size=(200, 4)) + 3 * truth[:, None]
    wrong = rng.uniform(size=(200, 5)) < 1 / 3
    return X, truth, np.where(wrong, 1 - truth[:, None], truth[:, None])


@pytest.fixture
def quick():
    return ICEDClassifier(random_state=0, **QUICK)


@pytest.fixture(scope="module")
def fitted(imbalanced_crowd):
    """A quick one, fitted; tests leave it as it is."""
    X, _, worker_labels = imbalanced_crowd
    return ICEDClassifier(random_state=0, **QUICK).fit(X, worker_labels)


def test_labels_are_better_than_the_vote_in_both_classes(imbalanced_crowd):
    X, truth, worker_labels = imbalanced_crowd
    fitted = ICEDClassifier(random_state=0).fit(X, worker_labels)
    voted = MajorityVote().fit(worker_labels)
    for label in (0, 1):
        rows = truth == label
        assert (fitted.labels_ == truth)[rows].mean() > (voted.labels_ == truth)[rows].mean()
    assert fitted.score(X, truth) > 0.95
    assert fitted.class_prior_[1] == pytest.approx(0.1, abs=0.03)
    np.testing.assert_allclose(fitted.worker_error_rate_, 1 / 3, atol=0.08)


@pytest.mark.parametrize(
    "settings",
    [
        {"synthetic_share": 1.0},
        {"warm_up": "graded"},
        {"warm_up": "certain"},
        {"warm_up_epochs": 0},
        {"prior": "estimated"},
        {"prior": "uniform"},
        {"difficulty_levels": [0.0]},
        {"n_networks": 1},
        {"targets": "hard"},
        {"max_epochs": 0},
        {"balanced_epochs": 0},
        {"class_weight": {1: 2.0}},
    ],
    ids=lambda settings: " ".join(map(str, settings.values())),
)
def test_every_switch_keeps_the_contract(quick, imbalanced_crowd, settings):
    X, truth, worker_labels = imbalanced_crowd
    fitted = quick.set_params(**settings).fit(X, worker_labels)
    assert np.mean(fitted.labels_ == truth) > 0.7
    np.testing.assert_allclose(fitted.predict_proba(X).sum(axis=1), 1)
    np.testing.assert_allclose(fitted.label_proba_.sum(axis=1), 1)


def test_the_chapter_runs_as_written(imbalanced_crowd):
    X, _, worker_labels = imbalanced_crowd
    iced = ICEDClassifier.as_in_chapter(random_state=0, max_epochs=3, warm_up_epochs=6)
    fitted = iced.fit(X, worker_labels)
    assert len(fitted.module_.members) == 1
    # one inference for the start and one per epoch; decoder and classifier in step
    assert len(fitted.history_["inference"]["changed"]) <= 4
    assert len(fitted.history_["decoder"]["total"]) == len(fitted.history_["classifier"]["total"])


def test_history_has_the_accuracy_where_the_truth_is_given(fitted, imbalanced_crowd):
    X, truth, worker_labels = imbalanced_crowd
    with_truth = clone(fitted).fit(X, truth, crowd_labels=worker_labels)
    without = fitted
    accuracy = with_truth.history_["inference"]["accuracy"]
    assert accuracy[-1] == np.mean(with_truth.labels_ == truth)
    assert "accuracy" not in without.history_["inference"]
    np.testing.assert_array_equal(with_truth.predict_proba(X), without.predict_proba(X))
    shares = [without.history_["inference"][f"prior of {label}"][-1] for label in (0, 1)]
    np.testing.assert_allclose(shares, without.class_prior_)


def test_rounds_end_when_no_label_changes(imbalanced_crowd):
    X, truth, _ = imbalanced_crowd
    unanimous = np.repeat(truth[:, None], 3, axis=1)
    settings = {**QUICK, "max_epochs": 40}
    fitted = ICEDClassifier(random_state=0, **settings).fit(X, unanimous)
    assert len(fitted.history_["inference"]["changed"]) < 6
    np.testing.assert_array_equal(fitted.labels_, truth)


def test_many_classes_with_few_labels_each(quick):
    rng = np.random.RandomState(0)
    truth = rng.randint(5, size=250)
    X = rng.normal(size=(250, 5)) + 6 * np.eye(5)[truth]
    names = np.array(["a", "b", "c", "d", "e"], dtype=object)
    wrong = rng.uniform(size=(250, 12)) < 0.3
    answers = np.where(wrong, rng.randint(5, size=(250, 12)), truth[:, None])
    labels = names[answers]
    labels[rng.uniform(size=labels.shape) < 0.75] = None
    labels[:, 0] = np.where(np.equal(labels, None).all(axis=1), names[answers[:, 0]], labels[:, 0])
    fitted = quick.fit(X, labels)
    assert fitted.score(X, names[truth]) > 0.9
    assert fitted.worker_confusion_.shape == (12, 5, 5)


def test_a_worker_who_always_gives_one_label_is_found_out(quick, imbalanced_crowd):
    X, truth, worker_labels = imbalanced_crowd
    stubborn = np.column_stack([worker_labels, np.ones(len(X), dtype=int)])
    fitted = quick.fit(X, stubborn)
    assert np.mean(fitted.labels_ == truth) > 0.85
    np.testing.assert_allclose(fitted.worker_confusion_[5, :, 1], 1, atol=0.3)
    assert fitted.worker_error_rate_.argmax() == 5


def test_ties_everywhere_still_give_a_classifier(quick):
    X = np.random.RandomState(0).normal(size=(40, 2))
    quick.fit(X, np.tile([0, 1], (40, 1)))
    assert set(quick.predict(X)) <= {0, 1}


def test_one_class_after_inference_is_said(imbalanced_crowd):
    X, _, _ = imbalanced_crowd
    labels = np.zeros((200, 5), dtype=int)
    labels[0, 0] = 1
    with pytest.warns(ConfusedLabelsWarning, match="label 0 for all rows"):
        ICEDClassifier(random_state=0, **QUICK).fit(X, labels)


def test_fewer_rows_than_groups_and_networks():
    X = np.array([[0.0], [1.0], [2.0]])
    fitted = ICEDClassifier(warm_up="graded", random_state=0).fit(X, [[0, 0], [0, 1], [1, 1]])
    assert len(fitted.module_.members) == 1
    assert len(fitted.labels_) == 3


def test_levels_must_be_probabilities(quick, imbalanced_crowd):
    X, _, worker_labels = imbalanced_crowd
    for wrong in ([], [0.0, 1.5], [1.0], [-0.1]):
        with pytest.raises(ValueError, match="difficulty_levels must hold probabilities"):
            quick.set_params(difficulty_levels=wrong).fit(X, worker_labels)


def test_it_searches_and_validates_on_label_matrices(quick, imbalanced_crowd):
    X, truth, worker_labels = imbalanced_crowd
    pipeline = make_pipeline(StandardScaler(), quick)
    search = GridSearchCV(
        pipeline,
        {"icedclassifier__latent_dim": [4, 8]},
        cv=CrowdStratifiedKFold(2),
        scoring=crowd_scorer("balanced_accuracy"),
    )
    assert search.fit(X, worker_labels).best_params_["icedclassifier__latent_dim"] in (4, 8)
    # with crowd_labels: stratified and scored by the truth
    params = {"icedclassifier__crowd_labels": worker_labels}
    assert cross_val_score(pipeline, X, truth, params=params, cv=2).min() > 0.8


def test_synthetic_rows_are_drawn_by_the_seed_alone(quick, imbalanced_crowd):
    X, _, worker_labels = imbalanced_crowd
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    fitted = quick.set_params(synthetic_share=0.5).fit(X, worker_labels)
    assert torch.equal(torch.get_rng_state(), torch_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)
    again = pickle.loads(pickle.dumps(fitted)).fit(X, worker_labels)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


def test_labels_inferred_with_synthetic_rows_are_final_after_the_rounds(imbalanced_crowd):
    X, truth, worker_labels = imbalanced_crowd
    fitted = ICEDClassifier.as_in_chapter(random_state=0, **{**QUICK, "n_networks": 1})
    fitted.fit(X, truth, crowd_labels=worker_labels)
    history = fitted.history_["inference"]
    assert history["accuracy"][-1] == np.mean(fitted.labels_ == truth)
    assert history["prior of 1"][-1] == pytest.approx(fitted.class_prior_[1])


def test_changes_are_those_between_rounds(imbalanced_crowd, monkeypatch):
    monkeypatch.setattr("sklearn_imbgen.crowd._alternation.SETTLED", 0.0)
    X, _, worker_labels = imbalanced_crowd
    iced = ICEDClassifier.as_in_chapter(random_state=0, max_epochs=6, warm_up_epochs=6)
    changed = iced.fit(X, worker_labels).history_["inference"]["changed"]
    assert len(changed) == 7
    assert 0 < changed[1] < 1


def test_the_warm_up_trains_as_many_epochs_as_asked(imbalanced_crowd):
    X, _, worker_labels = imbalanced_crowd
    settings = {**QUICK, "warm_up": "graded", "warm_up_epochs": 5, "max_epochs": 0}
    fitted = ICEDClassifier(random_state=0, **settings).fit(X, worker_labels)
    assert len(fitted.history_["classifier"]["total"]) == 5 + QUICK["balanced_epochs"]


def test_probabilities_are_cross_predicted_with_crowd_labels(quick, imbalanced_crowd):
    X, truth, worker_labels = imbalanced_crowd
    params = {"crowd_labels": worker_labels}
    predicted = cross_val_predict(quick, X, truth, params=params, cv=2, method="predict_proba")
    assert predicted.shape == (200, 2)
    assert np.mean(predicted.argmax(axis=1) == truth) > 0.8


def test_dates_are_scored_in_any_unit(quick, imbalanced_crowd):
    X, _, worker_labels = imbalanced_crowd
    days = np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[D]")
    fitted = quick.fit(X, days[worker_labels])
    in_ns = days.astype("datetime64[ns]")
    assert fitted.score(X, in_ns[worker_labels]) == fitted.score(X, days[worker_labels]) > 0.5


def test_a_matrix_of_other_labels_is_not_scored(fitted, imbalanced_crowd):
    X, _, worker_labels = imbalanced_crowd
    with pytest.raises(ValueError, match=r"No label of y .* is one of the classes"):
        fitted.score(X, worker_labels.astype(str))
