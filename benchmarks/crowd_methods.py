"""Methods of the crowd benchmark, and how each is scored on a crowd."""

import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from clustered_personal_classifier import ClusteredPersonalClassifier
from crowd_data import Crowd
from crowd_peers import PEERS
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score
from sklearn.neural_network import MLPClassifier

from sklearn_imbgen.crowd import (
    AggregateThenFit,
    CrowdLayerClassifier,
    DawidSkene,
    ICEDClassifier,
    MajorityVote,
    MBEMClassifier,
)
from sklearn_imbgen.exceptions import ConfusedLabelsWarning, IdleWorkerWarning

MEASURES = ["accuracy", "macro F1", "label accuracy", "label class mean"]

Row = dict[str, Any]
Maker = Callable[[int], Any]
# name, crowd and seed -> one row of scores, or more under names made of this one
Method = Callable[[str, Crowd, int], list[Row]]


def label_scores(truth: np.ndarray, labels: np.ndarray) -> Row:
    """How many labels are right: of all rows, and the mean over the true classes."""
    with warnings.catch_warnings():
        # a class that nobody was taken for has a recall too, 0
        warnings.filterwarnings("ignore", message="y_pred contains classes")
        balanced = balanced_accuracy_score(truth, labels)
    return {"label accuracy": np.mean(truth == labels), "label class mean": balanced}


def classify(make: Maker, name: str, crowd: Crowd, seed: int, *, oracle: bool = False) -> list[Row]:
    """Fit on the worker labels, or an oracle on the truth, and score the test part."""
    start = time.perf_counter()
    classifier = make(seed)
    classifier.fit(crowd.X_train, crowd.y_train if oracle else crowd.worker_labels)
    predicted = classifier.predict(crowd.X_test)
    seconds = time.perf_counter() - start
    if hasattr(classifier, "labels_"):
        labels = classifier.labels_
    else:
        labels = classifier.predict(crowd.X_train)
    scores = {
        "accuracy": np.mean(predicted == crowd.y_test),
        "macro F1": f1_score(crowd.y_test, predicted, average="macro"),
        **label_scores(crowd.y_train, labels),
    }
    return [{"method": name, **scores, "seconds": seconds}]


def infer(make: Maker, name: str, crowd: Crowd, seed: int) -> list[Row]:
    """Fit an aggregator and score its labels."""
    start = time.perf_counter()
    labels = make(seed).fit(crowd.worker_labels).labels_
    seconds = time.perf_counter() - start
    return [{"method": name, **label_scores(crowd.y_train, labels), "seconds": seconds}]


def infer_as_peer(run: Callable[[Crowd], np.ndarray], name: str, crowd: Crowd, _: int) -> list[Row]:
    """Score the labels of another library."""
    start = time.perf_counter()
    labels = run(crowd)
    seconds = time.perf_counter() - start
    return [{"method": name, **label_scores(crowd.y_train, labels), "seconds": seconds}]


def infer_in_rounds(make: Maker, name: str, crowd: Crowd, seed: int) -> list[Row]:
    """ICED's labels after its first round and at the end (the truth is only recorded)."""
    start = time.perf_counter()
    classifier = make(seed).fit(crowd.X_train, crowd.y_train, crowd_labels=crowd.worker_labels)
    seconds = time.perf_counter() - start
    # the entry before it is what the rounds start from
    first = classifier.history_["inference"]["accuracy"][1]
    return [
        {"method": name.replace("final", "first"), "label accuracy": first, "seconds": np.nan},
        {"method": name, **label_scores(crowd.y_train, classifier.labels_), "seconds": seconds},
    ]


def run_method(name: str, method: Method, crowd: Crowd, seed: int) -> list[Row]:
    """Rows of a method; one with the reason under "refusal" if it raised."""
    with warnings.catch_warnings():
        for category in (ConvergenceWarning, ConfusedLabelsWarning, IdleWorkerWarning):
            warnings.simplefilter("ignore", category)
        try:
            rows = method(name, crowd, seed)
        except (ValueError, ArithmeticError) as error:
            return [{"method": name, "refusal": f"{type(error).__name__}: {error}"}]
    return [{**row, "refusal": ""} for row in rows]


def is_installed(name: str) -> bool:
    """Whether the library that a method comes from is there."""
    library = name.partition(": ")[0]
    return name not in PEERS or find_spec(library.replace("-", "")) is not None


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


def unseeded(kind: Callable[..., Any], **parameters: Any) -> Maker:
    """Maker of an estimator without one."""
    return lambda _: kind(**parameters)


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
    "CPC": unseeded(ClusteredPersonalClassifier),
    "ICED": seeded(ICEDClassifier),
    CHAPTER: seeded(ICEDClassifier.as_in_chapter),
    ORACLE: two_steps(MajorityVote, class_weight="balanced"),
}

# table 3.3's names of the warm-ups
WARM_UPS = {"Trad-I": "all", "Trad-II": "certain", "ICED-w": "graded"}

# what the setting is called -> parameters that differ from the defaults
ABLATIONS: dict[str, Row] = {
    "ICED": {},
    "synthetic rows 0.3": {"synthetic_share": 0.3},
    "synthetic rows 1": {"synthetic_share": 1.0},
    "estimated prior": {"prior": "estimated"},
    "one difficulty": {"difficulty_levels": (0.0,)},
    "one network": {"n_networks": 1},
    "no class weight": {"class_weight": None},
}

AGGREGATORS: dict[str, Maker] = {
    "MV": unseeded(MajorityVote),
    "D&S": unseeded(DawidSkene),
    "D&S, smoothing 0": unseeded(DawidSkene, smoothing=0.0),
}


def parts() -> dict[str, dict[str, Method]]:
    """The parts of the benchmark and their methods."""
    compared: dict[str, Method] = {
        name: partial(classify, make, oracle=name == ORACLE) for name, make in COMPARED.items()
    }
    warm_ups = {
        name: partial(classify, seeded(ICEDClassifier, warm_up=rows))
        for name, rows in WARM_UPS.items()
    }
    ablations = {
        name: partial(classify, seeded(ICEDClassifier, **changed))
        for name, changed in ABLATIONS.items()
    }
    return {
        "compare": compared,
        "inference": {
            "MV": partial(infer, AGGREGATORS["MV"]),
            "D&S-orig": partial(infer, AGGREGATORS["D&S, smoothing 0"]),
            "D&S-final": partial(infer_in_rounds, COMPARED["ICED"]),
            "D&S-final, as in chapter": partial(infer_in_rounds, COMPARED[CHAPTER]),
        },
        "warm-up": warm_ups,
        "ablation": {**ablations, CHAPTER: compared[CHAPTER]},
        "aggregators": {
            **{name: partial(infer, make) for name, make in AGGREGATORS.items()},
            **{name: partial(infer_as_peer, run) for name, run in PEERS.items()},
        },
    }
