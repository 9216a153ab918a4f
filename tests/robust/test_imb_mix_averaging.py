"""How ImbMixClassifier averages its weights: from when on, and what of stops and restarts."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from skorch.dataset import Dataset, ValidSplit
from torch import nn

from sklearn_imbgen.nn import limited_threads
from sklearn_imbgen.robust import ImbMixClassifier

SMALL = {"max_epochs": 4, "n_steps": 2, "batch_size": 32, "random_state": 0}


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    # the networks are small: several threads only wait for each other
    with limited_threads(1):
        yield


class EpochEnds(Callback):
    """Notes the weights at the end of each epoch, before they are averaged."""

    def initialize(self):
        self.weights = []
        return self

    def on_epoch_end(self, net, **kwargs):
        self.weights.append(flat(net))


class Interrupt(Callback):
    """Ctrl-C in the first batch of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise KeyboardInterrupt


def flat(net):
    """All that the network holds, buffers too."""
    return torch.cat([value.flatten().double() for value in net.module_.state_dict().values()])


def fit(data, **parameters):
    return ImbMixClassifier(**{**SMALL, **parameters}).fit(*data)


def watched(data, **parameters):
    net = fit(data, callbacks=[("ends", EpochEnds())], **parameters)
    return net, dict(net.callbacks_)["ends"].weights


def assert_mean(net, ends):
    torch.testing.assert_close(flat(net), torch.stack(ends).mean(dim=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("start", "expected"), [(0, 4), (3, 1), (0.5, 2), (0.8, 1), (0.29, 3), (1.0, 0), (9, 0)]
)
def test_the_network_is_the_mean_of_the_ends_of_the_last_epochs(imbalanced, start, expected):
    net, ends = watched(imbalanced, averaging_start=start)
    assert len(ends) == 4
    assert net.n_averaged_ == expected
    assert_mean(net, ends[4 - expected :] if expected else ends[-1:])
    assert not torch.equal(ends[2], ends[3])


def test_without_averaging_the_last_weights_stay(imbalanced):
    net, ends = watched(imbalanced, averaging_start=None)
    assert net.n_averaged_ == 0
    assert torch.equal(flat(net), ends[-1])


def test_averaging_changes_nothing_in_the_training(imbalanced):
    plain, mean = (
        ImbMixClassifier.from_chapter(name, **SMALL, n_supplementary=3).fit(*imbalanced)
        for name in ("data_aug", "Imb-Mix")
    )
    assert plain.history[:, "train_loss"] == mean.history[:, "train_loss"]
    # of four epochs the last one
    assert mean.n_averaged_ == 1
    mean = ImbMixClassifier.from_chapter("Imb-Mix", **SMALL, averaging_start=1).fit(*imbalanced)
    assert plain.history[:, "train_loss"] == mean.history[:, "train_loss"]
    assert not torch.equal(flat(plain), flat(mean))


def test_nothing_of_an_averaging_is_left_after_the_training(imbalanced):
    net = fit(imbalanced, averaging_start=0)
    assert not hasattr(net, "_average")
    first = flat(net)
    assert torch.equal(flat(net.fit(*imbalanced)), first)
    assert net.n_averaged_ == 4


def test_a_warm_start_goes_on_and_averages_anew(imbalanced):
    given = {"averaging_start": 0.5, "callbacks__learning_rate_schedule": None, "warm_start": True}
    net, first = watched(imbalanced, **given)
    assert net.n_averaged_ == 2
    assert_mean(net, first[2:])
    begun = flat(net)
    net.fit(*imbalanced)
    ends = dict(net.callbacks_)["ends"].weights
    assert len(net.history) == 8
    # the share of max_epochs was reached in the first training: every further epoch counts
    assert net.n_averaged_ == 4
    assert_mean(net, ends[-4:])
    assert not torch.equal(flat(net), begun)


def test_no_epochs_are_no_mean(imbalanced):
    net = fit(imbalanced, max_epochs=0, averaging_start=0)
    assert net.n_averaged_ == 0
    assert net.predict(imbalanced[0]).shape == (100,)


def test_ctrl_c_leaves_the_mean_of_the_whole_epochs(imbalanced):
    ends = EpochEnds()
    net = ImbMixClassifier(
        **SMALL, averaging_start=1, callbacks=[("ends", ends), ("stop", Interrupt(4))]
    )
    net.fit(*imbalanced)
    weights = dict(net.callbacks_)["ends"].weights
    assert len(weights) == 3
    assert net.n_averaged_ == 2
    assert_mean(net, weights[1:])
    assert net.predict(imbalanced[0]).shape == (100,)
    assert net.perturb(*imbalanced).shape == (100, 6)
    net.set_params(callbacks=None).fit(*imbalanced)
    assert torch.equal(flat(net), flat(fit(imbalanced, averaging_start=1)))


def test_ctrl_c_before_the_averaging_leaves_the_weights_as_they_are(imbalanced):
    net = ImbMixClassifier(**SMALL, averaging_start=3, callbacks=[Interrupt(2)])
    net.fit(*imbalanced)
    assert net.n_averaged_ == 0
    assert net.predict(imbalanced[0]).shape == (100,)
    assert not torch.equal(flat(net), flat(fit(imbalanced, max_epochs=0)))


def test_a_training_that_fails_at_its_start_leaves_nothing_to_the_next(imbalanced):
    class Fail(Callback):
        def on_train_begin(self, net, **kwargs):
            raise RuntimeError("no room")

    net = ImbMixClassifier(**SMALL, module__hidden_dims=(5,), callbacks=[Fail()])
    with pytest.raises(RuntimeError, match="no room"):
        net.fit(*imbalanced)
    # a mean of the other network's weights would not fit this one
    net.set_params(callbacks=None, module__hidden_dims=(7,)).fit(*imbalanced)
    assert torch.equal(flat(net), flat(fit(imbalanced, module__hidden_dims=(7,))))


# -- batch normalisation -------------------------------------------------------------------------


def normalised():
    return nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 2))


def test_batch_normalisation_has_the_statistics_of_the_training_rows(imbalanced):
    X, y = imbalanced
    split = ValidSplit(5, stratified=True)
    net = fit(
        imbalanced,
        module=normalised,
        train_split=split,
        batch_size=100,
        n_steps=0,
        n_supplementary=0,
        mixing=None,
        averaging_start=0,
    )
    # not of those that are kept for validation
    subset, _ = split(Dataset(X, y), y)
    rows = torch.tensor(X[subset.indices]).float()
    assert len(rows) == 80
    torch.testing.assert_close(net.module_[0].running_mean, rows.mean(dim=0))
    torch.testing.assert_close(net.module_[0].running_var, rows.var(dim=0))
    assert net.module_[0].momentum == 0.1


def test_batch_normalisation_sees_attacked_rows(imbalanced):
    X, _ = imbalanced
    net = fit(
        imbalanced,
        module=normalised,
        # batches of one size: torch's pass counts every batch alike
        batch_size=50,
        epsilon=5.0,
        attack__feature_mask=[True] + [False] * 5,
        attack__random_start=False,
        n_steps=1,
        n_supplementary=0,
        mixing=None,
        averaging_start=0,
    )
    found, clean = net.module_[0].running_mean, torch.tensor(X).float().mean(dim=0)
    torch.testing.assert_close(found[1:], clean[1:])
    # each row has moved by five in one of two directions
    assert net.module_[0].running_var[0] > 4 * X[:, 0].var()


def test_the_statistics_are_drawn_alike_in_every_run(imbalanced):
    torch.manual_seed(0)
    first = fit(imbalanced, module=normalised, averaging_start=1)
    torch.manual_seed(1)
    # the network is built from the seed of the net, not from the global one
    again = fit(imbalanced, module=normalised, averaging_start=1)
    assert torch.equal(flat(first), flat(again))
    assert np.isfinite(first.predict_proba(imbalanced[0])).all()
