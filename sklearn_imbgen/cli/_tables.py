"""Tables on disk: read, check, split into features and target, write."""

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.fixes import parse_version

from sklearn_imbgen.cli._messages import CommandError, one_line
from sklearn_imbgen.utils import import_extra, whole_file

__all__ = [
    "EXTENSIONS",
    "Table",
    "atomic_path",
    "bad_cell",
    "check_columns",
    "check_index",
    "check_output",
    "features",
    "need_pyarrow",
    "one_class",
    "read_as_written",
    "read_table",
    "refuse_missing",
    "table_format",
    "write_table",
]

EXTENSIONS = (".csv", ".csv.gz", ".parquet")

# pandas 3.1 deprecates the option and reads floats exactly without it; older ones
# may be off in the last digit, so that a table would not survive being copied
_OLD_PANDAS = parse_version(pd.__version__) < parse_version("3.1")
EXACT_FLOATS: dict[str, Any] = {"float_precision": "round_trip"} if _OLD_PANDAS else {}


@dataclass(frozen=True)
class Table:
    """A checked table.

    Parameters
    ----------
    frame : DataFrame
        As it was read.
    target : str
        Name of the column with the class.
    X : DataFrame
        The features in float64, the categorical ones as pandas categories.
    y : ndarray
        The class of each row.
    categorical : list of str
        Names of the categorical columns.
    """

    frame: pd.DataFrame
    target: str
    X: pd.DataFrame
    y: NDArray[Any]
    categorical: list[str]

    @property
    def counts(self) -> dict[Any, int]:
        """Rows per class, the largest class first."""
        return dict(Counter(self.y.tolist()).most_common())


def table_format(path: Path) -> str:
    """Extension of a table's file; a ``CommandError`` lists those that are read."""
    for extension in EXTENSIONS:
        if path.name.lower().endswith(extension):
            return extension
    raise CommandError(f"{path}: unknown extension; a table is one of {', '.join(EXTENSIONS)}")


def read_table(path: Path, target: str | None, categorical: Sequence[str] = ()) -> Table:
    """Read a CSV or Parquet file and check that a sampler can use it.

    Parameters
    ----------
    path : Path
    target : str or None
        The column with the class.
    categorical : sequence of str, default=()
        Columns whose values are categories; pandas categories of a Parquet file
        count without being named.

    Returns
    -------
    Table

    Raises
    ------
    CommandError
        Naming the file and the column, row or class that is at fault.
    """
    frame = _read(path, [*categorical, *([] if target is None else [target])])
    if frame.empty:
        raise CommandError(f"{path}: the table has no rows")
    target = check_columns(list(frame.columns), target, categorical, path)
    X = features(frame.drop(columns=target), categorical, path)
    names = [name for name in X.columns if X[name].dtype == "category"]
    return Table(frame, target, X, _classes(frame[target], path), names)


def check_columns(
    names: Sequence[str], target: str | None, categorical: Sequence[str], path: Path
) -> str:
    """The target, if it and the categorical columns are there and something beside them."""
    columns = f"the columns are {', '.join(map(str, names))}"
    if target is None:
        raise CommandError(f"{path}: name the column with the class by --target; {columns}")
    for name in (target, *categorical):
        if name not in names:
            raise CommandError(f"{path}: there is no column {name!r}; {columns}")
    if target in categorical:
        raise CommandError(f"column {target!r} is the target; leave it out of --categorical")
    if len(names) == 1:
        raise CommandError(f"{path}: there is no column besides the target {target!r}")
    return target


def read_as_written(path: Path) -> pd.DataFrame:
    """Read a CSV file as text, in which only empty cells are missing, or a Parquet file as it is.

    Raises
    ------
    CommandError
        If there is no such table or no row in it.
    """
    frame = _read(path, None)
    if frame.empty:
        raise CommandError(f"{path}: the table has no rows")
    return frame


def _read(path: Path, as_text: Sequence[str] | None) -> pd.DataFrame:
    extension = table_format(path)
    if not path.exists():
        raise CommandError(f"{path}: no such file")
    if path.is_dir():
        raise CommandError(f"{path}: is a folder, not a table")
    try:
        frame = _parse(path, extension, as_text)
    except pd.errors.EmptyDataError:
        raise CommandError(f"{path}: the file is empty") from None
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise CommandError(f"{path}: cannot be read: {one_line(error)}") from error
    check_index([name for name in frame.index.names if name is not None], path)
    return frame.reset_index(drop=True)


def check_index(names: Sequence[Any], path: Path) -> None:
    """Refuse a table whose row index has names: it may be a column in disguise."""
    if names:
        raise CommandError(
            f"{path}: has the row index {list(names)}; write the table after reset_index()"
        )


def _parse(path: Path, extension: str, as_text: Sequence[str] | None) -> pd.DataFrame:
    """Parse a table; the CSV columns named, or all with None, stay text: 007 is no number."""
    if extension == ".parquet":
        need_pyarrow()
        return pd.read_parquet(path)
    options: dict[str, Any] = {"compression": "gzip" if extension == ".csv.gz" else None}
    if as_text is None:
        # "NA" and "None" are labels as well
        options |= {"dtype": str, "keep_default_na": False, "na_values": [""]}
    else:
        options |= {"dtype": dict.fromkeys(as_text, str), **EXACT_FLOATS}
    frame = pd.read_csv(path, low_memory=False, **options)
    if not isinstance(frame.index, pd.RangeIndex):
        raise ValueError("rows have more values than the header has names")
    return frame


def need_pyarrow() -> None:
    """Refuse a Parquet file where the library for it is not installed."""
    try:
        import_extra("pyarrow", "cli", "A Parquet file")
    except ImportError as error:
        raise CommandError(str(error)) from error


def features(frame: pd.DataFrame, categorical: Sequence[str], path: Path) -> pd.DataFrame:
    """The columns in float64, the categorical ones as pandas categories, all values checked."""
    X = frame.astype(dict.fromkeys(categorical, "category"))
    other = [name for name in X.columns if X[name].dtype != "category"]
    text = [name for name in other if not pd.api.types.is_numeric_dtype(X[name].dtype)]
    if text:
        names = ",".join(map(str, text))
        raise CommandError(
            f"{path}: not numeric: {names}; if the values are categories, "
            f"say so by --categorical {names}, otherwise encode or drop them"
        )
    refuse_missing(X.isna(), "is missing", path)
    X = X.astype(dict.fromkeys(other, np.float64))
    refuse_missing(X[other].isin([np.inf, -np.inf]), "is infinite", path)
    return X


def refuse_missing(flags: pd.DataFrame, problem: str, path: Path) -> None:
    """Name the first cell that is flagged, if there is one."""
    found = np.argwhere(flags.to_numpy())
    if len(found):
        row, column = found[0]
        more = f"{problem}, {len(found)} such value(s) in all; fill them in or drop the rows"
        raise bad_cell(path, flags.columns[column], row, more)


def bad_cell(path: Path, column: Any, row: int, problem: str) -> CommandError:
    """The error that names a cell; ``row`` counts from 0."""
    return CommandError(
        f"{path}: the value in column {column!r}, row {row + 1} "
        f"(the first row below the header is 1) {problem}"
    )


def _classes(column: pd.Series, path: Path) -> NDArray[Any]:
    refuse_missing(column.isna().to_frame(), "is missing", path)
    y = np.asarray(column.tolist())
    if len(np.unique(y)) == 1:
        raise one_class(path, column.name, y[0], len(y))
    return y


def one_class(path: Path, target: Any, label: Any, n_rows: int) -> CommandError:
    """The error of a table that is not to be balanced."""
    return CommandError(
        f"{path}: column {target!r} holds one class only, {label!s} ({n_rows} rows)"
    )


def check_output(path: Path) -> None:
    """Refuse a file name that cannot be written, before any work is done."""
    table_format(path)
    if path.is_dir():
        raise CommandError(f"{path}: is a folder, not a file")
    if not path.resolve().parent.is_dir():
        raise CommandError(f"{path}: the folder {path.parent} does not exist")


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table by its extension, completely or not at all.

    Parameters
    ----------
    frame : DataFrame
    path : Path

    Raises
    ------
    CommandError
        If the system refuses; a file that was there before is left as it was.
    """
    extension = table_format(path)
    with atomic_path(path) as temporary:
        if extension == ".parquet":
            need_pyarrow()
            frame.to_parquet(temporary, index=False)
        else:
            compression = "gzip" if extension == ".csv.gz" else None
            frame.to_csv(temporary, index=False, compression=compression)


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
