"""Inference with levels of difficulty and row priors, by hand numbers."""

import numpy as np
import pytest
from scipy.special import logsumexp

from sklearn_imbgen.aggregation import (
    check_label_matrix,
    dawid_skene,
    vote_proportions,
)
from sklearn_imbgen.crowd._inference import (
    GradedModel,
    LabelInference,
    agreement_start,
    graded_log_likelihood,
    maximize_model,
    tempered,
    vote_accuracies,
)

CONFUSION = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.7, 0.3], [0.4, 0.6]]])


@pytest.fixture
def labels():
    """Forty rows of two classes, three workers, a few labels missing."""
    rng = np.random.RandomState(0)
    truth = np.arange(40) % 2
    wrong = rng.uniform(size=(40, 3)) < [0.1, 0.2, 0.4]
    codes = np.where(wrong, 1 - truth[:, None], truth[:, None])
    codes[rng.uniform(size=codes.shape) < 0.1] = -1
    codes[:, 0] = np.where((codes < 0).all(axis=1), truth, codes[:, 0])
    return check_label_matrix(codes)


def test_without_levels_it_is_the_product_of_eq_3_2():
    labels = check_label_matrix([[0, 1], [1, -1]])
    joint = graded_log_likelihood(labels, GradedModel(CONFUSION, np.ones(1)), (0.0,))
    np.testing.assert_allclose(np.exp(joint[:, :, 0]), [[0.9 * 0.3, 0.2 * 0.6], [0.1, 0.8]])


def test_a_level_mixes_confusion_with_guessing():
    labels = check_label_matrix([[0, 1]])
    model = GradedModel(CONFUSION, np.array([0.25, 0.75]))
    joint = graded_log_likelihood(labels, model, (0.0, 0.5))
    np.testing.assert_allclose(np.exp(joint[0, 0]), [0.25 * 0.9 * 0.3, 0.75 * 0.7 * 0.4])


def test_the_m_step_counts_answers_that_were_no_guesses():
    labels = check_label_matrix([[0], [1]])
    model = GradedModel(np.array([[[0.8, 0.2], [0.2, 0.8]]]), np.array([0.5, 0.5]))
    joint = graded_log_likelihood(labels, model, (0.0, 0.5))
    posterior = np.array([[1.0, 0.0], [1.0, 0.0]])
    updated = maximize_model(labels, posterior, joint, model, (0.0, 0.5), smoothing=0.0)
    # answer 0: level 0 has .8, level .5 has .65, of which .4 is knowledge; answer 1: .2, .35, .1
    right = 0.8 / 1.45 + 0.65 / 1.45 * 0.4 / 0.65
    wrong = 0.2 / 0.55 + 0.35 / 0.55 * 0.1 / 0.35
    assert updated.confusion[0, 0, 0] == pytest.approx(right / (right + wrong))
    # one row more at each level
    easy = 0.8 / 1.45 + 0.2 / 0.55
    assert updated.level_prior[0] == pytest.approx((easy + 1) / 4)


def test_one_level_and_one_prior_give_dawid_and_skene(labels):
    inference = LabelInference(labels, prior="estimated", levels=(0.0,), smoothing=0.0, n_steps=7)
    inference.step(np.full((40, 2), 0.5))
    expected = dawid_skene(labels, vote_proportions(labels), max_iter=7, tol=0.0)
    np.testing.assert_allclose(inference.posterior, expected.posterior, atol=1e-9)


def test_hard_rows_are_told_from_a_confused_class():
    # class 0 has easy rows and rows on which all workers guess; nobody is of class 1
    rng = np.random.RandomState(0)
    codes = np.where(np.arange(600)[:, None] < 300, 0, rng.randint(2, size=(600, 9)))
    labels = check_label_matrix(codes)
    sure = np.tile([0.9, 0.1], (600, 1))
    shares = {}
    for levels in ((0.0,), (0.0, 0.5, 0.9)):
        inference = LabelInference(labels, "classifier", levels, smoothing=1.0, n_steps=20)
        inference.step(sure)
        shares[levels] = inference.posterior[:, 1].mean()
    assert shares[0.0, 0.5, 0.9] < 0.25 < 0.4 < shares[(0.0,)]


def test_agreement_tells_accuracies():
    rng = np.random.RandomState(0)
    truth = rng.randint(4, size=20000)

    def answers(accuracy):
        other = (truth + rng.randint(1, 4, size=truth.size)) % 4
        return np.where(rng.uniform(size=truth.size) < accuracy, truth, other)

    labels = check_label_matrix(np.column_stack([answers(0.7), answers(0.7), answers(0.7)]))
    worker, classifier = vote_accuracies(labels, answers(0.55))
    assert worker == pytest.approx(0.7, abs=0.01)
    assert classifier == pytest.approx(0.55, abs=0.02)


def test_single_labels_take_both_accuracies_as_equal():
    labels = check_label_matrix([0, 0, 1, 1])
    assert vote_accuracies(labels, np.array([0, 0, 1, 1])) == (0.98, 0.98)


def test_the_start_outvotes_a_poor_classifier_and_follows_a_good_one():
    codes = np.array([[0, 0, 0, 1]] * 8 + [[1, 1, 1, 0]] * 8)
    labels = check_label_matrix(codes)
    agreeing = agreement_start(labels, np.repeat([0, 1], 8))
    assert agreeing[0, 0] > 0.9
    contradicting = agreement_start(labels, np.repeat([1, 0], 8))
    assert contradicting[0, 0] > 0.5
    np.testing.assert_allclose(agreeing.sum(axis=1), 1)


def test_very_many_labels_a_row_leave_probabilities():
    codes = np.tile([[0, 1], [1, 0], [0, 0], [1, 1]], (3, 400))
    posterior = agreement_start(check_label_matrix(codes), np.tile([0, 1, 0, 1], 3))
    assert np.isfinite(posterior).all()
    np.testing.assert_allclose(posterior.sum(axis=1), 1)


def test_tempering_trusts_what_the_labels_confirm():
    log_likelihood = np.log(np.tile([[0.99, 0.01], [0.01, 0.99]], (50, 1)))
    right = np.tile([[0.7, 0.3], [0.3, 0.7]], (50, 1))
    assert tempered(right, log_likelihood)[0, 0] > 0.9
    assert tempered(right[:, ::-1], log_likelihood)[0, 0] > 0.4
    np.testing.assert_allclose(tempered(right, log_likelihood).sum(axis=1), 1)


def test_the_stored_confusion_is_that_over_all_levels(labels):
    inference = LabelInference(labels, "uniform", (0.0, 1.0), smoothing=1.0, n_steps=1)
    inference.step(np.full((40, 2), 0.5))
    guessed = inference.model.level_prior[1]
    np.testing.assert_allclose(
        inference.confusion, (1 - guessed) * inference.model.confusion + guessed / 2
    )


def test_augmented_inference_returns_the_new_rows(labels):
    inference = LabelInference(labels, "estimated", (0.0,), smoothing=1.0, n_steps=3)
    answers, start = np.array([[1, 1, 1], [0, 0, -1]]), np.full((2, 2), 0.5)
    new = inference.step_with(answers, start, np.full((40, 2), 0.5), start)
    assert new.argmax(axis=1).tolist() == [1, 0]
    assert inference.posterior.shape == (40, 2)
    assert np.isfinite(logsumexp(np.log(new), axis=1)).all()
