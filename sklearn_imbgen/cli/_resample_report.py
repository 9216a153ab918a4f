"""The report of ``imbgen resample``: what was made, and how it differs from the originals."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sklearn_imbgen.cli._compare import WithRows
from sklearn_imbgen.cli._page import (
    Facts,
    Page,
    Section,
    Table,
    Text,
    number,
    plain_text,
    without_screen,
)
from sklearn_imbgen.cli._report import (
    SHOWN_CLASSES,
    Run,
    class_balance,
    fidelity,
    grown_classes,
    judgements,
    latent_maps,
    parameters,
    row_pictures,
    settings,
    versions_section,
    warnings_section,
)
from sklearn_imbgen.cli._resample import METHODS
from sklearn_imbgen.cli._tables import Table as DataTable
from sklearn_imbgen.cli._tables import describe_counts

# Of a class: columns compared, those that differ most, and categories with a share of their own.
SHOWN_COLUMNS = 100
SHOWN_CATEGORIES = 6
# with a space at which no line ends
PERCENT = "\u00a0%"


def resample_page(table: DataTable, made: pd.DataFrame, sampler: Any, run: Run) -> Page:
    """All that is known of a resampled table, and of the rows ``sampler`` made, as a page."""
    without_screen()
    title, name = Path(run.options["IN"]).name, METHODS[run.options["--method"]].title
    seed = int(run.options["--seed"])
    new_y = np.asarray(made[table.target].tolist(), dtype=table.y.dtype)
    # the written rows, rounded as they are, in the form that samplers see
    new_X = made[table.X.columns].astype(table.X.dtypes.to_dict())
    counts = describe_counts(dict(Counter(new_y.tolist()).most_common()))
    lead = f"{title}: {name} added {len(made)} synthetic rows to {len(table.y)} original ones"
    sections = [
        _what(table, title, name, seed),
        _balance(table, new_y, name),
        *_of_rows(table, new_X, new_y, name, sampler, seed),
        warnings_section(run),
        settings(run, parameters("sampler", {name: sampler})),
        versions_section(),
    ]
    return Page("Resampled table", f"{lead} ({counts})." if counts else f"{lead}.", sections)


def _what(table: DataTable, title: str, name: str, seed: int) -> Section:
    facts = [
        ("data", title),
        ("rows", f"{len(table.y)}, {table.X.shape[1]} features"),
        ("class", f"column {table.target}"),
        ("categories", ", ".join(map(str, table.categorical)) or "no column"),
        ("method", name),
        ("seed", str(seed)),
    ]
    return Section("What was made", [Facts(facts)])


def _balance(table: DataTable, new_y: NDArray[Any], name: str) -> Section:
    before = Counter(table.y.tolist())
    columns = {"before": (before, Counter()), f"after {name}": (before, Counter(new_y.tolist()))}
    return Section("Class balance", [class_balance(columns)])


def _of_rows(
    table: DataTable, X: pd.DataFrame, y: NDArray[Any], name: str, sampler: Any, seed: int
) -> list[Section]:
    """The sections about synthetic rows, or that there are none."""
    if not len(y):
        text = Text("No class was to grow, so no rows were made.")
        titles = ("Fidelity of the synthetic rows", "Column by column", "Latent map")
        return [Section(title, [text]) for title in titles]
    text = Text(
        "The synthetic rows are compared with the original rows of their class, which the method "
        "has learned from. Copies and rows between two originals look good here: for figures on "
        "rows that no method has seen use imbgen compare."
    )
    figures = fidelity((table.X, table.y), {name: (X, y)}, table.X, table.categorical, seed)
    grown = grown_classes(table.y, [y])
    columns = [_columns(table, X, y, label) for label in grown[:SHOWN_CLASSES]]
    words = (
        "Original and synthetic rows of a class. The distance is 0 for the same distribution and "
        "1 for distributions that do not meet: Kolmogorov-Smirnov's of numbers, total variation "
        "of categories."
    )
    if len(grown) > SHOWN_CLASSES:
        words += f" The {SHOWN_CLASSES} smallest of {len(grown)} classes with new rows."
    blocks = [block for part in columns for block in part]
    resampled = WithRows(sampler, pd.concat([table.X, X]), np.concatenate([table.y, y]))
    return [
        Section("Fidelity of the synthetic rows", [text, *figures, *judgements({name: sampler})]),
        Section("Column by column", [Text(words), *blocks]),
        *_maps(table, resampled, name, grown[0], seed),
    ]


def _columns(table: DataTable, X: pd.DataFrame, y: NDArray[Any], label: Any) -> list[Any]:
    """Tables of the numeric and of the categorical columns of a class."""
    old, new = table.X[table.y == label], X[y == label]
    numeric = [name for name in X.columns if name not in table.categorical]
    header = [
        "column",
        "distance",
        *(
            f"{of} {what}"
            for of in ("original", "synthetic")
            for what in ("mean", "spread", "range")
        ),
    ]
    numbers = [
        (_ks(old[name], new[name]), name, [*_in_short(old[name]), *_in_short(new[name])])
        for name in numeric
    ]
    shares = [
        (_total_variation(old[name], new[name]), name, _shares(old[name], new[name]))
        for name in table.categorical
    ]
    caption = f"class {label}, {len(old)} original and {len(new)} synthetic rows"
    blocks: list[Any] = []
    if numbers:
        blocks += _most_different(f"Numbers of {caption}", header, numbers)
    if shares:
        header = ["column", "distance", "original shares", "synthetic shares"]
        blocks += _most_different(f"Categories of {caption}", header, shares, words=True)
    return blocks


def _most_different(
    caption: str, header: Sequence[str], found: list[tuple[float, Any, list[str]]], **options: Any
) -> list[Any]:
    """A table of columns in their order; of too many, those that differ most."""
    limit = sorted((distance for distance, *_ in found), reverse=True)[:SHOWN_COLUMNS][-1]
    shown = [one for one in found if one[0] >= limit][:SHOWN_COLUMNS]
    rows = [[str(name), f"{distance:.2f}", *cells] for distance, name, cells in shown]
    table = Table(caption, header, rows, **options)
    if len(shown) == len(found):
        return [table]
    return [table, Text(f"The {len(shown)} columns of {len(found)} that differ most.")]


def _ks(old: pd.Series, new: pd.Series) -> float:
    """Kolmogorov-Smirnov's statistic, also of single rows."""
    points = np.sort(np.concatenate([old, new]))
    below = [
        np.searchsorted(np.sort(part), points, side="right") / len(part) for part in (old, new)
    ]
    return float(np.abs(below[0] - below[1]).max())


def _in_short(values: pd.Series) -> list[str]:
    spread = values.std() if len(values) > 1 else np.nan
    low, high = number(values.min()), number(values.max())
    return [number(values.mean()), number(spread), low if low == high else f"{low} to {high}"]


def _total_variation(old: pd.Series, new: pd.Series) -> float:
    gap = old.value_counts(normalize=True).sub(new.value_counts(normalize=True), fill_value=0)
    return float(gap.abs().sum() / 2)


def _shares(old: pd.Series, new: pd.Series) -> list[str]:
    """The shares of the same categories, the most frequent of the originals first."""
    first = old.value_counts(normalize=True)
    second = new.value_counts(normalize=True).reindex(first.index, fill_value=0.0)
    shown, rest = first.index[:SHOWN_CATEGORIES], first.index[SHOWN_CATEGORIES:]
    texts = []
    for shares in (first, second):
        parts = [f"{name} {100 * shares[name]:.0f}{PERCENT}" for name in shown]
        if len(rest):
            parts.append(f"{len(rest)} others {100 * shares[rest].sum():.0f}{PERCENT}")
        texts.append(", ".join(parts))
    return texts


def _maps(table: DataTable, resampled: WithRows, name: str, label: Any, seed: int) -> list[Section]:
    from sklearn_imbgen.inspection import ResamplingDisplay

    with plain_text():
        display = ResamplingDisplay.from_resampled(
            table.X,
            table.y,
            {name: (resampled.X, resampled.y)},
            label=label,
            fidelity=False,
            random_state=seed,
        )
    latent = latent_maps(table.X, table.y, {name: resampled}, seed)
    if not latent:
        latent = [Text(f"{name} has no latent space; the map above shows the rows themselves.")]
    return [
        Section("Original and synthetic rows", [row_pictures(display)]),
        Section("Latent map", latent),
    ]
