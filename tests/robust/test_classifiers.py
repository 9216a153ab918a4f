"""What AdversarialClassifier and SRATClassifier do with their parameters."""

import numpy as np
import pandas as pd
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from sklearn_imbgen.nn import CosineLinear
from sklearn_imbgen.robust import (
    AdversarialClassifier,
    SRATClassifier,
    effective_number_weights,
    image_settings,
    separation_loss,
)
from sklearn_imbgen.robust._chapter import CHAPTER_METHODS

SMALL = {"max_epochs": 4, "n_steps": 2, "batch_size": 32, "random_state": 0}
CLASSIFIERS = [AdversarialClassifier, SRATClassifier]


class Watch(Callback):
    """Notes in each epoch whether weights apply, and the learning rate."""

    def initialize(self):
        self.weighted, self.rates = [], []
        return self

    def on_batch_end(self, net, training, **kwargs):
        if training and len(net.history[-1, "batches"]) == 1:
            self.weighted.append(net.criterion_.weighted)
            self.rates.append(net.optimizer_.param_groups[0]["lr"])


def fit(data, kind=AdversarialClassifier, **parameters):
    return kind(**{**SMALL, **parameters}).fit(*data)


def watched(data, **parameters):
    net = fit(data, callbacks=[("watch", Watch())], **parameters)
    return dict(net.callbacks_)["watch"]


def same(first, second):
    pairs = zip(
        first.module_.state_dict().values(), second.module_.state_dict().values(), strict=True
    )
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.fixture(scope="module")
def four_classes():
    """100 rows in [0, 1] of four classes, which two features tell apart."""
    generator = np.random.RandomState(0)
    y = np.arange(100) % 4
    corners = np.array([[0.25, 0.25], [0.25, 0.75], [0.75, 0.25], [0.75, 0.75]])
    return (corners[y] + 0.05 * generator.randn(100, 2)).clip(0, 1), y


# -- schedule and weights ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (0, [True] * 4),
        (3, [False, False, False, True]),
        (0.5, [False, False, True, True]),
        (1.0, [False] * 4),
        (9, [False] * 4),
    ],
)
def test_weights_set_in_at_their_epoch(imbalanced, start, expected):
    watch = watched(imbalanced, class_weight="balanced", reweight_start=start)
    assert watch.weighted == expected


def test_weights_that_set_in_change_the_training_from_then_on(imbalanced):
    plain = fit(imbalanced)
    deferred = fit(imbalanced, class_weight="balanced", reweight_start=2)
    losses = [net.history[:, "train_loss"] for net in (plain, deferred)]
    assert losses[0][:2] == losses[1][:2]
    assert losses[0][2] != losses[1][2]


def test_the_learning_rate_falls_at_its_milestones(imbalanced):
    watch = watched(imbalanced, lr=0.08, lr_milestones=(1, 0.75), lr_decay=0.5)
    assert watch.rates == pytest.approx([0.08, 0.04, 0.04, 0.02])
    assert watched(imbalanced, lr=0.08, lr_milestones=()).rates == [0.08] * 4


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_class_weights_by_label(imbalanced, kind):
    X, y = imbalanced[0], np.array(["common", "rare"])[imbalanced[1]]
    found = {
        name: fit((X, y), kind, class_weight=weight, max_epochs=1).class_weight_
        for name, weight in [
            ("balanced",) * 2,
            ("effective",) * 2,
            ("dict", {"rare": 4}),
            (0, None),
        ]
    }
    np.testing.assert_allclose(found["balanced"], [0.2, 1.8])
    np.testing.assert_allclose(found["effective"], effective_number_weights([90, 10]))
    np.testing.assert_array_equal(found["dict"], [1, 4])
    assert found[0] is None


def test_weights_reach_the_loss(imbalanced):
    scaled = fit(imbalanced, class_weight={0: 5.0, 1: 5.0})
    plain = fit(imbalanced)
    # equal weights are no weights, up to rounding
    np.testing.assert_allclose(
        scaled.history[:, "train_loss"], plain.history[:, "train_loss"], rtol=1e-4
    )
    only_rare = fit(imbalanced, class_weight={0: 0.0, 1: 1.0}, max_epochs=20)
    assert (only_rare.predict(imbalanced[0]) == 1).all()


@pytest.mark.parametrize("loss", ["ce", "focal", "ldam", "balanced_softmax"])
@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_each_loss_learns(imbalanced, kind, loss):
    X, y = imbalanced
    weights = {"class_weight": "balanced", "reweight_start": 0}
    net = fit(imbalanced, kind, prediction_loss=loss, max_epochs=20, lr_milestones=(), **weights)
    assert np.mean(net.predict(X)[y == 1] == 1) >= 0.8
    assert np.mean(net.predict(X)[y == 0] == 0) >= 0.8


# -- the chapter's rows --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "loss", "weight", "start"),
    [
        ("CE", "ce", None, 0),
        ("Focal", "focal", None, 0),
        ("LDAM", "ldam", None, 0),
        ("CB-Reweight", "ce", "effective", 0),
        ("CB-Focal", "focal", "effective", 0),
        ("DRCB-CE", "ce", "effective", 0.8),
        ("DRCB-Focal", "focal", "effective", 0.8),
        ("DRCB-LDAM", "ldam", "effective", 0.8),
    ],
)
def test_methods_of_the_chapter(imbalanced, method, loss, weight, start):
    net = AdversarialClassifier.from_chapter(method, **SMALL)
    assert (net.prediction_loss, net.class_weight, net.reweight_start) == (loss, weight, start)
    assert net.random_state == 0
    assert np.isfinite(net.fit(*imbalanced).predict_proba(imbalanced[0])).all()


def test_the_chapter_has_eight_baselines_and_parameters_go_before_them():
    assert len(CHAPTER_METHODS) == 8
    net = AdversarialClassifier.from_chapter("DRCB-CE", reweight_start=3, optimizer__lr=0.5)
    assert (net.reweight_start, net.optimizer__lr) == (3, 0.5)


def test_an_unknown_method_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"method must be one of CE, Focal.*got 'SRAT'"):
        AdversarialClassifier.from_chapter("SRAT")


@pytest.mark.parametrize(("norm", "epsilon", "step"), [("linf", 8, 2), ("l2", 128, 15)])
def test_settings_for_images_are_parameters(norm, epsilon, step):
    net = SRATClassifier(**image_settings(norm))
    assert (net.epsilon, net.step_size) == (epsilon / 255, step / 255)
    assert net.get_params()["module__width"] == 64


# -- separation ----------------------------------------------------------------------------------


def test_srat_without_separation_is_deferred_adversarial_training(imbalanced):
    deferred = {"prediction_loss": "ldam", "class_weight": "effective", "reweight_start": 0.8}
    plain = fit(imbalanced, **deferred)
    assert same(fit(imbalanced, SRATClassifier, separation_weight=0), plain)
    assert not same(fit(imbalanced, SRATClassifier), plain)


def test_both_losses_are_recorded_and_add_up(imbalanced):
    net = fit(imbalanced, SRATClassifier, separation_weight=0.5)
    for batch in net.history[-1, "batches"]:
        total = batch["prediction_loss"] + 0.5 * batch["separation_loss"]
        assert batch["train_loss"] == pytest.approx(total, rel=1e-5)
        assert batch["separation_loss"] > 0


def test_separation_lowers_the_loss_of_equation_4_12(imbalanced):
    X, y = imbalanced
    settings = {"max_epochs": 20, "prediction_loss": "ce", "reweight_start": 0}
    found = []
    for weight in (0, 1):
        net = fit(imbalanced, SRATClassifier, separation_weight=weight, **settings)
        features = torch.tensor(net.extract_features(X))
        found.append(separation_loss(features, torch.tensor(y)).item())
    assert found[1] < found[0] - 0.1


class Body(nn.Module):
    """A network whose layers are defined in another order than they act."""

    def __init__(self, n_features, n_classes):
        super().__init__()
        self.out = nn.Linear(3, n_classes)
        self.first = nn.Linear(n_features, 5)
        self.second = nn.Linear(5, 3)

    def forward(self, X):
        return self.out(torch.relu(self.second(torch.relu(self.first(X)))))


def test_the_feature_layer_is_the_last_one_defined_or_the_named_one(imbalanced):
    X, _ = imbalanced
    by_default = fit(imbalanced, SRATClassifier, module=Body, prediction_loss="ce")
    named = fit(imbalanced, SRATClassifier, module=Body, prediction_loss="ce", feature_layer="out")
    assert by_default.extract_features(X).shape == (100, 5)
    assert named.extract_features(X).shape == (100, 3)
    assert not same(by_default, named)
    # they are what the named layer turns into logits
    with torch.no_grad():
        logits = named.module_.out(torch.tensor(named.extract_features(X)))
    np.testing.assert_allclose(logits.softmax(dim=1), named.predict_proba(X), atol=1e-5)


def test_an_unknown_feature_layer_is_refused(imbalanced):
    with pytest.raises(ValueError, match=r"feature_layer='head2' is no part of module.*'head'"):
        fit(imbalanced, SRATClassifier, feature_layer="head2")


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_ldam_measures_cosines_in_the_last_layer(imbalanced, kind):
    net = fit(imbalanced, kind, prediction_loss="ldam", logit_scale=7.0)
    assert isinstance(net.module_.head, CosineLinear)
    assert net.module_.head.scale == 7
    with torch.no_grad():
        assert net.module_(torch.tensor(imbalanced[0]).float()).abs().max() <= 7 + 1e-4
    own = fit(imbalanced, kind, prediction_loss="ldam", module=nn.Sequential(nn.Linear(6, 2)))
    assert isinstance(own.module_[0], CosineLinear)
    assert isinstance(fit(imbalanced, kind, prediction_loss="ce").module_.head, nn.Linear)


# -- the threat ----------------------------------------------------------------------------------


@pytest.mark.parametrize("attack", ["pgd", "fgsm"])
@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("loss", ["ce", "margin"])
def test_perturbed_rows_stay_in_the_ball_and_fool(imbalanced, attack, norm, loss):
    X, y = imbalanced
    net = fit(imbalanced, epsilon=0.5, norm=norm, max_epochs=10, class_weight="balanced")
    attacked = net.perturb(X, y, attack=attack, loss=loss)
    order = np.inf if norm == "linf" else 2
    assert np.linalg.norm(attacked - X, order, axis=1).max() <= 0.5 + 1e-5
    assert net.score(attacked, y) < net.score(X, y)
    wrong = net.predict(X) != y
    np.testing.assert_allclose(attacked[wrong], X[wrong], rtol=1e-6)


def test_a_larger_ball_fools_more_and_none_fools_nobody(imbalanced):
    X, y = imbalanced
    net = fit(imbalanced, max_epochs=10)
    scores = [net.score(net.perturb(X, y, epsilon=epsilon), y) for epsilon in (0, 0.5, 5)]
    assert scores[0] == net.score(X, y)
    assert scores[0] > scores[1] > scores[2]


def test_perturbed_frames_are_frames(imbalanced):
    X, y = imbalanced
    frame = pd.DataFrame(X, columns=list("abcdef"), index=np.arange(100) + 7)
    net = fit((frame, y))
    attacked = net.perturb(frame, y)
    assert list(attacked.columns) == list("abcdef")
    assert attacked.index.equals(frame.index)
    assert attacked["a"].dtype == np.float64
    np.testing.assert_array_equal(attacked, net.perturb(frame, y))
    assert net.perturb(frame.astype(np.float32), y)["a"].dtype == np.float32


def test_perturb_gives_each_part_its_mode_back(imbalanced):
    net = fit(imbalanced, module=nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 2)))
    net.module_.train()
    net.module_[0].eval()
    net.perturb(*imbalanced)
    assert [part.training for part in net.module_.modules()] == [True, False, True]


def test_starts_of_perturb_come_from_its_own_seed(imbalanced):
    net = fit(imbalanced)
    first, again, other = (net.perturb(*imbalanced, random_state=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_an_attack_of_ones_own(imbalanced):
    net = fit(imbalanced, feature_mask=[True] + [False] * 5)

    def shift(module, X, y, threat):
        assert not module.training
        return X + threat.epsilon * threat.scale

    attacked = net.perturb(*imbalanced, attack=shift, epsilon=0.5)
    np.testing.assert_allclose(attacked - imbalanced[0], [[0.5, 0, 0, 0, 0, 0]] * 100, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"y": ["new"] * 100}, "y holds 'new', which the net was not fitted on"),
        ({"y": [0] * 99}, "X has 100 rows and y has 99 labels"),
        ({"attack": "deepfool"}, "attack must be one of 'pgd', 'fgsm', 'autoattack'"),
        ({"loss": "mse"}, "loss must be one of 'ce', 'margin'"),
        ({"feature_scale": "std"}, "feature_scale='std' needs training rows"),
        ({"clip_values": (1, 0)}, "clip_values"),
        ({"feature_mask": [True]}, "feature_mask|broadcast"),
    ],
)
def test_errors_of_perturb_name_the_argument(imbalanced, options, message):
    net = fit(imbalanced, max_epochs=1)
    arguments = {"y": imbalanced[1], **options}
    if options.get("feature_mask"):
        arguments["feature_mask"] = [True, False]
    with pytest.raises(ValueError, match=message):
        net.perturb(imbalanced[0], **arguments)


@pytest.mark.parametrize(("unit", "measure"), [("std", np.std), ("range", np.ptp)])
def test_each_feature_has_its_own_epsilon(imbalanced, unit, measure):
    X, y = imbalanced[0] * [1, 10, 100, 1, 1, 0], imbalanced[1]
    net = fit((X, y), feature_scale=unit, epsilon=0.1)
    np.testing.assert_allclose(net.feature_scale_, measure(X, axis=0), rtol=1e-5)
    moved = np.abs(net.perturb(X, y, early_exit=False) - X).max(axis=0)
    np.testing.assert_allclose(moved, 0.1 * measure(X, axis=0), rtol=1e-3)
    assert moved[5] == 0


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_masked_features_and_clipped_rows_are_respected(four_classes, norm):
    X, y = four_classes
    threat = {"clip_values": (0, 1), "feature_mask": [True, False], "epsilon": 0.6, "norm": norm}
    net = fit((X, y), **threat)
    attacked = net.perturb(X.astype(np.float32), y, early_exit=False)
    assert attacked.min() >= 0
    assert attacked.max() <= 1
    np.testing.assert_array_equal(attacked[:, 1], X[:, 1].astype(np.float32))
    free = net.perturb(X, y, clip_values=None, feature_mask=None, early_exit=False)
    assert free.min() < 0
    assert (np.abs(free[:, 1] - X[:, 1]) > 0.1).any()


def test_training_on_attacks_makes_robust(four_classes):
    X, y = four_classes
    # a third feature that says the class exactly, within reach of the attacker
    X = np.column_stack([X, y / 30])
    scores = []
    for n_steps in (0, 5):
        net = fit((X, y), n_steps=n_steps, epsilon=0.1, max_epochs=60)
        scores.append(net.score(net.perturb(X, y), y))
    assert scores[1] > max(0.8, scores[0])


# -- AutoAttack ----------------------------------------------------------------------------------


# with two or three classes the library's standard set fails
@pytest.mark.parametrize(("n_classes", "epsilon"), [(2, 0.3), (4, 0.2)])
def test_auto_attack_fools_rows_within_the_ball(four_classes, n_classes, epsilon):
    pytest.importorskip("pyautoattack")
    X, y = four_classes[0], four_classes[1] % n_classes
    net = fit((X, y), clip_values=(0, 1), max_epochs=20, module__hidden_dims=(16,))
    X, y = X[:8], y[:8]
    state = torch.get_rng_state()
    attacked = net.perturb(X, y, attack="autoattack", epsilon=epsilon)
    assert np.abs(attacked - X).max() <= epsilon + 1e-5
    assert attacked.min() >= 0
    assert attacked.max() <= 1
    assert net.score(attacked, y) <= net.score(net.perturb(X, y, epsilon=epsilon), y)
    assert net.score(attacked, y) < net.score(X, y)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "AutoAttack needs clip_values"),
        ({"clip_values": (0, 1), "feature_scale": "std"}, "no feature_scale"),
        ({"clip_values": (0, [1, 2])}, "same clip_values"),
    ],
)
def test_auto_attack_refuses_what_it_cannot_express(four_classes, parameters, message):
    pytest.importorskip("pyautoattack")
    net = fit(four_classes, max_epochs=1, **parameters)
    with pytest.raises(ValueError, match=message):
        net.perturb(*four_classes, attack="autoattack")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"epsilon": -1.0}, "epsilon"),
        ({"norm": "l7"}, "norm"),
        ({"n_steps": -2}, "n_steps"),
        ({"step_size": 0.0}, "step_size"),
    ],
)
def test_perturb_refuses_wrong_settings_by_name(wrong, named):
    X = np.random.RandomState(0).normal(size=(20, 3))
    y = (X[:, 0] > 0).astype(int)
    net = AdversarialClassifier(max_epochs=1, n_steps=1, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match=named):
        net.perturb(X, y, **wrong)
