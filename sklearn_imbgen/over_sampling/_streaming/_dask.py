"""Resample a dask dataframe: a sample is learned from here, rows are made where the workers are."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from sklearn_imbgen.over_sampling._streaming._partition import (
    Picked,
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
    RowPlan,
    plan_rows,
)
from sklearn_imbgen.over_sampling._streaming._resample import ROWS_PER_PARTITION
from sklearn_imbgen.utils import check_finite, import_extra, name_some

if TYPE_CHECKING:
    import pandas as pd


def resample_dask(
    sampler: Any,
    frame: Any,
    target: Any,
    *,
    max_training_rows: int = MAX_TRAINING_ROWS,
    max_minority_rows: int = MAX_MINORITY_ROWS,
    rows_per_partition: int = ROWS_PER_PARTITION,
) -> Any:
    """Resample a dask dataframe of any size.

    The classes are counted and the rows to learn from are drawn at once, by the
    scheduler in use; the sampler is trained in this process. What comes back is
    lazy: the partitions of ``frame`` as they are, and synthetic ones, each of
    which a worker makes when it is asked for.

    Parameters
    ----------
    sampler : over-sampler of this package
        Trained in place. Its ``sampling_strategy`` is applied to the classes of
        the whole table.
    frame : dask DataFrame
        Features and target. Categorical columns need known categories
        (``frame.categorize()``).
    target : str or other column name
        The column with the class.
    max_training_rows, max_minority_rows, rows_per_partition : int
        As in :func:`resample_partitions`.

    Returns
    -------
    dask DataFrame
        The partitions of ``frame`` in their order, then the synthetic ones, class
        by class.

    Raises
    ------
    TypeError
        If ``frame`` is no dask dataframe, or ``sampler`` not one of this package.
    ValueError
        If a value is missing or infinite, naming its column and row, if
        categories are unknown, or there is no column ``target``.

    Warns
    -----
    FewSamplesWarning
        If not all rows of the classes that are to grow are learned from.

    See Also
    --------
    resample_partitions : The same without dask.

    Notes
    -----
    With an integer ``random_state`` the rows are those of
    :func:`resample_partitions`: each synthetic partition has a seed of its own,
    so neither the order in which partitions are computed nor the number of
    workers matters.

    The source is read three times before anything is written: the target alone,
    then all columns for the sample, then all columns to pass them on.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_imbgen.over_sampling import SWIM, resample_dask
    >>> rare = np.arange(1000) % 20 == 0
    >>> x = np.random.default_rng(0).normal(size=1000) + rare
    >>> frame = dd.from_pandas(pd.DataFrame({"x": x, "rare": rare}), npartitions=4)
    >>> resampled = resample_dask(SWIM(random_state=0), frame, "rare")
    >>> resampled.npartitions
    5
    >>> resampled["rare"].sum().compute().item()
    950
    """
    check_sampler(
        sampler,
        max_training_rows=max_training_rows,
        max_minority_rows=max_minority_rows,
        rows_per_partition=rows_per_partition,
    )
    dask = import_extra("dask", "distributed", "Resampling a dask dataframe")
    dd = import_extra("dask.dataframe", "distributed", "Resampling a dask dataframe")
    if not isinstance(frame, dd.DataFrame):
        raise TypeError(f"frame is a {type(frame).__name__}; it must be a dask dataframe.")
    _check_columns(frame, target)
    starts, counts = _survey(frame, target)
    plan = plan_rows(
        counts,
        sampler.sampling_strategy,
        sampler.random_state,
        max_training_rows=max_training_rows,
        max_minority_rows=max_minority_rows,
    )
    if not plan.n_new:
        return frame
    pick = dask.delayed(_pick, pure=False)
    parts = zip(frame.to_delayed(), starts, strict=True)
    picked = dask.compute(*(pick(part, target, plan, start) for part, start in parts))
    learn(sampler, *gather(picked, target, plan), plan)
    dtypes = frame._meta.dtypes
    shared = dask.delayed(sampler, traverse=False)
    make = dask.delayed(make_batch, pure=False)
    made, start = [], plan.n_rows
    for batch in plan.batches(rows_per_partition):
        made.append(make(shared, batch, target, dtypes, start))
        start += batch.n_rows
    return dd.concat([frame, dd.from_delayed(made, meta=frame._meta, verify_meta=False)])


def fit_resample_dask(sampler: Any, X: Any, y: Any, sample_weight: Any) -> tuple[Any, Any]:
    """``fit_resample`` of a dask dataframe and the series of its labels."""
    if sample_weight is not None:
        raise TypeError(
            "sample_weight is not for dask's collections; leave out the rows of weight 0, and "
            "carry other weights along as a column of X."
        )
    dd = import_extra("dask.dataframe", "distributed", "Resampling a dask dataframe")
    if not (isinstance(X, dd.DataFrame) and isinstance(y, dd.Series)):
        raise TypeError(
            f"X is a {type(X).__name__} and y a {type(y).__name__}; of dask's collections a "
            "dataframe with a series of labels is resampled. See also "
            "sklearn_imbgen.over_sampling.resample_dask(sampler, frame, target)."
        )
    target = "target"
    while target in X.columns:
        target += "_"
    resampled = resample_dask(sampler, X.assign(**{target: y}), target)
    return resampled.drop(columns=target), resampled[target].rename(y.name)


def _check_columns(frame: Any, target: Any) -> None:
    if target not in frame.columns:
        raise ValueError(f"there is no column {target!r}; they are {list(frame.columns)}.")
    unknown = [
        name
        for name, dtype in frame.dtypes.items()
        if dtype == "category" and not frame[name].cat.known
    ]
    if unknown:
        raise ValueError(
            f"the categories of {name_some(unknown)} are not known before all partitions are "
            "read; call frame.categorize() first."
        )


def _survey(frame: Any, target: Any) -> tuple[list[int], Counter[Any]]:
    """Number of each partition's first row, and rows per class of all."""
    dask = import_extra("dask", "distributed", "Resampling a dask dataframe")
    count = dask.delayed(_count)
    counted = dask.compute(*(count(part) for part in frame[target].to_delayed()))
    sizes, counts = zip(*counted, strict=True)
    ends = np.cumsum(sizes).tolist()
    if not ends[-1]:
        raise ValueError("the dataframe holds no rows.")
    return [0, *ends[:-1]], sum(counts, Counter())


def _count(labels: "pd.Series") -> tuple[int, Counter[Any]]:
    # missing labels are named by _pick, which knows the number of the first row
    return len(labels), count_labels(labels)


def _pick(part: "pd.DataFrame", target: Any, plan: RowPlan, start: int) -> Picked:
    check_finite(part, first_row=start)
    return pick_candidates(part, target, plan, start)
