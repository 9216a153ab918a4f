"""Ctrl-C at any moment of a training leaves an estimator that works or is not fitted."""

import signal
import sys
from contextlib import suppress

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sklearn_imbgen.crowd import DawidSkene, ICEDClassifier
from sklearn_imbgen.robust import AdversarialClassifier, ImbMixClassifier, SRATClassifier
from tests.crowd.registry import CROWD_CLASSIFIERS
from tests.registry import SAMPLERS

SMALL = {"max_epochs": 3, "n_steps": 1, "batch_size": 32, "random_state": 0}
CLASSIFIERS = {
    "AdversarialClassifier": AdversarialClassifier(**SMALL),
    "SRATClassifier": SRATClassifier(**SMALL),
    "ImbMixClassifier": ImbMixClassifier(**SMALL, averaging_start=1),
}
SHORT = {"ICEDClassifier": {"max_epochs": 2, "warm_up_epochs": 2, "balanced_epochs": 1}}
CROWD = {
    name: clone(classifier).set_params(**SHORT.get(name, {"max_epochs": 4}))
    for name, classifier in CROWD_CLASSIFIERS.items()
    if name != "AggregateThenFit"
}
ESTIMATORS = {**SAMPLERS, **CLASSIFIERS, **CROWD, "DawidSkene": DawidSkene()}
N_MOMENTS = 5

# so few epochs do not tell rows apart
pytestmark = pytest.mark.filterwarnings("ignore::sklearn_imbgen.exceptions.ConfusedLabelsWarning")


class Calls:
    """Counts the calls of the library's functions, and presses Ctrl-C at one of them."""

    def __init__(self, interrupt_at=None):
        self.count, self.interrupt_at = 0, interrupt_at

    def watch(self, frame, event, argument):
        if event == "call" and "sklearn_imbgen" in frame.f_code.co_filename:
            self.count += 1
            if self.count == self.interrupt_at:
                signal.raise_signal(signal.SIGINT)

    def __enter__(self):
        sys.setprofile(self.watch)
        return self

    def __exit__(self, *error):
        sys.setprofile(None)


def data_of(name, imbalanced):
    X, y = imbalanced
    if name not in {*CROWD, "DawidSkene"}:
        return X, y
    wrong = np.random.RandomState(0).uniform(size=(len(X), 3)) < 0.2
    votes = np.where(wrong, 1 - y[:, None], y[:, None])
    return (votes,) if name == "DawidSkene" else (X, votes)


def outcome(name, estimator, X):
    """Something that follows from all that was learned."""
    if name in SAMPLERS:
        return estimator.sample(3, label=1)
    if name == "DawidSkene":
        check_is_fitted(estimator)
        return estimator.label_proba_
    return estimator.predict_proba(X)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_ctrl_c_leaves_an_estimator_that_works(name, imbalanced):
    data = data_of(name, imbalanced)
    # a first training imports modules, whose calls are not counted
    estimator = clone(ESTIMATORS[name]).fit(*data)
    with Calls() as calls:
        estimator.fit(*data)
    reference = outcome(name, estimator, imbalanced[0])
    moments = np.random.RandomState(1).randint(1, calls.count, size=N_MOMENTS)
    for moment in moments.tolist():
        # inside its training a skorch net, also that of ImbMix, ends it and returns
        of_skorch = name in CLASSIFIERS or name == "ImbMix"
        expected = suppress if of_skorch else pytest.raises
        with expected(KeyboardInterrupt), Calls(moment):
            estimator.fit(*data)
        with suppress(NotFittedError):
            assert np.isfinite(outcome(name, estimator, imbalanced[0])).all(), moment
        estimator.fit(*data)
        np.testing.assert_array_equal(outcome(name, estimator, imbalanced[0]), reference)


def test_ctrl_c_in_the_warm_up_leaves_no_untrained_network(imbalanced, monkeypatch):
    from sklearn_imbgen.crowd import _cross_fitting

    trained, train = [], _cross_fitting.train

    def interrupted(*args, **options):
        if len(trained) == 2:
            raise KeyboardInterrupt
        trained.append(True)
        return train(*args, **options)

    monkeypatch.setattr(_cross_fitting, "train", interrupted)
    X, votes = data_of("ICEDClassifier", imbalanced)
    iced = ICEDClassifier(n_networks=4, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        iced.fit(X, votes)
    assert len(iced.module_.members) == 2
    assert iced.transform(X).shape == (100, 2 * iced.latent_dim)
    assert iced.score(X, imbalanced[1]) > 0.9
