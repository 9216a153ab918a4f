from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_imbgen.inspection import RobustnessDisplay
from sklearn_imbgen.metrics import class_accuracy_report
from sklearn_imbgen.robust import AdversarialClassifier

Y_TRUE = list("aaaabbcc")
PREDICTIONS = {
    0.0: list("aaaabbca"),
    0.1: list("aaabbbcc"),
    0.2: list("aaaacbac"),
}
COUNTS = {"a": 20, "b": 5, "c": 90}
# by epsilon: a, b, c; a row that was wrong stays wrong
ACCURACY = [[1, 1, 0.5], [0.75, 1, 0.5], [0.75, 0.5, 0]]


def drawn(**options):
    return RobustnessDisplay.from_predictions(Y_TRUE, PREDICTIONS, class_counts=COUNTS, **options)


@pytest.fixture(scope="module")
def net(imbalanced):
    return AdversarialClassifier(max_epochs=5, n_steps=2, random_state=0).fit(*imbalanced)


def heights(ax, container):
    return [bar.get_height() for bar in ax.containers[container]]


def test_accuracy_by_class_and_epsilon_by_hand():
    display = drawn()
    assert display.accuracy.tolist() == ACCURACY
    assert display.classes.tolist() == ["a", "b", "c"]
    assert display.class_counts.tolist() == [20, 5, 90]
    assert (display.epsilon, display.epsilons.tolist()) == (0.2, [0.0, 0.1, 0.2])


def test_bars_go_from_the_largest_class_to_the_smallest():
    display = drawn(epsilon=0.1)
    bars = display.axes_[0]
    assert [text.get_text() for text in bars.get_xticklabels()] == ["c\n(90)", "a\n(20)", "b\n(5)"]
    assert heights(bars, 0) == [50, 100, 100]
    assert heights(bars, 1) == [50, 75, 100]
    assert bars.get_ylabel() == "accuracy (%)"
    assert bars.get_xlabel() == "class (training rows)"
    texts = [text.get_text() for text in bars.get_legend().get_texts()]
    assert texts == ["without attack", "epsilon 0.1", "under-represented"]


def test_the_rarer_half_is_shaded():
    bars = drawn().axes_[0]
    (span,) = [patch for patch in bars.patches if patch.get_label() == "under-represented"]
    # in the axes' own data: a rectangle in newer versions of matplotlib, a polygon in older ones
    extent = span.get_path().get_extents(span.get_patch_transform())
    assert (extent.x0, extent.x1) == (1.5, 2.5)


def test_curves_are_means_over_classes():
    curves = drawn(epsilon_name="epsilon (l2)").axes_[1]
    every, under, _ = curves.lines
    np.testing.assert_allclose(every.get_xdata(), [0, 0.1, 0.2])
    np.testing.assert_allclose(every.get_ydata(), [250 / 3, 75, 125 / 3])
    np.testing.assert_allclose(under.get_ydata(), [100, 100, 50])
    assert (curves.get_xlabel(), curves.get_ylabel()) == ("epsilon (l2)", "accuracy (%)")
    assert every.get_linestyle() != under.get_linestyle()


def test_a_net_is_drawn_as_the_report_says(net, imbalanced):
    display = RobustnessDisplay.from_estimator(net, *imbalanced, epsilon=0.5, n_steps=5)
    report = class_accuracy_report(net, *imbalanced, epsilon=0.5, n_steps=5)
    np.testing.assert_allclose(display.accuracy[0], report["accuracy"][:2])
    assert display.epsilon == 0.5
    assert display.epsilons.tolist() == [0, 0.125, 0.25, 0.375, 0.5, 0.75, 1.0]
    # what breaks within a smaller ball has broken within this one; the random starts are
    # others, which may spare one row of the smaller class's ten
    at = display.accuracy[4]
    assert (at <= report["robust_accuracy"][:2] + 0.1 + 1e-9).all()
    assert (np.diff(display.accuracy, axis=0) <= 0).all()
    assert display.axes_[1].get_xlabel() == "epsilon (linf, in units of the net's input)"
    assert display.axes_[0].get_title() == "Accuracy of AdversarialClassifier"


def test_a_pipeline_in_raw_units(imbalanced):
    X, y = imbalanced
    frame = pd.DataFrame(X)
    settings = {"max_epochs": 2, "n_steps": 2, "random_state": 0}
    pipeline = make_pipeline(StandardScaler(), AdversarialClassifier(**settings)).fit(frame, y)
    display = RobustnessDisplay.from_estimator(
        pipeline, frame, y, epsilon=0.2, epsilons=[0.4, 0.1], units="raw", norm="l2", n_steps=5
    )
    assert display.epsilons.tolist() == [0, 0.1, 0.2, 0.4]
    assert display.axes_[1].get_xlabel() == "epsilon (l2, in units of the features)"


def test_a_net_that_measures_in_its_own_scale_says_so(imbalanced):
    settings = {"max_epochs": 1, "n_steps": 1, "random_state": 0}
    net = AdversarialClassifier(attack__feature_scale="std", **settings).fit(*imbalanced)
    display = RobustnessDisplay.from_estimator(net, *imbalanced, epsilons=[], n_steps=2)
    assert display.epsilons.tolist() == [0, 0.1]
    assert display.axes_[1].get_xlabel() == "epsilon (linf, in units of feature_scale)"


def test_black_box_finds_distances_once(imbalanced):
    X, y = imbalanced
    X, y = X[[*range(5), *range(95, 100)]], y[[*range(5), *range(95, 100)]]
    logistic = LogisticRegression().fit(*imbalanced)
    display = RobustnessDisplay.from_estimator(
        logistic, X, y, epsilon=0.5, class_counts=[90, 10], attack="black_box", n_steps=2
    )
    margin = logistic.decision_function(X) / np.abs(logistic.coef_).sum() * np.where(y, 1, -1)
    for radius, row in zip(display.epsilons, display.accuracy, strict=True):
        for label in (0, 1):
            own = margin[y == label]
            # nearly the exact distance: the attack may miss by a little
            assert np.mean(own > radius) <= row[label] <= np.mean(own * 1.1 > radius)


def test_a_class_without_rows_has_no_bar():
    display = RobustnessDisplay.from_predictions(
        ["a"], {0: ["a"], 1: ["a"]}, class_counts={"a": 9, "b": 1}
    )
    assert heights(display.axes_[0], 0) == [100, 0]
    display.figure_.canvas.draw()


@pytest.mark.parametrize("n_classes", [1, 2, 10, 40])
def test_names_of_classes_do_not_collide(n_classes):
    names = [f"a class with the long name {i}" for i in range(n_classes)]
    display = RobustnessDisplay.from_arrays(
        names, np.arange(n_classes) + 1, [0, 1], np.ones((2, n_classes))
    )
    display.figure_.canvas.draw()
    boxes = [text.get_window_extent() for text in display.axes_[0].get_xticklabels()]
    assert all(one.x1 <= two.x0 for one, two in pairwise(boxes))
    assert f"name {n_classes - 1}" in display.axes_[0].get_xticklabels()[0].get_text()


def test_given_axes_are_used():
    figure, axes = pyplot.subplots(1, 2)
    display = drawn(ax=axes)
    assert list(display.axes_) == list(axes)
    assert display.figure_ is figure


def test_the_constructor_only_stores(without_matplotlib):
    arrays = [np.array(["a"]), np.array([3]), np.zeros(1), np.ones((1, 1))]
    display = RobustnessDisplay(*arrays, epsilon=0.0)
    assert display.classes is arrays[0]
    assert display.accuracy is arrays[3]
    assert not hasattr(display, "axes_")
    with pytest.raises(ImportError, match=r'RobustnessDisplay.*sklearn-imbgen\[plots\]"'):
        display.plot()


def test_errors_say_what_is_wrong(imbalanced):
    arrays = ["a", "b"], [1, 2]
    with pytest.raises(ValueError, match=r"got \(1, 2\) for 2 and 2"):
        RobustnessDisplay.from_arrays(*arrays, [0, 1], [[1, 1]])
    with pytest.raises(ValueError, match="epsilons must rise from 0"):
        RobustnessDisplay.from_arrays(*arrays, [1, 2], [[1, 1], [1, 1]])
    with pytest.raises(ValueError, match=r"epsilon must be one of \[0.0, 1.0\]; got 3"):
        RobustnessDisplay.from_arrays(*arrays, [0, 1], [[1, 1], [1, 1]], epsilon=3)
    with pytest.raises(ValueError, match=r"y_true has 8 rows and predictions\[0.1\] has 7 labels"):
        RobustnessDisplay.from_predictions(
            Y_TRUE, {0: Y_TRUE, 0.1: Y_TRUE[1:]}, class_counts=COUNTS
        )
    with pytest.raises(TypeError, match="black_box"):
        RobustnessDisplay.from_estimator(LogisticRegression().fit(*imbalanced), *imbalanced)
