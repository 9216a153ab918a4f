"""Bars and figures of the Imb-Mix benchmark."""

from pathlib import Path

import pandas as pd
from robust_tables import MEASURES

OWN = "Imb-Mix"
BAR = ["standard overall", "robust overall"]
# what averages, and the same without
AVERAGED = {"Imb-Mix": "data_aug", "Imb-Mix, deferred weights": "data_aug, deferred weights",
            }  # fmt: skip
WITHOUT_AVERAGING = "no averaging"


def bar_lines(scores: pd.DataFrame, name: str) -> list[str]:
    """Whether Imb-Mix is best overall, and whether averaging hurts."""
    means = scores[scores["set"] == name].groupby("method", sort=False)[MEASURES].mean()
    rivals = means[~means.index.str.startswith(OWN)]
    lines = []
    for own in means.index[means.index.str.startswith(OWN)]:
        for measure in BAR if len(rivals) else ():
            best = rivals[measure].idxmax()
            gap = means.loc[own, measure] - rivals.loc[best, measure]
            lines.append(f"{own}, {measure}: {gap:+.1f} against the best other ({best})")
    pairs = dict(AVERAGED)
    if WITHOUT_AVERAGING in means.index:
        pairs = {OWN: WITHOUT_AVERAGING}
    for own, without in pairs.items():
        if own in means.index and without in means.index:
            gaps = means.loc[own, MEASURES] - means.loc[without, MEASURES]
            parts = ", ".join(f"{measure} {gap:+.1f}" for measure, gap in gaps.items())
            lines.append(f"averaging, {own} against {without}: {parts}")
    return lines


def draw_bars(scores: pd.DataFrame, path: Path) -> None:
    """Accuracies of each method side by side, a row of panels per set (Figures 5.2 to 5.7)."""
    import matplotlib.pyplot as plt

    colours = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
    names = list(scores["set"].unique())
    figure, axes = plt.subplots(
        len(names), 2, figsize=(10, 3.4 * len(names)), layout="constrained", squeeze=False
    )
    methods = list(scores["method"].unique())
    width = 0.8 / len(methods)
    for row, name in zip(axes, names, strict=True):
        groups = scores[scores["set"] == name].groupby("method", sort=False)
        mean, spread = groups[MEASURES].mean(), groups[MEASURES].std(ddof=0)
        for panel, kind in zip(row, ("standard", "robust"), strict=True):
            measures = [f"{kind} overall", f"{kind} under"]
            for number, method in enumerate(methods):
                panel.bar(
                    [place + (number - (len(methods) - 1) / 2) * width for place in (0, 1)],
                    mean.loc[method, measures],
                    width,
                    yerr=spread.loc[method, measures],
                    color=colours[number % len(colours)],
                    label=method,
                    capsize=2,
                )
            panel.set_xticks([0, 1], ["all classes", "under-represented"])
            panel.set(title=f"{name}, {kind}", ylabel="accuracy (%)")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)
