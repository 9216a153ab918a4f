"""Tables of the scores of a sweep, the dissertation's numbers beside ours."""

from pathlib import Path

import pandas as pd
from evaluation import ALL_ROWS, BOOSTING, CLASSIFIER_NAMES, FIDELITY, HELD_OUT, MEASURES
from sweep import KEY

CELL = ["set", "ratio", "classifier", "repeat"]
GROUP = ["set", "ratio"]
# of the dissertation's tables 2.2 to 2.6; the class pairs behind them are not stated
PUBLISHED_RATIO = "0.01"
PUBLISHED_FILE = Path(__file__).parent / "dissertation" / "chapter2.csv"


def published() -> pd.Series:
    """Numbers of tables 2.2 to 2.6 by set, classifier, measure and method; NaN where none is."""
    frame = pd.read_csv(PUBLISHED_FILE, keep_default_na=False, na_values={"value": [""]})
    return frame.set_index(["set", "classifier", "measure", "method"])["value"]


def score_table(scores: pd.DataFrame, name: str, ratio: str) -> pd.DataFrame:
    """Mean ± standard deviation over the repeats of one set, by classifier and method."""
    chosen = scores[(scores["set"] == name) & (scores["ratio"] == ratio)]
    groups = chosen.groupby(["classifier", "method"], sort=False)
    table = pd.DataFrame(index=groups.size().index)
    for measure in MEASURES:
        mean, spread = groups[measure].mean(), groups[measure].std(ddof=0)
        table[measure] = mean.map("{:.3f}".format) + " ± " + spread.map("{:.3f}".format)
    seconds = groups["seconds"].mean()
    table["seconds"] = seconds.map("{:.2f}".format).where(seconds.notna(), "")
    numbers = published()
    if ratio == PUBLISHED_RATIO and name in numbers.index.get_level_values("set"):
        for measure in MEASURES:
            keys = [(name, classifier, measure, method) for classifier, method in table.index]
            values = numbers.reindex(keys).to_numpy()
            table[f"{measure}, dissertation"] = [f"{v:.3f}" if v == v else "" for v in values]
    return table.reindex(
        [*CLASSIFIER_NAMES, *table.index.unique("classifier").difference(CLASSIFIER_NAMES)],
        level="classifier",
    )


def fidelity_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean fidelity of the new rows over the repeats, by set, ratio and method."""
    columns = [*FIDELITY, *HELD_OUT]
    # the rows of a method's classifiers repeat one measurement
    once = scores.drop_duplicates(KEY).dropna(subset=columns, how="all")
    return once.groupby([*GROUP, "method"], sort=False)[columns].mean().round(3)


def refusal_table(scores: pd.DataFrame) -> pd.DataFrame:
    """How often a method made no rows and its scores are those of the unresampled data."""
    once = scores.drop_duplicates(KEY)
    groups = once.groupby([*GROUP, "method"], sort=False)["refusal"]
    table = pd.DataFrame(
        {
            "refused": groups.agg(lambda reasons: int((reasons != "").sum())),
            "of": groups.size(),
            "first reason": groups.agg(lambda reasons: max(reasons, key=bool)),
        }
    )
    return table[table["refused"] > 0]


def cells_of(scores: pd.DataFrame, measure: str = "MCC") -> pd.DataFrame:
    """One row per set, classifier and repeat, one column per method.

    Boosting, which stands behind no classifier, has the same score in each of them.
    """
    boosting = scores["method"] == BOOSTING
    copies = [
        scores[boosting].assign(classifier=classifier)
        for classifier in scores.loc[~boosting, "classifier"].unique()
    ]
    rows = pd.concat([scores[~boosting], *(copies or [scores[boosting]])])
    methods = scores["method"].unique()
    cells = rows.pivot_table(index=CELL, columns="method", values=measure, sort=False)
    return cells.reindex(columns=methods)


def mean_by_set(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean MCC over classifiers and repeats: one row per method, one column per set."""
    return cells_of(scores).groupby(level="set", sort=False).mean().T


def overall_table(scores: pd.DataFrame, missing: list[str]) -> pd.DataFrame:
    """Mean MCC per set and over sets, and wins over SMOTE; ``missing`` are not installed."""
    means = mean_by_set(scores)
    means["mean over sets"] = means.mean(axis=1)
    table = means.map("{:.3f}".format)
    cells = cells_of(scores)
    if "SMOTE" in cells:
        table["wins / losses against SMOTE"] = [
            f"{(cells[method] > cells['SMOTE']).sum()} / {(cells[method] < cells['SMOTE']).sum()}"
            for method in table.index
        ]
    for method in missing:
        table.loc[method] = ["not installed", *[""] * (table.shape[1] - 1)]
    return table


def bars(scores: pd.DataFrame) -> list[str]:
    """GLGAN's mean MCC less that of SMOTE and of the best others, one line each."""
    means = mean_by_set(scores)
    if "GLGAN" not in means.index:
        return []
    others = means.drop(index=["GLGAN", ALL_ROWS], errors="ignore").mean(axis=1)
    samplers = others.drop(index=["none", "class weights", BOOSTING], errors="ignore")
    rivals = [("SMOTE", "SMOTE")] if "SMOTE" in others.index else []
    for kind, means_of_kind in (("over-sampler", samplers), ("method", others)):
        if len(means_of_kind):
            rivals.append(
                (f"the best other {kind}, {means_of_kind.idxmax()},", means_of_kind.idxmax())
            )
    lines = []
    for text, rival in rivals:
        gaps = means.loc["GLGAN"] - means.loc[rival]
        lines.append(
            f"GLGAN minus {text} {gaps.mean():+.3f} on average over {len(gaps)} set(s), "
            f"at worst {gaps.min():+.3f} ({gaps.idxmin()})"
        )
    return lines


def report(scores: pd.DataFrame, missing: list[str]) -> str:
    """All tables of a sweep as one text."""
    parts = []
    for name, ratio in scores[GROUP].drop_duplicates().itertuples(index=False):
        repeats = scores.loc[(scores["set"] == name) & (scores["ratio"] == ratio), "repeat"]
        parts.append(
            f"{name}, ratio {ratio}: mean ± standard deviation over {repeats.nunique()} repeat(s); "
            f"seconds of resampling\n{score_table(scores, name, ratio).to_string()}"
        )
    quality = fidelity_table(scores)
    if len(quality):
        parts.append(f"Fidelity of the new rows, mean over repeats\n{quality.to_string()}")
    refusals = refusal_table(scores)
    if len(refusals):
        parts.append(f"Refusals, scored on the rows as they are\n{refusals.to_string()}")
    for ratio, group in scores.groupby("ratio", sort=False):
        table = overall_table(group, missing).to_string()
        text = f"Mean MCC over classifiers and repeats, ratio {ratio}\n{table}"
        parts.append("\n".join([text, *bars(group)]))
    return "\n\n".join(parts)
