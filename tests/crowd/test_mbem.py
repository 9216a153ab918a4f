"""MBEM: workers judged by a network's predictions, by hand numbers."""

import numpy as np
import pytest

from sklearn_imbgen.crowd._mbem import MBEMClassifier


@pytest.fixture
def separable():
    """Two rows far apart, with room for as many copies as a test wants."""
    return np.array([[-1.0], [1.0]])


def test_one_round_by_hand(separable):
    # eight rows; the first worker is right, the second errs in one row of four
    truth = np.repeat([0, 1], 4)
    second = np.array([1, 0, 0, 0, 0, 1, 1, 1])
    fitted = MBEMClassifier(n_rounds=1, smoothing=0.0, learning_rate=0.01, random_state=0)
    fitted.fit(separable[truth], np.column_stack([truth, truth, second]))
    np.testing.assert_array_equal(fitted.predict(separable), [0, 1])
    np.testing.assert_allclose(fitted.class_prior_, [0.5, 0.5])
    np.testing.assert_allclose(
        fitted.worker_confusion_, [np.eye(2), np.eye(2), [[0.75, 0.25], [0.25, 0.75]]], atol=1e-9
    )
    np.testing.assert_allclose(fitted.worker_error_rate_, [0, 0, 0.25], atol=1e-9)
    np.testing.assert_array_equal(fitted.labels_, truth)


def test_smoothing_adds_labels_like_those_of_all_workers(separable):
    truth = np.repeat([0, 1], 4)
    second = np.array([1, 0, 0, 0, 0, 1, 1, 1])
    fitted = MBEMClassifier(n_rounds=1, smoothing=2.0, learning_rate=0.01, random_state=0)
    fitted.fit(separable[truth], np.column_stack([truth, truth, second]))
    # of all twelve labels of a class eleven are right: (3 + 2 * 11 / 12) / (4 + 2)
    assert fitted.worker_confusion_[2, 0, 0] == pytest.approx((3 + 2 * 11 / 12) / 6)


def test_workers_are_judged_from_single_labels(crowd):
    X, truth, _ = crowd
    rng = np.random.RandomState(0)
    worker = np.arange(len(X)) // 2 % 3
    wrong = rng.uniform(size=len(X)) < np.array([0.0, 0.1, 0.5])[worker]
    worker_labels = np.full((len(X), 3), -1)
    worker_labels[np.arange(len(X)), worker] = np.where(wrong, 1 - truth, truth)
    fitted = MBEMClassifier(random_state=0).fit(X, worker_labels)
    assert np.argsort(fitted.worker_error_rate_).tolist() == [0, 1, 2]
    assert fitted.score(X, truth) > 0.9


def test_every_round_trains_a_fresh_network(crowd):
    X, _, worker_labels = crowd
    fitted = MBEMClassifier(n_rounds=3, max_epochs=4, random_state=0).fit(X, worker_labels)
    losses = fitted.history_["classifier"]["total"]
    assert len(losses) == 12
    # an undecided network starts each round
    assert losses[4] > losses[3]
    assert losses[8] > losses[7]


def test_the_posterior_is_better_than_the_vote(crowd):
    X, truth, worker_labels = crowd
    fitted = MBEMClassifier(random_state=0).fit(X, worker_labels)
    votes = np.where(worker_labels < 0, 0, 2 * worker_labels - 1).sum(axis=1)
    assert np.mean(fitted.labels_ == truth) >= np.mean((votes > 0) == truth)
