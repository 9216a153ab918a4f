r"""ICED and others on imbalanced crowds, by the protocol of the dissertation's section 3.3.

Simulated sets: per repeat a random pair of classes, balanced to the smaller, 80 % of the rows
to train on. A network's difficulty of each row sets how often workers mislabel it (0.25 to
0.5); then 90 % of the minority is removed. The test part stays balanced. The dissertation
names neither its pairs nor its error rates nor how F1 is averaged, so its numbers beside ours
are a guide, not a target. Its gas_drift has 13910 rows, that of the tests here 6697.

Real sets: music and labelme as they are, where repeats differ only in the methods' seeds, and
with a random half of the classes thinned, by the truth, to a tenth of the largest one
(music_thin, labelme_thin). bluebirds and dog have labels only.

The repeat's number is the seed of everything. Rows are standardised by the training part for
all methods, which run at their defaults. "DNN" is scikit-learn's MLPClassifier((128, 32)) for
50 epochs, or stopped early by a tenth of the rows; "oracle LR" learns the true labels,
class-weighted: the ceiling, no rival. "label accuracy" and "label class mean" are those of the
inferred training labels (of CrowdLayer and CPC: of what they predict for the training rows).

    python benchmarks/crowd.py                            # table 3.2 on digits
    python benchmarks/crowd.py --sets usps gas_drift music_thin labelme_thin music labelme \
        --data-dir DIR --jobs 2 --output FILE.csv
    python benchmarks/crowd.py --sets gisette             # by download
    python benchmarks/crowd.py --part inference           # figure 3.2
    python benchmarks/crowd.py --part warm-up             # table 3.3
    python benchmarks/crowd.py --part ablation
    python benchmarks/crowd.py --part aggregators --sets bluebirds dog music labelme \
        --data-dir DIR --repeats 1    # no row is drawn: all repeats are alike

crowd-kit's and cleanlab's rows need ``pip install crowd-kit cleanlab``.
"""

import argparse
from pathlib import Path

import pandas as pd
from cluster import parallel_options, running_on
from crowd_data import LABELS_ONLY, SETS, Source, load_source, make_crowd
from crowd_methods import MEASURES, Method, is_installed, parts, run_method
from crowd_tables import report
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

PARTS = parts()
COLUMNS = ["part", "set", "repeat", "method", *MEASURES, "seconds", "refusal"]


def run_repeat(part: str, name: str, source: Source, repeat: int, methods: list[str]) -> list[dict]:
    """Rows of all methods on one repeat of a set."""
    # threads of two repeats would wait for each other
    with threadpool_limits(1):
        crowd = make_crowd(name, source, repeat)
        about = {"part": part, "set": name, "repeat": repeat}
        return [
            {**about, **row}
            for method in methods
            for row in run_method(method, PARTS[part][method], crowd, repeat)
        ]


def run_all(
    part: str,
    sources: dict[str, Source],
    methods: list[str],
    *,
    repeats: int,
    jobs: int = 1,
    output: Path | None = None,
) -> pd.DataFrame:
    """Scores of every set, repeat and method, in this order; the file grows as repeats end."""
    todo = [
        delayed(run_repeat)(part, name, source, repeat, methods)
        for name, source in sources.items()
        for repeat in range(repeats)
    ]
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(columns=COLUMNS).to_csv(output, index=False)
    found = []
    running = Parallel(n_jobs=jobs, return_as="generator")(todo)
    for rows in tqdm(running, total=len(todo), unit="repeat"):
        frame = pd.DataFrame(rows).reindex(columns=COLUMNS)
        if output is not None:
            frame.to_csv(output, mode="a", header=False, index=False)
        found.append(frame)
    return pd.concat(found, ignore_index=True)


def choose_methods(part: str, asked: list[str] | None) -> tuple[list[str], list[str]]:
    """Methods of a part that can run, and those that are not installed."""
    methods: dict[str, Method] = PARTS[part]
    unknown = [name for name in asked or () if name not in methods]
    if unknown:
        raise SystemExit(
            f"--part {part} has no method {', '.join(unknown)}; it has: {'; '.join(methods)}"
        )
    chosen = asked or list(methods)
    missing = [name for name in chosen if not is_installed(name)]
    if len(missing) == len(chosen):
        raise SystemExit(f"not installed: {', '.join(missing)}")
    return [name for name in chosen if name not in missing], missing


def main() -> None:
    """Run one part of the benchmark and print its tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=PARTS, default="compare")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of the sets' files")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["digits"], metavar="SET",
                        help=f"any of {', '.join(SETS)}")  # fmt: skip
    parser.add_argument("--repeats", type=int, default=10)
    parallel_options(parser, "repeats")
    parser.add_argument("--output", type=Path, metavar="FILE.csv",
                        help="all raw scores, written as each repeat ends")  # fmt: skip
    parser.add_argument("--methods", nargs="+", metavar="METHOD", help="rows of the part's table")
    options = parser.parse_args()
    bare = [name for name in options.sets if name in LABELS_ONLY]
    if bare and options.part != "aggregators":
        raise SystemExit(f"{', '.join(bare)}: labels only, for --part aggregators")
    if options.output is not None and options.output.exists():
        raise SystemExit(f"{options.output} exists; name another file")
    methods, missing = choose_methods(options.part, options.methods)
    sources = {name: load_source(name, options.data_dir) for name in options.sets}
    with running_on(options.cluster, sources.values()):
        scores = run_all(
            options.part,
            sources,
            methods,
            repeats=options.repeats,
            jobs=options.jobs,
            output=options.output,
        )
    print(report(options.part, scores))
    if missing:
        print(f"\nnot installed: {', '.join(missing)}")


if __name__ == "__main__":
    main()
