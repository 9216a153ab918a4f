import matplotlib
import numpy as np
import pytest
from sklearn.datasets import make_classification

from tests.registry import SAMPLERS

matplotlib.use("Agg")


@pytest.fixture(params=SAMPLERS)
def sampler(request):
    """Each sampler of the package in turn, with a small budget."""
    from sklearn.base import clone

    return clone(SAMPLERS[request.param])


@pytest.fixture(scope="session")
def imbalanced():
    """90 majority and 10 minority rows of 6 numeric features."""
    X, y = make_classification(n_samples=100, n_features=6, weights=[0.9], flip_y=0, random_state=0)
    assert np.bincount(y).tolist() == [90, 10]
    X.flags.writeable = y.flags.writeable = False
    return X, y
