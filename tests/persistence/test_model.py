"""What comes out of a model file is what went in."""

import datetime
from decimal import Decimal
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pytest
from imblearn.ensemble import BalancedRandomForestClassifier
from imblearn.over_sampling import BorderlineSMOTE
from imblearn.pipeline import make_pipeline
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import check_is_fitted
from skorch.callbacks import EarlyStopping, EpochScoring, Freezer, LRScheduler
from skorch.dataset import ValidSplit
from torch import nn, optim

from sklearn_imbgen.crowd import CrowdLayerClassifier
from sklearn_imbgen.over_sampling import GLGAN, SWIM, ImbMix, LatentSMOTE
from sklearn_imbgen.persistence import load_model, save_model
from sklearn_imbgen.robust import AdversarialClassifier, SRATClassifier
from tests.persistence.conftest import ESTIMATORS, assert_same, fit, make_rows, make_votes
from tests.registry import TINY


class Extractor(nn.Module):
    def __init__(self, n_features, latent_dim):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(n_features, latent_dim), nn.Dropout(0.1), nn.Tanh())

    def forward(self, X):
        return self.layers(X)


class Logits(nn.Module):
    def __init__(self, n_features, n_classes):
        super().__init__()
        self.shape = (n_features, n_classes)
        self.recurrent = nn.GRU(n_features, n_classes, batch_first=True)

    def forward(self, X):
        return self.recurrent(X[:, None])[0][:, 0]


def round_trip(estimator, path, trusted=()):
    save_model(estimator, path)
    return load_model(path, trusted=trusted)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_fitted_estimator_comes_back_equal(name, path):
    estimator = fit(name)
    loaded = round_trip(estimator, path)
    assert type(loaded) is type(estimator)
    assert str(loaded.get_params(deep=False)) == str(estimator.get_params(deep=False))
    assert vars(loaded).keys() == vars(estimator).keys() - {"_device_generator", "_checkpoint"}
    assert_same(estimator, loaded)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_unfitted_estimator_comes_back_unfitted(name, path):
    estimator = clone(ESTIMATORS[name])
    loaded = round_trip(estimator, path)
    assert str(loaded.get_params(deep=False)) == str(estimator.get_params(deep=False))
    assert str(clone(loaded)) == str(estimator)
    with pytest.raises(NotFittedError):
        check_is_fitted(loaded)


@pytest.mark.parametrize("optimizer", [optim.SGD, optim.AdamW])
def test_training_goes_on_as_if_it_had_not_been_saved(path, optimizer):
    X, y = make_rows()
    net = AdversarialClassifier(
        max_epochs=2,
        n_steps=1,
        optimizer=optimizer,
        lr=0.01,
        train_split=ValidSplit(3, stratified=True),
        callbacks=[LRScheduler("StepLR", step_size=1), ("stop", EarlyStopping(patience=9))],
        random_state=0,
    ).fit(X, y)
    loaded = round_trip(net, path)
    assert [name for name, _ in loaded.callbacks_] == [name for name, _ in net.callbacks_]
    for one in (net, loaded):
        one.partial_fit(X, y)
    assert_same(net, loaded)
    assert loaded.history[:, "train_loss"] == net.history[:, "train_loss"]


def test_the_sequence_of_samples_goes_on(path):
    sampler = SWIM(random_state=np.random.RandomState(3)).fit(*make_rows())
    sampler.sample(5)
    loaded = round_trip(sampler, path)
    assert_array_equal(loaded.sample(5), sampler.sample(5))
    assert_array_equal(
        loaded.random_state.randint(99, size=5), sampler.random_state.randint(99, size=5)
    )


def test_saving_changes_nothing(path):
    sampler = fit("GLGAN")
    before = {name: id(value) for name, value in vars(sampler).items()}
    save_model(sampler, path)
    assert {name: id(value) for name, value in vars(sampler).items()} == before
    assert all(isinstance(layer, nn.Module) for layer in sampler.encoder_)


@pytest.mark.parametrize("make", [GLGAN, LatentSMOTE, ImbMix, SWIM])
def test_tables_keep_their_columns_and_types(make, path):
    X, y = make_rows()
    table = pd.DataFrame(
        {
            "x": X[:, 0],
            "n": (10 * X[:, 1]).astype("int32"),
            "city": pd.Categorical(np.where(X[:, 2] > 0, "Bonn", "Oslo"), ordered=True),
            "rain": X[:, 3] > 0,
            "number": pd.array(np.arange(len(X)), dtype="Int64"),
            "day": pd.Categorical(pd.to_datetime(["2020-01-01", "2020-01-02"] * (len(X) // 2))),
        }
    )
    sampler = make(categorical_features="auto", random_state=0)
    if make is GLGAN:
        sampler.set_params(latent_smote=LatentSMOTE(steps_per_epoch=2))
    elif make is LatentSMOTE:
        sampler.set_params(steps_per_epoch=2)
    if make in (GLGAN, LatentSMOTE):
        sampler.set_params(autoencoder_epochs=1)
    sampler.fit(table, np.where(y, "leaves", "stays"))
    loaded = round_trip(sampler, path)
    pd.testing.assert_frame_equal(loaded.sample(6), sampler.sample(6))


@pytest.mark.parametrize(
    "columns",
    [
        pd.Index(["a", "b", "c", "d"], name="what"),
        pd.RangeIndex(4),
        pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["x", None]),
        pd.to_datetime(["2020-01-01", "2020-01-02", "2021-05-01", "2022-01-01"]),
    ],
)
def test_column_names_of_any_kind(columns, path):
    scaler = StandardScaler()
    scaler.columns_ = columns
    scaler.types_ = pd.Series([np.dtype("float32"), pd.Int64Dtype(), pd.StringDtype()])
    loaded = round_trip(scaler, path)
    pd.testing.assert_index_equal(loaded.columns_, columns, exact="equiv")
    assert list(loaded.types_) == list(scaler.types_)


def test_types_of_polars(path):
    scaler = StandardScaler()
    scaler.types_ = [pl.Float64(), pl.String(), pl.Boolean()]
    assert round_trip(scaler, path).types_ == scaler.types_
    scaler.types_ = [pl.Enum(["a", "b"])]
    with pytest.raises(TypeError, match=r"the Enum .* cannot be stored"):
        save_model(scaler, path)


def test_a_sampler_of_polars_rows_needs_no_further_trust(path):
    X, y = make_rows()
    table = pl.DataFrame(X, schema=list("abcd")).with_columns(
        pl.Series("city", np.where(X[:, 0] > 0, "Bonn", "Lyon"), dtype=pl.Enum(["Lyon", "Bonn"])),
        pl.Series("size", np.where(X[:, 1] > 0, "S", "L"), dtype=pl.Categorical),
    )
    sampler = GLGAN(
        latent_smote=LatentSMOTE(steps_per_epoch=2),
        autoencoder_epochs=1,
        max_epochs=1,
        random_state=0,
    )
    sampler.fit(table, y)
    rows = sampler.sample(5, random_state=0)
    assert rows.schema == table.schema
    assert round_trip(sampler, path).sample(5, random_state=0).equals(rows)


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_array])
def test_sparse_rows_keep_their_kind(kind, path):
    X, y = make_rows()
    sampler = SWIM(random_state=0).fit(kind(np.maximum(X, 0)), y)
    loaded = round_trip(sampler, path)
    rows = loaded.sample(4)
    assert type(rows) is type(sampler.sample(1))
    assert rows.shape == (4, 4)


@pytest.mark.parametrize(
    "labels",
    [
        ["common", "rare"],
        [False, True],
        [np.datetime64("2020-01-01"), np.datetime64("2021-01-01")],
    ],
)
def test_labels_keep_their_type(labels, path):
    X, y = make_rows()
    sampler = SWIM(random_state=0).fit(X, np.asarray(labels)[y])
    loaded = round_trip(sampler, path)
    assert loaded.classes_.dtype == sampler.classes_.dtype
    pairs = zip(loaded.sampling_strategy_.items(), sampler.sampling_strategy_.items(), strict=True)
    for (label, n_new), (expected, n_expected) in pairs:
        assert (label, n_new) == (expected, n_expected)
        assert type(label) is type(expected)


def test_pipelines(path):
    X, y = make_rows()
    interpolator = BorderlineSMOTE(k_neighbors=NearestNeighbors(n_neighbors=4), random_state=0)
    stage = LatentSMOTE(interpolator=interpolator, autoencoder_epochs=1, **TINY)
    sampler = GLGAN(latent_smote=stage, max_epochs=1, random_state=0)
    pipeline = make_pipeline(StandardScaler(), sampler, LogisticRegression()).fit(X, y)
    loaded = round_trip(pipeline, path)
    assert_array_equal(loaded.predict_proba(X), pipeline.predict_proba(X))
    assert_array_equal(loaded[1].sample(3), pipeline[1].sample(3))


def test_searches(path):
    X, y = make_rows()
    net = SRATClassifier(max_epochs=1, n_steps=1, random_state=0)
    search = GridSearchCV(net, {"epsilon": [0.0, 0.1], "module__hidden_dims": [(4,), (8,)]}, cv=2)
    search.fit(X, y)
    loaded = round_trip(search, path)
    assert_array_equal(loaded.predict_proba(X), search.predict_proba(X))
    assert loaded.best_params_ == search.best_params_
    assert list(loaded.cv_results_["params"]) == search.cv_results_["params"]


def test_a_users_modules_must_be_trusted(path):
    X, y = make_rows()
    clf = CrowdLayerClassifier(module=Extractor, latent_dim=3, learning_rate=0.1, random_state=0)
    save_model(clf.set_params(max_epochs=10).fit(X, make_votes(y)), path)
    name = f"{Extractor.__module__}.Extractor"
    with pytest.raises(ValueError, match=rf"model.skops'.*not trusted: {name}.*trusted=\['{name}'"):
        load_model(path)
    for trusted in ([name], [Extractor], Extractor):
        assert_same(clf, load_model(path, trusted=trusted))


def test_a_recurrent_module(path):
    clf = AdversarialClassifier(Logits, max_epochs=1, n_steps=1, random_state=0).fit(*make_rows())
    loaded = round_trip(clf, path, trusted=[Logits])
    assert_same(clf, loaded)
    assert loaded.module_.shape == (4, 2)
    # one tensor under two names, as torch's recurrent layers have it
    assert loaded.module_.recurrent._flat_weights[0] is loaded.module_.recurrent.weight_ih_l0


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(3, random_state=0),
        ExtraTreesClassifier(3, random_state=0, bootstrap=True),
        GradientBoostingClassifier(n_estimators=3, random_state=0),
        HistGradientBoostingClassifier(max_iter=3, random_state=0),
        IsolationForest(n_estimators=3, max_features=2, random_state=0),
        BalancedRandomForestClassifier(3, random_state=0),
        AdaBoostClassifier(n_estimators=3, random_state=0),
        VotingClassifier([("tree", DecisionTreeClassifier()), ("knn", KNeighborsClassifier())]),
        KNeighborsClassifier(algorithm="ball_tree", metric="minkowski", p=3),
        MLPClassifier(max_iter=3, random_state=0),
        CalibratedClassifierCV(LinearSVC(), cv=2),
        GaussianProcessClassifier(),
        TunedThresholdClassifierCV(LogisticRegression(), scoring=make_scorer(f1_score), cv=2),
        make_pipeline(SelectKBest(f_classif, k=2), LogisticRegression()),
    ],
    ids=lambda model: type(model).__name__,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_stands_behind_a_sampler_in_a_pipeline(model, path):
    X, y = make_rows()
    pipeline = make_pipeline(StandardScaler(), SWIM(random_state=0), model).fit(X, y)
    loaded = round_trip(pipeline, path)
    for name in ("predict_proba", "predict", "score_samples"):
        if hasattr(pipeline, name):
            assert_array_equal(getattr(loaded, name)(X), getattr(pipeline, name)(X))


def test_callbacks_that_score_and_freeze(path):
    X, y = make_rows()
    callbacks = [
        ("f1", EpochScoring(make_scorer(f1_score, average="macro"), lower_is_better=False)),
        ("frozen", Freezer("encoder.*")),
    ]
    net = AdversarialClassifier(
        max_epochs=1, n_steps=0, train_split=ValidSplit(3), callbacks=callbacks, random_state=0
    ).fit(X, y)
    loaded = round_trip(net, path)
    assert_same(net, loaded)
    loaded.partial_fit(X, y)
    assert len(loaded.history[:, "f1_score"]) == 2


@pytest.mark.parametrize(
    "values",
    [
        pd.interval_range(0, 3),
        pd.period_range("2020-01", periods=3, freq="M"),
        pd.to_timedelta([1, 2, 3], unit="D"),
        pd.date_range("2020-01-01", periods=3, tz="UTC"),
        [datetime.date(2020, 1, day) for day in (1, 2, 3)],
        [Decimal("1.10"), Decimal("2.20"), Decimal("3")],
    ],
    ids=lambda values: type(values[0]).__name__,
)
def test_categories_of_any_kind(values, path):
    X, y = make_rows()
    table = pd.DataFrame(X, columns=list("abcd"))
    table["kind"] = pd.Categorical([values[i % 3] for i in range(len(X))], categories=list(values))
    sampler = SWIM(random_state=0).fit(table, y)
    loaded = round_trip(sampler, path)
    pd.testing.assert_frame_equal(loaded.sample(5), sampler.sample(5))


@pytest.mark.parametrize("trusted", [True, 3, None])
def test_trusted_is_a_list(path, trusted):
    save_model(fit("SWIM"), path)
    with pytest.raises(TypeError, match="trusted must be a list of types"):
        load_model(path, trusted=trusted)


def test_what_cannot_be_stored_is_an_error_that_names_it(path):
    class Local(nn.Module):
        pass

    hooked = nn.Linear(4, 2)
    hooked.register_forward_hook(print)
    meta = nn.Linear(4, 2, device="meta")
    cases = {Local(): "Local cannot be found", hooked: "module: .*hooks", meta: "module.weight"}
    for module, message in cases.items():
        with pytest.raises(TypeError, match=f"AdversarialClassifier cannot be saved: .*{message}"):
            save_model(AdversarialClassifier(module), path)
    for estimator, name in {
        SWIM(sampling_strategy=lambda y: {1: 60}): "sampling_strategy",
        FunctionTransformer(lambda X: X): "func",
        make_pipeline(
            FunctionTransformer(partial(lambda X, k: X, k=1)), SWIM()
        ): r"steps\.0\.1\.func",
    }.items():
        with pytest.raises(
            TypeError, match=rf"cannot be saved: {name}: .*<lambda> cannot be found"
        ):
            save_model(estimator, path)
    for what in (SWIM, 3):
        with pytest.raises(TypeError, match="takes an estimator"):
            save_model(what, path)
    assert not path.exists()
