"""Time and memory of Dawid-Skene EM per iteration, beside crowd-kit, from the same start.

A set is CLASSESxWORKERSxLABELS, a random crowd with five labels per row. Both do the same number
of iterations without smoothing; the time includes the set-up. Rounds are as many as --seeds, and
the cheapest is kept. crowd-kit needs ``pip install crowd-kit``.

    python -m benchmarks dawid-skene
    python -m benchmarks dawid-skene --sets 10x1000x1000000
"""

import re
import time
import tracemalloc

import numpy as np
import pandas as pd

from benchmarks.cost.measuring import cheapest, growth
from benchmarks.question import Question, Row, Settings
from benchmarks.tables import titled
from sklearn_imbgen.aggregation import (
    CrowdLabels,
    dawid_skene,
    vote_proportions,
)

PER_ROW = 5
ITERATIONS = 5
SETS = tuple(
    f"{classes}x{workers}x{labels}"
    for classes in (2, 10)
    for workers in (11, 1000)
    for labels in (10**4, 10**5, 10**6)
)
OURS, RIVAL = "sklearn_imbgen", "crowd-kit"
MEASURES = ("ms per iteration", "MB", "difference")


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


METHODS = {OURS: run_ours, RIVAL: run_rival}


def sizes_of(name: str) -> tuple[int, int, int]:
    """Classes, workers and labels of a set."""
    matched = re.fullmatch(r"(\d+)x(\d+)x(\d+)", name)
    if matched is None:
        raise SystemExit(f"--sets {name}: a set is CLASSESxWORKERSxLABELS, such as {SETS[0]}")
    return int(matched[1]), int(matched[2]), int(matched[3])


def run(method: str, name: str, seed: int, settings: Settings) -> list[Row]:
    """CPU time of one round, the memory of one more, and how far the posteriors are from ours."""
    labels = make_crowd(*sizes_of(name))
    METHODS[method](make_crowd(2, PER_ROW, 1000), 1)  # imports
    start = time.process_time()
    posterior = METHODS[method](labels, ITERATIONS)
    seconds = time.process_time() - start
    tracemalloc.start()
    METHODS[method](labels, ITERATIONS)
    megabytes = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    difference = np.abs(posterior - run_ours(labels, ITERATIONS)).max()
    return [
        {
            "ms per iteration": 1000 * seconds / ITERATIONS,
            "MB": megabytes,
            "difference": difference,
        }
    ]


def report(scores: pd.DataFrame) -> str:
    """The cheapest round of each crowd, and how our time grows with the labels."""
    table = cheapest(scores, list(MEASURES))
    lines = []
    ours = table["ms per iteration"].xs(OURS, level="method")
    for crowd, rows in ours.groupby(lambda name: sizes_of(name)[:2], sort=False):
        if len(rows) > 1:
            power = growth({sizes_of(name)[2]: cost for name, cost in rows.items()})
            kind = "{} classes, {} workers".format(*crowd)
            lines.append(f"{kind}: our time grows as labels to the power {power:.2f} (1: linear)")
    title = f"CPU ms per iteration, {ITERATIONS} iterations, peak MB of arrays"
    shown = table.round({"ms per iteration": 2, "MB": 0})
    shown["difference"] = table["difference"].map("{:.1e}".format)
    return titled(title, shown, lines)


QUESTIONS = {
    "dawid-skene": Question(
        about=__doc__ or "",
        run=run,
        methods=METHODS,
        measures=MEASURES,
        report=report,
        sets=SETS,
        check=lambda name, _: sizes_of(name),
        seeds=3,
        alone=True,
        packages={RIVAL: "crowdkit"},
    )
}
