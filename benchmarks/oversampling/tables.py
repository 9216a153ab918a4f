"""Tables and the figure of the over-sampling benchmark, the dissertation's numbers beside ours."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from benchmarks.oversampling.scoring import (
    BOOSTING,
    BOOSTING_CLASSIFIER,
    CLASSIFIER_NAMES,
    MEASURES,
)
from benchmarks.oversampling.sets import table_and_ratio
from benchmarks.tables import published, refusals, seeds_of, spread_table, titled

# names of the four of figures 2.3 and 2.4 there
IN_DISSERTATION = {"GLGAN": "GL-GAN", "LatentSMOTE": "Auto-only", "ConditionalGAN": "cGAN"}
# Okabe and Ito: told apart by the colour-blind as well; markers and lines for those in grey
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX"
LINES = ("-", "--", ":")


def cells_of(scores: pd.DataFrame) -> pd.DataFrame:
    """MCC with one row per set, classifier and seed, one column per method.

    Boosting, which stands behind no classifier, has the same score in each of them.
    """
    boosting = scores["method"] == BOOSTING
    copies = [
        scores[boosting].assign(classifier=classifier)
        for classifier in scores.loc[~boosting, "classifier"].unique()
    ]
    rows = pd.concat([scores[~boosting], *(copies or [scores[boosting]])])
    cells = rows.pivot_table(
        index=["set", "classifier", "seed"], columns="method", values="MCC", sort=False
    )
    return cells.reindex(columns=scores["method"].unique())


def overall_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean MCC over classifiers and seeds, per set and over sets, and wins over SMOTE."""
    cells = cells_of(scores)
    means = cells.groupby(level="set", sort=False).mean().T
    means["mean over sets"] = means.mean(axis=1)
    table = means.map("{:.3f}".format)
    if "SMOTE" in cells:
        table["wins / losses against SMOTE"] = [
            f"{(cells[method] > cells['SMOTE']).sum()} / {(cells[method] < cells['SMOTE']).sum()}"
            for method in table.index
        ]
    return table


def report(scores: pd.DataFrame) -> str:
    """A table per set, the refusals, and a table over all sets of a ratio."""
    order = [*CLASSIFIER_NAMES, BOOSTING_CLASSIFIER]
    parts = []
    for name, rows in scores.groupby("set", sort=False):
        title = f"{name}: mean ± standard deviation over {seeds_of(rows)}"
        table = spread_table(
            rows, MEASURES, by=("classifier", "method"), beside=published(2, set=str(name))
        )
        there = [classifier for classifier in order if classifier in table.index]
        parts.append(titled(title, table.reindex(there, level="classifier")))
    refused = refusals(scores)
    if refused:
        parts.append("\n".join(["Scored on the rows as they are:", *refused]))
    ratios = scores["set"].map(lambda name: table_and_ratio(name)[1]).fillna(0)
    for ratio, rows in scores.groupby(ratios, sort=False):
        title = f"Mean MCC over classifiers and {seeds_of(rows)}, "
        parts.append(
            titled(title + (f"ratio {ratio:g}" if ratio else "as is"), overall_table(rows))
        )
    return "\n\n".join(parts)


def draw_ratios(scores: pd.DataFrame, path: Path) -> None:
    """Save MCC over the ratio (figures 2.3, 2.4): sets down, classifiers across."""
    names = pd.DataFrame(
        [table_and_ratio(name) for name in scores["set"]],
        columns=["table", "r"],
        index=scores.index,
    )
    thinned = scores.assign(**names).dropna(subset="r")
    if thinned.empty:
        raise SystemExit("--plot needs scores of a set that is thinned")
    tables = list(thinned["table"].unique())
    classifiers = [name for name in CLASSIFIER_NAMES if name in set(thinned["classifier"])]
    classifiers = classifiers or [BOOSTING_CLASSIFIER]
    size = (3.6 * len(classifiers) + 1.2, 2.8 * len(tables) + 1.0)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(tables), len(classifiers), squeeze=False, sharex=True)
    for row, name in zip(axes, tables, strict=True):
        for axis, classifier in zip(row, classifiers, strict=True):
            # boosting stands behind no classifier and is drawn beside each
            chosen = thinned["classifier"].isin([classifier, BOOSTING_CLASSIFIER])
            draw_panel(axis, thinned[(thinned["table"] == name) & chosen])
            axis.set_title(f"{name}, {classifier}", fontsize="medium")
        row[0].set_ylabel("MCC on the test part")
    for axis in axes[-1]:
        axis.set_xlabel("imbalance ratio r (minority / majority rows)")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)))
    figure.savefig(path, dpi=150)


def draw_panel(axis: object, panel: pd.DataFrame) -> None:
    """Mean and a band of one standard deviation over the seeds of each method."""
    ticks = sorted(panel["r"].unique())
    for place, (method, rows) in enumerate(panel.groupby("method", sort=False)):
        groups = rows.groupby("r")["MCC"]
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
