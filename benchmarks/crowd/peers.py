"""Aggregators of crowd-kit and cleanlab (pip install crowd-kit cleanlab), on the same labels."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from benchmarks.crowd.sets import Crowd
from sklearn_imbgen.crowd import MajorityVote

# without Wawa, which fails with a recent scikit-learn
CROWD_KIT = ("MajorityVote", "OneCoinDawidSkene", "DawidSkene", "GLAD")


def crowd_kit(name: str, crowd: Crowd) -> np.ndarray:
    """Labels of one of crowd-kit's aggregators at its defaults."""
    from crowdkit import aggregation

    sample, worker = np.nonzero(crowd.worker_labels >= 0)
    label = crowd.worker_labels[sample, worker]
    votes = pd.DataFrame({"task": sample, "worker": worker, "label": label})
    # not fit_predict, which fails for some with a recent scikit-learn
    return getattr(aggregation, name)().fit(votes).labels_.sort_index().to_numpy()


def cleanlab_vote(crowd: Crowd) -> np.ndarray:
    """Vote of cleanlab, whose ties go to the more common class."""
    from cleanlab.multiannotator import get_majority_vote_label

    return np.asarray(get_majority_vote_label(_with_nan(crowd), verbose=False))


def crowdlab(crowd: Crowd) -> np.ndarray:
    """CROWDLAB, which also asks a logistic regression that was trained on the vote."""
    from cleanlab.multiannotator import get_label_quality_multiannotator

    if crowd.X_train is None:
        raise ValueError("CROWDLAB needs a classifier, and this set has no rows to learn from")
    vote = MajorityVote().fit(crowd.worker_labels).labels_
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    classifier = LogisticRegression(max_iter=1000)
    proba = cross_val_predict(classifier, crowd.X_train, vote, cv=folds, method="predict_proba")
    found = get_label_quality_multiannotator(_with_nan(crowd), proba, verbose=False)
    return found["label_quality"]["consensus_label"].to_numpy()


def _with_nan(crowd: Crowd) -> np.ndarray:
    labels = crowd.worker_labels.astype(float)
    # cleanlab raises for a worker without labels
    labels = labels[:, (labels >= 0).any(axis=0)]
    return np.where(labels < 0, np.nan, labels)


PEERS: dict[str, Callable[[Crowd], np.ndarray]] = {
    **{f"crowd-kit: {name}": partial(crowd_kit, name) for name in CROWD_KIT},
    "cleanlab: vote": cleanlab_vote,
    "cleanlab: CROWDLAB": crowdlab,
}
PACKAGES = {name: name.partition(": ")[0].replace("-", "") for name in PEERS}
