"""A missing label in y is an error that names its row, in every public estimator."""

import importlib
import inspect

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from skorch import NeuralNet

FOLDERS = ["crowd", "nn", "over_sampling", "robust"]
# these take a label matrix, in which labels may be missing, and no y beside it
AGGREGATORS = {"DawidSkene", "MajorityVote"}
MISSING = {"None": None, "NaN": np.nan, "NA": pd.NA, "NaT": pd.NaT}
VOTES = np.array([["common", "common", "rare"], ["rare", "rare", "common"]] * 20)


def public_estimators():
    for folder in FOLDERS:
        module = importlib.import_module(f"sklearn_imbgen.{folder}")
        for name in module.__all__:
            kind = getattr(module, name)
            if inspect.isclass(kind) and issubclass(kind, BaseEstimator | NeuralNet):
                yield name, kind


ESTIMATORS = {name: kind for name, kind in public_estimators() if name not in AGGREGATORS}


def fit(name, X, y):
    kind = ESTIMATORS[name]
    if hasattr(kind, "fit_resample"):
        kind().fit_resample(X, y)
    elif kind.__module__.startswith("sklearn_imbgen.crowd"):
        model = kind(LogisticRegression()) if name == "AggregateThenFit" else kind()
        model.fit(X, y, crowd_labels=VOTES)
    else:
        kind().fit(X, y)


def test_all_estimators_are_found():
    assert {"GLGAN", "SWIM", "ICEDClassifier", "AggregateThenFit", "SRATClassifier"} <= set(
        ESTIMATORS
    )


@pytest.mark.parametrize("missing", MISSING.values(), ids=MISSING)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_first_row_without_label_is_named(name, missing):
    X = np.random.RandomState(0).randn(40, 3).astype(np.float32)
    y = np.array(["common", "rare"] * 20, dtype=object)
    y[[7, 9]] = missing
    message = r"Input y contains (None|NaN): row 7 \(2 missing label.* Drop these rows"
    with pytest.raises(ValueError, match=message):
        fit(name, X, y)
