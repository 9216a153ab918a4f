r"""Time and memory of one resampling of random rows, in a new process each.

A set is ROWSxCOLUMNS-MINORITY, the last the minority's share of the rows.

    python -m benchmarks speed
    python -m benchmarks speed --methods GLGAN \
        --sets 25000x20-0.01 50000x20-0.01 100000x20-0.01 200000x20-0.01

CTGAN needs ``pip install ctgan`` and trains its default 300 epochs on all rows, the class as
one more column. MDO and NRAS need ``pip install smote-variants``. A resampling may take half an
hour.
"""

import re
import resource
import time
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.cost.measuring import cheapest, growth, in_new_process
from benchmarks.oversampling.samplers import PACKAGES, SAMPLERS
from benchmarks.question import Question, Row, Settings
from benchmarks.tables import titled

SETS = ("750x256-0.01", "10000x20-0.1", "100000x20-0.01")
SHOWN = ("SMOTE", "GLGAN", "LatentSMOTE", "ConditionalGAN", "SWIM", "BAGAN", "MDO", "NRAS", "CTGAN")
BASELINES = ("SMOTE", "CTGAN")
MEASURES = ("wall s", "CPU s", "MB above start")
LIMIT = 1800


class TableGAN:
    """CTGAN with ``fit_resample``: trained on all rows, asked for rows of the smallest class."""

    def __init__(self, seed: int, _: int) -> None:
        from ctgan import CTGAN

        self.model = CTGAN()
        self.model.set_random_state(seed)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """None: nothing of it is shortened by --quick."""
        return {}

    def fit_resample(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows of all classes at the size of the largest; CTGAN does not promise the label."""
        frame = pd.DataFrame(X, columns=[f"column {i}" for i in range(X.shape[1])])
        labels, counts = np.unique(y, return_counts=True)
        rare = labels[np.argmin(counts)]
        self.model.fit(frame.assign(label=y), discrete_columns=["label"])
        made = self.model.sample(
            int(counts.max() - counts.min()), condition_column="label", condition_value=rare
        )
        made = made.drop(columns="label").to_numpy()
        return np.concatenate([X, made]), np.concatenate([y, np.full(len(made), rare)])


METHODS = {**SAMPLERS, "CTGAN": TableGAN}


def shape_of(name: str) -> tuple[int, int, float]:
    """Rows, columns and the minority's share of a set."""
    matched = re.fullmatch(r"(\d+)x(\d+)-(0?\.\d+)", name)
    if matched is None:
        raise SystemExit(f"--sets {name}: a set is ROWSxCOLUMNS-MINORITY, such as {SETS[0]}")
    return int(matched[1]), int(matched[2]), float(matched[3])


def make_rows(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Two normal clouds, one standard deviation apart in each column."""
    n_rows, n_columns, minority = shape_of(name)
    random_state = np.random.RandomState(0)
    y = (np.arange(n_rows) < minority * n_rows).astype(int)
    return random_state.normal(size=(n_rows, n_columns)) + y[:, None], y


def measure(method: str, name: str, seed: int, settings: Settings) -> Row:
    """Cost of one resampling in this process; imports and rows come before it."""
    X, y = make_rows(name)
    sampler = settings.shorten(METHODS[method](seed, int(y.sum())))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), time.process_time()
    sampler.fit_resample(X, y)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"wall s": wall, "CPU s": cpu, "MB above start": (peak - before) / 1024}


def run(method: str, name: str, seed: int, settings: Settings) -> list[Row]:
    """Cost of one resampling in a new process."""
    cost = in_new_process(measure, method, name, seed, settings, limit=LIMIT)
    return [cost or {"refusal": f"over {LIMIT} s"}]


def report(scores: pd.DataFrame) -> str:
    """Costs with the wall time over those of the baselines, and how it grows with the rows."""
    costs = cheapest(scores, list(MEASURES))
    digits = {"wall s": "{:.2f}", "CPU s": "{:.2f}", "MB above start": "{:.0f}"}
    table = pd.DataFrame({name: costs[name].map(text.format) for name, text in digits.items()})
    table = table.where(costs.notna(), "over the limit")
    for base in BASELINES:
        if base in scores["method"].to_numpy():
            walls = costs["wall s"].xs(base, level="method").reindex(costs.index, level="set")
            times = costs["wall s"] / walls
            table[f"times {base}"] = times.map("{:.3g}".format).where(times.notna(), "")
    lines = []
    for method, rows in costs["wall s"].dropna().groupby("method", sort=False):
        shapes = [shape_of(name) for name, _ in rows.index]
        if len(shapes) > 1 and len({shape[1:] for shape in shapes}) == 1:
            power = growth(dict(zip([shape[0] for shape in shapes], rows, strict=True)))
            lines.append(f"{method}: wall seconds grow as rows to the power {power:.2f}")
    return titled("Cost of one resampling", table, lines)


QUESTIONS = {
    "speed": Question(
        about=__doc__ or "",
        run=run,
        methods=METHODS,
        default_methods=SHOWN,
        measures=MEASURES,
        report=report,
        sets=SETS,
        check=lambda name, _: shape_of(name),
        seeds=1,
        alone=True,
        packages={**PACKAGES, "CTGAN": "ctgan"},
    )
}
