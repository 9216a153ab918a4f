import numpy as np
import pandas as pd
import pytest
from evaluation import CLASSIFIER_NAMES
from splits import AS_IS
from sweep import COLUMNS, Task, read_scores, run_sweep, tasks_of

X = np.random.RandomState(0).normal(size=(100, 2))
TABLES = {"digits": (X, np.repeat([0, 1], 50))}


def counting(calls, name, score=0.5):
    """A method that notes its seeds and runs nothing."""

    def method(split, seed):
        calls.append((name, seed))
        return [
            {"classifier": classifier, "MCC": score, "macro F1": score, "micro F1": score}
            for classifier in CLASSIFIER_NAMES
        ]

    return method


def test_natural_sets_run_once_for_all_ratios():
    tasks = tasks_of(["digits", "abalone19"], [0.1, 0.05], 1)
    assert tasks == [
        Task("digits", "0.1", 0),
        Task("digits", "0.05", 0),
        Task("abalone19", AS_IS, 0),
    ]


def test_a_resumed_sweep_runs_what_is_missing_and_keeps_the_rest(tmp_path):
    path, calls = tmp_path / "new" / "scores.csv", []
    first = {"a": counting(calls, "a", 0.25)}
    run_sweep(tasks_of(["digits"], [0.1], 2), TABLES, first, output=path)
    both = {"b": counting(calls, "b"), "a": counting(calls, "a", 0.75)}
    calls.clear()
    tasks = tasks_of(["digits"], [0.1], 3)
    scores = run_sweep(tasks, TABLES, both, output=path, resume=True)
    assert calls == [("b", 0), ("b", 1), ("b", 2), ("a", 2)]
    # in the order of tasks and methods, whatever was run when
    assert scores["method"].tolist() == ["b", "b", "b", "a", "a", "a"] * 3
    old = scores[(scores["method"] == "a") & (scores["repeat"] < 2)]
    assert (old["MCC"] == 0.25).all()
    assert len(read_scores(path)) == len(scores) == 18
    calls.clear()
    again = run_sweep(tasks, TABLES, both, output=path, resume=True)
    assert calls == []
    pd.testing.assert_frame_equal(again, scores, check_dtype=False)


@pytest.mark.parametrize("n_lost", [5, 60, 200])
def test_a_half_written_repeat_is_run_again(tmp_path, n_lost):
    path, calls = tmp_path / "scores.csv", []
    methods, tasks = {"a": counting(calls, "a")}, tasks_of(["digits"], [0.1], 3)
    run_sweep(tasks, TABLES, methods, output=path)
    whole = path.read_text()
    path.write_text(whole[:-n_lost])
    calls.clear()
    run_sweep(tasks, TABLES, methods, output=path, resume=True)
    assert calls
    assert {name for name, _ in calls} == {"a"}
    assert path.read_text() == whole


def test_a_file_that_is_there_is_not_overwritten_unasked(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("mine\n1\n")
    arguments = (tasks_of(["digits"], [0.1], 1), TABLES, {"a": counting([], "a")})
    with pytest.raises(SystemExit, match="exists; go on with it by --resume"):
        run_sweep(*arguments, output=path)
    with pytest.raises(SystemExit, match="other columns"):
        run_sweep(*arguments, output=path, resume=True)
    assert path.read_text() == "mine\n1\n"
    with pytest.raises(SystemExit, match="--resume needs --output"):
        run_sweep(*arguments, resume=True)


def test_scores_under_another_preprocessing_are_not_taken_over(tmp_path, monkeypatch):
    path, calls = tmp_path / "scores.csv", []
    arguments = (tasks_of(["digits"], [0.1], 1), TABLES, {"a": counting(calls, "a")})
    run_sweep(*arguments, output=path)
    monkeypatch.setattr("data.STANDARDISED", frozenset({"digits"}))
    scores = run_sweep(*arguments, output=path, resume=True)
    assert len(calls) == 2
    assert scores["scaling"].unique().tolist() == ["standard"]
    assert list(scores.columns) == COLUMNS
