"""The robust benchmark: its sets by their counts, its averages and tables by numbers put in."""

import sys

import numpy as np
import pandas as pd
import pytest
import robust
import robust_run
from robust_data import make_split
from robust_parts import PARTS
from robust_tables import MEASURES, bar_lines, draw_figure, published, score_table


@pytest.fixture
def call(monkeypatch, capsys):
    """Run the script with these words and give what it printed."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["robust.py", *map(str, words)])
        robust.main()
        return capsys.readouterr().out

    return run


def scores_of(numbers):
    rows = [
        {"set": "s", "seed": seed, "method": name, "seconds": 1.0, **dict.fromkeys(MEASURES, value)}
        for name, values in numbers.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_a_step_keeps_a_share_of_the_second_half_and_tests_on_other_balanced_rows():
    split = make_split("digits-step-20", None, seed=3)
    assert split.class_counts.tolist() == [100] * 5 + [5] * 5
    assert split.train.X.shape[1:] == (1, 8, 8)
    assert 0 <= split.train.X.min() < split.train.X.max() <= 1
    assert len(set(np.bincount(split.test.y))) <= 10
    trained = {image.tobytes() for image in split.train.X}
    assert not trained & {image.tobytes() for image in split.test.X}
    again, other = make_split("digits-step-20", None, 3), make_split("digits-step-20", None, 4)
    np.testing.assert_array_equal(split.train.X, again.train.X)
    assert np.any(split.train.X != other.train.X)


def test_exponential_classes_shrink_one_after_the_other():
    counts = make_split("digits-exp-10", None, seed=0).class_counts
    assert counts[0] == 100
    assert counts[-1] == 10
    assert (np.diff(counts) < 0).all()


def test_unknown_sets_and_missing_folders_end_with_a_line():
    with pytest.raises(SystemExit, match="--data-dir"):
        make_split("usps-step-100", None, 0)
    with pytest.raises(SystemExit, match="a set is"):
        make_split("digits-stair-100", None, 0)


def test_averages_are_over_classes_and_under_is_the_smaller_half():
    y = np.array([0, 0, 0, 0, 1, 1, 2])
    right = np.array([True, True, True, False, True, False, False])
    overall, under = robust_run.class_averages(right, y, np.array([9, 1, 5]))
    assert overall == pytest.approx(100 * (0.75 + 0.5 + 0) / 3)
    # of three classes the middle one by size is no rare one
    assert under == pytest.approx(50)


def test_an_attack_can_only_take_from_what_is_right_unattacked():
    class Stub:
        def predict(self, X):
            return X[:, 0].astype(int)

    split = make_split("digits-step-20", None, 0)
    wrong_then_right = split._replace(
        test=split.test._replace(X=np.array([[1.0], [1.0]]), y=np.array([0, 1])),
        class_counts=np.array([2, 1]),
    )
    row = robust_run.score(Stub(), wrong_then_right, {"flip": lambda clf, X, y: y[:, None] * 1.0})
    assert row["standard overall"] == 50
    assert row["robust overall"] == 50


def test_the_dissertation_stands_beside_its_own_sets_only():
    assert published("cifar10-step-100", "linf", 4).loc["SRAT-LDAM", "robust under"] == 18.89
    assert published("cifar10-step-100", "l2", 4).loc["SRAT-LDAM", "robust under"] == 47.45
    assert published("usps-step-100", "linf", 4).empty


def test_tables_and_the_bar_by_numbers():
    scores = scores_of({"CE": [50, 52], "DRCB-LDAM": [60, 60], "SRAT-LDAM": [58, 60]})
    table = score_table(scores, "s", "linf", 4)
    assert table.loc["CE", "robust under"] == "51.0 ± 1.0"
    lines = bar_lines(scores, "s")
    assert lines[0] == ("SRAT-LDAM, standard overall: -1.0 against the best other (DRCB-LDAM)")
    assert "robust under -1.0" in lines[-1]


def test_a_figure_has_a_line_per_loss(tmp_path):
    part = PARTS["separation"]
    names = [name for name in part.methods if name.startswith("SRAT-CE")]
    scores = scores_of({name: [50.0, 60.0] for name in names})
    draw_figure(scores, part.values, part.quantity, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000


def test_the_ratio_of_figure_4_7_is_in_the_method():
    assert PARTS["ratio"].set_of("usps-step-100", "SRAT-Focal @ 5") == "usps-step-5"
    assert PARTS["compare"].set_of("usps-step-100", "CE") == "usps-step-100"


def test_the_script_prints_a_table_and_goes_on_from_its_file(call, tmp_path, monkeypatch):
    short = {"module__width": 2, "max_epochs": 1, "n_steps": 1}
    settings = robust_run.settings_of
    monkeypatch.setattr(robust_run, "settings_of", lambda *about: settings(*about) | short)
    file = tmp_path / "scores.csv"
    words = ["--methods", "CE", "SRAT-LDAM", "--seeds", 1, "--output", file]
    out = call(*words)
    assert "digits-step-20, linf" in out
    assert "SRAT-LDAM, robust under" in out
    first = pd.read_csv(file)
    assert len(first) == 2
    call(*words)
    pd.testing.assert_frame_equal(pd.read_csv(file), first)
    with pytest.raises(SystemExit, match="no method Foo"):
        call("--methods", "Foo")
    with pytest.raises(SystemExit, match="has no figure"):
        call("--plot", tmp_path / "x.png")
