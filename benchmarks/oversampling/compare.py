r"""Over-samplers before three classifiers, by the protocol of the dissertation's section 2.4.1.

Per seed: a random pair of classes, 80 % of the rows to train on, the minority
thinned to a ratio of the majority, a balanced test part. Every method gets the
same split and seed and runs at its defaults, and so does every classifier.
Of sensorless only class 1 is whole, so it is the majority, and all minority rows
that are not trained on are tested on. Naturally imbalanced sets are split 80/20,
stratified.

"class weights" are the classifiers' own; "tuned boosting" is gradient boosting on
the rows as they are, its threshold tuned for MCC; "all rows" puts the minority rows
back that thinning removed: the ceiling, no rival. Where a method makes no rows, its
scores are those of the rows as they are, and it is listed. The dissertation's class
pairs are not stated, so its numbers beside ours are a guide, not a target.

    python -m benchmarks oversampling              # digits, which ship with scikit-learn
    python -m benchmarks oversampling --sets usps-0.01 sensorless-0.01 gas_drift-0.01 \
        madelon-0.01 --data-dir DIR --seeds 5      # tables 2.2 to 2.5
    python -m benchmarks oversampling --sets gisette-0.01   # table 2.6, by download
    python -m benchmarks oversampling --sets usps-0.01 usps-0.02 usps-0.05 usps-0.1 \
        --methods GLGAN LatentSMOTE ConditionalGAN SMOTE --data-dir DIR --plot FILE.png

MDO and NRAS need ``pip install smote-variants``.
"""

from functools import partial

from benchmarks.oversampling.samplers import PACKAGES
from benchmarks.oversampling.scoring import MEASURES, METHODS, run
from benchmarks.oversampling.sets import check
from benchmarks.oversampling.tables import draw_ratios, report
from benchmarks.question import Question

QUESTIONS = {
    "oversampling": Question(
        about=__doc__ or "",
        run=partial(run, METHODS),
        methods=METHODS,
        measures=MEASURES,
        report=report,
        sets=("digits-0.05",),
        check=check,
        labels=("classifier",),
        draw=draw_ratios,
        packages=PACKAGES,
    )
}
