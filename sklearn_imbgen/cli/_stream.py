"""Resample a Parquet file batch by batch, without ever holding the table."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from sklearn_imbgen.cli._messages import CommandError, explained, one_line
from sklearn_imbgen.cli._methods import METHODS, Settings, build_sampler
from sklearn_imbgen.cli._resample import Request, Resampled, parse_strategy
from sklearn_imbgen.cli._tables import (
    atomic_path,
    check_columns,
    check_index,
    features,
    need_pyarrow,
    one_class,
    table_format,
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

    from sklearn_imbgen.over_sampling import MAX_TRAINING_ROWS

    with _readable(request.table):
        n_rows: int = pq.read_metadata(request.table).num_rows
    return n_rows > (request.max_training_rows or MAX_TRAINING_ROWS)


def resample_parquet(request: Request) -> Resampled:
    """Copy a Parquet file with synthetic rows appended, or write those alone.

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

    # imported here: what is not streamed may need no torch
    from sklearn_imbgen.over_sampling import resample_partitions

    with atomic_path(request.output) as temporary, ParquetBatches(request) as batches:
        counts = batches.count()
        settings = Settings(
            request.seed,
            smallest=2,
            categorical=batches.categorical,
            strategy=parse_strategy(request.strategy, counts),
            verbose=int(request.verbose),
        )
        sampler = build_sampler(request.method, settings)
        limits = {
            "max_training_rows": request.max_training_rows,
            "max_minority_rows": request.max_minority_rows,
        }
        stream = resample_partitions(
            sampler,
            batches,
            batches.target,
            rows_per_partition=BATCH_ROWS,
            **{name: limit for name, limit in limits.items() if limit is not None},
        )
        with (
            pq.ParquetWriter(temporary, batches.schema, **batches.settings) as writer,
            explained(f"{request.table}: {METHODS[request.method].title}"),
            _bar("making", None, request.verbose) as bar,
        ):
            n_passed = 0
            for batch in stream:
                synthetic = n_passed >= batches.n_rows
                if synthetic or not request.synthetic_only:
                    writer.write_batch(batch)
                n_passed += batch.num_rows
                bar.update(batch.num_rows if synthetic else 0)
    # of a sampler that had nothing to make
    made = getattr(sampler, "sampling_strategy_", {})
    return Resampled(dict(Counter(counts).most_common()), made)


class ParquetBatches:
    """The record batches of a Parquet file, read anew each time they are iterated over."""

    def __init__(self, request: Request) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path, self.verbose = request.table, request.verbose
        with _readable(self.path):
            # with pre_buffer, the default, all that has been read stays in memory
            self.file = pq.ParquetFile(self.path, buffer_size=WINDOW_BYTES, pre_buffer=False)
        self.n_rows: int = self.file.metadata.num_rows
        schema = self.file.schema_arrow
        index = [name for name in _index_columns(schema) if isinstance(name, str)]
        check_index([name for name in index if not name.startswith("__index_level_")], self.path)
        for name in index:
            # an unnamed index, which reading as a whole drops as well
            schema = schema.remove(schema.get_field_index(name))
        self.schema = _without_index(schema)
        named = request.categorical
        self.target = check_columns(schema.names, request.target, named, self.path)
        # types that no sampler takes are refused before anything is read
        empty = self.schema.empty_table().to_pandas()
        features(empty.drop(columns=self.target), named, self.path)
        coded = [field.name for field in self.schema if pa.types.is_dictionary(field.type)]
        self.categorical = sorted({*named, *coded} - {self.target})

    def __enter__(self) -> "ParquetBatches":
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()

    def __iter__(self) -> Iterator[Any]:
        return self._read(self.schema, "reading")

    def count(self) -> dict[Any, int]:
        """Rows per class; the target alone is read."""
        import pyarrow as pa

        counts: Counter[Any] = Counter()
        field = self.schema.field(self.target)
        for batch in self._read(pa.schema([field]), "counting"):
            counts.update(batch.column(0).to_pandas().value_counts().to_dict())
        counts = +counts
        if len(counts) == 1 and counts.total() == self.n_rows:
            raise one_class(self.path, self.target, *counts.popitem())
        return dict(counts)

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

    def _read(self, schema: Any, title: str) -> Iterator[Any]:
        import pyarrow as pa

        with _bar(title, self.n_rows, self.verbose) as bar:
            with _readable(self.path):
                batches = self.file.iter_batches(BATCH_ROWS, columns=schema.names)
            while True:
                with _readable(self.path):
                    batch = next(batches, None)
                if batch is None:
                    return
                yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
                bar.update(batch.num_rows)


def _bar(title: str, total: int | None, verbose: bool) -> Any:
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


def _without_index(schema: Any) -> Any:
    """The schema without pandas' note of an index, so that reading numbers the rows anew."""
    notes = schema.pandas_metadata
    if notes is None:
        return schema
    columns = [column for column in notes["columns"] if column["field_name"] in schema.names]
    notes |= {"index_columns": [], "columns": columns}
    return schema.with_metadata({**schema.metadata, b"pandas": json.dumps(notes).encode()})
