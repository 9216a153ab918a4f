"""Tables and figures of the robust benchmark, the dissertation's numbers beside ours."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

PUBLISHED = Path(__file__).parent / "dissertation"
MEASURES = ["standard overall", "standard under", "robust overall", "robust under"]
# robust against the cross entropy and the margin attack at once
BOTH = ["both attacks overall", "both attacks under"]
TWINS = {"SRAT-CE": "DRCB-CE", "SRAT-Focal": "DRCB-Focal", "SRAT-LDAM": "DRCB-LDAM"}
BAR = ["standard overall", "robust under"]


def published(name: str, norm: str, chapter: int) -> pd.DataFrame:
    """Numbers of the dissertation by method; no row where it does not have this set."""
    frame = pd.read_csv(PUBLISHED / f"chapter{chapter}.csv")
    chosen = frame[(frame["set"] == name) & (frame["norm"] == norm)]
    return chosen.set_index("method")[MEASURES]


def score_table(scores: pd.DataFrame, name: str, norm: str, chapter: int) -> pd.DataFrame:
    """Mean ± standard deviation over the seeds of one set, in percent, by method."""
    groups = scores[scores["set"] == name].groupby("method", sort=False)
    table = pd.DataFrame(index=groups.size().index)
    numbers = published(name, norm, chapter)
    for measure in [*MEASURES, *BOTH]:
        if measure not in scores or groups[measure].mean().isna().all():
            continue
        mean, spread = groups[measure].mean(), groups[measure].std(ddof=0)
        table[measure] = mean.map("{:.1f}".format) + " ± " + spread.map("{:.1f}".format)
        if measure in numbers and len(numbers):
            values = numbers[measure].reindex(table.index)
            table[f"{measure}, dissertation"] = [f"{v:.1f}" if v == v else "" for v in values]
    table["seconds"] = groups["seconds"].mean().map("{:.0f}".format)
    return table


def bar_lines(scores: pd.DataFrame, name: str) -> list[str]:
    """Whether SRAT-LDAM is best, and each SRAT above its twin without separation."""
    means = scores[scores["set"] == name].groupby("method", sort=False)[MEASURES].mean()
    lines = []
    if "SRAT-LDAM" in means.index:
        # its own variants are no rivals
        rivals = means[~means.index.str.startswith("SRAT")]
        for measure in BAR:
            if len(rivals):
                best = rivals[measure].idxmax()
                gap = means.loc["SRAT-LDAM", measure] - rivals.loc[best, measure]
                lines.append(f"SRAT-LDAM, {measure}: {gap:+.1f} against the best other ({best})")
    for own, twin in TWINS.items():
        if own in means.index and twin in means.index:
            gaps = means.loc[own, BAR] - means.loc[twin, BAR]
            parts = ", ".join(f"{measure} {gap:+.1f}" for measure, gap in gaps.items())
            lines.append(f"{own} against {twin}: {parts}")
    return lines


def report(
    scores: pd.DataFrame,
    norm: str,
    bars: Callable[[pd.DataFrame, str], list[str]],
    *,
    chapter: int,
) -> str:
    """All tables of a run as text, each with the lines of its bar."""
    blocks = []
    for name in scores["set"].unique():
        n_seeds = scores.loc[scores["set"] == name, "seed"].nunique()
        title = f"{name}, {norm}: class-averaged accuracy in %, {n_seeds} seed(s)"
        table = score_table(scores, name, norm, chapter).to_string()
        blocks.append("\n".join([title, table, *bars(scores, name)]))
    return "\n\n".join(blocks)


def draw_figure(scores: pd.DataFrame, values: dict[str, float], quantity: str, path: Path) -> None:
    """Accuracy over a quantity (Figures 4.5 to 4.7): one panel per measure, a line per loss.

    ``values`` gives the quantity of each method's name, of the form "SRAT-CE @ 10".
    """
    import matplotlib.pyplot as plt

    colours = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained", sharey=True)
    means = scores.groupby("method", sort=False)[MEASURES].mean().reset_index()
    means["line"] = means["method"].str.partition(" @ ")[0]
    means["at"] = means["method"].map(values)
    for panel, kind in zip(axes, ("standard", "robust"), strict=True):
        for number, (line, rows) in enumerate(means.groupby("line", sort=False)):
            ordered = rows.sort_values("at")
            for part, style in (("overall", "-"), ("under", "--")):
                panel.plot(
                    ordered["at"],
                    ordered[f"{kind} {part}"],
                    style,
                    marker="os^Dv<"[number % 6],
                    color=colours[number % len(colours)],
                    label=f"{line}, {part}",
                )
        panel.set(title=f"{kind} accuracy", xlabel=quantity)
    axes[0].set_ylabel("class-averaged accuracy (%)")
    handles, labels = axes[0].get_legend_handles_labels()
    # columns are filled from top to bottom: a method each
    columns = max(1, len(labels) // 2)
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)
