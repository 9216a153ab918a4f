"""Agreement of workers and what each of them looks like."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_imbgen.aggregation import check_label_matrix
from sklearn_imbgen.datasets import make_crowd_labels
from sklearn_imbgen.metrics import annotator_report, krippendorff_alpha
from sklearn_imbgen.metrics._crowd import (
    agreement_with_others,
    informativeness,
    standard_error,
)

# four observers and twelve units: Krippendorff's example of missing data
UNITS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ]
).T


def test_the_truth_is_in_the_order_of_the_labels():
    truth = pd.Series([0, 0, 1, 1] * 6, index=np.arange(24)[::-1])
    votes = pd.DataFrame({"ann": truth, "bob": truth, "cid": 1 - truth})
    expected = annotator_report(votes, truth)["accuracy"].tolist()
    assert expected == [1.0, 1.0, 0.0]
    assert annotator_report(votes, pd.get_dummies(truth))["accuracy"].tolist() == expected
    with pytest.raises(ValueError, match="worker_labels and y are indexed differently: row 0"):
        annotator_report(votes, truth.sort_index())


@pytest.mark.parametrize(
    "names",
    [
        np.array([3, 2**64 - 1], dtype=np.uint64),
        np.array(["2026-01-01", "1969-12-31"], dtype="datetime64[D]"),
        np.array([1, 2], dtype="timedelta64[s]"),
    ],
)
def test_truths_of_any_type(names):
    truth = names[[0, 0, 1, 1] * 6]
    report = annotator_report(np.column_stack([truth, truth[::-1]]), truth)
    assert report["accuracy"].tolist() == [1.0, 0.0]


def test_alpha_of_the_published_example():
    assert krippendorff_alpha(UNITS, missing_label=0) == pytest.approx(0.743, abs=5e-4)


def test_alpha_of_two_workers_by_hand():
    # coincidences aa 2, ab 1, ba 1, bb 4: observed 2 / 8, expected 2 * 3 * 5 / (8 * 7)
    labels = np.array([["a", "a"], ["a", "b"], ["b", "b"], ["b", "b"]])
    assert krippendorff_alpha(labels) == pytest.approx(1 - (2 / 8) / (30 / 56))


def test_alpha_at_its_ends():
    assert krippendorff_alpha([[0, 0], [1, 1], [2, 2]]) == 1
    assert krippendorff_alpha([[0, 1], [1, 0]]) == pytest.approx(-0.5)
    chance = np.random.RandomState(0).randint(3, size=(5000, 4))
    assert krippendorff_alpha(chance) == pytest.approx(0, abs=0.02)


def test_alpha_ignores_rows_with_one_label_and_the_order_of_workers():
    labels = np.array([[0, 0, 1], [1, 1, -1], [1, 0, -1]])
    alone = np.vstack([labels, [[-1, 0, -1]] * 5])
    assert krippendorff_alpha(alone) == krippendorff_alpha(labels[:, [2, 0, 1]])


def test_alpha_is_the_same_from_every_container():
    expected = krippendorff_alpha(UNITS, missing_label=0)
    frame = pd.DataFrame(UNITS).astype("Int64").mask(UNITS == 0)
    assert krippendorff_alpha(frame) == expected
    assert krippendorff_alpha(sparse.csr_array(UNITS)) == expected


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([[0], [1]], "no row with two labels"),
        ([[0, -1], [-1, 1]], "no row with two labels"),
        ([[0, 0], [0, 0], [1, -1]], "all are 0"),
    ],
)
def test_alpha_says_where_it_is_undefined(labels, message):
    with pytest.raises(ValueError, match=message):
        krippendorff_alpha(labels)


def test_agreement_leaves_the_own_label_out_and_splits_ties():
    labels = check_label_matrix([[0, 0, 1, -1], [0, 1, 1, -1], [-1, -1, 0, 0], [1, -1, -1, -1]])
    # worker 0: in row 0 the others are tied, in row 1 both disagree, row 3 has nobody else
    np.testing.assert_allclose(agreement_with_others(labels), [0.25, 0.5, 0.5, 1.0])


def test_agreement_with_nobody_is_nan():
    assert np.isnan(agreement_with_others(check_label_matrix([0, 1, 1]))).all()


def test_informativeness_by_hand():
    # squared distance 2 * 0.5 ** 2, less 2 * (2 * 0.1875) / 4 by chance, halved
    confusion = np.array([[[0.75, 0.25], [0.25, 0.75]]])
    found = informativeness(confusion, np.full((1, 2), 5.0))
    assert found == pytest.approx([np.sqrt((0.5 - 0.1875) / 2)])
    assert informativeness(confusion, np.full((1, 2), 1e9)) == pytest.approx([0.5])


@pytest.mark.parametrize(("n_classes", "error"), [(2, 0.3), (4, 0.3)])
def test_informativeness_of_even_mistakes(n_classes, error):
    confusion = np.full((n_classes, n_classes), error / (n_classes - 1))
    np.fill_diagonal(confusion, 1 - error)
    found = informativeness(confusion[None], np.full((1, n_classes), 1e9))
    assert found == pytest.approx([1 - error * n_classes / (n_classes - 1)])


def test_informativeness_needs_two_classes_with_two_rows():
    confusion = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.5, 0.5], [0.4, 0.6]]])
    found = informativeness(confusion, np.array([[9.0, 1.0], [3.0, 3.0]]))
    np.testing.assert_array_equal(found, [np.nan, 0.0])


def test_standard_error_by_hand():
    # recalls (4 * 0.5 + 1) / 6 and (2 * 1 + 1) / 4
    found = standard_error(np.array([[0.5, 1.0]]), np.array([[4.0, 2.0]]), np.ones((1, 2), bool))
    assert found == pytest.approx([np.sqrt(0.25 / 4 + 0.1875 / 2) / 2])


def test_report_by_hand():
    y = ["a", "a", "a", "b"]
    labels = pd.DataFrame(
        {"ann": ["a", "a", "b", "b"], "bob": ["a", None, "a", "a"], "cy": [None] * 4},
        dtype="string",
    )
    report = annotator_report(labels, y)
    assert report["worker"].tolist() == ["ann", "bob", "cy"]
    assert report["n_labels"].tolist() == [4, 3, 0]
    assert report["share"].tolist() == [1.0, 0.75, 0.0]
    expected = {
        "agreement": [1 / 3, 1 / 3, np.nan],
        "accuracy": [0.75, 2 / 3, np.nan],
        "recall_a": [2 / 3, 1.0, np.nan],
        "recall_b": [1.0, 0.0, np.nan],
        "balanced_accuracy": [5 / 6, 0.5, np.nan],
        "most_given_share": [0.5, 1.0, np.nan],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(report[name], values, err_msg=name)
    assert report["most_given"].tolist() == ["a", "a", None]
    assert report["looks_like"].tolist() == ["few labels"] * 3


@pytest.mark.parametrize("known", [True, False], ids=["truth", "Dawid-Skene"])
def test_each_kind_of_worker_is_recognised(known):
    y = np.repeat([0, 1], [450, 50])
    crowd = make_crowd_labels(
        y, 10, error_rate=(0.1, 0.3), n_hammers=2, n_adversaries=1, n_spammers=2, random_state=0
    )
    labels = np.column_stack([crowd.worker_labels, np.zeros(500, int), np.full(500, -1)])
    labels[:4, -1] = 0
    found = annotator_report(labels, y if known else None)["looks_like"].tolist()
    expected = ["ok"] * 7 + ["adversary", *["spammer"] * 2, "always one label", "few labels"]
    assert found == expected


def test_dawid_skene_stands_for_the_truth():
    y = np.repeat([0, 1, 2], [200, 100, 50])
    crowd = make_crowd_labels(y, 9, error_rate=(0.05, 0.3), coverage=0.7, random_state=1)
    with_truth, without = (annotator_report(crowd.worker_labels, t) for t in (y, None))
    for name in ("accuracy", "recall_2", "informativeness"):
        np.testing.assert_allclose(without[name], with_truth[name], atol=0.08)


def test_a_class_that_nobody_gave_counts_as_missed():
    y, labels = np.repeat([0, 1, 2], 20), np.repeat([0, 1, 1], 20)[:, None]
    report = annotator_report(np.hstack([labels, labels]), y)
    assert report["recall_2"].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(report["balanced_accuracy"], 2 / 3)


def test_a_consistent_mix_up_informs_and_is_an_adversary():
    y = np.arange(60) % 3
    report = annotator_report(((y + 1) % 3)[:, None], y)
    assert report["informativeness"].tolist() == [1.0]
    assert report["looks_like"].tolist() == ["adversary"]


def test_unanimous_workers_of_one_class():
    report = annotator_report(np.zeros((30, 2), int))
    assert report["accuracy"].tolist() == [1.0, 1.0]
    assert report["looks_like"].tolist() == ["few labels"] * 2


@pytest.mark.parametrize(
    ("labels", "y", "message"),
    [
        ([[0, 1], [-1, -1]], None, "row 1"),
        ([[0, 1], [1, 1]], [0, None], r"^y has 1 row\(s\) without any label: row 1"),
        ([[0, 1], [1, 1]], [0, 1, 1], "y has 3 rows but worker_labels has 2"),
        ([[0, 1], [1, 1]], [[0], [1]], r"one true label per row; got shape \(2, 1\)"),
    ],
)
def test_report_refuses_bad_input(labels, y, message):
    with pytest.raises(ValueError, match=message):
        annotator_report(labels, y)


def test_report_prints_as_a_table_and_becomes_a_frame():
    report = annotator_report([["x", "x"], ["y", "x"], ["y", "y"]], ["x", "y", "y"])
    lines = str(report).splitlines()
    assert len(lines) == 3
    assert len({len(line) for line in lines}) == 1
    assert lines[0].split()[:4] == ["worker", "n_labels", "share", "agreement"]
    assert lines[1].split()[:5] == ["0", "3", "1.000", "0.667", "1.000"]
    frame = pd.DataFrame(pickle.loads(pickle.dumps(report)))
    assert frame.loc[0, "recall_y"] == 1.0


def test_a_truth_in_other_labels_is_refused():
    with pytest.raises(ValueError, match="No label of y"):
        annotator_report([[0, 1], [1, 1]], ["0", "1"])
