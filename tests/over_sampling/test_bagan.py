"""What BAGAN does beyond the contract."""

import math

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from sklearn_imbgen.inspection import LatentSpaceDisplay
from sklearn_imbgen.over_sampling import BAGAN
from sklearn_imbgen.over_sampling._bagan import BalancingPlayers, latent_normal
from tests.registry import SAMPLERS


@pytest.fixture
def bagan():
    return clone(SAMPLERS["BAGAN"])


class Always(nn.Module):
    """A discriminator with one answer, and a record of how many rows it was asked about."""

    def __init__(self, logits):
        super().__init__()
        self.logits = torch.tensor(logits)
        self.asked = []

    def forward(self, X):
        self.asked.append(len(X))
        return self.logits.expand(len(X), -1)


def players(discriminator=None, n_classes=2):
    """A generator that changes nothing, and latent normals of variance zero."""
    return BalancingPlayers(
        generator=nn.Identity(),
        discriminator=discriminator,
        X=torch.zeros(10, 2),
        codes=torch.zeros(10, dtype=torch.long),
        means=torch.arange(2.0 * n_classes).view(n_classes, 2),
        roots=torch.zeros(n_classes, 2, 2),
        random=torch.Generator().manual_seed(0),
    )


def test_discriminator_loss_is_the_cross_entropy_over_all_rows():
    # probabilities 1/2, 1/4 and, for generated rows, 1/4
    discriminator = Always([math.log(2.0), 0.0, 0.0])
    terms = players(discriminator).discriminator_loss(torch.arange(6))
    assert terms["real"].item() == pytest.approx(math.log(2))
    assert terms["generated"].item() == pytest.approx(math.log(4))
    # six real rows, six by two classes generated
    assert terms["total"].item() == pytest.approx((6 * math.log(2) + 3 * math.log(4)) / 9)
    assert discriminator.asked == [6, 3]


def test_generator_loss_is_the_cross_entropy_to_the_class_asked_for():
    discriminator = Always([0.0, 0.0, math.log(2.0)])
    terms = players(discriminator).generator_loss(torch.arange(6))
    # probability 1/4 for whichever class was asked for, over as many rows as above
    assert terms["total"].item() == pytest.approx(math.log(4))
    assert discriminator.asked == [9]


def test_generated_classes_are_uniform_and_drawn_from_their_normal():
    pair = players(n_classes=3)
    rows, asked = pair.generate(3000)
    assert torch.equal(rows, pair.means[asked])
    np.testing.assert_allclose(torch.bincount(asked) / 3000, 1 / 3, atol=0.03)
    pair.roots = torch.tensor([[1.0, 0.0], [2.0, 3.0]]) * torch.ones(3, 1, 1)
    rows, asked = pair.generate(20000)
    centred = rows - pair.means[asked]
    # covariance root.T @ root
    np.testing.assert_allclose(np.cov(centred.T), [[5.0, 6.0], [6.0, 9.0]], rtol=0.05)


def test_the_normal_of_two_points_is_shrunk_to_full_rank():
    mean, covariance = latent_normal(np.array([[1.0, 0.0, 2.0, 0.0], [3.0, 0.0, 2.0, 0.0]]))
    assert mean.tolist() == [2.0, 0.0, 2.0, 0.0]
    # shrinkage (1/16 + 1/16) / (3 (1/16 - 1/64)) = 8/9 of a total variance of 1
    np.testing.assert_allclose(covariance, np.diag([3.0, 2.0, 2.0, 2.0]) / 9)


def test_the_normal_of_many_points_is_hardly_shrunk():
    rng = np.random.RandomState(0)
    points = rng.normal(size=(5000, 2)) @ np.array([[2.0, 0.0], [1.0, 0.5]])
    _, covariance = latent_normal(points)
    np.testing.assert_allclose(covariance, np.cov(points.T), rtol=0.01, atol=0.01)


@pytest.mark.parametrize("points", [np.ones((1, 3)), np.ones((5, 3)), np.ones((1, 1))])
def test_a_class_at_one_point_has_zero_covariance(points):
    mean, covariance = latent_normal(points)
    assert mean.tolist() == [1.0] * points.shape[1]
    assert covariance.shape == (points.shape[1],) * 2
    assert not covariance.any()


def test_the_players_start_from_the_autoencoder(bagan, imbalanced):
    bagan.set_params(max_epochs=0).fit(*imbalanced)
    for name, weights in bagan.discriminator_.encoder.state_dict().items():
        assert torch.equal(weights, bagan.encoder_.state_dict()[name])
    for name, weights in bagan.generator_.state_dict().items():
        assert torch.equal(weights, bagan.decoder_.state_dict()[name])


def test_the_adversarial_stage_moves_the_players_but_not_the_autoencoder(bagan, imbalanced):
    before = clone(bagan).set_params(max_epochs=0).fit(*imbalanced).encoder_.state_dict()
    bagan.set_params(max_epochs=2).fit(*imbalanced)
    for name, weights in bagan.encoder_.state_dict().items():
        assert torch.equal(weights, before[name])
    first = next(iter(before))
    assert not torch.equal(bagan.discriminator_.encoder.state_dict()[first], before[first])
    decoder, generator = bagan.decoder_.state_dict(), bagan.generator_.state_dict()
    assert any(not torch.equal(decoder[name], generator[name]) for name in decoder)


def test_the_discriminator_has_an_output_per_class_and_one_for_generated_rows(bagan, imbalanced):
    X, _ = imbalanced
    bagan.fit(X, np.repeat(["a", "b", "c"], [80, 10, 10]))
    assert bagan.discriminator_(torch.zeros(2, 6)).shape == (2, 4)


def test_latent_normals_are_those_of_the_encoded_rows(bagan, imbalanced):
    X, y = imbalanced
    latent = bagan.fit(X, y).encode(X)
    assert latent.shape == (100, 4)
    assert bagan.latent_covariances_.shape == (2, 4, 4)
    for code in (0, 1):
        np.testing.assert_allclose(
            bagan.latent_means_[code], latent[y == code].mean(axis=0), rtol=1e-5, atol=1e-6
        )
        # shrinkage keeps the total variance
        np.testing.assert_allclose(
            np.trace(bagan.latent_covariances_[code]),
            latent[y == code].var(axis=0).sum(),
            rtol=1e-4,
        )


def test_fewer_rows_than_latent_dimensions(imbalanced):
    X, y = imbalanced
    bagan = BAGAN(random_state=0, autoencoder_epochs=2, max_epochs=1, latent_dim=32).fit(X, y)
    eigenvalues = np.linalg.eigvalsh(bagan.latent_covariances_[1])
    assert (eigenvalues > 0).all()
    assert len(np.unique(bagan.sample(50, label=1), axis=0)) == 50


def test_the_autoencoder_stops_early_but_the_players_run_all_their_epochs(bagan, imbalanced):
    bagan.set_params(
        autoencoder_epochs=200, max_epochs=7, n_iter_no_change=1, learning_rate=1e-9
    ).fit(*imbalanced)
    epochs = {network: len(terms["total"]) for network, terms in bagan.history_.items()}
    assert epochs["autoencoder"] < 200
    assert epochs["discriminator"] == epochs["generator"] == 7


def test_history_names_the_terms(bagan, imbalanced):
    bagan.fit_resample(*imbalanced)
    terms = {network: set(losses) for network, losses in bagan.history_.items()}
    assert terms == {
        "autoencoder": {"total"},
        "discriminator": {"real", "generated", "total"},
        "generator": {"total"},
    }


def test_new_rows_of_a_class_lie_near_it():
    rng = np.random.RandomState(0)
    y = np.repeat([0, 1], [200, 20])
    X = rng.normal(size=(220, 4)) + 6.0 * y[:, None]
    bagan = BAGAN(hidden_dims=(16,), latent_dim=4, batch_size=32, random_state=0).fit(X, y)
    for label in (0, 1):
        rows = bagan.sample(100, label=label)
        nearer = np.abs(rows - 6.0 * label).sum(axis=1) < np.abs(rows - 6.0 * (1 - label)).sum(
            axis=1
        )
        assert nearer.mean() > 0.9


def test_plain_batches_give_other_rows(bagan, imbalanced):
    balanced, _ = clone(bagan).fit_resample(*imbalanced)
    plain, _ = bagan.set_params(balanced_batches=False).fit_resample(*imbalanced)
    assert not np.array_equal(balanced, plain)


def test_ctrl_c_leaves_a_usable_sampler(bagan, imbalanced, monkeypatch):
    from sklearn_imbgen.nn import trainer

    run_step = trainer._Loop._run_step

    def interrupted(self, step, optimizer):
        if self.epoch == 2:
            raise KeyboardInterrupt
        return run_step(self, step, optimizer)

    monkeypatch.setattr(trainer._Loop, "_run_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bagan.fit_resample(*imbalanced)
    assert bagan.sample(5, label=1).shape == (5, 6)
    assert bagan.encode(imbalanced[0]).shape == (100, 4)


def test_its_latent_space_can_be_drawn(bagan, imbalanced):
    display = LatentSpaceDisplay.from_estimator(bagan.fit(*imbalanced), *imbalanced, n_synthetic=5)
    assert display.synthetic_points.shape == (5, 2)
