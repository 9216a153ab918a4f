"""Accuracy per class, by hand."""

import pickle

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from sklearn.linear_model import LogisticRegression

from sklearn_imbgen.metrics import class_accuracy, class_accuracy_report, under_represented
from sklearn_imbgen.robust import AdversarialClassifier
from tests.metrics.line import X_LINE, Y_LINE, Linear, line

TRUE = list("aaaabbbbcc")
PLAIN = list("aaabbbbbca")
ATTACKED = list("aabaabbbcc")


def test_the_report_by_hand():
    report = class_accuracy(TRUE, PLAIN, ATTACKED, class_counts={"a": 50, "b": 30, "c": 5})
    assert report["class"].tolist() == ["a", "b", "c", "(mean)", "(mean)", "(mean)"]
    well, under = "well-represented", "under-represented"
    assert report["group"].tolist() == [well, well, under, well, under, "overall"]
    assert report["n_rows"].tolist() == [4, 4, 2, 8, 2, 10]
    assert report["n_training_rows"].tolist() == [50, 30, 5, 80, 5, 85]
    np.testing.assert_allclose(report["accuracy"], [0.75, 1, 0.5, 0.875, 0.5, 0.75])
    # the last row of "a" and of "c" is right under attack only
    np.testing.assert_allclose(report["robust_accuracy"], [0.5, 0.75, 0.5, 0.625, 0.5, 1.75 / 3])
    frame = pd.DataFrame(report)
    assert frame.shape == (6, 6)
    assert frame["n_rows"].dtype.kind == "i"
    assert str(report).splitlines()[1].split() == [
        "a",
        "well-represented",
        "4",
        "50",
        "0.750",
        "0.500",
    ]
    assert pickle.loads(pickle.dumps(report)).keys() == report.keys()


def test_an_array_counts_the_sorted_labels():
    one = class_accuracy(TRUE, PLAIN, ATTACKED, class_counts=[50, 30, 5])
    assert one["n_training_rows"].tolist() == [50, 30, 5, 80, 5, 85]


def test_a_class_without_rows_or_without_training():
    report = class_accuracy(
        ["a", "z"], ["a", "a"], ["a", "a"], class_counts={"a": 9, "b": 5, "c": 1}
    )
    assert report["class"].tolist()[:4] == ["a", "b", "c", "z"]
    assert report["n_training_rows"].tolist() == [9, 5, 1, 0, 14, 1, 15]
    np.testing.assert_array_equal(report["accuracy"], [1, np.nan, np.nan, 0, 1, 0, 0.5])


@pytest.mark.parametrize(
    ("counts", "under"),
    [
        ([9, 1], [False, True]),
        ([1, 9], [True, False]),
        ([5, 5], [False, True]),
        ([1, 5, 9], [True, False, False]),
        ([5, 5, 5, 5], [False, False, True, True]),
        ([7], [False]),
    ],
)
def test_the_rarer_half(counts, under):
    assert under_represented(counts).tolist() == under


@pytest.mark.parametrize(
    "counts", [[], {"a": 3, "b": 9}, ["3", "9"], [3, -1], [3, np.nan], [[3, 9]], 3]
)
def test_what_is_no_number_of_rows_per_class_is_refused(counts):
    with pytest.raises(ValueError, match="counts must hold the number of rows of each class"):
        under_represented(counts)


def test_labels_are_taken_in_the_order_of_their_rows():
    y = pd.Series(list("aabb"), index=[3, 1, 2, 0])
    expected = class_accuracy(y, y, y, class_counts=[9, 1])["accuracy"]
    one_hot = pd.get_dummies(y)
    assert (class_accuracy(one_hot, one_hot, y, class_counts=[9, 1])["accuracy"] == expected).all()
    with pytest.raises(ValueError, match="y_true and y_pred are indexed differently: row 0 is 3"):
        class_accuracy(y, y.sort_index(), y, class_counts=[9, 1])
    X = pd.DataFrame(X_LINE)
    with pytest.raises(ValueError, match="X and y are indexed differently"):
        class_accuracy_report(line(), X, pd.Series(Y_LINE)[::-1], epsilon=0.15)
    with pytest.raises(ValueError, match="X is a masked array that hides"):
        class_accuracy_report(line(), np.ma.masked_less(X_LINE, 0), Y_LINE, epsilon=0.15)


def test_the_report_of_an_estimator():
    report = class_accuracy_report(line(), X_LINE, Y_LINE, epsilon=0.15)
    np.testing.assert_allclose(report["accuracy"], [0.75, 1, 0.75, 1, 0.875])
    np.testing.assert_allclose(report["robust_accuracy"], [0.75, 0.75, 0.75, 0.75, 0.75])
    given = class_accuracy_report(line(), X_LINE, Y_LINE, class_counts=[3, 70])
    assert given["group"].tolist()[:2] == ["under-represented", "well-represented"]


def test_the_report_of_a_net_with_three_classes(two_classes):
    X, y = two_classes
    y = y.copy()
    y[-5:] = "zero"
    net = AdversarialClassifier(max_epochs=3, n_steps=2, random_state=0).fit(X, y)
    report = class_accuracy_report(net, pd.DataFrame(X), y, epsilon=0.5)
    assert report["n_training_rows"].tolist() == [40, 15, 5, 55, 5, 60]
    np.testing.assert_allclose(report["accuracy"][5], report["accuracy"][:3].mean())
    plain = net.predict(X)
    assert report["accuracy"][0] == np.mean(plain[y == "bulk"] == "bulk")
    assert (report["robust_accuracy"] <= report["accuracy"]).all()


def test_resampled_rows_are_no_training_rows(two_classes):
    X, y = two_classes
    pipeline = make_imblearn_pipeline(RandomOverSampler(random_state=0), Linear()).fit(X, y)
    with pytest.raises(ValueError, match="sampler stands before Linear"):
        class_accuracy_report(pipeline, X, y)
    report = class_accuracy_report(pipeline, X, y, class_counts={"bulk": 40, "rare": 20})
    assert report["n_training_rows"].tolist()[:2] == [40, 20]


def test_errors_say_what_to_do():
    logistic = LogisticRegression().fit(X_LINE, Y_LINE)
    with pytest.raises(ValueError, match="pass class_counts"):
        class_accuracy_report(logistic, X_LINE, Y_LINE, epsilon=0.1, attack="black_box")
    with pytest.raises(ValueError, match="one number for each of the classes 'a', 'b', 'c'"):
        class_accuracy(TRUE, PLAIN, ATTACKED, class_counts=[1, 2])
    with pytest.raises(ValueError, match="numbers of at least 0"):
        class_accuracy(TRUE, PLAIN, ATTACKED, class_counts=[1, 2, -1])
    with pytest.raises(ValueError, match="is in class_counts"):
        class_accuracy(TRUE, PLAIN, ATTACKED, class_counts={1: 1, 2: 1})
    with pytest.raises(ValueError, match="y_true has 10 rows and y_pred has 9 labels"):
        class_accuracy(TRUE, PLAIN[1:], ATTACKED, class_counts=[1, 2, 3])
