"""Calibration on real rows undoes what resampling did to the probabilities."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from imblearn.pipeline import make_pipeline
from scipy import sparse
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Perceptron, RidgeClassifier
from sklearn.metrics import brier_score_loss, log_loss
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from sklearn_imbgen.calibration import calibrate_on_real_rows
from sklearn_imbgen.over_sampling import SWIM
from sklearn_imbgen.robust import AdversarialClassifier


def three_parts(n_classes, weights):
    X, y = make_classification(
        n_samples=3000,
        n_features=4,
        n_informative=4,
        n_redundant=0,
        n_classes=n_classes,
        weights=weights,
        n_clusters_per_class=1,
        class_sep=0.5,
        random_state=0,
    )
    X_train, X_rest, y_train, y_rest = train_test_split(
        X, y, stratify=y, test_size=0.6, random_state=0
    )
    X_real, X_test, y_real, y_test = train_test_split(
        X_rest, y_rest, stratify=y_rest, test_size=0.5, random_state=0
    )
    return X_train, y_train, X_real, y_real, X_test, y_test


@pytest.fixture(scope="module")
def two():
    return three_parts(2, [0.95])


@pytest.fixture(scope="module")
def three():
    return three_parts(3, [0.8, 0.15, 0.05])


def resampled(part, classifier=None):
    last = LogisticRegression() if classifier is None else classifier
    return make_pipeline(StandardScaler(), SWIM(random_state=0), last).fit(*part[:2])


def test_probabilities_get_the_real_share_of_the_class(two):
    *_, X_real, y_real, X_test, y_test = two
    clf = resampled(two)
    calibrated = calibrate_on_real_rows(clf, X_real, y_real)
    before, after = (model.predict_proba(X_test)[:, 1] for model in (clf, calibrated))
    assert before.mean() > 3 * y_test.mean()
    assert after.mean() == pytest.approx(y_test.mean(), abs=0.01)
    assert brier_score_loss(y_test, after) < 0.7 * brier_score_loss(y_test, before)
    assert log_loss(y_test, after) < 0.7 * log_loss(y_test, before)
    # a monotone curve: the order of the rows stays
    np.testing.assert_array_equal(
        np.argsort(before, kind="stable"), np.argsort(after, kind="stable")
    )


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_several_classes(three, method):
    *_, X_real, y_real, X_test, y_test = three
    clf = resampled(three)
    calibrated = calibrate_on_real_rows(clf, X_real, y_real, method=method)
    after = calibrated.predict_proba(X_test)
    np.testing.assert_allclose(after.sum(axis=1), 1)
    shares = np.bincount(y_test) / len(y_test)
    np.testing.assert_allclose(after.mean(axis=0), shares, atol=0.02)
    assert np.abs(clf.predict_proba(X_test).mean(axis=0) - shares).max() > 0.1
    assert log_loss(y_test, after) < log_loss(y_test, clf.predict_proba(X_test))


def test_it_is_scikit_learns_calibration_of_a_frozen_classifier(three):
    *_, X_real, y_real, X_test, _ = three
    clf = resampled(three)
    weights = clf[-1].coef_.copy()
    ours = calibrate_on_real_rows(clf, X_real, y_real)
    theirs = CalibratedClassifierCV(FrozenEstimator(clf)).fit(X_real, y_real)
    np.testing.assert_array_equal(ours.predict_proba(X_test), theirs.predict_proba(X_test))
    np.testing.assert_array_equal(clf[-1].coef_, weights)
    assert ours.estimator.estimator is clf


@pytest.mark.parametrize("wrap", [np.asarray, pd.DataFrame, sparse.csr_array, pl.DataFrame])
def test_synthetic_rows_are_left_out(two, wrap):
    X_train, y_train, X_real, y_real, X_test, _ = two
    X_train, X_real, X_test = wrap(X_train), wrap(X_real), wrap(X_test)
    clf = LogisticRegression(class_weight="balanced").fit(X_train, y_train)
    expected = calibrate_on_real_rows(clf, X_real, y_real).predict_proba(X_test)
    sampler = SWIM(random_state=1)
    X_mixed, y_mixed = sampler.fit_resample(X_real, y_real)
    calibrated = calibrate_on_real_rows(clf, X_mixed, y_mixed, is_synthetic=sampler.is_synthetic_)
    np.testing.assert_allclose(calibrated.predict_proba(X_test), expected)
    with_all = calibrate_on_real_rows(clf, X_mixed, y_mixed).predict_proba(X_test)
    assert np.abs(with_all - expected).max() > 0.1


@pytest.mark.parametrize("classifier", [Perceptron(), KNeighborsClassifier()])
def test_scores_without_probabilities_and_the_reverse(two, classifier):
    _, _, X_real, y_real, X_test, y_test = two
    calibrated = calibrate_on_real_rows(resampled(two, classifier), X_real, y_real)
    assert calibrated.predict_proba(X_test)[:, 1].mean() == pytest.approx(y_test.mean(), abs=0.02)


def test_searches_and_nets(two):
    X_train, y_train, X_real, y_real, X_test, y_test = two
    search = GridSearchCV(LogisticRegression(class_weight="balanced"), {"C": [0.1, 1]}, cv=2)
    net = AdversarialClassifier(max_epochs=3, n_steps=1, class_weight="balanced", random_state=0)
    for model in (search, net):
        calibrated = calibrate_on_real_rows(model.fit(X_train, y_train), X_real, y_real)
        share = calibrated.predict_proba(X_test)[:, 1].mean()
        assert share == pytest.approx(y_test.mean(), abs=0.02)


@pytest.mark.parametrize("dtype", ["category", "string", "object"])
def test_labels_of_any_type(two, dtype):
    X_train, y_train, X_real, y_real, *_ = two
    names = [pd.Series(np.array(["often", "rare"])[y]).astype(dtype) for y in (y_train, y_real)]
    clf = LogisticRegression(class_weight="balanced").fit(X_train, names[0])
    calibrated = calibrate_on_real_rows(clf, X_real, names[1])
    assert calibrated.classes_.tolist() == ["often", "rare"]
    polars = calibrate_on_real_rows(clf, X_real, pl.Series(names[1].tolist()))
    np.testing.assert_array_equal(polars.predict_proba(X_real), calibrated.predict_proba(X_real))


def test_what_cannot_be_calibrated_is_refused(two):
    X_train, y_train, X_real, y_real, *_ = two
    clf = resampled(two)
    rare = np.flatnonzero(y_real == 1)
    kept = np.r_[np.flatnonzero(y_real == 0), rare[:4]]
    with pytest.raises(ValueError, match=r"class 1 has 4 real row\(s\).* needs 5 or more"):
        calibrate_on_real_rows(clf, X_real[kept], y_real[kept])
    with pytest.raises(ValueError, match=r"class 1 has 0 real row\(s\)"):
        calibrate_on_real_rows(clf, X_real, y_real, is_synthetic=y_real == 1)
    with pytest.raises(ValueError, match="y holds 7, which the classifier was not fitted on"):
        calibrate_on_real_rows(clf, X_real, np.where(y_real == 1, 7, y_real))
    with pytest.raises(ValueError, match="X has 900 rows and y has 899 labels"):
        calibrate_on_real_rows(clf, X_real, y_real[1:])
    with pytest.raises(ValueError, match="X is a masked array that hides 1 value"):
        calibrate_on_real_rows(clf, np.ma.masked_equal(X_real, X_real[7, 0]), y_real)
    frame, names = pd.DataFrame(X_real), np.arange(900)[::-1]
    with pytest.raises(ValueError, match="X and y are indexed differently: row 0 is 0 in X"):
        calibrate_on_real_rows(clf, frame, pd.Series(y_real, index=names))
    with pytest.raises(ValueError, match="X and is_synthetic are indexed differently"):
        calibrate_on_real_rows(
            clf, frame, y_real, is_synthetic=pd.Series(np.zeros(900, dtype=bool), index=names)
        )
    with pytest.raises(NotFittedError, match="not fitted"):
        calibrate_on_real_rows(LogisticRegression(), X_real, y_real)

    class Silent(RidgeClassifier):
        decision_function = property()

    with pytest.raises(TypeError, match="Silent has neither decision_function nor predict_proba"):
        calibrate_on_real_rows(Silent().fit(X_train, y_train), X_real, y_real)


@pytest.mark.parametrize("flags", [[True, False], np.zeros(900, dtype=int)])
def test_flags_that_do_not_fit_are_refused(two, flags):
    _, _, X_real, y_real, *_ = two
    with pytest.raises(ValueError, match="is_synthetic must hold one boolean per row of X, 900"):
        calibrate_on_real_rows(resampled(two), X_real, y_real, is_synthetic=flags)


# -- the other way: scikit-learn around the unfitted Pipeline -------------------------------------


class Watched(LogisticRegression):
    """Notes the rows that it is fitted on and those it is asked about."""

    log = []

    def fit(self, X, y):
        self.log.append(("fit", X))
        return super().fit(X, y)

    def decision_function(self, X):
        self.log.append(("asked", X))
        return super().decision_function(X)


@pytest.mark.parametrize("ensemble", [True, False])
def test_calibration_around_a_pipeline_sees_held_out_real_rows_only(two, ensemble):
    X, y, *_, X_test, y_test = two
    Watched.log.clear()
    pipeline = make_pipeline(SWIM(random_state=0), Watched())
    calibrated = CalibratedClassifierCV(pipeline, cv=3, ensemble=ensemble).fit(X, y)
    real = {row.tobytes() for row in X}
    for (_, trained), (_, asked) in zip(Watched.log[:6:2], Watched.log[1:6:2], strict=True):
        trained, asked = ({row.tobytes() for row in rows} for rows in (trained, asked))
        assert asked <= real
        assert not trained & asked
        assert trained - real  # the sampler was at work
    share = calibrated.predict_proba(X_test)[:, 1].mean()
    assert share == pytest.approx(y_test.mean(), abs=0.01)
