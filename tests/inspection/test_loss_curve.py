import numpy as np
import pytest
from matplotlib import pyplot
from sklearn.exceptions import NotFittedError

from sklearn_imbgen import GLGAN
from sklearn_imbgen.inspection import LossCurveDisplay

HISTORY = {
    "discriminator": {"real": [0.5, 0.4, 0.3], "total": [1.0, 0.8, 0.6]},
    "generator": {"adversarial": [0.7, 0.6, 0.5], "total": [0.9, 0.8, 0.7]},
}


def test_one_panel_per_network_and_one_line_per_term(small_sampler):
    display = LossCurveDisplay.from_estimator(small_sampler)
    assert [ax.get_title() for ax in display.axes_] == list(small_sampler.history_)
    for ax, terms in zip(display.axes_, small_sampler.history_.values(), strict=True):
        assert {line.get_label() for line in ax.lines} == set(terms)
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
        assert {text.get_text() for text in ax.get_legend().get_texts()} == set(terms)


def test_epochs_count_from_one_and_the_total_is_thicker():
    display = LossCurveDisplay.from_arrays(HISTORY)
    real, total = display.axes_[0].lines
    assert real.get_xdata().tolist() == [1, 2, 3]
    assert list(real.get_ydata()) == [0.5, 0.4, 0.3]
    assert total.get_label() == "total"
    assert total.get_linewidth() > real.get_linewidth()


def test_lines_differ_in_more_than_colour():
    terms = {name: [1.0, 2.0] for name in "abcd"}
    lines = LossCurveDisplay.from_arrays({"network": terms}).axes_[0].lines
    assert len({line.get_color() for line in lines}) == 4
    assert len({line.get_marker() for line in lines}) == 4
    assert len({line.get_linestyle() for line in lines}) == 4


@pytest.mark.parametrize(
    ("losses", "scale"),
    [
        ([1.0, 2.0], "linear"),
        ([1e-3, 1.0], "log"),
        ([np.nan, 1e-3, 1.0], "log"),
        ([0.0, 1e-3, 1.0], "linear"),
        ([800.0, 1.0, -60.0], "symlog"),
        ([np.nan, np.nan], "linear"),
        ([0.0], "linear"),
    ],
)
def test_a_wide_range_of_losses_is_logarithmic(losses, scale):
    display = LossCurveDisplay.from_arrays({"network": {"total": losses}})
    assert display.axes_[0].get_yscale() == scale
    display.figure_.canvas.draw()


def test_given_axes_are_used():
    figure, axes = pyplot.subplots(1, 2)
    display = LossCurveDisplay(HISTORY).plot(axes)
    assert list(display.axes_) == list(axes)
    assert display.figure_ is figure


def test_networks_without_an_epoch_are_left_out():
    display = LossCurveDisplay.from_arrays({"autoencoder": {"total": []}, **HISTORY})
    assert [ax.get_title() for ax in display.axes_] == ["discriminator", "generator"]


def test_four_networks_stand_in_two_rows():
    display = LossCurveDisplay.from_arrays({name: {"total": [1.0]} for name in "abcd"})
    grid = display.axes_[0].get_subplotspec().get_gridspec()
    assert (grid.nrows, grid.ncols) == (2, 2)


def test_the_constructor_only_stores(without_matplotlib):
    display = LossCurveDisplay(HISTORY)
    assert display.history is HISTORY
    assert not hasattr(display, "axes_")
    with pytest.raises(ImportError, match=r'LossCurveDisplay.*sklearn-imbgen\[plots\]"'):
        display.plot()


def test_errors_say_what_is_wrong():
    with pytest.raises(NotFittedError, match="GLGAN has no history_"):
        LossCurveDisplay.from_estimator(GLGAN())
    with pytest.raises(ValueError, match="no epoch"):
        LossCurveDisplay.from_arrays({"generator": {}})
    with pytest.raises(ValueError, match="draws 2 panel"):
        LossCurveDisplay(HISTORY).plot(pyplot.gca())
