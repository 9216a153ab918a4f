"""The parts that the reports of ``imbgen compare`` and ``imbgen resample`` share."""

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from sklearn_imbgen._show_versions import versions
from sklearn_imbgen._typing import Array
from sklearn_imbgen.cli import Tally
from sklearn_imbgen.cli._compare import WithRows
from sklearn_imbgen.cli._page import (
    NOT_KNOWN,
    Bar,
    Cell,
    Facts,
    Figure,
    Figures,
    Section,
    Table,
    Text,
    close,
    figure_source,
    number,
    plain_text,
)
from sklearn_imbgen.metrics import nearest_original_distance
from sklearn_imbgen.utils import TableCodec

# Classes with tables and figures of their own, the smallest first, and crosses of each on a map.
SHOWN_CLASSES = 8
SHOWN_SYNTHETIC = 500
# Of a map alone: the legend stands below it, and the names of the axes have room.
MAP_INCHES = (5.0, 5.2)
# Real rows of a class, below which figures about it say little.
FEW_ROWS = 30
# Two rows this near to each other, in their usual distance, are the same.
SAME_ROW = 1e-5

# Of metrics.fidelity_report: its key, the head of its column, what it means.
MEASURES = (
    ("coverage", "coverage", "real rows with a synthetic row near them; best 1"),
    ("density", "density", "how deep in the real rows the synthetic ones lie; about 1 is alike"),
    (
        "nearest_original_distance",
        "nearest distance",
        "median distance to the nearest real row, in units of that between real rows; about 1 for "
        "new rows of the same distribution, near 0 for copies",
    ),
    ("copy_rate", "copies", "share of synthetic rows that equal a row learned from"),
    ("feature_distance_mean", "feature distance", "Kolmogorov-Smirnov, mean of columns; best 0"),
    ("feature_distance_max", "largest", "the same of the column that differs most"),
    (
        "detection_auc",
        "detection AUC",
        "how well a random forest tells real from synthetic; best 0.5, at 1 it always can; "
        "below 0.5 for rows interpolated between those they are compared with",
    ),
    (
        "intrusion_rate",
        "intrusion",
        "share of synthetic rows whose nearest real row is of another class; best 0",
    ),
)
JUDGEMENT = (
    ("recognised", "real rows recognised"),
    ("candidates_elsewhere", "candidates given to another class"),
    ("elsewhere", "new rows given to another class"),
    ("exposed", "new rows that look unreal"),
)


@dataclass(frozen=True)
class Run:
    """The command line, all options, given or not, and the warnings by what was going on."""

    words: Sequence[str]
    options: Mapping[str, str]
    warned: Mapping[str, Tally]


def run_of(context: click.Context, warned: Mapping[str, Tally]) -> Run:
    """The command line and the options of a running command."""
    options = {}
    for parameter in context.command.params:
        name = parameter.opts[-1] if isinstance(parameter, click.Option) else parameter.metavar
        value = context.params[str(parameter.name)]
        options[name or parameter.human_readable_name] = _in_words(value)
    return Run(["imbgen", *context.obj], options, warned)


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        value = ",".join(value)
    return "not given" if value in (None, "") else str(value)


def take(X: Any, index: Array) -> Any:
    """Rows by number or mask, of a dataframe or an array."""
    return X.iloc[index] if isinstance(X, pd.DataFrame) else X[index]


def made_by(resampled: WithRows, n_original: int) -> tuple[Any, Array]:
    """The synthetic rows alone, with their classes."""
    new = np.arange(n_original, len(resampled.y))
    return take(resampled.X, new), np.asarray(resampled.y)[n_original:]


def grown_classes(y: Array, made: Iterable[Array]) -> list[Any]:
    """The classes that got synthetic rows, the smallest first."""
    counts = Counter(y.tolist())
    grown = {label for labels in made for label in labels.tolist()}
    return sorted(grown, key=lambda label: (counts[label], str(label)))


def class_balance(columns: Mapping[str, tuple[Counter[Any], Counter[Any]]]) -> Table:
    """Originals and synthetic rows of each class, a column for each state of the data."""
    states = list(columns.values())
    classes = list(dict.fromkeys(label for old, _ in states for label, _ in old.most_common()))
    most = max(old[label] + new[label] for old, new in states for label in classes)

    def cell(old: int, new: int) -> Cell:
        words = f"{old + new} ({new} synthetic)" if new else f"{old}"
        return Cell(words, bar=Bar(100 * old / most, 100 * new / most))

    rows: list[list[str | Cell]] = [
        [str(label), *(cell(old[label], new[label]) for old, new in states)] for label in classes
    ]
    if len(states) > 1:
        old, new = zip(*states, strict=True)
        # how far apart the classes are, as one figure
        ratios = [_ratio(a + b, classes) for a, b in zip(old, new, strict=True)]
        rows.append(["smallest to largest", *ratios])
    caption = "Rows of each class; plain bars are original rows, striped ones synthetic"
    return Table(caption, ["class", *columns], rows)


def _ratio(counts: Counter[Any], classes: Sequence[Any]) -> str:
    sizes = [counts[label] for label in classes if counts[label]]
    return f"1 : {max(sizes) / min(sizes):.3g}" if sizes else number(np.nan)


def fidelity(
    real: tuple[Any, Array],
    made: Mapping[str, tuple[Any, Array]],
    codec_rows: Any,
    categorical: Sequence[str],
    seed: int,
    learned: str | None = None,
) -> list[Any]:
    """Figures of ``metrics.fidelity_report`` for each class and method, as blocks.

    The rows ``made`` are compared with the ``real`` ones. ``codec_rows`` have all categories; they
    fix units and one-hot columns. ``learned`` is the key in ``made`` of the rows that were learned
    from, of which others may be copies; None if ``real`` are these.
    """
    # imported here: a command without a report needs no matplotlib, which this folder may import
    from sklearn_imbgen.inspection import fidelity_of_methods

    columns = [codec_rows.columns.get_loc(name) for name in categorical]
    codec = TableCodec(columns).fit(np.asarray(codec_rows))
    X, y = codec.encode(np.asarray(real[0])), real[1]
    encoded = {name: (codec.encode(np.asarray(rows)), of) for name, (rows, of) in made.items()}
    shown = grown_classes(y, [labels for _, labels in made.values()])
    rows, notes = [], []
    for label in shown[:SHOWN_CLASSES]:
        new = {name: found[of == label] for name, (found, of) in encoded.items()}
        of_class = y == label
        reports = fidelity_of_methods(X[of_class], new, X[~of_class], check_random_state(seed))
        for name, report in reports.items():
            if learned is not None:
                del report["copy_rate"]
                if name != learned and len(new[learned]) > 1:
                    distances = nearest_original_distance(new[learned], new[name])
                    report["copy_rate"] = float(np.mean(distances < SAME_ROW))
            figures = [f"{report[key]:.2f}" if key in report else NOT_KNOWN for key, *_ in MEASURES]
            rows.append([str(label), name, str(len(new[name])), str(of_class.sum()), *figures])
        if left_out := [name for name, found in new.items() if name not in reports and len(found)]:
            notes.append(
                f"Class {label}: no figures of {', '.join(left_out)}, which need two real and two "
                f"synthetic rows; there are {of_class.sum()} real ones."
            )
    if len(shown) > SHOWN_CLASSES:
        notes.append(f"The {SHOWN_CLASSES} smallest of {len(shown)} classes with new rows.")
    header = ["class", "rows of", "rows", "real rows", *(head for _, head, _ in MEASURES)]
    blocks: list[Any] = [Text(note) for note in notes]
    if rows:
        table = Table("Synthetic rows against real rows of their class", header, rows, n_names=2)
        if min(few := [int(row[3]) for row in rows]) < FEW_ROWS:
            blocks.append(Text(f"Figures of few real rows, here down to {min(few)}, are rough."))
        blocks = [table, *blocks, Facts([(head, words) for _, head, words in MEASURES])]
    return blocks


def judgements(samplers: Mapping[str, Any]) -> list[Any]:
    """What the judges of the samplers that have some say about their new rows, as blocks."""
    rows = [
        [str(label), name, *(_percent(getattr(judgement, key)) for key, _ in JUDGEMENT)]
        for name, sampler in samplers.items()
        for label, judgement in getattr(sampler, "judgement_", {}).items()
    ]
    if not rows:
        return []
    names = ", ".join(dict.fromkeys(row[1] for row in rows))
    caption = (
        f"The judgement of the classifier and the discriminator that {names} trained; a row looks "
        "unreal if 95 % of the real ones of its class look more real"
    )
    return [Table(caption, ["class", "rows of", *(head for _, head in JUDGEMENT)], rows, n_names=2)]


def _percent(share: float) -> str:
    return NOT_KNOWN if np.isnan(share) else f"{100 * share:.0f} %"


def row_pictures(display: Any) -> Figures:
    """A ResamplingDisplay as a strip of images, or as one map per method in the same plane.

    Without the figures of the display, which compare with the rows learned from and not with
    held-out ones, as the page does. The display's own figure is closed.
    """
    from sklearn_imbgen.inspection import ResamplingDisplay

    names = ", ".join(display.synthetic)
    close(display.figure_)
    with plain_text():
        if display.original.ndim > 2:
            images = ResamplingDisplay(display.original, display.synthetic, label=display.label)
            source = figure_source(images.plot().figure_)
            alt = f"Strips of images: originals of class {display.label}, then rows made by {names}"
            caption = f"Images of class {display.label}, original and made by {names}"
            return Figures([Figure(source, alt, caption)], wide=True)
        limits = display.axes_[0].get_xlim(), display.axes_[0].get_ylim()
        figures = []
        for name, points in display.synthetic.items():
            part = ResamplingDisplay(
                display.original,
                {name: points},
                other=display.other,
                label=display.label,
                axis_names=display.axis_names,
            ).plot()
            part.axes_[0].set(xlim=limits[0], ylim=limits[1])
            part.figure_.set_size_inches(MAP_INCHES)
            alt = (
                f"Map of {len(points)} synthetic rows of {name} as triangles, "
                f"{len(display.original)} originals of class {display.label} as dots, and grey "
                f"dots of the other classes, over {' and '.join(filter(None, display.axis_names))}"
            )
            caption = f"{name}: synthetic rows of class {display.label} among the originals"
            figures.append(Figure(figure_source(part.figure_), alt, caption))
    return Figures(figures)


def latent_maps(X: Any, y: Array, resampled: Mapping[str, WithRows], seed: int) -> list[Any]:
    """Maps, as blocks, of the latent spaces of samplers that learned from ``X`` and have one."""
    from sklearn_imbgen.inspection import LatentSpaceDisplay, pick_rows

    figures = []
    for name, made in resampled.items():
        if not hasattr(made.sampler, "encode"):
            continue
        new, labels = made_by(made, len(y))
        rng = check_random_state(seed)
        groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        shown = [rows[pick_rows(len(rows), SHOWN_SYNTHETIC, rng)] for rows in groups]
        index = np.concatenate([np.arange(0), *shown])
        points = made.sampler.encode(X)
        with plain_text():
            display = LatentSpaceDisplay.from_arrays(
                points,
                y,
                made.sampler.encode(take(new, index)) if len(index) else points[:0],
                labels[index],
                title=f"Latent space of {name}",
                random_state=rng,
            )
            source = figure_source(display.figure_)
        alt = (
            f"Map of the latent space of {name}: {len(display.points)} original rows with a mark "
            f"for each of {len(np.unique(y))} classes, {len(index)} synthetic rows as crosses"
        )
        figures.append(Figure(source, alt, f"{name}: original rows, and synthetic ones as crosses"))
    return [Figures(figures)] if figures else []


def warnings_section(run: Run) -> Section:
    """All warnings, counted, or that there were none."""
    facts = [
        (f"{kind}, {count} time(s) in {source}", text)
        for source, tally in run.warned.items()
        for (kind, text), count in tally.most_common()
    ]
    return Section("Warnings", [Facts(facts) if facts else Text("There were no warnings.")])


def parameters(what: str, estimators: Mapping[str, Any]) -> list[Any]:
    """All parameters of samplers or classifiers, also those at their defaults, as blocks."""
    facts = []
    for name, one in estimators.items():
        given = ", ".join(f"{key}={value!r}" for key, value in one.get_params(deep=False).items())
        facts.append((name, f"{type(one).__name__}({given})"))
    return [Text(f"Parameters of the {what}:"), Facts(facts, code=True)] if facts else []


def settings(run: Run, blocks: Sequence[Any]) -> Section:
    """The command line, all options and the parameters of what was built from them."""
    now = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    facts = [
        Facts([("command line", shlex.join(run.words))], code=True),
        Facts([("made on", now)]),
        Facts(list(run.options.items()), code=True),
        *blocks,
    ]
    return Section("Settings", facts)


def versions_section() -> Section:
    """What was installed."""
    return Section("Versions", [Facts(list(versions().items()))])
