import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score

from benchmarks.crowd.personal_classifier import ClusteredPersonalClassifier, clustered_loss
from sklearn_imbgen.aggregation import check_label_matrix


@pytest.fixture(autouse=True)
def one_thread():
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture
def crowd():
    """Three classes; two workers mostly right, two who swap classes 0 and 1, one who guesses."""
    rng = np.random.RandomState(0)
    truth = np.arange(90) % 3
    X = rng.normal(size=(90, 2)) + 4 * np.eye(3)[truth][:, :2]
    swapped = np.array([1, 0, 2])[truth]
    labels = np.column_stack([truth, truth, truth, swapped, swapped])
    guessed = rng.uniform(size=labels.shape) < 0.1
    labels[guessed] = rng.randint(3, size=guessed.sum())
    labels[rng.uniform(size=labels.shape) < 0.2] = -1
    labels[:, 0] = truth
    return X, truth, labels


def test_the_loss_by_hand():
    # one feature, no intercept, two classes: base (0, 0), workers (1, 0) and (0, 0)
    models = torch.tensor([[[0.0, 0.0]], [[1.0, 0.0]], [[0.0, 0.0]]], dtype=torch.float64)
    rows = torch.tensor([[2.0], [-1.0]], dtype=torch.float64)
    labels = check_label_matrix([[0, 1], [-1, 0]])
    entropy = -np.log(np.exp(2) / (np.exp(2) + 1)) - 2 * np.log(0.5)
    # squared distance 1 to the base, distance 1 between the workers, shared by two
    expected = entropy + 3 / 2 + 5 / 2
    assert clustered_loss(models, rows, labels, 3.0, 5.0, 7.0).item() == pytest.approx(
        expected, abs=1e-5
    )


def test_the_base_model_follows_the_larger_cluster(crowd):
    X, truth, labels = crowd
    fitted = ClusteredPersonalClassifier(max_iter=30).fit(X, labels)
    assert accuracy_score(truth, fitted.predict(X)) > 0.9
    np.testing.assert_allclose(fitted.predict_proba(X).sum(axis=1), 1)


def test_ties_bring_workers_of_a_kind_together(crowd):
    X, _, labels = crowd

    def spread(strength):
        fitted = ClusteredPersonalClassifier(cluster_strength=strength, max_iter=30)
        models = fitted.fit(X, labels).personal_
        apart = np.linalg.norm(models[0] - models[3])
        return np.linalg.norm(models[3] - models[4]) / apart, apart

    (without, _), (tied, apart) = spread(0.0), spread(20.0)
    assert tied < 0.7 * without
    # and those of two kinds stay apart
    assert apart > 1
