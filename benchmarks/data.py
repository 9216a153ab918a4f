"""Data sets of the benchmarks: one that ships with scikit-learn, the others from --data-dir."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

Table = tuple[np.ndarray, np.ndarray]


def digits(_: Path | None) -> Table:
    """8 x 8 digits of scikit-learn, pixels in [0, 1]."""
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def usps(folder: Path) -> Table:
    """USPS digits, pixels in [0, 1]."""
    arrays = np.load(folder / "usps.npz")
    return arrays["X"] / 2000, arrays["y"]


def madelon(folder: Path) -> Table:
    """Madelon as published."""
    arrays = np.load(folder / "madelon.npz")
    return arrays["X"].astype(float), arrays["y"]


def gas_drift(folder: Path) -> Table:
    """Gas Sensor Array Drift, raw features of eight batches."""
    arrays = np.load(folder / "gsad_raw_8batches.npz")
    return arrays["X"].astype(float), arrays["y"]


def one_against_rest(name: str, positive: int = 1) -> Callable[[Path], Table]:
    """Loader of a naturally imbalanced set: one class against all others."""

    def load_set(folder: Path) -> Table:
        arrays = np.load(folder / f"{name}.npz")
        return arrays["X"].astype(float), (arrays["y"] == positive).astype(int)

    return load_set


SETS: dict[str, Callable[..., Table]] = {
    "digits": digits,
    "usps": usps,
    "madelon": madelon,
    "gas_drift": gas_drift,
    "yeast_me2": one_against_rest("yeast_me2"),
    "abalone19": one_against_rest("abalone19"),
    "page_blocks0": one_against_rest("page_blocks0"),
    "satimage": one_against_rest("satimage", positive=4),
    "mammography": one_against_rest("mammography"),
}
# taken as they are; the others are balanced and get thinned
NATURAL = ("yeast_me2", "abalone19", "page_blocks0", "satimage", "mammography")


def load(name: str, data_dir: Path | None) -> Table:
    """Rows and labels of a set; all but digits need the folder of --data-dir."""
    if name != "digits" and data_dir is None:
        raise SystemExit(f"--sets {name} needs --data-dir")
    return SETS[name](data_dir)
