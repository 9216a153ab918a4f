"""The bridge to skorch: callbacks, searches, going on, failures. See also test_skorch_net."""

import copy
import math
import pickle
import signal
import warnings

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    LoadInitState,
    LRScheduler,
)
from skorch.dataset import ValidSplit
from torch import nn
from torch.utils.data import DataLoader

from sklearn_imbgen.exceptions import DivergenceError
from sklearn_imbgen.robust import AdversarialClassifier, ImbMixClassifier, SRATClassifier

SMALL = {"max_epochs": 3, "n_steps": 1, "batch_size": 32, "random_state": 0}
CLASSIFIERS = [AdversarialClassifier, SRATClassifier, ImbMixClassifier]


def fit(data, kind=AdversarialClassifier, **parameters):
    return kind(**{**SMALL, **parameters}).fit(*data)


def weights(net):
    return torch.cat([value.flatten().double() for value in net.module_.state_dict().values()])


def same(first, second):
    return torch.equal(weights(first), weights(second))


@pytest.fixture(scope="module")
def named(imbalanced):
    """The rows with labels that are strings."""
    return imbalanced[0], np.array(["common", "rare"])[imbalanced[1]]


# -- validation and callbacks --------------------------------------------------------------------


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_validation_split_is_watched(named, kind):
    scores = [
        ("recall", EpochScoring("balanced_accuracy", lower_is_better=False)),
        ("area", EpochScoring("roc_auc", lower_is_better=False, name="area")),
    ]
    split = ValidSplit(5, stratified=True)
    net = fit(named, kind, train_split=split, callbacks=scores, max_epochs=10)
    for column in ("train_loss", "valid_loss", "valid_acc", "balanced_accuracy", "area"):
        values = net.history[:, column]
        assert len(values) == 10
        assert np.isfinite(values).all()
    # 20 unattacked rows, two of them rare
    assert {round(value * 20, 6) % 1 for value in net.history[:, "valid_acc"]} == {0}
    assert net.history[-1, "valid_acc"] >= 0.9
    assert set(net.predict(named[0])) <= {"common", "rare"}


def test_without_a_validation_split_nothing_is_validated(imbalanced):
    row = fit(imbalanced).history[-1]
    assert not any(name.startswith("valid") for name in row)


def test_early_stopping_ends_quietly(imbalanced, capsys):
    stop = EarlyStopping("train_loss", patience=2, threshold=1e9, sink=lambda _: None)
    net = fit(imbalanced, max_epochs=50, callbacks=[stop])
    assert len(net.history) == 3
    assert net.predict(imbalanced[0]).shape == (100,)
    assert capsys.readouterr().out == ""


def test_skorchs_checkpoint_and_initial_state(imbalanced, tmp_path):
    def callbacks():
        checkpoint = Checkpoint(dirname=tmp_path, monitor=None)
        return [checkpoint, LoadInitState(checkpoint)]

    first = fit(imbalanced, callbacks=callbacks())
    second = fit(imbalanced, callbacks=callbacks(), max_epochs=0)
    assert same(first, second)
    third = fit(
        imbalanced, callbacks=callbacks(), random_state=1, callbacks__learning_rate_schedule=None
    )
    assert len(third.history) == 6


def test_a_scheduler_of_the_learning_rate(imbalanced):
    schedule = LRScheduler("StepLR", step_size=1, gamma=0.5)
    net = fit(imbalanced, callbacks=[schedule], lr=0.08, callbacks__learning_rate_schedule=None)
    assert net.history[:, "event_lr"] == [0.08, 0.04, 0.02]
    assert net.optimizer_.param_groups[0]["lr"] == pytest.approx(0.01)


def test_callbacks_see_finite_gradients_and_attacked_batches(imbalanced):
    seen = []

    class Watch(Callback):
        def on_grad_computed(self, net, named_parameters, batch, **kwargs):
            seen.append((batch[0], [p.grad.isfinite().all() for _, p in named_parameters]))

    fit(imbalanced, callbacks=[Watch()], batch_size=100, max_epochs=1, epsilon=0.25)
    ((rows, finite),) = seen
    assert all(finite)
    X = imbalanced[0].astype(np.float32)
    # the batch is shuffled: each attacked row lies within epsilon of a clean one
    gaps = np.abs(rows.numpy()[:, None] - X[None]).max(axis=2).min(axis=1)
    assert 0.24 < gaps.max() <= 0.25 + 1e-6


def test_callbacks_can_be_switched_off_and_set_by_name(imbalanced):
    net = fit(imbalanced, callbacks__print_log=None, callbacks__train_loss=None)
    assert "train_loss" not in net.history[-1]
    fit(imbalanced, callbacks="disable")
    net.set_params(callbacks__train_loss=None, callbacks__learning_rate_schedule__factor=0.5)
    assert dict(net.callbacks_)["learning_rate_schedule"].factor == 0.5
    assert "train_loss" not in net.fit(*imbalanced).history[-1]
    with pytest.raises(ValueError, match="no such callbacks: callbacks__los"):
        net.set_params(callbacks__los=None)


def test_silence_by_default_and_a_line_per_epoch_if_asked(imbalanced, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(imbalanced).predict(imbalanced[0])
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
    fit(imbalanced, verbose=1)
    assert "train_loss" in capsys.readouterr().out


# -- parts of skorch -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_data_loader_trains_and_predicts(imbalanced, kind):
    options = {
        "iterator_train": DataLoader,
        "iterator_train__shuffle": True,
        "iterator_train__drop_last": True,
        "iterator_valid": DataLoader,
    }
    net = fit(imbalanced, kind, **options)
    assert net.history[-1, "batches", :, "train_batch_size"] == [32, 32, 32]
    assert net.predict_proba(imbalanced[0]).shape == (100, 2)


def test_settings_of_the_optimizer(imbalanced):
    plain = fit(imbalanced).optimizer_.param_groups[0]
    assert (plain["momentum"], plain["weight_decay"]) == (0.9, 5e-4)
    own = fit(
        imbalanced,
        optimizer__lr=0.01,
        optimizer__momentum=0.5,
        callbacks__learning_rate_schedule=None,
    )
    group = own.optimizer_.param_groups[0]
    assert (group["lr"], group["momentum"], group["weight_decay"]) == (0.01, 0.5, 5e-4)
    adam = fit(imbalanced, optimizer=torch.optim.Adam, optimizer__betas=(0.8, 0.9)).optimizer_
    assert isinstance(adam, torch.optim.Adam)
    assert adam.param_groups[0]["betas"] == (0.8, 0.9)


def test_no_steps_are_natural_training(imbalanced):
    natural = fit(imbalanced, n_steps=0)
    assert same(natural, fit(imbalanced, epsilon=0.0, n_steps=3))
    assert same(natural, fit(imbalanced, n_steps=0, epsilon=9.0))
    assert not same(natural, fit(imbalanced, n_steps=1))


def test_no_epochs_give_the_first_weights(imbalanced):
    net = fit(imbalanced, max_epochs=0)
    assert list(net.history) == []
    assert net.predict(imbalanced[0]).shape == (100,)


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_mixed_precision_is_near_full_precision(imbalanced, kind):
    net, full = (fit(imbalanced, kind, mixed_precision=mixed) for mixed in (True, False))
    assert not same(net, full)
    np.testing.assert_allclose(
        net.history[:, "train_loss"], full.history[:, "train_loss"], rtol=0.2
    )
    assert {value.dtype for value in net.module_.state_dict().values()} == {torch.float32}
    assert net.perturb(*imbalanced).shape == (100, 6)


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_compiled_network_is_the_same_network(imbalanced, kind):
    X, y = imbalanced
    plain = fit(imbalanced, kind)
    compiled = fit(imbalanced, kind, compile=True, compile__backend="eager")
    assert same(compiled, plain)
    np.testing.assert_array_equal(compiled.predict_proba(X), plain.predict_proba(X))
    np.testing.assert_array_equal(compiled.extract_features(X), plain.extract_features(X))
    np.testing.assert_array_equal(compiled.perturb(X, y), plain.perturb(X, y))
    np.testing.assert_array_equal(compiled.extract_features(X), plain.extract_features(X))


def test_features_are_separated_also_where_a_graph_without_them_is_compiled(imbalanced):
    # of the other tests' graphs, which use up the number that torch keeps
    torch.compiler.reset()
    options = {"compile": True, "compile__backend": "eager", "criterion": "ldam"}
    fit(imbalanced, **options)
    compiled = fit(imbalanced, SRATClassifier, **options)
    assert same(compiled, fit(imbalanced, SRATClassifier, criterion="ldam"))


# -- scikit-learn's tools ------------------------------------------------------------------------


def test_searches_over_the_network_and_the_loss_in_a_pipeline(named):
    pipeline = make_pipeline(StandardScaler(), SRATClassifier(**SMALL))
    grid = {
        "sratclassifier__module__hidden_dims": [(4,), (8,)],
        "sratclassifier__separation_weight": [0.0, 1.0],
    }
    folds = StratifiedKFold(2)
    search = GridSearchCV(pipeline, grid, cv=folds, n_jobs=2, scoring="balanced_accuracy")
    search.fit(*named)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    best = search.best_estimator_[-1]
    width = search.best_params_["sratclassifier__module__hidden_dims"][0]
    assert best.module_.head.in_features == width
    # as the workers did, in this process
    again = clone(pipeline).set_params(**search.best_params_)
    scores = cross_val_score(again, *named, cv=folds, scoring="balanced_accuracy")
    assert scores.mean() == pytest.approx(search.best_score_)


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_nets_survive_pickle_joblib_and_deepcopy(named, kind, tmp_path):
    net = fit(named, kind, train_split=ValidSplit(5, stratified=True))
    joblib.dump(net, tmp_path / "net.joblib")
    copies = [
        pickle.loads(pickle.dumps(net)),
        joblib.load(tmp_path / "net.joblib"),
        copy.deepcopy(net),
    ]
    for found in copies:
        np.testing.assert_array_equal(found.predict_proba(named[0]), net.predict_proba(named[0]))
        np.testing.assert_array_equal(found.perturb(*named), net.perturb(*named))
        # training goes on alike
        assert same(found.partial_fit(*named), copy.deepcopy(net).partial_fit(*named))


def test_unfitted_nets_survive_pickle(imbalanced):
    net = AdversarialClassifier(**SMALL)
    assert same(pickle.loads(pickle.dumps(net)).fit(*imbalanced), net.fit(*imbalanced))


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_parameters_are_saved_and_loaded(imbalanced, kind, tmp_path):
    parts = ("f_params", "f_optimizer", "f_criterion", "f_history")
    files = {part: tmp_path / part for part in parts}
    net = fit(imbalanced, kind)
    net.save_params(**files)
    other = fit(imbalanced, kind, random_state=9, max_epochs=1)
    other.load_params(**files)
    np.testing.assert_array_equal(
        other.predict_proba(imbalanced[0]), net.predict_proba(imbalanced[0])
    )
    assert len(other.history) == 3


# -- going on ------------------------------------------------------------------------------------


def test_fit_begins_anew_and_a_warm_start_goes_on(imbalanced):
    net = fit(imbalanced, callbacks__learning_rate_schedule=None)
    before = weights(net)
    assert torch.equal(weights(net.fit(*imbalanced)), before)
    assert len(net.history) == 3
    warm = fit(imbalanced, callbacks__learning_rate_schedule=None, warm_start=True)
    warm.fit(*imbalanced)
    assert len(warm.history) == 6
    # three epochs and three more are six in one go
    assert same(warm, fit(imbalanced, callbacks__learning_rate_schedule=None, max_epochs=6))


def test_partial_fit_of_parts_with_all_classes_announced(named):
    X, y = named
    net = AdversarialClassifier(**SMALL, class_weight="balanced")
    net.partial_fit(X[:60], y[:60], classes=["common", "middle", "rare"])
    assert net.class_counts_.tolist() == [60, 0, 0]
    assert net.predict_proba(X).shape == (100, 3)
    net.partial_fit(X[60:], y[60:])
    assert net.class_counts_.tolist() == [90, 0, 10]
    np.testing.assert_allclose(net.class_weight_, [0.2, 0, 1.8])
    torch.testing.assert_close(net.criterion_.class_weight, torch.tensor([0.2, 0, 1.8]))
    assert len(net.history) == 6


def test_partial_fit_refuses_a_label_it_does_not_know(named):
    X, y = named
    net = AdversarialClassifier(**SMALL)
    with pytest.raises(ValueError, match=r"y holds 'rare', which is not in classes.*'common'"):
        net.partial_fit(X, y, classes=["common", "other"])
    net.partial_fit(X, y)
    before = weights(net)
    with pytest.raises(ValueError, match=r"y holds 'new', which the net was not fitted on"):
        net.partial_fit(X[:2], ["new", "rare"])
    assert torch.equal(weights(net), before)
    assert net.class_counts_.tolist() == [90, 10]


def test_a_parameter_of_a_live_optimizer_acts_at_once(imbalanced):
    net = fit(imbalanced, callbacks__learning_rate_schedule=None)
    net.set_params(optimizer__lr=0.25)
    assert net.optimizer_.param_groups[0]["lr"] == 0.25
    net.partial_fit(*imbalanced)
    assert net.optimizer_.param_groups[0]["lr"] == 0.25


# -- failures ------------------------------------------------------------------------------------


class Press(Callback):
    """Ctrl-C in the second epoch."""

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == 2:
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_ends_the_training_and_leaves_a_net_that_works(imbalanced, tmp_path):
    path = tmp_path / "net.pt"
    net = fit(imbalanced, callbacks=[Press()], checkpoint=path)
    assert len(net.history) == 2
    assert not same(net, fit(imbalanced, max_epochs=0))
    assert net.predict(imbalanced[0]).shape == (100,)
    assert net.perturb(*imbalanced).shape == (100, 6)
    # the file goes on after the whole epoch, as if nothing had happened
    assert same(net.set_params(callbacks=None).fit(*imbalanced), fit(imbalanced))


def test_a_fit_that_is_interrupted_at_once_leaves_no_old_network(imbalanced, monkeypatch):
    X, y = imbalanced
    net = fit(imbalanced)

    def press(self):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(AdversarialClassifier, "initialize", press)
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, np.where(y == 1, "rare", "common"))
    with pytest.raises(NotFittedError):
        net.predict(X)


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_divergence_is_an_error_with_advice(imbalanced, kind):
    net = kind(**{**SMALL, "lr": 1e12, "max_epochs": 30})
    with pytest.raises(DivergenceError, match=r"epoch 1\. Lower lr .*StandardScaler"):
        net.fit(*imbalanced)
    assert weights(net).isfinite().all()
    assert net.predict(imbalanced[0]).shape == (100,)


def test_a_loss_that_explodes_is_an_error_too(imbalanced):
    class Explode(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 3:
                for parameter in net.module_.parameters():
                    parameter.data *= 1e3

    with pytest.raises(DivergenceError, match=r"the loss is .*e\+.*, after .* in epoch 3"):
        fit(imbalanced, max_epochs=5, callbacks=[Explode()])


def test_a_user_module_that_gives_nan_is_a_divergence(imbalanced):
    class Broken(nn.Linear):
        def forward(self, X):
            return super().forward(X) * (math.nan if self.training else 1.0)

    with pytest.raises(DivergenceError, match="the loss is nan in epoch 1"):
        fit(imbalanced, module=Broken(6, 2))
