import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE, SMOTEN, RandomOverSampler
from matplotlib import pyplot
from scipy import sparse

from sklearn_imbgen.inspection import ResamplingDisplay


@pytest.fixture(scope="module")
def resampled(imbalanced):
    samplers = [SMOTE(random_state=0), RandomOverSampler(random_state=0)]
    return {type(sampler).__name__: sampler.fit_resample(*imbalanced) for sampler in samplers}


@pytest.fixture
def images():
    """Six black and three white images of 2 x 3 pixels; five gray ones are added."""
    X = np.repeat([[0.0] * 6, [200.0] * 6], [6, 3], axis=0)
    y = np.repeat(["dark", "light"], [6, 3])
    X_resampled = np.vstack([X, np.full((5, 6), 100.0)])
    return X, y, (X_resampled, np.append(y, ["light"] * 5))


def test_one_map_per_method_with_three_groups(imbalanced, resampled):
    display = ResamplingDisplay.from_resampled(*imbalanced, resampled)
    assert [ax.get_title() for ax in display.axes_] == ["SMOTE", "RandomOverSampler"]
    for ax in display.axes_:
        assert {dots.get_label(): len(dots.get_offsets()) for dots in ax.collections} == {
            "original, other classes": 90,
            "original, class 1": 10,
            "synthetic, class 1": 80,
        }
        assert "first principal component (" in ax.get_xlabel()
    assert len(display.figure_.legends[0].get_texts()) == 3


def test_maps_share_their_axes(imbalanced, resampled):
    display = ResamplingDisplay.from_resampled(*imbalanced, resampled)
    one, two = display.axes_
    assert one.get_xlim() == two.get_xlim()
    assert one.get_ylim() == two.get_ylim()


def test_copies_lie_on_originals(imbalanced, resampled):
    display = ResamplingDisplay.from_resampled(*imbalanced, resampled)
    copies = {tuple(point) for point in display.synthetic["RandomOverSampler"].round(4)}
    assert copies <= {tuple(point) for point in display.original.round(4)}


def test_two_features_are_standardised_with_the_originals():
    X = np.array([[0.0, 10.0], [2.0, 30.0], [0.0, 30.0], [2.0, 10.0]])
    made = (np.vstack([X, [[3.0, 20.0]]]), [0, 0, 0, 1, 1])
    display = ResamplingDisplay.from_resampled(X, [0, 0, 0, 1], {"mine": made})
    np.testing.assert_allclose(display.synthetic["mine"], [[2.0, 0.0]], atol=1e-6)
    np.testing.assert_allclose(display.original, [[1.0, -1.0]], atol=1e-6)
    assert display.axes_[0].get_xlabel() == "first feature, standardised"


def test_from_estimator_resamples(imbalanced):
    display = ResamplingDisplay.from_estimator(SMOTE(random_state=0), *imbalanced)
    assert {name: len(points) for name, points in display.synthetic.items()} == {"SMOTE": 80}


def test_strips_of_images_start_with_the_originals(images):
    X, y, made = images
    display = ResamplingDisplay.from_resampled(X, y, {"mine": made}, image_shape=(2, 3), n_images=4)
    assert [ax.get_title("left") for ax in display.axes_] == ["original, class light", "mine"]
    assert display.original.shape == (3, 2, 3)
    assert display.synthetic["mine"].shape == (4, 2, 3)
    np.testing.assert_array_equal(display.original, 1.0)
    np.testing.assert_array_equal(display.synthetic["mine"], 0.5)
    for ax in display.axes_:
        (picture,) = ax.images
        assert picture.get_array().shape == (2, 4 * 3 + 3)
        assert picture.get_cmap().name == "gray"
        assert len(ax.get_xticks()) == len(ax.get_yticks()) == 0


def test_images_may_have_colours(images):
    X, y, made = images
    display = ResamplingDisplay.from_resampled(X, y, {"mine": made}, image_shape=(1, 2, 3))
    assert display.original.shape == (3, 1, 2, 3)
    assert display.axes_[0].images[0].get_array().shape == (1, 5 * 2 + 4, 3)


def test_which_images_are_shown_follows_random_state(imbalanced, resampled):
    one, two, three = (
        ResamplingDisplay.from_resampled(
            *imbalanced, resampled, image_shape=(2, 3), n_images=3, random_state=seed
        )
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one.synthetic["SMOTE"], two.synthetic["SMOTE"])
    assert not np.array_equal(one.synthetic["SMOTE"], three.synthetic["SMOTE"])


@pytest.mark.parametrize("dtype", ["category", object, "str"])
def test_columns_that_are_not_numeric_are_one_hot_encoded(dtype):
    X = pd.DataFrame({"city": ["a", "b"] * 6, "size": np.arange(12.0)})
    X["city"] = X["city"].astype(dtype)
    y = np.repeat([0, 1], [9, 3])
    made = RandomOverSampler(random_state=0).fit_resample(X, y)
    display = ResamplingDisplay.from_resampled(X, y, {"copies": made})
    assert len(display.synthetic["copies"]) == 6
    # one numeric column and two categories
    assert "principal component" in display.axes_[0].get_xlabel()


def test_tables_of_text_and_sparse_tables_are_drawn(imbalanced):
    text = np.array([["a", "x"], ["b", "y"]] * 6)
    y = np.repeat([0, 1], [8, 4])
    ResamplingDisplay.from_estimator(SMOTEN(k_neighbors=2, random_state=0), text, y)
    X, y = imbalanced
    display = ResamplingDisplay.from_estimator(RandomOverSampler(), sparse.csr_matrix(X), y)
    assert display.other.shape == (90, 2)


def test_given_axes_are_used(imbalanced, resampled):
    figure, axes = pyplot.subplots(2, 1)
    display = ResamplingDisplay.from_resampled(*imbalanced, resampled, ax=axes)
    assert list(display.axes_) == list(axes)
    assert display.figure_ is figure
    assert len(axes[0].get_legend().get_texts()) == 3


def test_the_constructor_only_stores(without_matplotlib):
    original, synthetic = np.zeros((3, 2)), {"mine": np.ones((2, 2))}
    display = ResamplingDisplay(original, synthetic, label=1)
    assert display.original is original
    assert display.synthetic is synthetic
    assert not hasattr(display, "axes_")
    with pytest.raises(ImportError, match=r'ResamplingDisplay.*sklearn-imbgen\[plots\]"'):
        display.plot()


def test_errors_say_what_is_wrong(imbalanced, resampled):
    X, y = imbalanced
    draw = ResamplingDisplay.from_resampled
    with pytest.raises(ValueError, match=r"label=7 .* \[0, 1\]"):
        draw(X, y, resampled, label=7)
    with pytest.raises(ValueError, match="resampled is empty"):
        draw(X, y, {})
    with pytest.raises(ValueError, match="'SMOTE' made no row of class 0"):
        draw(X, y, resampled, label=0)
    with pytest.raises(ValueError, match="'shuffled' did not return the originals"):
        draw(X, y, {"shuffled": (X[::-1], y[::-1])})
    with pytest.raises(ValueError, match="has 5 columns; X has 6"):
        draw(X, y, {"narrow": (X[:, :5], y)})
    with pytest.raises(ValueError, match=r"\(4, 4\) needs 16 columns; X has 6"):
        draw(X, y, resampled, image_shape=(4, 4))
    with pytest.raises(ValueError, match="image_shape is"):
        draw(X, y, resampled, image_shape=(6,))
    broken = X.copy()
    broken[3, 0] = np.nan
    with pytest.raises(ValueError, match="NaN: row 3"):
        draw(broken, y, resampled)
