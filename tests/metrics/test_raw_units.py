"""Epsilon in the units of the raw rows, through transformers."""

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from sklearn_imbgen.metrics import robust_accuracy_score
from sklearn_imbgen.metrics._raw_units import find_raw_units
from tests.metrics.line import X_LINE, Y_LINE, Linear


def scaled(scaler, **parameters):
    return make_pipeline(scaler, Linear(**parameters)).fit(X_LINE, Y_LINE)


def test_raw_units_of_a_standard_scaler_are_those_of_the_rows():
    # the net's border 0 lies at the mean of the raw rows, 0.475
    pipeline = scaled(StandardScaler())
    mean, std = X_LINE.mean(), X_LINE.std()
    for epsilon in (0.1, 0.3, 1.0, 2.0):
        signed = (X_LINE[:, 0] - mean) * np.where(Y_LINE == 1, 1, -1)
        by_hand = np.mean(signed > epsilon)
        raw = robust_accuracy_score(pipeline, X_LINE, Y_LINE, epsilon=epsilon, units="raw")
        net = robust_accuracy_score(pipeline, X_LINE, Y_LINE, epsilon=epsilon / std)
        assert raw == net == by_hand


def test_units_of_the_net_are_behind_the_scaler():
    pipeline = scaled(MinMaxScaler(), border=0.5)
    inside = MinMaxScaler().fit_transform(X_LINE)
    by_hand = np.mean((inside[:, 0] - 0.5) * np.where(Y_LINE == 1, 1, -1) > 0.2)
    assert robust_accuracy_score(pipeline, X_LINE, Y_LINE, epsilon=0.2) == by_hand


def test_cut_rows_stay_in_the_range_of_the_scaler():
    # range -3 to 5; the border 0.999 is 4.992 in raw units
    pipeline = scaled(MinMaxScaler(clip=True), border=0.999)
    X = np.array([[5.0], [9.0], [-3.0], [4.0]])
    y = np.array([1, 1, 0, 0])
    assert robust_accuracy_score(pipeline, X, y, epsilon=0.004, units="raw") == 1
    assert robust_accuracy_score(pipeline, X, y, epsilon=1.0, units="raw") == 1 / 4
    low, high = pipeline[-1].asked_["clip_values"]
    np.testing.assert_allclose([low, high], [[0], [1]])
    # with the border beyond the range nothing can be pushed over it
    pipeline = scaled(MinMaxScaler(clip=True), border=1.5)
    assert robust_accuracy_score(pipeline, X, 0 * y, epsilon=99.0, units="raw") == 1


def test_clip_values_in_raw_units():
    pipeline = scaled(MinMaxScaler(), border=0.5)
    options = {"epsilon": 9.0, "units": "raw"}
    assert robust_accuracy_score(pipeline, X_LINE, Y_LINE, **options) == 0
    kept = robust_accuracy_score(pipeline, X_LINE, Y_LINE, clip_values=(-9, 0.9), **options)
    # the border 0.5 is 1 in raw units: the true zeros may not be pushed over it
    assert kept == 4 / 8


def test_the_range_of_the_net_and_that_of_the_scaler_both_hold():
    pipeline = scaled(MinMaxScaler(clip=True), attack__clip_values=(0.1, 2.0))
    robust_accuracy_score(pipeline, X_LINE, Y_LINE, epsilon=1.0, units="raw")
    np.testing.assert_allclose(pipeline[-1].asked_["clip_values"], [[0.1], [1.0]])


@pytest.mark.parametrize(
    "scaler", [StandardScaler(), MinMaxScaler((-1, 3)), MaxAbsScaler(), RobustScaler()]
)
def test_factors_of_scalers(scaler):
    X = np.random.RandomState(0).normal([1e6, 0, 3], [1.0, 1e-3, 0.0], size=(50, 3))
    ends = scaler.fit(X).transform([X[0], X[0] + 1.0])
    units = find_raw_units([scaler], X)
    np.testing.assert_allclose(units.factor, ends[1] - ends[0], rtol=1e-6)
    np.testing.assert_allclose(units.transform(X), scaler.transform(X), atol=1e-6)
    assert np.isinf(units.low).all()


def test_a_chain_of_scalers_and_a_falling_one():
    chain = [MinMaxScaler(clip=True).fit([[0.0], [4.0]]), FunctionTransformer(lambda X: -2 * X)]
    units = find_raw_units(chain, np.array([[1.0], [3.0]]))
    assert units.factor == pytest.approx([-0.5])
    assert (units.low, units.high) == (pytest.approx([-2.0]), pytest.approx([0.0]))
    assert units.scale(None) == pytest.approx([0.5])
    low, high = units.clip_values((1, 6), None)
    assert (low, high) == (pytest.approx([-2.0]), pytest.approx([-0.5]))


@pytest.mark.parametrize(
    "transformer",
    [
        PCA(2),
        QuantileTransformer(n_quantiles=10),
        PowerTransformer(),
        FunctionTransformer(np.log),
        FunctionTransformer(np.tanh),
        FunctionTransformer(np.round),
        FunctionTransformer(lambda X: X[:, ::-1]),
        FunctionTransformer(lambda X: X[:, :1]),
        make_pipeline(StandardScaler(), PCA(3)),
    ],
)
def test_other_transformers_need_the_units_of_the_net(two_classes, transformer):
    X, y = np.abs(two_classes[0]) + 0.1, two_classes[1]
    pipeline = make_pipeline(transformer, Linear()).fit(X, y)
    with pytest.raises(ValueError, match=r'Use units="net"'):
        robust_accuracy_score(pipeline, X, y, epsilon=0.1, units="raw")
    robust_accuracy_score(pipeline, X, y, epsilon=0.1)


def test_samplers_and_passthrough_are_left_out(two_classes):
    X, y = two_classes
    sampler = RandomOverSampler(random_state=0)
    steps = [StandardScaler(), "passthrough", sampler, Linear()]
    pipeline = make_imblearn_pipeline(*steps).fit(X, y)
    alone = Linear().fit(X, y)
    rows = StandardScaler().fit_transform(X)
    assert robust_accuracy_score(pipeline, X, y, epsilon=0.3) == robust_accuracy_score(
        alone, rows, y, epsilon=0.3
    )
    assert robust_accuracy_score(pipeline, X, y, epsilon=0.3, units="raw") > 0


def test_pipelines_within_pipelines_and_searches():
    nested = make_pipeline(MinMaxScaler(), make_pipeline(StandardScaler(), Linear()))
    nested.fit(X_LINE, Y_LINE)
    flat = make_pipeline(MinMaxScaler(), StandardScaler(), Linear()).fit(X_LINE, Y_LINE)
    search = GridSearchCV(flat, {"linear__border": [0.0]}, cv=2).fit(X_LINE, Y_LINE)
    scores = {
        robust_accuracy_score(estimator, X_LINE, Y_LINE, epsilon=0.7, units="raw")
        for estimator in (nested, flat, search)
    }
    assert len(scores) == 1
