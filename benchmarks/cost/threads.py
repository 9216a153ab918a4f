"""Searches with one worker per core: how many threads want to run, beside the naive setting.

Each search runs in a process of its own, by joblib's processes (loky) and by its threads. "naive"
is torch as it comes in every worker: as many threads as the machine has cores. Linux only: the
threads that run or wait for a core are read from /proc.

    python -m benchmarks threads
"""

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import torch
from imblearn.pipeline import make_pipeline
from joblib import cpu_count, parallel_config
from joblib.externals.loky import get_reusable_executor
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from benchmarks.cost.measuring import in_new_process
from benchmarks.question import Question, Row, Settings
from benchmarks.tables import titled
from sklearn_imbgen import GLGAN
from sklearn_imbgen.robust import SRATClassifier

SETTINGS = ("as it comes", "naive")
SECONDS_BETWEEN_LOOKS = 0.02
SET_NUM_THREADS = torch.set_num_threads
MEASURES = ("wall s", "CPU s", "runnable, mean", "runnable, 95 %")


class AllCores:
    """Mixed in before an estimator: its networks get all cores, whatever they ask for."""

    def fit(self, *args: Any, **params: Any) -> Any:
        """Fit with as many torch threads as there are cores."""
        take_all_cores()
        return super().fit(*args, **params)

    def fit_resample(self, *args: Any, **params: Any) -> Any:
        """Resample with as many torch threads as there are cores."""
        take_all_cores()
        return super().fit_resample(*args, **params)


def take_all_cores() -> None:
    """Give this thread's networks all cores, for good: the search has its own process."""
    SET_NUM_THREADS(cpu_count())
    torch.set_num_threads = lambda _: None


class NaiveGLGAN(AllCores, GLGAN):
    """GLGAN with all cores in every worker."""


class NaiveSRAT(AllCores, SRATClassifier):
    """SRAT with all cores in every worker."""


def glgan_search(naive: bool) -> tuple[Any, np.ndarray, np.ndarray]:
    """Latent dimensions of GLGAN on 20,000 x 50 numbers."""
    random_state = np.random.RandomState(0)
    y = (np.arange(20_000) < 1_000).astype(int)
    X = random_state.normal(size=(len(y), 50)) + 0.5 * y[:, None]
    kind = NaiveGLGAN if naive else GLGAN
    pipeline = make_pipeline(kind(random_state=0), LogisticRegression())
    name = pipeline.steps[0][0]
    return GridSearchCV(pipeline, {f"{name}__latent_dim": [8, 16, 32, 64]}, cv=2), X, y


def srat_search(naive: bool) -> tuple[Any, np.ndarray, np.ndarray]:
    """Learning rates of SRAT on 600 images of 3 x 16 x 16 pixels."""
    random_state = np.random.RandomState(0)
    y = (np.arange(600) < 60).astype(int)
    X = random_state.uniform(size=(len(y), 3, 16, 16)).astype(np.float32)
    X[y == 1] = X[y == 1] ** 2
    kind = NaiveSRAT if naive else SRATClassifier
    estimator = kind(max_epochs=3, n_steps=3, epsilon=0.03, random_state=0)
    return GridSearchCV(estimator, {"lr": [0.01, 0.02, 0.05, 0.1]}, cv=2), X, y


SEARCHES = {"GLGAN": glgan_search, "SRAT": srat_search}


class Watch(threading.Thread):
    """Counts the threads of this process and its children that run or wait for a core."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.counts: list[int] = []
        self.ended = threading.Event()

    def run(self) -> None:
        """Count until told to end."""
        me = psutil.Process()
        while not self.ended.wait(SECONDS_BETWEEN_LOOKS):
            tree = [me.pid, *(child.pid for child in me.children(recursive=True))]
            # this thread runs while it looks
            self.counts.append(sum(map(running_threads, tree)) - 1)


def running_threads(pid: int) -> int:
    """Threads of a process in Linux' state R."""
    states = []
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            # the name of the thread, in brackets, may hold blanks
            states.append(stat.read_text().rpartition(")")[2].split()[0])
        except OSError:
            # ended since it was listed
            continue
    return states.count("R")


def measure(name: str, backend: str, setting: str) -> Row:
    """Run one search in this process; the workers are started before the clock."""
    search, X, y = SEARCHES[name](setting == "naive")
    search.set_params(n_jobs=cpu_count())
    inner = (
        {"inner_max_num_threads": cpu_count()} if (backend, setting) == ("loky", "naive") else {}
    )
    with parallel_config(backend, **inner):
        clone(search).fit(X[::10], y[::10])
        watch, cpu, wall = Watch(), tree_seconds(), time.perf_counter()
        watch.start()
        search.fit(X, y)
        wall, cpu = time.perf_counter() - wall, tree_seconds() - cpu
    watch.ended.set()
    watch.join()
    if backend == "loky":
        # a process of multiprocessing would leave them behind when it ends
        get_reusable_executor().shutdown(wait=True)
    counts = (float(np.mean(watch.counts)), float(np.percentile(watch.counts, 95)))
    return dict(zip(MEASURES, (wall, cpu, *counts), strict=True))


def tree_seconds() -> float:
    """CPU seconds of this process and its living children."""
    me = psutil.Process()
    times = [process.cpu_times() for process in (me, *me.children(recursive=True))]
    return sum(time.user + time.system for time in times)


SETS = tuple(f"{name}-{backend}" for name in SEARCHES for backend in ("loky", "threading"))


def check(name: str, _: Settings) -> None:
    """See that the search is known and that this system can count threads."""
    if name not in SETS:
        raise SystemExit(f"--sets {name}: a set is one of {', '.join(SETS)}")
    if not Path("/proc/self/task").exists():
        raise SystemExit("threads are read from /proc, which this system has not: run it on Linux")


def run(method: str, name: str, seed: int, settings: Settings) -> list[Row]:
    """One search in a new process."""
    return [in_new_process(measure, *name.split("-"), method)]


def report(scores: pd.DataFrame) -> str:
    """A line per search and setting."""
    means = scores.groupby(["set", "method"], sort=False)[list(MEASURES)].mean()
    return titled(f"{cpu_count()} cores, as many workers", means.round(2))


QUESTIONS = {
    "threads": Question(
        about=__doc__ or "",
        run=run,
        methods=dict.fromkeys(SETTINGS),
        measures=MEASURES,
        report=report,
        sets=SETS,
        check=check,
        seeds=1,
        alone=True,
    )
}
