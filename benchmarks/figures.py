"""Scores against the imbalance ratio, as in the dissertation's figures 2.3 and 2.4."""

from pathlib import Path

import pandas as pd
from evaluation import BOOSTING_CLASSIFIER
from matplotlib.figure import Figure
from splits import AS_IS

# the four of the dissertation's figures and their names there
FIGURE_METHODS = ("GLGAN", "LatentSMOTE", "ConditionalGAN", "SMOTE")
IN_DISSERTATION = {"GLGAN": "GL-GAN", "LatentSMOTE": "Auto-only", "ConditionalGAN": "cGAN"}
# Okabe and Ito: told apart by the colour-blind as well; markers and lines for those in grey
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX"
LINES = ("-", "--", ":")


def draw_ratios(scores: pd.DataFrame, methods: list[str], path: Path) -> None:
    """Save MCC over r with bands of one standard deviation: sets down, classifiers across."""
    thinned = scores[scores["ratio"] != AS_IS]
    thinned = thinned[thinned["method"].isin(methods)].assign(r=thinned["ratio"].astype(float))
    if thinned.empty:
        raise SystemExit("--plot needs scores of a set that is thinned to --ratios")
    sets = list(thinned["set"].unique())
    classifiers = [
        name for name in thinned["classifier"].unique() if name != BOOSTING_CLASSIFIER
    ] or [BOOSTING_CLASSIFIER]
    size = (3.6 * len(classifiers) + 1.2, 2.8 * len(sets) + 1.0)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(sets), len(classifiers), squeeze=False, sharex=True)
    for row, name in enumerate(sets):
        for column, classifier in enumerate(classifiers):
            panel = thinned[
                (thinned["set"] == name)
                # boosting stands behind no classifier and is drawn beside each
                & thinned["classifier"].isin([classifier, BOOSTING_CLASSIFIER])
            ]
            draw_panel(axes[row, column], panel, methods)
            axes[row, column].set_title(f"{name}, {classifier}", fontsize="medium")
        axes[row, 0].set_ylabel("MCC on the test part")
    for axis in axes[-1]:
        axis.set_xlabel("imbalance ratio r (minority / majority rows)")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def draw_panel(axis: object, panel: pd.DataFrame, methods: list[str]) -> None:
    """Mean and standard deviation over repeats of each method, over r."""
    ticks = sorted(panel["r"].unique())
    for place, method in enumerate(methods):
        groups = panel[panel["method"] == method].groupby("r")["MCC"]
        mean, spread = groups.mean(), groups.std(ddof=0)
        colour = COLOURS[place % len(COLOURS)]
        label = f"{method} ({IN_DISSERTATION[method]})" if method in IN_DISSERTATION else method
        axis.plot(
            mean.index,
            mean,
            color=colour,
            marker=MARKERS[place % len(MARKERS)],
            linestyle=LINES[place // len(COLOURS) % len(LINES)],
            label=label,
        )
        axis.fill_between(mean.index, mean - spread, mean + spread, color=colour, alpha=0.15)
    axis.set_xscale("log")
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    axis.grid(alpha=0.3)
