"""What all crowd classifiers share: labels in, scaling, scores, pickles, interruptions."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline as make_sampling_pipeline
from scipy import sparse
from scipy.special import softmax
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_imbgen.aggregation import agreement, balancing_weights, read_crowd_labels
from sklearn_imbgen.crowd import CrowdLayerClassifier, MBEMClassifier
from sklearn_imbgen.crowd._network import (
    build_classifier,
    draw_row_batches,
    soft_cross_entropy,
)
from sklearn_imbgen.exceptions import ConfusedLabelsWarning, IdleWorkerWarning
from tests.crowd.registry import CROWD_CLASSIFIERS

NETWORKS = [name for name in CROWD_CLASSIFIERS if name != "AggregateThenFit"]


@pytest.fixture(params=CROWD_CLASSIFIERS)
def classifier(request):
    """Each crowd classifier in turn."""
    return clone(CROWD_CLASSIFIERS[request.param])


@pytest.fixture(params=NETWORKS)
def network_classifier(request):
    """Each crowd classifier with a network in turn."""
    return clone(CROWD_CLASSIFIERS[request.param])


@pytest.fixture(scope="module", params=CROWD_CLASSIFIERS)
def fitted(request, crowd):
    """Each crowd classifier in turn, fitted; tests leave it as it is."""
    X, _, worker_labels = crowd
    return clone(CROWD_CLASSIFIERS[request.param]).fit(X, worker_labels)


@pytest.fixture(scope="module", params=NETWORKS)
def fitted_network(request, crowd):
    """Each crowd classifier with a network in turn, fitted; tests leave it as it is."""
    X, _, worker_labels = crowd
    return clone(CROWD_CLASSIFIERS[request.param]).fit(X, worker_labels)


@pytest.fixture
def quick():
    """The fastest classifier with a network; the others share what is tried on it."""
    return CrowdLayerClassifier(max_epochs=5, learning_rate=0.01, random_state=0)


GRID = {"max_epochs": [3, 5]}


class Extractor(torch.nn.Module):
    """A user's module that draws from the global generators."""

    def __init__(self, n_features, latent_dim):
        super().__init__()
        self.layer = torch.nn.Linear(n_features, latent_dim)
        self.dropout = torch.nn.Dropout(0.1)

    def forward(self, X):
        return self.dropout(self.layer(X))


class Interrupted(torch.nn.Module):
    """A module in whose training Ctrl-C is pressed."""

    def __init__(self, n_features, latent_dim):
        super().__init__()
        self.layer = torch.nn.Linear(n_features, latent_dim)
        self.n_batches = 0

    def forward(self, X):
        self.n_batches += self.training
        if self.training and self.n_batches > 30:
            raise KeyboardInterrupt
        return self.layer(X)


class Doubling(torch.nn.Module):
    """A module that may write its results where its rows are."""

    def __init__(self, n_features, latent_dim, in_place=False):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        weight = torch.randn(latent_dim, n_features, generator=generator, dtype=torch.float32)
        self.weight, self.in_place = torch.nn.Parameter(weight), in_place

    def forward(self, X):
        return (X.mul_(2) if self.in_place else X * 2) @ self.weight.T


class Unbuildable(torch.nn.Module):
    """A module that wants more than sizes."""

    def __init__(self, depth):
        super().__init__()


# labels in y or in crowd_labels


def test_a_matrix_as_y_or_as_crowd_labels_gives_the_same(fitted, crowd):
    X, truth, worker_labels = crowd
    for y in (truth, None):
        again = clone(fitted).fit(X, y, crowd_labels=worker_labels)
        np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert fitted.score(X, truth) > 0.9


def test_the_containers_of_a_matrix_all_give_the_same(crowd):
    X, _, worker_labels = crowd
    classifier = CrowdLayerClassifier(max_epochs=1, random_state=0)
    expected = clone(classifier).fit(X, worker_labels).predict_proba(X)
    missing = worker_labels == -1
    rows, columns = np.nonzero(~missing)
    containers = [
        worker_labels.tolist(),
        pd.DataFrame(worker_labels, columns=list("abcde")),
        pd.DataFrame(worker_labels).astype("Int64").mask(missing),
        np.where(missing, np.nan, worker_labels),
        np.ma.masked_array(worker_labels, missing),
        sparse.coo_array((worker_labels[rows, columns], (rows, columns)), worker_labels.shape),
    ]
    for container in containers:
        fitted = clone(classifier).fit(X, container)
        np.testing.assert_array_equal(fitted.predict_proba(X), expected)


def test_text_labels_come_back(fitted, crowd):
    X, truth, worker_labels = crowd
    names = np.array(["ham", "spam", None], dtype=object)
    in_text = clone(fitted).fit(X, names[worker_labels])
    assert in_text.classes_.tolist() == ["ham", "spam"]
    np.testing.assert_array_equal(in_text.predict(X), names[fitted.predict(X)])
    assert in_text.score(X, names[truth]) == fitted.score(X, truth)


def test_one_dimension_is_one_worker(classifier, crowd):
    X, truth, _ = crowd
    fitted = classifier.fit(X, np.where(truth, -1, 7))
    assert fitted.classes_.tolist() == [-1, 7]
    assert fitted.labels_.shape == truth.shape


@pytest.mark.parametrize("argument", ["y", "crowd_labels"])
def test_a_changed_number_of_rows_is_explained(classifier, crowd, argument):
    X, truth, worker_labels = crowd
    y, params = (worker_labels, {}) if argument == "y" else (truth, {"crowd_labels": worker_labels})
    with pytest.raises(ValueError, match="resample after aggregating"):
        classifier.fit(np.vstack([X, X[:7]]), y, **params)


def test_a_sampler_in_front_is_named_as_the_cause(classifier, crowd):
    X, truth, worker_labels = crowd
    name = type(classifier).__name__.lower()
    pipeline = make_sampling_pipeline(SMOTE(random_state=0), classifier)
    kept = np.r_[np.flatnonzero(truth == 0), np.flatnonzero(truth == 1)[:20]]
    with pytest.raises(ValueError, match="a sampler in front changed the number of rows"):
        pipeline.fit(X[kept], truth[kept], **{f"{name}__crowd_labels": worker_labels[kept]})


@pytest.mark.parametrize(
    ("y", "crowd_labels", "message"),
    [
        ([[0, 1], [1, 0]], [[0, 1], [1, 0]], "crowd_labels is the label matrix, so y must hold"),
        (["a", "b"], [[0, 1], [1, 0]], "No label of y occurs in crowd_labels"),
        ([0, 1, 1], [[0, 1], [1, 0]], "X has 2 rows and y has 3"),
        ([[0, 0], [-1, -1]], None, "without any label: row 1"),
        ([[0, 0], [0, -1]], None, "only one class: 0"),
        ([0.5, 1.5], None, "Unknown label type: continuous"),
        (None, None, "requires y to be passed"),
    ],
)
def test_labels_that_cannot_be_used(y, crowd_labels, message):
    with pytest.raises(ValueError, match=message):
        read_crowd_labels(MBEMClassifier(), [[0.0], [1.0]], y, crowd_labels, -1)


def test_a_true_label_that_no_worker_gave_has_no_code():
    given = read_crowd_labels(
        MBEMClassifier(), [[0.0], [1.0]], ["a", "c"], [["a", None], ["b", "a"]], None
    )
    assert given.truth.tolist() == [0, -1]


def test_idle_workers_are_named(network_classifier, crowd):
    X, _, worker_labels = crowd
    idle = pd.DataFrame(worker_labels, columns=["ann", "bob", "cleo", "dan", "eve"])
    idle["bob"] = -1
    with pytest.warns(IdleWorkerWarning, match=r"1 worker\(s\) labelled none of the rows: 'bob'"):
        fitted = network_classifier.fit(X, idle)
    assert fitted.workers_.tolist() == idle.columns.tolist()
    assert np.isfinite(fitted.worker_confusion_).all()


# searches


def test_grid_search_and_cross_validation_on_a_matrix(crowd, quick):
    X, _, worker_labels = crowd
    pipeline = make_pipeline(StandardScaler(), quick)
    name = pipeline.steps[-1][0]
    grid = {f"{name}__{parameter}": values for parameter, values in GRID.items()}
    search = GridSearchCV(pipeline, grid, cv=3, error_score="raise").fit(X, worker_labels)
    assert 0.5 < search.best_score_ < 1
    assert len(cross_val_score(pipeline, X, worker_labels, cv=3, error_score="raise")) == 3


def test_grid_search_with_crowd_labels(crowd, quick):
    X, truth, worker_labels = crowd
    pipeline = make_pipeline(StandardScaler(), quick)
    name = pipeline.steps[-1][0]
    grid = {f"{name}__{parameter}": values for parameter, values in GRID.items()}
    params = {f"{name}__crowd_labels": worker_labels}
    search = GridSearchCV(pipeline, grid, cv=3, error_score="raise").fit(X, truth, **params)
    # scored against the truth, not against the workers
    assert search.best_score_ > 0.9
    scores = cross_validate(pipeline, X, truth, cv=3, params=params, error_score="raise")
    assert scores["test_score"].min() > 0.8


def test_metadata_routing_carries_the_matrix(crowd, quick):
    X, truth, worker_labels = crowd
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(StandardScaler(), quick.set_fit_request(crowd_labels=True))
        name = pipeline.steps[-1][0]
        grid = {f"{name}__{parameter}": values for parameter, values in GRID.items()}
        search = GridSearchCV(pipeline, grid, cv=3, error_score="raise")
        assert search.fit(X, truth, crowd_labels=worker_labels).best_score_ > 0.9
        params = {"crowd_labels": worker_labels}
        scores = cross_val_score(pipeline, X, truth, cv=3, params=params, error_score="raise")
        assert scores.min() > 0.8


# scores


def test_agreement_with_workers_counts_the_labels_given():
    y = [["a", "b", None], ["b", "b", "z"]]
    predicted, classes = np.array(["a", "b"]), np.array(["a", "b"])
    assert agreement(y, predicted, classes) == 3 / 5
    # one label agrees of two in the first row, two of three in the second
    assert agreement(y, predicted, classes, sample_weight=[3, 1]) == 5 / 9


def test_score_against_the_truth_is_accuracy(fitted, crowd):
    X, truth, worker_labels = crowd
    assert fitted.score(X, truth) == np.mean(fitted.predict(X) == truth)
    given = worker_labels >= 0
    agree = worker_labels == fitted.predict(X)[:, None]
    assert fitted.score(X, worker_labels) == pytest.approx(agree[given].mean())


# the network


@pytest.mark.parametrize("scale", [1e-12, 1e12, 1e300])
def test_columns_of_any_scale_are_learned(quick, crowd, scale):
    X, truth, worker_labels = crowd
    raw = np.column_stack([X * [scale, 1.0], np.full(len(X), 5.0)])
    assert quick.fit(raw, worker_labels).score(raw, truth) > 0.9


def test_rows_are_predicted_alike_alone_and_together(fitted_network, crowd):
    X, _, _ = crowd
    together = fitted_network.predict_proba(X)
    alone = np.vstack([fitted_network.predict_proba(row[None]) for row in X[:5]])
    np.testing.assert_allclose(alone, together[:5], atol=1e-12)
    np.testing.assert_allclose(together.sum(axis=1), 1)


def test_transform_gives_what_the_last_layer_takes(fitted_network, crowd):
    X, fitted = crowd[0], fitted_network
    embedding = fitted.transform(X)
    # ICED's networks stand side by side
    networks = getattr(fitted.module_, "members", [fitted.module_])
    assert embedding.shape == (len(X), fitted.latent_dim * len(networks))
    assert len(fitted.get_feature_names_out()) == embedding.shape[1]
    probabilities = np.zeros((len(X), 2))
    for network, part in zip(networks, np.split(embedding, len(networks), axis=1), strict=True):
        weight, bias = (p.detach().numpy() for p in network.head.parameters())
        probabilities += softmax(np.maximum(part, 0) @ weight.T + bias, axis=1)
    np.testing.assert_array_equal(fitted.classes_[probabilities.argmax(axis=1)], fitted.predict(X))


def test_fitted_attributes_have_their_shapes(fitted_network, crowd):
    X, truth, _ = crowd
    fitted = fitted_network
    assert fitted.label_proba_.shape == (len(X), 2)
    assert np.mean(fitted.labels_ == truth) > 0.9
    assert fitted.worker_confusion_.shape == (5, 2, 2)
    np.testing.assert_allclose(fitted.worker_confusion_.sum(axis=2), 1)
    assert fitted.class_prior_.sum() == pytest.approx(1)
    # the last worker answers at random
    assert fitted.worker_error_rate_.argmax() == 4
    assert all(len(losses) for losses in fitted.history_["classifier"].values())


def test_a_module_of_ones_own(network_classifier, crowd):
    X, truth, worker_labels = crowd
    state = torch.random.get_rng_state()
    network_classifier.set_params(module=Extractor, max_epochs=2)
    first = clone(network_classifier).fit(X, worker_labels)
    second = clone(network_classifier).fit(X, worker_labels)
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    assert first.score(X, truth) > 0.8
    assert torch.equal(state, torch.random.get_rng_state())


def test_a_module_may_compute_in_place(network_classifier, crowd):
    X, _, worker_labels = crowd
    found = []
    for in_place in (False, True):
        module = Doubling(2, network_classifier.latent_dim, in_place)
        fitted = clone(network_classifier).set_params(module=module, max_epochs=2)
        found.append(fitted.fit(X, worker_labels).predict_proba(X))
    np.testing.assert_array_equal(*found)


def test_the_same_seed_gives_the_same_and_no_global_rng_is_touched(fitted_network, crowd):
    X, _, worker_labels = crowd
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    with torch.inference_mode():
        again = clone(fitted_network).fit(X, worker_labels).predict_proba(X)
    np.testing.assert_array_equal(again, fitted_network.predict_proba(X))
    assert torch.equal(before[0], torch.random.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])


def test_pickles_predict_the_same(fitted, crowd):
    X, _, _ = crowd
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))


def test_an_interrupted_training_keeps_what_there_is(network_classifier, crowd):
    X, truth, worker_labels = crowd
    network_classifier.set_params(module=Interrupted)
    if "learning_rate" in network_classifier.get_params():
        network_classifier.set_params(learning_rate=0.01)
    with pytest.raises(KeyboardInterrupt):
        network_classifier.fit(X, worker_labels)
    assert network_classifier.score(X, truth) > 0.8
    assert network_classifier.labels_.shape == truth.shape


def test_a_failed_fit_leaves_no_old_network(quick, crowd):
    X, _, worker_labels = crowd
    fitted = quick.fit(X, worker_labels)
    with pytest.raises(TypeError, match="module"):
        fitted.set_params(module=Unbuildable).fit(X, worker_labels)
    with pytest.raises(sklearn.exceptions.NotFittedError):
        fitted.predict(X)


@pytest.mark.parametrize("hidden_dims", [(0,), (1.5,), ("wide",)])
def test_widths_are_positive_integers(quick, crowd, hidden_dims):
    X, _, worker_labels = crowd
    with pytest.raises(ValueError, match="hidden_dims must hold positive integers"):
        quick.set_params(hidden_dims=hidden_dims).fit(X, worker_labels)


def test_a_balanced_loss_finds_more_of_the_rare_class(network_classifier):
    rng = np.random.RandomState(0)
    truth = np.repeat([0, 1], [190, 10])
    X = rng.normal(size=(200, 2)) + truth[:, None]
    worker_labels = np.repeat(truth[:, None], 3, axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConfusedLabelsWarning)
        plain = clone(network_classifier).set_params(class_weight=None)
        plain = plain.fit(X, worker_labels).predict_proba(X)
        network_classifier.set_params(class_weight="balanced")
        balanced = network_classifier.fit(X, worker_labels).predict_proba(X)
    assert balanced[:, 1].mean() > 1.3 * plain[:, 1].mean()


def test_few_and_many_rows(network_classifier):
    tiny = network_classifier.fit([[0.0], [1.0]], [[0, 0], [1, 1]])
    assert tiny.predict([[0.0], [1.0]]).tolist() == [0, 1]


# pure functions


def test_soft_cross_entropy_by_hand():
    logits = torch.log(torch.tensor([[0.5, 0.5], [0.8, 0.2]]))
    targets = torch.tensor([[1.0, 0.0], [0.5, 0.5]])
    expected = [-np.log(0.5), -0.5 * np.log(0.8) - 0.5 * np.log(0.2)]
    assert soft_cross_entropy(logits, targets).item() == pytest.approx(np.mean(expected))
    weighted = soft_cross_entropy(logits, targets * torch.tensor([[2.0], [0.0]]))
    assert weighted.item() == pytest.approx(expected[0])
    doubled = soft_cross_entropy(logits, targets * torch.tensor([2.0, 1.0]))
    assert doubled.item() == pytest.approx(
        np.mean([-2 * np.log(0.5), -np.log(0.8) - 0.5 * np.log(0.2)])
    )


def test_balanced_classes_have_the_same_sum_of_weights():
    mass = np.array([60.0, 30.0, 10.0])
    weights = balancing_weights(mass, "balanced", np.arange(3))
    np.testing.assert_allclose(weights * mass, 100 / 3)


def test_a_class_without_rows_is_not_blown_up():
    weights = balancing_weights(np.array([100.0, 1e-9]), "balanced", np.arange(2))
    np.testing.assert_allclose(weights, [0.5, 50])


def test_weights_of_a_mapping():
    classes = np.array(["a", "b"])
    assert balancing_weights(np.ones(2), {"b": 3}, classes).tolist() == [1, 3]
    with pytest.raises(ValueError, match="class_weight names 'c'"):
        balancing_weights(np.ones(2), {"c": 3}, classes)
    with pytest.raises(ValueError, match="numbers of at least 0"):
        balancing_weights(np.ones(2), {"a": -1}, classes)


def test_an_epoch_sees_every_row():
    batches = draw_row_batches(100, 8, torch.Generator().manual_seed(0), torch.device("cpu"))
    assert batches.shape == (13, 8)
    assert set(batches.ravel().tolist()) == set(range(100))


def test_small_tables_have_epochs_of_eight_batches():
    batches = draw_row_batches(5, 64, torch.Generator().manual_seed(0), torch.device("cpu"))
    assert batches.shape == (8, 5)


def test_a_fresh_network_is_undecided():
    network = build_classifier(
        None, n_features=3, hidden=[4], latent_dim=2, n_classes=5, generator=torch.Generator()
    )
    assert not network(torch.randn(6, 3, generator=torch.Generator())).any()
