"""
Adversarial training and rare classes
=====================================

The preliminary studies of section 4.2 of the dissertation, on scikit-learn's
digits: what adversarial training does to classes with few rows, what weights do
about it, and how the features look.

The dissertation says that adversarial training gives up rare classes, that weights
then ruin the frequent ones, and that its features mix. Here the first two are seen in
training with epsilon 0.2 and in short training with 0.1, and less in longer training
with 0.1. Unattacked, the weight that balances the classes serves both of them well,
except with epsilon 0.2.

The pictures here are of one split and four trainings. The page "Why weights hurt where
classes overlap" has six trainings and means over three splits, which takes about a
minute and a half: ``python examples/plot_adversarial_imbalance.py --full``.
"""

# %%
# A small network without standardisation inside, so that epsilon is in units of a
# pixel, from 0 to 1. The attack on the test rows is the same for all nets. Training with
# epsilon 0.1 is shown twice, short and long: much of what is seen depends on it.
import sys

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score
from sklearn.model_selection import train_test_split
from torch import nn
from torch.optim import Adam

from sklearn_imbgen.datasets import make_step_imbalance
from sklearn_imbgen.robust import AdversarialClassifier

BLUE, ORANGE, VERMILLION, GREY = "#0072B2", "#E69F00", "#D55E00", "#BBBBBB"
ATTACK = 0.1  # epsilon of the attack on test rows
FULL = "--full" in sys.argv
# the epsilon of the training; 0 is natural training
EPSILONS = {"natural": 0.0, "adversarial 0.1": 0.1, "adversarial 0.2": 0.2}
# names and epochs
TRAININGS = [("natural", 70), ("adversarial 0.1", 30)]
TRAININGS += [("adversarial 0.1", 70), ("adversarial 0.2", 70)]
if FULL:
    TRAININGS = [(name, epochs) for epochs in (30, 100) for name in EPSILONS]
SEEDS = range(3 if FULL else 1)
IMBALANCE_RATIO = 20

X, y = load_digits(return_X_y=True)
X = (X / 16).astype("float32")


class Network(nn.Sequential):
    """64 pixels to logits."""

    def __init__(self, n_classes):
        super().__init__(
            nn.Linear(64, 64),
            nn.ReLU(),
            nn.Linear(64, 32),
            nn.ReLU(),
            nn.Linear(32, n_classes),
        )


def split_and_thin(rows, labels, minority_classes, seed):
    """Training rows with rare classes, and test rows with all classes alike."""
    X_train, X_test, y_train, y_test = train_test_split(
        rows, labels, test_size=0.4, stratify=labels, random_state=seed
    )
    X_train, y_train, _ = make_step_imbalance(
        X_train,
        y_train,
        imbalance_ratio=IMBALANCE_RATIO,
        minority_classes=minority_classes,
        random_state=seed,
    )
    return X_train, X_test, y_train, y_test


def train(X_train, y_train, epsilon, max_epochs, seed, class_weight=None):
    """A fitted net; natural training is adversarial training without a step."""
    net = AdversarialClassifier(
        Network,
        epsilon=epsilon,
        n_steps=5 if epsilon else 0,
        attack__clip_values=(0, 1),
        class_weight=class_weight,
        optimizer=Adam,
        lr=0.003,
        max_epochs=max_epochs,
        batch_size=32,
        random_state=seed,
    )
    return net.fit(X_train, y_train)


def accuracies(net, X_test, y_test):
    """Standard and robust accuracy of each class in per cent, an array of two rows."""
    attacked = net.perturb(X_test, y_test, epsilon=ATTACK, n_steps=20)
    return np.array(
        [
            [100 * np.mean(net.predict(rows)[y_test == label] == label) for label in net.classes_]
            for rows in (X_test, attacked)
        ]
    )


def print_line(*start, standard, robust):
    """One line of a table: the accuracies of majority and minority."""
    print("{:16}{:7}{:8}".format(*start), end="")
    print("{:17.1f}{:9.1f}{:17.1f}{:9.1f}".format(*standard, *robust))


def a_panel_each(legend_columns):
    """A panel for each training, in two rows."""
    n_columns = len(TRAININGS) // 2
    figure, axes = plt.subplots(
        2, n_columns, figsize=(4.4 * n_columns, 6.5), sharex=True, sharey=True, layout="constrained"
    )
    panels = dict(zip(TRAININGS, axes.flat, strict=True))
    for (name, epochs), ax in panels.items():
        ax.set_title(f"{name}, {epochs} epochs")
    for ax in axes[:, 0]:
        ax.set(ylabel="accuracy (%)", ylim=(-3, 103))

    def finish():
        handles = axes[0, 0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower center", ncols=legend_columns)

    return panels, axes[1], finish


HEADER = "training         epochs  weight   standard: maj.     min.     robust: maj.     min."

# %%
# Figure 4.1. The digits 5 to 9 keep a twentieth of the rows of 0 to 4.
splits = [split_and_thin(X, y, range(5, 10), seed) for seed in SEEDS]
counts = np.bincount(splits[0][2])
print(HEADER)
panels, lowest, finish = a_panel_each(legend_columns=3)
for (name, epochs), ax in panels.items():
    runs = []
    for seed, (X_train, X_test, y_train, y_test) in zip(SEEDS, splits, strict=True):
        net = train(X_train, y_train, EPSILONS[name], epochs, seed)
        runs.append(accuracies(net, X_test, y_test))
    both = standard, robust = np.mean(runs, axis=0)
    halves = [(values[:5].mean(), values[5:].mean()) for values in both]
    print_line(name, epochs, 1, standard=halves[0], robust=halves[1])
    ax.bar(np.arange(10) - 0.2, standard, 0.4, color=BLUE, label="standard")
    ax.bar(np.arange(10) + 0.2, robust, 0.4, color=ORANGE, label=f"attacked, epsilon {ATTACK}")
    ax.axvspan(4.5, 9.5, color=GREY, alpha=0.35, zorder=0, label="minority classes")
for ax in lowest:
    ax.set(xlabel="digit (training rows of the first split)", xlim=(-0.5, 9.5))
    ax.set_xticks(range(10), [f"{digit}\n({n})" for digit, n in enumerate(counts)], fontsize=7.5)
finish()

# %%
# Figure 4.2. Two digits that look alike, and heavier and heavier weights for the
# rare one. 20 is the weight that balances them.
MAJORITY, MINORITY = 3, 8
WEIGHTS = (1, 20, 50, 200) if FULL else (1, 20, 200)
pair = np.isin(y, [MAJORITY, MINORITY])
splits = [split_and_thin(X[pair], y[pair], [MINORITY], seed) for seed in SEEDS]

unweighted = {}
print(f"\n{MAJORITY} against {MINORITY}\n{HEADER}")
panels, lowest, finish = a_panel_each(legend_columns=2)
for (name, epochs), ax in panels.items():
    table = np.zeros((len(WEIGHTS), 2, 2))
    for i, weight in enumerate(WEIGHTS):
        weights = {MAJORITY: 1, MINORITY: weight}
        for seed, (X_train, X_test, y_train, y_test) in zip(SEEDS, splits, strict=True):
            net = train(X_train, y_train, EPSILONS[name], epochs, seed, weights)
            table[i] += accuracies(net, X_test, y_test) / len(SEEDS)
            if weight == 1:
                unweighted[name, epochs, seed] = net
        print_line(name, epochs, weight, standard=table[i, 0], robust=table[i, 1])
    for column, (color, marker, who) in enumerate(
        ((BLUE, "o", f"majority, {MAJORITY}"), (VERMILLION, "s", f"minority, {MINORITY}"))
    ):
        for row, (line, what) in enumerate((("-", "standard"), ("--", f"attacked, {ATTACK}"))):
            style = {"color": color, "marker": marker, "linestyle": line}
            ax.plot(WEIGHTS, table[:, row, column], label=f"{who}: {what}", **style)
for ax in lowest:
    ax.set(xlabel="weight of the minority class", xscale="log")
    ax.set_xticks(WEIGHTS, WEIGHTS)
    ax.minorticks_off()
finish()

# %%
# Figure 4.3. What enters the last layer of the nets without weights, for test rows,
# on the two directions in which it varies most. The silhouette is near 1 where the
# classes lie apart and near 0 where they mix.
print("\ntraining         epochs   silhouette: standard  attacked")
figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
shown = dict(zip(EPSILONS, axes, strict=True))
for name, epochs in panels:
    silhouettes = []
    for seed, (_, X_test, _, y_test) in zip(SEEDS, splits, strict=True):
        net = unweighted[name, epochs, seed]
        attacked = net.perturb(X_test, y_test, epsilon=ATTACK, n_steps=20)
        silhouettes.append(
            [silhouette_score(net.extract_features(rows), y_test) for rows in (X_test, attacked)]
        )
    standard, robust = np.mean(silhouettes, axis=0)
    print(f"{name:16}{epochs:7}{standard:23.2f}{robust:10.2f}")
    if epochs == 30:
        continue
    _, X_test, _, y_test = splits[0]
    points = PCA(2).fit_transform(unweighted[name, epochs, 0].extract_features(X_test))
    ax = shown[name]
    for label, color, marker in ((MAJORITY, BLUE, "o"), (MINORITY, VERMILLION, "s")):
        style = {"color": color, "marker": marker, "alpha": 0.7}
        ax.scatter(*points[y_test == label].T, label=f"digit {label}", **style)
    ax.set(
        title=f"{name}, {epochs} epochs\nsilhouette {silhouettes[0][0]:.2f}",
        xlabel="first principal component",
        ylabel="second principal component",
    )
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
plt.show()
