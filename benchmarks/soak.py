"""Does anything grow? Many fits of every public estimator in one process.

    python benchmarks/soak.py [--fits 300]

Prints, per estimator, by how much resident memory, threads and open files have grown between an
early fit, when everything is loaded, and the last one.
"""

import argparse
import gc
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import psutil
from sklearn.base import clone
from sklearn.datasets import make_classification

from sklearn_imbgen import crowd, over_sampling, robust

TINY = {"hidden_dims": (16,), "random_state": 0}
LATENT = {**TINY, "latent_dim": 4, "batch_size": 16, "steps_per_epoch": 2}
NET = {"max_epochs": 2, "n_steps": 2, "batch_size": 32, "random_state": 0}
ESTIMATORS = {
    "GLGAN": over_sampling.GLGAN(autoencoder_epochs=2, max_epochs=1, **LATENT),
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


def main() -> None:
    """Print a line per estimator."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--fits", type=int, default=300, help="of each estimator (default: 300)")
    parser.add_argument("--methods", nargs="+", default=list(ESTIMATORS), choices=ESTIMATORS)
    options = parser.parse_args()
    # so few epochs and rows are warned of
    warnings.simplefilter("ignore")
    X, y, votes = data()
    n_warm = max(1, round(WARM * options.fits))
    print(f"growth from fit {n_warm} to fit {options.fits} of each estimator")
    print(f"{'':>22} {'MB':>7} {'threads':>8} {'files':>6}")
    for name in options.methods:
        grown = soak(lambda name=name: use(name, X, y, votes), options.fits)
        print(f"{name:>22} {grown['MB']:7.2f} {grown['threads']:8.0f} {grown['files']:6.0f}")
    end = footprint()
    print(f"at the end: {end['MB']:.0f} MB, {end['threads']} threads, {end['files']} open files")


if __name__ == "__main__":
    main()
