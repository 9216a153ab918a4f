"""Labels of several workers per row: one validator, and one encoding for all that reads them."""

import numbers
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_imbgen._typing import Array
from sklearn_imbgen.exceptions import IdleWorkerWarning
from sklearn_imbgen.utils import is_polars, name_some, plain, polars_to_pandas

__all__ = ["CrowdLabels", "check_label_matrix", "codes_of", "label_keys", "warn_of_idle_workers"]


@dataclass(frozen=True)
class CrowdLabels:
    """Annotations as three columns of codes, ordered by row and then by worker.

    Memory follows the number of annotations, not rows times workers.

    Parameters
    ----------
    sample : ndarray of shape (n_annotations,)
        Row that was labelled, ascending.
    worker : ndarray of shape (n_annotations,)
        Position in ``workers`` of who labelled it.
    code : ndarray of shape (n_annotations,)
        Position in ``classes`` of the label given.
    n_samples : int
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    workers : ndarray of shape (n_workers,)
        Names of the workers: column names of a dataframe, else 0, 1, ...
    """

    sample: NDArray[np.intp]
    worker: NDArray[np.intp]
    code: NDArray[np.intp]
    n_samples: int
    classes: Array
    workers: Array

    @classmethod
    def from_codes(
        cls, codes: Array, classes: Array, workers: Array | None = None
    ) -> "CrowdLabels":
        """Read a matrix (n_samples, n_workers) of class codes; -1 is "not labelled"."""
        sample, worker = np.nonzero(codes >= 0)
        names = np.arange(codes.shape[1]) if workers is None else workers
        code = codes[sample, worker].astype(np.intp)
        return cls(sample, worker, code, len(codes), classes, names)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @property
    def n_workers(self) -> int:
        """Number of workers, those without any label included."""
        return len(self.workers)

    def to_codes(self) -> NDArray[np.intp]:
        """Matrix (n_samples, n_workers) of class codes, -1 where nothing was labelled."""
        codes = np.full((self.n_samples, self.n_workers), -1, dtype=np.intp)
        codes[self.sample, self.worker] = self.code
        return codes

    def vote_counts(self) -> NDArray[np.intp]:
        """How many workers gave each row each label, shape (n_samples, n_classes)."""
        cell = self.sample * self.n_classes + self.code
        counts = np.bincount(cell, minlength=self.n_samples * self.n_classes)
        return counts.reshape(self.n_samples, self.n_classes)


def check_label_matrix(
    worker_labels: Any, *, missing_label: Any = -1, classes: Array | None = None
) -> CrowdLabels:
    """Validate a label matrix and encode it.

    Parameters
    ----------
    worker_labels : array-like of shape (n_samples, n_workers) or (n_samples,)
        Any hashable labels in an array, masked array, nested list, dataframe
        (nullable and categorical columns included) or scipy.sparse matrix.
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
        label that is no class.

    Examples
    --------
    >>> labels = check_label_matrix([["cat", None], ["dog", "cat"]])
    >>> labels.classes.tolist(), labels.to_codes().tolist()
    (['cat', 'dog'], [[0, -1], [1, 0]])
    """
    if sparse.issparse(worker_labels):
        given = _read_sparse(worker_labels, missing_label)
    else:
        given = _read_dense(worker_labels, missing_label)
    _refuse_missing_label_as_text(given, missing_label)
    _refuse_unlabelled_rows(given, missing_label)
    found, code = _encode(_whole_numbers(given))
    if classes is not None:
        code = _codes_among(classes, found, code, given)
        found = classes
    return CrowdLabels(given.sample, given.worker, code, given.n_samples, found, given.workers)


def codes_of(labels: Any, classes: Array) -> NDArray[np.intp]:
    """Position of each of a column of labels in ``classes``; -1 for others.

    Examples
    --------
    >>> codes_of(["b", "c", "a"], np.array(["a", "b"])).tolist()
    [1, -1, 0]
    """
    own = check_label_matrix(labels, missing_label=None)
    return _positions(own.classes, classes)[own.code]


def label_keys(classes: Array) -> list[Any]:
    """Labels as they are compared: equal dates are equal in whatever unit.

    Examples
    --------
    >>> days = np.array(["2026-01-01"], dtype="datetime64[D]")
    >>> label_keys(days) == label_keys(days.astype("datetime64[ns]"))
    True
    """
    if classes.dtype.kind in "mM":
        classes = classes.astype(f"{classes.dtype.kind}8[ns]").astype(np.int64)
    return classes.tolist()


def warn_of_idle_workers(labels: CrowdLabels) -> None:
    """Warn of workers who labelled none of the rows, as happens in folds of sparse crowds."""
    idle = labels.workers[np.bincount(labels.worker, minlength=labels.n_workers) == 0]
    if len(idle):
        warnings.warn(
            f"{len(idle)} worker(s) labelled none of the rows: {name_some(idle)}. Nothing can "
            "be learned about them; leave the columns out if they are not to count.",
            IdleWorkerWarning,
            stacklevel=4,
        )


class _Given(NamedTuple):
    """The labels that are there, as they were written, by row and then by worker."""

    sample: NDArray[np.intp]
    worker: NDArray[np.intp]
    values: Array
    n_samples: int
    workers: Array

    def place(self, position: int) -> str:
        """Row and worker of a label, for a message."""
        worker = plain(self.workers[self.worker[position]])
        return f"row {self.sample[position]}, worker {worker!r}"


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
    if is_polars(worker_labels):
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
    if values.dtype.kind in "fc":
        present = np.asarray(~np.isnan(values))
    elif values.dtype.kind in "mM":
        present = ~np.isnat(values)
    elif values.dtype == object:
        present = ~np.frompyfunc(_is_nothing, 1, 1)(values).astype(bool)
    else:
        present = np.ones(values.shape, dtype=bool)
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


def _is_nothing(value: Any) -> bool:
    """None, NaN, NaT and pandas.NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating | np.datetime64) and bool(value != value)


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
            f"worker_labels holds the text {text!r} ({given.place(found[0])}), and missing_label "
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
            f"worker_labels must hold classes; {given.place(first)} holds "
            f"{plain(values[first])!r}. Unknown label type: continuous."
        )
    return values.astype(np.int64) if np.abs(values).max(initial=0) < 2**53 else values


def _encode(values: Array) -> tuple[Array, NDArray[np.intp]]:
    """Sorted distinct labels and the position of each value among them."""
    if values.dtype != object:
        found, code = np.unique(values, return_inverse=True)
        return found, code.astype(np.intp)
    distinct = set(values.tolist())
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
    if kinds <= {str} or kinds <= {int} or kinds <= {bool}:
        return np.array(labels)
    array = np.empty(len(labels), dtype=object)
    for place, label in enumerate(labels):
        array[place] = label
    return array


def _positions(labels: Array, classes: Array) -> NDArray[np.intp]:
    position = {label: place for place, label in enumerate(label_keys(classes))}
    return np.array([position.get(label, -1) for label in label_keys(labels)], dtype=np.intp)


def _codes_among(
    classes: Array, found: Array, code: NDArray[np.intp], given: _Given
) -> NDArray[np.intp]:
    """Codes with regard to ``classes``; an error names the first label outside of them."""
    new = _positions(found, classes)[code]
    if (new < 0).any():
        first = np.flatnonzero(new < 0)[0]
        raise ValueError(
            f"worker_labels holds {plain(found[code[first]])!r} ({given.place(first)}), which is "
            f"not among the classes: {name_some(classes)}."
        )
    return new
