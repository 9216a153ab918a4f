"""Dask dataframes: the rows of resample_partitions, lazily."""

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest

from sklearn_imbgen.over_sampling import SWIM, resample_dask, resample_partitions

LIMITS = {"max_training_rows": 80, "rows_per_partition": 200}


@pytest.fixture(autouse=True)
def scheduler():
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture
def table():
    rng = np.random.RandomState(0)
    rare = np.arange(400) % 20 == 0
    return pd.DataFrame(
        {
            "size": rng.normal(size=400) + 2 * rare,
            "label": pd.Categorical(np.where(rare, "rare", "common")),
            "count": rng.poisson(3, size=400),
            "city": pd.Categorical(rng.choice(["Bonn", "Oslo"], size=400)),
        }
    )


@pytest.fixture
def frame(table):
    return dd.from_pandas(table, npartitions=5)


def test_rows_are_those_of_the_streamed_table(sampler, table, frame):
    streamed = pd.concat(resample_partitions(sampler, [table], "label", **LIMITS))
    lazy = resample_dask(sampler, frame, "label", **LIMITS)
    assert lazy.npartitions == 5 + 2
    assert (lazy.dtypes == table.dtypes).all()
    pd.testing.assert_frame_equal(lazy.compute(), streamed)
    pd.testing.assert_frame_equal(lazy.compute(scheduler="threads"), streamed)


def test_partitions_are_made_in_any_order(frame):
    lazy = resample_dask(SWIM(random_state=0), frame, "label", **LIMITS)
    whole = lazy.compute()
    last = lazy.get_partition(6).compute()
    pd.testing.assert_frame_equal(last, whole[-160:])
    pd.testing.assert_frame_equal(lazy.get_partition(0).compute(), frame.get_partition(0).compute())


def test_fit_resample_takes_a_dask_dataframe(sampler, frame):
    X, y = sampler.fit_resample(frame[["size", "count", "city"]], frame["label"])
    assert isinstance(X, dd.DataFrame)
    assert list(X.columns) == ["size", "count", "city"]
    assert y.name == "label"
    assert y.compute().value_counts().to_dict() == {"common": 380, "rare": 380}
    assert len(X) == 760


def test_balanced_classes_come_back_as_they_are(frame):
    sampler = SWIM(sampling_strategy={"rare": 20}, random_state=0)
    assert resample_dask(sampler, frame, "label").npartitions == 5


@pytest.mark.parametrize("column", ["size", "label", "city"])
def test_a_missing_value_is_named_by_its_row_in_the_whole(table, column):
    table.loc[333, column] = None
    with pytest.raises(ValueError, match=f"NaN: row 333, column '{column}'"):
        resample_dask(SWIM(), dd.from_pandas(table, npartitions=5), "label")


def test_what_cannot_work_is_refused(table, frame):
    with pytest.raises(TypeError, match="frame is a DataFrame; it must be a dask dataframe"):
        resample_dask(SWIM(), table, "label")
    with pytest.raises(ValueError, match="there is no column 'class'"):
        resample_dask(SWIM(), frame, "class")
    with pytest.raises(ValueError, match=r"categories of 'city' are not known.*categorize"):
        resample_dask(SWIM(), frame.assign(city=frame["city"].cat.as_unknown()), "label")
    with pytest.raises(TypeError, match="resample_dask trains on a sample"):
        SWIM().fit(frame.drop(columns="label"), frame["label"])
    with pytest.raises(TypeError, match="a dataframe with a series of labels"):
        SWIM().fit_resample(frame[["size"]].to_dask_array(), frame["label"])
