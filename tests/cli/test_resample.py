import os

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from sklearn_imbgen.cli._resample import METHODS, Method, Settings, build_sampler

TEXT_COLUMNS = "colour,code"


def read(path):
    if path.name.endswith(".parquet"):
        return pd.read_parquet(path)
    return pd.read_csv(path, dtype={"code": str})


@pytest.mark.parametrize("method", ["random", "smote", "swim", "imb-mix", "glgan"])
@pytest.mark.parametrize("extension", [".csv", ".csv.gz", ".parquet"])
def test_originals_then_synthetic_with_the_same_types(method, extension, run, save, frame):
    source = save(frame, f"in{extension}")
    target = source.with_name(f"out{extension}")
    result = run(
        *("resample", source, "-o", target, "--target", "label", "--method", method),
        *("--categorical", TEXT_COLUMNS),
    )
    assert result.exit_code == 0, result.output
    made = read(target)
    assert_frame_equal(made[:50], read(source))
    assert made["label"].value_counts().to_dict() == {"common": 40, "rare": 40}
    assert set(made["code"]) == {"007", "042"}
    assert "before   common: 40, rare: 10" in result.stdout
    assert "after    common: 40, rare: 40" in result.stdout
    assert sorted(path.name for path in source.parent.iterdir()) == sorted(
        [source.name, target.name]
    )


@pytest.mark.parametrize("method", ["smote", "glgan"])
def test_parquet_types(method, run, save, frame):
    frame = frame.assign(
        label=pd.Categorical(frame["label"], categories=["rare", "common", "unseen"]),
        size=frame["size"].astype("float32"),
        count=frame["count"].astype("Int16"),
        new=frame["new"].astype("boolean"),
        colour=frame["colour"].astype("category"),
        code=frame["code"].astype(int),
    )
    save(frame, "in.parquet")
    options = ("--target", "label", "--method", method, "--categorical", "code")
    result = run("resample", "in.parquet", "-o", "out.parquet", *options)
    assert result.exit_code == 0, result.output
    made = pd.read_parquet("out.parquet")
    assert made.dtypes.to_dict() == frame.dtypes.to_dict()
    assert not made.isna().any(axis=None)
    assert_frame_equal(made[:50], frame)


@pytest.mark.parametrize("labels", [[0, 1], [False, True], [0.0, 1.0]])
def test_target_types(labels, run, save, numeric):
    frame = numeric.assign(label=np.where(numeric["label"] == "rare", *labels[::-1]))
    save(frame, "in.parquet")
    result = run(
        *("resample", "in.parquet", "-o", "out.parquet", "--target", "label"),
        *("--method", "smote", "--quiet"),
    )
    assert result.exit_code == 0, result.output
    assert result.output == ""
    made = pd.read_parquet("out.parquet")
    assert made["label"].dtype == frame["label"].dtype
    assert (made["label"] == labels[1]).sum() == 40


def test_categories_alone(run, save, frame):
    save(frame[["colour", "code", "label"]])
    result = run(
        *("resample", "in.csv", "-o", "out.csv", "--target", "label"),
        *("--method", "smote", "--categorical", TEXT_COLUMNS),
    )
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(("strategy", "n_rare"), [("0.5", 20), ("rare", 40), ("minority", 40)])
def test_synthetic_only_and_strategy(strategy, n_rare, run, save, numeric):
    save(numeric)
    result = run(
        *("resample", "in.csv", "-o", "out.csv", "--target", "label", "--method", "smote"),
        *("--synthetic-only", "--sampling-strategy", strategy),
    )
    assert result.exit_code == 0, result.output
    made = pd.read_csv("out.csv")
    assert list(made.columns) == list(numeric.columns)
    assert made["label"].tolist() == ["rare"] * (n_rare - 10)


def test_integers_are_rounded_not_cut(run, save, numeric):
    save(numeric)
    options = ("--target", "label", "--method", "smote", "--synthetic-only")
    run("resample", "in.csv", "-o", "integers.csv", *options)
    save(numeric.astype({"count": float}))
    run("resample", "in.csv", "-o", "floats.csv", *options)
    integers, floats = pd.read_csv("integers.csv"), pd.read_csv("floats.csv")
    assert integers["count"].dtype == np.int64
    np.testing.assert_array_equal(integers["count"], np.rint(floats["count"]))


def test_same_seed_same_file(run, save, numeric):
    save(numeric)
    made = {}
    for name, seed in {"a": 1, "b": 1, "c": 2}.items():
        run(
            *("resample", "in.csv", "-o", f"{name}.csv", "--target", "label"),
            *("--method", "smote", "--seed", seed),
        )
        with open(f"{name}.csv", encoding="utf-8") as file:
            made[name] = file.read()
    assert made["a"] == made["b"] != made["c"]


def test_few_rows_are_reported(run, save, numeric):
    save(pd.concat([numeric[numeric.label == "common"], numeric[numeric.label == "rare"][:3]]))
    result = run("resample", "in.csv", "-o", "o.csv", "--target", "label", "--method", "smote")
    assert result.exit_code == 0
    assert "imbgen: warning: FewSamplesWarning" in result.stderr
    assert "k_neighbors=2 instead of 5" in result.stderr


def test_swim_makes_rows_from_one(run, save, numeric):
    save(pd.concat([numeric[numeric.label == "common"], numeric[numeric.label == "rare"][:1]]))
    result = run("resample", "in.csv", "-o", "o.csv", "--target", "label", "--method", "swim")
    assert result.exit_code == 0, result.output
    assert (pd.read_csv("o.csv")["label"] == "rare").sum() == 40


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"none"}))
def test_every_method_is_built_with_its_settings(method):
    settings = Settings(seed=3, smallest=10, strategy={"rare": 40}, verbose=1)
    sampler = build_sampler(method, settings)
    assert sampler.random_state == 3
    assert sampler.sampling_strategy == {"rare": 40}


def test_output_may_be_the_input(run, save, numeric):
    save(numeric)
    options = ("--target", "label", "--method", "random", "--quiet")
    assert run("resample", "in.csv", "-o", "in.csv", *options).exit_code == 0
    assert len(pd.read_csv("in.csv")) == 80


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["to_csv", "replace"])
def test_failed_write_leaves_the_old_file(step, error, run, save, numeric, monkeypatch):
    def refuse(*args, **options):
        raise error

    path = save(numeric)
    content = path.read_bytes()
    if step == "to_csv":
        monkeypatch.setattr(pd.DataFrame, "to_csv", refuse)
    else:
        monkeypatch.setattr(os, "replace", refuse)
    result = run("resample", path, "-o", path, "--target", "label", "--method", "random")
    assert result.exit_code == (2 if isinstance(error, OSError) else 130)
    assert result.stdout == ""
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_error_of_a_sampler_is_one_line(fails, save, numeric, monkeypatch):
    def broken(settings):
        raise ValueError("first line\nsecond line")

    monkeypatch.setitem(METHODS, "smote", Method("SMOTE", broken))
    save(numeric)
    line = fails("resample", "in.csv", "-o", "o.csv", "--target", "label", "--method", "smote")
    assert line == "imbgen: error: SMOTE: first line second line\n"


def test_csv_floats_survive_exactly(run, save, numeric):
    exponents = np.random.RandomState(1).randint(-30, 30, size=50)
    frame = numeric.assign(size=numeric["size"] * 10.0**exponents)
    save(frame)
    run("resample", "in.csv", "-o", "out.csv", "--target", "label", "--method", "random")
    copied = pd.read_csv("out.csv", dtype=str)[:50]
    assert copied["size"].astype(float).tolist() == frame["size"].tolist()
