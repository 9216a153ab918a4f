"""Tables of mean and spread over the seeds, the dissertation's numbers beside ours."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

FOLDER = Path(__file__).parent / "dissertation"


def published(chapter: int, **chosen: str) -> pd.DataFrame:
    """Numbers of a chapter's tables; ``chosen`` are values of columns, such as a set."""
    texts = dict.fromkeys(("table", "set", "norm", "method"), str)
    frame = pd.read_csv(FOLDER / f"chapter{chapter}.csv", dtype=texts)
    for column, value in chosen.items():
        frame = frame[frame[column] == value]
    return frame


def spread_table(
    scores: pd.DataFrame,
    measures: Sequence[str],
    *,
    by: Sequence[str] = ("method",),
    digits: int = 3,
    beside: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Mean ± standard deviation of each measure, and mean seconds, by method.

    ``beside`` are the dissertation's numbers, in columns of the same names.
    """
    groups = scores.groupby(list(by), sort=False)
    table = pd.DataFrame(index=groups.size().index)
    for measure in measures:
        mean, spread = groups[measure].mean(), groups[measure].std(ddof=0)
        if mean.isna().all():
            continue
        texts = mean.map(f"{{:.{digits}f}}".format) + " ± " + spread.map(f"{{:.{digits}f}}".format)
        table[measure] = texts.where(mean.notna(), "")
        if beside is not None and len(beside) and measure in beside:
            numbers = beside.set_index(list(by))[measure].reindex(table.index)
            table[f"{measure}, dissertation"] = [
                f"{v:.{digits}f}" if v == v else "" for v in numbers
            ]
    seconds = groups["seconds"].mean()
    if seconds.notna().any():
        table["seconds"] = seconds.map("{:.2f}".format).where(seconds.notna(), "")
    return table


def refusals(scores: pd.DataFrame) -> list[str]:
    """A line for each method that refused a set, how often, and the first reason."""
    once = scores[scores["refusal"] != ""].drop_duplicates(["set", "seed", "method"])
    return [
        f"{method} on {name}: refused {len(group)} time(s): {group['refusal'].iloc[0]}"
        for (name, method), group in once.groupby(["set", "method"], sort=False)
    ]


def titled(title: str, table: pd.DataFrame, lines: Iterable[str] = ()) -> str:
    """A table under its title, with lines after it."""
    return "\n".join([title, table.to_string(), *lines])


def seeds_of(scores: pd.DataFrame) -> str:
    """How many seeds a table is a mean over."""
    return f"{scores['seed'].nunique()} seed(s)"
