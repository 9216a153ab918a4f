"""Time and memory of one resampling, beside SMOTE and CTGAN: random rows, a new process each.

    python benchmarks/speed.py
    python benchmarks/speed.py --methods SMOTE GLGAN CTGAN --limit 3600
    python benchmarks/speed.py --part training     # adversarial training beside a bare loop
    python benchmarks/speed.py --part threads      # searches by many workers, runnable threads

CTGAN needs ``pip install ctgan`` and trains its default 300 epochs on all rows, the class as
one more column. MDO and NRAS need ``pip install smote-variants``.
"""

import argparse
import resource
import subprocess
import sys
import time
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import cpu_count
from samplers import SAMPLERS, is_installed
from thread_speed import measure_search, measure_threads
from training_speed import RUNNERS, measure_training, peak_megabytes

METHODS = ("SMOTE", "GLGAN", "LatentSMOTE", "ConditionalGAN", "SWIM", "BAGAN", "MDO", "NRAS",
           "CTGAN")  # fmt: skip
BASELINES = ("SMOTE", "CTGAN")


class Shape(NamedTuple):
    """Rows, columns and the minority's share of the rows."""

    rows: int
    columns: int
    minority: float

    def __str__(self) -> str:
        return f"{self.rows:,} x {self.columns}, {self.minority:.0%}"


SHAPES = (Shape(750, 256, 0.01), Shape(10_000, 20, 0.1), Shape(100_000, 20, 0.01))
GROWING = tuple(Shape(rows, 20, 0.01) for rows in (25_000, 50_000, 100_000, 200_000))


class Cost(NamedTuple):
    """Wall and CPU seconds, and peak megabytes above those before."""

    wall: float
    cpu: float
    megabytes: float


class TableGAN:
    """CTGAN with ``fit_resample``: trained on all rows, asked for rows of the smallest class."""

    def __init__(self, seed: int) -> None:
        from ctgan import CTGAN

        self.model = CTGAN()
        self.model.set_random_state(seed)

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


def make_rows(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """Two normal clouds, one standard deviation apart in each column."""
    random_state = np.random.RandomState(0)
    y = (np.arange(shape.rows) < shape.minority * shape.rows).astype(int)
    return random_state.normal(size=(shape.rows, shape.columns)) + y[:, None], y


def measure(method: str, shape: Shape) -> Cost:
    """Cost of one resampling in this process; imports and rows come before it."""
    X, y = make_rows(shape)
    sampler = TableGAN(0) if method == "CTGAN" else SAMPLERS[method](0, int(y.sum()))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), time.process_time()
    sampler.fit_resample(X, y)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Cost(wall, cpu, (peak - before) / 1024)


def measure_apart(method: str, shape: Shape, limit: float) -> Cost | None:
    """Cost of one resampling in a new process, or None if it takes more seconds than the limit."""
    # the table comes at the end, which may be hours from now
    print(f"{method}, {shape} ...", file=sys.stderr, flush=True)
    words = [sys.executable, __file__, "--one", method, *(str(part) for part in shape)]
    try:
        done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return None
    except subprocess.CalledProcessError as error:
        last_line = (error.stderr.strip() or "no message").splitlines()[-1]
        raise SystemExit(f"{' '.join(words[1:])} failed: {last_line}") from error
    # libraries may print before
    return Cost(*(float(part) for part in done.stdout.splitlines()[-1].split()))


def memory_apart(name: str) -> float:
    """Peak megabytes of one training in a new process."""
    words = [sys.executable, __file__, "--memory-of", name]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def cost_row(method: str, shape: Shape, cost: Cost | None, limit: float) -> dict[str, str]:
    """One line of the table as text, without the comparison."""
    row = {"shape": str(shape), "method": method}
    if not is_installed(method):
        return {**row, "wall s": "not installed"}
    if cost is None:
        return {**row, "wall s": f"over {limit:.0f}"}
    wall, cpu, megabytes = f"{cost.wall:.2f}", f"{cost.cpu:.2f}", f"{cost.megabytes:.0f}"
    return {**row, "wall s": wall, "cpu s": cpu, "MB above start": megabytes}


def against(cost: Cost | None, baseline: Cost | None) -> str:
    """Wall time over that of a baseline, or nothing where either is missing."""
    return f"{cost.wall / baseline.wall:.3g}" if cost and baseline else ""


def growth(costs: dict[Shape, Cost]) -> float:
    """Exponent p of wall seconds ~ rows**p, by least squares: 1 is linear, 0 is constant."""
    rows = np.log([shape.rows for shape in costs])
    return float(np.polyfit(rows, np.log([cost.wall for cost in costs.values()]), 1)[0])


def side_by_side(methods: list[str], shapes: tuple[Shape, ...], limit: float) -> pd.DataFrame:
    """Every method at every shape, with its wall time over those of the baselines."""
    rows = []
    for shape in shapes:
        costs = {
            name: measure_apart(name, shape, limit) if is_installed(name) else None
            for name in methods
        }
        for name, cost in costs.items():
            row = cost_row(name, shape, cost, limit)
            row |= {f"times {base}": against(cost, costs.get(base)) for base in BASELINES}
            rows.append(row)
    return pd.DataFrame(rows).fillna("").set_index(["shape", "method"])


def main() -> None:
    """Print the side by side table, then how GLGAN's time grows with the rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--limit", type=float, default=1800, help="seconds per resampling")
    parser.add_argument("--part", choices=("sampling", "training", "threads"),
                        default="sampling")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=5, help="of --part training")
    parser.add_argument("--memory-of", choices=list(RUNNERS),
                        help="train once in this process and print megabytes")  # fmt: skip
    parser.add_argument("--one", nargs=4, metavar=("METHOD", "ROWS", "COLUMNS", "MINORITY"),
                        help="measure in this process and print three numbers")  # fmt: skip
    parser.add_argument("--search", nargs=3, metavar=("NAME", "BACKEND", "SETTING"),
                        help="search in this process and print four numbers")  # fmt: skip
    options = parser.parse_args()
    if options.search:
        print(*measure_search(*options.search))
        return
    if options.part == "threads":
        print(f"{cpu_count()} cores, as many workers")
        print(measure_threads(__file__).to_string())
        return
    if options.memory_of:
        print(peak_megabytes(options.memory_of))
        return
    if options.part == "training":
        print(measure_training(options.rounds).to_string())
        for name in ("hand-written loop", "AdversarialClassifier"):
            print(f"{name}: {memory_apart(name):.0f} MB above start (ResNet)")
        return
    if options.one:
        method, rows, columns, minority = options.one
        print(*measure(method, Shape(int(rows), int(columns), float(minority))))
        return
    print(side_by_side(options.methods, SHAPES, options.limit).to_string(), end="\n\n")
    if "GLGAN" in options.methods:
        costs = {shape: measure_apart("GLGAN", shape, options.limit) for shape in GROWING}
        whole = {shape: cost for shape, cost in costs.items() if cost}
        table = pd.DataFrame([cost_row("GLGAN", *pair, options.limit) for pair in costs.items()])
        print(table.fillna("").to_string(index=False))
        if len(whole) > 1:
            print(f"wall seconds grow as rows to the power {growth(whole):.2f} (1 is linear)")


if __name__ == "__main__":
    main()
