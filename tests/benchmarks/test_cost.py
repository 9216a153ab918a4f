"""What the questions of cost count and measure, on the smallest cases."""

import mmap
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.__main__ import main
from benchmarks.cost import dawid_skene, measuring, soak, speed, streaming, threads, training, trips
from benchmarks.question import Settings

linux = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")
FAST = Settings(quick=True)


def test_growth_is_the_power_of_the_size():
    assert measuring.growth({n: n**2 * 1e-9 for n in (100, 200, 400)}) == pytest.approx(2.0)


def test_a_new_process_answers_up_to_its_limit(capfd):
    assert measuring.in_new_process(os.getpid) != os.getpid()
    assert measuring.in_new_process(os.getpid, limit=0.0) is None
    with pytest.raises(SystemExit, match=r"sqrt\('one',\) failed, see above"):
        measuring.in_new_process(__import__("math").sqrt, "one")
    assert "must be real number" in capfd.readouterr().err


def test_speed_compares_with_the_baselines_and_tells_the_growth():
    row = speed.measure("SMOTE", "200x3-0.1", 0, FAST)
    assert 0 < row["wall s"] < 60
    assert row["MB above start"] >= 0
    names = ["25000x20-0.01", "50000x20-0.01"]
    scores = pd.DataFrame(
        {
            "set": [*names, *names, names[0]],
            "method": ["SMOTE", "SMOTE", "GLGAN", "GLGAN", "NRAS"],
            "wall s": [0.5, 0.5, 2.0, 4.0, None],
            "CPU s": 1.0,
            "MB above start": 1.0,
        }
    )
    printed = speed.report(scores)
    assert "GLGAN: wall seconds grow as rows to the power 1.00" in printed
    lines = {tuple(line.split()[-6:]) for line in printed.splitlines()}
    assert ("SMOTE", "0.50", "1.00", "1", "1") in {line[-5:] for line in lines}
    assert ("GLGAN", "2.00", "1.00", "1", "4") in {line[-5:] for line in lines}
    assert "over the limit" in printed


@linux
def test_the_thread_that_looks_runs_and_a_process_that_waits_does_not():
    assert threads.running_threads(os.getpid()) >= 1
    words = [sys.executable, "-c", "print('up', flush=True); input()"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        # it may still be on its way from the print to the wait
        assert 0 in (threads.running_threads(process.pid) for _ in range(10_000))
    assert threads.running_threads(process.pid) == 0


@pytest.mark.parametrize("name", threads.SEARCHES)
def test_both_settings_search_the_same(name):
    ours, naive = (threads.SEARCHES[name](naive)[0] for naive in (False, True))
    assert list(ours.param_grid.values()) == list(naive.param_grid.values())


def test_a_table_has_twenty_columns_and_its_share_of_the_minority(tmp_path, monkeypatch):
    monkeypatch.setattr(streaming, "BATCH_ROWS", 1000)
    streaming.write_table(tmp_path / "t.parquet", 3500, 0.1)
    table = pd.read_parquet(tmp_path / "t.parquet")
    assert table.shape == (3500, 21)
    assert table["label"].eq("rare").mean() == pytest.approx(0.1, abs=0.02)
    assert table.dtypes.astype(str).value_counts().to_dict() == {
        "float64": 14, "int64": 4, "category": 2, "str": 1,
    }  # fmt: skip


def test_streaming_runs_the_command_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    (row,) = streaming.run("swim", "2000", 0, FAST)
    assert 3900 < row["rows out"] < 4000
    assert row["CPU s"] > 0
    assert row["MB"] > 100
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(streaming, "COMMAND", [sys.executable, "-c", "raise SystemExit(2)"])
    with pytest.raises(SystemExit, match="status 2"):
        streaming.run("swim", "50", 0, FAST)
    assert not list(tmp_path.iterdir())


def test_the_cost_of_a_row_is_told_apart_from_that_of_a_table():
    scores = pd.DataFrame(
        [
            {"method": "glgan", "set": str(n), "rows out": 2 * n, "wall s": 1.0,
             "CPU s": 5 + 8e-6 * n, "MB": 500.0}
            for n in (10**6, 2 * 10**6)
        ]
    )  # fmt: skip
    assert "CPU seconds: 5.0 + 4.00 per million rows" in streaming.report(scores)


def test_dawid_skene_is_timed_and_agrees_with_itself(capsys):
    main(["dawid-skene", "--sets", "2x11x500", "2x11x1000", "--seeds", "1",
          "--methods", dawid_skene.OURS])  # fmt: skip
    printed = capsys.readouterr().out
    assert "2 classes, 11 workers: our time grows as labels to the power" in printed
    assert printed.count("0.0e+00") == 2


def test_training_is_compared_with_the_bare_loop(capsys):
    words = ["--quick", "--sets", "MLP", "--methods", training.LOOP, "AdversarialClassifier"]
    main(["training", *words])
    printed = capsys.readouterr().out
    assert "times the loop" in printed
    assert "AdversarialClassifier" in printed


def test_the_soak_knows_every_estimator_and_sees_what_grows(capsys):
    folders = (soak.over_sampling, soak.robust, soak.crowd)
    public = {getattr(folder, name) for folder in folders for name in folder.__all__}
    estimators = {
        kind for kind in public
        if isinstance(kind, type) and (hasattr(kind, "fit") or hasattr(kind, "fit_resample"))
    }  # fmt: skip
    assert {type(estimator) for estimator in soak.ESTIMATORS.values()} == estimators
    kept = []

    def grow():
        # pages of their own, which are not what earlier tests gave back
        pages = mmap.mmap(-1, 2**23)
        pages.write(b"x" * len(pages))
        kept.append(pages)

    assert soak.soak(grow, 12)["MB"] > 40
    main(["soak", "--sets", "2", "--methods", "SWIM", "MajorityVote"])
    assert "SWIM" in capsys.readouterr().out


def test_trips_count_files_functions_and_calls_between_files(tmp_path, monkeypatch):
    package = tmp_path / "small_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "inner.py").write_text(
        "def twice(x):\n    return once(once(x))\ndef once(x):\n    return x\n"
    )
    (package / "outer.py").write_text(
        "from small_package.inner import once, twice\n"
        "def go(f):\n    return [twice(1), f(once), f(once)]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    from small_package.outer import go

    trip = trips.Trip("small_package")
    with trip.traced():
        # sorted calls back from another library
        go(lambda function: sorted([1], key=function))
    rows = trip.rows()
    assert rows == [
        {"file": "inner.py", "functions": 2, "calls from other files": 2},
        {"file": "outer.py", "functions": 1, "calls from other files": 0},
    ]
    scores = pd.DataFrame(rows).assign(method="go")
    assert trips.summary(scores).loc["go"].tolist() == [2, 3, 2]


def test_trips_are_printed_with_constructors_and_lines(capsys):
    main(["trips", "--methods", "DawidSkene.fit"])
    printed = capsys.readouterr().out
    assert "aggregation/_dawid_skene.py" in printed
    for title in ("Trips", "Constructors", "Lines"):
        assert f"\n{title}\n" in f"\n{printed}"


def test_parameters_are_those_that_a_constructor_names():
    class Kind:
        def __init__(self, a, *, b=1, **more):
            pass

    assert trips.named_parameters(Kind) == 2
