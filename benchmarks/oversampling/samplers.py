"""The over-samplers under test, each at its defaults, behind one function."""

import logging
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE, RandomOverSampler

from sklearn_imbgen.over_sampling import BAGAN, GLGAN, SWIM, ConditionalGAN, ImbMix, LatentSMOTE

# seed and number of minority rows in training -> sampler
Maker = Callable[[int, int], Any]


class SmoteVariant:
    """A method of the package smote_variants, with ``fit_resample``.

    The package takes labels 0 and 1 only, returns the data as they are where it finds too
    few usable minority rows, and NRAS drops minority rows that it holds for noise.
    """

    def __init__(self, name: str, seed: int) -> None:
        # the package imports TensorFlow; here, so that no fit_resample pays for it
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import smote_variants

        logging.getLogger("smote_variants").setLevel(logging.ERROR)
        self.method = getattr(smote_variants, name)(random_state=seed)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """None: nothing of it is shortened by --quick."""
        return {}

    def fit_resample(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Both classes at the size of the majority, or the rows as they are."""
        labels, codes = np.unique(y, return_inverse=True)
        rare = int(np.argmin(np.bincount(codes)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            X_out, y_out = self.method.sample(X, (codes == rare).astype(int))
        made = X_out[y_out == 1]
        X_all = np.concatenate([X[codes != rare], made])
        return X_all, labels[np.repeat([1 - rare, rare], [np.sum(codes != rare), len(made)])]


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
# packages of methods that this project does not install
PACKAGES = {"MDO": "smote_variants", "NRAS": "smote_variants"}


class Resampled(NamedTuple):
    """Rows after resampling, wall seconds, and why no rows were made."""

    X: np.ndarray
    y: np.ndarray
    seconds: float
    refusal: str = ""


def resample(sampler: Any, X: np.ndarray, y: np.ndarray) -> Resampled:
    """Resampled rows, or the rows as they are where the method refuses to make any."""
    start = time.perf_counter()
    try:
        X_out, y_out = sampler.fit_resample(X, y)
    # ArithmeticError: a training that diverged
    except (ValueError, RuntimeError, ArithmeticError) as error:
        refusal = str(error).partition("\n")[0]
        return Resampled(X, y, time.perf_counter() - start, refusal)
    seconds = time.perf_counter() - start
    if len(y_out) == len(y):
        return Resampled(X, y, seconds, "made no rows")
    if not np.isfinite(X_out).all():
        return Resampled(X, y, seconds, "made rows with NaN or infinity")
    return Resampled(X_out, y_out, seconds)
