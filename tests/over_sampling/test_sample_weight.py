"""Weights travel through every sampler, and synthetic rows are marked."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from imblearn.pipeline import make_pipeline
from sklearn.base import clone
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from sklearn_imbgen.over_sampling import ImbMix
from tests.registry import SAMPLERS


@pytest.fixture(params=["SWIM", "ImbMix"])
def sampler(request):
    """The cheapest sampler, and the one that multiplies the weights."""
    return clone(SAMPLERS[request.param])


@pytest.fixture
def weights(imbalanced):
    return np.linspace(0.5, 3.0, len(imbalanced[0]))


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def share_of_label(sampler):
    """What ImbMix multiplies the weights by; 1 for the others."""
    soft = getattr(sampler, "soft_labels_", None)
    return 1.0 if soft is None else soft.max(axis=1)


def test_originals_keep_their_weight_and_new_rows_get_the_mean_of_their_class(sampler, weights):
    X = np.random.RandomState(0).normal(size=(100, 3))
    y = np.repeat(["a", "b", "c"], [60, 30, 10])
    _, y_resampled = sampler.fit_resample(X, y, sample_weight=weights)
    expected = np.concatenate(
        [weights, [weights[y == label].mean() for label in y_resampled[100:]]]
    )
    np.testing.assert_allclose(sampler.sample_weight_, expected * share_of_label(sampler))
    np.testing.assert_array_equal(sampler.is_synthetic_, np.arange(180) >= 100)


def test_without_weights_all_rows_weigh_one(sampler, imbalanced):
    sampler.fit_resample(*imbalanced)
    np.testing.assert_allclose(
        sampler.sample_weight_, np.ones(180) * share_of_label(sampler), strict=True
    )
    assert sampler.is_synthetic_.dtype == bool
    assert sampler.is_synthetic_.sum() == 80


def test_imb_mix_multiplies_by_the_share_of_the_label(imbalanced, weights):
    sampler = clone(SAMPLERS["ImbMix"])
    *_, soft, weight = sampler.fit_resample_soft(*imbalanced, weights)
    mean = weights[imbalanced[1] == 1].mean()
    np.testing.assert_allclose(weight[100:], mean * soft[100:].max(axis=1))
    np.testing.assert_array_equal(weight[:100], weights)
    assert (weight[100:] < mean).any()


def test_positive_weights_do_not_change_the_rows(sampler, imbalanced, weights):
    plain, _ = clone(sampler).fit_resample(*imbalanced)
    weighted, _ = sampler.fit_resample(*imbalanced, sample_weight=weights)
    np.testing.assert_array_equal(weighted, plain)


def test_rows_of_weight_zero_count_as_absent_and_stay_in_place(sampler, imbalanced, weights):
    X, y = imbalanced
    weights[[0, 5, 95]] = 0
    counted = weights > 0
    # fewer than all rows of the class: the target counts what is not absent
    sampler.set_params(sampling_strategy={1: 9 + 20})
    without, _ = clone(sampler).fit_resample(X[counted], y[counted])
    resampled, y_resampled = sampler.fit_resample(X, y, sample_weight=weights)
    np.testing.assert_array_equal(resampled[:100], X)
    np.testing.assert_array_equal(resampled[100:], without[97:])
    assert y_resampled[100:].tolist() == [1] * 20
    np.testing.assert_array_equal(sampler.sample_weight_[:100], weights)
    share = np.broadcast_to(share_of_label(sampler), 120)[100:]
    np.testing.assert_allclose(
        sampler.sample_weight_[100:], weights[counted & (y == 1)].mean() * share
    )


def test_weights_with_nothing_to_make(sampler, imbalanced, weights):
    y = np.arange(100) % 2
    sampler.fit_resample(imbalanced[0], y, sample_weight=weights)
    np.testing.assert_array_equal(sampler.sample_weight_, weights)
    assert not sampler.is_synthetic_.any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: -w, "Negative values in data passed to `sample_weight`"),
        (lambda w: w[1:], r"sample_weight.shape == \(99,\), expected \(100,\)"),
        (lambda w: np.where(w > 2, np.nan, w), "sample_weight contains NaN"),
        (
            lambda w: np.where(np.arange(100) < 90, w, 0),
            "sample_weight is 0 for all rows of class 1",
        ),
        (lambda w: w[:, None] * [1, 1], "Sample weights must be 1D"),
    ],
)
def test_weights_that_cannot_be_are_refused(sampler, imbalanced, weights, change, message):
    with pytest.raises(ValueError, match=message):
        sampler.fit_resample(*imbalanced, sample_weight=change(weights))


@pytest.mark.parametrize("wrap", [list, pd.Series, lambda w: pd.array(w, dtype="Float64")])
def test_weights_in_other_containers(sampler, imbalanced, weights, wrap):
    sampler.fit_resample(*imbalanced, sample_weight=wrap(weights))
    np.testing.assert_array_equal(sampler.sample_weight_[:100], weights)


def test_a_refit_forgets_what_it_knew_of_the_rows(sampler, imbalanced):
    sampler.fit_resample(*imbalanced)
    sampler.fit(*imbalanced)
    for name in ("is_synthetic_", "sample_weight_"):
        assert not hasattr(sampler, name)


def test_nothing_but_one_flag_and_one_weight_per_row_is_kept(sampler, imbalanced, weights):
    X, y = np.tile(imbalanced[0], (40, 1)), np.tile(imbalanced[1], 40)
    fitted = clone(sampler).fit(X, y)
    # neighbors are looked up with the first row, and kept
    fitted.sample(1, label=1)
    weighted = len(pickle.dumps(fitted))
    sampler.fit_resample(X, y, sample_weight=np.tile(weights, 40))
    n_rows = len(sampler.sample_weight_)
    per_row = (len(pickle.dumps(sampler)) - weighted) / n_rows
    n_soft = 2 if isinstance(sampler, ImbMix) else 0
    assert per_row < 8 + 1 + 8 * n_soft + 0.5


def test_routed_weights_reach_the_sampler_of_a_pipeline(sampler, imbalanced, weights, routing):
    sampler.set_fit_resample_request(sample_weight=True)
    pipeline = make_pipeline(
        StandardScaler().set_fit_request(sample_weight=False),
        sampler,
        LogisticRegression().set_fit_request(sample_weight=False),
    )
    pipeline.fit(*imbalanced, sample_weight=weights)
    np.testing.assert_array_equal(pipeline[1].sample_weight_[:100], weights)
    assert len(pipeline[1].sample_weight_) == 180


def test_weights_that_nobody_asked_for_are_refused(sampler, imbalanced, weights, routing):
    pipeline = make_pipeline(sampler, LogisticRegression().set_fit_request(sample_weight=False))
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        pipeline.fit(*imbalanced, sample_weight=weights)


def test_the_weights_go_on_to_a_classifier(sampler, imbalanced, weights):
    X, y = imbalanced
    weights = np.where(np.arange(100) % 3, weights, 0)
    X_resampled, y_resampled = sampler.fit_resample(X, y, sample_weight=weights)
    fitted = LogisticRegression().fit(X_resampled, y_resampled, sampler.sample_weight_)
    counted = sampler.sample_weight_ > 0
    without = LogisticRegression().fit(
        X_resampled[counted], y_resampled[counted], sampler.sample_weight_[counted]
    )
    np.testing.assert_allclose(fitted.coef_, without.coef_, atol=1e-3)
