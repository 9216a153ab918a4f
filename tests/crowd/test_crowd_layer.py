"""Crowd-Layer: the worker layers by hand numbers, and workers who confuse classes."""

import numpy as np
import pytest
import torch

from sklearn_imbgen.crowd._crowd_layer import CrowdLayerClassifier, WorkerLayer, labels_of_rows

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
    fitted = CrowdLayerClassifier(worker_layer=worker_layer, random_state=0).fit(X, worker_labels)
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
