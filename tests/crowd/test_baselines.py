"""Crowd-Layer and MBEM: worker layers and confusions by hand numbers."""

import numpy as np
import pytest
import torch

from sklearn_imbgen.crowd._baselines import (
    CrowdLayerClassifier,
    MBEMClassifier,
    WorkerLayer,
    labels_of_rows,
)

SHORT = {"max_epochs": 15, "learning_rate": 0.01, "random_state": 0}
PROBABILITIES = torch.tensor([[0.75, 0.25], [0.5, 0.5]])


def set_weights(layer, **values):
    with torch.no_grad():
        for name, value in values.items():
            getattr(layer, name).copy_(torch.tensor(value))
    return layer


@pytest.mark.parametrize("kind", ["matrix", "vector", "vector_bias"])
def test_all_layers_start_as_the_identity(kind):
    layer = WorkerLayer(3, 2, kind)
    assert torch.equal(layer(PROBABILITIES, torch.tensor([2, 0])), PROBABILITIES)


def test_a_matrix_multiplies_the_probabilities_of_its_worker():
    layer = set_weights(WorkerLayer(2, 2, "matrix"), weight=[[[1, 0], [0, 1]], [[1, 2], [3, 4]]])
    answers = layer(PROBABILITIES, torch.tensor([1, 0]))
    # 1 * .75 + 2 * .25 and 3 * .75 + 4 * .25
    assert answers.tolist() == [[1.25, 3.25], [0.5, 0.5]]


def test_a_vector_scales_and_a_bias_shifts_each_class():
    weight, bias = [[1, 1], [2, 4]], [[0, 0], [1, -1]]
    layer = set_weights(WorkerLayer(2, 2, "vector"), weight=weight)
    assert layer(PROBABILITIES, torch.tensor([1, 0])).tolist() == [[1.5, 1.0], [0.5, 0.5]]
    layer = set_weights(WorkerLayer(2, 2, "vector_bias"), weight=weight, bias=bias)
    assert layer(PROBABILITIES, torch.tensor([1, 0])).tolist() == [[2.5, 0.0], [0.5, 0.5]]


def test_confusion_is_the_softmax_of_the_answers_to_a_certain_class():
    log = np.log([[0.9, 0.1], [0.4, 0.6]])  # rows: the true class
    layer = set_weights(WorkerLayer(1, 2, "matrix"), weight=[log.T.tolist()])
    np.testing.assert_allclose(layer.confusion(), [[[0.9, 0.1], [0.4, 0.6]]], rtol=1e-6)


def test_the_labels_of_a_batch_are_found_in_one_list():
    counts = torch.tensor([1, 3, 2])
    position, label = labels_of_rows(torch.tensor([1, 1, 0]), counts.cumsum(0) - counts, counts)
    assert position.tolist() == [0, 0, 0, 1, 1, 1, 2]
    assert label.tolist() == [1, 2, 3, 1, 2, 3, 0]


@pytest.mark.parametrize("worker_layer", ["matrix", "vector", "vector_bias"])
def test_each_layer_learns_from_a_crowd(crowd, worker_layer):
    X, truth, worker_labels = crowd
    fitted = CrowdLayerClassifier(
        worker_layer=worker_layer, max_epochs=15, learning_rate=0.02, random_state=0
    ).fit(X, worker_labels)
    assert fitted.score(X, truth) > 0.95
    np.testing.assert_array_equal(fitted.labels_, fitted.predict(X))


def test_a_worker_who_answers_the_opposite_is_understood(crowd):
    X, truth, _ = crowd
    worker_labels = np.column_stack([truth, truth, truth, 1 - truth])
    fitted = CrowdLayerClassifier(random_state=0).fit(X, worker_labels)
    diagonals = np.diagonal(fitted.worker_confusion_, axis1=1, axis2=2)
    assert (diagonals[:3] > 0.6).all()
    assert (diagonals[3] < 0.4).all()
    assert fitted.score(X, truth) > 0.95


def test_three_classes_of_which_one_worker_mixes_two():
    rng = np.random.RandomState(0)
    truth = np.arange(150) % 3
    X = rng.normal(size=(150, 2)) + 6 * np.eye(3)[truth][:, :2]
    mixing = np.where(truth == 2, 1, truth)
    fitted = CrowdLayerClassifier(random_state=0)
    fitted.fit(X, np.column_stack([truth, truth, mixing]))
    assert fitted.score(X, truth) > 0.95
    assert fitted.worker_confusion_[2, 2].argmax() == 1


def test_a_worker_layer_must_be_known(crowd):
    X, _, worker_labels = crowd
    with pytest.raises(ValueError, match="'worker_layer' parameter of CrowdLayerClassifier"):
        CrowdLayerClassifier(worker_layer="tensor").fit(X, worker_labels)


@pytest.fixture
def separable():
    """Two rows far apart, with room for as many copies as a test wants."""
    return np.array([[-1.0], [1.0]])


def test_one_round_by_hand(separable):
    # eight rows; the first worker is right, the second errs in one row of four
    truth = np.repeat([0, 1], 4)
    second = np.array([1, 0, 0, 0, 0, 1, 1, 1])
    fitted = MBEMClassifier(n_rounds=1, smoothing=0.0, **SHORT)
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
    fitted = MBEMClassifier(n_rounds=1, smoothing=2.0, **SHORT)
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
    fitted = MBEMClassifier(**SHORT).fit(X, worker_labels)
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
    fitted = MBEMClassifier(**SHORT).fit(X, worker_labels)
    votes = np.where(worker_labels < 0, 0, 2 * worker_labels - 1).sum(axis=1)
    assert np.mean(fitted.labels_ == truth) >= np.mean((votes > 0) == truth)
