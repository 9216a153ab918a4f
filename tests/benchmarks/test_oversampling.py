"""The over-sampling benchmarks: scores of small splits, and tables by numbers put in."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_blobs

from benchmarks.oversampling import attacked, parts
from benchmarks.oversampling.scoring import (
    BOOSTING,
    BOOSTING_CLASSIFIER,
    CLASSIFIER_NAMES,
    MEASURES,
    METHODS,
    run,
    with_boosting,
)
from benchmarks.oversampling.sets import Split, split_of
from benchmarks.oversampling.tables import cells_of, overall_table, report
from benchmarks.question import QUICK, Settings
from benchmarks.tables import published
from sklearn_imbgen.over_sampling import GLGAN

PUBLISHED_METHODS = ["none", "RandomOverSampler", "SMOTE", "MDO", "NRAS", "SWIM", "BAGAN", "GLGAN"]
FAST = Settings(quick=True)


def blobs(n_minority, n_majority=40):
    """Two clouds of many and few training rows, 20 and 20 test rows, labels other than 0 and 1."""
    X, y = make_blobs([200, 60], n_features=3, cluster_std=2.0, random_state=0)
    majority, minority = X[y == 0], X[y == 1]
    return Split(
        np.concatenate([majority[:n_majority], minority[:n_minority]]),
        np.concatenate([majority[-20:], minority[-20:]]),
        np.repeat([5, 9], [n_majority, n_minority]),
        np.repeat([5, 9], [20, 20]),
        9,
    )


@pytest.fixture
def score(monkeypatch):
    """Rows of a method on a split."""

    def score_split(method, split):
        monkeypatch.setattr("benchmarks.oversampling.scoring.split_of", lambda *_: split)
        return run(METHODS, method, "blobs", 0, FAST)

    return score_split


@pytest.mark.parametrize("method", ["class weights", "SMOTE"])
def test_a_method_scores_every_classifier(score, method):
    rows = score(method, blobs(6))
    assert [row["classifier"] for row in rows] == list(CLASSIFIER_NAMES)
    assert all(-1 <= row["MCC"] <= 1 and 0 <= row["macro F1"] <= 1 for row in rows)


def test_a_refused_method_has_the_scores_of_the_rows_as_they_are(score):
    none, smote = (score(name, blobs(1)) for name in ("none", "SMOTE"))
    assert [row["MCC"] for row in smote] == [row["MCC"] for row in none]
    assert all(row["refusal"] for row in smote)


@pytest.mark.parametrize(("n_minority", "refused"), [(1, True), (6, False)])
def test_boosting_tunes_where_the_rows_allow_it(n_minority, refused):
    (row,) = with_boosting(blobs(n_minority, 60), 0, FAST)
    assert row["classifier"] == BOOSTING_CLASSIFIER
    assert bool(row["refusal"]) == refused
    assert -1 <= row["MCC"] <= 1


def test_all_rows_puts_back_what_thinning_removed(score):
    thinned, whole = blobs(2), blobs(20)
    put_back = score("all rows", thinned._replace(X_removed=whole.X_train[-18:]))
    assert [row["MCC"] for row in put_back] == [row["MCC"] for row in score("none", whole)]
    nothing_removed = score("all rows", thinned)
    assert all("no minority row" in row["refusal"] for row in nothing_removed)
    assert all(np.isnan(row["MCC"]) for row in nothing_removed)


def test_parts_are_changed_parameters_and_the_rest_are_defaults():
    for parameters in parts.PARTS.values():
        made = parts.make_glgan(parameters, 0, 5).get_params()
        assert made == GLGAN(random_state=0, **parameters).get_params()

    # --quick switches nothing on
    without = FAST.shorten(parts.make_glgan({"max_epochs": 0}, 0, 5))
    assert (without.max_epochs, without.autoencoder_epochs) == (0, QUICK["autoencoder_epochs"])


def test_differences_are_taken_within_set_and_classifier():
    rows = [
        {"set": name, "method": method, "classifier": classifier, "MCC": value}
        for name, method, value in [
            ("digits-0.05", "defaults", 0.5),
            ("digits-0.05", "plain batches", 0.25),
            ("usps-0.05", "defaults", 0.125),
            ("usps-0.05", "plain batches", 0.25),
        ]
        for classifier in CLASSIFIER_NAMES
    ]
    table = parts.difference_table(pd.DataFrame(rows))
    assert table.loc[("digits-0.05", "plain batches"), "mean"] == "0.250 (-0.250)"
    assert table.loc[("usps-0.05", "plain batches"), "LinearSVC"] == "0.250 (+0.125)"
    assert table.loc[("usps-0.05", "defaults"), "LinearSVC"] == "0.125"


def test_attacked_rows_stay_within_the_radius_of_each_column():
    split = split_of("digits-0.05", None, 0)
    rows = attacked.attacked_rows("digits-0.05", 0, FAST)
    assert list(rows) == [0.0, 0.1, 0.3]
    np.testing.assert_array_equal(rows[0.0], split.X_test)
    for radius in (0.1, 0.3):
        moved = np.abs(rows[radius] - split.X_test)
        reach = radius * split.X_train.std(axis=0)
        assert (moved <= reach + 1e-3).all()
        assert moved.max() > 0.5 * reach.max()
    scored = attacked.run("RandomOverSampler", "digits-0.05", 0, FAST)
    assert len(scored) == len(CLASSIFIER_NAMES) * len(rows)


def test_the_table_of_attacks_has_the_mean_over_the_sets():
    scores = pd.DataFrame(
        [
            {"set": name, "method": "SMOTE", "epsilon": 0.1, "MCC": mcc}
            for name, mcc in (("a", 0.2), ("a", 0.4), ("b", 0.5))
        ]
    )
    found = attacked.table(scores)[0.1]
    assert found["a", "SMOTE"] == pytest.approx(0.3)
    assert found["(mean)", "SMOTE"] == pytest.approx(0.4)


def made_scores(values, sets=("usps-0.01",), seeds=2):
    """Every cell of a method with one MCC."""
    rows = [
        dict.fromkeys(MEASURES, value)
        | {"set": name, "seed": seed, "method": method, "classifier": classifier}
        for name in sets
        for seed in range(seeds)
        for method, value in values.items()
        for classifier in ([BOOSTING_CLASSIFIER] if method == BOOSTING else CLASSIFIER_NAMES)
    ]
    return pd.DataFrame(rows).assign(seconds=1.0, refusal="")


def test_the_dissertation_has_every_cell():
    numbers = published(2).set_index(["set", "classifier", "method"])
    names = ("usps", "sensorless", "gas_drift", "madelon", "gisette")
    wanted = pd.MultiIndex.from_product(
        [[f"{name}-0.01" for name in names], CLASSIFIER_NAMES, PUBLISHED_METHODS]
    )
    assert numbers.index.is_unique
    assert set(numbers.index) == set(wanted)
    assert set(PUBLISHED_METHODS) <= set(METHODS)
    absent = numbers[numbers.isna().any(axis=1)]
    assert {(name, method) for name, _, method in absent.index} == {("gisette-0.01", "SWIM")}
    assert len(absent) == 3
    assert (numbers.stack().dropna().abs() <= 1).all()
    # as printed
    assert numbers.loc[("usps-0.01", "AdaBoostClassifier", "GLGAN"), "MCC"] == 0.7942
    assert numbers.loc[("gisette-0.01", "MLPClassifier", "GLGAN"), "macro F1"] == 0.8552


def test_the_dissertation_stands_beside_its_own_ratio_only():
    printed = report(made_scores({"SMOTE": 0.5, BOOSTING: 0.75}))
    line = next(line for line in printed.splitlines() if line.startswith("LinearSVC"))
    assert line.split()[:6] == ["LinearSVC", "SMOTE", "0.500", "±", "0.000", "0.751"]
    assert "dissertation" not in report(made_scores({"SMOTE": 0.5}, sets=["usps-0.05"]))


def test_wins_and_losses_are_counted_per_cell():
    scores = made_scores({"SMOTE": 0.5, "GLGAN": 0.75, "none": 0.25, BOOSTING: 0.625})
    # a loss of one cell, and a tie of another
    glgan = scores.index[scores["method"] == "GLGAN"]
    scores.loc[glgan[:2], "MCC"] = [0.125, 0.5]
    table = overall_table(scores)
    assert table["wins / losses against SMOTE"].to_dict() == {
        "SMOTE": "0 / 0",
        "GLGAN": "4 / 1",
        "none": "0 / 6",
        BOOSTING: "6 / 0",
    }
    assert table.loc["none", "mean over sets"] == "0.250"


def test_boosting_has_one_score_beside_each_classifier():
    cells = cells_of(made_scores({"none": 0.25, BOOSTING: 0.5}, seeds=1))
    assert len(cells) == 3
    assert (cells[BOOSTING] == 0.5).all()
    alone = cells_of(made_scores({BOOSTING: 0.5}, seeds=1))
    assert alone[BOOSTING].tolist() == [0.5]


def test_sets_of_each_ratio_have_their_own_mean_and_refusals_are_listed():
    scores = made_scores({"SMOTE": 0.5}, sets=["usps-0.01", "madelon-0.01", "abalone19"])
    assert "Scored" not in report(scores)
    scores.loc[scores["set"] == "abalone19", "refusal"] = "too few"
    text = report(scores)
    assert text.count("mean over sets") == 2
    assert "2 seed(s), ratio 0.01\nset" in text
    assert "2 seed(s), as is\nset" in text
    assert "SMOTE on abalone19: refused 2 time(s): too few" in text
