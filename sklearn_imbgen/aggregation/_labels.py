"""Encoded labels of several workers, and what tells them from other tables."""

import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_imbgen._typing import Array
from sklearn_imbgen.exceptions import IdleWorkerWarning, SimilarLabelsWarning
from sklearn_imbgen.utils import name_some, plain

# What the columns of a table with one label per row are called, without blanks and "_id".
WORKER_COLUMNS = {"worker", "annotator", "rater", "coder", "labeler", "labeller", "performer"}
LABEL_COLUMNS = {"label", "answer", "annotation", "vote", "response", "rating", "class"}
# So many rows tell a label matrix from another table.
ENOUGH_ROWS = 10
# So many different labels that nobody else gives make a column an id or a comment.
ENOUGH_STRANGE = 5


class AnnotationMatrix(NamedTuple):
    """A sparse label matrix and the names of what is in it.

    Parameters
    ----------
    worker_labels : csr_array of shape (n_samples, n_workers)
        Stored entries, zeros included, are positions in ``classes``.
    samples : ndarray of shape (n_samples,)
    workers : ndarray of shape (n_workers,)
    classes : ndarray of shape (n_classes,)

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_imbgen.crowd import MajorityVote, annotations_to_matrix
    >>> votes = pd.DataFrame({"task": [7, 7], "worker": ["x", "y"], "label": ["dog", "dog"]})
    >>> matrix = annotations_to_matrix(votes, sparse_output=True)
    >>> MajorityVote().fit_predict(matrix).tolist()
    ['dog']
    """

    worker_labels: sparse.csr_array
    samples: Array
    workers: Array
    classes: Array


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


def judged_workers(labels: CrowdLabels) -> NDArray[np.bool_]:
    """Which workers share a row with another, without which nothing is known of their errors."""
    beside_others = np.bincount(labels.sample)[labels.sample] > 1
    return np.bincount(labels.worker[beside_others], minlength=labels.n_workers) > 0


def refuse_other_tables(labels: CrowdLabels) -> None:
    """Raise at tables of labels whose columns are no workers."""
    if labels.n_workers < 2:
        return
    if _is_long(labels):
        names = name_some(labels.workers)
        raise ValueError(
            f"worker_labels looks like a table with one label per row (columns {names}), not like "
            "one column per worker. Make a label matrix of it by sklearn_imbgen.crowd."
            "annotations_to_matrix(table, sample=..., worker=..., label=...)."
        )
    if _is_one_hot(labels):
        raise ValueError(
            f"worker_labels looks one-hot: in each row one of the {labels.n_workers} columns "
            "is 1. That is one label per row, not the labels of several workers; pass the labels, "
            "such as matrix.argmax(axis=1)."
        )
    strange = _strange_workers(labels)
    if strange.any():
        worker = int(strange.argmax())
        own = labels.classes[np.unique(labels.code[labels.worker == worker])]
        raise ValueError(
            f"Column {plain(labels.workers[worker])!r} of worker_labels holds labels that no other "
            f"column has: {name_some(own)}. If it is an id, a comment or another value and no "
            "worker, drop it. If each row of the table is one label of one worker, make a label "
            "matrix of it by sklearn_imbgen.crowd.annotations_to_matrix."
        )


def _is_long(labels: CrowdLabels) -> bool:
    """Whether columns are named as in a long table, or two of three columns are a key."""
    words = [str(name).lower().replace(" ", "").removesuffix("id") for name in labels.workers]
    names = {word.strip("_") for word in words}
    if names & WORKER_COLUMNS and names & LABEL_COLUMNS:
        return True
    n_rows, complete = labels.n_samples, len(labels.code) == labels.n_samples * labels.n_workers
    if labels.n_workers != 3 or n_rows < ENOUGH_ROWS or not complete:
        return False
    codes = labels.code.reshape(n_rows, 3)
    repeats = [len(np.unique(column)) <= n_rows / 2 for column in codes.T]
    for one, two in ((0, 1), (0, 2), (1, 2)):
        pairs = codes[:, one] * labels.n_classes + codes[:, two]
        if repeats[one] and repeats[two] and len(np.unique(pairs)) == n_rows:
            return True
    return False


def _is_one_hot(labels: CrowdLabels) -> bool:
    """Whether each row has a single 1 among zeros, or nothing else, and each column has one."""
    if labels.n_samples < ENOUGH_ROWS:
        return False
    values = labels.classes.tolist()
    complete = len(labels.code) == labels.n_samples * labels.n_workers
    if values != [1] and not (values == [0, 1] and complete):
        return False
    is_one = labels.code == len(values) - 1
    per_row = np.bincount(labels.sample[is_one], minlength=labels.n_samples)
    per_column = np.bincount(labels.worker[is_one], minlength=labels.n_workers)
    return bool((per_row == 1).all() and per_column.all())


def _strange_workers(labels: CrowdLabels) -> NDArray[np.bool_]:
    """Columns whose labels nobody else gives, though others labelled the same rows.

    All of them, if there are two or more; or, as ids may equal a label by chance, most of
    them, if no two are alike and there are twice as many as labels that workers share:
    of many classes, in few rows, any worker's labels may all differ.
    """
    n_classes, n_workers = labels.n_classes, labels.n_workers
    given = np.unique(labels.worker * n_classes + labels.code)
    n_givers = np.bincount(given % n_classes, minlength=n_classes)
    own_only, n_shared = n_givers == 1, int((n_givers > 1).sum())
    beside = np.bincount(labels.sample)[labels.sample] > 1
    counted, strange = labels.worker[beside], own_only[labels.code[beside]]
    n_labels = np.bincount(counted, minlength=n_workers)
    n_strange = np.bincount(counted, strange, minlength=n_workers)
    n_kinds = np.bincount(given // n_classes, minlength=n_workers)
    no_two_alike = n_kinds == np.bincount(labels.worker, minlength=n_workers)
    all_own = (n_labels >= ENOUGH_ROWS) & (n_strange == n_labels) & (n_kinds >= 2)
    ids = no_two_alike & (n_strange > n_labels / 2) & (n_strange >= 2 * n_shared)
    ids &= n_strange >= ENOUGH_STRANGE
    return all_own | ids


def warn_of_similar_labels(classes: Array) -> None:
    """Warn of labels that differ by blanks or case only, most often the same to a reader."""
    alike: dict[str, list[str]] = {}
    for label in classes.tolist():
        if isinstance(label, str):
            alike.setdefault(" ".join(label.split()).casefold(), []).append(label)
    groups = [" and ".join(map(repr, group)) for group in alike.values() if len(group) > 1]
    if groups:
        warnings.warn(
            f"Labels that differ by blanks or case only count as different classes: "
            f"{'; '.join(groups[:3])}. Write them alike, for example by .str.strip().str.lower().",
            SimilarLabelsWarning,
            stacklevel=4,
        )
