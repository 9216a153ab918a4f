import numpy as np
import pytest
from imblearn.over_sampling import SMOTE
from matplotlib import pyplot
from sklearn.exceptions import NotFittedError

from sklearn_imbgen import GLGAN
from sklearn_imbgen.inspection import LatentSpaceDisplay


def legend_texts(display):
    legends = [*display.figure_.legends, display.ax_.get_legend()]
    return [text.get_text() for legend in legends if legend for text in legend.get_texts()]


def test_rows_and_synthetic_rows_of_the_minority_are_drawn(small_sampler, imbalanced):
    display = LatentSpaceDisplay.from_estimator(small_sampler, *imbalanced, n_synthetic=7)
    assert display.points.shape == (100, 2)
    assert display.synthetic_points.shape == (7, 2)
    assert display.synthetic_labels.tolist() == [1] * 7
    assert [len(dots.get_offsets()) for dots in display.ax_.collections] == [90, 10, 7]
    assert legend_texts(display) == ["class 0", "class 1", "class 1, synthetic"]
    assert display.ax_.get_title() == "Latent space of GLGAN"


def test_labels_may_be_dates(imbalanced):
    X, y = imbalanced
    days = np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[ns]")
    sampler = GLGAN(max_epochs=1, autoencoder_epochs=1, random_state=0)
    display = LatentSpaceDisplay.from_estimator(sampler.fit(X, days[y]), X, days[y], n_synthetic=7)
    assert (display.synthetic_labels == np.repeat(days[1], 7)).all()


def test_axes_name_the_share_of_variance():
    latent = np.array([[3.0, 0, 0], [-3.0, 0, 0], [0, 1.0, 0], [0, -1.0, 0]])
    display = LatentSpaceDisplay.from_arrays(latent, [0, 0, 1, 1])
    assert display.ax_.get_xlabel() == (
        "first principal component of the latent space (90 % of variance)"
    )
    assert display.ax_.get_ylabel().replace("\n", " ") == (
        "second principal component of the latent space (10 % of variance)"
    )


def test_two_latent_dimensions_are_shown_as_they_are():
    latent = np.array([[3.0, 5.0], [1.0, 2.0]])
    display = LatentSpaceDisplay.from_arrays(latent, ["a", "b"])
    np.testing.assert_array_equal(display.points, latent)
    assert display.ax_.get_xlabel() == "first latent dimension"


def test_one_latent_dimension_lies_on_a_line():
    display = LatentSpaceDisplay.from_arrays([[3.0], [1.0]], [0, 1])
    assert display.points.tolist() == [[3.0, 0.0], [1.0, 0.0]]


def test_identical_points_and_a_single_one_are_drawn():
    for n_rows in (1, 4):
        display = LatentSpaceDisplay.from_arrays(np.ones((n_rows, 3)), [0] * n_rows)
        assert display.points.tolist() == [[0.0, 0.0]] * n_rows


def test_synthetic_points_do_not_move_the_plane():
    latent = np.random.default_rng(0).normal(size=(30, 4))
    y = np.repeat([0, 1], [20, 10])
    alone = LatentSpaceDisplay.from_arrays(latent, y)
    both = LatentSpaceDisplay.from_arrays(latent, y, latent[:2] + 100, y[:2])
    np.testing.assert_array_equal(alone.points, both.points)


def test_many_rows_are_thinned_by_class_and_repeatably():
    latent = np.random.default_rng(0).normal(size=(50, 2))
    y = np.repeat([0, 1], [46, 4])
    one, two = (
        LatentSpaceDisplay.from_arrays(latent, y, max_rows=9, random_state=3) for _ in range(2)
    )
    assert np.bincount(one.labels).tolist() == [9, 4]
    np.testing.assert_array_equal(one.points, two.points)


def test_the_picture_leaves_later_draws_of_the_sampler_alone(imbalanced):
    budget = {"max_epochs": 1, "autoencoder_epochs": 1, "random_state": 0}
    drawn, undrawn = (GLGAN(**budget).fit(*imbalanced) for _ in range(2))
    LatentSpaceDisplay.from_estimator(drawn, *imbalanced)
    np.testing.assert_array_equal(drawn.sample(3), undrawn.sample(3))


def test_given_axes_are_used(small_sampler, imbalanced):
    figure, ax = pyplot.subplots()
    display = LatentSpaceDisplay.from_estimator(small_sampler, *imbalanced, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert "class 1, synthetic" in legend_texts(display)


def test_the_constructor_only_stores(without_matplotlib):
    arrays = [np.zeros((3, 2)), np.zeros(3), np.ones((1, 2)), np.ones(1)]
    display = LatentSpaceDisplay(*arrays, axis_names=("x", "y"))
    assert display.points is arrays[0]
    assert display.labels is arrays[1]
    assert display.synthetic_points is arrays[2]
    assert display.synthetic_labels is arrays[3]
    assert not hasattr(display, "ax_")
    with pytest.raises(ImportError, match=r'LatentSpaceDisplay.*sklearn-imbgen\[plots\]"'):
        display.plot()


def test_no_synthetic_rows_are_fine(small_sampler, imbalanced):
    display = LatentSpaceDisplay.from_estimator(small_sampler, *imbalanced, n_synthetic=0)
    assert len(display.ax_.collections) == 2


def test_errors_say_what_is_wrong(small_sampler, imbalanced):
    with pytest.raises(TypeError, match="SMOTE has no latent space"):
        LatentSpaceDisplay.from_estimator(SMOTE(), *imbalanced)
    with pytest.raises(ValueError, match=r"n_synthetic .* -1"):
        LatentSpaceDisplay.from_estimator(small_sampler, *imbalanced, n_synthetic=-1)
    with pytest.raises(NotFittedError):
        LatentSpaceDisplay.from_estimator(GLGAN(), *imbalanced)
    with pytest.raises(ValueError, match="latent has 2 rows and y has 1 labels"):
        LatentSpaceDisplay.from_arrays(np.zeros((2, 2)), [0])
