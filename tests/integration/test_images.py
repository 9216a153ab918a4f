"""Images through a sampler: reshaped on the way in, reshaped back before the network."""

import pickle

import numpy as np
import pytest
from imblearn.pipeline import make_pipeline
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import FunctionTransformer

from sklearn_imbgen.datasets import make_binary_imbalance
from sklearn_imbgen.robust import SRATClassifier
from tests.registry import SAMPLERS


def flatten(X):
    return X.reshape(len(X), -1)


def unflatten(X):
    return X.reshape(-1, 1, 8, 8)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    split = make_binary_imbalance(X / 16, y, ratio=0.2, majority=0, minority=1, random_state=0)
    return unflatten(split.X_train), split.y_train, unflatten(split.X_test), split.y_test


@pytest.fixture
def pipeline():
    return make_pipeline(
        FunctionTransformer(flatten),
        clone(SAMPLERS["GLGAN"]),
        FunctionTransformer(unflatten),
        SRATClassifier(max_epochs=4, n_steps=1, epsilon=0.1, random_state=0),
    )


def test_a_net_on_images_behind_a_sampler(pipeline, digits):
    X, y, X_test, y_test = digits
    pipeline.fit(X, y)
    assert pipeline[-1].input_shape_ == (1, 8, 8)
    assert len(set(pipeline[-1].class_counts_)) == 1
    assert pipeline[1].is_synthetic_.sum() == (y == 0).sum() - (y == 1).sum()
    assert pipeline.score(X_test, y_test) > 0.8
    loaded = pickle.loads(pickle.dumps(pipeline))
    np.testing.assert_array_equal(loaded.predict_proba(X_test), pipeline.predict_proba(X_test))


def test_images_in_cross_validation(pipeline, digits):
    pipeline.set_params(sratclassifier__max_epochs=2)
    assert np.isfinite(cross_val_score(pipeline, *digits[:2], cv=2)).all()


@pytest.mark.parametrize("wrap", [np.asarray, np.ndarray.tolist])
def test_a_sampler_given_images_says_what_to_do(sampler, digits, wrap):
    X, y = wrap(digits[0][:, 0]), digits[1]
    message = r"each row of X has the shape 8 x 8. Make it one row of 64 columns by X.reshape"
    for method in (sampler.fit, sampler.fit_resample):
        with pytest.raises(ValueError, match=message):
            method(X, y)


def test_images_are_refused_by_encode_too(digits):
    X, y = digits[:2]
    sampler = clone(SAMPLERS["LatentSMOTE"]).fit(flatten(X), y)
    with pytest.raises(ValueError, match=r"shape 1 x 8 x 8\. Make it one row of 64 columns"):
        sampler.encode(X)
