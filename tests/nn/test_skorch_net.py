"""The bridge to skorch: networks, labels, inputs, seeds. Training is in test_skorch_training."""

import functools
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from torch import nn
from torch.utils.data import DataLoader

from sklearn_imbgen.nn import ResidualNetwork, TableNetwork
from sklearn_imbgen.robust import AdversarialClassifier, ImbMixClassifier, SRATClassifier

SMALL = {"max_epochs": 2, "n_steps": 1, "batch_size": 32, "random_state": 0}
CLASSIFIERS = [AdversarialClassifier, SRATClassifier, ImbMixClassifier]


class Adaptive(nn.Module):
    """A user's network that asks for the sizes of the data; draws from the global RNG."""

    def __init__(self, n_features, n_classes, width=5, dropout=0.5):
        super().__init__()
        self.n_features, self.n_classes = n_features, n_classes
        self.hidden = nn.Sequential(nn.Linear(n_features, width), nn.ReLU(), nn.Dropout(dropout))
        self.head = nn.Linear(width, n_classes)

    def forward(self, X):
        return self.head(self.hidden(X))


class Normalised(Adaptive):
    """With batch normalisation, which cannot train on a single row."""

    def __init__(self, n_features, n_classes):
        super().__init__(n_features, n_classes)
        self.normalise = nn.BatchNorm1d(n_features)

    def forward(self, X):
        return super().forward(self.normalise(X))


class NoLinear(nn.Module):
    def __init__(self):
        super().__init__()
        self.maps = nn.Conv1d(1, 2, 6)

    def forward(self, X):
        return self.maps(X[:, None]).squeeze(2)


def build(n_features, n_classes, width=3):
    return nn.Sequential(nn.Linear(n_features, width), nn.ReLU(), nn.Linear(width, n_classes))


def fit(X, y, kind=AdversarialClassifier, **parameters):
    return kind(**{**SMALL, **parameters}).fit(X, y)


def same(first, second):
    pairs = zip(
        first.module_.state_dict().values(), second.module_.state_dict().values(), strict=True
    )
    return all(torch.equal(a, b) for a, b in pairs)


# -- networks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_module_class_is_told_the_sizes_of_the_data(imbalanced, kind):
    X, y = imbalanced
    net = fit(X, y, kind, module=Adaptive, module__width=7)
    assert (net.module_.n_features, net.module_.n_classes) == (6, 2)
    assert net.module_.hidden[0].out_features == 7
    wider = net.fit(X[:, :4], np.arange(100) % 3)
    assert (wider.module_.n_features, wider.module_.n_classes) == (4, 3)


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_module_instance_is_not_changed(imbalanced, kind):
    module = Adaptive(6, 2)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    layers = [type(part) for part in module.modules()]
    net = fit(*imbalanced, kind, module=module)
    assert net.module is module
    assert net.module_ is not module
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert [type(part) for part in module.modules()] == layers
    assert not torch.equal(net.module_.hidden[0].weight, module.hidden[0].weight)


@pytest.mark.parametrize("function", [build, functools.partial(build, width=4)])
def test_a_function_builds_the_module(imbalanced, function):
    net = fit(*imbalanced, module=function)
    assert net.module_[0].in_features == 6
    assert fit(*imbalanced, module=function, module__width=9).module_[0].out_features == 9


def test_a_function_without_arguments_builds_the_module(imbalanced):
    assert fit(*imbalanced, module=lambda: nn.Linear(6, 2)).module_.in_features == 6


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_single_linear_layer_is_a_network(imbalanced, kind):
    net = fit(*imbalanced, kind, module=nn.Linear(6, 2))
    assert net.extract_features(imbalanced[0]).shape == (100, 6)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Linear(5, 2), r"module cannot take rows of shape \(6,\)"),
        (nn.Linear(6, 3), r"module maps 2 rows to \(2, 3\); it must give one logit per class"),
        (nn.GRU(6, 2), r"module maps 2 rows to tuple"),
        ("mlp", "'module' parameter"),
    ],
)
def test_a_wrong_module_is_named(imbalanced, module, message):
    with pytest.raises(ValueError, match=message):
        fit(*imbalanced, module=module)


def test_a_class_with_other_sizes_is_named(imbalanced):
    with pytest.raises(TypeError, match="module cannot be built with n_features"):
        fit(*imbalanced, module=nn.Linear)


def test_a_module_without_a_linear_layer_needs_a_feature_layer(imbalanced):
    srat = {"kind": SRATClassifier, "module": NoLinear}
    with pytest.raises(ValueError, match=r"module has no torch.nn.Linear layer.*separation__layer"):
        fit(*imbalanced, criterion="ce", **srat)
    fit(*imbalanced, criterion="ce", separation__layer="maps", **srat)
    fit(*imbalanced, AdversarialClassifier, module=NoLinear)
    with pytest.raises(ValueError, match="which has none"):
        fit(*imbalanced, criterion="ldam", separation__layer="maps", **srat)


def test_the_default_network_of_a_table(imbalanced):
    net = fit(*imbalanced, module__hidden_dims=(5,), epsilon=0.0)
    assert isinstance(net.module_, TableNetwork)
    assert net.module_.hidden[0][0].out_features == 5
    X = imbalanced[0].astype(np.float32)
    np.testing.assert_allclose(net.module_.standardize.mean, X.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(net.module_.standardize.scale, X.std(axis=0), rtol=1e-5)


def test_a_constant_column_has_the_unit_1_in_the_default_network():
    X = np.array([[1e6, 0.0], [1e6, 1.0], [1e6, 2.0], [1e6, 3.0]])
    net = fit(X, [0, 0, 1, 1], epsilon=0.0)
    assert net.module_.standardize.scale[0] == 1
    assert np.isfinite(net.predict_proba(X)).all()


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_images_get_a_residual_network(kind):
    images = np.random.RandomState(0).rand(20, 3, 8, 8)
    net = fit(images, np.arange(20) % 2, kind, module__width=4, module__blocks=(1, 1))
    assert isinstance(net.module_, ResidualNetwork)
    assert net.module_.standardize.mean.shape == (3, 1, 1)
    assert net.predict_proba(images).shape == (20, 2)
    assert net.extract_features(images).shape == (20, 8)
    assert net.perturb(images, np.arange(20) % 2).shape == images.shape
    with pytest.raises(ValueError, match=r"\(3, 8, 4\).*fitted on rows of shape \(3, 8, 8\)"):
        net.predict(images[..., :4])


def test_rows_of_another_shape_need_a_module():
    sequences = np.zeros((10, 4, 3))
    y = np.arange(10) % 2
    with pytest.raises(ValueError, match=r"\(4, 3\).*Pass a module"):
        fit(sequences, y)
    module = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    assert fit(sequences, y, module=module).predict(sequences).shape == (10,)


# -- labels --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "labels",
    [
        ["good", "bad"],
        [7, 3],
        [-1, 1],
        [True, False],
        [0.0, 2.0],
        np.array(["2021-01-01", "2020-01-01"], dtype="datetime64[D]"),
    ],
)
def test_labels_of_any_kind_come_back(imbalanced, labels):
    X, codes = imbalanced
    y = np.asarray(labels)[codes]
    net = fit(X, y, max_epochs=20)
    predicted = net.predict(X)
    assert predicted.dtype == y.dtype
    assert np.mean(predicted == y) > 0.9
    np.testing.assert_array_equal(net.classes_, np.unique(y))
    np.testing.assert_array_equal(net.class_counts_, np.unique(y, return_counts=True)[1])


@pytest.mark.parametrize("wrap", [list, pd.Series, torch.tensor])
def test_labels_in_any_container(imbalanced, wrap):
    X, y = imbalanced
    assert same(fit(X, wrap(y.copy())), fit(X, y))


def test_one_class_is_refused_by_name(imbalanced):
    with pytest.raises(ValueError, match="one class only, 'no'"):
        fit(imbalanced[0], ["no"] * 100)


# -- inputs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrap", [np.asfortranarray, pd.DataFrame, torch.tensor, lambda X: X.tolist(), np.float32]
)
def test_rows_in_any_container(imbalanced, wrap):
    X, y = imbalanced
    reference, net = fit(X, y), fit(wrap(X.copy()), y)
    assert same(net, reference)
    np.testing.assert_array_equal(net.predict_proba(wrap(X.copy())), reference.predict_proba(X))


def test_read_only_rows_are_not_written_to(imbalanced):
    X = imbalanced[0].astype(np.float32)
    before = X.copy()
    X.flags.writeable = False
    net = fit(X, imbalanced[1])
    net.perturb(X, imbalanced[1])
    np.testing.assert_array_equal(X, before)


def test_a_single_last_row_does_not_break_batch_normalisation(imbalanced):
    X, y = imbalanced
    net = fit(X[-33:], y[-33:], module=Normalised)
    assert net.history[-1, "batches", :, "train_batch_size"] == [33]


@pytest.mark.parametrize("parameters", [{}, {"module": Adaptive}, {"device": torch.device("cpu")}])
def test_probabilities_are_the_softmax_of_the_module(imbalanced, parameters):
    X, y = imbalanced
    net = fit(X, y, **parameters)
    with torch.no_grad():
        logits = net.module_.eval()(torch.tensor(X, dtype=torch.float32))
    found = net.predict_proba(X)
    np.testing.assert_allclose(found, logits.softmax(dim=1), atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    np.testing.assert_array_equal(net.predict(X), net.classes_[found.argmax(axis=1)])


def test_a_row_has_the_same_probabilities_whatever_stands_beside_it(imbalanced):
    X, y = imbalanced
    net = fit(X, y)
    alone = np.concatenate([net.predict_proba(row[None]) for row in X])
    np.testing.assert_allclose(alone, net.predict_proba(X), rtol=1e-12)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "extract_features"])
def test_an_unfitted_net_says_so(imbalanced, method):
    with pytest.raises(NotFittedError):
        getattr(AdversarialClassifier(), method)(imbalanced[0])


def test_a_net_without_data_cannot_be_initialised():
    with pytest.raises(ValueError, match="call fit or partial_fit first"):
        AdversarialClassifier(module=nn.Linear(6, 2)).initialize()


# -- parameters ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epsilon", -1),
        ("n_steps", -1),
        ("n_steps", 1.5),
        ("attack__step_size", 0),
        ("norm", "l1"),
        ("lr", 0.0),
        ("max_epochs", -1),
        ("batch_size", 0),
        ("reweight_start", 1.5),
        ("reweight_start", -1),
        ("criterion", "mse"),
        ("class_weight", "rare"),
        ("attack__feature_scale", "iqr"),
        ("checkpoint", 3),
        ("device", "cuda:99"),
    ],
)
def test_constraints_are_honoured(imbalanced, name, value):
    with pytest.raises(ValueError, match=name):
        fit(*imbalanced, **{name: value})


@pytest.mark.parametrize(
    ("criterion", "name", "value"),
    [
        ("ldam", "max_margin", -0.1),
        ("ldam", "scale", -1),
        ("ldam", "scale_warmup", -1),
        ("focal", "gamma", -1),
    ],
)
def test_constraints_of_the_loss_are_honoured(imbalanced, criterion, name, value):
    with pytest.raises(ValueError, match=f"criterion__{name} must be a number of at least 0"):
        fit(*imbalanced, criterion=criterion, **{f"criterion__{name}": value})


UNKNOWN = {
    "epsilonn": {},
    "iterator_train_shuffle": {},
    "attack__radius": {},
    "separation__layer": {"kind": AdversarialClassifier},
    "mixing__kapa": {"kind": ImbMixClassifier},
    "criterion__gamma": {"criterion": "ce"},
    "module__widht": {"module": Adaptive},
    "module__hidden_dim": {},
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_parameter_is_named_at_once(name):
    given = dict(UNKNOWN[name])
    kind = given.pop("kind", SRATClassifier)
    with pytest.raises(TypeError, match=rf"{kind.__name__}\(\) got .*'{name}'. Known are "):
        kind(**given, **{name: 1})
    net = kind(**given)
    before = net.get_params(deep=False)
    with pytest.raises(ValueError, match=f"Invalid parameter '{name}' for .* Known are "):
        net.set_params(**{name: 1})
    assert net.get_params(deep=False) == before


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_the_text_of_a_net_shows_its_parameters(imbalanced, kind):
    net = kind(**SMALL, attack__step_size=0.25, module__hidden_dims=(3,))
    for shown in (net, net.fit(*imbalanced)):
        assert f"{kind.__name__}(attack__step_size=0.25, batch_size=32," in repr(shown)
        page = shown._repr_html_()
        assert "attack__step_size" in page
        assert "module__hidden_dims" in page


def test_device_auto_is_kept_as_a_parameter(imbalanced):
    net = fit(*imbalanced, device="auto")
    assert net.get_params()["device"] == clone(net).get_params()["device"] == "auto"
    again = pickle.loads(pickle.dumps(net))
    assert again.get_params()["device"] == "auto"
    np.testing.assert_array_equal(
        again.predict_proba(imbalanced[0]), net.predict_proba(imbalanced[0])
    )


def test_parameters_survive_clone_and_fit(imbalanced):
    net = SRATClassifier(**SMALL, module__hidden_dims=(3,), optimizer__momentum=0.5, epsilon=0.3)
    copy = clone(net)
    before = net.get_params(deep=False)
    assert copy.get_params(deep=False) == before
    assert before["optimizer__momentum"] == 0.5
    net.fit(*imbalanced)
    assert net.get_params(deep=False) == before
    assert not hasattr(clone(net), "module_")


# -- seeds ---------------------------------------------------------------------------------------

# for a user's module the global RNG is seeded inside
FAMILIES = {
    "own": {},
    "dropout": {"module": Adaptive},
    "loader": {
        "iterator_train": DataLoader,
        "iterator_train__shuffle": True,
        "iterator_valid": DataLoader,
    },
}


@pytest.mark.parametrize("kind", CLASSIFIERS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_seed_gives_the_same_net(imbalanced, kind, family):
    X, y = imbalanced
    nets = []
    for position, seed in enumerate((5, 5, 6)):
        torch.manual_seed(position)
        nets.append(fit(X, y, kind, **{**FAMILIES[family], "random_state": seed}))
    assert same(nets[0], nets[1])
    assert not same(nets[0], nets[2])
    np.testing.assert_array_equal(nets[0].perturb(X, y), nets[1].perturb(X, y))


@pytest.mark.parametrize("kind", CLASSIFIERS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_global_rngs_are_not_touched(imbalanced, kind, family):
    X, y = imbalanced
    of_torch, of_numpy = torch.get_rng_state(), np.random.get_state()
    net = fit(X, y, kind, **FAMILIES[family])
    net.predict(X)
    net.predict_proba(X)
    net.perturb(X, y)
    net.extract_features(X)
    net.partial_fit(X, y)
    assert torch.equal(torch.get_rng_state(), of_torch)
    np.testing.assert_array_equal(np.random.get_state()[1], of_numpy[1])
    assert np.random.get_state()[2] == of_numpy[2]


def test_a_random_state_instance_moves_on(imbalanced):
    state = np.random.RandomState(0)
    first, second = (fit(*imbalanced, random_state=state) for _ in range(2))
    assert not same(first, second)


def test_nets_train_and_predict_inside_no_grad(imbalanced):
    X, y = imbalanced
    with torch.inference_mode():
        net = fit(X, y)
        attacked = net.perturb(X, y)
    assert same(net, fit(X, y))
    np.testing.assert_array_equal(attacked, net.perturb(X, y))
