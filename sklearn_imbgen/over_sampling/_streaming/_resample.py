"""Resample a table larger than memory: partitions in, partitions out."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from sklearn_imbgen.over_sampling._streaming._partition import (
    Picked,
    Schema,
    as_frame,
    check_sampler,
    count_labels,
    gather,
    learn,
    make_batch,
    pick_candidates,
)
from sklearn_imbgen.over_sampling._streaming._plan import (
    MAX_MINORITY_ROWS,
    MAX_TRAINING_ROWS,
    plan_rows,
)
from sklearn_imbgen.utils import check_finite

if TYPE_CHECKING:
    import pandas as pd

ROWS_PER_PARTITION = 65_536


def resample_partitions(
    sampler: Any,
    partitions: Iterable[Any],
    target: Any,
    *,
    max_training_rows: int = MAX_TRAINING_ROWS,
    max_minority_rows: int = MAX_MINORITY_ROWS,
    rows_per_partition: int = ROWS_PER_PARTITION,
) -> Iterator[Any]:
    """Resample a table larger than memory: partitions in, partitions out.

    The partitions are read twice: to check values and count the classes, then to
    pass them on and to draw the rows to learn from. The sampler is then trained
    and makes the synthetic rows, a partition at a time.

    Parameters
    ----------
    sampler : over-sampler of this package
        Trained in place, on a sample of the table. Its ``sampling_strategy``
        is applied to the classes of the whole table.
    partitions : iterable of DataFrame
        Features and target. It must give the same partitions each time it is
        iterated over, as a list does and a generator does not. Record batches
        of pyarrow, and others with ``to_pandas()``, will do as well.
    target : str or other column name
        The column with the class.
    max_training_rows : int, default=100_000
        Most rows to learn from. All rows of the classes that are to grow are
        among them, the rest is a uniform sample of the other classes, class by
        class in proportion. If the classes that are to grow leave fewer, the
        others still have as many rows as the largest of those, so that the
        majority stays the majority and the sample is larger.
    max_minority_rows : int, default=250_000
        Most rows of the classes that are to grow together. If they have more,
        the largest of them are sampled as well, and a warning says so: memory is
        needed for each row that is learned from.
    rows_per_partition : int, default=65_536
        Rows of the synthetic partitions; each class ends with a smaller one.

    Yields
    ------
    DataFrame or RecordBatch
        The original partitions in their order, as they are, then the synthetic
        ones, class by class, all with the same columns and types: record batches
        if the originals are. Only a dataframe whose categories differ from those of
        others is copied: the categories of a column are united over all
        partitions. The index goes on in the synthetic ones.

    Raises
    ------
    TypeError
        If ``sampler`` is not one of this package, or ``partitions`` can be
        iterated over only once.
    ValueError
        If a value is missing or infinite, naming its column and row; if the
        partitions differ in columns or types, or change between the passes.

    Warns
    -----
    FewSamplesWarning
        If not all rows of the classes that are to grow are learned from.

    See Also
    --------
    resample_dask : The same for a dask dataframe, lazily.

    Notes
    -----
    With an integer ``random_state`` the rows learned from, and so the synthetic
    rows, do not depend on how the table is cut into partitions. They do depend on
    the order of its rows and on ``rows_per_partition``.

    Memory holds one partition, the sample and what the sampler keeps of it, and
    one byte per row of the table while the classes are counted.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_imbgen.over_sampling import SWIM, resample_partitions
    >>> rng = np.random.default_rng(0)
    >>> def partition(start):
    ...     rare = np.arange(start, start + 100) % 20 == 0
    ...     return pd.DataFrame({"x": rng.normal(size=100) + rare, "rare": rare})
    >>> partitions = [partition(start) for start in range(0, 1000, 100)]
    >>> sizes = [
    ...     len(part)
    ...     for part in resample_partitions(
    ...         SWIM(random_state=0), partitions, "rare", rows_per_partition=500
    ...     )
    ... ]
    >>> sizes
    [100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 500, 400]
    """
    limits = {"max_training_rows": max_training_rows, "max_minority_rows": max_minority_rows}
    check_sampler(sampler, rows_per_partition=rows_per_partition, **limits)
    if iter(partitions) is partitions:
        raise TypeError(
            f"partitions is a {type(partitions).__name__}, which can be iterated over only once, "
            "and the table is read twice. Pass a list, or an object whose __iter__ starts anew."
        )
    return _stream(sampler, partitions, target, rows_per_partition, limits)


def _stream(
    sampler: Any, partitions: Iterable[Any], target: Any, rows_per_partition: int, limits: Any
) -> Iterator[Any]:
    schema, counts = _survey(partitions, target)
    plan = plan_rows(counts, sampler.sampling_strategy, sampler.random_state, **limits)
    picked: list[Picked] = []
    start, partition = 0, None
    for number, partition in enumerate(partitions):
        frame = as_frame(partition, number)
        aligned = schema.align(frame)
        picked.append(pick_candidates(aligned, target, plan, start))
        start += len(frame)
        yield aligned if partition is frame else partition
    if start != plan.n_rows:
        raise ValueError(
            f"the partitions had {plan.n_rows} rows in the first pass and {start} in the second; "
            "they must be the same each time they are iterated over."
        )
    if not plan.n_new:
        return
    X, y = gather(picked, target, plan)
    picked.clear()
    learn(sampler, X, y, plan)
    del X, y
    as_given = _same_kind(partition)
    for batch in plan.batches(rows_per_partition):
        yield as_given(make_batch(sampler, batch, target, schema.dtypes, start))
        start += batch.n_rows


def _survey(partitions: Iterable[Any], target: Any) -> tuple[Schema, Counter[Any]]:
    """Columns, types and class counts of the table; the values are checked."""
    schema, counts, start = Schema(), Counter[Any](), 0
    for number, partition in enumerate(partitions):
        frame = as_frame(partition, number)
        if target not in frame.columns:
            raise ValueError(f"there is no column {target!r}; they are {list(frame.columns)}.")
        check_finite(frame, first_row=start)
        schema.see(frame, number)
        counts += count_labels(frame[target])
        start += len(frame)
    if not start:
        raise ValueError("the partitions hold no rows.")
    return schema, counts


def _same_kind(partition: Any) -> Callable[["pd.DataFrame"], Any]:
    """What makes a record batch of a dataframe, if the partitions are such, else nothing."""
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is None or not isinstance(partition, pyarrow.RecordBatch):
        return lambda frame: frame
    schema = partition.schema
    return lambda frame: pyarrow.RecordBatch.from_pandas(frame, schema, preserve_index=False)
