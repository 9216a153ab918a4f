"""Resample a table and give the new rows the types of the old ones."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from imblearn.utils import check_sampling_strategy

from sklearn_imbgen.cli._messages import CommandError, explained
from sklearn_imbgen.cli._methods import METHODS, NO_METHOD, Settings, build_sampler, known
from sklearn_imbgen.cli._tables import Table, read_table, write_table

__all__ = [
    "Request",
    "Resampled",
    "check_method",
    "check_sizes",
    "fit_resample_table",
    "parse_strategy",
    "resample_file",
    "resample_table",
    "restore",
]

STRATEGIES = ("auto", "minority", "not minority", "not majority", "all")


@dataclass(frozen=True)
class Request:
    """What ``imbgen resample`` was asked for; the limits are those of resample_partitions."""

    table: Path
    output: Path
    target: str | None
    method: str
    strategy: str = "auto"
    categorical: Sequence[str] = ()
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


def check_method(name: str) -> None:
    """Refuse a method that makes no rows or that does not exist."""
    known([name], [method for method in METHODS if method != NO_METHOD], "method")


def parse_strategy(text: str, counts: dict[Any, int]) -> Any:
    """imbalanced-learn's ``sampling_strategy`` from a word, a class or a ratio.

    Parameters
    ----------
    text : str
        "auto" or another of imbalanced-learn's words; a class, which alone grows
        to the size of the largest; or a number in (0, 1], minority to majority.
    counts : dict of label to int
        Rows per class.

    Returns
    -------
    str, float or dict

    Examples
    --------
    >>> parse_strategy("auto", {"a": 9, "b": 3})
    'auto'
    >>> parse_strategy("b", {"a": 9, "b": 3})
    {'b': 9}
    >>> parse_strategy("0.5", {"a": 9, "b": 3})
    0.5
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


def resample_file(request: Request) -> Resampled:
    """Read a table as a whole, resample it and write the result.

    Parameters
    ----------
    request : Request

    Returns
    -------
    Resampled
    """
    table = read_table(request.table, request.target, request.categorical)
    made, sampler = fit_resample_table(
        table, request.method, request.strategy, request.seed, request.verbose
    )
    parts = [made] if request.synthetic_only else [table.frame, made]
    write_table(pd.concat(parts, ignore_index=True), request.output)
    n_made = dict(Counter(made[table.target].tolist()))
    return Resampled(table.counts, n_made, table, made, sampler)


def resample_table(
    table: Table, method: str, strategy: str = "auto", seed: int = 0, verbose: bool = False
) -> pd.DataFrame:
    """Make synthetic rows with the columns, their order and the types of the table.

    Parameters
    ----------
    table : Table
    method : str
        One of ``METHODS``.
    strategy : str, default="auto"
        See ``parse_strategy``.
    seed : int, default=0
    verbose : bool, default=False
        Whether the sampler shows its progress.

    Returns
    -------
    DataFrame
        The synthetic rows alone.
    """
    return fit_resample_table(table, method, strategy, seed, verbose)[0]


def fit_resample_table(
    table: Table, method: str, strategy: str = "auto", seed: int = 0, verbose: bool = False
) -> tuple[pd.DataFrame, Any]:
    """The rows of ``resample_table``, and the fitted sampler that made them."""
    check_method(method)
    title = METHODS[method].title
    sampling = parse_strategy(strategy, table.counts)
    with explained(title):
        missing = check_sampling_strategy(sampling, table.y, "over-sampling")
        growing = {label: table.counts[label] for label, n_new in missing.items() if n_new}
        check_sizes(growing, method)
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
    return restore(table, X.iloc[n_rows:], y[n_rows:].tolist()), sampler


def check_sizes(growing: dict[Any, int], method: str) -> None:
    """Refuse a class that is to grow and has fewer rows than the method needs."""
    least = METHODS[method].least_rows
    for label, count in growing.items():
        if count < least:
            raise CommandError(
                f"class {label!s} has {count} row and {METHODS[method].title} needs {least}; "
                "add rows, drop the class, or repeat its row by --method random"
            )


def restore(table: Table, X: pd.DataFrame, y: Any) -> pd.DataFrame:
    """Rows of a sampler with the columns, their order and the types of the table."""
    columns = {
        name: pd.Series(list(y), dtype=object).astype(dtype)
        if name == table.target
        else _restore_column(X[name].reset_index(drop=True), dtype)
        for name, dtype in table.frame.dtypes.items()
    }
    return pd.DataFrame(columns, columns=table.frame.columns)


def _restore_column(values: pd.Series, dtype: Any) -> pd.Series:
    if values.dtype == "category":
        return values if dtype == "category" else values.astype(object).astype(dtype)
    if pd.api.types.is_bool_dtype(dtype):
        return (values >= 0.5).astype(dtype)
    if pd.api.types.is_integer_dtype(dtype):
        return _to_integers(values).astype(dtype)
    return values.astype(dtype)


def _to_integers(values: pd.Series) -> pd.Series:
    """Nearest integers: a cast would cut the decimals off and shift every value down."""
    return np.rint(values).astype(np.int64)
