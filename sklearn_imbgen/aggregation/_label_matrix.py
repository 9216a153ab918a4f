"""Label matrices in any container: one validator and encoder for all that reads them."""

import numbers
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_imbgen._typing import Array
from sklearn_imbgen.aggregation._labels import (
    AnnotationMatrix,
    CrowdLabels,
    refuse_other_tables,
    warn_of_similar_labels,
)
from sklearn_imbgen.utils import is_missing, is_polars, name_some, plain, polars_to_pandas


def check_label_matrix(
    worker_labels: Any, *, missing_label: Any = -1, classes: Array | None = None
) -> CrowdLabels:
    """Validate a label matrix and encode it.

    Parameters
    ----------
    worker_labels : array-like of shape (n_samples, n_workers) or (n_samples,)
        Any hashable labels in an array, masked array, nested list, dataframe
        (nullable and categorical columns included), scipy.sparse matrix or
        :class:`AnnotationMatrix`.
        Masked entries, NaN, NaT, None, ``pandas.NA`` and ``missing_label`` mean
        "not labelled". Of a sparse matrix the stored entries are the labels,
        stored zeros included. One dimension is one worker who labelled every
        row; ``missing_label`` is a label like any other there.
    missing_label : label, default=-1
        None if only the entries named above are missing.
    classes : ndarray of shape (n_classes,), default=None
        The labels that may occur, sorted; None takes those that occur.

    Returns
    -------
    CrowdLabels

    Raises
    ------
    ValueError
        Naming the first rows without any label, or the row and worker of a
        label that is no class; or if it is another table: one label per row of it,
        one-hot columns, a column that is no worker.

    Warns
    -----
    SimilarLabelsWarning
        If labels differ by blanks or case only.

    Examples
    --------
    >>> labels = check_label_matrix([["cat", None], ["dog", "cat"]])
    >>> labels.classes.tolist(), labels.to_codes().tolist()
    (['cat', 'dog'], [[0, -1], [1, 0]])
    """
    if isinstance(worker_labels, AnnotationMatrix):
        given = _read_annotations(worker_labels)
    elif sparse.issparse(worker_labels):
        given = _read_sparse(worker_labels, missing_label)
    else:
        given = _read_dense(worker_labels, missing_label)
    if not isinstance(worker_labels, AnnotationMatrix):
        _refuse_missing_label_as_text(given, missing_label)
    _refuse_unlabelled_rows(given, missing_label)
    found, code = _encode(_whole_numbers(given), given)
    labels = CrowdLabels(given.sample, given.worker, code, given.n_samples, found, given.workers)
    if classes is not None:
        code = _codes_among(classes, labels)
        return replace(labels, code=code, classes=classes)
    refuse_other_tables(labels)
    warn_of_similar_labels(found)
    return labels


def codes_of(labels: Any, classes: Array) -> NDArray[np.intp]:
    """Position of each of a column of labels in ``classes``; -1 for others.

    Equal dates are equal in whatever unit.

    Examples
    --------
    >>> codes_of(["b", "c", "a"], np.array(["a", "b"])).tolist()
    [1, -1, 0]
    """
    own = check_label_matrix(labels, missing_label=None)
    return _positions(own.classes, classes)[own.code]


class _Given(NamedTuple):
    """The labels that are there, as they were written, by row and then by worker."""

    sample: NDArray[np.intp]
    worker: NDArray[np.intp]
    values: Array
    n_samples: int
    workers: Array


def _place(labels: "_Given | CrowdLabels", position: int) -> str:
    """Row and worker of a label, for a message."""
    worker = plain(labels.workers[labels.worker[position]])
    return f"row {labels.sample[position]}, worker {worker!r}"


def _read_annotations(given: AnnotationMatrix) -> _Given:
    """The labels behind the codes that are stored."""
    codes, _, workers, classes = given
    stored = _read_sparse(codes, None)
    return stored._replace(values=classes[stored.values.astype(np.intp)], workers=workers)


def _read_sparse(worker_labels: Any, missing_label: Any) -> _Given:
    stored = sparse.coo_array(worker_labels)
    order = np.lexsort((stored.col, stored.row))
    sample, worker = (part[order].astype(np.intp) for part in (stored.row, stored.col))
    values, n_workers = stored.data[order], stored.shape[1]
    twice = (np.diff(sample) == 0) & (np.diff(worker) == 0)
    if twice.any():
        first = np.flatnonzero(twice)[0]
        raise ValueError(
            f"worker_labels has two entries for row {sample[first]}, worker {worker[first]}: a "
            "worker labels a row once. Drop one of them before building the matrix."
        )
    present = _is_present(values, missing_label)
    columns = sample[present], worker[present], values[present]
    return _Given(*columns, stored.shape[0], np.arange(n_workers))


def _read_dense(worker_labels: Any, missing_label: Any) -> _Given:
    matrix, mask, names = _as_matrix(worker_labels)
    present = _is_present(matrix, missing_label if matrix.ndim == 2 else None) & ~mask
    if matrix.ndim == 1:
        matrix, present = matrix[:, None], present[:, None]
    sample, worker = np.nonzero(present)
    workers = np.arange(matrix.shape[1]) if names is None else names
    return _Given(sample, worker, matrix[sample, worker], len(matrix), workers)


def _as_matrix(worker_labels: Any) -> tuple[Array, Array, Array | None]:
    """Values, mask of missing entries, and worker names if there are any."""
    names = None
    if not isinstance(worker_labels, np.ndarray) and is_polars(worker_labels):
        worker_labels = polars_to_pandas(worker_labels)
    if hasattr(worker_labels, "columns") and hasattr(worker_labels, "to_numpy"):
        names = np.array(worker_labels.columns, dtype=object)
        kinds = {getattr(dtype, "kind", "O") for dtype in worker_labels.dtypes}
        plain_types = all(isinstance(dtype, np.dtype) for dtype in worker_labels.dtypes)
        uniform = plain_types and (kinds <= set("iuf") or kinds == {"b"} or kinds == {"M"})
        values = worker_labels.to_numpy() if uniform else worker_labels.to_numpy(dtype=object)
        mask = np.asarray(worker_labels.isna())
    elif isinstance(worker_labels, np.ma.MaskedArray):
        values, mask = np.asarray(worker_labels.data), np.ma.getmaskarray(worker_labels)
    else:
        if hasattr(worker_labels, "to_numpy"):  # a Series
            worker_labels = worker_labels.to_numpy()
        values = _array(worker_labels)
        mask = np.zeros(values.shape, dtype=bool)
    if values.ndim not in (1, 2) or 0 in values.shape:
        raise ValueError(
            "worker_labels must have shape (n_samples, n_workers) with at least one row and "
            f"one worker; got shape {values.shape}."
        )
    return values, mask, names


def _array(nested: Any) -> Array:
    """An array that keeps text and None apart, where numpy would write 'None'."""
    if isinstance(nested, np.ndarray):
        return nested
    values = np.asarray(nested)
    if values.dtype.kind in "US":
        values = np.asarray(nested, dtype=object)
    return values


def _is_present(values: Array, missing_label: Any) -> NDArray[np.bool_]:
    """Where there is a label."""
    present = np.ones(values.shape, dtype=bool)
    if values.dtype.kind in "fcmMO":
        present = ~is_missing(values)
    if missing_label is None or _is_nothing(missing_label):
        return present
    number = isinstance(missing_label, numbers.Number)
    if values.dtype == object:
        same = np.frompyfunc(lambda value: _same(value, missing_label), 1, 1)(values)
        return np.asarray(present & ~same.astype(bool))
    if number == (values.dtype.kind in "biufc") and values.dtype.kind != "b":
        return np.asarray(present & (values != missing_label))
    return present


def _same(value: Any, missing_label: Any) -> bool:
    # True == 1 in Python, and a label True is not the number 1
    if isinstance(value, bool | np.bool_) != isinstance(missing_label, bool | np.bool_):
        return False
    equal = value == missing_label
    return isinstance(equal, bool | np.bool_) and bool(equal)


def _is_nothing(label: Any) -> bool:
    return not isinstance(label, int | str) and bool(is_missing(np.array([label], object))[0])


def _refuse_unlabelled_rows(given: _Given, missing_label: Any) -> None:
    unlabelled = np.flatnonzero(np.bincount(given.sample, minlength=given.n_samples) == 0)
    if len(unlabelled):
        raise ValueError(
            f"worker_labels has {len(unlabelled)} row(s) without any label: row "
            f"{name_some(unlabelled)} (missing_label={missing_label!r}). Drop these rows from X "
            "and from worker_labels, or have them labelled; if the missing label is a class "
            "of yours, name another missing_label."
        )


def _refuse_missing_label_as_text(given: _Given, missing_label: Any) -> None:
    """The number -1 read from a file as text would become a class that nobody meant."""
    if isinstance(missing_label, str) or missing_label is None:
        return
    if given.values.dtype.kind not in "OUT":
        return
    text = str(plain(missing_label))
    same = np.frompyfunc(lambda value: isinstance(value, str) and value == text, 1, 1)(given.values)
    found = np.flatnonzero(same.astype(bool))
    if len(found):
        raise ValueError(
            f"worker_labels holds the text {text!r} ({_place(given, found[0])}), and missing_label "
            f"is {missing_label!r}. Pass missing_label={text!r} if it means 'not labelled', "
            "missing_label=None if it is a class."
        )


def _whole_numbers(given: _Given) -> Array:
    """Labels that NaN has turned into floats, as the integers that they were."""
    values = given.values
    if values.dtype.kind not in "fc":
        return values
    broken = ~np.isfinite(values) | (values != np.floor(values.real))
    if broken.any():
        first = np.flatnonzero(broken)[0]
        raise ValueError(
            f"worker_labels must hold classes; {_place(given, first)} holds "
            f"{plain(values[first])!r}. Unknown label type: continuous."
        )
    # in double precision, for 2**53 is more than half precision holds
    exact = float(np.abs(values).max(initial=0)) < 2**53
    return values.astype(np.int64) if exact else values


def _encode(values: Array, given: _Given) -> tuple[Array, NDArray[np.intp]]:
    """Sorted distinct labels and the position of each value among them."""
    if values.dtype != object:
        found, code = np.unique(values, return_inverse=True)
        return found, code.astype(np.intp)
    try:
        distinct = set(values.tolist())
    except TypeError:
        lists = np.frompyfunc(lambda value: value.__hash__ is None, 1, 1)(values).astype(bool)
        first = int(lists.argmax())
        raise ValueError(
            f"worker_labels must hold one label per row and worker; {_place(given, first)} holds "
            f"{values[first]!r}."
        ) from None
    _refuse_two_spellings(distinct)
    try:
        ordered = sorted(distinct)
    except TypeError:
        ordered = sorted(distinct, key=lambda label: (type(label).__name__, repr(label)))
    position = {label: place for place, label in enumerate(ordered)}
    code = np.fromiter((position[v] for v in values.tolist()), dtype=np.intp, count=len(values))
    return _label_array(ordered), code


def _refuse_two_spellings(distinct: set[Any]) -> None:
    """A number that one column holds as text would silently be a class of its own."""
    numbers_as_text = {str(label): label for label in distinct if not isinstance(label, str)}
    twice = [label for label in distinct if isinstance(label, str) and label in numbers_as_text]
    if twice:
        raise ValueError(
            f"worker_labels holds both {twice[0]!r} and {numbers_as_text[twice[0]]!r}: the same "
            "label as text and as another type. Convert all columns to one type."
        )


def _label_array(labels: Sequence[Any]) -> Array:
    """Labels in one dimension; text and plain numbers in numpy's own types."""
    kinds = {type(label) for label in labels}
    if len(kinds) == 1 and kinds <= {str, int, bool, np.datetime64, np.timedelta64}:
        plain_array = np.array(labels)
        # integers of which some need 64 bits without a sign would become floats
        if plain_array.dtype.kind != "f":
            return plain_array
    array = np.empty(len(labels), dtype=object)
    for place, label in enumerate(labels):
        array[place] = label
    return array


def _positions(labels: Array, classes: Array) -> NDArray[np.intp]:
    """Position of each label in ``classes``, -1 for others; dates may be of another unit."""
    position = {label: place for place, label in enumerate(_comparable(classes))}
    return np.array([position.get(label, -1) for label in _comparable(labels)], dtype=np.intp)


def _comparable(labels: Array) -> list[Any]:
    if labels.dtype.kind in "mM":
        labels = labels.astype(f"{labels.dtype.kind}8[ns]").astype(np.int64)
    return labels.tolist()


def _codes_among(classes: Array, labels: CrowdLabels) -> NDArray[np.intp]:
    """Codes with regard to ``classes``; an error names the first label outside of them."""
    code = _positions(labels.classes, classes)[labels.code]
    if (code < 0).any():
        first = int((code < 0).argmax())
        raise ValueError(
            f"worker_labels holds {plain(labels.classes[labels.code[first]])!r} "
            f"({_place(labels, first)}), which is not among the classes: {name_some(classes)}."
        )
    return code
