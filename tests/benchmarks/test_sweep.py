"""The runner: cells, the file they go to, going on with it, and a cluster."""

from functools import partial

import pandas as pd
import pytest

from benchmarks.question import Question, Settings
from benchmarks.sweep import sweep
from benchmarks.tables import refusals, spread_table, titled


def count(calls, method, name, seed, settings):
    """Two rows per cell; notes what was run."""
    if calls is not None:
        calls.append((method, name, seed))
    return [
        {"part": part, "score": seed + number / 3, "of a name, with a comma": number}
        for number, part in enumerate("ab")
    ]


def question(calls=None):
    return Question(
        about="",
        run=partial(count, calls),
        methods={"none": None, "x": None, "y": None},
        measures=("score", "of a name, with a comma"),
        report=lambda scores: titled("scores", spread_table(scores, ["score"])),
        sets=("s",),
        check=lambda name, settings: None,
        labels=("part",),
    )


def run(calls=None, methods=("none", "x"), seeds=2, settings=None, asked="q", **how):
    return sweep(
        asked,
        question(calls),
        sets=["s", "t"],
        methods=methods,
        seeds=range(seeds),
        settings=settings or Settings(),
        **how,
    )


def test_rows_come_in_the_order_of_sets_seeds_and_methods():
    scores = run()
    assert scores["set"].tolist() == ["s"] * 8 + ["t"] * 8
    assert scores["method"].tolist() == ["none", "none", "x", "x"] * 4
    assert scores.columns.tolist() == [
        *("question", "settings", "set", "seed", "method", "part", "score"),
        *("of a name, with a comma", "seconds", "refusal"),
    ]


def test_a_run_goes_on_with_its_file(tmp_path):
    path, calls = tmp_path / "new" / "scores.csv", []
    run(calls, ["x"], output=path)
    assert len(calls) == 4
    calls.clear()
    scores = run(calls, ["y", "x"], seeds=3, output=path)
    assert sorted(calls) == sorted(
        [("y", name, seed) for name in "st" for seed in range(3)] + [("x", "s", 2), ("x", "t", 2)]
    )
    # in the order asked for, with the numbers of a run in one go, to the last bit
    pd.testing.assert_frame_equal(scores, run(methods=["y", "x"], seeds=3), check_exact=True)
    text = path.read_bytes()
    run(calls := [], ["y"], output=path)
    assert not calls
    assert path.read_bytes() == text


def test_the_file_has_whole_cells_whenever_a_run_is_stopped(tmp_path):
    path, calls = tmp_path / "scores.csv", []

    def stopped(method, name, seed, settings):
        if len(calls) == 3:
            raise KeyboardInterrupt
        return count(calls, method, name, seed, settings)

    asked = Question(**{**vars(question()), "run": stopped})
    how = {"sets": ["s"], "methods": ["x", "y"], "seeds": range(2), "settings": Settings()}
    with pytest.raises(KeyboardInterrupt):
        sweep("q", asked, **how, output=path)
    assert len(pd.read_csv(path)) == 2 * 3
    assert [file.name for file in tmp_path.iterdir()] == ["scores.csv"]
    calls.clear()
    assert len(sweep("q", question(calls), **how, output=path)) == 8
    assert calls == [("y", "s", 1)]


def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "scores.csv"
    for mine in (b"mine\n1\n", b"", b"\x89PNG\x00\xff"):
        path.write_bytes(mine)
        with pytest.raises(SystemExit, match=r"scores.csv has other columns"):
            run(output=path)
        assert path.read_bytes() == mine
    path.unlink()
    run(output=path, settings=Settings(norm="l2"))
    with pytest.raises(SystemExit, match=r"scores.csv has the settings 'norm l2', .* 'standard'"):
        run(output=path)
    with pytest.raises(SystemExit, match="has the question 'q', this run 'other'"):
        run(output=path, settings=Settings(norm="l2"), asked="other")
    assert len(pd.read_csv(path)) == 16


def test_a_dask_cluster_gives_the_rows_of_one_process():
    distributed = pytest.importorskip("distributed")
    # threads, so that no process has to import everything anew; processes are tested in
    # tests/integration/test_dask_search.py
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
    ) as cluster:
        pd.testing.assert_frame_equal(run(cluster=cluster.scheduler_address), run())


def test_tables_have_mean_and_spread_and_the_dissertation_beside_them():
    scores = pd.DataFrame(
        {"method": ["a", "a", "b"], "score": [1.0, 2.0, 4.0], "other": [None, None, 1.0]}
    ).assign(seconds=[0.5, 1.5, None])
    beside = pd.DataFrame({"method": ["b"], "score": [3.0]})
    table = spread_table(scores, ["score", "other"], digits=1, beside=beside)
    assert table.loc["a"].tolist() == ["1.5 ± 0.5", "", "", "1.00"]
    assert table.loc["b"].tolist() == ["4.0 ± 0.0", "3.0", "1.0 ± 0.0", ""]
    assert table.columns.tolist() == ["score", "score, dissertation", "other", "seconds"]


def test_refusals_are_counted_once_a_cell():
    scores = pd.DataFrame(
        {"set": "s", "seed": [0, 0, 1, 1], "method": "a", "refusal": ["few", "few", "", ""]}
    )
    assert refusals(scores) == ["a on s: refused 1 time(s): few"]
