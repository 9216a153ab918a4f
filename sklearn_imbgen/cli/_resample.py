"""The command ``resample``: the methods, a table in memory, a Parquet table batch by batch."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from imblearn.utils import check_sampling_strategy
from tqdm.auto import tqdm

from sklearn_imbgen.cli import CommandError, explained, one_line
from sklearn_imbgen.cli._tables import (
    Reading,
    Table,
    atomic_path,
    check_columns,
    check_index,
    check_labels,
    is_same_file,
    need_pyarrow,
    read_table,
    refuse_text,
    table_format,
    warn_of_numberings,
    without_index,
    write_resampled,
)
from sklearn_imbgen.exceptions import FewSamplesWarning

NO_METHOD = "none"
SMOTE_NEIGHBORS = 5
STRATEGIES = ("auto", "minority", "not minority", "not majority", "all")
BATCH_ROWS = 65_536
# Parquet is decoded from a window of each column, not from whole row groups.
WINDOW_BYTES = 1 << 18


# -- methods -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Settings:
    """What a sampler is told; ``n_columns`` is only read if some columns are categorical.

    ``smallest`` is the number of rows of the smallest class that is to grow.
    """

    seed: int
    smallest: int
    categorical: Sequence[str] = ()
    n_columns: int = 0
    strategy: Any = "auto"
    verbose: int = 0


@dataclass(frozen=True)
class Method:
    """A method's display name, how to build it, how many rows a class needs.

    One that ``streams`` makes rows after training, so a table need not be loaded.
    """

    title: str
    build: Callable[[Settings], Any]
    least_rows: int = 2
    streams: bool = False


def _nothing(settings: Settings) -> Any:
    return "passthrough"


def _random(settings: Settings) -> Any:
    from imblearn.over_sampling import RandomOverSampler

    return RandomOverSampler(sampling_strategy=settings.strategy, random_state=settings.seed)


def _smote(settings: Settings) -> Any:
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

    neighbors = min(SMOTE_NEIGHBORS, settings.smallest - 1)
    if neighbors < SMOTE_NEIGHBORS:
        # as our samplers do
        warnings.warn(
            f"SMOTE uses k_neighbors={neighbors} instead of {SMOTE_NEIGHBORS}: "
            f"the smallest class has {settings.smallest} rows.",
            FewSamplesWarning,
            stacklevel=2,
        )
    shared = {
        "sampling_strategy": settings.strategy,
        "random_state": settings.seed,
        "k_neighbors": neighbors,
    }
    if not settings.categorical:
        return SMOTE(**shared)
    if len(settings.categorical) == settings.n_columns:
        return SMOTEN(**shared)
    return SMOTENC(categorical_features=list(settings.categorical), **shared)


def _ours(name: str, *, verbose: bool = True) -> Callable[[Settings], Any]:
    def build(settings: Settings) -> Any:
        # imported here: --help and the other methods need no torch
        sampler = getattr(import_module("sklearn_imbgen.over_sampling"), name)
        progress = {"verbose": settings.verbose} if verbose else {}
        return sampler(
            sampling_strategy=settings.strategy,
            categorical_features=list(settings.categorical),
            random_state=settings.seed,
            **progress,
        )

    return build


METHODS: dict[str, Method] = {
    NO_METHOD: Method("None", _nothing, least_rows=1),
    "random": Method("Random", _random, least_rows=1),
    "smote": Method("SMOTE", _smote),
    "swim": Method("SWIM", _ours("SWIM", verbose=False), least_rows=1, streams=True),
    "latent-smote": Method("LatentSMOTE", _ours("LatentSMOTE"), streams=True),
    "conditional-gan": Method("ConditionalGAN", _ours("ConditionalGAN"), streams=True),
    "bagan": Method("BAGAN", _ours("BAGAN"), streams=True),
    "imb-mix": Method("ImbMix", _ours("ImbMix"), streams=True),
    "glgan": Method("GLGAN", _ours("GLGAN"), streams=True),
}


def build_sampler(name: str, settings: Settings) -> Any:
    """The sampler of a method, or "passthrough" for the method "none"."""
    return METHODS[name].build(settings)


def known(names: Sequence[str], choices: Iterable[str], what: str) -> list[str]:
    """The names without repetitions; a ``CommandError`` lists the choices.

    >>> known(["b", "a", "b"], ["a", "b"], "letter")
    ['b', 'a']
    """
    choices = list(choices)
    for name in names:
        if name not in choices:
            raise CommandError(f"unknown {what} {name!r}; choose from {', '.join(choices)}")
    if not names:
        raise CommandError(f"no {what} given; choose from {', '.join(choices)}")
    return list(dict.fromkeys(names))


# -- the command ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Request:
    """What ``imbgen resample`` was asked for; the limits are those of resample_partitions."""

    table: Path
    output: Path
    target: str | None
    method: str
    strategy: str = "auto"
    categorical: Sequence[str] = ()
    reading: Reading = field(default_factory=Reading)
    seed: int = 0
    synthetic_only: bool = False
    verbose: bool = False
    max_training_rows: int | None = None
    max_minority_rows: int | None = None


class Resampled(NamedTuple):
    """Rows per class before, the largest class first, and the synthetic ones.

    The table, the synthetic rows and the sampler are there if the table was loaded as a whole.
    """

    counts: dict[Any, int]
    made: dict[Any, int]
    table: Table | None = None
    rows: pd.DataFrame | None = None
    sampler: Any = None


def resample(request: Request) -> Resampled:
    """Read a table, resample it and write the result.

    A ``CommandError`` names the file and the column, row or class at fault; no output is left then.
    """
    _refuse_loss(request)
    if streams(request):
        return _resample_batches(request)
    table = read_table(request.table, request.target, request.categorical, request.reading)
    made, sampler = resample_table(
        table, request.method, request.strategy, request.seed, request.verbose
    )
    if request.synthetic_only and not len(made):
        raise _nothing_to_make(request)
    write_resampled(table, made, request.output, synthetic_only=request.synthetic_only)
    n_made = dict(Counter(made[table.target].tolist()))
    return Resampled(table.counts, n_made, table, made, sampler)


def _refuse_loss(request: Request) -> None:
    """The only copy of a table must not be written over by less than it holds."""
    option = "--synthetic-only" if request.synthetic_only else "--drop"
    loses = request.synthetic_only or request.reading.drop
    if loses and is_same_file(request.table, request.output):
        raise CommandError(
            f"{request.output} is the table itself, which {option} would not keep whole; give "
            "--output another name"
        )


def _nothing_to_make(request: Request) -> CommandError:
    return CommandError(
        f"{request.table}: no class is to grow, they have the sizes that --sampling-strategy "
        f"{request.strategy} asks for; there are no synthetic rows to write"
    )


def parse_strategy(text: str, counts: dict[Any, int]) -> Any:
    """imbalanced-learn's ``sampling_strategy`` from a word, a class or a ratio.

    A class alone grows to the size of the largest; a ratio, minority to majority, is in (0, 1].

    >>> counts = {"a": 9, "b": 3}
    >>> parse_strategy("auto", counts), parse_strategy("b", counts), parse_strategy("0.5", counts)
    ('auto', {'b': 9}, 0.5)
    """
    if text in STRATEGIES:
        return text
    largest = max(counts.values())
    for label, count in counts.items():
        if str(label) == text:
            if count == largest:
                raise CommandError(f"class {text} is the largest already ({count} rows)")
            return {label: largest}
    try:
        ratio = float(text)
    except ValueError:
        ratio = 0.0
    if not 0 < ratio <= 1:
        raise CommandError(
            f"--sampling-strategy {text!r} is no class, no number above 0 up to 1 and none of "
            f"{', '.join(STRATEGIES)}; the classes are {', '.join(map(str, counts))}"
        )
    return ratio


def resample_table(
    table: Table, method: str, strategy: str = "auto", seed: int = 0, verbose: bool = False
) -> tuple[pd.DataFrame, Any]:
    """Synthetic rows like those of a table, and the fitted sampler that made them."""
    title, least = METHODS[method].title, METHODS[method].least_rows
    sampling = parse_strategy(strategy, table.counts)
    with explained(title):
        missing = check_sampling_strategy(sampling, table.y, "over-sampling")
        growing = {label: table.counts[label] for label, n_new in missing.items() if n_new}
        for label, count in growing.items():
            if count < least:
                raise CommandError(
                    f"class {label!s} has {count} row and {title} needs {least}; add rows, drop "
                    "the class, or repeat its row by --method random"
                )
        settings = Settings(
            seed=seed,
            smallest=min(growing.values(), default=len(table.y)),
            categorical=table.categorical,
            n_columns=table.X.shape[1],
            strategy=sampling,
            verbose=int(verbose),
        )
        sampler = build_sampler(method, settings)
        X, y = sampler.fit_resample(table.X, table.y)
    n_rows = len(table.y)
    return table.restore(X.iloc[n_rows:], y[n_rows:].tolist()), sampler


# -- batch by batch ------------------------------------------------------------------------


def streams(request: Request) -> bool:
    """Whether a table is resampled batch by batch: it is larger than what is learned from.

    A ``CommandError`` refuses limits for what is loaded as a whole.
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


def _resample_batches(request: Request) -> Resampled:
    """Copy a Parquet file with synthetic rows appended, or write those alone."""
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
        if request.synthetic_only and n_passed == batches.n_rows:
            raise _nothing_to_make(request)
    # of a sampler that had nothing to make
    made = getattr(sampler, "sampling_strategy_", {})
    return Resampled(dict(Counter(counts).most_common()), made)


class ParquetBatches:
    """The record batches of a Parquet file, read anew each time they are iterated over."""

    def __init__(self, request: Request) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path, self.path, self.verbose = request.table, request.table, request.verbose
        with _readable(path):
            # with pre_buffer, the default, all that has been read stays in memory
            self.file = pq.ParquetFile(path, buffer_size=WINDOW_BYTES, pre_buffer=False)
        self.n_rows: int = self.file.metadata.num_rows
        schema = self.file.schema_arrow
        noted = (schema.pandas_metadata or {}).get("index_columns", [])
        index = [name for name in noted if isinstance(name, str)]
        # an unnamed index is left out, as reading as a whole does
        check_index([name for name in index if not name.startswith("__index_level_")], path)
        names = [name for name in schema.names if name not in index]
        drop, named = request.reading.drop, request.categorical
        self.target = check_columns(names, request.target, named, path, drop)
        self.schema = without_index(schema, [name for name in names if name not in drop])
        coded = [field.name for field in self.schema if pa.types.is_dictionary(field.type)]
        self.categorical = sorted({*named, *coded} - {self.target})
        # of many rows the first tell enough
        first = next(self._read(self.schema, "")).to_pandas().drop(columns=self.target)
        refuse_text(first.drop(columns=list(named)), path, request.reading)
        warn_of_numberings(first)

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
        # categories that do not occur count 0, and missing labels are named later
        counts = +counts
        if counts.total() == self.n_rows:
            labels = pd.Series(np.asarray(list(counts)), name=self.target)
            check_labels(labels, self.path, self.n_rows)
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

        with _bar(title, self.n_rows, self.verbose and bool(title)) as bar:
            with _readable(self.path):
                batches = self.file.iter_batches(BATCH_ROWS, columns=schema.names)
            while True:
                with _readable(self.path):
                    batch = next(batches, None)
                if batch is None:
                    return
                yield pa.RecordBatch.from_arrays(
                    [batch.column(name) for name in schema.names], schema=schema
                )
                bar.update(batch.num_rows)


def _bar(title: str, total: int | None, verbose: bool) -> Any:
    return tqdm(total=total, desc=title, unit="row", unit_scale=True, disable=not verbose)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise CommandError(f"{path}: cannot be read: {one_line(error)}") from error
