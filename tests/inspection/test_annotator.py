import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sklearn_imbgen.crowd import AggregateThenFit, DawidSkene, MajorityVote
from sklearn_imbgen.inspection import AnnotatorDisplay
from sklearn_imbgen.metrics import annotator_report

TRUTH = np.repeat([0, 1], [40, 20])


@pytest.fixture
def worker_labels():
    """Three who know, one who always says 0, one who turns everything round."""
    return np.column_stack([TRUTH, TRUTH, TRUTH, 0 * TRUTH, 1 - TRUTH])


def many_workers(n_workers, n_classes=2):
    confusion = np.full((n_workers, n_classes, n_classes), 0.1 / (n_classes - 1))
    confusion[:, range(n_classes), range(n_classes)] = 0.9
    return confusion, np.arange(1, n_workers + 1)


def test_panels_of_error_rate_volume_and_one_matrix_per_worker(worker_labels):
    display = AnnotatorDisplay.from_labels(worker_labels, TRUTH)
    points, bars, *matrices = display.axes_
    assert (points.get_xlabel(), points.get_ylabel()) == (
        "labels given (number)",
        "error rate (share of labels)",
    )
    assert (bars.get_xlabel(), bars.get_ylabel()) == ("labels given (number)", "worker")
    assert len(matrices) == 5
    assert display.error_rate.round(6).tolist() == [0, 0, 0, 0.333333, 1]
    assert display.looks_like.tolist() == ["ok"] * 3 + ["always one label", "adversary"]
    assert [patch.get_width() for patch in bars.patches] == [60] * 5


def test_matrices_say_how_often_and_who_stands_out(worker_labels):
    display = AnnotatorDisplay.from_labels(worker_labels, TRUTH)
    last = display.axes_[-1]
    assert last.get_title() == "worker 4: error 1.00\nadversary"
    assert [text.get_text() for text in last.texts] == ["0.00", "1.00", "1.00", "0.00"]
    np.testing.assert_allclose(last.images[0].get_array(), [[0, 1], [1, 0]], atol=1e-9)


def test_every_kind_of_worker_has_its_colour_and_mark(worker_labels):
    points = AnnotatorDisplay.from_labels(worker_labels, TRUTH).axes_[0]
    names = [text.get_text() for text in points.get_legend().get_texts()]
    assert names == ["guessing evenly", "ok", "always one label", "adversary"]
    assert len({tuple(group.get_facecolor()[0]) for group in points.collections}) == 3
    assert {"3", "4"} <= {text.get_text() for text in points.texts}


@pytest.mark.parametrize("aggregator", [DawidSkene(), MajorityVote()])
def test_a_fitted_estimator_gives_its_own_figures(aggregator, worker_labels):
    aggregator.fit(worker_labels)
    display = AnnotatorDisplay.from_estimator(aggregator, worker_labels)
    np.testing.assert_array_equal(display.worker_confusion, aggregator.worker_confusion_)
    np.testing.assert_array_equal(display.error_rate, aggregator.worker_error_rate_)
    report = annotator_report(worker_labels, aggregator.labels_)
    assert display.looks_like.tolist() == report["looks_like"].tolist()


def test_the_aggregator_is_found_inside_other_estimators(worker_labels):
    nested = make_pipeline(AggregateThenFit()).fit(TRUTH[:, None], worker_labels)
    display = AnnotatorDisplay.from_estimator(nested, worker_labels)
    confusion = nested[-1].aggregator_.worker_confusion_
    np.testing.assert_array_equal(display.worker_confusion, confusion)


def test_names_and_missing_labels_of_a_dataframe():
    frame = pd.DataFrame(
        {"ann": ["cat", "dog"] * 10, "bob": ["cat", "dog"] * 10, "eve": ["cat", None] * 10}
    )
    display = AnnotatorDisplay.from_labels(frame)
    assert display.n_labels.tolist() == [20, 20, 10]
    assert [ax.get_title() for ax in display.axes_[2:]] == [
        "ann: error 0.00",
        "bob: error 0.00",
        "eve: error 0.00\nfew labels",
    ]
    assert [tick.get_text() for tick in display.axes_[2].get_xticklabels()] == ["cat", "dog"]


def test_two_hundred_workers_are_cut_down_and_the_titles_say_so():
    confusion, n_labels = many_workers(200)
    display = AnnotatorDisplay.from_arrays(confusion, n_labels, n_matrices=4)
    assert len(display.axes_) == 6
    assert display.axes_[0].get_xscale() == "log"
    assert display.axes_[1].get_title() == "volume, the 20 with most labels of 200 workers"
    heading = display.axes_[2].figure.get_suptitle()
    assert heading.startswith("confusion matrices, the 4 with most labels of 200 workers")
    assert display.axes_[2].get_title().startswith("worker 199")


def test_those_who_err_most_can_be_shown():
    confusion, n_labels = many_workers(3)
    confusion[1] = 0.5
    display = AnnotatorDisplay.from_arrays(confusion, n_labels, n_matrices=1, order="error_rate")
    assert display.axes_[2].get_title() == "worker 1: error 0.50"
    heading = display.axes_[2].figure.get_suptitle()
    assert "the 1 with the highest error rate of 3 workers" in heading


def test_workers_without_labels_are_no_point_and_no_matrix():
    confusion, _ = many_workers(3)
    display = AnnotatorDisplay.from_arrays(confusion, [5, 0, 7])
    assert len(display.axes_) == 4
    left_out = "(without 1 worker(s) whose errors are not known)"
    assert display.axes_[0].get_title().endswith(left_out)
    assert sum(len(group.get_offsets()) for group in display.axes_[0].collections) == 2
    display = AnnotatorDisplay.from_arrays(confusion, [5, 5, 7], error_rate=[0.1, np.nan, 0.3])
    assert display.axes_[0].get_title().endswith(left_out)


@pytest.mark.parametrize(("n_classes", "n_figures", "n_names"), [(5, 25, 5), (6, 0, 6), (11, 0, 0)])
def test_many_classes_leave_no_room_for_figures_then_for_names(n_classes, n_figures, n_names):
    confusion, n_labels = many_workers(2, n_classes)
    display = AnnotatorDisplay.from_arrays(confusion, n_labels)
    matrix = display.axes_[2]
    assert len(matrix.texts) == n_figures
    assert len(matrix.get_xticks()) == n_names
    # without figures a bar explains the colours
    assert len(matrix.figure.axes) == (2 if n_figures else 3)


def test_a_single_worker_and_no_matrices():
    display = AnnotatorDisplay.from_arrays([[[1.0, 0.0], [0.0, 1.0]]], [3], n_matrices=0)
    assert len(display.axes_) == 2
    display.figure_.canvas.draw()


def test_given_axes_are_used_and_name_themselves():
    figure, axes = pyplot.subplots(1, 4)
    display = AnnotatorDisplay.from_arrays(*many_workers(2), ax=axes)
    assert list(display.axes_) == list(axes)
    assert display.figure_ is figure
    assert axes[3].get_ylabel() == "true label"


def test_the_constructor_only_stores(without_matplotlib):
    confusion, n_labels = many_workers(2)
    names = {"classes": np.arange(2), "workers": np.arange(2), "error_rate": np.ones(2)}
    display = AnnotatorDisplay(confusion, n_labels, looks_like=np.array(["ok"] * 2), **names)
    assert not hasattr(display, "axes_")
    with pytest.raises(ImportError, match=r'AnnotatorDisplay.*sklearn-imbgen\[plots\]"'):
        display.plot()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": "name"}, "order must be one of"),
        ({"n_matrices": 1.5}, "n_matrices must be an instance of int"),
        ({"n_matrices": -1}, "n_matrices == -1, must be >= 0"),
        ({"workers": ["a"]}, r"workers must hold one value per worker, 2"),
        ({"classes": ["a"]}, r"classes must hold one value per class, 2"),
        ({"ax": []}, "draws 4 panel"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        AnnotatorDisplay.from_arrays(*many_workers(2), **options)


def test_errors_say_what_is_wrong(worker_labels):
    with pytest.raises(ValueError, match="worker_confusion must have shape"):
        AnnotatorDisplay.from_arrays(np.eye(2), [1, 2])
    with pytest.raises(NotFittedError, match="DawidSkene has no worker_confusion_"):
        AnnotatorDisplay.from_estimator(DawidSkene(), worker_labels)
    fitted = DawidSkene().fit(worker_labels)
    with pytest.raises(ValueError, match=r"shape \(59, 5\).*fitted on \(60, 5\)"):
        AnnotatorDisplay.from_estimator(fitted, worker_labels[1:])
