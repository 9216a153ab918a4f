"""Every classifier and aggregator on tables, labels and votes of any kind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from sklearn_imbgen.crowd import (
    AggregateThenFit,
    CrowdLayerClassifier,
    DawidSkene,
    ICEDClassifier,
    MajorityVote,
    MBEMClassifier,
)
from sklearn_imbgen.robust import AdversarialClassifier, ImbMixClassifier, SRATClassifier
from tests.properties.tables import (
    COLUMNS,
    LABELS,
    NOT_FINITE,
    answer,
    labelled_tables,
    refusal,
    tables,
)

pytestmark = [
    # by scikit-learn's check of huge values, before it accepts or refuses them
    pytest.mark.filterwarnings("ignore:invalid value encountered in reduce:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::sklearn_imbgen.exceptions.ConfusedLabelsWarning"),
    pytest.mark.filterwarnings("ignore::sklearn_imbgen.exceptions.IdleWorkerWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

SMALL = {"max_epochs": 1, "n_steps": 1, "module__hidden_dims": (8,), "random_state": 0}
NETS = {
    "AdversarialClassifier": AdversarialClassifier(**SMALL),
    "SRATClassifier": SRATClassifier(**SMALL),
    "ImbMixClassifier": ImbMixClassifier(**SMALL),
}
QUICK = {"max_epochs": 1, "hidden_dims": (8,), "random_state": 0}
CROWD = {
    "AggregateThenFit": AggregateThenFit(),
    "CrowdLayerClassifier": CrowdLayerClassifier(**QUICK),
    "ICEDClassifier": ICEDClassifier(n_networks=2, warm_up_epochs=1, balanced_epochs=1, **QUICK),
    "MBEMClassifier": MBEMClassifier(**QUICK),
}
AGGREGATORS = {"DawidSkene": DawidSkene(max_iter=20), "MajorityVote": MajorityVote()}


def assert_predicts(classifier, X, classes):
    probabilities = classifier.predict_proba(X)
    assert probabilities.shape == (len(X), len(classes))
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    predicted = classifier.predict(X)
    assert predicted.dtype == classifier.classes_.dtype
    assert set(predicted.tolist()) <= set(classes.tolist())


# -- nets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETS)
@given(data=labelled_tables())
def test_nets_predict_and_nothing_else_happens(name, data):
    X, y = data
    net = answer(lambda: clone(NETS[name]).fit(X, y), X, y)
    if net is None:
        return
    assert net.classes_.tolist() == np.unique(y).tolist()
    assert_predicts(net, X, np.unique(y))
    attacked = answer(lambda: net.perturb(X, y, random_state=0), X, y)
    assert attacked is None or np.isfinite(attacked.astype(float)).all()
    again = clone(NETS[name]).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))


@pytest.mark.parametrize("name", NETS)
@given(data=labelled_tables(columns=tuple(NOT_FINITE)))
def test_nets_refuse_what_is_not_finite(name, data):
    X, y = data
    if X.dtype.kind in "fO":
        assert "Input X contains" in refusal(lambda: clone(NETS[name]).fit(X, y), X)


# -- crowds --------------------------------------------------------------------------------------


@st.composite
def votes(draw, n_samples=None):
    """A label matrix of two to four workers, some labels of which are missing."""
    kind = draw(st.sampled_from(list(LABELS)))
    names = np.asarray(LABELS[kind])
    rng = np.random.RandomState(draw(st.integers(0, 99)))
    shape = n_samples or draw(st.integers(2, 20)), draw(st.integers(2, 4))
    matrix = rng.choice(names, size=shape)
    # both labels occur, however few there are
    matrix[0, 0], matrix[-1, 0] = names[:2]
    if not draw(st.booleans()):
        return matrix, "never given"
    holes = rng.uniform(size=shape) < 0.3
    holes[:, 0] = False
    matrix = matrix.astype(object)
    matrix[holes] = None
    return matrix, None


@pytest.mark.parametrize("name", AGGREGATORS)
@given(data=votes())
def test_aggregators_give_each_row_a_label(name, data):
    matrix, missing = data
    aggregator = clone(AGGREGATORS[name]).set_params(missing_label=missing)
    fitted = answer(lambda: aggregator.fit(matrix), matrix)
    if fitted is None:
        return
    assert fitted.labels_.shape == (len(matrix),)
    assert np.isfinite(fitted.label_proba_).all()
    np.testing.assert_allclose(fitted.label_proba_.sum(axis=1), 1)
    again = clone(aggregator).fit(matrix)
    np.testing.assert_array_equal(again.label_proba_, fitted.label_proba_)


@pytest.mark.parametrize("name", CROWD)
@given(X=tables(16), data=votes(16))
def test_crowd_classifiers_predict_and_nothing_else_happens(name, X, data):
    matrix, missing = data
    classifier = clone(CROWD[name])
    if name == "AggregateThenFit":
        classifier.set_params(aggregator=MajorityVote(missing_label=missing))
    else:
        classifier.set_params(missing_label=missing)
    fitted = answer(lambda: clone(classifier).fit(X, matrix), X, matrix)
    if fitted is None:
        return
    assert_predicts(fitted, X, fitted.classes_)
    again = clone(classifier).fit(X, matrix)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize("name", CROWD)
@given(X=tables(16, columns=tuple(NOT_FINITE)))
def test_crowd_classifiers_refuse_what_is_not_finite(name, X):
    if X.dtype.kind in "fO":
        matrix = np.arange(32).reshape(16, 2) % 3 % 2
        assert "Input X contains" in refusal(lambda: clone(CROWD[name]).fit(X, matrix), X)


def test_every_kind_of_column_is_drawn_somewhere():
    rng = np.random.RandomState(0)
    assert all(len(make(rng, 9)) == 9 for make in (COLUMNS | NOT_FINITE).values())
