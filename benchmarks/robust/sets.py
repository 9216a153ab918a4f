"""Sets of the robust benchmark: imbalanced images to train on, balanced ones to test on."""

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_digits

from benchmarks.question import Settings
from sklearn_imbgen.datasets import make_exponential_imbalance, make_step_imbalance

# rows of the largest class, and test rows per class, of the sets that a CPU trains in minutes
LARGEST = 500
TESTED = 300
# of the 1797 digits
SMALL_LARGEST = 100


class Images(NamedTuple):
    """Images of shape (n, channels, height, width) in [0, 1], and their labels."""

    X: np.ndarray
    y: np.ndarray


class Split(NamedTuple):
    """One seed of a set: what is trained on, and what is tested on."""

    train: Images
    test: Images
    class_counts: np.ndarray


class Source(NamedTuple):
    """A balanced set, its own test part if it has one, and the size of its largest class."""

    pool: Images
    test: Images | None
    largest: int | None


def digits(_: Path | None) -> Source:
    """8 x 8 digits of scikit-learn."""
    X, y = load_digits(return_X_y=True)
    return Source(Images(_images(X / 16, 1, 8), y), None, SMALL_LARGEST)


def usps(folder: Path) -> Source:
    """16 x 16 digits with their official test part."""
    arrays = np.load(folder / "usps.npz")
    images = Images(_images(arrays["X"] / 2000, 1, 16), arrays["y"].astype(int))
    first = arrays["is_train"]
    return Source(_take(images, first), _take(images, ~first), LARGEST)


def mnist(folder: Path) -> Source:
    """28 x 28 digits 0, 1, 4, 7 and 8 of the official test part, split at random."""
    arrays = np.load(folder / "mnist_t10k_digits_01478.npz")
    return Source(Images(_images(arrays["X"] / 255, 1, 28), arrays["y"].astype(int)), None, LARGEST)


def full(name: str) -> Callable[[Path], Source]:
    """A whole set from NAME.npz with X_train, y_train, X_test, y_test (n, 32, 32, 3) uint8."""

    def load(folder: Path) -> Source:
        arrays = np.load(folder / f"{name}.npz")
        parts = [
            Images(_colour(arrays[f"X_{part}"]), arrays[f"y_{part}"].astype(int))
            for part in ("train", "test")
        ]
        return Source(*parts, None)

    return load


SOURCES: dict[str, Callable[..., Source]] = {
    "digits": digits,
    "usps": usps,
    "mnist": mnist,
    "cifar10": full("cifar10"),
    "cifar100": full("cifar100"),
}
# a ready long-tailed part, 1500 to 15 images
LONG_TAILED = "cifar10-long-tailed"
PROFILE = re.compile(r"(\w+)-(step|exp)-(\d+)")


def check(name: str, settings: Settings) -> None:
    """See that a set is there."""
    make_split(name, settings.data_dir, 0)


@lru_cache(maxsize=1)
def make_split(name: str, data_dir: Path | None, seed: int) -> Split:
    """One seed of a set; ends the program with one line if it is unknown or not there."""
    try:
        if name == LONG_TAILED:
            return _long_tailed(_folder(name, data_dir))
        matched = PROFILE.fullmatch(name)
        if matched is None or matched[1] not in SOURCES:
            raise SystemExit(
                f"--sets {name}: a set is {LONG_TAILED}, or one of {', '.join(SOURCES)} with "
                "-step-RATIO or -exp-RATIO"
            )
        folder = None if matched[1] == "digits" else _folder(name, data_dir)
        source = SOURCES[matched[1]](folder)
    except FileNotFoundError as error:
        raise SystemExit(f"--sets {name} needs the file {error.filename}") from error
    return _thin(source, matched[2], int(matched[3]), np.random.RandomState(seed))


def _folder(name: str, data_dir: Path | None) -> Path:
    if data_dir is None:
        raise SystemExit(f"--sets {name} needs --data-dir")
    return data_dir


def _long_tailed(folder: Path) -> Split:
    train, test = (np.load(folder / f"cifar10_{part}.npz") for part in ("exp100_train", "test2000"))
    y = train["y"].astype(int)
    return Split(
        Images(_colour(train["X"]), y),
        Images(_colour(test["X"]), test["y"].astype(int)),
        np.bincount(y),
    )


def _thin(source: Source, profile: str, ratio: int, random_state: np.random.RandomState) -> Split:
    """A balanced draw of the pool, thinned by a profile; what is left is tested on if need be."""
    pool, test = source.pool, source.test
    shuffled = random_state.permutation(len(pool.y))
    largest = source.largest or int(np.bincount(pool.y).min())
    balanced = _first_of_each(pool.y, shuffled, largest)
    if test is None:
        left = np.setdiff1d(shuffled, balanced, assume_unique=True)
        test = _take(pool, _first_of_each(pool.y, random_state.permutation(left), TESTED))
    make = make_step_imbalance if profile == "step" else make_exponential_imbalance
    X, y, _ = make(
        pool.X[balanced], pool.y[balanced], imbalance_ratio=ratio, random_state=random_state
    )
    return Split(Images(X, y), test, np.unique(y, return_counts=True)[1])


def _first_of_each(y: np.ndarray, order: np.ndarray, n_rows: int) -> np.ndarray:
    return np.concatenate([order[y[order] == label][:n_rows] for label in np.unique(y)])


def _take(images: Images, rows: np.ndarray) -> Images:
    return Images(images.X[rows], images.y[rows])


def _images(X: np.ndarray, n_channels: int, side: int) -> np.ndarray:
    return np.ascontiguousarray(X.reshape(-1, n_channels, side, side), dtype=np.float32)


def _colour(X: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(X.transpose(0, 3, 1, 2), dtype=np.float32) / 255
