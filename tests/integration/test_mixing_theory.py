"""Theorem 5.4.1: the example's functions and the page about them."""

import importlib.util
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from scipy.stats import beta
from torch.nn.functional import softplus

from sklearn_imbgen.nn import isolated_rng, limited_threads
from tests.integration.test_pages import run_blocks

EXAMPLE = Path(__file__).parents[2] / "examples" / "plot_mixing_theory.py"
SPREADS = np.array([1.0, 1 / 2, 1 / 16, 1 / 32])


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    # the tensors are small: several threads only wait for each other
    with limited_threads(1):
        yield


@pytest.fixture(scope="module")
def theory():
    spec = importlib.util.spec_from_file_location("plot_mixing_theory", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows(theory):
    return theory.two_classes()


@pytest.fixture(scope="module")
def scores(theory, rows):
    return theory.train_network(*rows, n_steps=100)


@pytest.fixture(scope="module")
def table(theory):
    return theory.compare(SPREADS, n_batches=100)


def restricted(gamma, n_draws, seed=0):
    """Shares below 1/2, by drawing and throwing away."""
    drawn = np.random.default_rng(seed).beta(gamma, gamma, 3 * n_draws)
    return drawn[drawn < 0.5][:n_draws]


@pytest.mark.parametrize("gamma", [0.3, 1.0, 4.0])
def test_share_moments_are_those_of_the_restricted_beta(theory, gamma):
    mean, variance = theory.share_moments(gamma)
    distribution = beta(gamma, gamma)
    for power, expected in ((1, mean), (2, variance + mean**2)):
        found = distribution.expect(lambda x, k=power: x**k, lb=0, ub=0.5, conditional=True)
        assert expected == pytest.approx(found, rel=1e-6)


def test_share_moments_of_the_uniform_distribution(theory):
    assert theory.share_moments(1.0) == pytest.approx((1 / 4, 1 / 48))


@pytest.mark.parametrize("gamma", [0.5, 1.0, 3.0])
def test_centres_and_covariances_equal_simulation(theory, rows, gamma):
    majority, minority = (part.numpy() for part in rows)
    centres = theory.mixing_centres(*rows, gamma)
    covariances = theory.mixing_covariances(*rows, gamma)
    n_draws = 200_000
    share = restricted(gamma, n_draws)[:, None]
    partners = minority[np.random.default_rng(1).integers(len(minority), size=len(share))]
    for i in (0, 17):
        mixed = share * majority[i] + (1 - share) * partners
        np.testing.assert_allclose(mixed.mean(axis=0), centres[i], atol=0.01)
        np.testing.assert_allclose(np.cov(mixed.T), covariances[i], atol=0.01)
        # the readings of the printed formula that do not hold
        for reading in ("majority", "divided"):
            other = theory.mixing_covariances(*rows, gamma, reading)[i]
            assert np.abs(np.cov(mixed.T) - other.numpy()).max() > 0.3


def test_printed_delta_is_not_centred(theory, rows):
    majority, minority = (part.numpy() for part in rows)
    mean, _ = theory.share_moments(1.0)
    share = restricted(1.0, 200_000)[:, None]
    middle, row = minority.mean(axis=0), majority[0]
    # with x_i in the place of x_j
    delta = (share - mean) * row + (1 - share) * row - (1 - mean) * middle
    np.testing.assert_allclose(delta.mean(axis=0), (1 - mean) * (row - middle))


def test_terms_of_a_score_whose_derivatives_are_known(theory):
    # u = a + b'x + x'Mx/2 at x = 0: gradient b, hessian M
    a, b = 0.3, torch.tensor([1.0, -2.0], dtype=torch.float64)
    M = torch.tensor([[2.0, 1.0], [1.0, -3.0]], dtype=torch.float64)
    S = torch.tensor([[0.5, 0.1], [0.1, 0.2]], dtype=torch.float64)

    def score(rows):
        return a + rows @ b + 0.5 * torch.einsum("ia,ab,ib->i", rows, M, rows)

    found = theory.second_order_terms(score, torch.zeros(1, 2, dtype=torch.float64), S[None])
    p = 1 / (1 + np.exp(-a))
    # b'Sb = 0.5 - 0.4 + 0.8, trace(SM) = 1 + 0.2 - 0.6
    expected = (-np.log(p), 0.5 * p * (1 - p) * 0.9, -0.5 * (1 - p) * 0.6)
    assert found == pytest.approx(expected)


def test_quadrature_equals_a_fine_grid(theory, rows, scores):
    for gamma in (1.0, 2.0):
        grid = np.linspace(0, 0.5, 401)
        density = beta(gamma, gamma).pdf(grid) * np.r_[0.5, np.ones(399), 0.5]
        loss = 0.0
        for share, weight in zip(grid, density / density.sum(), strict=True):
            mixed = share * rows[0][:5, None] + (1 - share) * rows[1]
            loss += weight * softplus(-scores(mixed.flatten(0, 1))).mean().item()
        found = theory.mixed_loss(scores, rows[0][:5], rows[1], gamma)
        assert found == pytest.approx(loss, rel=1e-4)


@pytest.mark.parametrize("gamma", [0.5, 1.0])
def test_the_mixtures_of_the_library_are_those_of_the_theorem(theory, rows, scores, gamma):
    exact = theory.mixed_loss(scores, *rows, gamma)
    drawn, error = theory.simulated_loss(scores, *rows, gamma, n_batches=500, seed=1)
    assert error < 0.05 * exact
    assert drawn == pytest.approx(exact, abs=4 * error)


def test_second_order_is_far_nearer_than_the_centres(theory, table):
    for row in table:
        errors = {
            name: abs(row[name] - row["mixed"])
            for name in ("centres", "derived", "majority", "divided")
        }
        assert errors["derived"] < errors["centres"] / (2 if row["spread"] > 0.1 else 15)
        # a wrong covariance is worse than none
        assert min(errors["majority"], errors["divided"]) > 4 * errors["centres"]
        assert row["derived"] == pytest.approx(row["centres"] + row["slope"] + row["curvature"])
        assert row["slope"] > 0
    assert theory.power_of_the_error(table, "derived") == pytest.approx(3, abs=0.2)
    assert theory.power_of_the_error(table, "centres") == pytest.approx(2, abs=0.3)
    # either sign, as the page says
    assert {np.sign(row["curvature"]) for row in table} == {-1, 1}


def test_example_draws(theory, table, capsys):
    theory.print_table(table)
    figure = theory.draw(table)
    assert "power of the spread, derived" in capsys.readouterr().out
    assert [ax.get_xlabel() != "" and ax.get_ylabel() != "" for ax in figure.axes] == [True, True]
    plt.close("all")


def test_page(theory, capsys):
    with isolated_rng(0):
        namespace = run_blocks("docs/mixing_theory.md")
    assert namespace["share_moments"](3.0) == pytest.approx(theory.share_moments(3.0))
    x, minority = (torch.tensor(namespace[name]) for name in ("majority_row", "minority"))
    covariance = theory.mixing_covariances(x[None], minority)[0]
    np.testing.assert_allclose(namespace["S"], covariance)
    np.testing.assert_allclose(np.cov(namespace["mixed"].T), covariance, atol=0.001)
    assert namespace["second_order"] < namespace["without"] / 4
    printed = capsys.readouterr().out
    assert "2 0.0000 of the mixtures" in printed
    assert "3 0.18" in printed
