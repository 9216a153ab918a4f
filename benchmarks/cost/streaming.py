"""Time and memory of ``imbgen resample`` on tables larger than memory, a new process each.

A set is a number of rows, a hundredth of them of the minority. The table has 20 columns besides
the label: 14 of floats, 4 of integers, 2 of categories. It is written batch by batch into a
temporary folder (TMPDIR chooses it), in which the result is written as well; 20 million rows
balanced to 40 million need 9 GB there. Memory is the peak of the process that resamples, imports
included.

    python -m benchmarks streaming                        # 1, 2, 5 and 20 million rows
    python -m benchmarks streaming --sets 1000000 --methods "glgan to 0.1"
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.question import Question, Row, Settings
from benchmarks.tables import titled

SETS = ("1000000", "2000000", "5000000", "20000000")
MINORITY = 0.01
# what is told to imbgen resample
METHODS = {
    "glgan": ["--method", "glgan"],
    "glgan to 0.1": ["--method", "glgan", "--sampling-strategy", "0.1"],
    "swim": ["--method", "swim"],
}
MEASURES = ("rows out", "wall s", "CPU s", "MB")
BATCH_ROWS = 100_000
# repetition among random floats is not worth looking for
DICTIONARIES = ["category 0", "category 1", "label"]
COLOURS = np.array(["red", "green", "blue", "black", "white"])
COMMAND = [sys.executable, "-c", "from sklearn_imbgen.cli import main; main()", "resample"]


def make_batch(n_rows: int, minority: float, rng: np.random.Generator) -> pd.DataFrame:
    """Rows of two classes, half a standard deviation apart in each number."""
    rare = rng.random(n_rows) < minority
    columns: dict[str, object] = {
        f"float {i}": rng.normal(size=n_rows) + 0.5 * rare for i in range(14)
    }
    columns |= {f"integer {i}": rng.poisson(5 + 2 * rare) for i in range(4)}
    for i in range(2):
        codes = (rng.random(n_rows) ** (1 + rare) * len(COLOURS)).astype(np.int8)
        columns[f"category {i}"] = pd.Categorical.from_codes(codes, COLOURS)
    return pd.DataFrame({**columns, "label": np.where(rare, "rare", "common")})


def write_table(path: Path, n_rows: int, minority: float) -> None:
    """Write a table of any size in bounded memory, about a million rows to a row group."""
    rng = np.random.default_rng(0)
    schema = pa.Schema.from_pandas(make_batch(10, minority, rng), preserve_index=False)
    with pq.ParquetWriter(path, schema, use_dictionary=DICTIONARIES) as writer:
        for start in range(0, n_rows, BATCH_ROWS):
            frame = make_batch(min(BATCH_ROWS, n_rows - start), minority, rng)
            writer.write_batch(pa.RecordBatch.from_pandas(frame, schema, preserve_index=False))


def resample(source: Path, made: Path, words: list[str]) -> Row:
    """Run the command in a new process and wait for its resources.

    Linux counts what this process holds when it starts the other; it is less than torch alone.
    """
    command = [*COMMAND, str(source), "-o", str(made), "--target", "label", "--quiet", *words]
    start = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"imbgen resample left with status {process.returncode}")
    return {
        "rows out": pq.read_metadata(made).num_rows,
        "wall s": wall,
        "CPU s": usage.ru_utime + usage.ru_stime,
        "MB": usage.ru_maxrss / 1024,
    }


def run(method: str, name: str, seed: int, settings: Settings) -> list[Row]:
    """Make a table, resample it, and leave nothing behind."""
    words = [*METHODS[method], "--seed", str(seed)]
    if settings.quick:
        words += ["--max-training-rows", "1000"]
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "in.parquet", Path(folder) / "out.parquet"
        write_table(source, int(name), MINORITY)
        return [resample(source, made, words)]


def report(scores: pd.DataFrame) -> str:
    """A line per table, then the cost per row without what every table costs."""
    table = scores.groupby(["method", "set"], sort=False)[list(MEASURES)].mean()
    shown = table.assign(**{"rows out / s": table["rows out"] / table["wall s"]})
    lines = []
    for method, rows in table.groupby("method", sort=False):
        if len(rows) > 1:
            slope, constant = np.polyfit(rows["rows out"], rows["CPU s"], 1)
            power = np.polyfit(np.log(rows["rows out"]), np.log(rows["CPU s"]), 1)[0]
            lines.append(
                f"{method}, CPU seconds: {constant:.1f} + {1e6 * slope:.2f} per million rows that "
                f"come out; they grow as rows to the power {power:.2f} (1 is linear)"
            )
    return titled("imbgen resample", shown.map("{:,.0f}".format), lines)


def check(name: str, _: Settings) -> None:
    """See that a set is a number of rows."""
    if not name.isdigit():
        raise SystemExit(f"--sets {name}: a set is a number of rows, such as {SETS[0]}")


QUESTIONS = {
    "streaming": Question(
        about=__doc__ or "",
        run=run,
        methods=METHODS,
        default_methods=("glgan",),
        measures=MEASURES,
        report=report,
        sets=SETS,
        check=check,
        seeds=1,
        alone=True,
    )
}
