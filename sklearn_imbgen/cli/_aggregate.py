"""The command ``aggregate``: votes of several workers in, one label per sample out."""

import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from sklearn_imbgen._typing import Array
from sklearn_imbgen.aggregation import check_label_matrix
from sklearn_imbgen.cli import CommandError, explained
from sklearn_imbgen.cli._tables import (
    Reading,
    describe_counts,
    hint_at_spaces,
    read_as_written,
    refuse_cells,
)
from sklearn_imbgen.crowd import AnnotationMatrix, DawidSkene, MajorityVote, annotations_to_matrix
from sklearn_imbgen.exceptions import IdleWorkerWarning
from sklearn_imbgen.metrics import annotator_report, krippendorff_alpha
from sklearn_imbgen.utils import name_some

METHODS = {"dawid-skene": DawidSkene, "majority": MajorityVote}

SHOWN_WORKERS = 20
# Krippendorff's own limits for reliable and for tentative conclusions, then ours.
AGREEMENT = (
    (0.8, "the workers agree well"),
    (0.667, "enough for tentative conclusions"),
    (0.1, "little agreement: look at the workers, or at the question"),
    (-0.1, "no more agreement than by chance"),
    (-np.inf, "the workers contradict each other"),
)
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
    def idle(self) -> Array:
        """Names of the workers without a vote."""
        per_worker = np.bincount(
            self.matrix.worker_labels.indices, minlength=len(self.matrix.workers)
        )
        return np.asarray(self.matrix.workers[per_worker == 0])

    @property
    def suspects(self) -> bool:
        """Whether a class looks as if it meant "not labelled"."""
        return SUSPECT in {str(label) for label in self.matrix.classes.tolist()}


def read_votes(
    path: Path,
    columns: VoteColumns,
    missing: str | None = None,
    reading: Reading = Reading(),  # noqa: B008 - it cannot be changed
) -> Votes:
    """Read a table of votes; labels stay as written, ``missing`` means "not labelled".

    A ``CommandError`` names the file and the column, row, sample or worker that is at fault.
    """
    frame = read_as_written(path, reading)
    _refuse_other_columns(frame, columns, path)
    refuse_cells(frame[[columns.sample]].isna(), "is missing", path)
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
    known = f"the columns are {', '.join(map(repr, frame.columns))}"
    for option, name in wanted.items():
        if name not in frame.columns:
            hint = hint_at_spaces(name, frame.columns) + f"; name yours by {option}"
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
    refuse_cells(frame[[sample, worker, label]].isna(), "is missing", path)
    again = np.flatnonzero(frame.duplicated([sample, worker]))
    if len(again):
        row = again[0]
        raise CommandError(
            f"{path}: {len(again)} row(s) repeat a pair of {sample} and {worker}, first "
            f"{frame[sample].iloc[row]!s} and {frame[worker].iloc[row]!s} in row {row}; "
            "keep one of them"
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


def _equals(column: pd.Series, text: str) -> Array:
    """Where a column holds the value that is written like this."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        try:
            return np.asarray((column == float(text)).fillna(False), dtype=bool)
        except ValueError:
            return np.zeros(len(column), dtype=bool)
    return np.asarray(column.astype(str) == text)


class Inferred(NamedTuple):
    """The inferred labels and the report of the workers as tables, and who inferred them."""

    labels: pd.DataFrame
    workers: pd.DataFrame
    aggregator: Any


def infer(votes: Votes, method: str, **settings: Any) -> Inferred:
    """Infer the label of each sample and judge the workers by the result.

    ``settings`` are parameters of the aggregator that ``METHODS`` names.
    """
    matrix = votes.matrix
    with explained(method), warnings.catch_warnings():
        # the report names them; the aggregator knows their numbers only
        warnings.simplefilter("ignore", IdleWorkerWarning)
        # labels are codes here, none of them "missing"
        aggregator = METHODS[method](missing_label=None, **settings).fit(matrix.worker_labels)
    table = {
        votes.columns.sample: matrix.samples,
        votes.columns.label: matrix.classes[aggregator.labels_],
        **{
            f"probability_{label}": share
            for label, share in zip(matrix.classes, aggregator.label_proba_.T, strict=True)
        },
    }
    if len(table) < 2 + len(matrix.classes):
        raise CommandError(
            f"the result would have two columns of one name among {', '.join(map(str, table))}; "
            "rename the column of samples or of labels"
        )
    return Inferred(pd.DataFrame(table), _worker_table(votes, aggregator), aggregator)


def _worker_table(votes: Votes, aggregator: Any) -> pd.DataFrame:
    """annotator_report in the names of the file, with the error rate."""
    matrix = votes.matrix
    report = annotator_report(matrix.worker_labels, aggregator.labels_, missing_label=None)
    classes = matrix.classes
    report["worker"] = matrix.workers
    report["most_given"] = np.array(
        [None if code is None else classes[code] for code in report["most_given"]], dtype=object
    )
    table = pd.DataFrame(report)
    names = {f"recall_{code}": f"recall_{label}" for code, label in enumerate(classes)}
    table = table.rename(columns=names)
    table.insert(3, "error_rate", aggregator.worker_error_rate_)
    # of whom nobody else labelled a row, the inferred labels are what this worker said
    alone = table["error_rate"].isna() & (table["n_labels"] > 0)
    judged = ["accuracy", "balanced_accuracy", *names.values(), "informativeness"]
    table.loc[alone, judged] = np.nan
    table.loc[alone, "looks_like"] = "not known"
    return table


def describe(votes: Votes, inferred: Inferred) -> str:
    """What is said about votes, workers and classes, in lines of two columns and a table."""
    matrix = votes.matrix
    labels = check_label_matrix(matrix.worker_labels, missing_label=None)
    counts = labels.vote_counts()
    tied = (counts == counts.max(axis=1, keepdims=True)).sum(axis=1) > 1
    n_samples, n_workers = matrix.worker_labels.shape
    lines = {
        "votes": f"{votes.n_labels} labels of {n_workers} workers for {n_samples} samples "
        f"({votes.n_labels / n_samples:.3g} each)",
        "agreement": agreement_in_words(matrix.worker_labels),
        "ties": f"{tied.sum()} sample(s) whose vote is tied",
        "idle": f"{len(votes.idle)} worker(s) without a label: {name_some(votes.idle)}",
        "stand out": _who_stands_out(inferred.workers),
        "inferred": describe_counts(_class_counts(inferred.aggregator.labels_, matrix.classes)),
    }
    if not len(votes.idle):
        del lines["idle"]
    width = max(map(len, lines))
    text = "\n".join(f"{name.ljust(width)}  {line}" for name, line in lines.items())
    return f"{text}\n\n{_short_table(inferred.workers)}\n"


def agreement_in_words(worker_labels: Any) -> str:
    """Krippendorff's alpha with what it means; a reason where there is none."""
    labels = check_label_matrix(worker_labels, missing_label=None)
    counts = labels.vote_counts()
    compared = counts[counts.sum(axis=1) > 1]
    if not len(compared):
        return "not known: no sample has two labels"
    if (compared.sum(axis=0) > 0).sum() == 1:
        return "not known: where samples have two labels, all are of one class"
    alpha = krippendorff_alpha(worker_labels, missing_label=None)
    words = next(words for limit, words in AGREEMENT if alpha >= limit)
    return f"Krippendorff's alpha {alpha:.2f}: {words}"


def _class_counts(codes: Array, classes: Array) -> dict[Any, int]:
    """Samples per class, the largest first, those without any included."""
    counts = np.bincount(codes, minlength=len(classes))
    order = np.argsort(-counts, kind="stable")
    return {classes[code]: int(counts[code]) for code in order}


def _who_stands_out(workers: pd.DataFrame) -> str:
    kinds = workers[~workers["looks_like"].isin(["ok", "few labels", "not known"])].groupby(
        "looks_like"
    )
    return "; ".join(f"{kind}: {name_some(group['worker'])}" for kind, group in kinds) or "nobody"


def _short_table(workers: pd.DataFrame) -> str:
    shown = workers.sort_values("n_labels", ascending=False, kind="stable")[:SHOWN_WORKERS]
    columns = {
        "worker": "worker",
        "n_labels": "labels",
        "error_rate": "error rate",
        "agreement": "agreement",
        "looks_like": "looks like",
    }
    table = shown[list(columns)].rename(columns=columns)
    text: str = table.to_string(index=False, float_format="{:.2f}".format, na_rep="-")
    if len(shown) < len(workers):
        text += f"\nthe {len(shown)} workers with most labels of {len(workers)}; --report has all"
    return text


def draw(votes: Votes, inferred: Inferred, path: Path) -> None:
    """Save AnnotatorDisplay's picture of the workers."""
    from sklearn_imbgen.cli._page import save_figure, without_screen

    without_screen()
    from sklearn_imbgen.inspection import AnnotatorDisplay

    display = AnnotatorDisplay.from_arrays(
        inferred.aggregator.worker_confusion_,
        inferred.workers["n_labels"].to_numpy(),
        classes=votes.matrix.classes,
        workers=votes.matrix.workers,
        error_rate=inferred.aggregator.worker_error_rate_,
        looks_like=inferred.workers["looks_like"].to_numpy(),
    )
    save_figure(display.figure_, path)
