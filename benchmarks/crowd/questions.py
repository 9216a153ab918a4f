r"""ICED and others on imbalanced crowds, by the protocol of the dissertation's section 3.3.

Simulated sets: per seed a random pair of classes, balanced to the smaller, 80 % of the rows
to train on. A network's difficulty of each row sets how often workers mislabel it (0.25 to
0.5); then 90 % of the minority is removed. The test part stays balanced. The dissertation
names neither its pairs nor its error rates nor how F1 is averaged, so its numbers beside ours
are a guide, not a target. Its gas_drift has 13910 rows, that of the tests here 6697.

Real sets: music and labelme as they are, where seeds differ only in the methods, and with a
random half of the classes thinned, by the truth, to a tenth of the largest one (music_thin,
labelme_thin). bluebirds and dog have labels only.

Rows are standardised by the training part for all methods, which run at their defaults. "DNN"
is scikit-learn's MLPClassifier((128, 32)) for 50 epochs, or stopped early by a tenth of the
rows; "oracle LR" learns the true labels, class-weighted: the ceiling, no rival. "label accuracy"
and "label class mean" are those of the inferred training labels (of CrowdLayer and CPC: of what
they predict for the training rows).

    python -m benchmarks crowd                                # table 3.2 on digits
    python -m benchmarks crowd --sets usps gas_drift music_thin labelme_thin music labelme \
        --data-dir DIR --jobs 2 --output FILE.csv
    python -m benchmarks crowd --sets gisette                 # by download
    python -m benchmarks crowd-inference                      # figure 3.2
    python -m benchmarks crowd-warm-up                        # table 3.3
    python -m benchmarks crowd-parts
    python -m benchmarks aggregators --sets bluebirds dog music labelme \
        --data-dir DIR --seeds 1      # no row is drawn: all seeds are alike

crowd-kit's and cleanlab's rows need ``pip install crowd-kit cleanlab``.
"""

from functools import partial
from typing import Any

import pandas as pd

from benchmarks.crowd.methods import (
    AGGREGATE,
    CHAPTER,
    COMPARE,
    DS_WEIGHTED,
    INFERENCE,
    ORACLE,
    PARTS,
    SCORES,
    WARM_UP,
    Method,
    run,
)
from benchmarks.crowd.peers import PACKAGES
from benchmarks.crowd.sets import check
from benchmarks.question import Question
from benchmarks.tables import published, refusals, seeds_of, spread_table, titled

OURS = "ICED"
# the one no rival, the other another form of ICED
NO_RIVALS = [OURS, CHAPTER, ORACLE]
NETWORKS = ["MV+DNN", "D&S+DNN", "CrowdLayer"]
COMPARED = ["accuracy", "macro F1"]
FIRST_ROUND = "label accuracy after one round"


def in_dissertation(table: str | None, name: str) -> pd.DataFrame:
    """Numbers of a table for a set; those of ICED for both of ours."""
    numbers = published(3, table=table or "none", set=name)
    chapter = numbers[numbers["method"] == OURS].assign(method=CHAPTER)
    return pd.concat([numbers, chapter])


def gaps(means: pd.DataFrame) -> dict[str, float]:
    """ICED's mean less that of its rivals, on one set.

    ``means`` has one row per method. The best rival is chosen for each measure.
    """
    rivals = means.drop(index=NO_RIVALS, errors="ignore")
    found = {}
    for against, names in {
        "best other": list(rivals.index),
        f"best of {', '.join(NETWORKS)}": [name for name in NETWORKS if name in rivals.index],
        DS_WEIGHTED: [name for name in [DS_WEIGHTED] if name in rivals.index],
    }.items():
        for measure in COMPARED:
            if names:
                gap = means.loc[OURS, measure] - rivals.loc[names, measure].max()
                found[f"{measure} less {against}"] = gap
    return found


def summary_table(scores: pd.DataFrame) -> pd.DataFrame:
    """ICED less its rivals: one row per gap, one column per set, and the mean over sets."""
    means = scores.groupby(["set", "method"], sort=False)[COMPARED].mean()
    table = pd.DataFrame({name: gaps(means.loc[name]) for name in scores["set"].unique()})
    table["mean"] = table.mean(axis=1)
    return table.map("{:+.3f}".format)


def report(table: str | None, scores: pd.DataFrame) -> str:
    """A table per set beside one of the dissertation's, and what ICED is ahead by."""
    measures = [name for name in scores.columns if name in (*SCORES, FIRST_ROUND)]
    texts = [
        titled(
            f"{name}: mean ± standard deviation over {seeds_of(rows)}",
            spread_table(rows, measures, beside=in_dissertation(table, str(name))),
        )
        for name, rows in scores.groupby("set", sort=False)
    ]
    methods = set(scores["method"])
    if table == "3.2" and OURS in methods and methods - set(NO_RIVALS):
        title = "ICED less its rivals; the best is that with the highest mean on the set"
        texts.append(titled(title, summary_table(scores)))
    return "\n\n".join([*texts, *refusals(scores)])


def question(methods: dict[str, Method], table: str | None = None, **own: Any) -> Question:
    """A question about crowds; ``table`` of the dissertation stands beside it."""
    common: dict[str, Any] = {
        "about": __doc__,
        "run": partial(run, methods),
        "methods": methods,
        "measures": SCORES,
        "report": partial(report, table),
        "sets": ("digits",),
        "check": check,
    }
    return Question(**{**common, **own})


QUESTIONS = {
    "crowd": question(COMPARE, "3.2"),
    "crowd-inference": question(INFERENCE, measures=(*SCORES[2:], FIRST_ROUND)),
    "crowd-warm-up": question(WARM_UP, "3.3"),
    "crowd-parts": question(PARTS),
    "aggregators": question(
        AGGREGATE,
        measures=SCORES[2:],
        check=partial(check, labels_alone=True),
        packages=PACKAGES,
    ),
}
