"""Time and memory of ``imbgen resample`` on tables larger than memory, a new process each.

    python benchmarks/scale.py                                # 1, 2, 5 and 20 million rows
    python benchmarks/scale.py --rows 1000000 --sampling-strategy 0.1
    python benchmarks/scale.py --rows 20000000 --minority 0.001 --folder DIR

The table has 20 columns besides the label: 14 of floats, 4 of integers, 2 of categories.
It is written batch by batch into a temporary folder, in which the result is written as well;
20 million rows balanced to 40 million need 9 GB there. Memory is the peak of the process that
resamples, imports included.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = (1_000_000, 2_000_000, 5_000_000, 20_000_000)
BATCH_ROWS = 100_000
# repetition among random floats is not worth looking for
DICTIONARIES = ["category 0", "category 1", "label"]
COLOURS = np.array(["red", "green", "blue", "black", "white"])


class Cost(NamedTuple):
    """What a resampling took and what came out."""

    rows: int
    rows_out: int
    wall: float
    cpu: float
    megabytes: float


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


def resample(source: Path, made: Path, words: list[str]) -> Cost:
    """Run the command in a new process and wait for its resources.

    Linux counts what this process holds when it starts the other; it is less than torch alone.
    """
    command = [sys.executable, "-c", "from sklearn_imbgen.cli import main; main()"]
    command += ["resample", str(source), "-o", str(made), "--target", "label", "--quiet", *words]
    start = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"imbgen resample left with status {process.returncode}")
    rows, rows_out = (pq.read_metadata(path).num_rows for path in (source, made))
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(rows, rows_out, wall, cpu, usage.ru_maxrss / 1024)


def measure(n_rows: int, minority: float, folder: Path | None, words: list[str]) -> Cost:
    """Make a table, resample it, and leave nothing behind."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        source, made = Path(name) / "in.parquet", Path(name) / "out.parquet"
        write_table(source, n_rows, minority)
        return resample(source, made, words)


def describe(costs: list[Cost]) -> str:
    """A line per table, then the cost per row without what every table costs."""
    table = pd.DataFrame(costs)
    table["rows out / s"] = table["rows_out"] / table["wall"]
    text = table.to_string(index=False, float_format="{:,.0f}".format)
    if len(costs) > 1:
        slope, constant = np.polyfit(table["rows_out"], table["cpu"], 1)
        power = np.polyfit(np.log(table["rows_out"]), np.log(table["cpu"]), 1)[0]
        text += (
            f"\nCPU seconds: {constant:.1f} + {1e6 * slope:.2f} per million rows that come out; "
            f"they grow as rows to the power {power:.2f} (1 is linear)"
        )
    return text


def main() -> None:
    """Print the table of costs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", nargs="+", type=int, default=list(ROWS))
    parser.add_argument("--minority", type=float, default=0.01, help="share of the rows")
    parser.add_argument("--sampling-strategy", default="auto", help="of imbgen resample")
    parser.add_argument("--method", default="glgan", help="of imbgen resample")
    parser.add_argument("--folder", type=Path, help="for the temporary files")
    options = parser.parse_args()
    words = ["--sampling-strategy", options.sampling_strategy, "--method", options.method]
    costs = []
    for n_rows in options.rows:
        print(f"{n_rows:,} rows ...", file=sys.stderr, flush=True)
        costs.append(measure(n_rows, options.minority, options.folder, words))
        print(f"  {costs[-1]}", file=sys.stderr, flush=True)
    print(describe(costs))


if __name__ == "__main__":
    main()
