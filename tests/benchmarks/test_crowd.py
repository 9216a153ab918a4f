"""The crowd benchmark: its crowds by their counts, and its tables by numbers put in."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from benchmarks.__main__ import main
from benchmarks.crowd import methods, sets
from benchmarks.crowd.questions import QUESTIONS, gaps, in_dissertation, report, summary_table
from benchmarks.crowd.sets import (
    Crowd,
    check,
    crowd_of,
    load_source,
    simulate_crowd,
    thin_classes,
)
from benchmarks.question import Settings
from sklearn_imbgen.crowd import ICEDClassifier

FAST = Settings(quick=True)


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


def test_seeds_differ_and_can_be_repeated(monkeypatch):
    # no network has to be trained for it
    monkeypatch.setattr(sets, "_difficulty", lambda X, truth, seed: np.zeros(len(truth)))
    first, again, other = (crowd_of.__wrapped__("digits", None, seed) for seed in (0, 0, 1))
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
    dog = crowd_of("dog", tmp_path, 0)
    assert dog.X_train is None
    assert dog.worker_labels.tolist() == labels.tolist()
    with pytest.raises(SystemExit, match="--sets music_thin needs --data-dir"):
        load_source("music_thin", None)
    with pytest.raises(SystemExit, match=r"needs the file .*crowd_music_genre\.npz"):
        load_source("music_thin", tmp_path)
    folder = Settings(data_dir=tmp_path)
    with pytest.raises(SystemExit, match="--sets dog: labels only, for the question aggregators"):
        check("dog", folder)
    QUESTIONS["aggregators"].check("dog", folder)


def test_every_part_changes_parameters_that_exist_and_names_its_rivals():
    for changed in methods.ABLATIONS.values():
        assert ICEDClassifier(**changed).get_params().items() >= changed.items()
    assert {"MV+DNN", "CPC", methods.ORACLE} <= set(QUESTIONS["crowd"].methods)
    assert methods.CHAPTER in QUESTIONS["crowd-parts"].methods


def test_digits_print_a_table_with_gaps_and_a_file(capsys, tmp_path):
    file = tmp_path / "s.csv"
    words = ["--quick", "--methods", "MV+LR", "ICED", "oracle LR", "--output", str(file)]
    main(["crowd", *words])
    printed = capsys.readouterr().out
    for text in ("digits: mean", "label class mean", "oracle LR", "accuracy less best other"):
        assert text in printed
    scores = pd.read_csv(file).set_index("method")
    assert scores.loc["oracle LR", "label accuracy"] == 1
    assert scores["accuracy"].between(0.3, 1).all()


def test_iced_is_scored_after_its_first_round_and_at_the_end():
    made = crowd_of("digits", None, 0)
    row = methods.infer_in_rounds(methods.seeded(ICEDClassifier, max_epochs=1), made, 0, FAST)
    # one round is the first and the last
    assert row["label accuracy after one round"] == pytest.approx(row["label accuracy"])


def test_a_failure_is_printed_and_counted(monkeypatch, capsys):
    def fail(crowd, seed, settings):
        raise ValueError("all rows have one class")

    monkeypatch.setitem(QUESTIONS["aggregators"].methods, "D&S", fail)
    main(["aggregators", "--repeats", "2", "--methods", "MV", "D&S"])
    printed = capsys.readouterr().out
    assert "D&S on digits: refused 2 time(s): ValueError: all rows have one class" in printed


def test_the_dissertation_stands_beside_its_sets_only():
    row = {"set": "usps", "seed": 0, "method": "ICED", "accuracy": 0.5, "macro F1": 0.25}
    scores = pd.DataFrame([row]).assign(seconds=1.0, refusal="")
    line = report("3.2", scores).splitlines()[-1]
    assert line.split() == ["ICED", "0.500", "±", "0.000", "0.904", "0.250", "±", "0.000", "0.903",
                            "1.00"]  # fmt: skip
    assert in_dissertation("3.2", "digits").empty
    warm_up = in_dissertation("3.3", "gas_drift").set_index("method")
    assert warm_up.loc["ICED-w", "macro F1"] == 0.8332


def test_gaps_take_the_best_rival_of_each_measure_and_no_oracle():
    means = pd.DataFrame(
        {"accuracy": [0.75, 0.5, 0.625, 1.0], "macro F1": [0.75, 0.625, 0.5, 1.0]},
        index=["ICED", "MV+DNN", methods.DS_WEIGHTED, "oracle LR"],
    )
    found = gaps(means)
    assert found["accuracy less best other"] == 0.125
    assert found["macro F1 less best other"] == 0.125
    assert found["accuracy less D&S + class-weighted LR"] == 0.125
    assert found["accuracy less best of MV+DNN, D&S+DNN, CrowdLayer"] == 0.25
    scores = means.rename_axis("method").reset_index().assign(set="usps", seed=0)
    assert summary_table(scores).loc["accuracy less best other", "mean"] == "+0.125"
