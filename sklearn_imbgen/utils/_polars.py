"""polars tables as other containers and back; polars is only imported to make one."""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from numpy.typing import NDArray

from sklearn_imbgen.utils._optional import import_extra

__all__ = ["array_to_polars", "is_polars", "plain_schema", "polars_to_pandas"]


def is_polars(data: Any, kind: str = "DataFrame") -> bool:
    """Whether ``data`` is polars' class of that name.

    Examples
    --------
    >>> is_polars([1, 2])
    False
    """
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(data, getattr(polars, kind))


def polars_to_pandas(table: Any) -> Any:
    """A pandas table with the columns of a polars one.

    Categorical and Enum become category; numbers, booleans, text and dates keep their
    values; other types become objects. A missing value stays missing.

    Parameters
    ----------
    table : polars.DataFrame

    Returns
    -------
    pandas.DataFrame
    """
    pandas = import_extra("pandas", "cli", "Reading a polars table")
    columns = {column.name: _column_to_pandas(column, pandas) for column in table}
    return pandas.DataFrame(columns, index=pandas.RangeIndex(table.height))


def _column_to_pandas(column: Any, pandas: Any) -> Any:
    if column.dtype in (sys.modules["polars"].Categorical, sys.modules["polars"].Enum):
        return pandas.Categorical(column.to_list())
    if column.dtype.is_nested() or (column.dtype.is_integer() and column.null_count()):
        # of integers with gaps, numpy would make floats, which hold fewer digits
        return pandas.Series(column.to_list(), dtype=object)
    return column.to_numpy()


def plain_schema(table: Any) -> dict[str, Any]:
    """Names and types of the columns of a polars table, which can be stored without polars.

    A type is its name, that of an Enum the list of its categories. One that has more
    parameters than that stays an object of polars.
    """
    return {name: _describe(dtype) for name, dtype in table.schema.items()}


def _describe(dtype: Any) -> Any:
    polars = sys.modules["polars"]
    if isinstance(dtype, polars.Enum):
        return dtype.categories.to_list()
    name = type(dtype).__name__
    try:
        usual = getattr(polars, name)()
    except (AttributeError, TypeError):
        return dtype
    return name if dtype == usual else dtype


def _as_type(described: Any, polars: Any) -> Any:
    if isinstance(described, list):
        return polars.Enum(described)
    return getattr(polars, described)() if isinstance(described, str) else described


def array_to_polars(rows: NDArray[Any], schema: Mapping[str, Any]) -> Any:
    """A polars table of the names and types of a plain schema with the columns of an array."""
    try:
        polars = import_module("polars")
    except ImportError as error:
        raise ImportError(
            "The training rows were a polars table, and so are new ones: pip install polars"
        ) from error
    columns = [column.tolist() if rows.dtype == object else column for column in rows.T]
    return polars.DataFrame(
        [
            polars.Series(name, column, strict=False).cast(_as_type(dtype, polars))
            for (name, dtype), column in zip(schema.items(), columns, strict=True)
        ]
    )
