"""Resample a Parquet file batch by batch, without ever holding the table."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from sklearn_imbgen.cli._messages import CommandError, explained, one_line
from sklearn_imbgen.cli._methods import METHODS, Settings, build_sampler
from sklearn_imbgen.cli._resample import Request, Resampled, check_sizes, parse_strategy, restore
from sklearn_imbgen.cli._tables import (
    Table,
    atomic_path,
    bad_cell,
    check_columns,
    check_index,
    features,
    need_pyarrow,
    one_class,
    table_format,
)
from sklearn_imbgen.utils import (
    MAX_MINORITY_ROWS,
    MAX_TRAINING_ROWS,
    RowPlan,
    count_labels,
    label_codes,
    plan_rows,
)

__all__ = ["resample_parquet", "streams"]

BATCH_ROWS = 65_536
# Parquet is decoded from a window of each column, not from whole row groups.
WINDOW_BYTES = 1 << 18


def streams(request: Request) -> bool:
    """Whether a table is resampled batch by batch: it is larger than what is learned from.

    Raises
    ------
    CommandError
        If limits are given for what is loaded as a whole.
    """
    files = (request.table, request.output)
    possible = METHODS[request.method].streams and all(
        table_format(path) == ".parquet" for path in files
    )
    limits = (request.max_training_rows, request.max_minority_rows)
    if not possible and any(limit is not None for limit in limits):
        able = ", ".join(name for name, method in METHODS.items() if method.streams)
        raise CommandError(
            "--max-training-rows and --max-minority-rows are for tables that are streamed: "
            f"from .parquet to .parquet, by one of {able}"
        )
    if not possible or not request.table.is_file():
        return False
    need_pyarrow()
    import pyarrow.parquet as pq

    with _readable(request.table):
        n_rows: int = pq.read_metadata(request.table).num_rows
    return n_rows > (request.max_training_rows or MAX_TRAINING_ROWS)


def resample_parquet(request: Request) -> Resampled:
    """Copy a Parquet file with synthetic rows appended, or write those alone.

    The target is read first, to count the classes; then all columns, which are
    checked and written as they are, while the rows to learn from are kept.

    Parameters
    ----------
    request : Request

    Returns
    -------
    Resampled

    Raises
    ------
    CommandError
        Naming the file and the column, row or class that is at fault; no output
        is left then.
    """
    import pyarrow.parquet as pq

    path = request.table
    with atomic_path(request.output) as temporary:
        with _readable(path):
            # with pre_buffer, the default, all that has been read stays in memory
            file = pq.ParquetFile(path, buffer_size=WINDOW_BYTES, pre_buffer=False)
        with file:
            source = _Source(file, request)
            counts = source.count()
            plan = _plan(request, counts)
            n_rows = plan.n_new + (0 if request.synthetic_only else plan.n_rows)
            schema = _renumbered(source.schema, n_rows)
            with pq.ParquetWriter(temporary, schema, **source.settings) as writer:
                source.copy(plan, None if request.synthetic_only else writer)
                for frame in _synthetic(request, source, plan):
                    writer.write_batch(_record_batch(frame, schema))
    return Resampled(dict(Counter(counts).most_common()), plan.to_add)


class _Source:
    """The file that is read: its checked columns, its labels, its batches."""

    def __init__(self, file: Any, request: Request) -> None:
        self.file, self.request, self.path = file, request, request.table
        schema = file.schema_arrow
        index = [name for name in _index_columns(schema) if isinstance(name, str)]
        check_index([name for name in index if not _is_unnamed(name)], self.path)
        self.names = [name for name in schema.names if name not in index]
        self.target = check_columns(self.names, request.target, request.categorical, self.path)
        self.schema = _without(schema, index)
        # types that no sampler takes are refused before anything is read
        empty = self.schema.empty_table().to_pandas()
        features(empty.drop(columns=self.target), request.categorical, self.path)

    @property
    def settings(self) -> dict[str, Any]:
        """How the result is to be written."""
        import pyarrow as pa

        compression = self.file.metadata.row_group(0).column(0).compression.lower()
        names = {"uncompressed": "none", "lz4_raw": "lz4"}
        return {
            "compression": names.get(compression, compression),
            # floats seldom repeat, and looking for it costs four times their writing
            "use_dictionary": [
                field.name for field in self.schema if not pa.types.is_floating(field.type)
            ],
        }

    def count(self) -> dict[Any, int]:
        """Rows per class."""
        counts: Counter[Any] = Counter()
        start = 0
        for batch in self._batches([self.target], "counting"):
            labels = batch.column(0).to_pandas()
            self._refuse(labels.isna().to_numpy(), self.target, start, "is missing")
            counts += count_labels(labels, start)
            start += len(labels)
        if len(counts) == 1:
            raise one_class(self.path, self.target, *counts.popitem())
        return dict(counts)

    def copy(self, plan: RowPlan, writer: Any) -> None:
        """Write the batches as they are, if to anywhere, and keep the rows to learn from."""
        import pyarrow as pa

        kept, kept_keys, start = [], [], 0
        classes = list(plan.counts)
        for batch in self._batches(self.names, "reading"):
            self._check(batch, start)
            codes = label_codes(batch.column(self.target).to_pandas(), classes)
            positions, keys = plan.candidates(codes, start)
            kept.append(batch.take(pa.array(positions)))
            kept_keys.append(keys)
            start += batch.num_rows
            if writer is not None:
                writer.write_batch(batch)
        candidates = pa.Table.from_batches(kept, schema=self.schema).unify_dictionaries()
        codes = label_codes(candidates.column(self.target).to_pandas(), classes)
        chosen = plan.chosen(codes, np.concatenate(kept_keys))
        self.sample: Any = candidates.take(pa.array(chosen))

    def _check(self, batch: Any, start: int) -> None:
        import pyarrow as pa

        for field, column in zip(batch.schema, batch.columns, strict=True):
            if column.null_count:
                flags = column.is_null(nan_is_null=True).to_numpy(zero_copy_only=False)
                self._refuse(flags, field.name, start, "is missing")
            if pa.types.is_floating(field.type):
                values = column.to_numpy(zero_copy_only=False)
                if not np.isfinite(values).all():
                    self._refuse(np.isnan(values), field.name, start, "is missing")
                    self._refuse(np.isinf(values), field.name, start, "is infinite")

    def _refuse(self, flags: Any, column: str, start: int, problem: str) -> None:
        if flags.any():
            row = start + int(flags.argmax())
            raise bad_cell(self.path, column, row, f"{problem}; fill it in or drop the row")

    def _batches(self, columns: list[str], title: str) -> Iterator[Any]:
        total = self.file.metadata.num_rows
        with _bar(title, total, self.request.verbose) as bar, _readable(self.path):
            for batch in self.file.iter_batches(BATCH_ROWS, columns=columns):
                yield batch
                bar.update(batch.num_rows)


def _plan(request: Request, counts: dict[Any, int]) -> RowPlan:
    strategy = parse_strategy(request.strategy, counts)
    with explained(METHODS[request.method].title):
        plan = plan_rows(
            counts,
            strategy,
            request.seed,
            max_training_rows=request.max_training_rows or MAX_TRAINING_ROWS,
            max_minority_rows=request.max_minority_rows or MAX_MINORITY_ROWS,
        )
    growing = {label: counts[label] for label, n_new in plan.to_add.items() if n_new}
    check_sizes(growing, request.method)
    return plan


def _synthetic(request: Request, source: _Source, plan: RowPlan) -> Iterator[pd.DataFrame]:
    """Train on the rows that were kept and make the new ones, a batch at a time."""
    if not plan.n_new:
        return
    sample = source.sample.to_pandas()
    # what is learned from is held once
    del source.sample
    # imported here: what is not streamed may need no torch
    from sklearn_imbgen.over_sampling._partitions import learn

    target = source.target
    X = features(sample.drop(columns=target), request.categorical, request.table)
    labels = list(plan.counts)
    y = np.asarray(labels)[label_codes(sample[target], labels)]
    like = Table(sample[:0], target, X[:0], y[:0], [])
    settings = Settings(request.seed, smallest=2, verbose=int(request.verbose))
    sampler = build_sampler(request.method, settings)
    del sample
    with explained(METHODS[request.method].title):
        learn(sampler, X, y, plan)
        del X, y
        with _bar("making", plan.n_new, request.verbose) as bar:
            for batch in plan.batches(BATCH_ROWS):
                rows = sampler.sample(batch.n_rows, batch.label, random_state=batch.seed)
                yield restore(like, rows, [batch.label] * batch.n_rows)
                bar.update(batch.n_rows)


def _bar(title: str, total: int, verbose: bool) -> Any:
    return tqdm(total=total, desc=title, unit="row", unit_scale=True, disable=not verbose)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise CommandError(f"{path}: cannot be read: {one_line(error)}") from error


def _index_columns(schema: Any) -> list[Any]:
    """What pandas has noted of its index: names of columns, and descriptions of ranges."""
    columns: list[Any] = (schema.pandas_metadata or {}).get("index_columns", [])
    return columns


def _is_unnamed(column: str) -> bool:
    return column.startswith("__index_level_")


def _without(schema: Any, columns: list[str]) -> Any:
    """The schema without an unnamed index, which reading as a whole drops as well."""
    for name in columns:
        schema = schema.remove(schema.get_field_index(name))
    return schema


def _renumbered(schema: Any, n_rows: int) -> Any:
    """The schema with pandas' note of a range index brought to the new number of rows."""
    notes = schema.pandas_metadata
    if notes is None:
        return schema
    numbering = {"kind": "range", "name": None, "start": 0, "stop": n_rows, "step": 1}
    columns = [column for column in notes["columns"] if column["field_name"] in schema.names]
    notes |= {"index_columns": [numbering], "columns": columns}
    return schema.with_metadata({**schema.metadata, b"pandas": json.dumps(notes).encode()})


def _record_batch(frame: pd.DataFrame, schema: Any) -> Any:
    import pyarrow as pa

    return pa.RecordBatch.from_pandas(frame, schema=schema, preserve_index=False)
