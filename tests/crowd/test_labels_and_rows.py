"""Labels of every kind, and rows in every container, through every estimator of crowds."""

import datetime

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.dataset import Dataset

from sklearn_imbgen.crowd import AggregateThenFit, CrowdLayerClassifier, DawidSkene, MajorityVote
from sklearn_imbgen.exceptions import ConfusedLabelsWarning
from tests.crowd.registry import CROWD_CLASSIFIERS


def objects(*labels):
    array = np.empty(len(labels), dtype=object)
    array[:] = labels
    return array


KINDS = {
    "bytes": np.array([b"no", b"yes"]),
    "dates": np.array(["2026-01-01", "2026-01-02"], "M8[D]"),
    "Python's dates": objects(datetime.date(2026, 1, 1), datetime.date(2026, 1, 2)),
    "with time zone": objects(*pd.to_datetime(["2026-01-01", "2026-01-02"]).tz_localize("UTC")),
    "durations": np.array([1, 2], "m8[D]"),
    "truth values": np.array([False, True]),
    "large integers": np.array([2**63, 2**63 + 1], np.uint64),
    "larger integers": objects(2**70, 2**70 + 1),
    "negative zero": np.array([-0.0, 1.0]),
    "half precision": np.array([0, 1], np.float16),
    "several types": objects(1, "one"),
    "a truth value and a number": objects(True, 2),
    "tuples": objects((0, 1), (1, 0)),
}


@pytest.fixture(params=["AggregateThenFit", "CrowdLayerClassifier"])
def classifier(request):
    """One classifier of each family: all networks read labels and rows in one place."""
    chosen = clone(CROWD_CLASSIFIERS[request.param])
    return chosen.set_params(max_epochs=4) if "max_epochs" in chosen.get_params() else chosen


@pytest.mark.parametrize("kind", KINDS)
def test_labels_of_every_kind_are_learned_and_scored(crowd, classifier, kind):
    X, truth, worker_labels = crowd
    labels = objects(*KINDS[kind], None)
    given, true = labels[worker_labels], KINDS[kind][truth]
    fitted = classifier.fit(X, true, crowd_labels=given)
    assert fitted.score(X, true) > 0.9
    assert 0.6 < fitted.score(X, given) < 1
    assert set(fitted.predict(X).tolist()) == set(KINDS[kind].tolist())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("aggregator", [DawidSkene(), MajorityVote()], ids=["EM", "vote"])
def test_labels_of_every_kind_are_aggregated_and_scored(crowd, aggregator, kind):
    _, truth, worker_labels = crowd
    labels = objects(*KINDS[kind], None)
    aggregator.fit(labels[worker_labels])
    assert aggregator.score(None, KINDS[kind][truth]) > 0.85


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.coo_matrix, sparse.csc_matrix])
def test_sparse_rows_are_learned_as_dense_ones(crowd, classifier, kind):
    X, _, worker_labels = crowd
    expected = clone(classifier).fit(X, worker_labels).predict_proba(X)
    fitted = classifier.fit(kind(X), worker_labels)
    np.testing.assert_allclose(fitted.predict_proba(kind(X)), expected, atol=1e-4)


def test_hidden_values_are_refused(crowd, classifier):
    X, _, worker_labels = crowd
    masked = np.ma.masked_less(X, X.min() + 1e-9)
    with pytest.raises(ValueError, match=r"X is a masked array that hides 1 value"):
        classifier.fit(masked, worker_labels)
    if isinstance(classifier, CrowdLayerClassifier):
        with pytest.raises(ValueError, match="X is a masked array"):
            classifier.fit(X, worker_labels).predict(masked)


def test_rows_that_are_no_table(crowd, classifier):
    X, _, worker_labels = crowd
    with pytest.raises(TypeError, match="X is a Dataset; pass its rows"):
        classifier.fit(Dataset(X, np.zeros(len(X))), worker_labels)
    with pytest.raises(ValueError, match=r"2D array|2-dimensional"):
        classifier.fit(pd.Series(X[:, 0]), worker_labels)


def test_rows_and_labels_in_another_order_are_refused(crowd, classifier):
    X, truth, worker_labels = crowd
    names = [f"row {i}" for i in range(len(X))]
    rows, labels = pd.DataFrame(X, index=names), pd.DataFrame(worker_labels, index=names)
    with pytest.raises(ValueError, match="indexed differently: row 0 is 'row 0'"):
        classifier.fit(rows, labels[::-1])
    fitted = classifier.fit(rows, labels)
    for y in (labels[::-1], pd.Series(truth, index=names)[::-1]):
        with pytest.raises(ValueError, match="indexed differently: row 0 is 'row 0'"):
            fitted.score(rows, y)


@pytest.mark.parametrize("name", [n for n in CROWD_CLASSIFIERS if n != "AggregateThenFit"])
def test_torch_may_compute_in_double_precision_by_default(crowd, name):
    X, _, worker_labels = crowd
    classifier = clone(CROWD_CLASSIFIERS[name]).set_params(max_epochs=1)
    expected = clone(classifier).fit(X, worker_labels).predict_proba(X)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        np.testing.assert_array_equal(classifier.fit(X, worker_labels).predict_proba(X), expected)
        classifier.set_params(module=torch.nn.Linear(2, classifier.latent_dim))
        assert classifier.fit(X, worker_labels).predict(X).shape == (len(X),)
    finally:
        torch.set_default_dtype(before)


def test_one_class_out_of_plain_labels_is_explained(crowd):
    X, _, _ = crowd
    plain = CrowdLayerClassifier(max_epochs=1, random_state=0)
    with pytest.warns(ConfusedLabelsWarning, match="y of one label per row for the answers of one"):
        plain.fit(X, np.arange(len(X)) >= len(X) - 3)


STACK = StackingClassifier([("a", LogisticRegression()), ("b", GaussianNB())], cv=2)


@pytest.mark.parametrize("inner", [STACK, make_pipeline(StandardScaler(), STACK)])
def test_methods_may_appear_when_the_classifier_is_fitted(crowd, inner):
    X, truth, worker_labels = crowd
    fitted = AggregateThenFit(estimator=inner).fit(X, worker_labels)
    assert fitted.score(X, truth) > 0.9
    assert fitted.predict_proba(X).shape == (len(X), 2)
