"""
Why weights hurt where classes overlap
======================================

Section 4.3 of the dissertation, as functions: two Gaussian classes, the border that
is best under class weights, and the error of each class. The closed forms are checked
by drawing rows. docs/reweighting_theory.md derives them.

What one sees: the less the classes are apart, the more the unweighted border gives up
the minority class, and the more of the majority class a balancing weight costs.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm

BLUE, VERMILLION, BLACK = "#0072B2", "#D55E00", "#000000"


# %%
# Class +1, the majority, has mean eta in each of d features, class -1 has mean -eta.
# Features are independent with standard deviation sigma. The classifier looks at the
# sum of the features: it says +1 where that is above the bias.
def separability(eta: float, sigma: float, n_features: int) -> float:
    """Half the distance of the class means, in standard deviations of the sum.

    The sum of the features has mean ``n_features * eta`` and standard deviation
    ``sqrt(n_features) * sigma``.

    Parameters
    ----------
    eta : float
        Mean of each feature in class +1, above 0.
    sigma : float
        Standard deviation of each feature.
    n_features : int
        How many there are.

    Returns
    -------
    float
        ``sqrt(n_features) * eta / sigma``, on which all errors depend.
    """
    return float(np.sqrt(n_features) * eta / sigma)


def optimal_bias(eta: float, sigma: float, imbalance_ratio: float, weight: float = 1.0) -> float:
    """The bias with the smallest weighted risk, Lemma 4.3.1 put right.

    Parameters
    ----------
    eta, sigma : float
        Mean and standard deviation of each feature.
    imbalance_ratio : float
        K, how many times the majority class is larger.
    weight : float, default=1.0
        rho, what a minority row counts for. K balances the classes.

    Returns
    -------
    float
        ``log(weight / imbalance_ratio) * sigma**2 / (2 * eta)``; the number of features
        is not in it.
    """
    return float(np.log(weight / imbalance_ratio) * sigma**2 / (2 * eta))


def class_errors(eta: float, sigma: float, n_features: int, bias: float) -> tuple[float, float]:
    """Error of each class in closed form.

    Parameters
    ----------
    eta, sigma : float
        Mean and standard deviation of each feature.
    n_features : int
        How many there are.
    bias : float
        The sum of the features above which a row is called +1.

    Returns
    -------
    minority_error, majority_error : float
        Shares of class -1 and of class +1 that are misclassified.
    """
    mean, deviation = n_features * eta, np.sqrt(n_features) * sigma
    minority_error = norm.cdf(-(bias + mean) / deviation)
    majority_error = norm.cdf((bias - mean) / deviation)
    return float(minority_error), float(majority_error)


def simulate_class_errors(
    eta: float,
    sigma: float,
    n_features: int,
    bias: float,
    n_samples: int = 100_000,
    random_state: int = 0,
) -> tuple[float, float]:
    """Error of each class among drawn rows.

    Parameters
    ----------
    eta, sigma, n_features, bias
        As in :func:`class_errors`.
    n_samples : int, default=100_000
        Rows drawn of each class.
    random_state : int, default=0
        Seed.

    Returns
    -------
    minority_error, majority_error : float
        Shares of class -1 and of class +1 that are misclassified.
    """
    rng = np.random.default_rng(random_state)
    minority = rng.normal(-eta, sigma, (n_samples, n_features)).sum(axis=1)
    majority = rng.normal(eta, sigma, (n_samples, n_features)).sum(axis=1)
    return float(np.mean(minority > bias)), float(np.mean(majority <= bias))


def compare(
    imbalance_ratio: float, sigmas: np.ndarray, n_features: int = 10, eta: float = 1.0
) -> list[tuple[float, float, np.ndarray, np.ndarray]]:
    """Closed form and simulation, without weights and with balancing ones.

    Parameters
    ----------
    imbalance_ratio : float
        K.
    sigmas : ndarray
        Standard deviations of a feature to go through.
    n_features : int, default=10
        How many there are.
    eta : float, default=1.0
        Mean of each feature.

    Returns
    -------
    list of (separability, weight, closed_form, simulated)
        The last two are arrays of the errors of minority and majority.
    """
    rows = []
    for seed, sigma in enumerate(sigmas):
        for weight in (1.0, imbalance_ratio):
            bias = optimal_bias(eta, sigma, imbalance_ratio, weight)
            closed = np.array(class_errors(eta, sigma, n_features, bias))
            drawn = np.array(simulate_class_errors(eta, sigma, n_features, bias, random_state=seed))
            rows.append((separability(eta, sigma, n_features), weight, closed, drawn))
    return rows


# %%
# The table: errors of both classes, closed form and simulated.
def print_table(rows: list[tuple[float, float, np.ndarray, np.ndarray]]) -> None:
    """Print what :func:`compare` gives, and the largest difference."""
    print("                       minority error         majority error")
    print("separability  weight   closed simulated       closed simulated")
    for apart, weight, closed, drawn in rows:
        print(
            f"{apart:12.2f} {weight:7.0f} {closed[0]:8.4f} {drawn[0]:9.4f}"
            f" {closed[1]:12.4f} {drawn[1]:9.4f}"
        )
    largest = max(np.abs(closed - drawn).max() for _, _, closed, drawn in rows)
    print(f"largest difference {largest:.4f}, of 100,000 drawn rows per class")


# %%
# Left: lines are the closed form, marks the simulation. Right: what the balancing
# weight costs the majority class, for several imbalance ratios.
def draw(
    rows: list[tuple[float, float, np.ndarray, np.ndarray]], imbalance_ratio: float
) -> plt.Figure:
    """Draw both panels."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
    # one feature with sigma = 1: the separability is eta
    grid = np.linspace(0.2, 4.0, 200)
    for weight, line, name in ((1.0, "-", "no weights"), (imbalance_ratio, "--", "weight K")):
        errors = 100 * np.array(
            [class_errors(a, 1, 1, optimal_bias(a, 1, imbalance_ratio, weight)) for a in grid]
        )
        dots = [(apart, *drawn) for apart, used, _, drawn in rows if used == weight]
        apart, *drawn = np.array(dots).T
        for column, (color, marker, who) in enumerate(
            ((VERMILLION, "s", "minority"), (BLUE, "o", "majority"))
        ):
            # with balancing weights both classes err alike: let both lines show
            style = {"color": color, "linestyle": line, "linewidth": 3.5 if column == 0 else 1.5}
            left.plot(grid, errors[:, column], label=f"{who}, {name}", **style)
            face = color if weight == 1 else "white"
            dots = {"color": color, "marker": marker, "markerfacecolor": face, "linestyle": ""}
            left.plot(apart, 100 * drawn[column], markersize=9 - 3 * column, **dots)
    left.set(title=f"Error of each class, K = {imbalance_ratio:g}", ylabel="error (%)")
    for ratio, line in ((2.0, ":"), (10.0, "--"), (100.0, "-")):
        increase = [
            class_errors(a, 1, 1, 0.0)[1] - class_errors(a, 1, 1, optimal_bias(a, 1, ratio))[1]
            for a in grid
        ]
        style = {"color": BLACK, "linestyle": line}
        right.plot(grid, 100 * np.array(increase), label=f"K = {ratio:g}", **style)
    right.set(
        title="What weight K costs the majority class",
        ylabel="increase of the majority's error (points)",
    )
    for ax in (left, right):
        ax.set(xlabel="separability, sqrt(d) * eta / sigma", xlim=(0, 4), ylim=(-2, None))
        ax.legend()
    return figure


if __name__ == "__main__":
    K = 10.0
    table = compare(K, sigmas=np.sqrt(10) / np.array([0.25, 0.5, 1.0, 1.5, 2.0, 3.0]))
    print_table(table)
    draw(table, K)
    plt.show()
