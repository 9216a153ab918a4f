"""The over-samplers under test, each at its defaults, behind one function."""

import logging
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE, RandomOverSampler

from sklearn_imbgen.over_sampling import BAGAN, GLGAN, SWIM, ConditionalGAN, ImbMix, LatentSMOTE

# seed and number of minority rows in training -> sampler
Maker = Callable[[int, int], Any]


class SmoteVariant:
    """A method of the package smote_variants, with ``fit_resample``.

    The package takes labels 0 and 1 only, returns the data as they are where it finds too
    few usable minority rows, and NRAS drops minority rows that it holds for noise. Rows
    come back as majority, kept minority, new minority.

    Attributes
    ----------
    n_new_ : int
        New rows, at the end of the result.
    """

    def __init__(self, name: str, seed: int) -> None:
        # the package imports TensorFlow; here, so that no fit_resample pays for it
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import smote_variants

        logging.getLogger("smote_variants").setLevel(logging.ERROR)
        self.method = getattr(smote_variants, name)(random_state=seed)

    def fit_resample(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Both classes at the size of the majority, or the rows as they are."""
        labels, codes = np.unique(y, return_inverse=True)
        rare = int(np.argmin(np.bincount(codes)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            X_out, y_out = self.method.sample(X, (codes == rare).astype(int))
        known, made = X[codes == rare], X_out[y_out == 1]
        n_kept = leading_originals(known, made)
        self.n_new_ = len(made) - n_kept
        X_all = np.concatenate([X[codes != rare], made])
        return X_all, labels[np.repeat([1 - rare, rare], [np.sum(codes != rare), len(made)])]


def leading_originals(originals: np.ndarray, rows: np.ndarray) -> int:
    """How many rows at the start are originals in their order, some of which may lack."""
    n_found = position = 0
    while position < len(originals) and n_found < len(rows):
        # NRAS scales and scales back, hence not the same bits
        n_found += np.allclose(rows[n_found], originals[position], rtol=1e-6, atol=1e-9)
        position += 1
    return n_found


def neighbors(n_minority: int) -> int:
    """The usual five neighbors, or as many as the minority has."""
    return min(5, n_minority - 1)


SAMPLERS: dict[str, Maker] = {
    "RandomOverSampler": lambda seed, n: RandomOverSampler(random_state=seed),
    "SMOTE": lambda seed, n: SMOTE(random_state=seed, k_neighbors=neighbors(n)),
    "BorderlineSMOTE": lambda seed, n: BorderlineSMOTE(random_state=seed, k_neighbors=neighbors(n)),
    "ADASYN": lambda seed, n: ADASYN(random_state=seed, n_neighbors=neighbors(n)),
    "MDO": lambda seed, n: SmoteVariant("MDO", seed),
    "NRAS": lambda seed, n: SmoteVariant("NRAS", seed),
    "SWIM": lambda seed, n: SWIM(random_state=seed),
    "BAGAN": lambda seed, n: BAGAN(random_state=seed),
    "ConditionalGAN": lambda seed, n: ConditionalGAN(random_state=seed),
    "LatentSMOTE": lambda seed, n: LatentSMOTE(random_state=seed),
    "ImbMix": lambda seed, n: ImbMix(random_state=seed),
    "GLGAN": lambda seed, n: GLGAN(random_state=seed),
}
# methods that need a package this project does not install
PACKAGE_OF = {"MDO": "smote_variants", "NRAS": "smote_variants", "CTGAN": "ctgan"}


def is_installed(method: str) -> bool:
    """Whether the package that a method comes from is there."""
    return method not in PACKAGE_OF or find_spec(PACKAGE_OF[method]) is not None


class Resampled(NamedTuple):
    """Rows after resampling, the new ones among them, wall seconds, and why none were made."""

    X: np.ndarray
    y: np.ndarray
    synthetic: np.ndarray
    seconds: float
    refusal: str


def resample(maker: Maker, X: np.ndarray, y: np.ndarray, seed: int, n_minority: int) -> Resampled:
    """Resampled rows, or the rows as they are where the method refuses to make any."""
    # making a sampler may import its package, which is no part of its time
    sampler = maker(seed, n_minority)
    start = time.perf_counter()
    try:
        X_out, y_out = sampler.fit_resample(X, y)
    # ArithmeticError: a training that diverged
    except (ValueError, RuntimeError, ArithmeticError) as error:
        refusal = str(error).partition("\n")[0]
        return Resampled(X, y, X[:0], time.perf_counter() - start, refusal)
    seconds = time.perf_counter() - start
    n_new = getattr(sampler, "n_new_", len(y_out) - len(y))
    if n_new == 0:
        return Resampled(X, y, X[:0], seconds, "made no rows")
    if not np.isfinite(X_out).all():
        return Resampled(X, y, X[:0], seconds, "made rows with NaN or infinity")
    return Resampled(X_out, y_out, X_out[len(X_out) - n_new :], seconds, "")
