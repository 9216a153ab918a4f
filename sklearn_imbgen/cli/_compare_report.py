"""The report of ``imbgen compare``: what was compared, scores, fidelity and maps."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sklearn_imbgen.cli._compare import (
    CLASS_SCORES,
    CLASSIFIERS,
    SCORES,
    Comparison,
    Study,
    WithRows,
    mean_and_spread,
    pipeline_steps,
)
from sklearn_imbgen.cli._page import Cell, Facts, Page, Section, Table, Text, without_screen
from sklearn_imbgen.cli._report import (
    Run,
    class_balance,
    fidelity,
    judgements,
    latent_maps,
    made_by,
    parameters,
    row_pictures,
    settings,
    versions_section,
    warnings_section,
)
from sklearn_imbgen.cli._resample import METHODS, NO_METHOD
from sklearn_imbgen.cli._tables import describe_counts

FIRST_SCORE = next(iter(SCORES))
# The line of the fidelity table that the methods are measured by.
REAL_ROWS = "training rows"


def compare_page(
    study: Study, comparison: Comparison, resampled: Mapping[str, WithRows], display: Any, run: Run
) -> Page:
    """All that is known of a comparison as a page; ``display`` is of its first fold."""
    without_screen()
    sections = [
        _what(study, comparison),
        _balance(study, resampled),
        Section("Comparison", _score_tables(study, comparison.scores)),
        Section("Scores per class", [_class_table(comparison)]),
        Section("Fidelity of the synthetic rows", _fidelity(study, resampled)),
        *_maps(study, resampled, display),
        warnings_section(run),
        _settings(study, comparison, resampled, run),
        versions_section(),
    ]
    return Page("Comparison of over-samplers", _lead(study, comparison.scores), sections)


def _title(method: str) -> str:
    return "no resampling" if method == NO_METHOD else METHODS[method].title


def _lead(study: Study, scores: pd.DataFrame) -> str:
    """Which method is ahead, by how much and in how many folds."""
    per_fold = scores.groupby(["fold", "method"], sort=False)[FIRST_SCORE].mean().unstack()
    means, spreads = per_fold.mean(), per_fold.std()

    def figure(method: str) -> str:
        return f"{means[method]:.3f} ± {spreads[method]:.3f}"

    best = str(means.idxmax())
    n_folds, n_classifiers = len(per_fold), scores["classifier"].nunique()
    over = f"{n_folds} folds" + (f" and {n_classifiers} classifiers" if n_classifiers > 1 else "")
    name = _title(best)
    words = (
        f"{study.title}: {name} has the highest {FIRST_SCORE}, {figure(best)} "
        f"(mean ± standard deviation, {over})"
    )
    others = means.drop(best)
    if others.empty:
        return f"{words}."
    rival = NO_METHOD if NO_METHOD in others else str(others.idxmax())
    ahead = (per_fold[best] > per_fold[rival]).sum()
    lower = f"which is lower in {ahead} of {n_folds} folds"
    return f"{words}; {_title(rival)} has {figure(rival)}, {lower}."


def _what(study: Study, comparison: Comparison) -> Section:
    counts = describe_counts(dict(Counter(study.y.tolist()).most_common()))
    names = [_title(name) for name in comparison.scores["method"].unique()]
    features = f"{study.X.shape[1]} features"
    if study.categorical:
        features += f", categories: {', '.join(map(str, study.categorical))}"
    facts = [
        ("data", study.title),
        ("rows", f"{len(study.y)}, {features}"),
        ("classes", counts),
        ("methods", ", ".join(names)),
        ("classifiers", ", ".join(comparison.scores["classifier"].unique())),
        ("protocol", study.protocol),
        ("pipeline", f"{pipeline_steps(study)}; the same seed for all in a fold"),
        ("seed", str(study.seed)),
    ]
    return Section("What was compared", [Facts(facts)])


def _balance(study: Study, resampled: Mapping[str, WithRows]) -> Section:
    train = study.splits[0][0]
    none: Counter[Any] = Counter()
    before = Counter(study.y[train].tolist())
    columns = {
        "all rows": (Counter(study.y.tolist()), none),
        "training part, as it is": (before, none),
    }
    for name, made in resampled.items():
        columns[f"after {name}"] = before, Counter(made_by(made, len(train))[1].tolist())
    text = "The training part of the first fold; in the others the numbers are alike."
    return Section("Class balance", [Text(text), class_balance(columns)])


def _score_tables(study: Study, scores: pd.DataFrame) -> list[Any]:
    """The printed table, one for the mean of the classifiers and one for each."""
    mean, spread = mean_and_spread(scores, [*SCORES, "seconds"])
    n_folds = len(study.splits)
    blocks: list[Any] = [
        Text(
            f"Mean ± standard deviation over {n_folds} folds; the highest mean of a column is "
            "bold. Seconds are those of resampling and fitting in a fold."
        )
    ]
    for classifier in mean.index.unique("classifier"):
        here = mean.xs(classifier, level="classifier")
        around = spread.xs(classifier, level="classifier")
        cells = [_scored(here[name], around[name]) for name in SCORES]
        seconds = [f"{value:.2f}" for value in here["seconds"]]
        names = [_title(str(method)) for method in here.index]
        rows = [list(row) for row in zip(names, *cells, seconds, strict=True)]
        caption = f"Scores, {classifier}"
        if classifier not in CLASSIFIERS:
            caption += f" classifiers: {', '.join(scores['classifier'].unique())}"
        blocks.append(Table(caption, ["method", *SCORES, "seconds"], rows))
    return blocks


def _scored(mean: pd.Series, spread: pd.Series) -> list[Cell]:
    """Figures of a column; those that print like the highest one are the best."""
    printed = [f"{value:.3f}" for value in mean]
    highest = f"{mean.max():.3f}"
    return [
        Cell(f"{text} ± {around:.3f}", best=len(printed) > 1 and text == highest)
        for text, around in zip(printed, spread, strict=True)
    ]


def _class_table(comparison: Comparison) -> Table:
    columns = list(CLASS_SCORES)
    of_class = comparison.per_class
    mean, spread = mean_and_spread(of_class, columns, by=("class", "method"))
    first = mean.index.get_level_values("classifier")[0]
    mean, spread = (part.xs(first, level="classifier") for part in (mean, spread))
    one_run = of_class[["method", "classifier"]].drop_duplicates().iloc[0]
    tested = of_class[(of_class[["method", "classifier"]] == one_run).all(axis=1)]
    n_rows = tested.groupby("class")["rows"].sum()
    rows: list[list[str | Cell]] = []
    for label in n_rows.sort_values(kind="stable").index:
        here, around = mean.loc[label], spread.loc[label]
        cells = [_scored(here[name], around[name]) for name in columns]
        names = [_title(str(method)) for method in here.index]
        heads = [[str(label), name, str(n_rows[label])] for name in names]
        rows += [[*head, *found] for head, *found in zip(heads, *cells, strict=True)]
    caption = (
        f"Each class, the smallest first, {first}: mean ± standard deviation over folds, of the "
        "predictions that the scores above are of; a class that is never predicted has precision 0"
    )
    return Table(caption, ["class", "method", "rows tested", *columns], rows, n_names=2)


def _fidelity(study: Study, resampled: Mapping[str, WithRows]) -> list[Any]:
    train, test = study.splits[0]
    made = {name: made_by(one, len(train)) for name, one in resampled.items()}
    if not any(len(labels) for _, labels in made.values()):
        return [Text("No method made rows.")]
    grown = np.unique(np.concatenate([labels for _, labels in made.values()]))
    learned: NDArray[np.intp] = train[np.isin(study.y[train], grown)]
    made[REAL_ROWS] = study.rows(learned), study.y[learned]
    steps = "" if study.categorical else " For this and for the pictures rows are not standardised."
    text = (
        "Each method has learned from the training part of the first fold. Its synthetic rows are "
        "compared with the held-out real rows of their class, those of the test part, which no "
        f"method has seen. For scale, the lines of {REAL_ROWS} compare those that were learned "
        f"from, often fewer, in the same way. Copies are those of rows learned from.{steps}"
    )
    held_out = study.rows(test), study.y[test]
    blocks = fidelity(held_out, made, study.X, study.categorical, study.seed, REAL_ROWS)
    samplers = {name: one.sampler for name, one in resampled.items()}
    return [Text(text), *blocks, *judgements(samplers)]


def _maps(study: Study, resampled: Mapping[str, WithRows], display: Any) -> list[Section]:
    if display is None:
        nothing = [Text("There is nothing to show: no method made rows.")]
        return [Section("Original and synthetic rows", nothing), Section("Latent map", nothing)]
    train = study.splits[0][0]
    X, y = study.rows(train), study.y[train]
    latent = latent_maps(X, y, resampled, study.seed)
    if not latent and study.image_shape is None:
        latent = [Text("No method has a latent space; the maps above share one projection.")]
    elif not latent:
        from sklearn_imbgen.inspection import ResamplingDisplay

        tables = {name: (made.X, made.y) for name, made in resampled.items()}
        common = ResamplingDisplay.from_resampled(
            X, y, tables, label=display.label, fidelity=False, random_state=study.seed
        )
        text = Text("No method has a latent space; this is one projection for all.")
        latent = [text, row_pictures(common)]
    return [
        Section("Original and synthetic rows", [row_pictures(display)]),
        Section("Latent map", latent),
    ]


def _settings(
    study: Study, comparison: Comparison, resampled: Mapping[str, WithRows], run: Run
) -> Section:
    names = comparison.scores["classifier"].unique()
    models = {name: CLASSIFIERS[name](random_state=study.seed) for name in names}
    samplers = {name: made.sampler for name, made in resampled.items()}
    blocks = [*parameters("samplers", samplers), *parameters("classifiers", models)]
    # those shown are of the first fold's samplers, which made the pictures
    blocks.append(Text("In the comparison each fold has a random_state of its own."))
    return settings(run, blocks)
