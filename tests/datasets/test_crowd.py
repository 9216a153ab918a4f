"""Simulated workers and the difficulty of rows."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.utils.validation import check_random_state

from sklearn_imbgen.aggregation import check_label_matrix
from sklearn_imbgen.datasets import estimate_difficulty, make_crowd_labels
from sklearn_imbgen.datasets._crowd import draw_mistakes, even_confusion
from sklearn_imbgen.datasets._difficulty import rank_within_classes

TRUTH = np.repeat([0, 1], [1800, 200])


def mistakes(crowd, y, rows=slice(None)):
    return (crowd.worker_labels[rows] != y[rows, None]).mean(axis=0)


def test_mistakes_spread_evenly_over_the_other_classes():
    confusion = even_confusion(np.array([0.3, 0.0, 0.5, 0.1]))
    np.testing.assert_allclose(confusion[0], [0.7, 0.1, 0.1, 0.1])
    np.testing.assert_allclose(confusion[1], [0.0, 1.0, 0.0, 0.0])
    np.testing.assert_allclose(confusion.sum(axis=1), 1)


def test_a_sure_mistake_hits_every_other_class_and_never_the_truth():
    truth = np.repeat([2], 3000)
    codes = draw_mistakes(truth, np.ones((3000, 1)), 4, check_random_state(0))
    np.testing.assert_allclose(np.bincount(codes[:, 0]) / 3000, [1 / 3, 1 / 3, 0, 1 / 3], atol=0.03)


def test_difficulty_sets_the_mislabelling_probability_of_every_worker():
    difficulty = np.where(np.arange(2000) % 2, 1.0, 0.5)
    crowd = make_crowd_labels(TRUTH, 4, difficulty=difficulty, random_state=0)
    # 0.25 + (0.5 - 0.25) * difficulty
    np.testing.assert_allclose(crowd.mislabelling_probability[:2], [[0.375] * 4, [0.5] * 4])
    np.testing.assert_allclose(mistakes(crowd, TRUTH, slice(0, None, 2)), 0.375, atol=0.05)
    np.testing.assert_allclose(mistakes(crowd, TRUTH, slice(1, None, 2)), 0.5, atol=0.05)
    np.testing.assert_allclose(crowd.worker_confusion[:, 0], [[0.5625, 0.4375]] * 4)


@pytest.mark.parametrize("error_rate", [(0.1, 0.2), 0.15])
def test_error_rates_are_drawn_per_worker_and_class(error_rate):
    crowd = make_crowd_labels(TRUTH, 50, error_rate=error_rate, random_state=0)
    rates = 1 - np.diagonal(crowd.worker_confusion, axis1=1, axis2=2)
    assert rates.min() >= 0.1 - 1e-12
    assert rates.max() <= 0.2 + 1e-12
    assert (len(np.unique(rates.round(9))) > 1) == (error_rate != 0.15)


@pytest.mark.parametrize("shape", ["one for all", "one each"])
def test_labels_follow_the_confusion_given(shape):
    one = np.array([[0.9, 0.1], [0.4, 0.6]])
    given = one if shape == "one for all" else np.array([one, one[::-1]])
    crowd = make_crowd_labels(TRUTH, 2, worker_confusion=given, random_state=0)
    np.testing.assert_allclose(crowd.worker_confusion, np.broadcast_to(given, (2, 2, 2)))
    for worker in range(2):
        for label in (0, 1):
            share = crowd.worker_labels[label == TRUTH, worker].mean()
            assert share == pytest.approx(crowd.worker_confusion[worker, label, 1], abs=0.08)


def test_hammers_adversaries_and_spammers_do_what_their_names_say():
    y = np.arange(3000) % 3
    crowd = make_crowd_labels(y, 4, n_hammers=1, n_adversaries=1, n_spammers=1, random_state=0)
    assert crowd.worker_types.tolist() == ["ordinary", "hammer", "adversary", "spammer"]
    _, hammer, adversary, spammer = crowd.worker_labels.T
    np.testing.assert_array_equal(hammer, y)
    assert np.mean(adversary == (y + 1) % 3) == pytest.approx(0.8, abs=0.03)
    for label in range(3):
        assert np.mean(spammer[y == 0] == label) == pytest.approx(1 / 3, abs=0.05)
    np.testing.assert_allclose(crowd.worker_confusion[2, 2], [0.8, 0.1, 0.1])
    np.testing.assert_allclose(crowd.mislabelling_probability[0, 1:], [0, 0.9, 2 / 3])


def test_a_share_is_kept_exactly_and_every_row_gets_a_label():
    for seed in range(20):
        labels = make_crowd_labels(
            np.arange(20) % 2, 5, coverage=0.2, random_state=seed
        ).worker_labels
        assert ((labels >= 0).sum(axis=0) == 4).all()
        assert ((labels >= 0).sum(axis=1) == 1).all()


def test_coverage_per_worker_and_per_row():
    y = np.arange(40) % 2
    by_worker = make_crowd_labels(y, 3, coverage=[1.0, 0.5, 0.0], random_state=0)
    assert (by_worker.worker_labels >= 0).sum(axis=0).tolist() == [40, 20, 0]
    per_row = make_crowd_labels(y, 5, coverage=2, random_state=0)
    assert set((per_row.worker_labels >= 0).sum(axis=1)) == {2}
    everything = make_crowd_labels(y, 5, coverage=1.0, random_state=0)
    assert (everything.worker_labels >= 0).all()


def test_coverage_leaves_the_labels_given_as_they_are():
    full, part = (
        make_crowd_labels(TRUTH, coverage=c, random_state=3).worker_labels for c in (1.0, 0.4)
    )
    np.testing.assert_array_equal(part[part >= 0], full[part >= 0])


@pytest.mark.parametrize(
    ("y", "missing"),
    [
        (np.array(["cat", "dog"] * 10), None),
        (pd.Series(["cat", "dog"] * 10, dtype="category"), None),
        ([True, False] * 10, None),
        ([(0, 1), (1, 0)] * 10, None),
        (np.array([7, 300] * 10, dtype=np.uint16), -1),
        (np.array([0.0, 1.0] * 10), -1),
    ],
    ids=["text", "category", "bool", "tuple", "uint", "float"],
)
def test_labels_of_any_type_can_be_read_back(y, missing):
    crowd = make_crowd_labels(y, 3, coverage=2, random_state=0)
    assert crowd.missing_label == missing
    labels = check_label_matrix(crowd.worker_labels, missing_label=crowd.missing_label)
    assert len(labels.code) == 40
    assert labels.classes.tolist() == crowd.classes.tolist() == sorted(set(y))


def test_a_missing_label_of_ones_own():
    crowd = make_crowd_labels(list("ab") * 5, 3, coverage=1, missing_label="?", random_state=0)
    assert (crowd.worker_labels == "?").sum() == 20
    crowd = make_crowd_labels([-1, 1] * 5, 3, coverage=1, missing_label=np.nan, random_state=0)
    assert np.isnan(crowd.worker_labels).sum() == 20


def test_the_seed_decides_and_global_state_is_left_alone():
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    one, two, other = (make_crowd_labels(TRUTH, random_state=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.worker_labels, two.worker_labels)
    assert (one.worker_labels != other.worker_labels).any()
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_workers": 2, "n_spammers": 3}, "n_workers=2 is less .* n_spammers=3"),
        ({"n_hammers": -1}, "n_hammers == -1"),
        ({"difficulty": [0.5] * 4, "worker_confusion": np.eye(2)}, "pass one"),
        ({"error_rate": 0.1, "worker_confusion": np.eye(2)}, "error_rate and worker_confusion"),
        ({"difficulty": [0.5] * 4, "n_spammers": 9}, "difficulty describes the ordinary"),
        ({"difficulty": [0.5] * 3}, "difficulty has shape"),
        ({"difficulty": [0, 1, 2, np.nan]}, r"2 row\(s\) are not: row 2, 3"),
        ({"error_rate": (0.5, 0.2)}, "error_rate must be"),
        ({"error_rate": (0.1, 0.2, 0.3)}, "error_rate must be"),
        ({"worker_confusion": np.ones((2, 2))}, "row 0 of worker 0"),
        ({"worker_confusion": np.ones((3, 2, 2))}, r"9 ordinary workers .* \(9, 2, 2\)"),
        ({"coverage": 0}, "coverage=0 labels per row"),
        ({"coverage": 10}, "n_workers=9"),
        ({"coverage": 1.5}, "coverage must be a share"),
        ({"coverage": [0.5, 0.5]}, "coverage must be a share"),
        ({"coverage": [0.25] * 2 + [0.0] * 7}, "gives 2 labels, but y has 4 rows"),
        ({"missing_label": 1}, "missing_label=1 is a class of y"),
        ({"n_workers": 0}, "n_workers == 0"),
    ],
)
def test_impossible_settings_are_refused_by_name(settings, message):
    with pytest.raises(ValueError, match=message):
        make_crowd_labels([0, 1, 0, 1], **settings)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([1, 1, 1], "one class"),
        ([0, None, 1], "y contains None: row 1"),
        ([[[0, 1]]], "one-dimensional"),
        ([0.5, 1.5, 1.0], "y must hold classes; row 0"),
    ],
)
def test_a_truth_that_is_none_is_refused(y, message):
    y = np.array(y) if message == "one-dimensional" else y
    with pytest.raises(ValueError, match=message):
        make_crowd_labels(y)


def test_ranks_within_classes_by_hand():
    values = np.array([0.3, 0.1, 0.2, 5.0, 5.0, 6.0, 9.0])
    codes = np.array([0, 0, 0, 1, 1, 1, 2])
    ranks = rank_within_classes(values, codes)
    np.testing.assert_allclose(ranks, [1.0, 0.0, 0.5, 0.25, 0.25, 1.0, 0.5])


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array, pd.DataFrame])
def test_rows_near_the_other_class_are_difficult(container):
    rng = np.random.RandomState(0)
    X = rng.uniform(0.05, 1, size=(60, 1)) * np.repeat([-1, 1], 30)[:, None]
    difficulty = estimate_difficulty(container(X * 1000), np.repeat(["a", "b"], 30), random_state=0)
    for rows in (slice(0, 30), slice(30, 60)):
        assert sorted(difficulty[rows]) == pytest.approx(np.linspace(0, 1, 30))
        assert np.corrcoef(difficulty[rows], -np.abs(X[rows, 0]))[0, 1] > 0.95


def test_difficulty_depends_on_the_seed_only():
    X, y = np.random.RandomState(0).normal(size=(40, 3)), np.arange(40) % 3
    settings = {"target_accuracy": 0.5, "random_state": 4}
    first, second = (estimate_difficulty(X, y, **settings) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_network_that_does_not_get_there_is_reported():
    X, y = np.zeros((10, 2)), np.arange(10) % 2
    with pytest.warns(ConvergenceWarning, match=r"accuracy is 0\.500 after max_epochs=2"):
        difficulty = estimate_difficulty(X, y, max_epochs=2, random_state=0)
    np.testing.assert_array_equal(difficulty, 0.5)


def test_another_classifier_is_cloned():
    X = np.r_[-1.0, -2.0, -3.0, 1.0, 2.0, 3.0][:, None]
    classifier = SGDClassifier(loss="log_loss", random_state=0)
    difficulty = estimate_difficulty(X, [0, 0, 0, 1, 1, 1], classifier=classifier)
    np.testing.assert_allclose(difficulty, [1, 0.5, 0, 1, 0.5, 0])
    assert not hasattr(classifier, "coef_")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"classifier": LogisticRegression()}, "classifier must have partial_fit"),
        ({"target_accuracy": 98}, "target_accuracy == 98"),
        ({"max_epochs": 0}, "max_epochs == 0"),
        ({"y": [0, 1, 0]}, "X has 2 rows but y has 3 labels"),
        ({"X": [[np.nan], [0.0]]}, "X contains NaN"),
        ({"X": np.ma.masked_equal([[9.0], [0.0]], 9)}, "X is a masked array that hides 1"),
    ],
)
def test_difficulty_refuses_bad_input(settings, message):
    with pytest.raises(ValueError, match=message):
        estimate_difficulty(**{"X": [[0.0], [1.0]], "y": [0, 1], **settings})
