"""Tables of votes: one row per vote, or one column per worker, to a label matrix."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from sklearn_imbgen.aggregation import check_label_matrix
from sklearn_imbgen.cli._messages import CommandError, explained
from sklearn_imbgen.cli._tables import read_as_written, refuse_missing
from sklearn_imbgen.crowd import AnnotationMatrix, annotations_to_matrix
from sklearn_imbgen.utils import name_some

__all__ = ["VoteColumns", "Votes", "read_votes"]

# A label that most often is no label; it is kept and asked about.
SUSPECT = "-1"


class VoteColumns(NamedTuple):
    """Names of the columns; without ``worker`` every other column is a worker."""

    sample: str
    worker: str | None
    label: str


class Votes(NamedTuple):
    """Votes of a file, and the names that its columns have."""

    matrix: AnnotationMatrix
    columns: VoteColumns

    @property
    def n_labels(self) -> int:
        """How many votes there are."""
        return int(self.matrix.worker_labels.nnz)

    @property
    def idle(self) -> NDArray[Any]:
        """Names of the workers without a vote."""
        per_worker = np.bincount(
            self.matrix.worker_labels.indices, minlength=len(self.matrix.workers)
        )
        return np.asarray(self.matrix.workers[per_worker == 0])

    @property
    def suspects(self) -> bool:
        """Whether a class looks as if it meant "not labelled"."""
        return SUSPECT in {str(label) for label in self.matrix.classes.tolist()}


def read_votes(path: Path, columns: VoteColumns, missing: str | None = None) -> Votes:
    """Read a table of votes; labels stay as written.

    Parameters
    ----------
    path : Path
    columns : VoteColumns
    missing : str, default=None
        A label that means "not labelled", as empty cells of a wide table do.

    Returns
    -------
    Votes

    Raises
    ------
    CommandError
        Naming the file and the column, row, sample or worker that is at fault.
    """
    frame = read_as_written(path)
    _refuse_other_columns(frame, columns, path)
    refuse_missing(frame[[columns.sample]].isna(), "is missing", path)
    if columns.worker is None:
        matrix = _from_wide(frame, columns.sample, missing, path)
    else:
        matrix = _from_long(frame, columns.sample, columns.worker, columns.label, missing, path)
    unlabelled = np.diff(matrix.worker_labels.indptr) == 0
    if unlabelled.any():
        raise CommandError(
            f"{path}: {unlabelled.sum()} sample(s) without any label: "
            f"{name_some(matrix.samples[unlabelled])}; drop their rows, or have them labelled"
        )
    if len(matrix.classes) < 2:
        raise CommandError(
            f"{path}: all {matrix.worker_labels.nnz} labels are of one class, "
            f"{matrix.classes[0]!s}; there is nothing to infer"
        )
    return Votes(matrix, columns)


def _refuse_other_columns(frame: pd.DataFrame, columns: VoteColumns, path: Path) -> None:
    wanted = {"--sample": columns.sample}
    if columns.worker is not None:
        wanted |= {"--worker": columns.worker, "--label": columns.label}
    known = f"the columns are {', '.join(map(str, frame.columns))}"
    for option, name in wanted.items():
        if name not in frame.columns:
            hint = f"; name yours by {option}"
            if columns.worker is not None:
                hint += ", or say --wide if each worker has a column"
            raise CommandError(f"{path}: there is no column {name!r}; {known}{hint}")
    if len(set(wanted.values())) < len(wanted):
        raise CommandError(f"{', '.join(wanted)} must name different columns; got {columns[:3]}")
    if columns.worker is None and frame.shape[1] == 1:
        raise CommandError(f"{path}: there is no worker beside the column {columns.sample!r}")


def _from_long(
    frame: pd.DataFrame, sample: str, worker: str, label: str, missing: str | None, path: Path
) -> AnnotationMatrix:
    refuse_missing(frame[[sample, worker, label]].isna(), "is missing", path)
    again = np.flatnonzero(frame.duplicated([sample, worker]))
    if len(again):
        row = again[0]
        raise CommandError(
            f"{path}: {len(again)} row(s) repeat a pair of {sample} and {worker}, first "
            f"{frame[sample].iloc[row]!s} and {frame[worker].iloc[row]!s} in row {row + 1} "
            "(the first row below the header is 1); keep one of them"
        )
    samples = frame[sample].unique()
    if missing is not None:
        frame = frame[~_equals(frame[label], missing)]
    with explained(str(path)):
        matrix: AnnotationMatrix = annotations_to_matrix(
            frame, sample=sample, worker=worker, label=label, samples=samples, sparse_output=True
        )
    return matrix


def _from_wide(
    frame: pd.DataFrame, sample: str, missing: str | None, path: Path
) -> AnnotationMatrix:
    samples = frame[sample]
    if samples.duplicated().any():
        again = samples[samples.duplicated()].unique()
        raise CommandError(
            f"{path}: {len(again)} value(s) of column {sample!r} have several rows: "
            f"{name_some(again)}; keep one row per sample, or give one row per vote"
        )
    votes = frame.drop(columns=sample)
    if missing is not None:
        votes = votes.mask(votes.apply(_equals, text=missing))
    given = votes.notna().any(axis=1).to_numpy()
    with explained(str(path)):
        # rows without a label are named by their sample later
        labels = check_label_matrix(votes[given], missing_label=None)
    rows = np.flatnonzero(given)[labels.sample]
    shape = len(frame), labels.n_workers
    matrix = sparse.csr_array((labels.code, (rows, labels.worker)), shape=shape)
    return AnnotationMatrix(matrix, samples.to_numpy(), labels.workers, labels.classes)


def _equals(column: pd.Series, text: str) -> NDArray[np.bool_]:
    """Where a column holds the value that is written like this."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        try:
            return np.asarray((column == float(text)).fillna(False), dtype=bool)
        except ValueError:
            return np.zeros(len(column), dtype=bool)
    return np.asarray(column.astype(str) == text)
