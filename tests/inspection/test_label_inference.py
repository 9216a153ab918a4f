from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import pyplot
from sklearn.exceptions import NotFittedError

from sklearn_imbgen.crowd import DawidSkene, MajorityVote, label_certainty
from sklearn_imbgen.inspection import LabelInferenceDisplay

LABELS = np.repeat(["common", "rare"], [8, 2])
CERTAINTY = np.linspace(0.5, 1.0, 10)
CURVES = {
    "accuracy": [0.7, 0.8, 0.9],
    "class_prior": {"common": [0.6, 0.7, 0.8], "rare": [0.4, 0.3, 0.2]},
}
WORKER_LABELS = np.array([[0, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 0]])


def trained(**terms):
    """What the display reads of a classifier such as ICEDClassifier."""
    return SimpleNamespace(
        labels_=LABELS,
        label_proba_=np.c_[CERTAINTY, 1 - CERTAINTY],
        certainty_=10 * CERTAINTY,
        history_={"inference": terms, "classifier": {"total": [1.0]}},
    )


def titles(display):
    return [ax.get_title() for ax in display.axes_]


def test_panels_of_accuracy_prior_and_certainty():
    display = LabelInferenceDisplay.from_arrays(LABELS, CERTAINTY, **CURVES)
    accuracy, prior, certainty = display.axes_
    assert titles(display) == [
        "accuracy of the inferred labels",
        "class prior",
        "certainty of 10 rows",
    ]
    assert (accuracy.get_xlabel(), accuracy.get_ylabel()) == ("round of inference", "share of rows")
    assert (prior.get_xlabel(), prior.get_ylabel()) == ("round of inference", "share of rows")
    assert certainty.get_xlabel() == "probability of the inferred label"
    assert accuracy.lines[0].get_xdata().tolist() == [1, 2, 3]
    curves = {line.get_label(): list(line.get_ydata()) for line in prior.lines}
    assert curves == {"class common": [0.6, 0.7, 0.8], "class rare": [0.4, 0.3, 0.2]}


def test_bars_are_shares_of_the_rows_of_each_class():
    ax = LabelInferenceDisplay.from_arrays(LABELS, CERTAINTY).axes_[0]
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["class common (8 rows)", "class rare (2 rows)"]
    heights = [patch.get_height() for patch in ax.patches if hasattr(patch, "get_height")]
    assert sum(heights) == pytest.approx(2.0)
    assert ax.get_ylabel() == "share of the rows of the class"


def test_a_class_looks_the_same_in_every_panel():
    prior, certainty = LabelInferenceDisplay.from_arrays(
        LABELS, CERTAINTY, class_prior={"rare": [0.9, 0.8], "common": [0.1, 0.2]}
    ).axes_
    lines = {
        line.get_label(): pyplot.matplotlib.colors.to_rgb(line.get_color()) for line in prior.lines
    }
    outlines = {
        handle.get_label().partition(" (")[0]: handle.get_edgecolor()[:3]
        for handle in certainty.get_legend_handles_labels()[0]
    }
    assert lines == outlines


def test_a_classifier_gives_what_it_recorded():
    terms = {"accuracy": [0.5, 0.6], "prior of common": [0.8, 0.9], "change": [0.1, 0.0]}
    display = LabelInferenceDisplay.from_estimator(trained(**terms))
    assert display.accuracy == [0.5, 0.6]
    assert display.class_prior == {"common": [0.8, 0.9]}
    np.testing.assert_array_equal(display.certainty, CERTAINTY)


def test_without_the_truth_there_is_no_accuracy():
    display = LabelInferenceDisplay.from_estimator(trained(**{"prior of rare": [0.1]}))
    assert titles(display) == ["class prior", "certainty of 10 rows"]


def test_the_certainty_of_the_vote():
    display = LabelInferenceDisplay.from_estimator(trained(), certainty="vote")
    np.testing.assert_array_equal(display.certainty, 10 * CERTAINTY)
    assert "eq. 3.4" in display.axes_[0].get_xlabel()
    with pytest.raises(NotFittedError, match="MajorityVote has no certainty_"):
        LabelInferenceDisplay.from_estimator(MajorityVote().fit(WORKER_LABELS), certainty="vote")
    with pytest.raises(ValueError, match="certainty must be 'probability' or 'vote'"):
        LabelInferenceDisplay.from_estimator(trained(), certainty="alpha")


def test_dawid_skene_has_a_likelihood_and_the_vote_has_no_curve():
    aggregator = DawidSkene().fit(WORKER_LABELS)
    display = LabelInferenceDisplay.from_estimator(aggregator)
    assert titles(display) == ["likelihood of the labels given", "certainty of 4 rows"]
    assert display.axes_[0].get_xlabel() == "iteration of EM"
    vote = LabelInferenceDisplay.from_estimator(MajorityVote().fit(WORKER_LABELS))
    assert titles(vote) == ["certainty of 4 rows"]


def test_unanimous_rows_beside_others_need_a_logarithmic_axis():
    certainty = label_certainty(WORKER_LABELS)
    ax = LabelInferenceDisplay.from_arrays([0, 1, 0, 1], certainty).axes_[0]
    assert ax.get_xscale() == "log"
    heights = [patch.get_height() for patch in ax.patches if hasattr(patch, "get_height")]
    assert sum(heights) == pytest.approx(2.0)


def test_of_many_classes_the_largest_and_the_smallest_are_shown():
    labels = np.repeat(np.arange(9), np.arange(1, 10))
    prior = {label: [label / 45] for label in range(9)}
    display = LabelInferenceDisplay.from_arrays(labels, np.ones(45), class_prior=prior)
    for ax, title in zip(display.axes_, ["class prior", "certainty of 45 rows"], strict=True):
        assert ax.get_title() == f"{title},\nthe largest and the 6 smallest of 9 classes"
        shown = {int(text.get_text().split()[1]) for text in ax.get_legend().get_texts()}
        assert shown == {8, 0, 1, 2, 3, 4, 5}


def test_equal_certainties_and_a_single_row_can_be_drawn():
    display = LabelInferenceDisplay.from_arrays(["a"], [1.0])
    display.figure_.canvas.draw()


def test_given_axes_are_used():
    figure, axes = pyplot.subplots(1, 3)
    display = LabelInferenceDisplay(LABELS, CERTAINTY, **CURVES).plot(axes)
    assert list(display.axes_) == list(axes)
    assert display.figure_ is figure


def test_the_constructor_only_stores(without_matplotlib):
    display = LabelInferenceDisplay(LABELS, CERTAINTY)
    assert display.labels is LABELS
    assert not hasattr(display, "axes_")
    with pytest.raises(ImportError, match=r'LabelInferenceDisplay.*sklearn-imbgen\[plots\]"'):
        display.plot()


@pytest.mark.parametrize(
    ("labels", "certainty", "message"),
    [
        (["a", "b"], [1.0], "certainty has 1 rows and labels has 2 labels"),
        ([], [], "labels and certainty are of no row"),
        (["a", "b"], [1.0, np.nan], "row 1 holds nan"),
    ],
)
def test_bad_arrays_are_named(labels, certainty, message):
    with pytest.raises(ValueError, match=message):
        LabelInferenceDisplay.from_arrays(labels, certainty)


def test_an_estimator_without_labels_is_refused():
    with pytest.raises(NotFittedError, match="DawidSkene has no label_proba_"):
        LabelInferenceDisplay.from_estimator(DawidSkene())
