"""One partition: its checks, labels and types, what it gives to the sample, a synthetic one."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sklearn_imbgen.over_sampling._streaming._plan import Batch, RowPlan
from sklearn_imbgen.utils import import_extra, plain

if TYPE_CHECKING:
    import pandas as pd

# New rows that a sampler judges of each class, before any are made.
JUDGED_ROWS = 10_000

Picked = tuple["pd.DataFrame", NDArray[np.float64]]


def check_sampler(sampler: Any, **sizes: Any) -> None:
    """Refuse a sampler that cannot make rows later, and sizes that are no positive integers."""
    if not hasattr(sampler, "_fit_to_strategy"):
        raise TypeError(
            f"sampler is {sampler!r}; it must be an over-sampler of sklearn_imbgen, such as "
            "GLGAN(): others cannot make rows after training."
        )
    for name, size in sizes.items():
        if not isinstance(size, int | np.integer) or size < 1:
            raise ValueError(f"{name} must be an integer of at least 1; got {size!r}.")


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


def count_labels(labels: "pd.Series") -> Counter[Any]:
    """Rows per class; missing labels do not count."""
    codes, classes = labels.factorize()
    counts = np.bincount(codes[codes >= 0], minlength=len(classes)).tolist()
    return Counter(dict(zip(classes.tolist(), counts, strict=True)))


def label_codes(labels: "pd.Series", classes: Sequence[Any]) -> NDArray[np.intp]:
    """Positions of the labels among ``classes``, which hold all of them."""
    codes, present = labels.factorize()
    places = {label: place for place, label in enumerate(classes)}
    found = np.array([places[label] for label in present.tolist()], dtype=np.intp)
    return found[codes]


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


def pick_candidates(frame: "pd.DataFrame", target: Any, plan: RowPlan, start: int) -> Picked:
    """Rows of a partition that may be learned from, with their keys."""
    codes = label_codes(frame[target], list(plan.counts))
    positions, keys = plan.candidates(codes, start)
    return frame.iloc[positions], keys


def gather(picked: Sequence[Picked], target: Any, plan: RowPlan) -> tuple["pd.DataFrame", Any]:
    """Features and labels of the rows to learn from, out of the candidates."""
    pandas = import_extra("pandas", "cli", "Resampling partitions")
    candidates = pandas.concat([rows for rows, _ in picked], ignore_index=True)
    classes = list(plan.counts)
    codes = label_codes(candidates[target], classes)
    chosen = plan.chosen(codes, np.concatenate([keys for _, keys in picked]))
    X = candidates.drop(columns=target).iloc[chosen].reset_index(drop=True)
    return X, np.asarray(classes)[codes[chosen]]


def learn(sampler: Any, X: Any, y: Any, plan: RowPlan) -> None:
    """Train a sampler on a sample, as for the classes of the whole table, and judge its rows."""
    growing = {label: n_new for label, n_new in plan.to_add.items() if n_new}
    sizes = {label: plan.to_learn[label] + n_new for label, n_new in growing.items()}
    sampler._fit_to_strategy(X, y, sizes)
    for label, n_new in growing.items():
        sampler._review_sample(label, min(n_new, JUDGED_ROWS), plan.seed)


def make_batch(
    sampler: Any, batch: Batch, target: Any, dtypes: "pd.Series", start: int
) -> "pd.DataFrame":
    """A synthetic partition whose rows are numbered from ``start``."""
    pandas = import_extra("pandas", "cli", "Resampling partitions")
    rows: pd.DataFrame = sampler.sample(batch.n_rows, batch.label, random_state=batch.seed)
    rows.index = pandas.RangeIndex(start, start + batch.n_rows)
    labels = pandas.Series(batch.label, index=rows.index, dtype=dtypes[target])
    rows.insert(dtypes.index.get_loc(target), target, labels)
    return rows
