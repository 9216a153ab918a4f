"""Column names and types of the tables that samplers have seen, without pandas' internals."""

import sys
from typing import Any

__all__ = ["pack", "unpack"]


def pack(value: Any) -> dict[str, Any] | None:
    """What makes a pandas index, series or dtype anew; None for anything else.

    Raises
    ------
    TypeError
        If it cannot be made anew from that.
    """
    pd = sys.modules.get("pandas")
    if pd is None:
        return None
    content: dict[str, Any]
    if isinstance(value, pd.Series):
        content = {"what": "series", "items": value.tolist(), "index": value.index}
        content["name"] = value.name
    elif isinstance(value, pd.MultiIndex):
        content = {"what": "multi", "items": value.tolist(), "names": list(value.names)}
    elif isinstance(value, pd.Index):
        content = {"what": "index", "items": value.tolist(), "dtype": value.dtype}
        content["name"] = value.name
    elif isinstance(value, pd.CategoricalDtype):
        content = {"what": "category", "items": value.categories, "ordered": value.ordered}
    elif isinstance(value, pd.api.extensions.ExtensionDtype):
        content = {"what": "dtype", "text": str(value)}
    else:
        return None
    again = unpack(content)
    same = again.equals(value) if hasattr(value, "equals") else again == value
    if not same:
        raise TypeError(f"a pandas {type(value).__name__} of this kind cannot be stored: {value!r}")
    return content


def unpack(content: dict[str, Any]) -> Any:
    """The pandas object of what :func:`pack` has given."""
    import pandas as pd

    what, items = content["what"], content.get("items")
    if what == "series":
        return pd.Series(items, index=content["index"], name=content["name"], dtype=object)
    if what == "multi":
        return pd.MultiIndex.from_tuples(items, names=content["names"])
    if what == "index":
        return pd.Index(items, dtype=content["dtype"], name=content["name"])
    if what == "category":
        return pd.CategoricalDtype(items, ordered=content["ordered"])
    if what == "dtype":
        return pd.api.types.pandas_dtype(content["text"])
    raise ValueError(f"there is no pandas object called {what!r}")
