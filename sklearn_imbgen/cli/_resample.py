"""Resample a table and give the new rows the types of the old ones."""

from typing import Any

import numpy as np
import pandas as pd
from imblearn.utils import check_sampling_strategy

from sklearn_imbgen.cli._messages import CommandError, explained
from sklearn_imbgen.cli._methods import METHODS, NO_METHOD, Settings, build_sampler, known
from sklearn_imbgen.cli._tables import Table

__all__ = ["check_method", "fit_resample_table", "parse_strategy", "resample_table"]

STRATEGIES = ("auto", "minority", "not minority", "not majority", "all")


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
        _check_sizes(growing, method)
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
    return _restore(table, X.iloc[n_rows:], y[n_rows:]), sampler


def _check_sizes(growing: dict[Any, int], method: str) -> None:
    least = METHODS[method].least_rows
    for label, count in growing.items():
        if count < least:
            raise CommandError(
                f"class {label!s} has {count} row and {METHODS[method].title} needs {least}; "
                "add rows, drop the class, or repeat its row by --method random"
            )


def _restore(table: Table, X: pd.DataFrame, y: Any) -> pd.DataFrame:
    columns = {
        name: pd.Series(y.tolist(), dtype=object).astype(dtype)
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
