r"""Over-samplers before three classifiers, by the protocol of the dissertation's section 2.4.1.

Per repeat: a random pair of classes, 80 % of the rows to train on, the minority
thinned to a ratio of the majority, a balanced test part. Every method gets the
same split and seed and runs at its defaults, and so does every classifier.
Of sensorless only class 1 is whole, so it is the majority, and all minority rows
that are not trained on are tested on. Naturally imbalanced sets are split 80/20,
stratified.

"class weights" are the classifiers' own; "tuned boosting" is gradient boosting on
the rows as they are, its threshold tuned for MCC. Where a method makes no rows,
its scores are those of the rows as they are, and it is listed. The dissertation's
class pairs are not stated, so its numbers beside ours are a guide, not a target;
they stand beside ratio 0.01.

    python benchmarks/oversampling.py                     # digits, which ship with scikit-learn
    python benchmarks/oversampling.py --sets usps sensorless gas_drift madelon \
        --data-dir DIR --ratios 0.01 --output FILE.csv    # tables 2.2 to 2.5
    python benchmarks/oversampling.py --sets gisette --ratios 0.01       # 2.6, by download
    python benchmarks/oversampling.py --sets usps --data-dir DIR --ratios 0.01 0.02 0.05 0.1 \
        --methods GLGAN LatentSMOTE ConditionalGAN SMOTE --plot FILE.png # figure 2.4

"all rows" puts the minority rows back that thinning removed: the ceiling, no rival.
MDO and NRAS need ``pip install smote-variants``.
"""

import argparse
from pathlib import Path

from cluster import parallel_options
from data import SETS, load
from evaluation import METHODS
from figures import FIGURE_METHODS, draw_ratios
from samplers import is_installed
from sweep import run_sweep, tasks_of
from tables import report


def protocol_options(parser: argparse.ArgumentParser) -> None:
    """Options of all benchmarks that follow the protocol."""
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of the sets' files")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["digits"], metavar="SET",
                        help=f"any of {', '.join(SETS)}")  # fmt: skip
    parser.add_argument("--ratios", "--ratio", nargs="+", type=float, default=[0.05], metavar="R",
                        help="minority over majority rows in training")  # fmt: skip
    parser.add_argument("--repeats", type=int, default=10)
    parallel_options(parser, "repeats")
    parser.add_argument("--output", type=Path, metavar="FILE.csv",
                        help="all raw scores, written as each repeat ends")  # fmt: skip
    parser.add_argument("--resume", action="store_true",
                        help="go on with --output; start anew after a change of code")  # fmt: skip


def main() -> None:
    """Run the benchmark, print its tables and draw its figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    protocol_options(parser)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS),
                        metavar="METHOD", help=f"any of {', '.join(METHODS)}")  # fmt: skip
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="MCC against --ratios")
    parser.add_argument("--plot-methods", nargs="+", choices=METHODS, default=list(FIGURE_METHODS),
                        metavar="METHOD", help="lines of --plot")  # fmt: skip
    options = parser.parse_args()
    missing = [name for name in options.methods if not is_installed(name)]
    methods = {name: METHODS[name] for name in options.methods if name not in missing}
    if not methods:
        raise SystemExit(f"not installed: {', '.join(missing)}")
    tables = {name: load(name, options.data_dir) for name in options.sets}
    scores = run_sweep(
        tasks_of(options.sets, options.ratios, options.repeats),
        tables,
        methods,
        jobs=options.jobs,
        cluster=options.cluster,
        output=options.output,
        resume=options.resume,
    )
    print(report(scores, missing))
    if options.plot:
        drawn = [name for name in options.plot_methods if name in methods]
        draw_ratios(scores, drawn, options.plot)
        print(f"\n{options.plot} shows {', '.join(drawn)}, bands of one standard deviation")


if __name__ == "__main__":
    main()
