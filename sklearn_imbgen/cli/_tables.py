"""Tables on disk: read and check, split into features and target, write with new rows."""

import csv
import gzip
import json
import os
import re
import warnings
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from sklearn.utils.fixes import parse_version
from sklearn.utils.multiclass import type_of_target

from sklearn_imbgen._typing import Array
from sklearn_imbgen.cli import CommandError, one_line
from sklearn_imbgen.utils import import_extra, name_some, whole_file

EXTENSIONS = (".csv", ".csv.gz", ".parquet")

# pandas 3.1 deprecates the option and reads floats exactly without it; older ones
# may be off in the last digit, so that a table would not survive being copied
_OLD_PANDAS = parse_version(pd.__version__) < parse_version("3.1")
EXACT_FLOATS: dict[str, Any] = {"float_precision": "round_trip"} if _OLD_PANDAS else {}

# Rows from which on a column of different values looks like a numbering.
FEW_ROWS = 20
HEAD_BYTES = 1 << 20
# So many are written for numbers that nobody has rounded.
ALL_DECIMALS = 12
MISSING_MARKS = {"?", "-", ".", "na", "n/a", "nan", "null", "none", "missing", "unknown"}
# and how they are typed
OTHER_SEPARATORS = {";": "';'", "\t": "tab", "|": "'|'", ",": ","}


@dataclass(frozen=True)
class Reading:
    """How a CSV file is written, and which columns of a table are left out."""

    sep: str = ","
    decimal: str = "."
    thousands: str | None = None
    encoding: str = "utf-8"
    na_values: Sequence[str] = ()
    drop: Sequence[str] = ()

    @property
    def of_csv(self) -> dict[str, Any]:
        """The words of pandas for it; cells are missing if they are empty or said to be."""
        return {
            "sep": self.sep,
            "encoding": self.encoding,
            "keep_default_na": False,
            "na_values": ["", *self.na_values],
        }


@dataclass(frozen=True)
class Table:
    """A checked table.

    ``frame`` is as it was read, without the columns left out, and ``text`` the cells of a CSV file
    as written; ``X`` has the features in float64, the categorical ones as pandas categories.
    """

    frame: pd.DataFrame
    target: str
    X: pd.DataFrame
    y: Array
    categorical: list[str]
    path: Path
    reading: Reading = field(default_factory=Reading)
    text: pd.DataFrame | None = None

    @property
    def counts(self) -> dict[Any, int]:
        """Rows per class, the largest class first."""
        return dict(Counter(self.y.tolist()).most_common())

    def restore(self, X: pd.DataFrame, y: Any) -> pd.DataFrame:
        """Rows of a sampler with the columns, types, decimals and ranges of the table."""
        columns = {
            name: pd.Series(list(y), dtype=object).astype(dtype)
            if name == self.target
            else self._restored(X[name].reset_index(drop=True), name, dtype)
            for name, dtype in self.frame.dtypes.items()
        }
        return pd.DataFrame(columns, columns=self.frame.columns)

    def _restored(self, values: pd.Series, name: Any, dtype: Any) -> pd.Series:
        if values.dtype == "category":
            return values if dtype == "category" else values.astype(object).astype(dtype)
        if pd.api.types.is_bool_dtype(dtype):
            return (values >= 0.5).astype(dtype)
        values = values.clip(self.X[name].min(), self.X[name].max())
        if pd.api.types.is_integer_dtype(dtype):
            # a cast would cut the decimals off and shift every value down
            return np.rint(values).astype(np.int64).astype(dtype)
        n_decimals = None if self.text is None else self._decimals(self.text[name])
        return (values if n_decimals is None else values.round(n_decimals)).astype(dtype)

    def _decimals(self, cells: pd.Series) -> int | None:
        """Most digits behind the point of a column; None if a number has an exponent or all."""
        point, mark = re.escape(self.reading.decimal), re.escape(self.reading.thousands or "")
        whole = "\n".join(cells)
        if not re.fullmatch(rf"[-+\d\s{point}{mark}]*", whole):
            return None
        n_decimals = max(map(len, re.findall(rf"{point}(\d*)", whole)), default=0)
        return n_decimals if n_decimals < ALL_DECIMALS else None

    def as_text(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Synthetic rows in the spelling of the CSV file."""
        assert self.text is not None
        return pd.DataFrame({name: self._spelled(rows[name], self.text[name]) for name in rows})

    def _spelled(self, values: pd.Series, cells: pd.Series) -> list[str]:
        if pd.api.types.is_bool_dtype(values.dtype):
            # True may be written as TRUE
            spelling = {text.lower() == "true": text for text in cells.unique()[::-1]}
            return [spelling[value] for value in values]
        if not pd.api.types.is_numeric_dtype(values.dtype):
            return [str(value) for value in values]
        thousands = self.reading.thousands
        is_grouped = thousands and cells.str.contains(thousands, regex=False).any()
        grouped = "," if is_grouped else ""
        if pd.api.types.is_integer_dtype(values.dtype):
            # 04463, which is read as a number, has as many digits as the others
            width = cells.str.len().max() if cells.str.match(r"0\d").any() else 0
            texts = [f"{value:{grouped}d}".zfill(width) for value in values]
        elif (n_decimals := self._decimals(cells)) is not None:
            texts = [f"{value:{grouped}.{n_decimals}f}" for value in values]
        else:
            texts = [repr(value) for value in values.tolist()]
        swap = str.maketrans({",": thousands or ",", ".": self.reading.decimal})
        return [text.translate(swap) for text in texts]


def describe_counts(counts: Mapping[Any, int]) -> str:
    """Rows per class in one line, such as "a: 3, b: 1"."""
    return ", ".join(f"{label}: {count}" for label, count in counts.items())


# -- reading -------------------------------------------------------------------------------


def read_table(
    path: Path, target: str | None, categorical: Sequence[str] = (), reading: Reading = Reading()
) -> Table:
    """Read a CSV or Parquet file and check that a sampler can use it.

    pandas categories of a Parquet file are categorical without being named. A ``CommandError``
    names the file and the column, row or class that is at fault.
    """
    as_text = [*categorical, *([] if target is None else [target])]
    frame, text = _read(path, reading, as_text)
    target = check_columns(list(frame.columns), target, categorical, path, reading.drop)
    frame = frame.drop(columns=list(reading.drop))
    text = None if text is None else text.drop(columns=list(reading.drop))
    X = _features(frame.drop(columns=target), categorical, path, reading)
    names = [name for name in X.columns if X[name].dtype == "category"]
    y = _classes(frame[target], path)
    warn_of_numberings(frame.drop(columns=target))
    if text is not None:
        _warn_of_codes(text, [name for name in X.columns if name not in names])
    return Table(frame, target, X, y, names, path, reading, text)


def read_as_written(path: Path, reading: Reading) -> pd.DataFrame:
    """Read a CSV file as text, or a Parquet file as it is.

    ``CommandError`` if there is no such table or no row in it.
    """
    frame, _ = _read(path, reading, None)
    _refuse_unknown(reading.drop, list(frame.columns), path)
    return frame.drop(columns=list(reading.drop))


def table_format(path: Path) -> str:
    """Extension of a table's file; a ``CommandError`` lists those that are read."""
    for extension in EXTENSIONS:
        if path.name.lower().endswith(extension):
            return extension
    raise CommandError(f"{path}: unknown extension; a table is one of {', '.join(EXTENSIONS)}")


def _read(
    path: Path, reading: Reading, as_text: Sequence[str] | None
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """The table, and of a CSV file its cells; those named, or all with None, stay text."""
    extension = table_format(path)
    if not path.exists():
        raise CommandError(f"{path}: no such file")
    if not path.is_file():
        what = "a folder" if path.is_dir() else "no regular file"
        raise CommandError(f"{path}: is {what}, not a table")
    try:
        if extension == ".parquet":
            need_pyarrow()
            frame, text = pd.read_parquet(path), None
        else:
            frame, text = _parse_csv(path, reading, as_text)
    except pd.errors.EmptyDataError:
        raise CommandError(f"{path}: the file is empty") from None
    except UnicodeError as error:
        raise CommandError(f"{path}: {_undecodable(path, reading, error)}") from error
    except (OSError, ValueError, EOFError, LookupError, zlib.error) as error:
        raise CommandError(f"{path}: cannot be read: {one_line(error)}") from error
    check_index([name for name in frame.index.names if name is not None], path)
    if frame.empty and not len(frame):
        raise CommandError(f"{path}: the table has no rows")
    return frame.reset_index(drop=True), text


def _parse_csv(
    path: Path, reading: Reading, as_text: Sequence[str] | None
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    compression = "gzip" if table_format(path) == ".csv.gz" else None
    shared = {"compression": compression, "low_memory": False, **reading.of_csv}
    header = pd.read_csv(path, header=None, nrows=1, dtype=str, **shared).iloc[0].dropna()
    if again := header[header.duplicated()].tolist():
        raise ValueError(f"the header names {name_some(again)} twice; rename the columns")
    if len(header) == 1 and (found := [sep for sep in OTHER_SEPARATORS if sep in header.iloc[0]]):
        raise ValueError(
            f"the header is one name, {header.iloc[0]!r}; say --sep {OTHER_SEPARATORS[found[0]]}"
        )
    if as_text is None:
        frame, text = pd.read_csv(path, dtype=str, **shared), None
    else:
        numbers = {"decimal": reading.decimal, "thousands": reading.thousands, **EXACT_FLOATS}
        named = [name for name in as_text if name not in reading.drop]
        frame = pd.read_csv(path, dtype=dict.fromkeys(named, str), **numbers, **shared)
        text = pd.read_csv(path, dtype=str, **{**shared, "na_values": []})
    if not isinstance(frame.index, pd.RangeIndex):
        raise ValueError("rows have more values than the header has names")
    return frame, text


def _undecodable(path: Path, reading: Reading, error: UnicodeError) -> str:
    """Where a file is not of its encoding, and which one it may be of."""
    with _opened(path) as file:
        start = file.read(2)
        if start in (b"\xff\xfe", b"\xfe\xff"):
            return "is UTF-16 text; say --encoding utf-16"
        file.seek(0)
        lines = file.read().splitlines()
    for number, line in enumerate(lines):
        try:
            line.decode(reading.encoding)
        except UnicodeError:
            [cells] = csv.reader([line.decode("latin-1")], delimiter=reading.sep)
            bad = next((cell for cell in cells if not cell.isascii()), "")
            column = name_some([lines[0].decode("latin-1").split(reading.sep)[cells.index(bad)]])
            where = f"row {number - 1}, column {column}" if number else "the header"
            return f"{bad!r} in {where} is not {reading.encoding}; say --encoding latin-1"
        except LookupError:
            break
    return f"cannot be read: {one_line(error)}"


def check_columns(
    names: Sequence[str],
    target: str | None,
    categorical: Sequence[str],
    path: Path,
    drop: Sequence[str] = (),
) -> str:
    """The target, if it and the other columns named are there and something beside them."""
    columns = f"the columns are {', '.join(map(repr, names))}"
    if target is None:
        raise CommandError(f"{path}: name the column with the class by --target; {columns}")
    _refuse_unknown([target, *categorical, *drop], names, path)
    for option, named in {"--categorical": categorical, "--drop": drop}.items():
        if target in named:
            raise CommandError(f"column {target!r} is the target; leave it out of {option}")
    if both := set(categorical) & set(drop):
        raise CommandError(f"{name_some(both)} is named by --categorical and by --drop")
    if len(names) == 1 + len(drop):
        raise CommandError(f"{path}: there is no column besides the target {target!r}")
    return target


def _refuse_unknown(wanted: Iterable[str], names: Sequence[str], path: Path) -> None:
    for name in wanted:
        if name not in names:
            columns = ", ".join(map(repr, names))
            raise CommandError(
                f"{path}: there is no column {name!r}; the columns are {columns}"
                f"{hint_at_spaces(name, names)}"
            )


def hint_at_spaces(name: str, names: Iterable[Any]) -> str:
    """What to say if a column has the name but for spaces around it."""
    near = [one for one in names if str(one).strip() == name.strip()]
    return f"; {near[0]!r} begins or ends with a space, so name it in quotes" if near else ""


def check_index(names: Sequence[Any], path: Path) -> None:
    """Refuse a table whose row index has names: it may be a column in disguise."""
    if names:
        raise CommandError(
            f"{path}: has the row index {list(names)}; write the table after reset_index()"
        )


def need_pyarrow() -> None:
    """Refuse a Parquet file where the library for it is not installed."""
    try:
        import_extra("pyarrow", "cli", "A Parquet file")
    except ImportError as error:
        raise CommandError(str(error)) from error


def _features(
    frame: pd.DataFrame, categorical: Sequence[str], path: Path, reading: Reading
) -> pd.DataFrame:
    """The columns in float64, the categorical ones as pandas categories, all values checked."""
    X = frame.astype(dict.fromkeys(categorical, "category"))
    refuse_text(X, path, reading)
    refuse_cells(X.isna(), "is missing", path)
    X = X.astype({name: np.float64 for name in X if X[name].dtype != "category"})
    numbers = X.select_dtypes(np.float64)
    refuse_cells(numbers.isin([np.inf, -np.inf]), "is infinite", path)
    return X


def refuse_cells(flags: pd.DataFrame, problem: str, path: Path) -> None:
    """Name the first cell that is flagged, if there is one; rows count from 0."""
    found = np.argwhere(flags.to_numpy())
    for name in flags.columns[flags.all()]:
        raise CommandError(f"{path}: column {name!r} {problem} in all rows; say --drop {name}")
    if len(found):
        row, column = found[0]
        raise CommandError(
            f"{path}: the value in row {row}, column {flags.columns[column]!r} {problem}, "
            f"{len(found)} such value(s) in all; fill them in, or leave out the rows or the column"
        )


def refuse_text(frame: pd.DataFrame, path: Path, reading: Reading) -> None:
    """Name the first value that is neither a number nor of a categorical column."""
    for name in frame.columns:
        dtype = frame[name].dtype
        if dtype == "category" or pd.api.types.is_numeric_dtype(dtype):
            continue
        numbers = pd.to_numeric(frame[name], errors="coerce")
        bad = np.flatnonzero(numbers.isna() & frame[name].notna())
        row = int(bad[0]) if len(bad) else 0
        value = str(frame[name].iloc[row])
        raise CommandError(
            f"{path}: {value!r} in row {row}, column {name!r} is no number ({len(bad)} such "
            f"value(s) in the column); {_ways_out(name, value, reading)}"
        )


def _ways_out(name: str, value: str, reading: Reading) -> str:
    options = {
        f"if it means missing, say --na-values '{value}' and see which rows": (
            value.strip().lower() in MISSING_MARKS
        ),
        "if it has a decimal comma, say --decimal ,": bool(re.fullmatch(r"-?\d+,\d+", value)),
        "if it has marks between thousands, say --thousands "
        + (re.findall(r"\D", value.lstrip("-"))[:1] or [""])[0]: bool(
            re.fullmatch(r"-?\d{1,3}([,. '_]\d{3})+([,.]\d+)?", value)
        ),
        "if it is a date, put a number in its place": bool(
            re.match(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", value)
        ),
    }
    said = [text for text, fits in options.items() if fits]
    if not said:
        said = [f"if the values are categories, say --categorical {name}"]
    return "; ".join([*said, f"or leave the column out by --drop {name}"])


def _classes(labels: pd.Series, path: Path) -> Array:
    refuse_cells(labels.isna().to_frame(), "is missing", path)
    check_labels(labels, path)
    return labels.to_numpy(dtype=object if labels.dtype == "category" else None)


def check_labels(labels: pd.Series, path: Path, n_rows: int | None = None) -> None:
    """Refuse a target of one class, or one that holds measurements."""
    if labels.nunique() == 1:
        raise CommandError(
            f"{path}: the target {labels.name!r} holds one class only, {labels.iloc[0]!s} "
            f"({n_rows or len(labels)} rows)"
        )
    numbers = pd.to_numeric(pd.Series(labels.unique()).astype(object), errors="coerce")
    if not numbers.isna().any() and type_of_target(numbers.to_numpy(float)) == "continuous":
        raise CommandError(
            f"{path}: the target {labels.name!r} is continuous, with {len(numbers)} different "
            f"values such as {labels.iloc[0]!s}; cut it into classes first, or name another column"
        )


def warn_of_numberings(frame: pd.DataFrame) -> None:
    """Warn of columns that seem to tell the rows apart and nothing else."""
    found = [name for name in frame if _is_numbering(frame[name], str(name))]
    if found:
        warnings.warn(
            f"{name_some(found)} may number or name the rows, and is learned from like any other "
            f"column; leave it out by --drop {','.join(map(str, found))}",
            UserWarning,
            stacklevel=2,
        )


def _is_numbering(column: pd.Series, name: str) -> bool:
    if name.startswith("Unnamed: "):
        return True
    counts = pd.api.types.is_integer_dtype(column.dtype)
    text = not pd.api.types.is_numeric_dtype(column.dtype)
    return len(column) >= FEW_ROWS and (counts or text) and bool(column.is_unique)


def _warn_of_codes(text: pd.DataFrame, numeric: Sequence[str]) -> None:
    for name in numeric:
        codes = text.loc[text[name].str.match(r"0\d+$"), name]
        if len(codes):
            warnings.warn(
                f"column {name!r} holds numbers with leading zeros such as {codes.iloc[0]}; if "
                f"they are codes, say --categorical {name}, or leave it out by --drop {name}",
                UserWarning,
                stacklevel=2,
            )


# -- writing -------------------------------------------------------------------------------


def check_output(path: Path) -> None:
    """Refuse an output that cannot be written, before any work is done."""
    if table_format(path) == ".parquet":
        need_pyarrow()
    if path.exists() and not path.is_file():
        what = "a folder, not a file" if path.is_dir() else "no regular file"
        raise CommandError(f"{path}: is {what}")
    if not path.resolve().parent.is_dir():
        raise CommandError(f"{path}: the folder {path.parent} does not exist")
    if not os.access(path.resolve().parent, os.W_OK):
        raise CommandError(f"{path}: the folder {path.parent} cannot be written to")


def is_same_file(first: Path, second: Path) -> bool:
    """Whether two paths lead to the same file, whatever links and spellings are between."""
    if first.resolve() == second.resolve():
        return True
    return first.exists() and second.exists() and first.samefile(second)


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table by its extension, completely or not at all.

    After a ``CommandError`` a file that was there before is as it was.
    """
    with atomic_path(path) as temporary:
        if table_format(path) == ".parquet":
            frame.to_parquet(temporary, index=False)
        else:
            with _csv_file(temporary, path) as file:
                frame.to_csv(file, index=False)


def write_resampled(
    table: Table, rows: pd.DataFrame, path: Path, *, synthetic_only: bool = False
) -> None:
    """Write the originals as they were read, then the synthetic rows, or those alone.

    ``rows`` come from ``table.restore``. From CSV to CSV the text of the file is copied, if no
    column is left out; from Parquet to Parquet the schema is kept.
    """
    to_parquet = table_format(path) == ".parquet"
    with atomic_path(path) as temporary:
        if to_parquet and table_format(table.path) == ".parquet":
            _write_parquet(table, rows, temporary, synthetic_only)
        elif to_parquet or table.text is None:
            parts = [rows] if synthetic_only else [table.frame, rows]
            whole = pd.concat(parts, ignore_index=True)
            if to_parquet:
                whole.to_parquet(temporary, index=False)
            else:
                with _csv_file(temporary, path) as file:
                    whole.to_csv(file, index=False)
        else:
            with _csv_file(temporary, path) as file:
                _write_csv(table, table.as_text(rows), file, synthetic_only)


def _write_parquet(table: Table, rows: pd.DataFrame, path: Path, synthetic_only: bool) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    originals = pq.read_table(table.path)
    schema = without_index(originals.schema, list(table.frame.columns))
    made = pa.Table.from_pandas(rows, schema=schema, preserve_index=False)
    kept = originals.select(schema.names).replace_schema_metadata(schema.metadata)
    parts = [made] if synthetic_only else [kept.cast(schema), made]
    pq.write_table(pa.concat_tables(parts).unify_dictionaries(), path)


def without_index(schema: Any, names: Sequence[str]) -> Any:
    """The schema of the columns named, with no note of pandas on an index.

    Reading then numbers the rows anew.
    """
    import pyarrow as pa

    metadata, notes = schema.metadata, schema.pandas_metadata
    if notes is not None:
        columns = [column for column in notes["columns"] if column["field_name"] in names]
        notes |= {"index_columns": [], "columns": columns}
        metadata = {**metadata, b"pandas": json.dumps(notes).encode()}
    return pa.schema([schema.field(name) for name in names], metadata)


def _write_csv(table: Table, rows: pd.DataFrame, file: BinaryIO, synthetic_only: bool) -> None:
    assert table.text is not None
    encoding = table.reading.encoding.lower().replace("_", "-")
    with _opened(table.path) as source:
        head = source.read(HEAD_BYTES)
        big_endian = head.startswith((b"\xfe\xff", b"\0\0\xfe\xff"))
        ending = "\r\n" if "\r\n" in head.decode(encoding, errors="ignore") else "\n"
        options = {"index": False, "sep": table.reading.sep, "lineterminator": ending}
        if synthetic_only or table.reading.drop:
            originals = table.text[:0] if synthetic_only else table.text
            file.write(pd.concat([originals, rows]).to_csv(**options).encode(encoding))
            return
        last = b""
        while head:
            file.write(head)
            last, head = (last + head)[-8:], source.read(HEAD_BYTES)
    # the mark of the byte order stands once, at the beginning
    if encoding in ("utf-16", "utf-32"):
        encoding += "-be" if big_endian else "-le"
    encoding = encoding.removesuffix("-sig")
    if not last.endswith(ending.encode(encoding)):
        file.write(ending.encode(encoding))
    file.write(rows.to_csv(header=False, **options).encode(encoding))


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    opened = gzip.open if table_format(path) == ".csv.gz" else open
    with opened(path, "rb") as file:
        yield file  # type: ignore[misc]


@contextmanager
def _csv_file(temporary: Path, path: Path) -> Iterator[BinaryIO]:
    with open(temporary, "wb") as plain:
        if table_format(path) == ".csv.gz":
            # without a date, so that the same rows are the same file
            with gzip.GzipFile(filename="", fileobj=plain, mode="wb", mtime=0) as file:
                yield file  # type: ignore[misc]
        else:
            yield plain


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path`` that takes its place if all went well."""
    try:
        with whole_file(path.resolve(), f"{path}:") as temporary:
            yield temporary
    except (OSError, ValueError) as error:
        # the number of the error says nothing to a reader
        reason = getattr(error, "strerror", None) or error
        raise CommandError(one_line(reason)) from error
