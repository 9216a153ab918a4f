"""Input that users really have: odd dtypes, frozen networks, wrong settings."""

import numpy as np
import pandas as pd
import pytest
import torch
from imblearn.over_sampling import SMOTE, BorderlineSMOTE
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.neighbors import NearestNeighbors
from torch import nn

from tests.registry import SAMPLERS, tuned

N = 40
Y = np.repeat([0, 1], [30, 10])


@pytest.fixture
def frame():
    return pd.DataFrame(np.random.RandomState(0).normal(size=(N, 3)), columns=list("abc"))


@pytest.fixture(params=["GLGAN", "LatentSMOTE"])
def latent_sampler(request):
    return clone(SAMPLERS[request.param])


def test_a_category_column_that_is_not_listed_is_refused(swim, frame):
    frame["b"] = pd.Categorical([3, 7] * 20)
    with pytest.raises(ValueError, match=r"column 'b' is not numeric.*categorical_features"):
        swim.set_params(categorical_features=None).fit_resample(frame, Y)


def test_numbers_written_as_text_are_not_interpolated(swim, frame):
    frame["a"] = ["10115", "20095"] * 20
    with pytest.raises(ValueError, match=r"column 'a' is not numeric \(it holds '10115'\)"):
        swim.fit_resample(frame, Y)
    resampled, _ = swim.set_params(categorical_features=["a"]).fit_resample(frame, Y)
    assert set(resampled["a"]) == {"10115", "20095"}


def test_dates_are_refused_by_name(swim, frame):
    frame["b"] = pd.date_range("2026-01-01", periods=N)
    with pytest.raises(ValueError, match="column 'b' is not numeric"):
        swim.fit_resample(frame, Y)


def test_text_in_an_object_array_is_named(swim):
    X = np.array([[1.0, "left"], [2.0, "right"]] * 20, dtype=object)
    with pytest.raises(ValueError, match="could not convert string to float"):
        swim.fit_resample(X, Y)
    X = np.column_stack([X, X[:, 1]])
    with pytest.raises(ValueError, match="column 2 is not numeric"):
        swim.set_params(categorical_features=[1]).fit_resample(X, Y)


def test_integers_and_booleans_in_objects_stay_valid(swim, frame):
    X = np.array([[True, "x", 2, 0.5], [False, "y", 7, 1.5]] * 20, dtype=object)
    resampled, _ = clone(swim).set_params(categorical_features=[1]).fit_resample(X, Y)
    assert {type(value) for value in resampled[:, 0]} == {bool}
    assert {type(value) for value in resampled[:, 2]} == {int}
    frame["a"] = pd.Series([1, 2] * 20, dtype=object)
    resampled, _ = swim.fit_resample(frame, Y)
    assert set(resampled["a"]) <= {1, 2}


@pytest.mark.parametrize("dtype", ["boolean", "bool", "Int8", "uint8", "uint64"])
@pytest.mark.parametrize("clip", [True, False])
def test_narrow_types_beside_a_category(swim, frame, dtype, clip):
    frame["a"] = pd.array(np.arange(N) % 2, dtype="int64")
    frame["a"] = frame["a"].astype(dtype)
    frame["b"] = pd.Categorical(["x", "y"] * 20)
    resampled, _ = tuned(swim, clip=clip).fit_resample(frame, Y)
    assert resampled["a"].dtype == frame["a"].dtype


def test_sparse_rows_with_categories(swim):
    X = sparse.csr_matrix(np.column_stack([np.arange(N) % 3, np.arange(N) / N]))
    resampled, _ = swim.set_params(categorical_features=[0]).fit_resample(X, Y)
    assert sparse.isspmatrix_csr(resampled)
    assert set(resampled[:, 0].toarray().ravel()) <= {0.0, 1.0, 2.0}


def test_categories_of_a_list(swim):
    X = [[1.0, 0], [2.0, 1]] * 20
    resampled, _ = swim.set_params(categorical_features=[1]).fit_resample(X, Y)
    assert {row[1] for row in resampled} <= {0.0, 1.0}


@pytest.mark.parametrize("named", [[9], [True], ["a"], [[1]]])
def test_categorical_features_that_do_not_fit_are_named(swim, frame, named):
    with pytest.raises(ValueError, match="categorical_features="):
        swim.set_params(categorical_features=named).fit_resample(frame.to_numpy(), Y)


@pytest.mark.parametrize("named", [[], np.array([]), np.array([], dtype=int)])
def test_no_categorical_features(swim, frame, named):
    swim.set_params(categorical_features=named).fit_resample(frame, Y)
    assert len(swim.categorical_features_) == 0


def test_an_unseen_category_is_named(latent_sampler, frame):
    frame["c"] = pd.Categorical(["x", "y"] * 20)
    latent_sampler.fit(frame, Y)
    frame["c"] = pd.Categorical(["x", "z"] * 20)
    with pytest.raises(ValueError, match=r"column 'c' has categories.*\['z'\]"):
        latent_sampler.encode(frame)


def test_far_away_rows_stay_finite(latent_sampler, frame):
    latent_sampler.fit(frame.to_numpy(), Y)
    assert np.isfinite(latent_sampler.encode(np.full((1, 3), 1e300))).all()


def test_a_failed_refit_leaves_no_old_networks(sampler, frame):
    sampler.fit(frame, Y)
    with pytest.raises(ValueError, match="more than 1 class"):
        sampler.fit(frame, np.zeros(N))
    with pytest.raises(NotFittedError, match="last fit failed"):
        sampler.sample(1, label=1)


def test_training_inside_no_grad_and_with_another_default_dtype(sampler, frame):
    expected, _ = clone(sampler).fit_resample(frame, Y)
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            resampled, _ = sampler.fit_resample(frame, Y)
    finally:
        torch.set_default_dtype(torch.float32)
    pd.testing.assert_frame_equal(resampled, expected)


def test_frozen_layers_are_left_alone(latent_sampler, frame):
    encoder = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 4))
    encoder[0].requires_grad_(False)
    tuned(latent_sampler, encoder=encoder).fit_resample(frame, Y)
    assert torch.equal(latent_sampler.encoder_[0].weight, encoder[0].weight)
    assert not torch.equal(latent_sampler.encoder_[2].weight, encoder[2].weight)


def test_modules_without_parameters_train_nothing(frame):
    sampler = clone(SAMPLERS["LatentSMOTE"]).set_params(
        encoder=nn.Identity(), decoder=nn.Identity(), latent_dim=3
    )
    resampled, _ = sampler.fit_resample(frame, Y)
    smote, _ = SMOTE(random_state=0).fit_resample(frame, Y)
    assert resampled.shape == smote.shape


class TwoOutputs(nn.Linear):
    def forward(self, X):
        return super().forward(X), X


def test_a_module_with_two_outputs_is_refused(latent_sampler, frame):
    with pytest.raises(ValueError, match=r"encoder maps .* to tuple"):
        tuned(latent_sampler, encoder=TwoOutputs(3, 4)).fit_resample(frame, Y)


def test_a_class_that_cannot_be_built_is_named(latent_sampler, frame):
    with pytest.raises(TypeError, match="encoder cannot be built with n_features, latent_dim"):
        tuned(latent_sampler, encoder=nn.Linear).fit_resample(frame, Y)


def test_wrong_interpolators_and_neighbors_are_refused_before_training(latent_sampler, frame):
    def fit(**settings):
        tuned(clone(latent_sampler), **settings).fit_resample(frame, Y)

    with pytest.raises(ValueError, match="'kind' parameter of BorderlineSMOTE"):
        fit(interpolator=BorderlineSMOTE(kind="zigzag"))
    with pytest.raises(TypeError, match="interpolator must be an instance"):
        fit(interpolator=SMOTE)
    with pytest.raises(ValueError, match="counts the row itself"):
        fit(k_neighbors=NearestNeighbors(n_neighbors=1))


def test_a_judge_without_epochs_has_no_say(frame):
    rows = [
        clone(SAMPLERS["GLGAN"])
        .set_params(discriminator_epochs=0, adversarial_weight=weight)
        .fit_resample(frame, Y)[0]
        for weight in (0.0, 10.0)
    ]
    pd.testing.assert_frame_equal(*rows)


def test_a_device_without_memory_is_refused(network_sampler, frame):
    with pytest.raises(ValueError, match="device='meta' is not available"):
        network_sampler.set_params(device="meta").fit_resample(frame, Y)


@pytest.mark.parametrize("label", [[1], [1, 1]])
def test_a_label_is_one_value(swim, frame, label):
    with pytest.raises(ValueError, match="is not a class"):
        swim.fit(frame, Y).sample(1, label=label)
