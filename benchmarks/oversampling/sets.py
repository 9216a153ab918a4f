"""Sets of chapter 2 and the split of each seed, by the protocol of section 2.4.1.

A set that is thinned is named with its ratio of minority to majority rows, ``usps-0.01``;
one that is taken as imbalanced as it is has none, ``abalone19``.
"""

import gzip
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state

from benchmarks.question import Settings
from sklearn_imbgen.datasets import fetch_gisette, make_binary_imbalance

Table = tuple[np.ndarray, np.ndarray]
TEST_SIZE = 0.2


def digits(_: Path | None) -> Table:
    """8 x 8 digits of scikit-learn, pixels in [0, 1]."""
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def gisette(_: Path | None) -> Table:
    """Gisette as published, fetched from OpenML or read from scikit-learn's cache."""
    try:
        with warnings.catch_warnings():
            # one warning per failed attempt, before the error that says all of it
            warnings.simplefilter("ignore")
            return fetch_gisette(return_X_y=True)
    except (ConnectionError, ValueError) as error:
        raise SystemExit(f"gisette: {error}") from error


def arrays_of(name: str, *, scale: float = 1.0) -> Callable[[Path], Table]:
    """Loader of X / scale and y from a file of --data-dir."""

    def load_set(folder: Path) -> Table:
        arrays = np.load(folder / f"{name}.npz")
        return arrays["X"].astype(float) / scale, arrays["y"]

    return load_set


def one_against_rest(name: str, positive: int = 1) -> Callable[[Path], Table]:
    """Loader of a naturally imbalanced set: one class, labelled 1, against all others."""

    def load_set(folder: Path) -> Table:
        X, y = arrays_of(name)(folder)
        return X, (y == positive).astype(int)

    return load_set


def car_vgood(folder: Path) -> Table:
    """Car evaluation: six categorical columns as 21 columns of 0 and 1."""
    with gzip.open(folder / "car_vgood.csv.gz", "rt") as file:
        frame = pd.read_csv(file, dtype=str)
    y = (frame.pop("Class") == "positive").to_numpy().astype(int)
    return pd.get_dummies(frame).to_numpy(float), y


# Thinned to the ratio in their name: balanced as they are, or with the majority class whole.
BALANCED: dict[str, Callable[..., Table]] = {
    "digits": digits,
    "usps": arrays_of("usps", scale=2000),
    "sensorless": arrays_of("sensorless_classes_1_5"),
    "gas_drift": arrays_of("gsad_raw_8batches"),
    "madelon": arrays_of("madelon"),
    "gisette": gisette,
}
# Taken as imbalanced as they are; the minority is labelled 1.
NATURAL: dict[str, Callable[..., Table]] = {
    "yeast_me2": one_against_rest("yeast_me2"),
    "abalone19": one_against_rest("abalone19"),
    "page_blocks0": one_against_rest("page_blocks0"),
    "satimage": one_against_rest("satimage", positive=4),
    "mammography": one_against_rest("mammography"),
    "car_vgood": car_vgood,
}
WITHOUT_FOLDER = ("digits", "gisette")
# Brought to mean 0 and variance 1, by the training rows. All others go to every method and
# classifier as they are loaded: pixels and 0/1 columns share one unit already, and the
# dissertation names no scaling for its sets.
STANDARDISED = frozenset({"yeast_me2", "abalone19", "page_blocks0", "satimage", "mammography"})


class Split(NamedTuple):
    """Rows to train and to test on, their labels, and which label is the minority's.

    ``X_removed`` are the minority rows that thinning took out of the training part.
    """

    X_train: np.ndarray
    X_test: np.ndarray
    y_train: np.ndarray
    y_test: np.ndarray
    minority: Any
    X_removed: np.ndarray | None = None

    @property
    def n_minority(self) -> int:
        """Minority rows in the training part."""
        return int(np.sum(self.y_train == self.minority))


@lru_cache(maxsize=1)
def load(table: str, data_dir: Path | None) -> Table:
    """Rows (float64) and labels; ends the program with one line if they are not there."""
    if table not in WITHOUT_FOLDER and data_dir is None:
        raise SystemExit(f"--sets {table} needs --data-dir")
    try:
        return (BALANCED | NATURAL)[table](data_dir)
    except FileNotFoundError as error:
        raise SystemExit(f"--sets {table} needs the file {error.filename}") from error


def table_and_ratio(name: str) -> tuple[str, float | None]:
    """The two parts of a set's name; ends the program with one line if it is unknown."""
    table, _, ratio = name.rpartition("-")
    if name in NATURAL:
        return name, None
    try:
        if table in BALANCED and 0 < float(ratio) <= 1:
            return table, float(ratio)
    except ValueError:
        pass
    raise SystemExit(
        f"--sets {name}: a set is one of {', '.join(NATURAL)}, or one of {', '.join(BALANCED)} "
        "with its ratio of minority to majority rows, such as digits-0.05"
    )


def check(name: str, settings: Settings) -> None:
    """See that a set is there."""
    load(table_and_ratio(name)[0], settings.data_dir)


@lru_cache(maxsize=1)
def split_of(name: str, data_dir: Path | None, seed: int) -> Split:
    """One seed of a set, as all methods and classifiers get it."""
    table, ratio = table_and_ratio(name)
    split = split_rows(table, *load(table, data_dir), ratio, seed)
    if table not in STANDARDISED:
        return split
    scaler = StandardScaler().fit(split.X_train)
    return split._replace(
        X_train=scaler.transform(split.X_train), X_test=scaler.transform(split.X_test)
    )


def split_rows(table: str, X: np.ndarray, y: np.ndarray, ratio: float | None, seed: int) -> Split:
    """Training and test rows; without a ratio 80 to 20, stratified."""
    if ratio is None:
        parts = train_test_split(X, y, test_size=TEST_SIZE, stratify=y, random_state=seed)
        return Split(*parts, minority=1)
    if table == "sensorless":
        return split_short_minority(X, y, majority=1, ratio=ratio, seed=seed)
    made = make_binary_imbalance(X, y, ratio=ratio, test_size=TEST_SIZE, random_state=seed)
    used = np.concatenate([made.train_indices, made.test_indices])
    removed = np.setdiff1d(np.flatnonzero(y == made.minority), used)
    return Split(made.X_train, made.X_test, made.y_train, made.y_test, made.minority, X[removed])


def split_short_minority(
    X: np.ndarray, y: np.ndarray, *, majority: Any, ratio: float, seed: int
) -> Split:
    """Split where only the majority class has all its rows.

    As in the protocol, 80 % of the majority rows are trained on, beside ``ratio`` times as
    many minority rows, and the test part is balanced. But a fifth of a short class would be
    few test rows, so all minority rows that are not trained on are tested on, against as
    many of the majority's fifth (or as many as it has). The minority is a random class
    among those with enough rows.
    """
    rng = check_random_state(seed)
    rows = rng.permutation(np.flatnonzero(y == majority))
    n_test = int(TEST_SIZE * len(rows))
    majority_test, majority_train = rows[:n_test], rows[n_test:]
    n_keep = int(np.floor(ratio * len(majority_train) + 1e-9))
    labels = [label for label in rng.permutation(np.unique(y)) if label != majority]
    enough = [label for label in labels if n_keep <= (1 - TEST_SIZE) * np.sum(y == label)]
    if n_keep < 1 or not enough:
        raise SystemExit(f"ratio {ratio} asks for {n_keep} minority rows, which no class can give")
    mixed = rng.permutation(np.flatnonzero(y == enough[0]))
    minority_train, minority_test = mixed[:n_keep], mixed[n_keep:]
    n_each = min(len(minority_test), len(majority_test))
    train = np.sort(np.concatenate([majority_train, minority_train]))
    test = np.sort(np.concatenate([majority_test[:n_each], minority_test[:n_each]]))
    return Split(X[train], X[test], y[train], y[test], enough[0])
