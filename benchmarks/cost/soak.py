"""Does anything grow? Many fits of every public estimator in one process.

A set is a number of fits. Told is by how much resident memory, threads and open files have grown
between an early fit, when everything is loaded, and the last one.

    python -m benchmarks soak
"""

import gc
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import psutil
from sklearn.base import clone
from sklearn.datasets import make_classification

from benchmarks.question import Question, Row, Settings
from benchmarks.tables import titled
from sklearn_imbgen import crowd, over_sampling, robust

TINY = {"hidden_dims": (16,), "random_state": 0}
LATENT = {**TINY, "latent_dim": 4, "batch_size": 16, "steps_per_epoch": 2}
NET = {"max_epochs": 2, "n_steps": 2, "batch_size": 32, "random_state": 0}
ESTIMATORS = {
    "GLGAN": over_sampling.GLGAN(
        latent_smote=over_sampling.LatentSMOTE(autoencoder_epochs=2, **LATENT),
        max_epochs=1,
        random_state=0,
    ),
    "LatentSMOTE": over_sampling.LatentSMOTE(autoencoder_epochs=2, **LATENT),
    "ConditionalGAN": over_sampling.ConditionalGAN(max_epochs=2, **LATENT),
    "BAGAN": over_sampling.BAGAN(autoencoder_epochs=2, max_epochs=1, **LATENT),
    "SWIM": over_sampling.SWIM(random_state=0),
    "ImbMix": over_sampling.ImbMix(max_epochs=2, n_steps=2, random_state=0),
    "AdversarialClassifier": robust.AdversarialClassifier(**NET),
    "SRATClassifier": robust.SRATClassifier(**NET),
    "ImbMixClassifier": robust.ImbMixClassifier(**NET),
    "ICEDClassifier": crowd.ICEDClassifier(n_networks=2, max_epochs=2, **TINY),
    "CrowdLayerClassifier": crowd.CrowdLayerClassifier(max_epochs=2, **TINY),
    "MBEMClassifier": crowd.MBEMClassifier(max_epochs=2, **TINY),
    "AggregateThenFit": crowd.AggregateThenFit(),
    "DawidSkene": crowd.DawidSkene(),
    "MajorityVote": crowd.MajorityVote(),
}
MEASURES = ("MB", "threads", "files")
# fits of each kind before the first measurement
WARM = 1 / 6


def data() -> tuple[Any, Any, Any]:
    """Rows, labels of which a tenth are rare, and the answers of three workers."""
    X, y = make_classification(200, n_features=8, weights=[0.9], flip_y=0, random_state=0)
    wrong = np.random.RandomState(0).uniform(size=(len(y), 3)) < 0.2
    return X, y, np.where(wrong, 1 - y[:, None], y[:, None])


def use(name: str, X: Any, y: Any, votes: Any) -> None:
    """Fit a fresh clone and ask it for what it is there for."""
    estimator = clone(ESTIMATORS[name])
    if name in over_sampling.__all__:
        estimator.fit_resample(X, y)
    elif name in robust.__all__:
        estimator.fit(X, y).perturb(X, y, random_state=0)
    elif name in ("DawidSkene", "MajorityVote"):
        estimator.fit(votes)
    else:
        estimator.fit(X, votes).predict_proba(X)


def footprint() -> dict[str, float]:
    """Resident memory in MB, threads and open files of this process."""
    gc.collect()
    process = psutil.Process()
    return {
        "MB": process.memory_info().rss / 2**20,
        "threads": process.num_threads(),
        "files": process.num_fds() if psutil.POSIX else process.num_handles(),
    }


def soak(fit: Callable[[], None], n_fits: int) -> dict[str, float]:
    """Growth between the first sixth of the fits and the last one."""
    n_warm = max(1, round(WARM * n_fits))
    for _ in range(n_warm):
        fit()
    before = footprint()
    for _ in range(n_fits - n_warm):
        fit()
    after = footprint()
    return {name: after[name] - before[name] for name in after}


def run(method: str, name: str, seed: int, settings: Settings) -> list[Row]:
    """What many fits of an estimator leave behind."""
    X, y, votes = data()
    with warnings.catch_warnings():
        # so few epochs and rows are warned of
        warnings.simplefilter("ignore")
        return [soak(lambda: use(method, X, y, votes), int(name))]


def report(scores: pd.DataFrame) -> str:
    """A line per estimator."""
    table = scores.set_index(["set", "method"])[list(MEASURES)]
    return titled("Growth from the first sixth of the fits to the last", table.round(2))


def check(name: str, _: Settings) -> None:
    """See that a set is a number of fits."""
    if not name.isdigit() or int(name) < 2:
        raise SystemExit(f"--sets {name}: a set is a number of fits from 2 on")


QUESTIONS = {
    "soak": Question(
        about=__doc__ or "",
        run=run,
        methods=ESTIMATORS,
        measures=MEASURES,
        report=report,
        sets=("300",),
        check=check,
        seeds=1,
        alone=True,
    )
}
