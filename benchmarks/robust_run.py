"""Trainings of the robust benchmarks: one run, many runs, and the command line around them."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imb_mix_parts
import numpy as np
import pandas as pd
import robust_parts
from cluster import parallel_options, running_on
from joblib import Parallel, delayed
from robust_data import Split, make_split
from robust_methods import settings_of
from robust_networks import one_thread
from robust_parts import Part
from robust_tables import BOTH, MEASURES
from tqdm.auto import tqdm

from sklearn_imbgen.metrics import under_represented

PARTS = robust_parts.PARTS | imb_mix_parts.PARTS
COLUMNS = ["part", "norm", "set", "seed", "method", *MEASURES, *BOTH, "seconds"]
KEY = ["part", "norm", "set", "seed", "method"]


def class_averages(right: np.ndarray, y: np.ndarray, class_counts: np.ndarray) -> tuple[float, ...]:
    """Mean over all classes, and over the half with the fewest training rows, in percent."""
    per_class = np.array([right[y == label].mean() for label in np.unique(y)])
    return 100 * per_class.mean(), 100 * per_class[under_represented(class_counts)].mean()


def score(clf: Any, split: Split, attacks: dict[str, Callable[..., Any]]) -> dict[str, float]:
    """Accuracies of a fitted net; each attack can only take from what is right unattacked."""
    X, y = split.test
    standard = clf.predict(X) == y
    row = dict(zip(MEASURES[:2], class_averages(standard, y, split.class_counts), strict=True))
    withstood = standard
    for names, attack in zip((MEASURES[2:], BOTH), attacks.values(), strict=False):
        withstood = withstood & (clf.predict(attack(clf, X, y)) == y)
        row |= dict(zip(names, class_averages(withstood, y, split.class_counts), strict=True))
    return row


def run_one(
    part: str,
    method: str,
    name: str,
    norm: str,
    seed: int,
    data_dir: Path | None,
    device: str,
) -> dict:
    """Train and score one method on one seed of a set."""
    one_thread()
    chosen = PARTS[part]
    split = make_split(chosen.set_of(name, method), data_dir, seed)
    common = {**settings_of(name, norm), "random_state": seed, "device": device}
    clf = chosen.build(method, common, split)
    start = time.perf_counter()
    clf.fit(*split.train)
    seconds = time.perf_counter() - start
    about = {"part": part, "norm": norm, "set": name, "seed": seed, "method": method}
    return {**about, **score(clf, split, chosen.attacks(method)), "seconds": seconds}


def run_all(
    part: str,
    sets: list[str],
    methods: list[str],
    *,
    norm: str,
    seeds: range,
    data_dir: Path | None,
    device: str = "cpu",
    jobs: int = 1,
    output: Path | None = None,
) -> pd.DataFrame:
    """Scores of every set, seed and method; those that the file has already are not run again."""
    known = pd.read_csv(output) if output is not None and output.exists() else None
    if known is None:
        known = pd.DataFrame(columns=COLUMNS)
        if output is not None:
            output.parent.mkdir(parents=True, exist_ok=True)
            known.to_csv(output, index=False)
    wanted = [
        (part, norm, name, seed, method) for name in sets for seed in seeds for method in methods
    ]
    done = set(known[KEY].itertuples(index=False, name=None))
    todo = [
        delayed(run_one)(part, method, name, norm, seed, data_dir, device)
        for _, _, name, seed, method in (key for key in wanted if key not in done)
    ]
    found = [known] if len(known) else []
    running = Parallel(n_jobs=jobs, return_as="generator_unordered")(todo)
    for row in tqdm(running, total=len(todo), unit="training"):
        frame = pd.DataFrame([row]).reindex(columns=COLUMNS)
        if output is not None:
            frame.to_csv(output, mode="a", header=False, index=False)
        found.append(frame)
    every = pd.concat(found, ignore_index=True)
    place = {key: number for number, key in enumerate(wanted)}
    every["place"] = [place.get(key, -1) for key in every[KEY].itertuples(index=False, name=None)]
    every = every[every["place"] >= 0].sort_values("place", kind="stable")
    return every.drop(columns="place").reset_index(drop=True)


def choose_methods(part: Part, asked: list[str] | None) -> list[str]:
    """Methods of a part, all or those asked for."""
    unknown = [name for name in asked or () if name not in part.methods]
    if unknown:
        raise SystemExit(f"no method {', '.join(unknown)}; there are: {'; '.join(part.methods)}")
    return asked or list(part.methods)


def parse(doc: str, parts: dict[str, Part], default: str) -> argparse.Namespace:
    """Options of a script with these parts."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=parts, default=default)
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of the sets' files")
    parser.add_argument("--sets", nargs="+", default=["digits-step-20"], metavar="SET")
    parser.add_argument("--norm", choices=("linf", "l2"), default="linf")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parallel_options(parser, "trainings")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--methods", nargs="+", metavar="METHOD", help="rows of the table")
    parser.add_argument("--output", type=Path, metavar="FILE.csv",
                        help="raw scores; gone on with if it exists")  # fmt: skip
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="figure of the part")
    options = parser.parse_args()
    if options.plot is not None and not parts[options.part].quantity:
        raise SystemExit(f"--part {options.part} has no figure")
    options.methods = choose_methods(parts[options.part], options.methods)
    return options


def scores_of(options: argparse.Namespace) -> pd.DataFrame:
    """Scores of what the options ask for."""
    with running_on(options.cluster):
        return run_all(
            options.part,
            options.sets,
            options.methods,
            norm=options.norm,
            seeds=range(options.first_seed, options.first_seed + options.seeds),
            data_dir=options.data_dir,
            device=options.device,
            jobs=options.jobs,
            output=options.output,
        )
