"""Categories, integers and booleans come back as valid values."""

import numpy as np
import pandas as pd
import pytest

from tests.registry import tuned

CITIES = ["Bonn", "Lyon", "Oslo"]


@pytest.fixture
def table():
    rng = np.random.RandomState(0)
    frame = pd.DataFrame(
        {
            "age": rng.randint(18, 90, size=80),
            "city": pd.Categorical(rng.choice(CITIES, size=80), categories=[*CITIES, "Rome"]),
            "income": rng.normal(3e4, 1e4, size=80),
            "member": rng.rand(80) > 0.5,
            "visits": pd.array(rng.poisson(3, size=80), dtype="Int64"),
        }
    )
    y = pd.Series(np.where(np.arange(80) < 66, "stay", "leave"), name="outcome", dtype="category")
    return frame, y


def test_a_mixed_frame_keeps_columns_dtypes_and_valid_values(sampler, table):
    frame, y = table
    resampled, y_resampled = sampler.fit_resample(frame, y)
    pd.testing.assert_frame_equal(resampled.iloc[:80], frame)
    assert (resampled.dtypes == frame.dtypes).all()
    assert y_resampled.dtype == y.dtype
    assert y_resampled.name == "outcome"
    new = resampled.iloc[80:]
    assert len(new) == 52
    assert set(new["city"]) <= set(CITIES)
    assert new["age"].between(frame["age"].min(), frame["age"].max()).all()
    assert new["visits"].between(frame["visits"].min(), frame["visits"].max()).all()
    assert sampler.categorical_features_.tolist() == [1]


def test_sample_gives_the_same_frame(swim, table):
    frame, y = table
    rows = swim.fit(frame, y).sample(5, label="leave")
    assert rows.columns.tolist() == frame.columns.tolist()
    assert (rows.dtypes == frame.dtypes).all()


@pytest.mark.parametrize("how", [[1], ["city"], [False, True, False, False, False]])
def test_categorical_features_by_index_name_or_mask(swim, table, how):
    frame, y = table
    frame = frame.assign(city=frame["city"].astype(object))
    resampled, _ = swim.set_params(categorical_features=how).fit_resample(frame, y)
    assert set(resampled["city"]) <= set(CITIES)


def test_an_object_array_keeps_its_categories(swim, table):
    frame, y = table
    X = frame[["income", "city"]].to_numpy(dtype=object)
    resampled, _ = swim.set_params(categorical_features=[1]).fit_resample(X, y.to_numpy())
    assert resampled.dtype == object
    assert set(resampled[:, 1]) <= set(CITIES)


def test_only_categorical_columns(sampler, table):
    frame, y = table
    resampled, _ = sampler.fit_resample(frame[["city"]], y)
    assert resampled["city"].isin(CITIES).all()


def test_numeric_categories_are_never_interpolated(swim):
    rng = np.random.RandomState(0)
    X = np.column_stack([rng.normal(size=60), rng.choice([1.0, 4.0, 9.0], size=60)])
    y = np.repeat([0, 1], [50, 10])
    resampled, _ = swim.set_params(categorical_features=[1]).fit_resample(X, y)
    assert set(resampled[:, 1]) <= {1.0, 4.0, 9.0}


def test_a_text_column_is_named_with_the_way_out(swim, table):
    frame, y = table
    frame = frame.assign(city=frame["city"].astype(object))
    with pytest.raises(ValueError, match=r"city.*categorical_features"):
        swim.fit_resample(frame, y)


@pytest.mark.parametrize("value", [None, np.nan])
def test_a_missing_category_is_named(swim, table, value):
    frame, y = table
    frame.loc[3, "city"] = value
    with pytest.raises(ValueError, match="NaN: row 3, column 'city'"):
        swim.fit_resample(frame, y)


def test_a_missing_number_is_named(swim, imbalanced):
    X, y = imbalanced
    X = X.copy()
    X[7, 2] = np.nan
    with pytest.raises(ValueError, match="NaN: row 7, column 2"):
        swim.fit_resample(X, y)
    X[7, 2] = np.inf
    with pytest.raises(ValueError, match="infinity: row 7, column 2"):
        swim.fit_resample(X, y)


def test_rows_may_leave_the_range_when_asked(swim, imbalanced):
    X, y = imbalanced
    X = np.sign(X) * np.abs(X) ** 0.1
    bounded, _ = swim.fit_resample(X, y)
    free, _ = tuned(swim, clip=False).fit_resample(X, y)
    outside = (free < X.min(axis=0)) | (free > X.max(axis=0))
    assert outside.any()
    np.testing.assert_array_equal(bounded, np.clip(free, X.min(axis=0), X.max(axis=0)))


def test_sample_keeps_python_numbers_of_object_columns(swim):
    frame = pd.DataFrame({"n": np.arange(40) % 7, "b": np.arange(40) % 2 == 0}, dtype=object)
    frame["c"] = pd.Categorical(np.where(np.arange(40) % 3, "x", "y"))
    rows = swim.fit(frame, np.arange(40) < 10).sample(9, label=True)
    assert {type(value) for value in rows["n"]} == {int}
    assert {type(value) for value in rows["b"]} == {bool}


def test_sample_and_fit_resample_give_the_same_rows(sampler, table):
    frame, y = table
    resampled, _ = sampler.fit_resample(frame, y)
    rows = sampler.fit(frame, y).sample(52, label="leave")
    pd.testing.assert_frame_equal(rows, resampled[80:].reset_index(drop=True))
