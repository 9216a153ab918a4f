"""What ImbMixClassifier does with a batch. Averaging is in test_imb_mix_averaging."""

import copy
import pickle

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from skorch.dataset import ValidSplit
from torch import nn
from torch.nn import functional

from sklearn_imbgen.nn import ResidualNetwork
from sklearn_imbgen.robust import (
    AdversarialClassifier,
    ImbMixClassifier,
    _imb_mix,
    effective_number_weights,
    separation_loss,
)
from sklearn_imbgen.robust._chapter import IMB_MIX_METHODS

SMALL = {"max_epochs": 4, "n_steps": 2, "batch_size": 32, "random_state": 0}
# adversarial training alone: what a test of one part begins from
PLAIN = {
    "n_supplementary": 0,
    "mixing": None,
    "averaging_start": None,
    "class_weight": None,
    "separation_weight": 0,
}
# a step too small to see: the network at the end of a batch is the one that it was given to
STILL = {"lr": 1e-12, "max_epochs": 1, "batch_size": 100}


class Batches(Callback):
    """Notes rows and classes of each batch before and after the augmentation."""

    def initialize(self):
        self.drawn, self.learned = [], []
        return self

    def on_batch_begin(self, net, batch, training, **kwargs):
        if training:
            self.drawn.append(batch)

    def on_grad_computed(self, net, named_parameters, batch, **kwargs):
        self.learned.append(batch)


def fit(data, kind=ImbMixClassifier, **parameters):
    return kind(**{**SMALL, **parameters}).fit(*data)


def watched(data, **parameters):
    net = fit(data, callbacks=[("batches", Batches())], **parameters)
    return net, dict(net.callbacks_)["batches"]


def counts(batches):
    return np.bincount(np.concatenate([y for _, y in batches])).tolist()


def same(first, second):
    pairs = zip(
        first.module_.state_dict().values(), second.module_.state_dict().values(), strict=True
    )
    return all(torch.equal(a, b) for a, b in pairs)


# -- the chapter's rows --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "supplementary", "mixing", "averaging", "weight", "sampling"),
    [
        ("vanilla", 0, None, None, None, None),
        ("resample", 0, None, None, None, "effective"),
        ("reweight", 0, None, None, "effective", None),
        ("mixup", 0, "mixup", None, None, None),
        ("remix", 0, "remix", None, None, None),
        ("data_aug", 3, "remix", None, None, None),
        ("Imb-Mix", 3, "remix", 0.8, None, None),
    ],
)
def test_methods_of_the_chapter(
    imbalanced, method, supplementary, mixing, averaging, weight, sampling
):
    net = ImbMixClassifier.from_chapter(method, **SMALL)
    assert (net.n_supplementary, net.mixing, net.averaging_start) == (
        supplementary,
        mixing,
        averaging,
    )
    assert (net.class_weight, getattr(net, "iterator_train__class_weight", None)) == (
        weight,
        sampling,
    )
    assert (net.mixing__kappa, net.mixing__tau, net.mixing__concentration) == (3, 0.5, 1)
    assert net.separation_weight == 0
    if weight:
        assert net.reweight_start == 0
    assert np.isfinite(net.fit(*imbalanced).predict_proba(imbalanced[0])).all()
    assert len(IMB_MIX_METHODS) == 7


def test_parameters_go_before_those_of_a_method_and_do_not_change_it():
    before = copy.deepcopy(IMB_MIX_METHODS)
    net = ImbMixClassifier.from_chapter("Imb-Mix", n_supplementary=1, optimizer__lr=0.5)
    assert (net.n_supplementary, net.mixing, net.optimizer__lr) == (1, "remix", 0.5)
    assert before == IMB_MIX_METHODS


def test_an_unknown_method_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"method must be one of vanilla, .*Imb-Mix; got 'LDAM'"):
        ImbMixClassifier.from_chapter("LDAM")


@pytest.mark.parametrize(("method", "baseline"), [("vanilla", "CE"), ("reweight", "CB-Reweight")])
def test_without_its_parts_it_is_the_adversarial_classifier(imbalanced, method, baseline):
    ours = ImbMixClassifier.from_chapter(method, **SMALL).fit(*imbalanced)
    theirs = AdversarialClassifier.from_chapter(baseline, **SMALL).fit(*imbalanced)
    assert same(ours, theirs)
    assert ours.history[:, "train_loss"] == theirs.history[:, "train_loss"]


def test_resampling_is_the_adversarial_classifier_with_other_batches(imbalanced):
    ours = ImbMixClassifier.from_chapter("resample", **SMALL).fit(*imbalanced)
    weight = torch.tensor(effective_number_weights([90, 10]))
    theirs = fit(imbalanced, AdversarialClassifier, iterator_train__class_weight=weight)
    assert same(ours, theirs)


def test_remix_of_equal_classes_is_mixup_and_of_others_is_not(imbalanced):
    X, y = imbalanced
    for labels, equal in ((np.arange(100) % 2, True), (y, False)):
        nets = [
            ImbMixClassifier.from_chapter(name, **SMALL).fit(X, labels)
            for name in ("mixup", "remix")
        ]
        assert same(*nets) is equal


# -- the batch -----------------------------------------------------------------------------------


def test_rare_rows_get_supplementary_examples(imbalanced):
    for wanted, expected in ((2, [90, 30]), (0, [90, 10])):
        net, batches = watched(imbalanced, **{**PLAIN, "n_supplementary": wanted, "max_epochs": 1})
        assert counts(batches.drawn) == [90, 10]
        assert counts(batches.learned) == expected
        assert net.supplementary_counts_.tolist() == [0, wanted]
    net, batches = watched(imbalanced, **{**PLAIN, "n_supplementary": "auto", "max_epochs": 1})
    assert net.supplementary_counts_.tolist() == [0, 8]
    assert counts(batches.learned) == [90, 90]


def test_supplementary_examples_lie_in_the_ball_around_their_row(imbalanced):
    threat = {
        "epsilon": 0.25,
        "attack__clip_values": (-2, 2),
        "attack__feature_mask": [True] * 5 + [False],
    }
    X, y = imbalanced[0].clip(-2, 2), imbalanced[1]
    _, batches = watched((X, y), **{**PLAIN, **STILL, "n_supplementary": 5, **threat})
    (learned, classes), (drawn, _) = batches.learned[0], batches.drawn[0]
    rare = learned[100:]
    assert (classes[100:] == 1).all()
    assert len(rare) == 50
    # ten rows, five examples each
    gaps = (rare[:, None] - torch.as_tensor(X[y == 1]).float()).abs().amax(dim=2)
    assert gaps.amin(dim=1).max() <= 0.25 + 1e-5
    assert torch.bincount(gaps.argmin(dim=1)).tolist() == [5] * 10
    assert len(rare.unique(dim=0)) == 50
    assert rare.abs().max() <= 2
    assert set(rare[:, 5].tolist()) <= set(drawn[:, 5].tolist())


def test_equal_classes_get_none_whatever_is_asked_for(imbalanced):
    y = np.arange(100) % 2
    for wanted in (3, "auto"):
        net, batches = watched(
            (imbalanced[0], y), **{**PLAIN, "n_supplementary": wanted, "max_epochs": 1}
        )
        assert net.supplementary_counts_.tolist() == [0, 0]
        assert counts(batches.learned) == [50, 50]


def test_a_class_of_one_row_is_filled_up(imbalanced):
    X, y = imbalanced[0], np.zeros(100, int)
    y[0] = 1
    _, batches = watched((X, y), max_epochs=1, mixing=None, n_supplementary="auto")
    assert counts(batches.learned) == [99, 99]
    assert fit((X, y), n_supplementary=3, separation_weight=0.5).predict(X).shape == (100,)


def test_parameters_reach_the_equations(imbalanced, monkeypatch):
    given = {}

    def watch(name):
        function = getattr(_imb_mix, name)

        def call(*args, **kwargs):
            given.update(kwargs)
            return function(*args, **kwargs)

        monkeypatch.setattr(_imb_mix, name, call)

    watch("supplementary_examples")
    watch("mix_rows")
    parameters = {"concentration": 0.7, "kappa": 2.5, "tau": 0.3}
    net = fit(
        imbalanced,
        n_supplementary=2,
        epsilon=0.2,
        supplementary__noise_scale=1.7,
        **{f"mixing__{name}": value for name, value in parameters.items()},
    )
    assert {name: given[name] for name in parameters} == parameters
    assert (given["noise_scale"], given["rebalanced"], given["threat"].epsilon) == (1.7, True, 0.2)
    # the sizes with the supplementary examples
    assert given["class_counts"].tolist() == [90, 30]
    assert given["generator"] is net._device_generator
    fit(imbalanced, mixing="mixup")
    assert given["rebalanced"] is False


@pytest.mark.parametrize("mixing", ["mixup", "remix"])
@pytest.mark.parametrize("parts", [{}, {"class_weight": {0: 1.0, 1: 5.0}, "reweight_start": 0}])
def test_the_loss_is_that_of_the_mixed_rows_with_their_mixed_labels(imbalanced, mixing, parts):
    found = []

    class Compute(Callback):
        def on_grad_computed(self, net, named_parameters, batch, **kwargs):
            mixed = net._mixed
            assert torch.equal(mixed.X, batch[0])
            share = mixed.share[:, None]
            soft = share * functional.one_hot(mixed.y, 2)
            soft = soft + (1 - share) * functional.one_hot(mixed.y_partner, 2)
            weight = torch.tensor([1.0, 5.0 if parts else 1.0])
            with torch.no_grad():
                loss = functional.cross_entropy(net.module_(mixed.X), soft, weight=weight)
            found.append((loss / (soft @ weight).mean()).item())

    given = {"mixing": mixing, "n_supplementary": 1, "criterion": "ce"}
    net = fit(imbalanced, callbacks=[Compute()], **{**PLAIN, **STILL, **given, **parts})
    assert net.history[-1, "batches", :, "train_loss"] == pytest.approx(found, rel=1e-5)


@pytest.mark.parametrize(
    ("loss", "parts"),
    [
        ("ce", {}),
        ("focal", {"class_weight": None}),
        ("ldam", {}),
        # which makes up for the sizes of the classes itself
        ("balanced_softmax", {"n_supplementary": 0, "class_weight": None}),
    ],
)
def test_each_loss_learns(imbalanced, loss, parts):
    X, y = imbalanced
    net = fit(
        imbalanced, criterion=loss, max_epochs=20, callbacks__learning_rate_schedule=None, **parts
    )
    assert np.mean(net.predict(X)[y == 1] == 1) >= 0.8
    assert np.mean(net.predict(X)[y == 0] == 0) >= 0.8


def test_rare_classes_are_drawn_more_often(imbalanced):
    _, plain = watched(imbalanced, **PLAIN)
    assert counts(plain.drawn) == [360, 40]
    _, sampled = watched(imbalanced, **{**PLAIN, "iterator_train__class_weight": "effective"})
    # half of 400, with a standard deviation of 10
    assert 160 < counts(sampled.drawn)[1] < 240
    _, flat = watched(imbalanced, **{**PLAIN, "iterator_train__class_weight": torch.ones(2)})
    # every class counts alike, as drawn by row
    assert counts(flat.drawn)[1] < 80


# -- separation ----------------------------------------------------------------------------------


def test_separation_adds_its_loss_on_the_mixed_rows(imbalanced):
    found = []

    class Compute(Callback):
        def on_grad_computed(self, net, named_parameters, batch, **kwargs):
            features = torch.tensor(net.extract_features(batch[0].numpy()))
            classes = torch.where(net._mixed.share >= 0.5, net._mixed.y, net._mixed.y_partner)
            found.append(separation_loss(features, classes, temperature=0.5).item())

    net = fit(
        imbalanced,
        callbacks=[Compute()],
        separation__temperature=0.5,
        **{**PLAIN, **STILL, "mixing": "remix", "separation_weight": 0.7},
    )
    (batch,) = net.history[-1, "batches"]
    assert batch["separation_loss"] == pytest.approx(found[0], rel=1e-4)
    total = batch["prediction_loss"] + 0.7 * batch["separation_loss"]
    assert batch["train_loss"] == pytest.approx(total, rel=1e-5)


def test_separation_changes_the_network_and_without_it_nothing_is_recorded(imbalanced):
    without = fit(imbalanced, separation_weight=0)
    assert "separation_loss" not in without.history[-1, "batches", 0]
    assert not same(fit(imbalanced, separation_weight=0.5), without)


# -- edges ---------------------------------------------------------------------------------------


def test_without_a_ball_the_examples_are_copies(imbalanced):
    X, _ = imbalanced
    _, batches = watched(
        imbalanced, **{**PLAIN, "n_supplementary": 3, "epsilon": 0, "max_epochs": 1}
    )
    assert counts(batches.learned) == [90, 40]
    learned = torch.cat([rows for rows, _ in batches.learned])
    assert len(learned.unique(dim=0)) == 100
    assert np.isfinite(fit(imbalanced, epsilon=0).predict_proba(X)).all()
    # no steps are no perturbation either
    assert same(fit(imbalanced, epsilon=0), fit(imbalanced, n_steps=0, epsilon=0))


def test_partial_fit_with_a_class_not_met_yet(imbalanced):
    X, y = imbalanced[0], np.array(["common", "rare"])[imbalanced[1]]
    net = ImbMixClassifier(
        **SMALL, iterator_train__class_weight="effective", n_supplementary="auto"
    )
    net.partial_fit(X[:60], y[:60], classes=["common", "middle", "rare"])
    assert net.supplementary_counts_.tolist() == [0, 0, 0]
    assert net.predict_proba(X).shape == (100, 3)
    net.partial_fit(X[60:], y[60:])
    assert net.class_counts_.tolist() == [90, 0, 10]
    assert net.supplementary_counts_.tolist() == [0, 0, 8]
    assert len(net.history) == 8
    assert set(net.predict(X)) <= {"common", "middle", "rare"}


def test_a_split_is_validated_while_it_trains(imbalanced):
    X, y = imbalanced
    net = fit((X, y), train_split=ValidSplit(5, stratified=True), max_epochs=10)
    for column in ("train_loss", "valid_loss", "valid_acc"):
        assert np.isfinite(net.history[:, column]).all()
    # labels that are not mixed: 20 rows
    assert net.history[-1, "batches", :, "valid_batch_size"] == [20]
    assert {round(value * 20, 6) % 1 for value in net.history[:, "valid_acc"]} == {0}
    assert net.history[-1, "valid_acc"] >= 0.8


def test_a_fitted_net_is_pickled_without_its_last_batch(imbalanced):
    X, y = imbalanced
    net = fit(imbalanced, separation_weight=0.5)
    content = pickle.dumps(net)
    again = pickle.loads(content)
    assert again._mixed is None
    assert again.n_averaged_ == 1
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))
    np.testing.assert_array_equal(again.perturb(X, y), net.perturb(X, y))
    assert same(again.partial_fit(X, y), net.partial_fit(X, y))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_supplementary", -1),
        ("n_supplementary", "all"),
        ("n_supplementary", 0.5),
        ("supplementary__noise_scale", -0.1),
        ("mixing", "cutmix"),
        ("mixing__concentration", 0),
        ("mixing__kappa", 0.5),
        ("mixing__tau", 1.1),
        ("averaging_start", -1),
        ("averaging_start", 1.5),
        ("separation_weight", -1.0),
        ("separation__temperature", 0.0),
    ],
)
def test_wrong_parameters_are_refused_by_name(imbalanced, name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of ImbMixClassifier"):
        fit(imbalanced, **{name: value})


def test_images_are_augmented_by_the_built_in_network():
    generator = np.random.RandomState(0)
    y = np.repeat([0, 1], [24, 6])
    X = generator.rand(30, 1, 8, 8).astype(np.float32)
    X[y == 1, :, :4] += 0.5
    net, batches = watched(
        (X, y),
        epsilon=0.05,
        attack__clip_values=(0, 1.5),
        module__width=4,
        separation_weight=0.1,
        averaging_start=2,
    )
    assert isinstance(net.module_, ResidualNetwork)
    # the pass for the statistics of batch normalisation learns nothing
    assert len(batches.learned) == 4
    rows = batches.learned[0][0]
    assert rows.shape == (36, 1, 8, 8)
    assert rows.min() >= 0
    assert rows.max() <= 1.5
    assert net.n_averaged_ == 2
    assert net.predict(X).shape == (30,)
    assert net.perturb(X, y).shape == X.shape
    norms = [layer for layer in net.module_.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert {layer.momentum for layer in norms} == {0.1}
    assert {int(layer.num_batches_tracked) for layer in norms} == {1}


def test_drawing_by_class_is_not_dropped_silently(imbalanced):
    with pytest.raises(TypeError, match="class_weight"):
        fit(
            imbalanced,
            iterator_train__class_weight="effective",
            iterator_train=torch.utils.data.DataLoader,
        )
    with pytest.raises(ValueError, match='iterator_train__class_weight must be "effective"'):
        fit(imbalanced, iterator_train__class_weight="balanced")
