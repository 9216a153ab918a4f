import random
import signal
import zlib

import matplotlib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import make_classification

from tests.registry import NETWORK_SAMPLERS, SAMPLERS

matplotlib.use("Agg")
# a shell ignores Ctrl-C for what it starts in the background; the tests of Ctrl-C need it
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _seeded(request):
    """Give each test draws of its own from the global generators, whatever ran before it."""
    seed = zlib.crc32(request.node.nodeid.encode())
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@pytest.fixture(params=SAMPLERS)
def sampler(request):
    """Each sampler of the package in turn, with a small budget."""
    return clone(SAMPLERS[request.param])


@pytest.fixture
def swim():
    """The cheapest sampler, for what the base does for all of them."""
    return clone(SAMPLERS["SWIM"])


@pytest.fixture(params=NETWORK_SAMPLERS)
def network_sampler(request):
    """Each sampler that trains networks in turn."""
    return clone(SAMPLERS[request.param])


@pytest.fixture(scope="session")
def imbalanced():
    """90 majority and 10 minority rows of 6 numeric features."""
    X, y = make_classification(n_samples=200, n_features=6, flip_y=0, random_state=0)
    kept = np.r_[np.flatnonzero(y == 0)[:90], np.flatnonzero(y == 1)[:10]]
    X, y = X[kept], y[kept]
    X.flags.writeable = y.flags.writeable = False
    return X, y
