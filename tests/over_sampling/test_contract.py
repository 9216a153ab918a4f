"""What the common checks do not see, because they call only ``fit``: trained samplers."""

import pickle
from collections import Counter
from io import BytesIO

import joblib
import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from tests.registry import SAMPLERS, tuned


def test_originals_come_first_and_classes_are_balanced(sampler, imbalanced):
    X, y = imbalanced
    X_resampled, y_resampled = sampler.fit_resample(X, y)
    np.testing.assert_array_equal(X_resampled[: len(X)], X)
    np.testing.assert_array_equal(y_resampled[: len(y)], y)
    assert Counter(y_resampled.tolist()) == {0: 90, 1: 90}
    assert np.isfinite(X_resampled).all()


def test_same_seed_gives_equal_rows_and_another_seed_does_not(sampler, imbalanced):
    first, _ = clone(sampler).fit_resample(*imbalanced)
    again, _ = clone(sampler).fit_resample(*imbalanced)
    refitted, _ = sampler.fit_resample(*imbalanced)
    other, _ = clone(sampler).set_params(random_state=1).fit_resample(*imbalanced)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, refitted)
    assert not np.array_equal(first, other)


def test_global_random_states_are_untouched(sampler, imbalanced):
    numpy_before, torch_before = np.random.get_state(), torch.get_rng_state()
    threads_before = torch.get_num_threads()
    sampler.fit_resample(*imbalanced)
    sampler.sample(3, label=1)
    for before, after in zip(numpy_before, np.random.get_state(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert torch.equal(torch_before, torch.get_rng_state())
    assert torch.get_num_threads() == threads_before


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64, np.uint8, bool])
def test_dtype_and_range_are_kept(swim, imbalanced, dtype):
    X, y = imbalanced
    X = (X > 0) if dtype is bool else (X * 10 + 100).astype(dtype)
    X_resampled, y_resampled = swim.fit_resample(X, y)
    assert X_resampled.dtype == X.dtype
    assert y_resampled.dtype == y.dtype
    assert (X_resampled >= X.min(axis=0)).all()
    assert (X_resampled <= X.max(axis=0)).all()


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array])
def test_sparse_in_sparse_out_with_exact_zeros(swim, imbalanced, container):
    X, y = imbalanced
    X = np.where(X > 0.5, X, 0.0)
    dense, _ = clone(swim).fit_resample(X, y)
    resampled, _ = swim.fit_resample(container(X), y)
    assert isinstance(resampled, container)
    new = resampled.toarray()[len(X) :]
    smallest = np.where(X > 0, X, np.inf).min(axis=0)
    assert ((new == 0) | (new >= smallest / 2)).all()
    np.testing.assert_allclose(new[new > 0], dense[len(X) :][new > 0])
    assert isinstance(swim.sample(2, label=1), container)


def test_pickle_and_joblib_round_trips_give_equal_samples(sampler, imbalanced):
    sampler.fit_resample(*imbalanced)
    pickled = pickle.loads(pickle.dumps(sampler))
    buffer = BytesIO()
    joblib.dump(sampler, buffer)
    dumped = joblib.load(BytesIO(buffer.getvalue()))
    expected = sampler.sample(7, label=1)
    np.testing.assert_array_equal(pickled.sample(7, label=1), expected)
    np.testing.assert_array_equal(dumped.sample(7, label=1), expected)


def test_successive_samples_differ_and_any_class_can_be_drawn(sampler, imbalanced):
    sampler.fit_resample(*imbalanced)
    assert not np.array_equal(sampler.sample(4, label=1), sampler.sample(4, label=1))
    assert sampler.sample(4, label=0).shape == (4, 6)
    assert sampler.sample(4).shape == (4, 6)


def test_sample_refuses_what_it_cannot_make(swim, imbalanced):
    X, y = imbalanced
    with pytest.raises(NotFittedError):
        swim.sample(1, label=1)
    swim.fit_resample(X, y)
    with pytest.raises(ValueError, match=r"label=7 is not a class; the classes are \[.*0.*1"):
        swim.sample(1, label=7)
    with pytest.raises(ValueError, match="n_samples must be an integer of at least 1; got 0"):
        swim.sample(0, label=1)
    swim.fit_resample(X, np.repeat([0, 1, 2], [80, 10, 10]))
    with pytest.raises(ValueError, match="several minority classes"):
        swim.sample(1)


def test_fit_trains_balanced_data_but_fit_resample_has_nothing_to_do(swim, imbalanced):
    X, _ = imbalanced
    y = np.arange(len(X)) % 2
    X_resampled, y_resampled = swim.fit_resample(X, y)
    np.testing.assert_array_equal(X_resampled, X)
    assert X_resampled is not X
    np.testing.assert_array_equal(y_resampled, y)
    with pytest.raises(NotFittedError, match="nothing to make"):
        swim.sample(1, label=0)
    assert swim.fit(X, y).sample(2, label=0).shape == (2, 6)


def test_a_refit_with_nothing_to_do_forgets_what_was_learned(sampler, imbalanced):
    X, y = imbalanced
    sampler.fit_resample(X, y)
    sampler.fit_resample(X, np.arange(len(X)) % 2)
    for name in ("history_", "generator_", "latent_means_", "majority_"):
        assert not hasattr(sampler, name)


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("minority", {0: 60, 1: 30, 2: 60}),
        ("not majority", {0: 60, 1: 60, 2: 60}),
        ("all", {0: 60, 1: 60, 2: 60}),
        ({2: 25}, {0: 60, 1: 30, 2: 25}),
        (lambda y: {1: 40}, {0: 60, 1: 40, 2: 10}),
    ],
)
def test_every_sampling_strategy_with_three_classes(swim, strategy, expected):
    X = np.random.RandomState(0).normal(size=(100, 3))
    y = np.repeat([0, 1, 2], [60, 30, 10])
    _, y_resampled = swim.set_params(sampling_strategy=strategy).fit_resample(X, y)
    assert Counter(y_resampled.tolist()) == expected


def test_float_sampling_strategy(swim, imbalanced):
    _, y_resampled = swim.set_params(sampling_strategy=0.5).fit_resample(*imbalanced)
    assert Counter(y_resampled.tolist()) == {0: 90, 1: 45}


def test_history_has_finite_losses_for_every_epoch(network_sampler, imbalanced):
    network_sampler.fit_resample(*imbalanced)
    for terms in network_sampler.history_.values():
        assert "total" in terms
        assert len({len(values) for values in terms.values()}) == 1
        assert np.isfinite(list(terms.values())).all()


@pytest.mark.parametrize("name", ["GLGAN", "LatentSMOTE", "ConditionalGAN", "BAGAN"])
def test_hidden_dims_are_positive_integers_or_none(name, imbalanced):
    with pytest.raises(ValueError, match="hidden_dims must hold positive integers"):
        tuned(clone(SAMPLERS[name]), hidden_dims=(8, -1)).fit_resample(*imbalanced)
    # without a hidden layer it is a linear network
    linear = tuned(clone(SAMPLERS[name]), hidden_dims=())
    assert len(linear.fit_resample(*imbalanced)[0]) == 180


def test_a_seeded_sample_is_its_own_and_leaves_the_sequence(sampler, imbalanced):
    sampler.fit(*imbalanced)
    undisturbed = pickle.loads(pickle.dumps(sampler)).sample(5, label=1)
    seeded = sampler.sample(5, label=1, random_state=7)
    np.testing.assert_array_equal(sampler.sample(5, label=1), undisturbed)
    np.testing.assert_array_equal(sampler.sample(5, label=1, random_state=7), seeded)
    assert not np.array_equal(seeded, undisturbed)
