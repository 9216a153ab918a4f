"""Time and memory of Dawid-Skene EM per iteration, beside crowd-kit, from the same start.

    python benchmarks/dawid_skene.py
    python benchmarks/dawid_skene.py --annotations 100000 1000000 --iterations 10

Random crowds with five labels per row. Both do the same number of iterations without smoothing;
the time includes the set-up. crowd-kit is left out unless it is installed (pip install crowd-kit).
"""

import argparse
import time
import tracemalloc
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

from sklearn_imbgen.aggregation import (
    CrowdLabels,
    dawid_skene,
    vote_proportions,
)

PER_ROW = 5
CROWDS = ((2, 11), (2, 1000), (10, 11), (10, 1000))
OURS, RIVAL = "sklearn_imbgen", "crowd-kit"


class Cost(NamedTuple):
    """CPU milliseconds per iteration, and peak megabytes above those before."""

    milliseconds: float
    megabytes: float


def make_crowd(n_classes: int, n_workers: int, n_annotations: int) -> CrowdLabels:
    """Rows of five labels, 70 % of them of the first class; skills from 0.5 to 0.9."""
    random_state = np.random.RandomState(0)
    n_rows = n_annotations // PER_ROW
    # each of five parts of the crowd sends one worker to a row
    bounds = np.linspace(0, n_workers, PER_ROW + 1).astype(int)
    worker = random_state.randint(bounds[:-1], bounds[1:], size=(n_rows, PER_ROW))
    share = np.array([0.7] + [0.3 / (n_classes - 1)] * (n_classes - 1))
    truth = random_state.choice(n_classes, size=(n_rows, 1), p=share)
    right = (
        random_state.uniform(size=worker.shape) < random_state.uniform(0.5, 0.9, n_workers)[worker]
    )
    code = np.where(right, truth, random_state.randint(n_classes, size=worker.shape))
    row = np.repeat(np.arange(n_rows), PER_ROW)
    names = np.arange(n_classes), np.arange(n_workers)
    return CrowdLabels(row, worker.ravel(), code.ravel(), n_rows, *names)


def run_ours(labels: CrowdLabels, iterations: int) -> np.ndarray:
    """Posterior after some iterations from the shares of the vote."""
    return dawid_skene(labels, vote_proportions(labels), max_iter=iterations, tol=0).posterior


def run_rival(labels: CrowdLabels, iterations: int) -> np.ndarray:
    """Posterior of crowd-kit; a tolerance below zero lets it do all iterations."""
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    columns = {"task": labels.sample, "worker": labels.worker, "label": labels.code}
    rival = DawidSkene(n_iter=iterations, tol=-np.inf).fit(pd.DataFrame(columns))
    return rival.probas_.sort_index().reindex(columns=labels.classes, fill_value=0).to_numpy()


RUNS = {OURS: run_ours, RIVAL: run_rival}


def measure(method: str, labels: CrowdLabels, iterations: int, rounds: int) -> Cost:
    """CPU time of the cheapest of some rounds, and the memory of one more."""
    RUNS[method](make_crowd(2, PER_ROW, 1000), 1)  # imports
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        RUNS[method](labels, iterations)
        seconds.append(time.process_time() - start)
    tracemalloc.start()
    RUNS[method](labels, iterations)
    megabytes = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return Cost(1000 * min(seconds) / iterations, megabytes)


def growth(costs: dict[int, Cost]) -> float:
    """Exponent p of time ~ annotations**p, by least squares: 1 is linear."""
    annotations = np.log(list(costs))
    return float(np.polyfit(annotations, np.log([c.milliseconds for c in costs.values()]), 1)[0])


def compare(labels: CrowdLabels, ours: Cost, options: argparse.Namespace) -> str:
    """What crowd-kit takes, and how far its posteriors are from ours."""
    rival = measure(RIVAL, labels, options.iterations, options.rounds)
    gap = np.abs(run_ours(labels, options.iterations) - run_rival(labels, options.iterations)).max()
    ratio = rival.milliseconds / ours.milliseconds
    return f"{rival.milliseconds:12.1f} {rival.megabytes:9.0f} {ratio:6.0f} {gap:10.1e}"


def main() -> None:
    """Print a line per crowd and how our time grows with the annotations."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--annotations", nargs="+", type=int, default=[10**4, 10**5, 10**6])
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    has_rival = find_spec("crowdkit") is not None
    print(f"CPU ms per iteration, {options.iterations} iterations, peak MB of arrays")
    heading = f"{RIVAL + ' ms':>12} {'MB':>9} {'ratio':>6} {'difference':>10}"
    print("classes workers annotations    our ms        MB", heading if has_rival else "")
    for n_classes, n_workers in CROWDS:
        costs = {}
        for n_annotations in sorted(options.annotations):
            labels = make_crowd(n_classes, n_workers, n_annotations)
            costs[n_annotations] = ours = measure(OURS, labels, options.iterations, options.rounds)
            beside = compare(labels, ours, options) if has_rival else ""
            crowd = f"{n_classes:7} {n_workers:7} {n_annotations:11,}"
            print(f"{crowd} {ours.milliseconds:9.2f} {ours.megabytes:9.0f} {beside}", flush=True)
        if len(costs) > 1:
            print(f"   our time grows as annotations to the power {growth(costs):.2f} (1: linear)")
    if not has_rival:
        print("crowd-kit is not installed (pip install crowd-kit): no comparison")


if __name__ == "__main__":
    main()
