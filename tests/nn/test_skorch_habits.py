"""What users of skorch do with any net: scores in callbacks, datasets, weights of rows."""

import numpy as np
import pytest
import torch
from sklearn.metrics import get_scorer
from skorch.callbacks import (
    BatchScoring,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    InputShapeSetter,
    LRScheduler,
)
from skorch.dataset import Dataset, ValidSplit
from skorch.helper import predefined_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from sklearn_imbgen.nn import CosineLinear
from sklearn_imbgen.robust import AdversarialClassifier, ImbMixClassifier, SRATClassifier

SMALL = {"max_epochs": 2, "n_steps": 1, "batch_size": 32, "random_state": 0}
CLASSIFIERS = [AdversarialClassifier, SRATClassifier, ImbMixClassifier]


def fit(data, kind=AdversarialClassifier, **parameters):
    return kind(**{**SMALL, **parameters}).fit(*data)


def weights(net):
    return torch.cat([value.flatten().double() for value in net.module_.state_dict().values()])


def same(first, second):
    return torch.equal(weights(first), weights(second))


# -- scores: labels against labels ---------------------------------------------------------------

LABELS = {
    "shifted": np.array([2, 1]),
    "text": np.array(["common", "rare"]),
    "floats": np.array([0.0, 2.0]),
    "booleans": np.array([False, True]),
    "dates": np.array(["2020-01-01", "2021-01-01"], dtype="datetime64[D]"),
    "objects": np.array(["b", "a"], dtype=object),
}


def scoring(name, **options):
    return EpochScoring(name, name=f"{name}_{len(options)}", lower_is_better=False, **options)


@pytest.mark.parametrize("kind", CLASSIFIERS)
@pytest.mark.parametrize("name", LABELS)
def test_callbacks_score_as_scikit_learn_does(imbalanced, kind, name):
    X, y = imbalanced[0].astype(np.float32), LABELS[name][imbalanced[1]]
    split = ValidSplit(3, stratified=True)
    names = ["balanced_accuracy", "neg_log_loss"]
    if name in ("shifted", "booleans"):
        # the positive class is 1 or True, whatever its code
        names += ["f1", "recall"]
    callbacks = [
        *(scoring(metric) for metric in names),
        *(scoring(metric, use_caching=False) for metric in names),
        BatchScoring("accuracy", name="by_batch", lower_is_better=False),
    ]
    # scores are those of weights that are not averaged yet
    last = {"averaging_start": None} if kind is ImbMixClassifier else {}
    net = fit((X, y), kind, train_split=split, callbacks=callbacks, **last)
    _, valid = split(Dataset(X, y), y)
    rows, labels = X[valid.indices], y[valid.indices]
    for metric in names:
        expected = get_scorer(metric)(net, rows, labels)
        assert net.history[-1, f"{metric}_0"] == pytest.approx(expected, abs=1e-5)
        assert net.history[-1, f"{metric}_1"] == pytest.approx(expected, abs=1e-5)
    for column in ("valid_acc", "by_batch"):
        assert net.history[-1, column] == pytest.approx(net.score(rows, labels))


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_predefined_split_has_labels_too(imbalanced, kind):
    X, y = imbalanced[0].astype(np.float32), imbalanced[1] + 1
    # the largest label alone, in float64
    held = Dataset(imbalanced[0][y == 2], y[y == 2])
    last = {"averaging_start": None} if kind is ImbMixClassifier else {}
    net = fit((X, y), kind, train_split=predefined_split(held), max_epochs=10, **last)
    assert net.history[-1, "valid_acc"] == pytest.approx(net.score(held.X, held.y))
    unknown = predefined_split(Dataset(X[:3], np.array([1, 2, 3])))
    with pytest.raises(ValueError, match="y holds 3, which the net was not fitted on"):
        fit((X, y), kind, train_split=unknown)


@pytest.mark.parametrize("kind", CLASSIFIERS)
@pytest.mark.parametrize("options", [{}, {"iterator_train": DataLoader}])
def test_training_scores_are_of_the_rows_that_were_drawn(imbalanced, kind, options):
    X, y = imbalanced[0], np.array(["common", "rare"])[imbalanced[1]]
    callback = scoring("accuracy", on_train=True)
    # steps too small to see: the net at the end is the one that was scored
    still = {"lr": 1e-12, "max_epochs": 1, "batch_size": -1, "callbacks": [callback], **options}
    net = fit((X, y), kind, **still)
    assert net.history[-1, "accuracy_1"] == pytest.approx(net.score(X, y))
    assert same(net, fit((X, y), kind, **{**still, "callbacks": None}))


# -- data ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [True, False])
def test_datasets_in_memory_are_taken(imbalanced, given):
    X, y = imbalanced[0].astype(np.float32), imbalanced[1].copy()
    reference = fit((X, y))
    for dataset in (Dataset(X, y), TensorDataset(torch.from_numpy(X), torch.from_numpy(y))):
        net = fit((dataset, y if given else None))
        assert same(net, reference)
        np.testing.assert_array_equal(net.predict(dataset), reference.predict(X))

    class OnDisk(torch.utils.data.Dataset):
        def __len__(self):
            return 3

    with pytest.raises(TypeError, match=r"a dataset must hold all rows .* OnDisk does not"):
        fit((OnDisk(), None))


class InPlace(nn.Module):
    """Works on the rows that it is given."""

    def __init__(self, n_features, n_classes):
        super().__init__()
        self.layer = nn.Linear(n_features, n_classes)

    def forward(self, X):
        return self.layer(X.sub_(1.0))


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_module_that_works_in_place_changes_no_rows(imbalanced, kind):
    X, y = imbalanced[0].astype(np.float32), imbalanced[1]
    before = X.copy()
    net = fit((X, y), kind, module=InPlace, train_split=ValidSplit(3))
    first = net.predict_proba(X)
    np.testing.assert_array_equal(first, net.predict_proba(X))
    net.perturb(X, y)
    net.extract_features(X)
    np.testing.assert_array_equal(X, before)


def test_a_module_that_ends_in_a_softmax_is_refused(imbalanced):
    def ending(layer):
        return nn.Sequential(nn.Linear(6, 2), layer)

    with pytest.raises(ValueError, match=r"module ends in a softmax.*above 0\.731"):
        fit(imbalanced, module=ending(nn.Softmax(dim=1)))
    # these are logits like others
    fit(imbalanced, module=ending(nn.LogSoftmax(dim=1)))


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_nets_are_float32_under_any_default(imbalanced, kind):
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        net = fit(imbalanced, kind, criterion="ldam", attack__clip_values=(-9, 9))
        attacked = net.perturb(*imbalanced)
    finally:
        torch.set_default_dtype(before)
    assert {parameter.dtype for parameter in net.module_.parameters()} == {torch.float32}
    np.testing.assert_array_equal(attacked, net.perturb(*imbalanced))


# -- parameters ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "callback",
    [EarlyStopping(), Checkpoint(), LRScheduler("ReduceLROnPlateau", monitor="valid_loss")],
)
def test_a_callback_that_waits_for_validation_is_refused_with_what_to_do(imbalanced, callback):
    message = r"callback \w+ watches 'valid_loss.*train_split=None .*ValidSplit"
    with pytest.raises(ValueError, match=message):
        fit(imbalanced, callbacks=[callback])


def test_train_split_false_is_none_and_a_batch_may_be_all_rows(imbalanced):
    assert same(fit(imbalanced, train_split=False), fit(imbalanced))
    net = fit(imbalanced, batch_size=-1)
    assert net.history[-1, "batches", :, "train_batch_size"] == [100]


def test_numbers_of_epochs_are_given_to_fit_and_partial_fit(imbalanced):
    X, y = imbalanced
    off = {"callbacks__learning_rate_schedule": None}
    net = AdversarialClassifier(**SMALL, **off).fit(X, y, epochs=1)
    assert len(net.history) == 1
    assert len(net.partial_fit(X, y, epochs=3).history) == 4
    assert same(net, fit(imbalanced, max_epochs=4, **off))
    assert len(net.fit(X, y, epochs=0).history) == 0


def test_other_fit_parameters_go_to_the_split(imbalanced):
    seen = []

    def split(dataset, y, groups):
        seen.append(groups)
        return dataset, None

    AdversarialClassifier(**SMALL, train_split=split, module=Grouped).fit(*imbalanced, groups=7)
    assert seen == [7]


class Grouped(nn.Linear):
    def __init__(self, n_features, n_classes):
        super().__init__(n_features, n_classes)

    def forward(self, X, groups=None):
        return super().forward(X)


def test_a_parameter_of_the_network_begins_it_anew_as_in_skorch(imbalanced):
    net = fit(imbalanced, warm_start=True, module__hidden_dims=(8,))
    before = weights(net)
    net.set_params(module__hidden_dims=(8,), epsilon=0.3)
    assert torch.equal(weights(net), before)
    net.set_params(module__hidden_dims=(5,))
    assert net.fit(*imbalanced).module_.head.in_features == 5
    net.set_params(optimizer=torch.optim.Adam)
    assert isinstance(net.fit(*imbalanced).optimizer_, torch.optim.Adam)
    # LDAM has a last layer of its own
    net.set_params(criterion="ldam", criterion__scale=7.0).fit(*imbalanced)
    assert isinstance(net.module_.head, CosineLinear)
    assert net.module_.head.scale == 7
    net.set_params(criterion__scale=9.0).fit(*imbalanced)
    assert net.module_.head.scale == 9


class Sized(nn.Module):
    def __init__(self, input_dim=3, n_classes=2):
        super().__init__()
        self.head = nn.Linear(input_dim, n_classes)

    def forward(self, X):
        return self.head(X)


def test_skorchs_setter_of_the_input_shape(imbalanced):
    net = fit(imbalanced, module=Sized, callbacks=[InputShapeSetter()])
    assert net.module_.head.in_features == 6


def test_parameters_are_loaded_into_a_net_that_is_only_built(imbalanced, tmp_path):
    X, y = imbalanced
    trained = fit(imbalanced, module=Sized)
    trained.save_params(f_params=tmp_path / "net.pt")
    with pytest.raises(ValueError, match=r"fit\(X, y, epochs=0\), which only builds"):
        AdversarialClassifier(Sized).initialize()
    net = AdversarialClassifier(Sized).fit(X, y, epochs=0)
    net.load_params(f_params=tmp_path / "net.pt")
    np.testing.assert_allclose(net.predict_proba(X), trained.predict_proba(X), atol=1e-6)


def test_losses_of_torch_and_of_this_package_are_criteria(imbalanced):
    ours = fit(imbalanced, class_weight="balanced")
    theirs = fit(imbalanced, class_weight="balanced", criterion=nn.CrossEntropyLoss)
    assert same(ours, theirs)
    smooth = {"criterion": nn.CrossEntropyLoss, "criterion__label_smoothing": 0.3}
    assert not same(fit(imbalanced, class_weight="balanced", **smooth), theirs)
    with pytest.raises(ValueError, match=r"criterion must be 'ce'.*a loss class of torch"):
        fit(imbalanced, criterion=nn.Linear)


# -- weights of rows -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_rows_have_weights_in_the_loss(imbalanced, kind):
    X, y = imbalanced

    def fitted(sample_weight, **parameters):
        return kind(**{**SMALL, "max_epochs": 15, **parameters}).fit(
            X, y, sample_weight=sample_weight
        )

    plain, ones = fitted(None), fitted(np.ones(100))
    np.testing.assert_allclose(
        ones.history[:, "train_loss"], plain.history[:, "train_loss"], rtol=1e-4
    )
    # rows that do not count are not learned
    rare = np.where(y == 1, 1.0, 0.0)
    off = {"callbacks__learning_rate_schedule": None, "criterion": "ce"}
    assert np.mean(fitted(rare, **off).predict(X) == 1) > 0.9
    assert np.mean(fitted(1 - rare, **off).predict(X) == 0) > 0.9
    # also where a split or torch's loader has taken rows out
    others = {"train_split": ValidSplit(5), "iterator_train": DataLoader}
    assert np.mean(fitted(rare, **off, **others).predict(X) == 1) > 0.9


def test_wrong_weights_of_rows_are_refused(imbalanced):
    net = AdversarialClassifier(**SMALL)
    with pytest.raises(ValueError, match=r"sample_weight.shape == \(3,\)"):
        net.fit(*imbalanced, sample_weight=[1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        net.fit(*imbalanced, sample_weight=np.full(100, -1.0))
    split = predefined_split(Dataset(np.zeros((2, 6), np.float32), np.array([0, 1])))
    net.set_params(train_split=lambda dataset, y: (Dataset(dataset.X[:9], dataset.y[:9]), None))
    with pytest.raises(ValueError, match=r"sample_weight has 100 weights.* 9 rows"):
        net.fit(*imbalanced, sample_weight=np.ones(100))
    net.set_params(train_split=split).fit(*imbalanced, sample_weight=np.ones(100))
