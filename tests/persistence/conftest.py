from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sklearn_imbgen.crowd import DawidSkene, MajorityVote
from tests.crowd.registry import CROWD_CLASSIFIERS
from tests.registry import SAMPLERS
from tests.robust.registry import ROBUST_CLASSIFIERS

AGGREGATORS = {"DawidSkene": DawidSkene(), "MajorityVote": MajorityVote()}
ESTIMATORS = {**SAMPLERS, **CROWD_CLASSIFIERS, **AGGREGATORS, **ROBUST_CLASSIFIERS}


def make_rows():
    """80 rows of class 0 and 12 of class 1, 4 features, in a container that can be changed."""
    rng = np.random.RandomState(0)
    y = np.repeat([0, 1], [80, 12])
    return rng.normal(size=(92, 4)) + 2 * y[:, None], y


def make_votes(y):
    """Labels of five workers, of whom each errs on a fifth of the rows."""
    wrong = np.random.RandomState(1).uniform(size=(len(y), 5)) < 0.2
    return np.where(wrong, 1 - y[:, None], y[:, None])


@cache
def fit(name, **parameters):
    """An estimator of the registries after training; do not change it."""
    X, y = make_rows()
    estimator = clone(ESTIMATORS[name])
    if name in ROBUST_CLASSIFIERS:
        estimator.set_params(max_epochs=2)
    estimator.set_params(**parameters)
    if name in AGGREGATORS:
        return estimator.fit(make_votes(y))
    return estimator.fit(X, make_votes(y) if name in CROWD_CLASSIFIERS else y)


def outputs(estimator):
    """All that an estimator says of the rows, by method."""
    X, y = make_rows()
    calls = {
        "predict": lambda method: method(X),
        "predict_proba": lambda method: method(X),
        "transform": lambda method: method(X),
        "encode": lambda method: method(X),
        "score_samples": lambda method: method(X),
        "sample": lambda method: method(7, label=1),
    }
    if type(estimator).__name__ in AGGREGATORS:
        calls = {"predict": lambda method: method(make_votes(y))}
    return {
        name: np.asarray(call(getattr(estimator, name)))
        for name, call in calls.items()
        if hasattr(estimator, name)
    }


def assert_same(estimator, loaded):
    """The same numbers from both; a sampler goes one step on."""
    expected, found = outputs(estimator), outputs(loaded)
    assert found.keys() == expected.keys() != set()
    for name, value in expected.items():
        assert_array_equal(found[name], value, err_msg=name)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.skops"
