"""From one split to scores: classifiers behind a sampler, with class weights, and boosting."""

import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from samplers import SAMPLERS, Maker, resample
from sklearn.ensemble import AdaBoostClassifier, HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import f1_score, matthews_corrcoef
from sklearn.model_selection import StratifiedKFold, TunedThresholdClassifierCV
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC
from sklearn.utils.class_weight import compute_sample_weight
from splits import Split
from threadpoolctl import threadpool_limits

from sklearn_imbgen.exceptions import FewSamplesWarning, UnreliableSamplesWarning
from sklearn_imbgen.metrics import fidelity_report

# one row per classifier: its name, scores, seconds, refusal, fidelity
Rows = list[dict[str, Any]]
Method = Callable[[Split, int], Rows]

CLASSIFIERS = (MLPClassifier, LinearSVC, AdaBoostClassifier)
CLASSIFIER_NAMES = tuple(classifier.__name__ for classifier in CLASSIFIERS)
BOOSTING = "tuned boosting"
# not a rival but the ceiling: the rows that thinning removed, put back
ALL_ROWS = "all rows"
# in the column that names the classifier of the other methods
BOOSTING_CLASSIFIER = "(boosting)"
MEASURES = ("MCC", "macro F1", "micro F1")
# column -> key of fidelity_report, against the minority rows of training and of the test part
FIDELITY = {
    "coverage": "coverage",
    "density": "density",
    "nearest": "nearest_original_distance",
    "copies": "copy_rate",
    "feature distance": "feature_distance_mean",
    "AUC": "detection_auc",
    "intrusion": "intrusion_rate",
}
HELD_OUT = {
    "held-out coverage": "coverage",
    "held-out density": "density",
    "held-out nearest": "nearest_original_distance",
    "held-out AUC": "detection_auc",
}


def measures(y_true: np.ndarray, y_predicted: np.ndarray) -> dict[str, float]:
    """The three measures of the dissertation's section 2.4.1.3."""
    return {
        "MCC": matthews_corrcoef(y_true, y_predicted),
        "macro F1": f1_score(y_true, y_predicted, average="macro"),
        "micro F1": f1_score(y_true, y_predicted, average="micro"),
    }


def score_classifiers(split: Split, X: np.ndarray, y: np.ndarray, seed: int) -> Rows:
    """Every classifier at its defaults, trained on X and y and scored on the test part."""
    return [
        {
            "classifier": classifier.__name__,
            **measures(split.y_test, classifier(random_state=seed).fit(X, y).predict(split.X_test)),
        }
        for classifier in CLASSIFIERS
    ]


def without_resampling(split: Split, seed: int) -> Rows:
    """The classifiers on the imbalanced rows."""
    return score_classifiers(split, split.X_train, split.y_train, seed)


def with_class_weights(split: Split, seed: int) -> Rows:
    """The classifiers with their own balanced weights, and no new rows."""
    weights = compute_sample_weight("balanced", split.y_train)
    rows = []
    for classifier in CLASSIFIERS:
        if classifier is LinearSVC:
            model = LinearSVC(class_weight="balanced", random_state=seed)
            model.fit(split.X_train, split.y_train)
        else:
            model = classifier(random_state=seed)
            model.fit(split.X_train, split.y_train, sample_weight=weights)
        scores = measures(split.y_test, model.predict(split.X_test))
        rows.append({"classifier": classifier.__name__, **scores})
    return rows


def with_all_rows(split: Split, seed: int) -> Rows:
    """The classifiers on the training rows and the minority rows that thinning removed.

    What over-sampling tries to make up for; no method can be expected to do better.
    """
    if split.X_removed is None:
        # no number, rather than one that would be taken for the ceiling
        refusal = "no minority row was removed, or all that were are test rows"
        nothing = dict.fromkeys(MEASURES, np.nan)
        return [{"classifier": name, **nothing, "refusal": refusal} for name in CLASSIFIER_NAMES]
    X = np.concatenate([split.X_train, split.X_removed])
    y = np.concatenate([split.y_train, np.full(len(split.X_removed), split.minority)])
    return score_classifiers(split, X, y, seed)


def with_boosting(split: Split, seed: int) -> Rows:
    """Gradient boosting on the imbalanced rows, its threshold tuned for MCC; seconds of its fit.

    The threshold is tuned at the prevalence of the training rows, as a user would; the
    test parts of thinned sets are balanced, which the other methods are made for and this
    one cannot know. It refuses, and keeps the threshold 0.5, where there are too few rows
    to tune by.
    """
    model: Any = HistGradientBoostingClassifier(random_state=seed)
    refusal = ""
    start = time.perf_counter()
    # on so few rows its threads wait for each other, and for those of other repeats
    with threadpool_limits(1, user_api="openmp"):
        try:
            # one minority row makes one fold, which is an error as well
            folds = StratifiedKFold(min(5, split.n_minority), shuffle=True, random_state=seed)
            tuned = TunedThresholdClassifierCV(model, scoring="matthews_corrcoef", cv=folds)
            model = tuned.fit(split.X_train, split.y_train)
        except ValueError as error:
            refusal = str(error).partition("\n")[0]
            model.fit(split.X_train, split.y_train)
    seconds = time.perf_counter() - start
    scores = measures(split.y_test, model.predict(split.X_test))
    return [{"classifier": BOOSTING_CLASSIFIER, **scores, "seconds": seconds, "refusal": refusal}]


def with_sampler(maker: Maker, split: Split, seed: int) -> Rows:
    """The classifiers behind an over-sampler, its seconds and its rows' fidelity."""
    resampled = resample(maker, split.X_train, split.y_train, seed, split.n_minority)
    about = {"seconds": resampled.seconds, "refusal": resampled.refusal}
    about.update(fidelity(split, resampled.synthetic, seed))
    rows = score_classifiers(split, resampled.X, resampled.y, seed)
    return [{**row, **about} for row in rows]


def fidelity(split: Split, synthetic: np.ndarray, seed: int) -> dict[str, float]:
    """Fidelity of new rows to the minority rows they were made from, and to those held out.

    Empty where there are too few rows to compare.
    """
    known = split.X_train[split.y_train == split.minority]
    held_out = split.X_test[split.y_test == split.minority]
    others = split.X_train[split.y_train != split.minority]
    report = {}
    for columns, real, other in ((FIDELITY, known, others), (HELD_OUT, held_out, None)):
        if len(real) < 2 or len(synthetic) < 2:
            continue
        measured = fidelity_report(
            real,
            synthetic,
            X_other=other,
            k_neighbors=min(5, len(real) - 1),
            random_state=seed,
        )
        report.update({column: measured[key] for column, key in columns.items()})
    return report


METHODS: dict[str, Method] = {
    "none": without_resampling,
    "class weights": with_class_weights,
    **{name: partial(with_sampler, maker) for name, maker in SAMPLERS.items()},
    BOOSTING: with_boosting,
    ALL_ROWS: with_all_rows,
}


def evaluate(methods: dict[str, Method], split: Split, seed: int) -> Rows:
    """Rows of all methods on one split, each with the method's name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", FewSamplesWarning)
        warnings.simplefilter("ignore", UnreliableSamplesWarning)
        return [
            {"method": name, **row}
            for name, method in methods.items()
            for row in method(split, seed)
        ]
