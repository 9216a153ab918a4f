"""What AdversarialClassifier and SRATClassifier do with their parameters."""

import numpy as np
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


class Scales(Callback):
    """Notes the scale of the cosines in every epoch."""

    def __init__(self):
        self.seen = []

    def on_batch_begin(self, net, batch=None, training=True, **kwargs):
        self.seen.append(float(net.module_.head.scale))


@pytest.mark.parametrize(
    ("warmup", "expected"),
    [(0, [9, 9, 9, 9]), (0.5, [5, 9, 9, 9]), (4, [3, 5, 7, 9]), (8, [2, 3, 4, 5])],
)
def test_the_scale_of_ldam_grows_to_its_value(imbalanced, warmup, expected):
    scales = Scales()
    settings = {"criterion__scale": 9.0, "criterion__scale_warmup": warmup, "batch_size": 500}
    fit(imbalanced, criterion="ldam", callbacks=[scales], **settings)
    assert scales.seen == expected


def test_weights_that_set_in_change_the_training_from_then_on(imbalanced):
    plain = fit(imbalanced)
    deferred = fit(imbalanced, class_weight="balanced", reweight_start=2)
    losses = [net.history[:, "train_loss"] for net in (plain, deferred)]
    assert losses[0][:2] == losses[1][:2]
    assert losses[0][2] != losses[1][2]


def test_the_learning_rate_falls_at_its_milestones(imbalanced):
    watch = watched(
        imbalanced,
        lr=0.08,
        callbacks__learning_rate_schedule__milestones=(1, 0.75),
        callbacks__learning_rate_schedule__factor=0.5,
    )
    assert watch.rates == pytest.approx([0.08, 0.04, 0.04, 0.02])
    assert watched(imbalanced, lr=0.08, callbacks__learning_rate_schedule=None).rates == [0.08] * 4


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
    net = fit(
        imbalanced,
        kind,
        criterion=loss,
        max_epochs=20,
        callbacks__learning_rate_schedule=None,
        **weights,
    )
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
    assert (net.criterion, net.class_weight, net.reweight_start) == (loss, weight, start)
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
    assert (net.epsilon, net.attack__step_size) == (epsilon / 255, step / 255)
    assert net.get_params()["module__width"] == 64


def test_rows_of_the_chapter_stay_apart_with_the_settings_for_images():
    rows = {}
    for method in CHAPTER_METHODS:
        net = AdversarialClassifier.from_chapter(method, **image_settings())
        start = net.reweight_start and net.reweight_start * net.max_epochs
        rows[method] = (net.criterion, net.class_weight, start)
    assert len(set(rows.values())) == len(CHAPTER_METHODS)
    assert rows["CB-Reweight"] == ("ce", "effective", 0)
    # where the learning rate falls, section 4.5.1
    assert rows["DRCB-CE"] == ("ce", "effective", 160)


# -- separation ----------------------------------------------------------------------------------


def test_srat_without_separation_is_deferred_adversarial_training(imbalanced):
    deferred = {"criterion": "ldam", "class_weight": "effective", "reweight_start": 0.8}
    plain = fit(imbalanced, **deferred)
    without = {"separation_weight": 0, "criterion": "ldam"}
    assert same(fit(imbalanced, SRATClassifier, **without), plain)


def test_automatic_weights_are_none_where_the_loss_knows_the_sizes(imbalanced):
    assert fit(imbalanced, SRATClassifier, criterion="ce").class_weight_ is not None
    assert fit(imbalanced, SRATClassifier).class_weight_ is None
    given = fit(imbalanced, SRATClassifier, class_weight="effective")
    assert given.class_weight_ is not None


def test_both_losses_are_recorded_and_add_up(imbalanced):
    net = fit(imbalanced, SRATClassifier, separation_weight=0.5)
    for batch in net.history[-1, "batches"]:
        total = batch["prediction_loss"] + 0.5 * batch["separation_loss"]
        assert batch["train_loss"] == pytest.approx(total, rel=1e-5)
        assert batch["separation_loss"] > 0


def test_separation_lowers_the_loss_of_equation_4_12(imbalanced):
    X, y = imbalanced
    settings = {"max_epochs": 20, "criterion": "ce", "reweight_start": 0}
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
    by_default = fit(imbalanced, SRATClassifier, module=Body, criterion="ce")
    named = fit(imbalanced, SRATClassifier, module=Body, criterion="ce", separation__layer="out")
    assert by_default.extract_features(X).shape == (100, 5)
    assert named.extract_features(X).shape == (100, 3)
    assert not same(by_default, named)
    # they are what the named layer turns into logits
    with torch.no_grad():
        logits = named.module_.out(torch.tensor(named.extract_features(X)))
    np.testing.assert_allclose(logits.softmax(dim=1), named.predict_proba(X), atol=1e-5)


def test_an_unknown_feature_layer_is_refused(imbalanced):
    with pytest.raises(ValueError, match=r"separation__layer='head2' is no part of module.*'head'"):
        fit(imbalanced, SRATClassifier, separation__layer="head2")


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_ldam_measures_cosines_in_the_last_layer(imbalanced, kind):
    net = fit(imbalanced, kind, criterion="ldam", criterion__scale=7.0)
    assert isinstance(net.module_.head, CosineLinear)
    assert net.module_.head.scale == 7
    with torch.no_grad():
        assert net.module_(torch.tensor(imbalanced[0]).float()).abs().max() <= 7 + 1e-4
    own = fit(imbalanced, kind, criterion="ldam", module=nn.Sequential(nn.Linear(6, 2)))
    assert isinstance(own.module_[0], CosineLinear)
    assert isinstance(fit(imbalanced, kind, criterion="ce").module_.head, nn.Linear)
