"""Crowds of the benchmark: simulated by section 3.3.1.1, and real ones from --data-dir."""

import warnings
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from benchmarks.oversampling.sets import load
from benchmarks.question import Settings
from sklearn_imbgen.datasets import estimate_difficulty, make_crowd_labels
from sklearn_imbgen.utils import draw_seed

# workers of table 3.1; digits are ours
SIMULATED = {"digits": 7, "usps": 9, "gas_drift": 11, "gisette": 7}
REAL = {"music": "crowd_music_genre", "labelme": "crowd_labelme"}
THIN = "_thin"
THINNED = [name + THIN for name in REAL]
# without rows to learn from
LABELS_ONLY = {"bluebirds": "crowd_bluebirds", "dog": "crowd_dog"}
WITH_ROWS = (*SIMULATED, *REAL, *THINNED)
SETS = (*WITH_ROWS, *LABELS_ONLY)

TEST_SHARE = 0.2
# one minority row of as many stays; a real crowd's largest class over its thin ones
THINNING = 10
LEAST_ROWS = 2


class Crowd(NamedTuple):
    """Rows and worker labels (-1: not labelled) to train on, and rows to test on.

    ``y_train`` is for scores and for the oracle. A crowd without rows has None in place of
    ``X_train``, ``X_test`` and ``y_test``.
    """

    X_train: np.ndarray | None
    worker_labels: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray | None = None
    y_test: np.ndarray | None = None


# X and y of a set to simulate on, or a real crowd
Source = Crowd | tuple[np.ndarray, np.ndarray]


@lru_cache(maxsize=1)
def load_source(name: str, data_dir: Path | None) -> Source:
    """What all seeds of a set start from; ends the program with a line if it is not there."""
    if name in SIMULATED:
        return load(name, data_dir)
    if data_dir is None:
        raise SystemExit(f"--sets {name} needs --data-dir")
    path = data_dir / f"{(REAL | LABELS_ONLY)[name.removesuffix(THIN)]}.npz"
    if not path.exists():
        raise SystemExit(f"--sets {name} needs the file {path}")
    arrays = np.load(path)
    labels = arrays["worker_labels"].astype(int)
    if name in LABELS_ONLY:
        return Crowd(None, labels, arrays["y"].astype(int))
    rows = [arrays[key].astype(float) for key in ("X_train", "X_test")]
    truth = [arrays[key].astype(int) for key in ("y_train", "y_test")]
    return Crowd(rows[0], labels, truth[0], rows[1], truth[1])


def check(name: str, settings: Settings, *, labels_alone: bool = False) -> None:
    """See that a set is there, and that it has rows to learn from if it must."""
    if name not in SETS:
        raise SystemExit(f"--sets {name}: a set is one of {', '.join(SETS)}")
    if name in LABELS_ONLY and not labels_alone:
        raise SystemExit(f"--sets {name}: labels only, for the question aggregators")
    load_source(name, settings.data_dir)


@lru_cache(maxsize=1)
def crowd_of(name: str, data_dir: Path | None, seed: int) -> Crowd:
    """One seed of a set, standardised."""
    random_state = np.random.RandomState(seed)
    source = load_source(name, data_dir)
    if name in SIMULATED:
        crowd = simulate_crowd(*source, SIMULATED[name], random_state)
    elif name in THINNED:
        crowd = thin_classes(source, random_state)
    else:
        crowd = source
    if crowd.X_train is None:
        return crowd
    scaler = StandardScaler().fit(crowd.X_train)
    return crowd._replace(
        X_train=scaler.transform(crowd.X_train), X_test=scaler.transform(crowd.X_test)
    )


def simulate_crowd(
    X: np.ndarray, y: np.ndarray, n_workers: int, random_state: np.random.RandomState
) -> Crowd:
    """An imbalanced crowd of two random classes, 0 and the rare 1, with a balanced test part."""
    pair = random_state.permutation(np.unique(y))[:2]
    n_each = min(np.sum(y == label) for label in pair)
    n_train = n_each - int(TEST_SHARE * n_each)
    chosen = [random_state.permutation(np.flatnonzero(y == label))[:n_each] for label in pair]
    train = np.concatenate([rows[:n_train] for rows in chosen])
    test = np.concatenate([rows[n_train:] for rows in chosen])
    truth = np.repeat([0, 1], n_train)
    # on the balanced rows, before the rare ones are removed
    difficulty = _difficulty(X[train], truth, draw_seed(random_state))
    rare = n_train + random_state.permutation(n_train)[: n_train // THINNING]
    kept = random_state.permutation(np.concatenate([np.arange(n_train), rare]))
    labels = make_crowd_labels(
        truth[kept],
        n_workers,
        difficulty=difficulty[kept],
        error_rate=(0.25, 0.5),
        random_state=draw_seed(random_state),
    ).worker_labels
    test_truth = np.repeat([0, 1], n_each - n_train)
    return Crowd(X[train[kept]], labels, truth[kept], X[test], test_truth)


def _difficulty(X: np.ndarray, truth: np.ndarray, seed: int) -> np.ndarray:
    with warnings.catch_warnings():
        # a pair of classes that it cannot tell apart to 98 % is a pair of the benchmark too
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimate_difficulty(X, truth, random_state=seed)


def thin_classes(crowd: Crowd, random_state: np.random.RandomState) -> Crowd:
    """A real crowd, of which a random half of the classes has a tenth of the largest one's rows.

    The test part stays as it is.
    """
    classes, counts = np.unique(crowd.y_train, return_counts=True)
    thin = random_state.permutation(classes)[: len(classes) // 2]
    n_thin = max(LEAST_ROWS, round(counts.max() / THINNING))
    kept = []
    for label in classes:
        rows = random_state.permutation(np.flatnonzero(crowd.y_train == label))
        kept.append(rows[:n_thin] if label in thin else rows)
    rows = random_state.permutation(np.concatenate(kept))
    return crowd._replace(
        X_train=crowd.X_train[rows],
        worker_labels=crowd.worker_labels[rows],
        y_train=crowd.y_train[rows],
    )
