"""Seconds and peak memory of fit_resample over the number of rows, beside SMOTE.

python benchmarks/speed.py
"""

import argparse
import resource
import subprocess
import sys
import time

import numpy as np
from imblearn.over_sampling import SMOTE

from sklearn_imbgen.over_sampling import GLGAN, ConditionalGAN, LatentSMOTE

METHODS = {"SMOTE": SMOTE, "LatentSMOTE": LatentSMOTE, "ConditionalGAN": ConditionalGAN,
           "GLGAN": GLGAN}  # fmt: skip
SIZES = ((750, 256, 0.02), (1_000, 20, 0.01), (10_000, 20, 0.01), (100_000, 20, 0.01))


def measure(method: str, n_samples: int, n_features: int, minority: float) -> None:
    """Print wall seconds, CPU seconds and peak megabytes of one resampling."""
    random_state = np.random.RandomState(0)
    y = (np.arange(n_samples) < minority * n_samples).astype(int)
    X = random_state.normal(size=(n_samples, n_features)) + y[:, None]
    sampler = METHODS[method](random_state=0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), time.process_time()
    sampler.fit_resample(X, y)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{wall:.2f} {cpu:.2f} {(peak - before) / 1024:.0f}")


def main() -> None:
    """Measure every method at every size, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--one", nargs=4, metavar=("METHOD", "ROWS", "FEATURES", "MINORITY"))
    options = parser.parse_args()
    if options.one:
        method, rows, features, minority = options.one
        measure(method, int(rows), int(features), float(minority))
        return
    print(f"{'rows x features':>16} {'minority':>8} {'method':>15} {'wall s':>7} {'cpu s':>6} "
          f"{'MB above start':>15}")  # fmt: skip
    for rows, features, minority in SIZES:
        for method in METHODS:
            command = [sys.executable, __file__, "--one", method, str(rows), str(features)]
            printed = subprocess.run(
                [*command, str(minority)], check=True, capture_output=True, text=True
            ).stdout.split()
            shape = f"{rows} x {features}"
            print(f"{shape:>16} {minority:>8} {method:>15} {printed[0]:>7} {printed[1]:>6} "
                  f"{printed[2]:>15}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
