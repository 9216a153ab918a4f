"""What DawidSkene does beyond every aggregator; the equations are in tests/utils."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

from sklearn_imbgen.aggregation import (
    check_label_matrix,
    dawid_skene,
    vote_proportions,
)
from sklearn_imbgen.crowd import DawidSkene, MajorityVote


@pytest.fixture(scope="module")
def crowd():
    """Two workers who are right nine times of ten and five who say 0 to nearly all; the truth."""
    rng = np.random.RandomState(0)
    truth = (rng.uniform(size=400) < 0.3).astype(int)
    right = rng.uniform(size=(400, 7)) < 0.9
    worker_labels = np.where(right, truth[:, None], 1 - truth[:, None])
    worker_labels[:, 2:] = (rng.uniform(size=(400, 5)) < 0.1) * truth[:, None]
    worker_labels[rng.uniform(size=(400, 7)) < 0.2] = -1
    return worker_labels[(worker_labels >= 0).any(axis=1)], truth[(worker_labels >= 0).any(axis=1)]


def test_workers_who_do_not_look_are_seen_through(crowd):
    worker_labels, truth = crowd
    vote = MajorityVote().fit(worker_labels).score(None, truth)
    aggregator = DawidSkene().fit(worker_labels)
    assert aggregator.score(None, truth) > vote + 0.1
    np.testing.assert_allclose(aggregator.worker_confusion_[0, 1], [0.1, 0.9], atol=0.1)
    assert (aggregator.worker_confusion_[2:, 1, 0] > 0.8).all()
    assert (aggregator.worker_error_rate_[:2] < aggregator.worker_error_rate_[2:].min()).all()
    assert aggregator.class_prior_[1] == pytest.approx(truth.mean(), abs=0.05)


def test_attributes_are_those_of_the_algorithm(crowd):
    labels = check_label_matrix(crowd[0])
    settings = {"smoothing": 0.5, "max_iter": 250, "tol": 1e-4}
    result = dawid_skene(labels, vote_proportions(labels), target="uniform", **settings)
    aggregator = DawidSkene(smoothing_target="uniform", **settings).fit(crowd[0])
    np.testing.assert_array_equal(aggregator.label_proba_, result.posterior)
    np.testing.assert_array_equal(aggregator.worker_confusion_, result.confusion)
    assert aggregator.history_ == {"log_likelihood": result.history}
    assert aggregator.n_iter_ == len(result.history) < 250
    assert aggregator.converged_


@pytest.mark.parametrize(("prior", "expected"), [("uniform", [0.5, 0.5]), ([0.8, 0.2], [0.8, 0.2])])
def test_a_fixed_prior_is_kept(crowd, prior, expected):
    np.testing.assert_allclose(DawidSkene(prior=prior).fit(crowd[0]).class_prior_, expected)


def test_the_prior_moves_undecided_rows():
    worker_labels = [[0, 0]] * 5 + [[1, 1]] * 5 + [[0, 1]]
    for prior, label in [([0.7, 0.3], 0), ([0.3, 0.7], 1)]:
        assert DawidSkene(prior=prior).fit(worker_labels).labels_[-1] == label


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ([0.5, 0.3, 0.2], "each of the 2 classes"),
        ([0.5, 0.6], "sum to 1"),
        ([1.5, -0.5], "sum to 1"),
        ([np.nan, 1.0], "sum to 1"),
        ("flat", "'prior' parameter of DawidSkene"),
    ],
)
def test_priors_that_are_none(crowd, prior, message):
    with pytest.raises(ValueError, match=message):
        DawidSkene(prior=prior).fit(crowd[0])


def test_ending_early_warns_and_says_what_to_do(crowd):
    aggregator = DawidSkene(max_iter=2)
    with pytest.warns(ConvergenceWarning, match=r"max_iter=2 .* Raise max_iter") as record:
        aggregator.fit(crowd[0])
    assert record[0].filename == __file__
    assert (aggregator.n_iter_, aggregator.converged_) == (2, False)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_warm_start_goes_on(crowd):
    # without smoothing the matrices carry all that the iterations need
    whole = DawidSkene(max_iter=7, tol=0, smoothing=0).fit(crowd[0])
    parts = DawidSkene(max_iter=4, tol=0, smoothing=0, warm_start=True).fit(crowd[0])
    parts.set_params(max_iter=3).fit(crowd[0])
    np.testing.assert_allclose(parts.label_proba_, whole.label_proba_, atol=1e-9)
    assert parts.n_iter_ == 3
    cold = parts.set_params(warm_start=False).fit(crowd[0])
    assert cold.history_["log_likelihood"] == whole.history_["log_likelihood"][:3]


def test_a_warm_start_takes_new_rows_of_the_same_workers_only(crowd):
    frame = pd.DataFrame(crowd[0]).add_prefix("worker ")
    aggregator = DawidSkene(warm_start=True).fit(frame[:200])
    assert len(aggregator.fit(frame[200:]).labels_) == len(frame) - 200
    with pytest.raises(ValueError, match="fitted with 7"):
        aggregator.fit(frame.iloc[:, :3].clip(lower=0))
    with pytest.raises(ValueError, match="holds 5"):
        aggregator.fit(frame.replace(1, 5))


def test_smoothing_draws_a_newcomer_to_the_others(crowd):
    newcomer = np.full((len(crowd[0]), 1), -1)
    newcomer[0] = 1 - crowd[1][0]
    worker_labels = np.hstack([crowd[0], newcomer])
    rates = [DawidSkene(smoothing=s).fit(worker_labels).worker_error_rate_[-1] for s in (0, 1, 5)]
    everybody = DawidSkene(smoothing=1).fit(crowd[0]).worker_error_rate_.mean()
    gaps = np.abs(np.array(rates) - everybody)
    assert gaps[0] > gaps[1] > gaps[2]


def test_many_classes_with_few_labels():
    rng = np.random.RandomState(0)
    truth = rng.randint(12, size=300)
    worker_labels = np.where(rng.uniform(size=(300, 5)) < 0.7, truth[:, None],
                             rng.randint(12, size=(300, 5)))  # fmt: skip
    aggregator = DawidSkene().fit(worker_labels)
    assert aggregator.score(None, truth) > 0.9
    assert aggregator.worker_confusion_.shape == (5, 12, 12)


def test_verbose_shows_progress(crowd, capsys):
    DawidSkene(verbose=1).fit(crowd[0])
    shown = capsys.readouterr()
    assert "EM" in shown.err
    assert "log_likelihood" in shown.err
