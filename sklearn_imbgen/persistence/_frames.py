"""Column names and types of the tables that samplers have seen, without pandas' internals."""

import sys
from importlib import import_module
from typing import Any

__all__ = ["pack", "unpack"]


def pack(value: Any) -> dict[str, Any] | None:
    """What makes an index, series, date or column type of pandas, or a type of polars, anew.

    Returns
    -------
    dict or None
        None for anything else.

    Raises
    ------
    TypeError
        If it cannot be made anew from that, as some types of columns with parameters.
    """
    content = _of_pandas(value) or _of_polars(value)
    if content is None:
        return None
    if not _gives(content, value):
        raise TypeError(f"the {type(value).__name__} {value!r} cannot be stored")
    return content


def _gives(content: dict[str, Any], value: Any) -> bool:
    try:
        again = unpack(content)
        return bool(again.equals(value) if hasattr(value, "equals") else again == value)
    except (TypeError, ValueError):
        # a type with parameters that its text does not tell
        return False


def _of_pandas(value: Any) -> dict[str, Any] | None:
    pd = sys.modules.get("pandas")
    if pd is None:
        return None
    if isinstance(value, pd.Series):
        content = {"items": value.tolist(), "index": value.index, "name": value.name}
        return {"what": "series", **content}
    if isinstance(value, pd.MultiIndex):
        return {"what": "multi", "items": value.tolist(), "names": list(value.names)}
    if isinstance(value, pd.Index):
        content = {"items": value.tolist(), "dtype": value.dtype, "name": value.name}
        return {"what": "index", **content}
    if isinstance(value, pd.CategoricalDtype):
        return {"what": "category", "items": value.categories, "ordered": value.ordered}
    if isinstance(value, pd.Timestamp):
        return {"what": "timestamp", "text": value.isoformat(), "unit": value.unit}
    if isinstance(value, pd.api.extensions.ExtensionDtype):
        return {"what": "dtype", "text": str(value)}
    return None


def _of_polars(value: Any) -> dict[str, Any] | None:
    polars = sys.modules.get("polars")
    if polars is None or not isinstance(value, polars.DataType):
        return None
    return {"what": "polars", "text": type(value).__name__}


def unpack(content: dict[str, Any]) -> Any:
    """The object of what :func:`pack` has given."""
    what, items, text = content["what"], content.get("items"), content.get("text")
    if what == "polars":
        polars = import_module("polars")
        kind = getattr(polars, str(text))
        if not (isinstance(kind, type) and issubclass(kind, polars.DataType)):
            raise ValueError(f"{text} is no type of polars")
        return kind()
    pd = import_module("pandas")
    if what == "series":
        return pd.Series(items, index=content["index"], name=content["name"], dtype=object)
    if what == "multi":
        return pd.MultiIndex.from_tuples(items, names=content["names"])
    if what == "index":
        return pd.Index(items, dtype=content["dtype"], name=content["name"])
    if what == "category":
        return pd.CategoricalDtype(items, ordered=content["ordered"])
    if what == "timestamp":
        return pd.Timestamp(text).as_unit(content["unit"])
    if what == "dtype":
        return pd.api.types.pandas_dtype(text)
    raise ValueError(f"there is no type of columns called {what!r}")
