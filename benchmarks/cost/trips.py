"""How long a way one call takes: its own files, functions, and calls between its files.

Traced at run time. A call is counted in the files of one package, once for each pair of functions
of different files of which one calls the other. Beside them: constructor parameters and lines.

    python -m benchmarks trips
    python -m benchmarks trips --methods DawidSkene.fit --output FILE.csv    # a row per file

crowd-kit is traced if it is installed.
"""

import inspect
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import make_classification

import sklearn_imbgen
from benchmarks.question import Question, Row, Settings, one_of
from benchmarks.tables import titled
from sklearn_imbgen import crowd, over_sampling, robust
from sklearn_imbgen.cli import main as imbgen

OURS = "sklearn_imbgen"
# whose constructors are counted
KINDS = [
    *(over_sampling.GLGAN, over_sampling.LatentSMOTE, over_sampling.ImbMix),
    *(robust.AdversarialClassifier, robust.SRATClassifier, robust.ImbMixClassifier),
    *(crowd.ICEDClassifier, crowd.DawidSkene),
]
Function = tuple[str, str]


class Trip:
    """The functions of a package that ran, and the pairs of them that lie in two files."""

    def __init__(self, package: str) -> None:
        self.folder = str(Path(import_module(package).__file__ or "").parent) + "/"
        self.functions: set[Function] = set()
        self.calls: set[tuple[Function, Function]] = set()

    @contextmanager
    def traced(self) -> Iterator[None]:
        """Note every call inside the block."""
        sys.setprofile(self._note)
        try:
            yield
        finally:
            sys.setprofile(None)

    def rows(self) -> list[Row]:
        """A row per file: its functions, and the calls into it from other files."""
        files = sorted({file for file, _ in self.functions})
        return [
            {
                "file": file,
                "functions": sum(where == file for where, _ in self.functions),
                "calls from other files": sum(called[0] == file for _, called in self.calls),
            }
            for file in files
        ]

    def _note(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or not frame.f_code.co_filename.startswith(self.folder):
            return
        called = self._function(frame)
        self.functions.add(called)
        above = frame.f_back
        # what other libraries call back was called by the function of ours below them
        while above is not None and not above.f_code.co_filename.startswith(self.folder):
            above = above.f_back
        if above is not None and above.f_code.co_filename != frame.f_code.co_filename:
            self.calls.add((self._function(above), called))

    def _function(self, frame: FrameType) -> Function:
        code = frame.f_code
        return code.co_filename.removeprefix(self.folder), code.co_qualname


def table_and_votes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """300 rows with a rare class, and the labels of five workers, two of whom are right."""
    X, y = make_classification(300, 8, weights=[0.9], random_state=0)
    votes = np.random.RandomState(0).randint(0, 2, (300, 5))
    votes[:, :2] = y[:, None]
    return X, y, votes


def glgan() -> None:
    """Fit the sampler of chapter 2 and make rows."""
    X, y, _ = table_and_votes()
    over_sampling.GLGAN(random_state=0).fit_resample(X, y)


def imb_mix() -> None:
    """Fit the sampler of chapter 5 and make rows."""
    X, y, _ = table_and_votes()
    over_sampling.ImbMix(random_state=0).fit_resample(X, y)


def iced() -> None:
    """Fit the classifier of chapter 3."""
    X, _, votes = table_and_votes()
    crowd.ICEDClassifier(random_state=0).fit(X, votes)


def srat() -> None:
    """Fit the classifier of chapter 4."""
    X, y, _ = table_and_votes()
    robust.SRATClassifier(random_state=0, max_epochs=3).fit(X.astype(np.float32), y)


def dawid_skene() -> None:
    """Aggregate labels."""
    crowd.DawidSkene().fit(table_and_votes()[2])


def command_line() -> None:
    """Resample a CSV file."""
    X, y, _ = table_and_votes()
    with tempfile.TemporaryDirectory() as folder:
        source, made = f"{folder}/table.csv", f"{folder}/made.csv"
        pd.DataFrame(X).add_prefix("x").assign(y=y).to_csv(source, index=False)
        words = ["resample", source, "--target", "y", "--method", "swim", "-o", made, "--quiet"]
        # it ends as a program does
        with suppress(SystemExit):
            imbgen(words)


def smote() -> None:
    """The sampler of imbalanced-learn."""
    from imblearn.over_sampling import SMOTE

    X, y, _ = table_and_votes()
    SMOTE(random_state=0).fit_resample(X, y)


def skorch_net() -> None:
    """The classifier of skorch."""
    import torch
    from skorch import NeuralNetClassifier

    X, y, _ = table_and_votes()
    net = NeuralNetClassifier(
        torch.nn.Linear, module__in_features=8, module__out_features=2, max_epochs=3, verbose=0,
        criterion=torch.nn.CrossEntropyLoss,
    )  # fmt: skip
    net.fit(X.astype(np.float32), y)


def crowd_kit() -> None:
    """Dawid-Skene of crowd-kit."""
    from crowdkit.aggregation import DawidSkene

    votes = table_and_votes()[2]
    rows, workers = np.indices(votes.shape).reshape(2, -1)
    DawidSkene().fit(pd.DataFrame({"task": rows, "worker": workers, "label": votes.ravel()}))


METHODS: dict[str, tuple[str, Callable[[], None]]] = {
    "GLGAN.fit_resample": (OURS, glgan),
    "ImbMix.fit_resample": (OURS, imb_mix),
    "ICEDClassifier.fit": (OURS, iced),
    "SRATClassifier.fit": (OURS, srat),
    "DawidSkene.fit": (OURS, dawid_skene),
    "imbgen resample": (OURS, command_line),
    "imbalanced-learn's SMOTE": ("imblearn", smote),
    "skorch's classifier": ("skorch", skorch_net),
    "crowd-kit's Dawid-Skene": ("crowdkit", crowd_kit),
}


def run(method: str, name: str, seed: int, settings: Settings) -> list[Row]:
    """A row per file that a call goes through."""
    package, call = METHODS[method]
    trip = Trip(package)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with trip.traced():
            call()
    return trip.rows()


def summary(scores: pd.DataFrame) -> pd.DataFrame:
    """Files, functions and calls between files of each trip."""
    groups = scores.groupby("method", sort=False)
    table = groups[["functions", "calls from other files"]].sum()
    table.insert(0, "files", groups["file"].nunique())
    return table.rename(columns={"calls from other files": "calls between files"}).astype(int)


def constructors() -> pd.DataFrame:
    """How many parameters each constructor names."""
    counts = {kind.__name__: named_parameters(kind) for kind in KINDS}
    return pd.DataFrame({"parameters": counts})


def named_parameters(kind: type) -> int:
    """Parameters of a constructor without self, *args and **kwargs."""
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    found = inspect.signature(kind).parameters.values()
    return sum(parameter.kind not in several for parameter in found)


def line_counts() -> pd.DataFrame:
    """Files and lines of each folder of the package, its median and its longest file."""
    root = Path(sklearn_imbgen.__file__).parent
    lines = {
        path.relative_to(root): len(path.read_text(encoding="utf-8").splitlines())
        for path in root.rglob("*.py")
    }
    frame = pd.DataFrame(
        [
            (path.parts[0] if len(path.parts) > 1 else "(top)", count)
            for path, count in lines.items()
        ],
        columns=["folder", "lines"],
    )
    both = pd.concat([frame, frame.assign(folder="(all)")])
    table = both.groupby("folder", sort=True)["lines"].agg(["count", "sum", "median", "max"])
    table.columns = ["files", "lines", "median file", "longest file"]
    return table.astype(int).sort_values("lines")


def report(scores: pd.DataFrame) -> str:
    """Summary, a table per trip of ours, constructors and lines."""
    parts = [titled("Trips", summary(scores))]
    for method, rows in scores.groupby("method", sort=False):
        if METHODS[str(method)][0] == OURS:
            table = rows.set_index("file")[["functions", "calls from other files"]].astype(int)
            parts.append(titled(str(method), table))
    parts.append(titled("Constructors", constructors()))
    parts.append(titled("Lines", line_counts()))
    return "\n\n".join(parts)


QUESTIONS = {
    "trips": Question(
        about=__doc__ or "",
        run=run,
        methods=METHODS,
        measures=("functions", "calls from other files"),
        report=report,
        sets=("made",),
        check=one_of("made"),
        seeds=1,
        labels=("file",),
        alone=True,
        packages={"crowd-kit's Dawid-Skene": "crowdkit"},
    )
}
