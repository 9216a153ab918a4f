"""Rows and labels in another order, and values behind a mask, are refused by everything."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from sklearn_imbgen.crowd import AggregateThenFit, CrowdLayerClassifier
from sklearn_imbgen.over_sampling import SWIM, LatentSMOTE
from sklearn_imbgen.robust import AdversarialClassifier

LABELS = np.repeat([0, 1], [24, 12])
ROWS = np.random.RandomState(0).normal(2 * LABELS[:, None], size=(36, 3))
VOTES = np.column_stack([LABELS, LABELS, LABELS, 1 - LABELS])
QUICK = {"max_epochs": 1, "random_state": 0}

WITH_LABELS = {
    "SWIM": SWIM(random_state=0),
    "LatentSMOTE": LatentSMOTE(autoencoder_epochs=1, random_state=0),
    "AdversarialClassifier": AdversarialClassifier(n_steps=1, **QUICK),
}
WITH_VOTES = {
    "AggregateThenFit": AggregateThenFit(),
    "CrowdLayerClassifier": CrowdLayerClassifier(**QUICK),
}
EVERY = WITH_LABELS | WITH_VOTES


def target_of(name, method="fit"):
    return LABELS if name in WITH_LABELS or method == "score" else VOTES


def calls(fitted):
    """What takes rows and labels, by name."""
    methods = ("fit", "fit_resample", "partial_fit", "score", "perturb")
    return {method: getattr(fitted, method) for method in methods if hasattr(fitted, method)}


@pytest.fixture(scope="module")
def fitted():
    return {name: clone(known).fit(ROWS, target_of(name)) for name, known in EVERY.items()}


@pytest.mark.parametrize("name", EVERY)
def test_rows_and_labels_in_another_order(name):
    X = pd.DataFrame(ROWS, columns=list("abc"))
    estimator = clone(EVERY[name]).fit(X, target_of(name))
    for method, call in calls(estimator).items():
        y = target_of(name, method)
        y = pd.Series(y) if y.ndim == 1 else pd.DataFrame(y)
        with pytest.raises(ValueError, match="indexed differently: row 0 is 0 in X and 35 in"):
            call(X, y[::-1])


@pytest.mark.parametrize("name", EVERY)
def test_hidden_values(name, fitted):
    hidden = np.ma.masked_equal(ROWS, ROWS[7, 1])
    methods = ("predict", "predict_proba", "transform", "encode", "extract_features")
    for method in methods:
        # the classifier behind the aggregator is the user's
        if hasattr(fitted[name], method) and name != "AggregateThenFit":
            with pytest.raises(ValueError, match="masked array that hides 1 value"):
                getattr(fitted[name], method)(hidden)
    for method, call in calls(clone(EVERY[name]).fit(ROWS, target_of(name))).items():
        if (name, method) == ("AggregateThenFit", "score"):
            continue
        with pytest.raises(ValueError, match=r"masked array that hides 1 value.*row 7, column 1"):
            call(hidden, target_of(name, method))


@pytest.mark.parametrize("name", WITH_LABELS)
def test_hidden_labels(name):
    hidden = np.ma.masked_array(LABELS, LABELS == 1)
    for call in calls(clone(EVERY[name]).fit(ROWS, LABELS)).values():
        with pytest.raises(ValueError, match="y is a masked array that hides 12 value"):
            call(ROWS, hidden)


@pytest.mark.parametrize(
    ("name", "method"), [("SWIM", "fit_resample"), ("AdversarialClassifier", "fit")]
)
def test_weights_in_another_order(name, method):
    weights = pd.Series(np.ones(36))[::-1]
    with pytest.raises(ValueError, match="X and sample_weight are indexed differently: row 0"):
        getattr(clone(EVERY[name]), method)(pd.DataFrame(ROWS), LABELS, sample_weight=weights)
