import numpy as np
import pytest
from evaluation import (
    BOOSTING_CLASSIFIER,
    CLASSIFIER_NAMES,
    FIDELITY,
    HELD_OUT,
    METHODS,
    evaluate,
    fidelity,
    with_boosting,
)
from sklearn.datasets import make_blobs
from splits import Split


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


def test_every_method_scores_its_classifiers():
    chosen = {name: METHODS[name] for name in ("none", "class weights", "SMOTE")}
    rows = evaluate(chosen, blobs(6), 0)
    assert [(row["method"], row["classifier"]) for row in rows] == [
        (method, classifier) for method in chosen for classifier in CLASSIFIER_NAMES
    ]
    assert all(-1 <= row["MCC"] <= 1 and 0 <= row["macro F1"] <= 1 for row in rows)
    assert rows[-1].keys() >= {*FIDELITY, *HELD_OUT, "seconds", "refusal"}


def test_a_refused_method_has_the_scores_of_the_rows_as_they_are():
    split = blobs(1)
    none, smote = (evaluate({name: METHODS[name]}, split, 0) for name in ("none", "SMOTE"))
    assert [row["MCC"] for row in smote] == [row["MCC"] for row in none]
    assert all(row["refusal"] and "coverage" not in row for row in smote)


@pytest.mark.parametrize(
    ("n_minority", "n_majority", "refused"),
    [(1, 180, True), (2, 180, False), (6, 180, False), (6, 20, True)],
)
def test_boosting_tunes_where_the_rows_allow_it(n_minority, n_majority, refused):
    (row,) = with_boosting(blobs(n_minority, n_majority), 0)
    assert row["classifier"] == BOOSTING_CLASSIFIER
    assert bool(row["refusal"]) == refused
    assert -1 <= row["MCC"] <= 1


def test_copies_cover_the_training_rows_and_held_out_columns_need_rows():
    split = blobs(6)
    copies = np.repeat(split.X_train[split.y_train == 9], 3, axis=0)
    report = fidelity(split, copies, 0)
    assert (report["coverage"], report["copies"]) == (1.0, 1.0)
    assert report["held-out coverage"] < 1.0
    without = fidelity(split._replace(y_test=np.full(40, 5)), copies, 0)
    assert set(without) == set(FIDELITY)


def test_all_rows_puts_back_what_thinning_removed():
    thinned = blobs(2)
    whole = blobs(20)
    removed = whole.X_train[-18:]
    methods = {"all rows": METHODS["all rows"]}
    put_back = evaluate(methods, thinned._replace(X_removed=removed), 0)
    expected = evaluate({"none": METHODS["none"]}, whole, 0)
    assert [row["MCC"] for row in put_back] == [row["MCC"] for row in expected]
    nothing_removed = evaluate(methods, thinned, 0)
    assert all("no minority row" in row["refusal"] for row in nothing_removed)
    assert all(np.isnan(row["MCC"]) for row in nothing_removed)
