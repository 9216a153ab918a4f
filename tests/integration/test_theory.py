"""The theory of section 4.3: the example's functions and the page about them."""

import importlib.util
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from tests.integration.test_pages import run_blocks

EXAMPLE = Path(__file__).parents[2] / "examples" / "plot_reweighting_theory.py"
RATIOS = (1.01, 1.5, 2.0, 10.0, 100.0, 1e4)


@pytest.fixture(scope="module")
def theory():
    spec = importlib.util.spec_from_file_location("plot_reweighting_theory", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def errors(theory, eta, sigma, n_features, ratio, weight=1.0):
    bias = theory.optimal_bias(eta, sigma, ratio, weight)
    return theory.class_errors(eta, sigma, n_features, bias)


def gap(theory, eta, sigma, n_features, ratio):
    minority, majority = errors(theory, eta, sigma, n_features, ratio)
    return minority - majority


def increase(theory, eta, sigma, n_features, ratio):
    after = errors(theory, eta, sigma, n_features, ratio, ratio)[1]
    return after - errors(theory, eta, sigma, n_features, ratio)[1]


@pytest.mark.parametrize("n_features", [1, 3, 20])
@pytest.mark.parametrize("weight", [1.0, 4.0, 10.0])
def test_closed_form_equals_simulation(theory, n_features, weight):
    n_samples = 50_000
    for eta, sigma in ((0.2, 1.0), (0.5, 1.5)):
        bias = theory.optimal_bias(eta, sigma, 10.0, weight)
        closed = np.array(theory.class_errors(eta, sigma, n_features, bias))
        drawn = np.array(
            theory.simulate_class_errors(eta, sigma, n_features, bias, n_samples, random_state=0)
        )
        deviation = np.sqrt(closed * (1 - closed) / n_samples)
        assert (np.abs(closed - drawn) < 4 * deviation + 1 / n_samples).all()


@pytest.mark.parametrize(("ratio", "weight"), [(10.0, 1.0), (10.0, 3.0), (100.0, 1.0), (5.0, 5.0)])
def test_optimal_bias_minimises_the_weighted_risk(theory, ratio, weight):
    for eta, sigma, n_features in ((0.3, 1.0, 10), (1.0, 2.0, 4), (2.0, 1.0, 1)):

        def risk(bias, eta=eta, sigma=sigma, n_features=n_features):
            minority, majority = theory.class_errors(eta, sigma, n_features, bias)
            return weight * minority + ratio * majority

        formula = theory.optimal_bias(eta, sigma, ratio, weight)
        found = minimize_scalar(risk, bounds=(formula - 5, formula + 5), method="bounded")
        assert found.x == pytest.approx(formula, abs=1e-3)
        if weight < ratio and n_features > 1:
            # the printed lemma has the number of features as a factor
            assert risk(formula) < risk(n_features * formula)


def test_logistic_regression_finds_that_border(theory):
    eta, sigma, ratio = 0.5, 1.0, 10.0
    rng = np.random.default_rng(0)
    y = np.where(rng.random(100_000) < ratio / (ratio + 1), 1, -1)
    X = rng.normal(eta * y[:, None], sigma, size=(len(y), 3))
    for weight in (1.0, ratio):
        model = LogisticRegression(C=1e6, class_weight={-1: weight}).fit(X, y)
        found = -model.intercept_[0] / model.coef_.mean()
        assert found == pytest.approx(theory.optimal_bias(eta, sigma, ratio, weight), abs=0.1)


def test_errors_depend_on_separability_alone(theory):
    one = errors(theory, 0.5, 1.0, 16, 10.0)
    assert theory.separability(0.5, 1.0, 16) == 2.0
    for eta, sigma, n_features in ((2.0, 1.0, 1), (0.02, 0.01, 1), (3.0, 3.0, 4)):
        assert errors(theory, eta, sigma, n_features, 10.0) == pytest.approx(one)


@pytest.mark.parametrize("ratio", RATIOS)
def test_theorems_hold_for_every_ratio(theory, ratio):
    deltas = np.linspace(0.05, 5.0, 250)
    gaps = [gap(theory, delta, 1.0, 1, ratio) for delta in deltas]
    increases = [increase(theory, delta, 1.0, 1, ratio) for delta in deltas]
    # neighbours that both round to 1 may be equal
    assert (np.diff(gaps) <= 0).all()
    assert gaps[0] > gaps[-1]
    assert (np.diff(increases) < 0).all()


def test_theorems_over_scales_and_dimensions(theory):
    values = (0.1, 0.3, 1.0, 3.0)
    pairs = list(product(values, values))
    counts = {"S": np.zeros(3, int), "delta": np.zeros(3, int)}
    for ratio, d in product((1.1, 2.0, 10.0, 100.0, 1e4), (1, 10, 100)):
        of_pair = {p: (gap(theory, *p, d, ratio), increase(theory, *p, d, ratio)) for p in pairs}
        for one, two in product(pairs, pairs):
            for name, measure in (
                ("S", lambda eta, sigma: eta / sigma**2),
                ("delta", lambda eta, sigma, d=d: theory.separability(eta, sigma, d)),
            ):
                if measure(*one) > 1.0001 * measure(*two):
                    wrong = np.array(of_pair[one]) > np.array(of_pair[two]) + 1e-6
                    counts[name] += [1, *wrong]
    # as docs/reweighting_theory.md says
    assert counts["S"].tolist() == [1800, 68, 70]
    assert counts["delta"].tolist() == [1650, 0, 0]


def test_slips_of_the_proofs(theory):
    # eq. 4.8 needs log K > 2 delta_1 delta_2, here K > 22026; printed is K > 2.7
    one, two = (errors(theory, 1.0, sigma, 10, 100.0) for sigma in (1.0, 2.0))
    assert one[1] < two[1]
    one, two = (errors(theory, 1.0, sigma, 10, 1e6) for sigma in (1.0, 2.0))
    assert one[1] > two[1]
    # there the middle inequality of step 1 is wrong, and what it concludes is right
    bias = theory.optimal_bias(1.0, 2.0, 1e6)
    at_one_bias = [theory.class_errors(1.0, sigma, 10, bias)[0] for sigma in (1.0, 2.0)]
    assert at_one_bias[0] > at_one_bias[1]
    assert one[0] < two[0]
    # a smaller weight that becomes a larger one may raise both errors
    weights = np.concatenate([[0.0, 100.0], np.ones(1000)])
    swapped = np.concatenate([[100.0, 100.0], np.ones(1000)])
    error, error_swapped = (norm.cdf(-w.sum() / np.linalg.norm(w)) for w in (weights, swapped))
    assert error < error_swapped


def test_small_weights_are_no_part_of_the_theorem(theory):
    def of_weight(delta):
        return (
            errors(theory, delta, 1.0, 1, 100.0, 10.0)[1] - errors(theory, delta, 1.0, 1, 100.0)[1]
        )

    assert of_weight(0.5) < of_weight(1.04) > of_weight(2.0)


def test_attack_takes_epsilon_off_the_mean(theory):
    eta, sigma, d, epsilon = 0.5, 1.0, 4, 0.2
    rng = np.random.default_rng(0)
    majority = rng.normal(eta, sigma, (100_000, d)) - epsilon
    closed = theory.class_errors(eta - epsilon, sigma, d, 0.0)[1]
    assert np.mean(majority.sum(axis=1) < 0) == pytest.approx(closed, abs=0.01)


def test_example_draws(theory, capsys):
    rows = theory.compare(10.0, sigmas=np.array([1.0, 3.0]))
    theory.print_table(rows)
    figure = theory.draw(rows, 10.0)
    assert "largest difference" in capsys.readouterr().out
    assert [ax.get_xlabel() != "" for ax in figure.axes] == [True, True]
    plt.close("all")


def test_page(theory, capsys):
    namespace = run_blocks("docs/reweighting_theory.md")
    arguments = (0.4, 1.5, 10.0, 3.0)
    assert namespace["optimal_bias"](*arguments) == theory.optimal_bias(*arguments)
    assert namespace["class_errors"](*arguments) == theory.class_errors(*arguments)
    printed = capsys.readouterr().out
    assert "False" not in printed
    assert "1.8 points" in printed
    assert "14.3 points" in printed
