"""Repeats over sets and ratios: in parallel, kept in a file as they finish, and gone on with."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from cluster import running_on
from data import NATURAL, scaling_of
from evaluation import (
    BOOSTING_CLASSIFIER,
    CLASSIFIER_NAMES,
    FIDELITY,
    HELD_OUT,
    MEASURES,
    Method,
    evaluate,
)
from joblib import Parallel, delayed
from splits import AS_IS, split_rows
from tqdm.auto import tqdm

KEY = ["set", "ratio", "scaling", "repeat", "method"]
COLUMNS = [*KEY, "classifier", *MEASURES, "seconds", *FIDELITY, *HELD_OUT, "refusal"]


class Task(NamedTuple):
    """One split: ``ratio`` is a number as text, or "as is" for sets that are not thinned."""

    set: str
    ratio: str
    repeat: int

    def key(self, method: str) -> tuple:
        """What a row of the file is known by."""
        return (self.set, self.ratio, scaling_of(self.set), self.repeat, method)


def tasks_of(sets: Iterable[str], ratios: Iterable[float], repeats: int) -> list[Task]:
    """All splits of a sweep; naturally imbalanced sets come once, not once per ratio."""
    labels = [f"{ratio:g}" for ratio in ratios]
    return [
        Task(name, ratio, repeat)
        for name in sets
        for ratio in ([AS_IS] if name in NATURAL else labels)
        for repeat in range(repeats)
    ]


def run_task(task: Task, X: np.ndarray, y: np.ndarray, methods: dict[str, Method]) -> pd.DataFrame:
    """Scores of the methods on one split; the repeat's number is the seed of everything."""
    split = split_rows(task.set, X, y, task.ratio, task.repeat)
    about = {**task._asdict(), "scaling": scaling_of(task.set)}
    rows = evaluate(methods, split, task.repeat)
    return pd.DataFrame([{**about, "refusal": "", **row} for row in rows]).reindex(columns=COLUMNS)


def read_scores(path: Path) -> pd.DataFrame:
    """Scores of a file without what a killed run left half written."""
    text = path.read_text(encoding="utf-8")
    whole_lines = io.StringIO(text[: text.rfind("\n") + 1])
    frame = pd.read_csv(whole_lines, dtype={"ratio": str, "refusal": str})
    if list(frame.columns) != COLUMNS:
        raise SystemExit(f"{path} has other columns than this benchmark writes")
    frame["refusal"] = frame["refusal"].fillna("")
    return frame.drop_duplicates([*KEY, "classifier"], keep="last")


def keys_of(scores: pd.DataFrame) -> Iterable[tuple]:
    """The key of each row."""
    return scores[KEY].itertuples(index=False, name=None)


def finished(scores: pd.DataFrame) -> set[tuple]:
    """Keys of the cells that have a row for each of their classifiers."""
    if scores.empty:
        return set()
    return {
        key
        for key, names in scores.groupby(KEY)["classifier"]
        if set(names) in (set(CLASSIFIER_NAMES), {BOOSTING_CLASSIFIER})
    }


def open_file(path: Path | None, resume: bool) -> pd.DataFrame:
    """Scores to go on from: those of the file if told so, none otherwise."""
    if path is None:
        if resume:
            raise SystemExit("--resume needs --output")
        return pd.DataFrame(columns=COLUMNS)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        scores = pd.DataFrame(columns=COLUMNS)
    elif resume:
        scores = read_scores(path)
    else:
        raise SystemExit(f"{path} exists; go on with it by --resume, or name another file")
    keys = finished(scores)
    scores = scores[[key in keys for key in keys_of(scores)] if len(scores) else slice(0)]
    # only whole cells go on, so that later rows can simply be appended
    scores.to_csv(path, index=False)
    return scores


def run_sweep(
    tasks: list[Task],
    tables: dict[str, tuple[np.ndarray, np.ndarray]],
    methods: dict[str, Method],
    *,
    jobs: int = 1,
    cluster: str | None = None,
    output: Path | None = None,
    resume: bool = False,
) -> pd.DataFrame:
    """Scores of every task and method, in that order; only those not in the file are run."""
    scores = open_file(output, resume)
    known = finished(scores)
    missing = {
        task: {name: method for name, method in methods.items() if task.key(name) not in known}
        for task in tasks
    }
    todo = [
        delayed(run_task)(task, *tables[task.set], left) for task, left in missing.items() if left
    ]
    found = [scores] if len(scores) else []
    with running_on(cluster, [array for table in tables.values() for array in table]):
        # in the order of finishing, so that a long repeat keeps no short one from the file
        running = Parallel(n_jobs=jobs, return_as="generator_unordered")(todo)
        for frame in tqdm(running, total=len(todo), unit="repeat"):
            if output is not None:
                frame.to_csv(output, mode="a", header=False, index=False)
            found.append(frame)
    every = pd.concat(found, ignore_index=True)
    wanted = [task.key(name) for task in tasks for name in methods]
    position = {key: place for place, key in enumerate(wanted)}
    every = every.assign(place=[position.get(key, -1) for key in keys_of(every)])
    every = every[every["place"] >= 0].sort_values("place", kind="stable")
    return every.drop(columns="place").reset_index(drop=True)
