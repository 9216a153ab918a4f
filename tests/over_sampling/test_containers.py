"""What goes in as a table of some library comes out as one, of the same types."""

import pickle
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from imblearn.pipeline import make_pipeline
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from tests.polars_names import has_names
from tests.registry import SAMPLERS

N, N_RARE, N_RESAMPLED = 60, 15, 90
RNG = np.random.RandomState(0)
NUMBERS, COUNTS = RNG.normal(size=N), RNG.randint(0, 9, size=N)
WORDS = RNG.choice(["low", "mid", "high"], size=N)
CODES = np.repeat([0, 1], [N - N_RARE, N_RARE])
NAMES = np.array(["often", "rare"])[CODES]
ARROW_WORDS = pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
LEVELS = pd.CategoricalDtype(["low", "mid", "high", "unused"], ordered=True)


# -- pandas ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        *[(NUMBERS, dtype) for dtype in ("float32", "Float32", "Float64", "double[pyarrow]")],
        *[(COUNTS, dtype) for dtype in ("uint8", "Int8", "Int64", "UInt16", "int32[pyarrow]")],
        *[(NUMBERS > 0, dtype) for dtype in ("bool", "boolean", "bool[pyarrow]")],
        (WORDS, "category"),
        (WORDS, LEVELS),
        (WORDS, ARROW_WORDS),
        (COUNTS, "category"),
    ],
    ids=str,
)
@pytest.mark.parametrize("beside_a_category", [True, False])
def test_pandas_types(swim, values, dtype, beside_a_category):
    frame = pd.DataFrame({"z": NUMBERS, "a": pd.Series(values).astype(dtype)})
    if beside_a_category:
        frame["k"] = pd.Categorical(WORDS)
    resampled, _ = swim.fit_resample(frame, CODES)
    pd.testing.assert_frame_equal(resampled.iloc[:N], frame)
    pd.testing.assert_index_equal(resampled.index, pd.RangeIndex(N_RESAMPLED))
    assert (
        set(resampled["a"].iloc[N:]) <= set(frame["a"])
        or resampled["a"].between(frame["a"].min(), frame["a"].max()).all()
    )
    sampled = swim.sample(3, label=1)
    assert (sampled.dtypes == frame.dtypes).all()


@pytest.mark.parametrize("dtype", ["object", "str", "string", "string[pyarrow]"])
def test_text_columns_that_are_listed(swim, dtype):
    frame = pd.DataFrame({"a": NUMBERS, "word": pd.Series(WORDS).astype(dtype)})
    resampled, _ = swim.set_params(categorical_features=["word"]).fit_resample(frame, CODES)
    pd.testing.assert_frame_equal(resampled.iloc[:N], frame)
    assert set(resampled["word"]) == {"low", "mid", "high"}


@pytest.mark.parametrize("dtype", ["int64", "Int64", "int64[pyarrow]"])
def test_large_integers_of_originals_keep_all_their_digits(swim, dtype):
    big = pd.Series(2**60 + 1 + np.arange(N)).astype(dtype)
    frame = pd.DataFrame({"a": NUMBERS, "id": big})
    resampled, _ = swim.fit_resample(frame, CODES)
    pd.testing.assert_series_equal(resampled["id"].iloc[:N], big, check_names=False)


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [
        *[(CODES, dtype) for dtype in ("Int64", "Float64", "int64[pyarrow]", "category")],
        *[(CODES == 1, dtype) for dtype in ("bool", "boolean", "bool[pyarrow]")],
        *[(NAMES, dtype) for dtype in ("object", "str", "string", "string[pyarrow]", "category")],
        (NAMES, pd.CategoricalDtype(["rare", "often"], ordered=True)),
    ],
    ids=str,
)
def test_pandas_labels(swim, labels, dtype):
    y = pd.Series(labels, name="kind").astype(dtype)
    frame = pd.DataFrame({"b": NUMBERS, "a": COUNTS}, index=np.arange(N)[::-1] + 100)
    resampled, y_resampled = swim.fit_resample(frame, y)
    pd.testing.assert_series_equal(y_resampled.iloc[:N], y)
    assert (y_resampled.iloc[N:] == y.iloc[-1]).all()
    assert resampled.columns.tolist() == ["b", "a"]
    pd.testing.assert_index_equal(y_resampled.index, resampled.index)


@pytest.mark.parametrize("dtype", ["Int64", "string", "category", "boolean", "double[pyarrow]"])
def test_a_missing_label_is_named_by_its_row(swim, dtype):
    y = pd.Series(CODES, dtype=object).where(np.arange(N) != 7, None)
    y = (y.map({0: "0", 1: "1"}) if dtype == "string" else y).astype(dtype)
    with pytest.raises(ValueError, match=r"Input y contains NaN: row 7 \(1 missing label"):
        swim.fit_resample(NUMBERS[:, None], y)
    with pytest.raises(ValueError, match="Input y contains NaN: row 3"):
        swim.fit(NUMBERS[:, None], pl.Series([0, 1, 1, None, *CODES[4:]]))


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean", "double[pyarrow]", "category"])
def test_a_missing_value_is_named_by_row_and_column(swim, dtype):
    column = pd.Series(CODES, dtype=object).where(np.arange(N) != 7, None).astype(dtype)
    with pytest.raises(ValueError, match="NaN: row 7, column 'gap'"):
        swim.fit_resample(pd.DataFrame({"a": NUMBERS, "gap": column}), CODES)


# -- polars ------------------------------------------------------------------------------------


@pytest.fixture
def polars_table():
    return pl.DataFrame(
        {
            "z": NUMBERS,
            "f32": pl.Series(NUMBERS, dtype=pl.Float32),
            "level": pl.Series(WORDS, dtype=pl.Enum(["low", "mid", "high", "unused"])),
            "u8": pl.Series(COUNTS, dtype=pl.UInt8),
            "word": pl.Series(WORDS, dtype=pl.Categorical),
            "id": 2**60 + 1 + np.arange(N),
            "flag": NUMBERS > 0,
        }
    )


def test_polars_in_polars_out(swim, polars_table):
    y = pl.Series("kind", NAMES)
    resampled, y_resampled = swim.fit_resample(polars_table, y)
    assert resampled.schema == polars_table.schema
    assert resampled.head(N).equals(polars_table)
    assert y_resampled.head(N).equals(y, check_dtypes=True, check_names=True)
    assert set(resampled["level"]) | set(resampled["word"]) == {"low", "mid", "high"}
    assert resampled["u8"].is_between(COUNTS.min(), COUNTS.max()).all()
    assert len(y_resampled) == len(resampled) == N_RESAMPLED
    assert swim.feature_names_in_.tolist() == polars_table.columns
    sampled = pickle.loads(pickle.dumps(swim)).sample(4, label="rare")
    assert sampled.schema == polars_table.schema
    assert sampled.equals(swim.sample(4, label="rare"))


def test_polars_and_pandas_give_the_same_rows(swim, polars_table):
    polars_table = polars_table.with_columns(pl.col("word").cast(pl.String))
    swim.set_params(categorical_features=["level", "word"])
    expected, _ = clone(swim).fit_resample(polars_table.to_pandas(), NAMES)
    resampled, _ = swim.fit_resample(polars_table, NAMES)
    assert resampled.to_pandas().astype({"level": str}).equals(expected.astype({"level": str}))


@pytest.mark.parametrize(
    "y",
    [
        pl.Series("kind", CODES, dtype=pl.Int8),
        pl.Series("kind", CODES == 1),
        pl.Series("kind", NAMES, dtype=pl.Categorical),
        pl.Series("kind", NAMES, dtype=pl.Enum(["rare", "often"])),
        pl.DataFrame({"kind": NAMES}),
        pl.DataFrame({"a": 1 * (COUNTS < 3), "b": 1 * (COUNTS == 3), "c": 1 * (COUNTS > 3)}),
    ],
    ids=["Int8", "Boolean", "Categorical", "Enum", "column", "one-hot"],
)
def test_polars_labels(swim, y):
    X, y_resampled = swim.fit_resample(NUMBERS[:, None], y)
    assert isinstance(X, np.ndarray)
    assert type(y_resampled) is type(y)
    assert y_resampled.head(N).equals(y)
    assert getattr(y_resampled, "schema", None) == getattr(y, "schema", None)
    assert len(y_resampled) == len(X) > N


def test_networks_look_at_polars_rows(polars_table):
    sampler = clone(SAMPLERS["GLGAN"]).fit(polars_table, NAMES)
    np.testing.assert_array_equal(
        sampler.encode(polars_table), sampler.encode(polars_table.to_pandas())
    )
    with pytest.raises(ValueError, match="feature names"):
        sampler.encode(polars_table.rename({"z": "y"}))


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pl.Series([None, *COUNTS[1:]]), "NaN: row 0, column 'bad'"),
        (pl.Series([True, None, *(CODES[2:] == 1)]), "NaN: row 1, column 'bad'"),
        (pl.Series([None, *WORDS[1:]], dtype=pl.Categorical), "NaN: row 0, column 'bad'"),
        (pl.Series(WORDS), "column 'bad' is not numeric"),
        (pl.Series([[1, 2]] * N), "column 'bad' is not numeric"),
        (pl.Series(COUNTS).cast(pl.Decimal(10, 2)), "column 'bad' is not numeric"),
        (pl.Series(COUNTS).cast(pl.Date), "column 'bad' is not numeric"),
    ],
    ids=["null", "boolean", "category", "text", "list", "decimal", "date"],
)
def test_polars_columns_that_cannot_be_are_named(swim, column, message):
    with pytest.raises(ValueError, match=message):
        swim.fit_resample(pl.DataFrame({"a": NUMBERS, "bad": column}), CODES)


def test_what_is_no_table_is_refused_with_the_way_out(swim, polars_table):
    with pytest.raises(TypeError, match="LazyFrame, and SWIM takes a table: call collect"):
        swim.fit_resample(polars_table.lazy(), CODES)
    with pytest.raises(TypeError, match=r"Series, .* call to_frame"):
        swim.fit_resample(polars_table["z"], CODES)


def test_nothing_to_make_gives_the_table_back(swim, polars_table):
    y = pl.Series(np.arange(N) % 2)
    resampled, y_resampled = swim.fit_resample(polars_table, y)
    assert resampled.equals(polars_table)
    assert y_resampled.equals(y)


def test_polars_is_not_imported_for_other_tables(swim, monkeypatch):
    monkeypatch.delitem(sys.modules, "polars")
    swim.fit_resample(pd.DataFrame({"a": NUMBERS, "b": COUNTS}), pd.Series(CODES))
    assert "polars" not in sys.modules


# -- Pipelines ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "table"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)])
def test_set_output_around_a_sampler(swim, kind, table):
    seen = []
    note = FunctionTransformer(lambda X: seen.append(X) or X)
    frame = pd.DataFrame({"b": NUMBERS, "a": COUNTS})
    pipeline = make_pipeline(StandardScaler(), swim, note, LogisticRegression())
    pipeline.set_output(transform=kind).fit(frame, NAMES)
    assert isinstance(seen[0], table)
    assert len(seen[0]) == N_RESAMPLED
    if has_names(seen[0]):
        assert pipeline[-1].feature_names_in_.tolist() == ["b", "a"]
    assert set(pipeline.predict(frame)) <= {"often", "rare"}
