"""Tables with one annotation per row to label matrices, and back."""

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from sklearn_imbgen._typing import Array
from sklearn_imbgen.aggregation._label_matrix import check_label_matrix
from sklearn_imbgen.aggregation._labels import AnnotationMatrix
from sklearn_imbgen.utils import import_extra, is_polars, name_some, plain, polars_to_pandas

Codes = NDArray[np.intp]


def annotations_to_matrix(
    frame: Any,
    *,
    sample: Any = "task",
    worker: Any = "worker",
    label: Any = "label",
    samples: ArrayLike | None = None,
    missing_label: Any = -1,
    sparse_output: bool = False,
) -> Any:
    """Turn a table with one annotation per row into a label matrix.

    Parameters
    ----------
    frame : DataFrame
        Of pandas or polars, with one row per annotation; other columns are left aside.
    sample, worker, label : column names, default="task", "worker", "label"
        What was labelled, by whom, and as what; the defaults are crowd-kit's.
    samples : array-like of shape (n_samples,), default=None
        Samples in the order that the rows shall have, for example the index of
        X. None is the order of first appearance.
    missing_label : label, default=-1
        Fills a matrix of numbers where nothing was labelled; any other kind of
        label gets None there, which always means "not labelled". If it is text, rows
        with this label count as not labelled.
    sparse_output : bool, default=False
        Return an :class:`AnnotationMatrix`, whose memory follows the number of
        annotations, not samples times workers.

    Returns
    -------
    pandas DataFrame of shape (n_samples, n_workers) or AnnotationMatrix
        To be passed to ``fit``; samples are its index and workers, sorted, its
        columns.

    Raises
    ------
    ValueError
        If a column is absent or has missing values, if a worker labelled a
        sample twice, if ``samples`` lacks a sample or has one twice, or if a
        label equals ``missing_label``.

    See Also
    --------
    matrix_to_annotations : The way back.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_imbgen.crowd import annotations_to_matrix
    >>> votes = pd.DataFrame(
    ...     {"task": ["b", "b", "a"], "worker": ["x", "y", "y"], "label": [0, 1, 1]}
    ... )
    >>> annotations_to_matrix(votes)
       x  y
    b  0  1
    a -1  1
    """
    pandas = import_extra("pandas", "cli", "A table of annotations")
    frame = polars_to_pandas(frame) if is_polars(frame) else frame
    _check_columns(frame, [sample, worker, label])
    row, sample_names = _sample_positions(pandas, frame[sample], samples)
    column, worker_names = pandas.factorize(frame[worker], sort=True)
    _refuse_repeats(pandas, row * len(worker_names) + column, frame, [sample, worker])
    labels = frame[label]
    if isinstance(missing_label, str):
        given = np.asarray(labels != missing_label)
        row, column, labels = row[given], column[given], labels[given]
    # one label per row is a label matrix of one worker
    encoded = check_label_matrix(labels, missing_label=missing_label)
    if sparse_output:
        shape = len(sample_names), len(worker_names)
        matrix = sparse.csr_array((encoded.code, (row, column)), shape=shape)
        names = np.asarray(sample_names), np.asarray(worker_names)
        return AnnotationMatrix(matrix, *names, encoded.classes)
    values = _unlabelled(len(sample_names), len(worker_names), encoded.classes, missing_label)
    values[row, column] = encoded.classes[encoded.code]
    return pandas.DataFrame(
        values, index=sample_names, columns=worker_names, dtype=values.dtype, copy=False
    )


def matrix_to_annotations(
    worker_labels: Any,
    *,
    sample: Any = "task",
    worker: Any = "worker",
    label: Any = "label",
    samples: ArrayLike | None = None,
    missing_label: Any = -1,
) -> Any:
    """Turn a label matrix into a table with one annotation per row.

    Parameters
    ----------
    worker_labels : array-like or sparse matrix of shape (n_samples, n_workers), AnnotationMatrix
        As in :meth:`MajorityVote.fit`.
    sample, worker, label : column names, default="task", "worker", "label"
        Columns of the result; the defaults are crowd-kit's.
    samples : array-like of shape (n_samples,), default=None
        Names of the rows; None takes the index of a dataframe, else 0, 1, ...
    missing_label : label, default=-1
        Marks "not labelled", beside None, NaN and masked entries, which always do.

    Returns
    -------
    pandas DataFrame of shape (n_annotations, 3)
        Ordered by row of the matrix and then by worker.

    Raises
    ------
    ValueError
        If a row has no label or ``samples`` has another length.

    See Also
    --------
    annotations_to_matrix : The way back.

    Examples
    --------
    >>> from sklearn_imbgen.crowd import matrix_to_annotations
    >>> matrix_to_annotations([[0, 1], [-1, 1]], samples=["b", "a"])
      task  worker  label
    0    b       0      0
    1    b       1      1
    2    a       1      1
    """
    pandas = import_extra("pandas", "cli", "A table of annotations")
    labels = check_label_matrix(worker_labels, missing_label=missing_label)
    if samples is not None:
        names = pandas.Index(samples)
    elif isinstance(worker_labels, AnnotationMatrix):
        names = worker_labels.samples
    else:
        # of a dataframe of pandas; a list has an attribute index too
        index = worker_labels.index if hasattr(worker_labels, "iloc") else None
        names = np.arange(labels.n_samples) if index is None else index
    if len(names) != labels.n_samples:
        raise ValueError(
            f"samples has {len(names)} names but worker_labels has {labels.n_samples} rows."
        )
    if len({sample, worker, label}) < 3:
        raise ValueError(
            "sample, worker and label must be three different column names; got "
            f"{sample!r}, {worker!r} and {label!r}."
        )
    columns = {
        sample: pandas.Index(names).take(labels.sample),
        worker: pandas.Index(labels.workers).take(labels.worker),
        label: labels.classes[labels.code],
    }
    return pandas.DataFrame(columns)


def _check_columns(frame: Any, columns: list[Any]) -> None:
    if not hasattr(frame, "columns"):
        raise ValueError(
            f"frame must be a DataFrame with one annotation per row; got {type(frame).__name__}."
        )
    absent = [name for name in columns if name not in frame.columns]
    if absent:
        raise ValueError(
            f"frame has no column {name_some(absent)}; its columns are "
            f"{name_some(frame.columns)}. Name yours with sample=, worker= and label=."
        )
    if len(frame) == 0:
        raise ValueError("frame has no annotation.")
    for name in columns:
        missing = np.flatnonzero(frame[name].isna())
        if len(missing):
            raise ValueError(
                f"Column {name!r} has {len(missing)} missing value(s): row {name_some(missing)} "
                "(by position). Drop these rows: what was not labelled needs no row."
            )


def _sample_positions(pandas: ModuleType, column: Any, samples: Any) -> tuple[Codes, Any]:
    """Row of the matrix of each annotation, and the names of the rows."""
    if samples is None:
        position, names = pandas.factorize(column)
        return position, names
    names = pandas.Index(samples)
    if not names.is_unique:
        repeated = names[names.duplicated()].unique()
        raise ValueError(f"samples must not repeat: {name_some(repeated)}.")
    position = names.get_indexer(column)
    unknown = column[position < 0].unique()
    if len(unknown):
        raise ValueError(
            f"samples lacks {len(unknown)} sample(s) of the annotations: {name_some(unknown)}."
        )
    return position, names


def _refuse_repeats(pandas: ModuleType, pair: Codes, frame: Any, columns: list[Any]) -> None:
    again = np.flatnonzero(pandas.Series(pair).duplicated())
    if len(again):
        sample, worker = (plain(frame[name].iloc[again[0]]) for name in columns)
        raise ValueError(
            f"{len(again)} annotation(s) repeat a pair of sample and worker, first at row "
            f"{again[0]} (by position): sample {sample!r}, worker {worker!r}. Keep one of them, "
            f"for example with frame.drop_duplicates({columns!r})."
        )


def _unlabelled(n_samples: int, n_workers: int, classes: Array, missing_label: Any) -> Array:
    """A matrix in which nothing is labelled, of a type that holds the classes too."""
    filler = np.asarray(missing_label)
    if classes.dtype.kind not in "iuf" or filler.dtype.kind not in "iuf":
        return np.full((n_samples, n_workers), None, dtype=object)
    if (classes == filler).any():
        raise ValueError(
            f"missing_label={missing_label!r} is one of the labels. Name another one, here and "
            "to the estimator."
        )
    common = np.result_type(classes.dtype, filler.dtype)
    if common.kind == "f" and classes.dtype.kind in "iu":
        # no integer type holds both, and floats would round large labels
        return np.full((n_samples, n_workers), None, dtype=object)
    return np.full((n_samples, n_workers), missing_label, dtype=common)
