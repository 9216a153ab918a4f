"""Methods of the crowd benchmark, and how each is scored on a crowd."""

import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from benchmarks.crowd.peers import PEERS
from benchmarks.crowd.personal_classifier import ClusteredPersonalClassifier
from benchmarks.crowd.sets import Crowd, crowd_of
from benchmarks.question import Row, Settings
from sklearn_imbgen.crowd import (
    AggregateThenFit,
    CrowdLayerClassifier,
    DawidSkene,
    ICEDClassifier,
    MajorityVote,
    MBEMClassifier,
)
from sklearn_imbgen.exceptions import ConfusedLabelsWarning, IdleWorkerWarning

SCORES = ("accuracy", "macro F1", "label accuracy", "label class mean")

Maker = Callable[[int], Any]
Method = Callable[[Crowd, int, Settings], Row]


def run(
    methods: dict[str, Method], method: str, name: str, seed: int, settings: Settings
) -> list[Row]:
    """One row of a method, with the reason under "refusal" if it raised."""
    # threads of two cells would wait for each other
    with threadpool_limits(1), warnings.catch_warnings():
        for category in (ConvergenceWarning, ConfusedLabelsWarning, IdleWorkerWarning):
            warnings.simplefilter("ignore", category)
        try:
            return [methods[method](crowd_of(name, settings.data_dir, seed), seed, settings)]
        except (ValueError, ArithmeticError) as error:
            return [{"refusal": f"{type(error).__name__}: {error}"}]


def label_scores(truth: np.ndarray, labels: np.ndarray) -> Row:
    """How many labels are right: of all rows, and the mean over the true classes."""
    with warnings.catch_warnings():
        # a class that nobody was taken for has a recall too, 0
        warnings.filterwarnings("ignore", message="y_pred contains classes")
        balanced = balanced_accuracy_score(truth, labels)
    return {"label accuracy": np.mean(truth == labels), "label class mean": balanced}


def classify(
    make: Maker, crowd: Crowd, seed: int, settings: Settings, *, oracle: bool = False
) -> Row:
    """Fit on the worker labels, or an oracle on the truth, and score the test part."""
    start = time.perf_counter()
    classifier = settings.shorten(make(seed))
    classifier.fit(crowd.X_train, crowd.y_train if oracle else crowd.worker_labels)
    predicted = classifier.predict(crowd.X_test)
    seconds = time.perf_counter() - start
    if hasattr(classifier, "labels_"):
        labels = classifier.labels_
    else:
        labels = classifier.predict(crowd.X_train)
    return {
        "accuracy": np.mean(predicted == crowd.y_test),
        "macro F1": f1_score(crowd.y_test, predicted, average="macro"),
        **label_scores(crowd.y_train, labels),
        "seconds": seconds,
    }


def infer(labels_of: Callable[[Crowd], np.ndarray], crowd: Crowd, _: int, __: Settings) -> Row:
    """Score the labels that an aggregator gives."""
    start = time.perf_counter()
    labels = labels_of(crowd)
    return {**label_scores(crowd.y_train, labels), "seconds": time.perf_counter() - start}


def infer_in_rounds(make: Maker, crowd: Crowd, seed: int, settings: Settings) -> Row:
    """ICED's labels at the end and after its first round (the truth is only recorded)."""
    start = time.perf_counter()
    classifier = settings.shorten(make(seed))
    classifier.fit(crowd.X_train, crowd.y_train, crowd_labels=crowd.worker_labels)
    return {
        **label_scores(crowd.y_train, classifier.labels_),
        # the entry before it is what the rounds start from
        "label accuracy after one round": classifier.history_["inference"]["accuracy"][1],
        "seconds": time.perf_counter() - start,
    }


def logistic(class_weight: Any = None) -> LogisticRegression:
    """Logistic regression on standardised rows."""
    return LogisticRegression(class_weight=class_weight, max_iter=1000)


def two_steps(
    aggregator: Any, network: bool = False, class_weight: Any = None, stopped: bool = False
) -> Maker:
    """Aggregate, then learn the likeliest labels by logistic regression or a network."""

    def make(seed: int) -> AggregateThenFit:
        if network:
            budget = {"early_stopping": True} if stopped else {"max_iter": 50}
            estimator = MLPClassifier((128, 32), random_state=seed, **budget)
        else:
            estimator = logistic(class_weight)
        return AggregateThenFit(aggregator(), estimator, use_soft_labels=False)

    return make


def seeded(kind: Callable[..., Any], **parameters: Any) -> Maker:
    """Maker of an estimator with a random state."""
    return lambda seed: kind(random_state=seed, **parameters)


def aggregate(kind: Callable[..., Any], **parameters: Any) -> Callable[[Crowd], np.ndarray]:
    """Labels of one of our aggregators."""
    return lambda crowd: kind(**parameters).fit(crowd.worker_labels).labels_


VOTE_WEIGHTED, DS_WEIGHTED = "MV + class-weighted LR", "D&S + class-weighted LR"
CHAPTER, ORACLE = "ICED as in chapter", "oracle LR"

COMPARED: dict[str, Maker] = {
    "MV+LR": two_steps(MajorityVote),
    "MV+DNN": two_steps(MajorityVote, network=True),
    "MV+DNN, early stopping": two_steps(MajorityVote, network=True, stopped=True),
    "D&S+LR": two_steps(DawidSkene),
    "D&S+DNN": two_steps(DawidSkene, network=True),
    "D&S+DNN, early stopping": two_steps(DawidSkene, network=True, stopped=True),
    VOTE_WEIGHTED: two_steps(MajorityVote, class_weight="balanced"),
    DS_WEIGHTED: two_steps(DawidSkene, class_weight="balanced"),
    "CrowdLayer": seeded(CrowdLayerClassifier),
    "CrowdLayer, rate 1e-2": seeded(CrowdLayerClassifier, learning_rate=1e-2),
    "MBEM": seeded(MBEMClassifier),
    "CPC": lambda _: ClusteredPersonalClassifier(),
    "ICED": seeded(ICEDClassifier),
    CHAPTER: seeded(ICEDClassifier.as_in_chapter),
    ORACLE: two_steps(MajorityVote, class_weight="balanced"),
}

# table 3.3's names of the warm-ups
WARM_UPS = {"Trad-I": "all", "Trad-II": "certain", "ICED-w": "graded"}

# what the setting is called -> parameters that differ from the defaults
ABLATIONS: dict[str, dict[str, Any]] = {
    "ICED": {},
    "synthetic rows 0.3": {"synthetic_share": 0.3},
    "synthetic rows 1": {"synthetic_share": 1.0},
    "estimated prior": {"prior": "estimated"},
    "one difficulty": {"difficulty_levels": (0.0,)},
    "one network": {"n_networks": 1},
    "no class weight": {"class_weight": None},
}

AGGREGATORS = {
    "MV": aggregate(MajorityVote),
    "D&S": aggregate(DawidSkene),
    "D&S, smoothing 0": aggregate(DawidSkene, smoothing=0.0),
}

# question -> its methods
COMPARE: dict[str, Method] = {
    name: partial(classify, make, oracle=name == ORACLE) for name, make in COMPARED.items()
}
WARM_UP: dict[str, Method] = {
    name: partial(classify, seeded(ICEDClassifier, warm_up=rows)) for name, rows in WARM_UPS.items()
}
PARTS: dict[str, Method] = {
    **{
        name: partial(classify, seeded(ICEDClassifier, **changed))
        for name, changed in ABLATIONS.items()
    },
    CHAPTER: COMPARE[CHAPTER],
}
INFERENCE: dict[str, Method] = {
    "MV": partial(infer, AGGREGATORS["MV"]),
    "D&S-orig": partial(infer, AGGREGATORS["D&S, smoothing 0"]),
    "D&S-final": partial(infer_in_rounds, COMPARED["ICED"]),
    "D&S-final, as in chapter": partial(infer_in_rounds, COMPARED[CHAPTER]),
}
AGGREGATE: dict[str, Method] = {
    name: partial(infer, labels_of) for name, labels_of in (AGGREGATORS | PEERS).items()
}
