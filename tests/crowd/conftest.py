import numpy as np
import pytest


@pytest.fixture(scope="session")
def crowd():
    """Rows, truth and labels of five workers, the last of whom guesses; a fifth is missing."""
    rng = np.random.RandomState(0)
    truth = np.arange(120) % 2
    X = rng.normal(size=(120, 2)) + 4 * truth[:, None]
    wrong = rng.uniform(size=(120, 5)) < [0.05, 0.1, 0.15, 0.2, 0.5]
    worker_labels = np.where(wrong, 1 - truth[:, None], truth[:, None])
    missing = rng.uniform(size=(120, 5)) < 0.2
    missing[:, 0] &= ~missing.all(axis=1)
    worker_labels[missing] = -1
    for array in (X, truth, worker_labels):
        array.flags.writeable = False
    return X, truth, worker_labels
