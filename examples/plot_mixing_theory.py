"""
What mixing with the minority's label adds to the loss
======================================================

Theorem 5.4.1 of the dissertation, as functions: the loss of mixed rows that take the
label of the minority class, against its second-order form. docs/mixing_theory.md derives
it, and says which of the printed formulas hold.

What one sees: the loss at the centres of the mixed rows misses what mixing adds; with
the two terms of the theorem the rest falls with a higher power of the spread, but only
with the covariance of the minority rows in them.
"""

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.special import betaincinv, betaln
from torch import Tensor, nn
from torch.func import grad, jacrev, vmap
from torch.nn.functional import softplus

from sklearn_imbgen.robust import mix_rows

BLUE, ORANGE, VERMILLION, BLACK = "#0072B2", "#E69F00", "#D55E00", "#000000"
Scores = Callable[[Tensor], Tensor]


# %%
# A majority row x_i and a minority row x_j become ``share * x_i + (1 - share) * x_j``, with
# a share from Beta(gamma, gamma) below 1/2, and get the label of the minority.
def share_moments(concentration: float = 1.0) -> tuple[float, float]:
    """Mean and variance of a share from Beta(gamma, gamma) given that it is below 1/2.

    Parameters
    ----------
    concentration : float, default=1.0
        gamma; 1 is uniform.

    Returns
    -------
    mean, variance : float
        For gamma = 1: 1/4 and 1/48.
    """
    gamma = concentration
    mean = 0.5 - np.exp(-2 * gamma * np.log(2) - betaln(gamma, gamma)) / gamma
    # share * (1 - share) has the same mean on both sides of 1/2
    second = mean - gamma / (2 * (2 * gamma + 1))
    return float(mean), float(second - mean**2)


def mixing_centres(majority: Tensor, minority: Tensor, concentration: float = 1.0) -> Tensor:
    """Mean of what each majority row is mixed into, x tilde.

    Parameters
    ----------
    majority, minority : Tensor of shape (n_rows, n_features)
    concentration : float, default=1.0

    Returns
    -------
    Tensor of the shape of ``majority``
    """
    mean, _ = share_moments(concentration)
    middle = minority.mean(dim=0)
    return middle + mean * (majority - middle)


def mixing_covariances(
    majority: Tensor, minority: Tensor, concentration: float = 1.0, reading: str = "derived"
) -> Tensor:
    """Covariance of what each majority row is mixed into.

    ``variance * (x_i - m) (x_i - m).T + (variance + (1 - mean)**2) * C``, with m and C mean
    and covariance of the minority rows.

    Parameters
    ----------
    majority, minority : Tensor of shape (n_rows, n_features)
    concentration : float, default=1.0
    reading : {"derived", "majority", "divided"}, default="derived"
        What C is: "derived" is right. The others read the printed formula in another way:
        the covariance of the majority rows, or that of the minority rows divided by the
        square of the mean share.

    Returns
    -------
    Tensor of shape (n_rows, n_features, n_features)
    """
    mean, variance = share_moments(concentration)
    middle = minority.mean(dim=0)
    spread = {
        "derived": _covariance(minority),
        "majority": _covariance(majority),
        "divided": _covariance(minority) / mean**2,
    }[reading]
    away = majority - middle
    return variance * away[:, :, None] * away[:, None] + (variance + (1 - mean) ** 2) * spread


def _covariance(rows: Tensor) -> Tensor:
    centred = rows - rows.mean(dim=0)
    return centred.T @ centred / len(rows)


# %%
# The loss of a row whose label is the minority's is ``log(1 + exp(-f))``, with f the score
# of the minority class.
def mixed_loss(
    scores: Scores, majority: Tensor, minority: Tensor, concentration: float = 1.0
) -> float:
    """Mean loss of all mixed rows: every pair, and the share by 24-point quadrature.

    Parameters
    ----------
    scores : callable
        From rows to f, of shape (n_rows,).
    majority, minority : Tensor of shape (n_rows, n_features)
    concentration : float, default=1.0

    Returns
    -------
    float
    """
    points, weights = np.polynomial.legendre.leggauss(24)
    # quantiles of the lower half
    shares = betaincinv(concentration, concentration, (points + 1) / 4)
    total = 0.0
    for share, weight in zip(shares, weights / 2, strict=True):
        rows = share * majority[:, None] + (1 - share) * minority
        total += weight * softplus(-scores(rows.flatten(0, 1))).mean().item()
    return total


def simulated_loss(
    scores: Scores,
    majority: Tensor,
    minority: Tensor,
    concentration: float = 1.0,
    n_batches: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """The same from batches that the library mixes, of the pairs that eq. 5.4 relabels.

    Parameters
    ----------
    scores, majority, minority, concentration
        As in :func:`mixed_loss`.
    n_batches : int, default=1000
        Batches of all rows.
    seed : int, default=0

    Returns
    -------
    mean, standard_error : float
    """
    generator = torch.Generator().manual_seed(seed)
    rows = torch.cat([majority, minority])
    y = torch.repeat_interleave(torch.arange(2), torch.tensor([len(majority), len(minority)]))
    losses = []
    for _ in range(n_batches):
        mixed = mix_rows(
            rows,
            y,
            # a ratio at which eq. 5.4 acts, whatever the sizes here
            class_counts=torch.tensor([3.0, 1.0]),
            concentration=concentration,
            generator=generator,
        )
        # (majority, minority) with label 0 for the former, or the other way round
        relabelled = (mixed.y != mixed.y_partner) & (mixed.share == mixed.y)
        losses.append(softplus(-scores(mixed.X[relabelled])))
    drawn = torch.cat(losses)
    return drawn.mean().item(), (drawn.std() / len(drawn) ** 0.5).item()


def second_order_terms(
    scores: Scores, centres: Tensor, covariances: Tensor
) -> tuple[float, float, float]:
    """The three terms of the theorem, with exact derivatives.

    Parameters
    ----------
    scores : callable
        From rows to f, twice differentiable.
    centres : Tensor of shape (n_rows, n_features)
    covariances : Tensor of shape (n_rows, n_features, n_features)

    Returns
    -------
    at_centres : float
        Mean loss at the centres.
    slope_term : float
        R1, half the mean of ``p (1 - p) * gradient.T @ covariance @ gradient``.
    curvature_term : float
        R2, half the mean of ``-(1 - p) * trace(covariance @ hessian)``.
    """

    def score(row: Tensor) -> Tensor:
        return scores(row[None])[0]

    f = scores(centres)
    sure = torch.sigmoid(f)
    gradients, hessians = vmap(grad(score))(centres), vmap(jacrev(grad(score)))(centres)
    slopes = torch.einsum("ia,iab,ib->i", gradients, covariances, gradients)
    curvatures = torch.einsum("iab,iab->i", covariances, hessians)
    slope_term = 0.5 * (sure * (1 - sure) * slopes).mean()
    curvature_term = -0.5 * ((1 - sure) * curvatures).mean()
    return softplus(-f).mean().item(), slope_term.item(), curvature_term.item()


# %%
# Two classes with different covariances, and a small network that is smooth: with ReLU the
# curvature would be zero almost everywhere.
def two_classes(n_majority: int = 60, n_minority: int = 15) -> tuple[Tensor, Tensor]:
    """Rows of a wide majority class and a narrow, tilted minority class.

    Returns
    -------
    majority, minority : Tensor of shape (n_rows, 2)
    """
    rng = np.random.default_rng(0)
    majority = rng.normal(size=(n_majority, 2)) * [1.5, 0.8] - [1.2, 0]
    minority = rng.normal(size=(n_minority, 2)) @ [[0.8, 0.5], [0.0, 0.5]] + [1.5, 0.5]
    return torch.tensor(majority), torch.tensor(minority)


def train_network(majority: Tensor, minority: Tensor, n_steps: int = 300) -> Scores:
    """A network with 16 tanh units, trained to tell the classes apart.

    Returns
    -------
    callable
        From rows to the score of the minority class.
    """
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1)).double()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.03)
    for _ in range(n_steps):
        optimizer.zero_grad()
        loss = softplus(network(majority)).mean() + softplus(-network(minority)).mean()
        loss.backward()
        optimizer.step()
    network.requires_grad_(False)
    return lambda rows: network(rows).squeeze(-1)


# %%
# All rows are brought nearer to the mean of the minority by a factor, the network stays.
def compare(
    spreads: np.ndarray, concentration: float = 1.0, n_batches: int = 1000
) -> list[dict[str, float]]:
    """Mixed loss and its approximations over a range of spreads.

    Parameters
    ----------
    spreads : ndarray
        Factors in (0, 1].
    concentration : float, default=1.0
    n_batches : int, default=1000
        Of the simulation.

    Returns
    -------
    list of dict
        Of each spread the losses "mixed", "simulated" (with "standard_error") and
        "centres", the terms "slope" and "curvature", and "derived", "majority", "divided":
        the second-order form with each covariance.
    """
    majority, minority = two_classes()
    scores = train_network(majority, minority)
    middle = minority.mean(dim=0)
    rows = []
    for spread in spreads:
        near = [middle + float(spread) * (part - middle) for part in (majority, minority)]
        row = {"spread": float(spread), "mixed": mixed_loss(scores, *near, concentration)}
        row["simulated"], row["standard_error"] = simulated_loss(
            scores, *near, concentration, n_batches
        )
        centres = mixing_centres(*near, concentration)
        for reading in ("derived", "majority", "divided"):
            covariances = mixing_covariances(*near, concentration, reading)
            terms = second_order_terms(scores, centres, covariances)
            row[reading] = sum(terms)
            if reading == "derived":
                row["centres"], row["slope"], row["curvature"] = terms
        rows.append(row)
    return rows


def print_table(rows: list[dict[str, float]]) -> None:
    """Print what :func:`compare` gives, and how fast the errors fall."""
    print("spread   mixed  simulated (error)   centres  second order     slope  curvature")
    for row in rows:
        print(
            f"{row['spread']:6.4f} {row['mixed']:7.4f} {row['simulated']:10.4f}"
            f" ({row['standard_error']:.4f}) {row['centres']:9.4f} {row['derived']:13.4f}"
            f" {row['slope']:9.5f} {row['curvature']:10.5f}"
        )
    print("\nerror at spread   centres  second order  of the majority  divided")
    for row in rows:
        errors = [row[name] - row["mixed"] for name in ("centres", "derived")]
        errors += [row[name] - row["mixed"] for name in ("majority", "divided")]
        print(f"{row['spread']:15.4f}" + "".join(f" {error:12.2e}" for error in errors))
    for name in ("centres", "derived", "majority", "divided"):
        print(f"power of the spread, {name}: {power_of_the_error(rows, name):.2f}")


def power_of_the_error(rows: list[dict[str, float]], name: str) -> float:
    """The power of the spread with which an error falls, from the last two rows."""
    sizes = [np.log(abs(row[name] - row["mixed"])) for row in rows[-2:]]
    spreads = [np.log(row["spread"]) for row in rows[-2:]]
    return float((sizes[1] - sizes[0]) / (spreads[1] - spreads[0]))


# %%
# Left: the losses. Right: their distance from the mixed loss, on logarithmic axes, where a
# power of the spread is a straight line.
def draw(rows: list[dict[str, float]]) -> plt.Figure:
    """Draw both panels."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
    spreads = np.array([row["spread"] for row in rows])
    losses = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    styles = {
        "centres": ("at the centres alone", VERMILLION, "s", "--"),
        "derived": ("second order", BLUE, "o", "-"),
        "majority": ("second order, majority's covariance", ORANGE, "^", ":"),
        "divided": ("second order, divided by mean share squared", BLACK, "v", ":"),
    }
    left.errorbar(
        spreads,
        losses["simulated"],
        2 * losses["standard_error"],
        color=BLACK,
        alpha=0.4,
        linewidth=4,
        elinewidth=1.5,
        capsize=6,
        label="mixed rows, drawn (2 standard errors)",
    )
    for name, (label, color, marker, line) in styles.items():
        style = {"color": color, "marker": marker, "linestyle": line, "label": label}
        if name in ("centres", "derived"):
            left.plot(spreads, losses[name], **style)
        right.plot(spreads, np.abs(losses[name] - losses["mixed"]), **style)
    for power, start in ((2, "centres"), (3, "derived")):
        error = abs(losses[start] - losses["mixed"])[-1]
        guide = error * (spreads / spreads[-1]) ** power
        right.plot(spreads, guide, color="0.6", linewidth=0.8, zorder=0)
        place = {"xytext": (-8, 0), "textcoords": "offset points", "ha": "right", "va": "center"}
        right.annotate(f"power {power}", (spreads[-1], error), **place)
    left.set(title="Loss", ylabel="loss with the minority's label")
    right.set(title="Distance from the loss of mixed rows", ylabel="absolute error", yscale="log")
    for ax in (left, right):
        ax.set_xscale("log")
        ax.set_xticks(spreads, [f"1/{1 / s:.0f}" if s < 1 else "1" for s in spreads])
        ax.minorticks_off()
        ax.set_xlim(spreads[-1] / 2.4, 1.2)
        ax.set_xlabel("spread: distance of all rows from the minority's mean")
    left.legend(loc="upper left")
    handles = right.get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4, frameon=False)
    return figure


if __name__ == "__main__":
    table = compare(0.5 ** np.arange(6))
    print_table(table)
    draw(table)
    plt.show()
