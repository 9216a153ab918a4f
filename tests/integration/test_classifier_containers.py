"""Crowd and robust classifiers on tables and labels of pandas' own types and of polars."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from sklearn_imbgen.crowd import DawidSkene
from sklearn_imbgen.model_selection import CrowdStratifiedKFold, crowd_scorer
from tests.crowd.registry import CROWD_CLASSIFIERS
from tests.polars_names import has_names
from tests.robust.registry import ROBUST_CLASSIFIERS

RNG = np.random.RandomState(0)
TRUTH = np.arange(60) % 2
NAMES = np.array(["no", "yes"])[TRUTH]
NULLABLE = pd.DataFrame(
    {
        "a": pd.array(RNG.normal(size=60) + 3 * TRUTH, dtype="Float64"),
        "b": pd.array(RNG.randint(0, 9, size=60), dtype="Int64"),
        "c": pd.array(RNG.rand(60) > 0.5, dtype="boolean"),
        "d": pd.array(RNG.normal(size=60), dtype="double[pyarrow]"),
    }
)
PLAIN = NULLABLE.astype(float)
TABLES = {"nullable": NULLABLE, "polars": pl.from_pandas(NULLABLE)}
VOTES = np.column_stack([TRUTH, TRUTH, np.where(RNG.rand(60) < 0.3, 1 - TRUTH, TRUTH)])
VOTES[5, 1] = -1
WORKERS = ["ann", "bob", "eve"]
MATRIX = pd.DataFrame(VOTES, columns=WORKERS)
TEXT = MATRIX.replace({0: "no", 1: "yes", -1: None}).astype(object)


@pytest.fixture(params=TABLES)
def table(request):
    return TABLES[request.param]


def quick(estimator):
    known = estimator.get_params()
    return clone(estimator).set_params(**({"max_epochs": 2} if "max_epochs" in known else {}))


# -- robust ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROBUST_CLASSIFIERS)
def test_robust_classifiers_see_the_same_numbers_in_any_table(name, table):
    expected = quick(ROBUST_CLASSIFIERS[name]).fit(PLAIN, NAMES).predict_proba(PLAIN)
    net = quick(ROBUST_CLASSIFIERS[name]).fit(table, NAMES)
    np.testing.assert_array_equal(net.predict_proba(table), expected)
    if has_names(table):
        assert net.feature_names_in_.tolist() == list("abcd")


@pytest.mark.parametrize(
    "y",
    [
        pd.Series(TRUTH, dtype="Int64"),
        pd.Series(TRUTH == 1, dtype="boolean"),
        pd.Series(NAMES, dtype="string"),
        pd.Series(NAMES, dtype="category"),
        pd.Series(NAMES, dtype="string[pyarrow]"),
        pl.Series(TRUTH),
        pl.Series(NAMES),
        pl.Series(NAMES, dtype=pl.Categorical),
        pl.Series(NAMES, dtype=pl.Enum(["yes", "no"])),
    ],
    ids=lambda y: f"{type(y).__module__.split('.')[0]}-{y.dtype}",
)
def test_robust_classifiers_take_labels_of_any_type(y):
    net = quick(ROBUST_CLASSIFIERS["AdversarialClassifier"]).fit(NULLABLE, y)
    assert sorted(net.classes_) == sorted(set(y))
    assert 0 <= net.score(NULLABLE, y) <= 1
    plain = quick(ROBUST_CLASSIFIERS["AdversarialClassifier"]).fit(NULLABLE, TRUTH)
    np.testing.assert_array_equal(net.predict_proba(PLAIN), plain.predict_proba(PLAIN))


# -- crowds ------------------------------------------------------------------------------------

MATRICES = {
    "Int64": MATRIX.astype("Int64").mask(VOTES < 0),
    "category": TEXT.astype("category"),
    "string": TEXT.astype("string"),
    "polars": pl.DataFrame(VOTES, schema=WORKERS),
    "polars nulls": pl.DataFrame(
        {name: [None if vote < 0 else vote for vote in MATRIX[name].tolist()] for name in WORKERS}
    ),
    "polars text": pl.from_pandas(TEXT),
    "polars Categorical": pl.from_pandas(TEXT).cast(pl.Categorical),
    "polars Enum": pl.from_pandas(TEXT).cast(pl.Enum(["yes", "no"])),
    "polars Boolean": pl.from_pandas(TEXT).select(pl.all() == "yes"),
}


@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
def test_label_matrices_of_any_type(matrix):
    expected = DawidSkene().fit(VOTES)
    model = DawidSkene().fit(matrix)
    np.testing.assert_array_equal(model.label_proba_, expected.label_proba_)
    assert model.workers_.tolist() == WORKERS


@pytest.mark.filterwarnings("ignore::sklearn_imbgen.exceptions.ConfusedLabelsWarning")
@pytest.mark.parametrize("name", CROWD_CLASSIFIERS)
def test_crowd_classifiers_see_the_same_numbers_in_any_table(name, table):
    expected = quick(CROWD_CLASSIFIERS[name]).fit(PLAIN, VOTES).predict_proba(PLAIN)
    polars = isinstance(table, pl.DataFrame)
    matrix, truth = MATRICES["polars" if polars else "Int64"], pl.Series(TRUTH)
    classifier = quick(CROWD_CLASSIFIERS[name]).fit(table, truth, crowd_labels=matrix)
    np.testing.assert_allclose(classifier.predict_proba(table), expected, rtol=1e-6)
    assert 0 < classifier.score(table, matrix) <= 1
    assert 0 < classifier.score(table, truth) <= 1


def test_cross_validation_of_polars_votes():
    votes = pl.DataFrame(VOTES, schema=WORKERS)
    scores = cross_val_score(
        CROWD_CLASSIFIERS["AggregateThenFit"],
        TABLES["polars"],
        votes,
        cv=CrowdStratifiedKFold(3),
        scoring=crowd_scorer(),
    )
    assert (scores > 0.5).all()
