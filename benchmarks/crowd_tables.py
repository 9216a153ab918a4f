"""Tables of the crowd benchmark, the dissertation's numbers beside ours."""

from pathlib import Path

import pandas as pd
from crowd_methods import CHAPTER, DS_WEIGHTED, MEASURES, ORACLE

PUBLISHED_FILE = Path(__file__).parent / "dissertation" / "chapter3.csv"
# the dissertation's columns -> ours
PUBLISHED = {"accuracy": "accuracy", "f1": "macro F1"}
PUBLISHED_TABLE = {"compare": "3.2", "warm-up": "3.3"}

OURS = "ICED"
# the one no rival, the other another form of ICED
NO_RIVALS = [OURS, CHAPTER, ORACLE]
NETWORKS = ["MV+DNN", "D&S+DNN", "CrowdLayer"]


def published(part: str, name: str) -> pd.DataFrame:
    """Numbers of the dissertation for a set by method; no row where it has none."""
    frame = pd.read_csv(PUBLISHED_FILE, dtype={"table": str})
    chosen = frame[(frame["table"] == PUBLISHED_TABLE.get(part)) & (frame["set"] == name)]
    return chosen.set_index("method")[list(PUBLISHED)].rename(columns=PUBLISHED)


def score_table(part: str, scores: pd.DataFrame, name: str) -> pd.DataFrame:
    """Mean ± standard deviation over the repeats of one set, by method."""
    groups = scores[scores["set"] == name].groupby("method", sort=False)
    table = pd.DataFrame(index=groups.size().index)
    numbers = published(part, name)
    # the chapter's ICED is what both of ours are to be held against
    methods = [OURS if method == CHAPTER else method for method in table.index]
    for measure in MEASURES:
        mean, spread = groups[measure].mean(), groups[measure].std(ddof=0)
        if mean.isna().all():
            continue
        text = mean.map("{:.3f}".format) + " ± " + spread.map("{:.3f}".format)
        table[measure] = text.where(mean.notna(), "")
        if measure in numbers and len(numbers):
            values = numbers[measure].reindex(methods).to_numpy()
            table[f"{measure}, dissertation"] = [f"{v:.3f}" if v == v else "" for v in values]
    seconds = groups["seconds"].mean()
    table["seconds"] = seconds.map("{:.2f}".format).where(seconds.notna(), "")
    return table


def gaps(means: pd.DataFrame) -> dict[str, float]:
    """ICED's mean less that of its rivals, on one set.

    ``means`` has one row per method. The best rival is chosen for each measure.
    """
    rivals = means.drop(index=NO_RIVALS, errors="ignore")
    found = {}
    for against, names in {
        "best other": list(rivals.index),
        f"best of {', '.join(NETWORKS)}": [name for name in NETWORKS if name in rivals.index],
        DS_WEIGHTED: [name for name in [DS_WEIGHTED] if name in rivals.index],
    }.items():
        for measure in PUBLISHED.values():
            if names:
                gap = means.loc[OURS, measure] - rivals.loc[names, measure].max()
                found[f"{measure} less {against}"] = gap
    return found


def summary_table(scores: pd.DataFrame) -> pd.DataFrame:
    """ICED less its rivals: one row per gap, one column per set, and the mean over sets."""
    columns = list(PUBLISHED.values())
    means = scores.groupby(["set", "method"], sort=False)[columns].mean()
    sets = scores["set"].unique()
    table = pd.DataFrame({name: gaps(means.loc[name]) for name in sets})
    table["mean"] = table.mean(axis=1)
    return table.map("{:+.3f}".format)


def refusals(scores: pd.DataFrame) -> list[str]:
    """A line for each method and set that failed, with how often and the first reason."""
    failed = scores[scores["refusal"] != ""]
    return [
        f"{method} on {name}: refused {len(group)} repeat(s): {group['refusal'].iloc[0]}"
        for (name, method), group in failed.groupby(["set", "method"], sort=False)
    ]


def report(part: str, scores: pd.DataFrame) -> str:
    """All tables of a part as one text."""
    texts = []
    for name in scores["set"].unique():
        repeats = scores.loc[scores["set"] == name, "repeat"].nunique()
        title = f"{name}, {part}: mean ± standard deviation over {repeats} repeat(s)"
        texts.append(f"{title}\n{score_table(part, scores, name).to_string()}")
    has_rivals = (~scores["method"].isin(NO_RIVALS)).any()
    if part == "compare" and OURS in scores["method"].to_numpy() and has_rivals:
        texts.append(
            "ICED less its rivals; the best is that with the highest mean on the set\n"
            f"{summary_table(scores).to_string()}"
        )
    texts.extend(refusals(scores))
    return "\n\n".join(texts)
