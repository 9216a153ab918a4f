import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE, SMOTEN, RandomOverSampler
from matplotlib import pyplot
from scipy import sparse

from sklearn_imbgen.inspection import ResamplingDisplay, _resampling
from sklearn_imbgen.metrics import fidelity_report

# keys of a report that no random draw moves
FIXED = ("coverage", "density", "nearest_original_distance", "copy_rate", "intrusion_rate")


@pytest.fixture(scope="module")
def resampled(imbalanced):
    samplers = [SMOTE(random_state=0), RandomOverSampler(random_state=0)]
    return {type(sampler).__name__: sampler.fit_resample(*imbalanced) for sampler in samplers}


@pytest.fixture(scope="module")
def display(imbalanced, resampled):
    return ResamplingDisplay.from_resampled(*imbalanced, resampled, random_state=0)


@pytest.fixture
def images():
    """Six black and three white images of 2 x 3 pixels; five gray ones are added."""
    X = np.repeat([[0.0] * 6, [200.0] * 6], [6, 3], axis=0)
    y = np.repeat(["dark", "light"], [6, 3])
    X_resampled = np.vstack([X, np.full((5, 6), 100.0)])
    return X, y, (X_resampled, np.append(y, ["light"] * 5))


def test_one_map_per_method_with_three_groups(display):
    assert [ax.get_title() for ax in display.axes_] == ["SMOTE", "RandomOverSampler"]
    for ax in display.axes_:
        assert {dots.get_label(): len(dots.get_offsets()) for dots in ax.collections} == {
            "original, other classes": 90,
            "original, class 1": 10,
            "synthetic, class 1": 80,
        }
        assert "first principal component (" in ax.get_xlabel()
    assert len(display.figure_.legends[0].get_texts()) == 3
    one, two = display.axes_
    assert one.get_xlim() == two.get_xlim()
    assert one.get_ylim() == two.get_ylim()
    # copies lie on originals
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
    display = ResamplingDisplay.from_estimator(SMOTE(), *imbalanced, fidelity=False)
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
            *imbalanced,
            resampled,
            image_shape=(2, 3),
            n_images=3,
            fidelity=False,
            random_state=seed,
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


def test_columns_are_matched_by_name(imbalanced):
    X, y = pd.DataFrame(imbalanced[0], columns=list("abcdef")), imbalanced[1]
    made, labels = SMOTE(random_state=0).fit_resample(X, y)
    draw = ResamplingDisplay.from_resampled
    same, other = (
        draw(X, y, {"smote": (made[list(order)], labels)}, random_state=0)
        for order in ("abcdef", "fedcba")
    )
    np.testing.assert_array_equal(same.synthetic["smote"], other.synthetic["smote"])
    assert same.fidelity == other.fidelity
    with pytest.raises(ValueError, match="the table of 'smote' lacks 'f' and X lacks 'g'"):
        draw(X, y, {"smote": (made.rename(columns={"f": "g"}), labels)})


def test_tables_of_text_and_sparse_tables_are_drawn(imbalanced):
    text = np.array([["a", "x"], ["b", "y"]] * 6)
    y = np.repeat([0, 1], [8, 4])
    ResamplingDisplay.from_estimator(SMOTEN(k_neighbors=2, random_state=0), text, y)
    X, y = imbalanced
    display = ResamplingDisplay.from_estimator(RandomOverSampler(), sparse.csr_matrix(X), y)
    assert display.other.shape == (90, 2)


def test_given_axes_are_used(imbalanced, resampled):
    figure, axes = pyplot.subplots(2, 1)
    display = ResamplingDisplay.from_resampled(*imbalanced, resampled, fidelity=False, ax=axes)
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


def figures_of(display):
    return [[text.get_text() for text in ax.texts] for ax in display.axes_]


def test_fidelity_holds_the_report_of_each_method(imbalanced, resampled, display):
    X, y = imbalanced
    assert list(display.fidelity) == ["SMOTE", "RandomOverSampler"]
    for name, report in display.fidelity.items():
        synthetic = resampled[name][0][len(X) :]
        expected = fidelity_report(X[y == 1], synthetic, X_other=X[y == 0])
        assert set(report) == set(expected)
        for key in FIXED:
            assert report[key] == pytest.approx(expected[key], rel=1e-4, abs=1e-6)


def test_three_figures_are_printed_between_map_and_title(display):
    for ax, report in zip(display.axes_, display.fidelity.values(), strict=True):
        (text,) = ax.texts
        assert text.get_text() == (
            f"coverage {report['coverage']:.2f}, detection AUC {report['detection_auc']:.2f}, "
            f"intrusion {report['intrusion_rate']:.2f}"
        )
    display.figure_.draw_without_rendering()
    boxes = [ax.texts[0].get_window_extent() for ax in display.axes_]
    assert not boxes[0].overlaps(boxes[1])
    for ax, box in zip(display.axes_, boxes, strict=True):
        assert ax.bbox.y1 < box.y0 < box.y1 < ax.title.get_window_extent().y0
        assert 0 < box.x0 < box.x1 < display.figure_.bbox.width


def test_figures_are_printed_beside_a_wide_strip_only(imbalanced, resampled):
    wide, narrow = (
        ResamplingDisplay.from_resampled(*imbalanced, resampled, image_shape=(2, 3), n_images=count)
        for count in (8, 3)
    )
    assert [len(texts) for texts in figures_of(wide)] == [0, 1, 1]
    assert figures_of(narrow) == [[], [], []]
    assert set(narrow.fidelity) == set(resampled)
    wide.figure_.draw_without_rendering()
    for ax in wide.axes_[1:]:
        assert not ax.texts[0].get_window_extent().overlaps(ax._left_title.get_window_extent())


def test_fidelity_can_be_switched_off(imbalanced, resampled, display):
    plain = ResamplingDisplay.from_resampled(*imbalanced, resampled, fidelity=False, random_state=0)
    assert plain.fidelity is None
    assert figures_of(plain) == [[], []]
    np.testing.assert_array_equal(plain.synthetic["SMOTE"], display.synthetic["SMOTE"])
    sampler = RandomOverSampler(random_state=0)
    assert ResamplingDisplay.from_estimator(sampler, *imbalanced, fidelity=False).fidelity is None


def test_a_report_does_not_depend_on_the_other_methods(imbalanced, resampled, display):
    last = {"RandomOverSampler": resampled["RandomOverSampler"]}
    alone = ResamplingDisplay.from_resampled(*imbalanced, last, random_state=0)
    assert alone.fidelity["RandomOverSampler"] == display.fidelity["RandomOverSampler"]


def test_few_originals_lower_the_neighbors_and_one_allows_no_report(imbalanced):
    X, y = imbalanced
    X, y = X[:94], np.append(y[:90], [1, 1, 1, 2])
    made = RandomOverSampler(random_state=0).fit_resample(X, y)
    three = ResamplingDisplay.from_resampled(X, y, {"copies": made}, label=1)
    expected = fidelity_report(X[90:93], made[0][94:][made[1][94:] == 1], k_neighbors=2)
    assert three.fidelity["copies"]["density"] == pytest.approx(expected["density"])
    one = ResamplingDisplay.from_resampled(X, y, {"copies": made}, label=2)
    assert one.fidelity == {}
    assert figures_of(one) == [[]]


def test_a_method_with_one_new_row_has_no_report(imbalanced):
    X, y = imbalanced
    one, two = ((np.vstack([X, X[-n:]]), np.append(y, [1] * n)) for n in (1, 2))
    display = ResamplingDisplay.from_resampled(X, y, {"one": one, "two": two})
    assert list(display.fidelity) == ["two"]
    assert [len(texts) for texts in figures_of(display)] == [0, 1]


def test_reports_see_a_bounded_number_of_rows(monkeypatch):
    seen = []

    def record(real, synthetic, *, X_other, **_):
        seen.append((len(real), len(synthetic), len(X_other)))
        return {"coverage": 0.5}

    monkeypatch.setattr(_resampling, "fidelity_report", record)
    X, y = np.arange(26_000.0).reshape(-1, 1), np.repeat([0, 1], [23_000, 3_000])
    made = np.vstack([X, X[-20_000:]]), np.append(y, np.ones(20_000, dtype=int))
    display = ResamplingDisplay.from_resampled(X, y, {"copies": made})
    assert seen == [(2_000, 2_000, 20_000)]
    assert figures_of(display) == [["coverage 0.50"]]


def test_a_map_and_a_strip_of_the_same_pixels_agree():
    rng = np.random.RandomState(0)
    X = rng.randint(0, 17, size=(80, 6)).astype(float)
    y = np.repeat([0, 1], [60, 20])
    # a border pixel that is hardly ever lit, and noise there in the synthetic rows
    X[:, 0] = 0.0
    X[0, 0] = 1.0
    noisy = X[60:] + np.column_stack([rng.uniform(0, 0.3, size=20), rng.normal(size=(20, 5))])
    made = {"noisy": (np.vstack([X, noisy]), np.append(y, [1] * 20))}
    as_map = ResamplingDisplay.from_resampled(X, y, made)
    as_strip = ResamplingDisplay.from_resampled(X, y, made, image_shape=(2, 3))
    for key in ("coverage", "intrusion_rate"):
        assert as_map.fidelity["noisy"][key] == as_strip.fidelity["noisy"][key]
    assert as_map.fidelity["noisy"]["coverage"] > 0.9


def test_without_other_classes_there_is_no_intrusion(imbalanced):
    X, _ = imbalanced
    made = np.vstack([X, X[:5]]), ["only"] * 105
    display = ResamplingDisplay.from_resampled(X, ["only"] * 100, {"copies": made})
    assert "intrusion_rate" not in display.fidelity["copies"]
    assert "intrusion" not in figures_of(display)[0][0]


def test_figures_stay_out_of_a_narrow_panel(imbalanced, resampled):
    _, axes = pyplot.subplots(1, 2)
    display = ResamplingDisplay.from_resampled(*imbalanced, resampled, ax=axes)
    assert figures_of(display) == [[], []]


def test_the_legend_fits_below_a_single_map(imbalanced):
    sampler = RandomOverSampler(random_state=0)
    display = ResamplingDisplay.from_estimator(sampler, *imbalanced, fidelity=False)
    display.figure_.draw_without_rendering()
    (legend,) = display.figure_.legends
    box = legend.get_window_extent()
    assert 0 <= box.x0 < box.x1 <= display.figure_.bbox.width


@pytest.mark.parametrize(
    "names", [np.array(["no", "yes"], dtype=object), np.array([1, 2], dtype="datetime64[ns]")]
)
def test_the_smallest_class_is_found_among_any_labels(imbalanced, names):
    X, y = imbalanced
    sampler = RandomOverSampler(random_state=0)
    display = ResamplingDisplay.from_estimator(sampler, X, names[y], fidelity=False)
    assert display.label == names[1]
    assert len(display.original) == 10
