import numpy as np
import pandas as pd
import pytest
from evaluation import BOOSTING, BOOSTING_CLASSIFIER, CLASSIFIER_NAMES, MEASURES, METHODS
from sweep import COLUMNS
from tables import (
    bars,
    cells_of,
    fidelity_table,
    overall_table,
    published,
    refusal_table,
    report,
    score_table,
)

PUBLISHED_METHODS = ["none", "RandomOverSampler", "SMOTE", "MDO", "NRAS", "SWIM", "BAGAN", "GLGAN"]


def made_scores(values, sets=("usps",), ratio="0.01", repeats=2):
    """Every cell of a method with one MCC; ``values`` by method, or by method and set."""
    rows = []
    for name in sets:
        for repeat in range(repeats):
            for method, value in values.items():
                score = value[name] if isinstance(value, dict) else value
                boosting = method == BOOSTING
                for classifier in [BOOSTING_CLASSIFIER] if boosting else CLASSIFIER_NAMES:
                    row = dict.fromkeys(MEASURES, score)
                    row |= {"set": name, "ratio": ratio, "repeat": repeat, "method": method}
                    rows.append({**row, "classifier": classifier, "seconds": 1.0, "refusal": ""})
    return pd.DataFrame(rows).reindex(columns=COLUMNS).assign(scaling="raw")


def test_the_dissertation_has_every_cell():
    numbers = published()
    sets = ["usps", "sensorless", "gas_drift", "madelon", "gisette"]
    wanted = pd.MultiIndex.from_product([sets, CLASSIFIER_NAMES, MEASURES, PUBLISHED_METHODS])
    assert numbers.index.is_unique
    assert set(numbers.index) == set(wanted)
    assert set(PUBLISHED_METHODS) <= set(METHODS)
    absent = numbers[numbers.isna()].index
    assert {(name, method) for name, _, _, method in absent} == {("gisette", "SWIM")}
    assert len(absent) == 9
    assert numbers.dropna().between(-1, 1).all()


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (("usps", "AdaBoostClassifier", "MCC", "GLGAN"), 0.7942),
        (("sensorless", "LinearSVC", "MCC", "BAGAN"), 0.8659),
        (("gas_drift", "AdaBoostClassifier", "MCC", "MDO"), 0.3423),
        (("madelon", "LinearSVC", "MCC", "none"), -0.0439),
        (("gisette", "MLPClassifier", "macro F1", "GLGAN"), 0.8552),
    ],
)
def test_numbers_of_the_dissertation_are_those_printed(cell, value):
    assert published()[cell] == value


def test_the_dissertation_stands_beside_its_own_ratio_only():
    scores = made_scores({"SMOTE": 0.5, "ADASYN": 0.25, BOOSTING: 0.75})
    table = score_table(scores, "usps", "0.01")
    cell = table.loc[("LinearSVC", "SMOTE")]
    assert cell["MCC"] == "0.500 ± 0.000"
    assert (cell["MCC, dissertation"], cell["macro F1, dissertation"]) == ("0.751", "0.858")
    assert table.loc[("LinearSVC", "ADASYN"), "MCC, dissertation"] == ""
    assert table.index[-1] == (BOOSTING_CLASSIFIER, BOOSTING)
    other = score_table(made_scores({"SMOTE": 0.5}, ratio="0.05"), "usps", "0.05")
    assert "MCC, dissertation" not in other


def test_wins_and_losses_are_counted_per_cell_and_missing_methods_named():
    scores = made_scores({"SMOTE": 0.5, "GLGAN": 0.75, "none": 0.25, BOOSTING: 0.625})
    # a loss of one cell, and a tie of another
    glgan = scores.index[scores["method"] == "GLGAN"]
    scores.loc[glgan[:2], "MCC"] = [0.125, 0.5]
    table = overall_table(scores, ["MDO"])
    assert table["wins / losses against SMOTE"].to_dict() == {
        "SMOTE": "0 / 0",
        "GLGAN": "4 / 1",
        "none": "0 / 6",
        BOOSTING: "6 / 0",
        "MDO": "",
    }
    assert table.loc["MDO", "usps"] == "not installed"
    assert table.loc["none", "mean over sets"] == "0.250"


def test_boosting_has_one_score_beside_each_classifier():
    cells = cells_of(made_scores({"none": 0.25, BOOSTING: 0.5}, repeats=1))
    assert len(cells) == 3
    assert (cells[BOOSTING] == 0.5).all()
    alone = cells_of(made_scores({BOOSTING: 0.5}, repeats=1))
    assert alone[BOOSTING].tolist() == [0.5]


def test_bars_name_the_best_rivals_and_the_worst_set():
    glgan = {"usps": 0.75, "madelon": 0.25}
    values = {"GLGAN": glgan, "SMOTE": 0.5, "SWIM": 0.625, "none": 0.125, BOOSTING: 1.0}
    assert bars(made_scores(values, sets=("usps", "madelon"))) == [
        "GLGAN minus SMOTE +0.000 on average over 2 set(s), at worst -0.250 (madelon)",
        "GLGAN minus the best other over-sampler, SWIM, -0.125 on average over 2 set(s), "
        "at worst -0.375 (madelon)",
        f"GLGAN minus the best other method, {BOOSTING}, -0.500 on average over 2 set(s), "
        "at worst -0.750 (madelon)",
    ]
    assert bars(made_scores({"SMOTE": 0.5})) == []


def test_fidelity_is_averaged_over_the_repeats_that_made_rows():
    scores = made_scores({"none": 0.5, "SMOTE": 0.5}, repeats=3)
    made = (scores["method"] == "SMOTE") & (scores["repeat"] < 2)
    scores.loc[made, "coverage"] = np.where(scores.loc[made, "repeat"] == 0, 0.5, 1.0)
    scores.loc[(scores["method"] == "SMOTE") & (scores["repeat"] == 2), "refusal"] = "too few"
    table = fidelity_table(scores)
    assert table["coverage"].to_dict() == {("usps", "0.01", "SMOTE"): 0.75}
    refused = refusal_table(scores)
    assert refused.loc[("usps", "0.01", "SMOTE")].tolist() == [1, 3, "too few"]
    assert len(refused) == 1


def test_groups_by_ratio_get_their_own_overall_tables():
    natural = made_scores({"SMOTE": 0.25}, sets=("abalone19",), ratio="as is")
    text = report(pd.concat([made_scores({"SMOTE": 0.5}), natural]), [])
    assert "ratio 0.01\nset" in text
    assert "ratio as is\nset" in text
    assert "Refusals" not in text
