"""Data sets of the benchmarks: digits ship with scikit-learn, the others come from --data-dir."""

import gzip
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

from sklearn_imbgen.datasets import fetch_gisette

Table = tuple[np.ndarray, np.ndarray]


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


# Thinned to --ratios: balanced as they are, or with the majority class whole.
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
SETS = BALANCED | NATURAL
WITHOUT_FOLDER = ("digits", "gisette")

# Sets whose columns are brought to mean 0 and variance 1, by the training rows. All others
# go to every method and classifier as they are loaded: pixels and 0/1 columns share one
# unit already, and the dissertation names no scaling for its sets.
STANDARDISED = frozenset({"yeast_me2", "abalone19", "page_blocks0", "satimage", "mammography"})


def load(name: str, data_dir: Path | None) -> Table:
    """Rows (float64) and labels of a set; ends the program with one line if it is not there."""
    if name not in WITHOUT_FOLDER and data_dir is None:
        raise SystemExit(f"--sets {name} needs --data-dir")
    try:
        return SETS[name](data_dir)
    except FileNotFoundError as error:
        raise SystemExit(f"--sets {name} needs the file {error.filename}") from error


def scaling_of(name: str) -> str:
    """What ``prepare`` does to a set: "standard" or "raw"."""
    return "standard" if name in STANDARDISED else "raw"


def prepare(name: str, X_train: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Rows as all methods and classifiers get them: the one place for preprocessing."""
    if scaling_of(name) == "raw":
        return [X_train, *others]
    scaler = StandardScaler().fit(X_train)
    return [scaler.transform(rows) for rows in (X_train, *others)]
