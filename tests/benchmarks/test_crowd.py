"""The crowd benchmark: its crowds by their counts, and its tables by numbers put in."""

import sys

import crowd
import crowd_methods
import numpy as np
import pandas as pd
import pytest
from crowd_data import Crowd, load_source, make_crowd, simulate_crowd, thin_classes
from crowd_tables import gaps, published, score_table, summary_table
from sklearn.datasets import load_digits


@pytest.fixture
def call(monkeypatch, capsys):
    """Run the script with these words and give what it printed."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["crowd.py", *map(str, words)])
        crowd.main()
        return capsys.readouterr().out

    return run


def test_a_simulated_crowd_is_thinned_to_a_tenth_and_tested_on_balanced_rows():
    X, y = load_digits(return_X_y=True)
    rows = (y < 2) & (np.arange(len(y)) < 900)
    n_each = min(np.sum(y[rows] == 0), np.sum(y[rows] == 1))
    n_test = int(0.2 * n_each)
    made = simulate_crowd(X[rows], y[rows], 5, np.random.RandomState(0))
    n_train = n_each - n_test
    assert np.bincount(made.y_train).tolist() == [n_train, n_train // 10]
    assert np.bincount(made.y_test).tolist() == [n_test, n_test]
    assert made.worker_labels.shape == (len(made.y_train), 5)
    assert 0.25 < np.mean(made.worker_labels != made.y_train[:, None]) < 0.5
    kept = {row.tobytes() for row in made.X_train}
    assert not kept & {row.tobytes() for row in made.X_test}


def test_repeats_differ_and_can_be_repeated():
    source = load_source("digits", None)
    first, again, other = (make_crowd("digits", source, repeat) for repeat in (0, 0, 1))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert first.X_train.shape != other.X_train.shape or np.any(first.X_train != other.X_train)
    np.testing.assert_allclose(first.X_train.mean(axis=0), 0, atol=1e-9)


def test_half_of_the_classes_of_a_real_crowd_are_thinned_and_rows_stay_together():
    truth = np.repeat([0, 1, 2, 3], [40, 30, 30, 30])
    numbers = np.arange(len(truth))
    source = Crowd(numbers[:, None], np.column_stack([numbers, truth]), truth)
    thin = thin_classes(source, np.random.RandomState(0))
    counts = np.bincount(thin.y_train)
    assert np.sum(counts == 4) == 2
    assert np.sum(counts >= 30) == 2
    np.testing.assert_array_equal(thin.worker_labels[:, 0], thin.X_train[:, 0])
    np.testing.assert_array_equal(thin.worker_labels[:, 1], thin.y_train)


def test_real_crowds_come_from_the_folder_and_are_asked_for_by_name(tmp_path):
    labels = np.array([[0, -1], [1, 1], [0, 0]], dtype=np.int8)
    arrays = {"worker_labels": labels, "y": np.array([0, 1, 0], dtype=np.uint8)}
    np.savez(tmp_path / "crowd_dog.npz", **arrays)
    dog = make_crowd("dog", load_source("dog", tmp_path), 0)
    assert dog.X_train is None
    assert dog.worker_labels.tolist() == labels.tolist()
    with pytest.raises(SystemExit, match="--sets music_thin needs --data-dir"):
        load_source("music_thin", None)
    with pytest.raises(SystemExit, match=r"needs the file .*crowd_music_genre\.npz"):
        load_source("music_thin", tmp_path)


def test_every_part_changes_parameters_that_exist_and_names_its_rivals():
    for changed in crowd_methods.ABLATIONS.values():
        made = crowd_methods.seeded(crowd_methods.ICEDClassifier, **changed)(0)
        assert made.get_params().items() >= changed.items()
    assert {"MV+DNN", "CPC", crowd_methods.ORACLE} <= set(crowd.PARTS["compare"])
    assert crowd_methods.CHAPTER in crowd.PARTS["ablation"]


def test_digits_print_a_table_with_gaps_and_a_file(call, tmp_path, monkeypatch):
    small = crowd_methods.seeded(
        crowd_methods.ICEDClassifier, n_networks=1, warm_up_epochs=1, max_epochs=1
    )
    iced = crowd_methods.partial(crowd_methods.classify, small)
    monkeypatch.setitem(crowd.PARTS["compare"], "ICED", iced)
    file = tmp_path / "scores" / "s.csv"
    words = ["--repeats", 1, "--methods", "MV+LR", "ICED", "oracle LR", "--output", file]
    printed = call(*words)
    for text in ("digits, compare", "label class mean", "oracle LR", "accuracy less best other"):
        assert text in printed
    scores = pd.read_csv(file).set_index("method")
    assert scores.loc["oracle LR", "label accuracy"] == 1
    assert scores["accuracy"].between(0.3, 1).all()
    with pytest.raises(SystemExit, match="exists"):
        call(*words)


def test_iced_is_scored_after_its_first_round_and_at_the_end():
    made = make_crowd("digits", load_source("digits", None), 0)
    small = crowd_methods.seeded(
        crowd_methods.ICEDClassifier, n_networks=1, warm_up_epochs=1, max_epochs=1
    )
    first, final = crowd_methods.infer_in_rounds(small, "D&S-final", made, 0)
    assert (first["method"], final["method"]) == ("D&S-first", "D&S-final")
    # one round is the first and the last
    assert first["label accuracy"] == pytest.approx(final["label accuracy"])


def test_what_cannot_run_is_refused_in_a_line(call, monkeypatch):
    with pytest.raises(SystemExit, match="dog: labels only"):
        call("--sets", "dog")
    with pytest.raises(SystemExit, match="no method ICED; it has: MV"):
        call("--part", "aggregators", "--methods", "ICED")
    monkeypatch.setattr(crowd, "is_installed", lambda name: False)
    with pytest.raises(SystemExit, match="not installed: cleanlab: vote"):
        call("--part", "aggregators", "--methods", "cleanlab: vote")


def test_a_failure_is_printed_and_counted(call, monkeypatch):
    def fail(name, crowd, seed):
        raise ValueError("all rows have one class")

    monkeypatch.setitem(crowd.PARTS["aggregators"], "D&S", fail)
    printed = call("--part", "aggregators", "--repeats", 2, "--methods", "MV", "D&S")
    assert "D&S on digits: refused 2 repeat(s): ValueError: all rows have one class" in printed


def test_the_dissertation_stands_beside_its_sets_only():
    row = {"set": "usps", "repeat": 0, "method": "ICED", "accuracy": 0.5, "macro F1": 0.25}
    scores = pd.DataFrame([row]).reindex(columns=crowd.COLUMNS)
    table = score_table("compare", scores, "usps")
    assert table.loc["ICED", "accuracy"] == "0.500 ± 0.000"
    assert table.loc["ICED", "accuracy, dissertation"] == "0.904"
    assert published("compare", "digits").empty
    assert published("warm-up", "gas_drift").loc["ICED-w", "macro F1"] == 0.8332


def test_gaps_take_the_best_rival_of_each_measure_and_no_oracle():
    means = pd.DataFrame(
        {"accuracy": [0.75, 0.5, 0.625, 1.0], "macro F1": [0.75, 0.625, 0.5, 1.0]},
        index=["ICED", "MV+DNN", crowd_methods.DS_WEIGHTED, "oracle LR"],
    )
    found = gaps(means)
    assert found["accuracy less best other"] == 0.125
    assert found["macro F1 less best other"] == 0.125
    assert found["accuracy less D&S + class-weighted LR"] == 0.125
    assert found["accuracy less best of MV+DNN, D&S+DNN, CrowdLayer"] == 0.25
    scores = means.rename_axis("method").reset_index().assign(set="usps", repeat=0)
    assert summary_table(scores).loc["accuracy less best other", "mean"] == "+0.125"
