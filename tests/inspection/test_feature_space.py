from functools import partial

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklearn_imbgen.inspection import FeatureSpaceDisplay, LossCurveDisplay, _feature_space
from sklearn_imbgen.inspection._loss_curve import net_losses
from sklearn_imbgen.robust import SRATClassifier

SETTINGS = {"max_epochs": 2, "n_steps": 2, "random_state": 0}


@pytest.fixture(autouse=True)
def _quick_tsne(monkeypatch):
    # the fewest iterations that scikit-learn takes, whose threads wait for each other
    monkeypatch.setattr(_feature_space, "TSNE", partial(TSNE, max_iter=250))
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def net(imbalanced):
    return SRATClassifier(**SETTINGS).fit(*imbalanced)


def legend_texts(display):
    legends = [*display.figure_.legends, display.ax_.get_legend()]
    return [text.get_text() for legend in legends if legend for text in legend.get_texts()]


def two_groups():
    rng = np.random.RandomState(0)
    features = rng.normal(size=(60, 5))
    features[40:] += 30
    return features, np.repeat(["bulk", "rare"], [40, 20])


@pytest.mark.parametrize("method", ["tsne", "pca"])
def test_groups_stay_apart_and_axes_are_named(method):
    before = np.random.get_state()[1].copy()
    features, y = (part[::3] for part in two_groups())
    one, two = (FeatureSpaceDisplay.from_features(features, y, method=method) for _ in range(2))
    np.testing.assert_array_equal(one.points, two.points)
    assert (np.random.get_state()[1] == before).all()
    bulk, rare = (one.points[one.labels == c] for c in ("bulk", "rare"))
    center = rare.mean(axis=0)
    near = np.linalg.norm(rare - center, axis=1).max()
    assert np.linalg.norm(bulk - center, axis=1).min() > near
    if method == "tsne":
        # which has no unit
        assert one.ax_.get_xlabel() == "t-SNE, first dimension"
        assert len(one.ax_.get_xticks()) == 0
    else:
        assert one.ax_.get_xlabel().startswith("first principal component of the features (")


def test_each_class_has_colour_mark_and_count():
    display = FeatureSpaceDisplay.from_features(*two_groups(), method="pca")
    assert [len(dots.get_offsets()) for dots in display.ax_.collections] == [40, 20]
    assert legend_texts(display) == ["class bulk (40)", "class rare (20)"]
    one, two = display.ax_.collections
    assert one.get_facecolor().tolist() != two.get_facecolor().tolist()
    assert one.get_paths()[0].vertices.shape != two.get_paths()[0].vertices.shape
    # the rare class is drawn on top
    assert two.get_zorder() > one.get_zorder()


def test_large_classes_are_thinned_first():
    options = {"method": "pca", "max_rows": 30, "random_state": 3}
    one, two = (FeatureSpaceDisplay.from_features(*two_groups(), **options) for _ in range(2))
    assert np.unique(one.labels, return_counts=True)[1].tolist() == [15, 15]
    assert legend_texts(one) == ["class bulk (15 of 40)", "class rare (15 of 20)"]
    np.testing.assert_array_equal(one.points, two.points)


@pytest.mark.parametrize("features", [np.ones((6, 3)), np.arange(6.0)[:, None]])
def test_features_without_a_plane_are_drawn(features):
    display = FeatureSpaceDisplay.from_features(features, list("aaabbb"))
    assert display.points.shape == (6, 2)
    assert np.isfinite(display.points).all()


def test_the_features_of_a_net(net, imbalanced):
    X, y = imbalanced
    display = FeatureSpaceDisplay.from_estimator(net, X, y, method="pca")
    alone = FeatureSpaceDisplay.from_features(net.extract_features(X), y, method="pca")
    np.testing.assert_array_equal(display.points, alone.points)
    assert display.ax_.get_title() == "Features of SRATClassifier"
    assert legend_texts(display) == ["class 0 (90)", "class 1 (10)"]


def test_the_features_of_attacked_rows(net, imbalanced):
    X, y = imbalanced
    options = {"method": "pca", "attacked": True}
    still = FeatureSpaceDisplay.from_estimator(net, X, y, epsilon=0.0, **options)
    plain = FeatureSpaceDisplay.from_estimator(net, X, y, method="pca")
    np.testing.assert_allclose(still.points, plain.points, atol=1e-5)
    moved = FeatureSpaceDisplay.from_estimator(net, X, y, epsilon=2.0, **options)
    assert np.abs(moved.points - plain.points).max() > 0.1
    assert moved.ax_.get_title() == "Features of attacked rows, SRATClassifier"


def test_pipelines_frames_and_text_labels(imbalanced):
    X, y = imbalanced
    frame, names = pd.DataFrame(X), pd.Series(np.array(["bulk", "rare"])[y])
    pipeline = make_pipeline(StandardScaler(), SRATClassifier(**SETTINGS)).fit(frame, names)
    display = FeatureSpaceDisplay.from_estimator(
        pipeline, frame, names, attacked=True, max_rows=40, method="pca"
    )
    assert legend_texts(display) == ["class bulk (30 of 90)", "class rare (10)"]


def test_given_axes_are_used():
    figure, ax = pyplot.subplots()
    display = FeatureSpaceDisplay.from_features(*two_groups(), method="pca", ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure


def test_the_constructor_only_stores(without_matplotlib):
    points, labels = np.zeros((3, 2)), np.zeros(3)
    display = FeatureSpaceDisplay(points, labels)
    assert display.points is points
    assert not hasattr(display, "ax_")
    with pytest.raises(ImportError, match=r'FeatureSpaceDisplay.*sklearn-imbgen\[plots\]"'):
        display.plot()


def test_errors_say_what_is_wrong(net, imbalanced):
    features, y = two_groups()
    with pytest.raises(ValueError, match="method must be one of"):
        FeatureSpaceDisplay.from_features(features, y, method="umap")
    with pytest.raises(ValueError, match="X has 60 rows and y has 3 labels"):
        FeatureSpaceDisplay.from_features(features, y[:3])
    with pytest.raises(ValueError, match="t-SNE needs 4 rows"):
        FeatureSpaceDisplay.from_features(features[:3], y[:3])
    with pytest.raises(ValueError, match="max_rows must be at least the number of classes, 2"):
        FeatureSpaceDisplay.from_features(features, y, max_rows=1)
    with pytest.raises(ValueError, match="two dimensions"):
        FeatureSpaceDisplay.from_features(features[:, :, None], y)
    with pytest.raises(TypeError, match="LogisticRegression has no method extract_features"):
        FeatureSpaceDisplay.from_estimator(LogisticRegression(), *imbalanced)
    with pytest.raises(TypeError, match="epsilon is for attacked=True only"):
        FeatureSpaceDisplay.from_estimator(net, *imbalanced, epsilon=0.1)


# -- LossCurveDisplay of a net ----------------------------------------------------------


def test_losses_of_a_net_per_epoch(net):
    (ax,) = LossCurveDisplay.from_estimator(net).axes_
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert list(lines) == ["prediction", "separation", "total"]
    # eq. 4.13
    combined = lines["prediction"] + net.separation_weight * np.asarray(lines["separation"])
    np.testing.assert_allclose(combined, lines["total"], rtol=1e-5)
    np.testing.assert_allclose(lines["total"], net.history[:, "train_loss"])


def test_a_net_behind_a_scaler_and_its_validation_loss(imbalanced):
    from skorch.dataset import ValidSplit

    pipeline = make_pipeline(
        StandardScaler(), SRATClassifier(train_split=ValidSplit(3), **SETTINGS)
    ).fit(*imbalanced)
    (ax,) = LossCurveDisplay.from_estimator(pipeline).axes_
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert list(lines) == ["prediction", "separation", "validation", "total"]
    np.testing.assert_allclose(lines["validation"], pipeline[-1].history[:, "valid_loss"])


def test_a_term_may_be_missing_in_an_epoch():
    batch = {"train_batch_size": 2, "train_loss": 1.0}
    epochs = [{"batches": [batch]}, {"batches": [{**batch, "separation_loss": 3.0}]}]
    losses = net_losses(epochs)
    np.testing.assert_array_equal(losses["separation"], [np.nan, 3.0])
    assert losses["total"] == [1.0, 1.0]


def test_an_unfitted_net_has_no_losses():
    with pytest.raises(ValueError, match="SRATClassifier has no history_"):
        LossCurveDisplay.from_estimator(SRATClassifier())
