"""What comes into a sampler in a form of its own: taken as it is meant, or refused by name."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.base import clone
from torch import nn

from sklearn_imbgen.exceptions import FewSamplesWarning
from sklearn_imbgen.over_sampling import ImbMix, LatentSMOTE
from tests.registry import SAMPLERS

RNG = np.random.RandomState(0)
X = RNG.normal(size=(60, 3))
CODES = np.repeat([0, 1, 2], [40, 12, 8])
HOT = np.eye(3, dtype=int)[CODES]

# -- labels ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "y",
    [
        pd.get_dummies(pd.Series(np.array(["z", "a", "m"])[CODES]))[["z", "a", "m"]],
        pd.DataFrame(HOT.astype(float), columns=list("zam")),
        sparse.csr_matrix(HOT),
        sparse.csc_array(HOT.astype(bool)),
        HOT.astype(bool),
        HOT.tolist(),
    ],
    ids=["bool frame", "float frame", "csr_matrix", "csc_array", "bool", "lists"],
)
def test_one_hot_labels_come_back_as_they_came(swim, y):
    table = pd.DataFrame(X, columns=list("abc"))
    rows, labels = swim.fit_resample(table, y)
    expected, _ = swim.fit_resample(table, CODES)
    assert type(labels) is type(y)
    dense = labels.toarray() if sparse.issparse(y) else np.asarray(labels)
    np.testing.assert_array_equal(np.asarray(dense, dtype=int).argmax(axis=1)[:60], CODES)
    np.testing.assert_array_equal(dense.sum(axis=0), [40, 40, 40])
    np.testing.assert_array_equal(dense.sum(axis=1), 1)
    assert len(rows) == len(expected) == 120
    if isinstance(y, pd.DataFrame):
        pd.testing.assert_frame_equal(labels[:60], y)
        assert swim.fit(table, y).sample(2, label="m").shape == (2, 3)
    else:
        pd.testing.assert_frame_equal(rows, expected)


@pytest.mark.parametrize("wrap", [np.asarray, pd.DataFrame, sparse.csr_matrix])
def test_two_one_hot_columns_are_two_classes(swim, wrap):
    y = np.eye(2, dtype=int)[np.repeat([1, 0], [45, 15])]
    _, labels = swim.fit_resample(X, wrap(y))
    dense = labels.toarray() if sparse.issparse(labels) else np.asarray(labels)
    assert dense.sum(axis=0).tolist() == [45, 45]
    np.testing.assert_array_equal(dense[:60], y)


def test_labels_and_weights_in_another_order_are_refused(swim):
    table = pd.DataFrame(X, index=[f"row {i}" for i in range(60)])
    y = pd.Series(CODES, index=table.index)
    with pytest.raises(ValueError, match="X and y are indexed differently: row 0 is 'row 0'"):
        swim.fit_resample(table, y[::-1])
    with pytest.raises(ValueError, match="X and sample_weight are indexed differently"):
        swim.fit_resample(table, y, sample_weight=(y + 1)[::-1])
    assert len(swim.fit_resample(table, y)[0]) == 120


@pytest.mark.parametrize("method", ["fit", "fit_resample"])
def test_hidden_values_are_refused(swim, method):
    masked = np.ma.masked_array(X, mask=np.arange(180).reshape(60, 3) == 4)
    with pytest.raises(ValueError, match=r"X is a masked array .* row 1, column 1"):
        getattr(swim, method)(masked, CODES)
    with pytest.raises(ValueError, match=r"y is a masked array .* row 59"):
        getattr(swim, method)(X, np.ma.masked_array(CODES, mask=np.arange(60) == 59))
    getattr(swim, method)(np.ma.masked_array(X), CODES)


def test_hidden_values_are_refused_by_a_trained_sampler_too():
    sampler = clone(SAMPLERS["LatentSMOTE"]).fit(X, CODES)
    with pytest.raises(ValueError, match="X is a masked array"):
        sampler.encode(np.ma.masked_array(X, mask=X > 2))


def test_a_series_of_rows_is_refused(swim):
    with pytest.raises(TypeError, match="X is a pandas Series, and SWIM takes a table"):
        swim.fit_resample(pd.Series(X[:, 0]), CODES)


# -- sampling_strategy -------------------------------------------------------------------------


def test_counts_that_are_no_whole_numbers_are_refused_before_any_training(sampler, monkeypatch):
    monkeypatch.setattr(type(sampler), "_learn", lambda *_: pytest.fail("it was trained"))
    sampler.set_params(sampling_strategy=lambda y: {1: 1.3 * np.sum(y == 1)})
    with pytest.raises(ValueError, match=r"sampling_strategy asks for 15\.6.* rows of class 1"):
        sampler.fit_resample(X, CODES)


def test_whole_numbers_may_be_floats(swim):
    swim.set_params(sampling_strategy=lambda y: {1: 2.5 * np.sum(y == 1)})
    assert np.bincount(swim.fit_resample(X, CODES)[1]).tolist() == [40, 30, 8]


# -- one-hot features --------------------------------------------------------------------------

WARDS = np.eye(4)[RNG.randint(0, 3, size=60)][:, [0, 3, 1, 2]]  # the second is 0 throughout


def tables():
    frame = pd.DataFrame(X[:, :2], columns=["a", "b"])
    frame[["p", "never", "q", "r"]] = WARDS.astype(bool)
    frame["c"] = X[:, 2]
    frame[["yes", "no"]] = np.column_stack([X[:, 0] > 0, X[:, 0] <= 0]).astype(int)
    with_category = frame.assign(city=pd.Categorical(np.where(X[:, 1] > 0, "Bonn", "Oslo")))
    return {
        "frame": frame,
        "with a category": with_category,
        "array": frame.to_numpy(dtype=float),
        "sparse": sparse.csr_matrix(frame.to_numpy(dtype=np.float32)),
        "objects": frame.astype(object),
    }


def assert_one_hot(rows):
    columns = rows.toarray() if sparse.issparse(rows) else np.asarray(rows, dtype=object)
    columns = columns[:, :9].astype(float)
    for block in (columns[:, 2:6], columns[:, 7:9]):
        assert set(np.unique(block)) <= {0.0, 1.0}
        np.testing.assert_array_equal(block.sum(axis=1), 1)
    assert (columns[:, 3] == 0).all()


@pytest.mark.parametrize("kind", tables())
def test_one_hot_columns_stay_one_hot_in_any_table(swim, kind):
    table = tables()[kind]
    resampled, _ = swim.fit_resample(table, CODES)
    assert_one_hot(resampled)
    if hasattr(table, "dtypes"):
        assert (resampled.dtypes == table.dtypes).all()
    assert_one_hot(swim.sample(50, label=2))


def test_one_hot_columns_stay_one_hot_in_every_sampler(sampler):
    assert_one_hot(sampler.fit_resample(tables()["frame"], CODES)[0])


def test_none_treats_one_hot_columns_as_numbers(swim):
    resampled, _ = swim.set_params(categorical_features=None).fit_resample(WARDS, CODES)
    assert not set(np.unique(resampled[60:])) <= {0.0, 1.0}


def test_a_networks_rows_have_their_one_hot_columns_in_their_places():
    seen = []

    class Spy(nn.Linear):
        def forward(self, rows):
            seen.append(rows.detach())
            return super().forward(rows)

    table = tables()["array"]
    ImbMix(estimator=Spy(9, 3), n_steps=1, random_state=0).fit(table, CODES)
    same = next(rows for rows in seen if len(rows) == 60)
    np.testing.assert_allclose(same.numpy(), table, atol=1e-5)


# -- numbers at their limits -------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.int8])
def test_narrow_numbers_at_their_limits(sampler, dtype):
    limits = np.finfo(dtype) if dtype is np.float16 else np.iinfo(dtype)
    rows = RNG.choice([limits.min, 0, 1, limits.max], size=(60, 3)).astype(dtype)
    resampled, _ = sampler.fit_resample(rows, CODES)
    assert resampled.dtype == dtype
    assert np.isfinite(resampled).all()


def test_many_columns(sampler):
    wide = RNG.normal(size=(60, 3000))
    resampled, _ = sampler.fit_resample(wide, CODES)
    assert np.isfinite(resampled).all()


def test_many_classes_of_two_rows(sampler):
    y = np.r_[np.repeat(np.arange(12), 2), 0]
    rows = RNG.normal(size=(len(y), 2)) + y[:, None]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", FewSamplesWarning)
        resampled, y_resampled = sampler.fit_resample(rows, y)
    assert np.bincount(y_resampled).tolist() == [3] * 12
    assert np.isfinite(resampled).all()
    said = [str(w.message) for w in caught if w.category is FewSamplesWarning]
    if hasattr(sampler, "k_neighbors"):
        assert len(said) == 1
        assert "lowered from 5 to 1. It is lowered for 10 other classes too" in said[0]


def test_text_that_reads_like_a_missing_value_is_a_category(swim):
    words = np.array(["NA", "None", "nan", ""])[np.arange(60) % 4]
    table = pd.DataFrame({"a": X[:, 0], "word": pd.Categorical(words)})
    resampled, labels = swim.fit_resample(table, np.array(["NA", "None", "nan"])[CODES])
    assert set(resampled["word"]) == {"NA", "None", "nan", ""}
    assert set(labels) == {"NA", "None", "nan"}
    table["word"] = table["word"].astype(object).replace("", None)
    with pytest.raises(ValueError, match="NaN: row 3, column 'word'"):
        swim.set_params(categorical_features=["word"]).fit_resample(table, CODES)


# -- torch -------------------------------------------------------------------------------------


def test_a_users_module_works_with_another_default_dtype():
    def made(encoder):
        stage = LatentSMOTE(encoder=encoder, latent_dim=2, random_state=0)
        return stage.set_params(autoencoder_epochs=1, steps_per_epoch=1).fit(X, CODES).encode(X)

    class Encoder(nn.Linear):
        def __init__(self, n_features, latent_dim):
            super().__init__(n_features, latent_dim)

    torch.set_default_dtype(torch.float64)
    try:
        for encoder in (Encoder, nn.Linear(3, 2)):
            assert made(encoder).dtype == np.float32
    finally:
        torch.set_default_dtype(torch.float32)


def test_a_missing_device_is_told_in_one_line():
    if torch.backends.mps.is_available():
        pytest.skip("it is there")
    sampler = clone(SAMPLERS["GLGAN"]).set_params(device="mps")
    with pytest.raises(
        ValueError, match=r"device='mps' is not available .* which are cpu"
    ) as found:
        sampler.fit(X, CODES)
    assert len(str(found.value)) < 200
