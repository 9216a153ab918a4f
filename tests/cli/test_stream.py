"""Parquet tables larger than the sample are resampled batch by batch."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from sklearn_imbgen.cli import _resample
from sklearn_imbgen.cli._resample import METHODS, Method
from sklearn_imbgen.over_sampling import SWIM

N_ROWS = 500
STREAM = ("--target", "label", "--method", "swim", "--max-training-rows", 100)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(_resample, "BATCH_ROWS", 64)


@pytest.fixture
def whole_reading(monkeypatch):
    """The usual way is barred."""

    def refuse(*args):
        raise AssertionError("the table was loaded as a whole")

    monkeypatch.setattr(pd, "read_parquet", refuse)


@pytest.fixture
def big():
    """480 rows of class "common", 20 of class "rare", a column of each kind."""
    rng = np.random.RandomState(0)
    rare = np.arange(N_ROWS) % 25 == 0
    return pd.DataFrame(
        {
            "size": rng.normal(size=N_ROWS).astype("float32") + 2 * rare,
            "label": np.where(rare, "rare", "common"),
            "count": pd.array(rng.randint(0, 9, size=N_ROWS), dtype="Int16"),
            "new": rng.rand(N_ROWS) < 0.5,
            "colour": pd.Categorical(
                rng.choice(["red", "blue"], size=N_ROWS), categories=["red", "green", "blue"]
            ),
            "code": rng.choice(["007", "042"], size=N_ROWS),
        }
    )


@pytest.mark.usefixtures("whole_reading")
@pytest.mark.parametrize("method", ["swim", "glgan"])
def test_originals_then_synthetic_in_the_same_schema(method, run, save, big):
    save(big, "in.parquet")
    result = run(
        *("resample", "in.parquet", "-o", "out.parquet", "--target", "label"),
        *("--method", method, "--max-training-rows", 100, "--categorical", "code"),
    )
    assert result.exit_code == 0, result.output
    assert "before   common: 480, rare: 20" in result.stdout
    assert "after    common: 480, rare: 480" in result.stdout
    assert "(960 rows, 460 of them synthetic)" in result.stdout
    made = pq.read_table("out.parquet").to_pandas()
    assert_frame_equal(made[:N_ROWS], big)
    new = made[N_ROWS:]
    assert set(new["label"]) == {"rare"}
    assert set(new["code"]) <= {"007", "042"}
    assert set(new["colour"]) <= {"red", "blue"}
    assert new["count"].between(0, 8).all()
    assert pq.read_schema("out.parquet").equals(pq.read_schema("in.parquet"))
    assert list(pq.read_schema("out.parquet").metadata) == list(
        pq.read_schema("in.parquet").metadata
    )


@pytest.mark.usefixtures("whole_reading")
def test_a_schema_of_arrow_is_kept_whole(run, tmp_path, big):
    schema = pa.schema(
        [
            pa.field("size", pa.float64(), nullable=False, metadata={"unit": "metres"}),
            pa.field("count", pa.uint8()),
            pa.field("colour", pa.dictionary(pa.int16(), pa.large_string(), ordered=True)),
            pa.field("label", pa.dictionary(pa.int8(), pa.int64())),
            pa.field("day", pa.date32()),
        ],
        metadata={"source": "a survey"},
    )
    columns = big.assign(
        label=((big["label"] == "rare") + 5).astype("category"),
        colour=big["colour"].cat.as_ordered(),
        day=pd.Timestamp("2026-01-02"),
    )
    table = pa.Table.from_pandas(columns, schema=schema, preserve_index=False)
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=90, compression="zstd")
    result = run("resample", "in.parquet", "-o", "out.parquet", *STREAM, "--categorical", "day")
    assert result.exit_code == 0, result.output
    made = pq.ParquetFile("out.parquet")
    expected = pq.ParquetFile("in.parquet").schema_arrow
    assert made.schema_arrow.remove_metadata() == expected.remove_metadata()
    assert made.schema_arrow.field("size").metadata[b"unit"] == b"metres"
    assert made.schema_arrow.metadata[b"source"] == b"a survey"
    assert made.metadata.row_group(0).column(0).compression == "ZSTD"
    assert made.metadata.num_rows == 960
    assert set(made.read()["label"][N_ROWS:].to_pylist()) == {6}


def test_pandas_knows_the_new_number_of_rows(run, save, big):
    # an unnamed index that is no range becomes a column of the file, and is dropped
    save(big.set_index(np.arange(N_ROWS) * 2), "in.parquet")
    run("resample", "in.parquet", "-o", "out.parquet", *STREAM, "--categorical", "code")
    schema = pq.read_schema("out.parquet")
    assert schema.names == list(big.columns)
    notes = json.loads(schema.metadata[b"pandas"])
    assert notes["index_columns"] == []
    assert [column["name"] for column in notes["columns"]] == list(big.columns)
    assert pd.read_parquet("out.parquet").index.tolist() == list(range(960))


def test_the_cut_into_row_groups_does_not_matter(run, tmp_path, big):
    made = []
    for size in (500, 33):
        big.to_parquet(tmp_path / "in.parquet", row_group_size=size)
        run("resample", "in.parquet", "-o", "out.parquet", *STREAM, "--categorical", "code")
        made.append(pd.read_parquet("out.parquet"))
    assert_frame_equal(*made)


def test_synthetic_only_and_strategy(run, save, big):
    save(big.drop(columns="code"), "in.parquet")
    options = ("--synthetic-only", "--sampling-strategy", "0.5")
    result = run("resample", "in.parquet", "-o", "out.parquet", *STREAM, *options)
    assert result.exit_code == 0, result.output
    assert pd.read_parquet("out.parquet")["label"].tolist() == ["rare"] * 220


def test_the_sample_holds_every_minority_row_unless_told_otherwise(run, save, big, monkeypatch):
    seen = []

    class Spy(SWIM):
        def _learn(self, data):
            seen.append(dict(zip(self.classes_, data.counts, strict=True)))
            super()._learn(data)

    method = Method("SWIM", lambda settings: Spy(), streams=True)
    monkeypatch.setitem(METHODS, "swim", method)
    save(big.drop(columns="code"), "in.parquet")
    run("resample", "in.parquet", "-o", "out.parquet", *STREAM)
    result = run("resample", "in.parquet", "-o", "out.parquet", *STREAM, "--max-minority-rows", 8)
    assert seen == [{"common": 80, "rare": 20}, {"common": 92, "rare": 8}]
    assert "warning: FewSamplesWarning" in result.stderr
    assert "'rare' (8 of 20)" in result.stderr


def test_output_may_be_the_input(run, save, big):
    save(big.drop(columns="code"), "in.parquet")
    assert run("resample", "in.parquet", "-o", "in.parquet", *STREAM).exit_code == 0
    assert pq.read_metadata("in.parquet").num_rows == 960


def spoiled(column, value):
    def spoil(frame):
        frame = frame.copy()
        frame.loc[433, column] = value
        return frame

    return spoil


BAD = {
    "missing": (spoiled("size", np.nan), ["NaN: row 433, column 'size'"]),
    "missing integer": (spoiled("count", pd.NA), ["NaN: row 433, column 'count'"]),
    "missing category": (spoiled("colour", None), ["NaN: row 433, column 'colour'"]),
    "infinite": (spoiled("size", np.inf), ["infinity: row 433, column 'size'"]),
    "missing label": (spoiled("label", None), ["NaN: row 433, column 'label'"]),
    "no target": (lambda f: f.drop(columns="label"), ["no column 'label'", "columns are 'size'"]),
    "one class": (lambda f: f.assign(label="rare"), ["one class only, rare (500 rows)"]),
    "one rare row": (
        lambda f: f.assign(label=np.arange(500) == 7),
        ["has 1 row", "at least 2 are needed"],
    ),
    "text": (lambda f: f.assign(word="x"), ["'x' in row 0, column 'word' is no number"]),
    "named index": (lambda f: f.set_index("size"), ["has the row index ['size']"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_table_leaves_one_line_and_no_file(case, fails, save, big):
    spoil, texts = BAD[case]
    save(spoil(big.drop(columns="code")), "in.parquet")
    method = "latent-smote" if case == "one rare row" else "swim"
    words = ("--target", "label", "--method", method, "--max-training-rows", 100, "--quiet")
    line = fails("resample", "in.parquet", "-o", "out.parquet", *words)
    assert all(text in line for text in texts), line


def test_limits_are_for_tables_that_are_streamed(fails, save, big):
    save(big, "in.parquet")
    limit = ("--target", "label", "--max-training-rows", 100)
    for words in (("out.csv",), ("out.parquet", "--method", "smote")):
        line = fails("resample", "in.parquet", "-o", *words, *limit)
        assert "from .parquet to .parquet, by one of swim, latent-smote" in line


def test_a_small_table_is_loaded_whatever_the_limit(run, save, big, monkeypatch):
    monkeypatch.setattr(_resample, "_resample_batches", None)
    save(big.drop(columns="code"), "in.parquet")
    options = ("--target", "label", "--method", "swim", "--max-training-rows", 500)
    assert run("resample", "in.parquet", "-o", "out.parquet", *options).exit_code == 0


def test_progress_is_shown_unless_quiet(run, save, big):
    save(big.drop(columns="code"), "in.parquet")
    shown = run("resample", "in.parquet", "-o", "out.parquet", *STREAM)
    assert all(title in shown.stderr for title in ("counting", "reading", "making"))
    assert run("resample", "in.parquet", "-o", "o.parquet", *STREAM, "--quiet").output == ""


def test_a_broken_file_is_named(fails, tmp_path):
    (tmp_path / "in.parquet").write_bytes(b"no parquet")
    assert "in.parquet: cannot be read" in fails("resample", "in.parquet", "-o", "o.parquet")
