"""Tables and figures of the robust benchmarks, the dissertation's numbers beside ours."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from benchmarks.robust.scoring import BOTH, ROBUST, STANDARD
from benchmarks.tables import published, seeds_of, spread_table, titled

MEASURES = [*STANDARD, *ROBUST]
# a method and the same without what it is named for
TWINS = {
    "SRAT-CE": "DRCB-CE",
    "SRAT-Focal": "DRCB-Focal",
    "SRAT-LDAM": "DRCB-LDAM",
    "SRAT-LDAM, no warm-up": "DRCB-LDAM, no warm-up",
    "Imb-Mix": "data_aug",
    "Imb-Mix, deferred weights": "data_aug, deferred weights",
}
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")


def differences(scores: pd.DataFrame) -> list[str]:
    """A line for each method whose twin is there, on one set."""
    means = scores.groupby("method", sort=False)[MEASURES].mean()
    lines = []
    for own, twin in TWINS.items():
        if own in means.index and twin in means.index:
            gaps = (means.loc[own] - means.loc[twin]).items()
            parts = ", ".join(f"{measure} {gap:+.1f}" for measure, gap in gaps)
            lines.append(f"{own} less {twin}: {parts}")
    return lines


def report(chapter: int, scores: pd.DataFrame) -> str:
    """A table per set, in percent, with the differences between twins."""
    norm = "l2" if scores["settings"].iloc[0].startswith("norm l2") else "linf"
    return "\n\n".join(
        titled(
            f"{name}, {norm}: class-averaged accuracy in %, {seeds_of(rows)}",
            spread_table(
                rows,
                [*MEASURES, *BOTH],
                digits=1,
                beside=published(chapter, set=str(name), norm=norm),
            ),
            differences(rows),
        )
        for name, rows in scores.groupby("set", sort=False)
    )


def draw_lines(places: dict[str, float], quantity: str, scores: pd.DataFrame, path: Path) -> None:
    """Accuracy over a quantity (figures 4.5 to 4.7): one panel per measure, a line per loss.

    ``places`` on the axis are those of methods, named "SRAT-CE @ 10".
    """
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    means = scores.groupby("method", sort=False)[MEASURES].mean().reset_index()
    means["line"] = means["method"].str.partition(" @ ")[0]
    means["at"] = means["method"].map(places)
    for panel, kind in zip(axes, ("standard", "robust"), strict=True):
        for number, (line, rows) in enumerate(means.groupby("line", sort=False)):
            ordered = rows.sort_values("at")
            for part, style in (("overall", "-"), ("under", "--")):
                panel.plot(
                    ordered["at"],
                    ordered[f"{kind} {part}"],
                    style,
                    marker="os^Dv<"[number % 6],
                    color=COLOURS[number % len(COLOURS)],
                    label=f"{line}, {part}",
                )
        panel.set(title=f"{kind} accuracy", xlabel=quantity)
    axes[0].set_ylabel("class-averaged accuracy (%)")
    handles, labels = axes[0].get_legend_handles_labels()
    # columns are filled from top to bottom: a method each
    columns = max(1, len(labels) // 2)
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)
    figure.savefig(path, dpi=120)


def draw_bars(scores: pd.DataFrame, path: Path) -> None:
    """Accuracies of each method side by side, a row of panels per set (figures 5.2 to 5.7)."""
    names, methods = scores["set"].unique(), scores["method"].unique()
    figure = Figure(figsize=(10, 3.4 * len(names)), layout="constrained")
    axes = figure.subplots(len(names), 2, squeeze=False)
    width = 0.8 / len(methods)
    for row, name in zip(axes, names, strict=True):
        groups = scores[scores["set"] == name].groupby("method", sort=False)
        mean, spread = groups[MEASURES].mean(), groups[MEASURES].std(ddof=0)
        for panel, kind in zip(row, ("standard", "robust"), strict=True):
            measures = [f"{kind} overall", f"{kind} under"]
            for number, method in enumerate(methods):
                panel.bar(
                    np.arange(2) + (number - (len(methods) - 1) / 2) * width,
                    mean.loc[method, measures],
                    width,
                    yerr=spread.loc[method, measures],
                    color=COLOURS[number % len(COLOURS)],
                    label=method,
                    capsize=2,
                )
            panel.set_xticks([0, 1], ["all classes", "under-represented"])
            panel.set(title=f"{name}, {kind}", ylabel="accuracy (%)")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False
    )
    figure.savefig(path, dpi=120)
