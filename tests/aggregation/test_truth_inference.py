"""The equations of section 3.2.3 by numbers worked out by hand, and where they have no answer."""

import numpy as np
import pandas as pd
import pytest

from sklearn_imbgen.aggregation import (
    check_label_matrix,
    confusion_counts,
    dawid_skene,
    error_rates,
    floored_log,
    label_certainty,
    label_log_likelihood,
    majority_codes,
    maximize_confusion,
    posterior_from,
    vote_proportions,
)
from sklearn_imbgen.aggregation._truth_inference import pooled_confusion, vote_model

# shares of class 0 in the vote: 1, 2/3, 0, 0
LABELS = check_label_matrix([[0, 0, 0], [0, 0, 1], [1, 1, 1], [1, -1, 1]])
COUNTS = np.array([[[3.0, 1.0], [0.0, 2.0]], [[0.0, 0.0], [1.0, 1.0]]])


def crowd(seed=0, n_classes=3):
    """300 rows, 8 workers, three labels a row, two thirds of them right."""
    rng = np.random.RandomState(seed)
    truth = rng.choice(n_classes, size=300, p=[0.7, 0.2, 0.1])
    answers = np.where(
        rng.uniform(size=(300, 8)) < 0.67, truth[:, None], rng.randint(n_classes, size=(300, 8))
    )
    answers[rng.uniform(size=(300, 8)).argsort(axis=1) >= 3] = -1
    return check_label_matrix(answers)


def test_expected_counts_by_hand():
    counts = confusion_counts(LABELS, vote_proportions(LABELS))
    expected = [[[5 / 3, 0], [1 / 3, 2]], [[5 / 3, 0], [1 / 3, 1]], [[1, 2 / 3], [0, 7 / 3]]]
    np.testing.assert_allclose(counts, expected)


def test_one_iteration_by_hand():
    result = dawid_skene(LABELS, vote_proportions(LABELS), max_iter=1)
    expected = [[[1, 0], [1 / 7, 6 / 7]], [[1, 0], [1 / 4, 3 / 4]], [[0.6, 0.4], [0, 1]]]
    np.testing.assert_allclose(result.confusion, expected, atol=1e-9)
    np.testing.assert_allclose(result.prior, [5 / 12, 7 / 12])
    np.testing.assert_allclose(result.posterior[:, 0], [1, 8 / 9, 0, 0], atol=1e-8)
    # probability of the labels of each row: the prior enters once per row
    expected = np.log([1 / 4, 3 / 16, 3 / 8, 1 / 2]).mean()
    np.testing.assert_allclose(result.history, [expected])
    assert not result.converged


def test_maximum_of_the_likelihood_is_the_share_of_counts():
    confusion = maximize_confusion(COUNTS)
    np.testing.assert_allclose(confusion[0], [[0.75, 0.25], [0, 1]], atol=1e-9)
    # the second worker never met class 0: as all workers together
    np.testing.assert_allclose(confusion[1], [[0.75, 0.25], [0.5, 0.5]])


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("pooled", [[[4.5, 1.5], [0.5, 3.5]], [[1.5, 0.5], [1.5, 2.5]]]),
        ("uniform", [[[4, 2], [1, 3]], [[1, 1], [2, 2]]]),
    ],
)
def test_smoothing_adds_labels_as_all_workers_give_them_or_evenly(target, expected):
    confusion = maximize_confusion(COUNTS, smoothing=2, target=target)
    expected = np.array(expected) / np.sum(expected, axis=2, keepdims=True)
    np.testing.assert_allclose(confusion, expected)


def test_a_class_that_nobody_met_is_even():
    counts = np.zeros((2, 3, 3))
    counts[:, :2] = 1
    np.testing.assert_allclose(pooled_confusion(counts)[2], 1 / 3)
    for smoothing in (0, 1):
        np.testing.assert_allclose(maximize_confusion(counts, smoothing=smoothing)[:, 2], 1 / 3)


def test_bayes_theorem_with_one_prior_and_with_one_per_row():
    log_likelihood = np.log([[0.3, 0.1], [0.3, 0.1]])
    posterior, evidence = posterior_from(log_likelihood, np.log([0.25, 0.75]))
    np.testing.assert_allclose(posterior, 0.5)
    np.testing.assert_allclose(np.exp(evidence), 0.15)
    posterior, _ = posterior_from(log_likelihood, np.log([[0.25, 0.75], [0.5, 0.5]]))
    np.testing.assert_allclose(posterior, [[0.5, 0.5], [0.75, 0.25]])


def test_inputs_of_the_e_step_are_left_alone():
    log_likelihood = np.log([[0.3, 0.1]])
    before = log_likelihood.copy()
    posterior_from(log_likelihood, np.log([0.5, 0.5]))
    np.testing.assert_array_equal(log_likelihood, before)


def test_likelihood_multiplies_over_those_who_labelled():
    confusion = np.array([[[0.8, 0.2], [0.4, 0.6]]] * 3)
    likelihood = np.exp(label_log_likelihood(LABELS, np.log(confusion)))
    np.testing.assert_allclose(likelihood[1], [0.8 * 0.8 * 0.2, 0.4 * 0.4 * 0.6])
    np.testing.assert_allclose(likelihood[3], [0.2 * 0.2, 0.6 * 0.6])


def test_thousands_of_labels_on_a_row_neither_underflow_nor_give_nan():
    labels = check_label_matrix(np.tile([[0, 1], [1, 0]], (1, 2000)))
    result = dawid_skene(labels, np.array([[0.6, 0.4], [0.4, 0.6]]))
    assert np.isfinite(result.posterior).all()
    assert np.isfinite(result.history).all()
    np.testing.assert_allclose(result.posterior.sum(axis=1), 1)


def test_logarithms_of_any_size_give_probabilities():
    # sums of log-odds may be as large as logarithms of many labels are small
    for logs in ([[900.0, 0.0]], [[-900.0, 0.0]], [[900.0, 890.0]], [[-5000.0, -4990.0]]):
        posterior, evidence = posterior_from(np.array(logs), np.zeros(2))
        assert np.isfinite(posterior).all()
        np.testing.assert_allclose(posterior.sum(axis=1), 1)
        np.testing.assert_allclose(evidence, np.logaddexp(*logs[0]))


def test_logarithms_have_a_floor():
    assert floored_log([0.0, 1.0]).tolist() == [np.log(1e-10), 0.0]


@pytest.mark.parametrize("prior", ["estimated", "fixed", "per row"])
def test_without_smoothing_the_log_likelihood_never_falls(prior):
    labels = crowd()
    fixed = {
        "estimated": None,
        "fixed": np.array([0.5, 0.3, 0.2]),
        "per row": np.random.RandomState(1).dirichlet(np.ones(3), size=300),
    }[prior]
    start = vote_proportions(labels)
    result = dawid_skene(labels, start, prior=fixed, max_iter=60, tol=0)
    assert np.diff(result.history).min() > -1e-9
    assert result.history[-1] > result.history[0] + 0.01


@pytest.mark.parametrize("smoothing", [0.0, 1.0])
def test_at_convergence_a_further_iteration_changes_nothing(smoothing):
    labels = crowd()
    settings = {"smoothing": smoothing, "max_iter": 2000}
    result = dawid_skene(labels, vote_proportions(labels), tol=1e-9, **settings)
    assert result.converged
    again = dawid_skene(labels, result.posterior, smoothing=smoothing, max_iter=1)
    np.testing.assert_allclose(again.posterior, result.posterior, atol=1e-5)


def test_the_prior_of_a_row_decides_where_workers_do_not():
    labels = check_label_matrix([[0, 0], [1, 1], [0, 1], [0, 1]])
    prior = np.array([[0.5, 0.5], [0.5, 0.5], [0.9, 0.1], [0.1, 0.9]])
    result = dawid_skene(labels, vote_proportions(labels), prior=prior, smoothing=1)
    assert result.posterior.argmax(axis=1).tolist() == [0, 1, 0, 1]
    np.testing.assert_array_equal(result.prior, prior)


def test_error_rates_weigh_the_classes_by_the_prior():
    confusion = np.array([[[0.9, 0.1], [0.6, 0.4]], [[1.0, 0.0], [0.0, 1.0]]])
    rates = error_rates(confusion, np.array([0.8, 0.2]))
    np.testing.assert_allclose(rates, [0.8 * 0.1 + 0.2 * 0.6, 0], atol=1e-12)


def test_certainty_by_hand():
    # 1 - (1/4 + 1/4) and 1 - (4/9 + 1/9)
    certainty = label_certainty([[0, 1, -1], [0, 1, 0], [1, 1, 1]], epsilon=0.5)
    np.testing.assert_allclose(certainty, [1 / 1.0, 1 / (4 / 9 + 0.5), 2.0])


def test_only_shares_count_and_labels_may_be_text():
    frame = pd.DataFrame([["a", "b", None, None], ["b", "b", "a", "a"], ["c", None, None, None]])
    certainty = label_certainty(frame)
    assert certainty[0] == certainty[1] == pytest.approx(2, rel=1e-5)
    assert certainty[2] == pytest.approx(1e6)


def test_more_classes_in_a_tie_are_less_certain():
    two, three = label_certainty([[0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 2]])
    assert two == pytest.approx(2, rel=1e-5)
    assert three == pytest.approx(1.5, rel=1e-5)


@pytest.mark.parametrize(
    ("epsilon", "error"), [(0, ValueError), (-1, ValueError), ("a", TypeError)]
)
def test_epsilon_is_a_number_above_zero(epsilon, error):
    with pytest.raises(error, match="epsilon"):
        label_certainty([[0, 1]], epsilon=epsilon)


def test_rows_without_labels_are_named():
    with pytest.raises(ValueError, match="without any label: row 1"):
        label_certainty([[0, 1], [-1, -1]])


def test_most_votes_win():
    assert majority_codes(LABELS).tolist() == [0, 0, 1, 1]


def test_the_vote_model_shares_tied_rows():
    # the first row counts half for each class
    prior, confusion = vote_model(check_label_matrix([[0, 1], [0, 0], [0, 0], [1, 1]]))
    np.testing.assert_allclose(prior, [2.5 / 4, 1.5 / 4])
    np.testing.assert_allclose(confusion, [[4.5 / 5, 0.5 / 5], [0.5 / 3, 2.5 / 3]])


def test_a_tie_goes_where_the_labels_are_likelier_by_hand():
    labels = check_label_matrix([[0, 1], [0, 0], [0, 0], [1, 1]])
    # 2.5 * 4.5/5 * 0.5/5 = 0.225 against 1.5 * 0.5/3 * 2.5/3 = 0.208
    assert majority_codes(labels)[0] == 0


@pytest.mark.parametrize("rare", ["a", "z"])
def test_a_tie_goes_to_the_rare_class_if_only_that_one_is_missed(rare):
    common = {"a": "z", "z": "a"}[rare]
    votes = [[common] * 2 + [rare] * 2] + [[common] * 4] * 20 + [[common] + [rare] * 3] * 4
    labels = check_label_matrix(votes)
    assert labels.classes[majority_codes(labels)[0]] == rare


def test_a_tie_goes_to_the_common_class_if_errors_are_alike():
    votes = [[0, 1]] + [[0, 0]] * 20 + [[1, 1]] * 4
    for swap in (False, True):
        labels = check_label_matrix(1 - np.array(votes) if swap else votes)
        assert majority_codes(labels)[0] == int(swap)


def test_a_class_outside_a_tie_cannot_win_it():
    votes = [[0, 0, 1, 1, 2]] + [[2] * 5] * 50 + [[0] * 5, [1] * 5]
    assert majority_codes(check_label_matrix(votes))[0] in (0, 1)


def test_ties_without_any_evidence_go_to_the_first_class():
    labels = check_label_matrix([["a", "b"], ["b", "a"]])
    assert majority_codes(labels).tolist() == [0, 0]
