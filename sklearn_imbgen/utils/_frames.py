"""Partitions of a table as pandas dataframes: labels, checks, one schema for all."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sklearn_imbgen.utils._imports import import_extra
from sklearn_imbgen.utils._validation import plain

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Schema", "as_frame", "check_values", "count_labels", "label_codes"]


def as_frame(partition: Any, number: int) -> "pd.DataFrame":
    """A partition as a dataframe, also from pyarrow's and polars' tables."""
    pandas = import_extra("pandas", "cli", "Resampling partitions")
    frame = partition.to_pandas() if hasattr(partition, "to_pandas") else partition
    if not isinstance(frame, pandas.DataFrame):
        raise TypeError(
            f"partition {number} is a {type(partition).__name__}; partitions are pandas "
            "dataframes, or have to_pandas() as pyarrow's record batches do."
        )
    return frame


def count_labels(labels: "pd.Series", start: int) -> Counter[Any]:
    """Rows per class; a missing label is an error that names its row.

    Parameters
    ----------
    labels : Series
    start : int
        Number of its first row in the whole table.
    """
    codes, classes = labels.factorize()
    _refuse(codes < 0, "is missing", labels.name, start)
    counts = np.bincount(codes, minlength=len(classes)).tolist()
    return Counter(dict(zip(classes.tolist(), counts, strict=True)))


def label_codes(labels: "pd.Series", classes: Sequence[Any]) -> NDArray[np.intp]:
    """Positions of the labels among ``classes``, which hold all of them."""
    codes, present = labels.factorize()
    places = {label: place for place, label in enumerate(classes)}
    found = np.array([places[label] for label in present.tolist()], dtype=np.intp)
    positions: NDArray[np.intp] = found[codes]
    return positions


def check_values(frame: "pd.DataFrame", start: int) -> None:
    """Raise if a value is missing or infinite, naming its column and its row in the table."""
    for position, name in enumerate(frame.columns):
        column = frame.iloc[:, position]
        _refuse(column.isna().to_numpy(), "is missing", name, start)
        if getattr(column.dtype, "kind", "") == "f":
            _refuse(np.isinf(column.to_numpy(dtype=float)), "is infinite", name, start)


def _refuse(flags: NDArray[np.bool_], problem: str, column: Any, start: int) -> None:
    if flags.any():
        raise ValueError(
            f"the value in column {plain(column)!r}, row {start + int(flags.argmax())} of the "
            f"table (the first is 0) {problem}, {flags.sum()} such value(s) in its partition; "
            "fill them in or drop the rows."
        )


class Schema:
    """The columns and types of a table, learned from one partition after another.

    Categories may differ between partitions; together they are the union, in
    the order in which they come up.
    """

    def __init__(self) -> None:
        self.dtypes: pd.Series | None = None

    def see(self, frame: "pd.DataFrame", number: int) -> None:
        """Take note of a partition; refuse one with other columns or types."""
        if self.dtypes is None:
            self.dtypes = frame.dtypes.copy()
            return
        if not frame.columns.equals(self.dtypes.index):
            raise ValueError(
                f"partition {number} has the columns {list(frame.columns)}, those before "
                f"{list(self.dtypes.index)}; all partitions need the same in the same order."
            )
        for position, (known, new) in enumerate(zip(self.dtypes, frame.dtypes, strict=True)):
            if known == new:
                continue
            united = _unite(known, new)
            if united is None:
                raise ValueError(
                    f"column {plain(frame.columns[position])!r} is {new} in partition {number} "
                    f"and {known} before; give all partitions the same types."
                )
            self.dtypes.iloc[position] = united

    def align(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """The partition with the united categories; itself if it has them already."""
        assert self.dtypes is not None
        other = [
            name
            for name, known, own in zip(frame.columns, self.dtypes, frame.dtypes, strict=True)
            if known != own or (known.name == "category" and not _same_order(known, own))
        ]
        return frame.astype({name: self.dtypes[name] for name in other}) if other else frame


def _same_order(known: Any, own: Any) -> bool:
    # types with the same categories in another order are equal to pandas
    return bool(known.categories.equals(own.categories))


def _unite(known: Any, new: Any) -> Any:
    """Category type that holds the categories of both, or None."""
    if known.name != "category" or new.name != "category" or known.ordered or new.ordered:
        return None
    if known.categories.dtype != new.categories.dtype:
        return None
    added = new.categories[~new.categories.isin(known.categories)]
    return type(known)(known.categories.append(added))
