r"""Imb-Mix by the protocol of the dissertation's section 5.5.

Sets, network, attacks and budgets are those of robust.py, and so are the columns. "Imb-Mix,
chapter" is algorithm 5.1 with three supplementary examples per minority row; "Imb-Mix" is
ImbMixClassifier as it comes, which defers class weights as well. Balanced softmax and
SRAT-LDAM stand in every table.

    python benchmarks/imb_mix.py                                 # digits-step-20
    python benchmarks/imb_mix.py --sets usps-exp-10 usps-exp-100 usps-step-10 usps-step-100 \
        --data-dir DIR --jobs 2 --output FILE.csv                # tables 5.1 to 5.6
    python benchmarks/imb_mix.py --sets cifar10-exp-10 --data-dir DIR --device cuda
    python benchmarks/imb_mix.py --norm l2 ...                   # table 5.7
    python benchmarks/imb_mix.py --part averaging --plot FILE.png ...  # figures 5.2 to 5.7
    python benchmarks/imb_mix.py --part parts ...                # what each part is worth
    python benchmarks/imb_mix.py --part together ...             # with the losses of chapter 4
"""

from imb_mix_parts import PARTS
from imb_mix_tables import bar_lines, draw_bars
from robust_run import parse, scores_of
from robust_tables import report


def main() -> None:
    """Run one part of the benchmark and print its tables."""
    options = parse(__doc__, PARTS, "tables")
    scores = scores_of(options)
    print(report(scores, options.norm, bar_lines, chapter=5))
    if options.plot is not None:
        draw_bars(scores, options.plot)
        print(f"drawn: {options.plot}")


if __name__ == "__main__":
    main()
