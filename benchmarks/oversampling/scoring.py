"""From one split to scores: classifiers behind a sampler, with class weights, and boosting."""

import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.ensemble import AdaBoostClassifier, HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import f1_score, matthews_corrcoef
from sklearn.model_selection import StratifiedKFold, TunedThresholdClassifierCV
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC
from sklearn.utils.class_weight import compute_sample_weight
from threadpoolctl import threadpool_limits

from benchmarks.oversampling.samplers import SAMPLERS, Maker, resample
from benchmarks.oversampling.sets import Split, split_of
from benchmarks.question import Row, Settings
from sklearn_imbgen.exceptions import FewSamplesWarning, UnreliableSamplesWarning

# one row per classifier: its name, scores, seconds, refusal
Method = Callable[[Split, int, Settings], list[Row]]

CLASSIFIERS = (MLPClassifier, LinearSVC, AdaBoostClassifier)
CLASSIFIER_NAMES = tuple(classifier.__name__ for classifier in CLASSIFIERS)
BOOSTING = "tuned boosting"
# not a rival but the ceiling: the rows that thinning removed, put back
ALL_ROWS = "all rows"
# in the column that names the classifier of the other methods
BOOSTING_CLASSIFIER = "(boosting)"
MEASURES = ("MCC", "macro F1", "micro F1")


def run(
    methods: dict[str, Method], method: str, name: str, seed: int, settings: Settings
) -> list[Row]:
    """Rows of a method on one split of a set; the seed is that of everything."""
    with warnings.catch_warnings():
        for category in (ConvergenceWarning, FewSamplesWarning, UnreliableSamplesWarning):
            warnings.simplefilter("ignore", category)
        return methods[method](split_of(name, settings.data_dir, seed), seed, settings)


def measures(y_true: np.ndarray, y_predicted: np.ndarray) -> dict[str, float]:
    """The three measures of the dissertation's section 2.4.1.3."""
    return {
        "MCC": matthews_corrcoef(y_true, y_predicted),
        "macro F1": f1_score(y_true, y_predicted, average="macro"),
        "micro F1": f1_score(y_true, y_predicted, average="micro"),
    }


def score_classifiers(
    split: Split, X: np.ndarray, y: np.ndarray, seed: int, settings: Settings
) -> list[Row]:
    """Every classifier at its defaults, trained on X and y and scored on the test part."""
    models = [settings.shorten(kind(random_state=seed)).fit(X, y) for kind in CLASSIFIERS]
    return [
        {
            "classifier": type(model).__name__,
            **measures(split.y_test, model.predict(split.X_test)),
        }
        for model in models
    ]


def without_resampling(split: Split, seed: int, settings: Settings) -> list[Row]:
    """The classifiers on the imbalanced rows."""
    return score_classifiers(split, split.X_train, split.y_train, seed, settings)


def with_class_weights(split: Split, seed: int, settings: Settings) -> list[Row]:
    """The classifiers with their own balanced weights, and no new rows."""
    weights = compute_sample_weight("balanced", split.y_train)
    rows = []
    for classifier in CLASSIFIERS:
        model = settings.shorten(classifier(random_state=seed))
        if classifier is LinearSVC:
            model.set_params(class_weight="balanced").fit(split.X_train, split.y_train)
        else:
            model.fit(split.X_train, split.y_train, sample_weight=weights)
        scores = measures(split.y_test, model.predict(split.X_test))
        rows.append({"classifier": classifier.__name__, **scores})
    return rows


def with_all_rows(split: Split, seed: int, settings: Settings) -> list[Row]:
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
    return score_classifiers(split, X, y, seed, settings)


def with_boosting(split: Split, seed: int, settings: Settings) -> list[Row]:
    """Gradient boosting on the imbalanced rows, its threshold tuned for MCC; seconds of its fit.

    The threshold is tuned at the prevalence of the training rows, as a user would; the
    test parts of thinned sets are balanced, which the other methods are made for and this
    one cannot know. It refuses, and keeps the threshold 0.5, where there are too few rows
    to tune by.
    """
    model: Any = settings.shorten(HistGradientBoostingClassifier(random_state=seed))
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


def with_sampler(make: Maker, split: Split, seed: int, settings: Settings) -> list[Row]:
    """The classifiers behind an over-sampler, and its seconds."""
    sampler = settings.shorten(make(seed, split.n_minority))
    resampled = resample(sampler, split.X_train, split.y_train)
    rows = score_classifiers(split, resampled.X, resampled.y, seed, settings)
    return [{**row, "seconds": resampled.seconds, "refusal": resampled.refusal} for row in rows]


METHODS: dict[str, Method] = {
    "none": without_resampling,
    "class weights": with_class_weights,
    **{name: partial(with_sampler, make) for name, make in SAMPLERS.items()},
    BOOSTING: with_boosting,
    ALL_ROWS: with_all_rows,
}
