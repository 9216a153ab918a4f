"""Attacks on fitted nets by ``perturb``."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from sklearn_imbgen.robust import AdversarialClassifier
from sklearn_imbgen.robust._perturb import _auto_attack_names

SMALL = {"max_epochs": 4, "n_steps": 2, "batch_size": 32, "random_state": 0}


def fit(data, **parameters):
    return AdversarialClassifier(**{**SMALL, **parameters}).fit(*data)


@pytest.fixture(scope="module")
def four_classes():
    """100 rows in [0, 1] of four classes, which two features tell apart."""
    generator = np.random.RandomState(0)
    y = np.arange(100) % 4
    corners = np.array([[0.25, 0.25], [0.25, 0.75], [0.75, 0.25], [0.75, 0.75]])
    return (corners[y] + 0.05 * generator.randn(100, 2)).clip(0, 1), y


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
    net = fit(imbalanced, attack__feature_mask=[True] + [False] * 5)

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
    net = fit((X, y), attack__feature_scale=unit, epsilon=0.1)
    np.testing.assert_allclose(net.feature_scale_, measure(X, axis=0), rtol=1e-5)
    moved = np.abs(net.perturb(X, y, early_exit=False) - X).max(axis=0)
    np.testing.assert_allclose(moved, 0.1 * measure(X, axis=0), rtol=1e-3)
    assert moved[5] == 0


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_masked_features_and_clipped_rows_are_respected(four_classes, norm):
    X, y = four_classes
    threat = {"attack__clip_values": (0, 1), "attack__feature_mask": [True, False]}
    net = fit((X, y), epsilon=0.6, norm=norm, **threat)
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
@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize(("n_classes", "epsilon"), [(2, 0.3), (4, 0.2)])
def test_auto_attack_fools_rows_within_the_ball(four_classes, n_classes, epsilon, norm):
    pytest.importorskip("pyautoattack")
    X, y = four_classes[0], four_classes[1] % n_classes
    net = fit((X, y), attack__clip_values=(0, 1), max_epochs=20, module__hidden_dims=(), norm=norm)
    X, y = X[:3], y[:3]
    state = torch.get_rng_state()
    attacked = net.perturb(X, y, attack="autoattack", epsilon=epsilon)
    order = np.inf if norm == "linf" else 2
    assert np.linalg.norm(attacked - X, order, axis=1).max() <= epsilon + 1e-5
    assert attacked.min() >= 0
    assert attacked.max() <= 1
    assert net.score(attacked, y) <= net.score(net.perturb(X, y, epsilon=epsilon), y)
    assert net.score(attacked, y) < net.score(X, y)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_square_attack_is_left_out_where_its_pattern_does_not_fit():
    targeted = ["apgd-ce", "apgd-t", "fab-t"]
    assert _auto_attack_names("linf", (1, 6), 4) == [*targeted, "square"]
    assert _auto_attack_names("l2", (32, 32), 10) == [*targeted, "square"]
    assert _auto_attack_names("l2", (1, 6), 4) == targeted
    assert _auto_attack_names("l2", (4, 4), 4) == targeted
    assert _auto_attack_names("l2", (8, 8), 2) == ["apgd-ce", "square"]
    assert _auto_attack_names("l2", (1, 6), 3) == ["apgd-ce", "fab"]


@pytest.mark.parametrize("shape", [(1, 6, 6), (2, 3, 5)])
def test_auto_attack_takes_images_of_any_shape_under_l2(shape):
    pytest.importorskip("pyautoattack")
    y = np.arange(20) % 2
    images = np.random.RandomState(0).uniform(0.3, 0.7, (20, *shape)).astype(np.float32)
    images += 0.1 * y[:, None, None, None]
    module = nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), 2))
    net = fit((images, y), module=module, attack__clip_values=(0, 1), norm="l2", max_epochs=20)
    attacked = net.perturb(images[:3], y[:3], attack="autoattack", epsilon=3.0)
    assert np.linalg.norm((attacked - images[:3]).reshape(3, -1), axis=1).max() <= 3 + 1e-5
    assert net.score(attacked, y[:3]) < net.score(images[:3], y[:3])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "AutoAttack needs clip_values"),
        ({"attack__clip_values": (0, 1), "attack__feature_scale": "std"}, "no feature_scale"),
        ({"attack__clip_values": (0, [1, 2])}, "same clip_values"),
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
