"""ICED's inference of true labels: EM with a prior and a difficulty of each row (eq. 3.2).

In a row of difficulty d a worker answers by the own confusion matrix with probability 1 - d
and guesses with probability d. Which rows are hard is unknown, so it is inferred beside the
labels. Without it, rows of a large class that everybody finds hard look like a small class
that everybody confuses, and EM hands them over. With the only level 0 this is eq. 3.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from sklearn_imbgen.aggregation import (
    CrowdLabels,
    confusion_counts,
    floored_log,
    label_log_likelihood,
    maximize_confusion,
    mean_posterior,
    posterior_from,
    vote_proportions,
)
from sklearn_imbgen.crowd._synthetic import append_rows

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

PRIORS = ("classifier", "estimated", "uniform")

# Accuracies are estimated to be at most this and at least this far above guessing, so that
# neither the vote nor the classifier is believed without limit or wholly ignored.
MOST_ACCURATE = 0.98
LEAST_ABOVE_CHANCE = 0.02
# Powers of the classifier's probabilities that are tried, and what leaving 1 costs.
LOG_POWERS = (-2.0, 2.0)
POWER_PENALTY = 0.01


class GradedModel(NamedTuple):
    """How workers answer.

    ``confusion`` (n_workers, n_classes, n_classes) is that of an easy row; ``level_prior``
    (n_levels,) says how frequent the levels of difficulty are.
    """

    confusion: Floats
    level_prior: Floats


def graded_log_likelihood(
    labels: CrowdLabels, model: GradedModel, levels: Sequence[float]
) -> Floats:
    """Log-probability of each row's labels and its level, for each true class.

    Shape (n_samples, n_classes, n_levels); its log-sum over levels is the log of the product in
    eq. 3.2.
    """
    chance = 1.0 / labels.n_classes
    by_level = [
        label_log_likelihood(labels, floored_log((1 - level) * model.confusion + level * chance))
        for level in levels
    ]
    return np.stack(by_level, axis=2) + np.log(model.level_prior)


def maximize_model(
    labels: CrowdLabels,
    posterior: Floats,
    joint: Floats,
    model: GradedModel,
    levels: Sequence[float],
    *,
    smoothing: float,
) -> GradedModel:
    """M-step: confusion from the answers that were no guesses, and the share of each level.

    ``joint`` is what :func:`graded_log_likelihood` gives by ``model``.
    """
    level_posterior = np.exp(joint - logsumexp(joint, axis=2, keepdims=True))
    chance = 1.0 / labels.n_classes
    counts = np.zeros_like(model.confusion)
    for place, level in enumerate(levels):
        known = (1 - level) * model.confusion
        responsible = posterior * level_posterior[:, :, place]
        counts += known / (known + level * chance) * confusion_counts(labels, responsible)
    # one row more at each level, so that none dies out for good
    mass = np.einsum("nc,ncl->l", posterior, level_posterior) + 1.0
    confusion = maximize_confusion(counts, smoothing=smoothing)
    return GradedModel(confusion, mass / mass.sum())


def tempered(probabilities: Floats, log_likelihood: Floats) -> Floats:
    """Probabilities to the power that fits the workers' labels best, normalised.

    A network trained on noisy labels is too sure or, stopped early, not sure enough
    for a prior. The power is the one under which the labels are likeliest.
    """
    log_probabilities = floored_log(probabilities)

    def powered(log_power: float) -> Floats:
        scaled = np.exp(log_power) * log_probabilities
        return scaled - logsumexp(scaled, axis=1, keepdims=True)

    def loss(log_power: float) -> float:
        evidence = posterior_from(log_likelihood, powered(log_power))[1]
        return float(POWER_PENALTY * log_power**2 - evidence.mean())

    best = minimize_scalar(loss, bounds=LOG_POWERS, method="bounded", options={"xatol": 0.02})
    return np.exp(powered(best.x))


def vote_accuracies(labels: CrowdLabels, predicted: Codes) -> tuple[float, float]:
    """How often a worker's label and a classifier's prediction are right, from agreement alone.

    If workers are right with probability a and a classifier that has not seen their
    labels with probability b, errors being spread evenly, two workers agree with
    probability a**2 + (1 - a)**2 / (n_classes - 1) and a worker agrees with the classifier
    with probability a * b + (1 - a) * (1 - b) / (n_classes - 1). Where no row has two labels,
    a and b are taken to be equal. Both are at least 0.02 above chance, at most 0.98.
    """
    votes = labels.vote_counts().astype(np.float64)
    n_given = votes.sum(axis=1)
    chance = 1.0 / labels.n_classes
    with_classifier = votes[np.arange(len(votes)), predicted].sum() / n_given.sum()
    n_pairs = (n_given * (n_given - 1)).sum()
    between = (votes * (votes - 1)).sum() / n_pairs if n_pairs else with_classifier
    # with a = chance + s, both equations are linear in products of such surpluses s
    worker = chance + np.sqrt(max(between - chance, 0.0) * (1 - chance))
    surplus = max(worker - chance, LEAST_ABOVE_CHANCE)
    classifier = chance + (with_classifier - chance) * (1 - chance) / surplus
    low = chance + LEAST_ABOVE_CHANCE
    return (
        float(np.clip(worker, low, MOST_ACCURATE)),
        float(np.clip(classifier, low, MOST_ACCURATE)),
    )


def agreement_start(labels: CrowdLabels, predicted: Codes) -> Floats:
    """First posterior of EM: votes and a classifier's opinion, by how far each can be trusted.

    No class is more probable than another beforehand: a prior that is estimated from noisy
    votes of a rare class would be wrong from the start. The classifier was not trained on
    these rows.
    """
    worker, classifier = (
        np.log(a * (labels.n_classes - 1) / (1 - a)) for a in vote_accuracies(labels, predicted)
    )
    support = worker * labels.vote_counts()
    support[np.arange(labels.n_samples), predicted] += classifier
    return posterior_from(support, np.zeros(labels.n_classes))[0]


def first_model(
    labels: CrowdLabels, posterior: Floats, n_levels: int, *, smoothing: float
) -> GradedModel:
    """Confusion that follows from a first posterior; all levels equally frequent."""
    counts = confusion_counts(labels, posterior)
    even = np.full(n_levels, 1.0 / n_levels)
    return GradedModel(maximize_confusion(counts, smoothing=smoothing), even)


@dataclass
class LabelInference:
    """EM whose steps the classifier's training is interleaved with; ``n_steps`` at each call.

    ``prior`` is p(T = c) of eq. 3.2: what the "classifier" says of each row, the mean posterior
    ("estimated"), or "uniform". ``levels`` are those of difficulty; 0 alone is eq. 3.2.
    """

    labels: CrowdLabels
    prior: str
    levels: Sequence[float]
    smoothing: float
    n_steps: int
    posterior: Floats = field(init=False)
    model: GradedModel = field(init=False)

    def __post_init__(self) -> None:
        self._begin(vote_proportions(self.labels))

    def start(self, probabilities: Floats) -> None:
        """First posterior from votes and, where it serves as prior, the classifier's opinion."""
        if self.prior == "classifier":
            self._begin(agreement_start(self.labels, probabilities.argmax(axis=1)))

    def step(self, probabilities: Floats) -> None:
        """Some steps of EM, with what the classifier says of each row."""
        self.posterior = self._run(self.labels, self.posterior, probabilities)

    def step_with(
        self, answers: Codes, posterior: Floats, probabilities: Floats, of_new: Floats
    ) -> Floats:
        """EM on the label matrix augmented by synthetic rows (algorithm 3.2, line 4).

        EM starts from ``posterior`` (n_new, n_classes) in the new rows and returns theirs; that of
        the real ones is kept in ``self.posterior``. ``probabilities`` and ``of_new`` are what the
        classifier says of the real and of the new rows.
        """
        both = self._run(
            append_rows(self.labels, answers),
            np.vstack([self.posterior, posterior]),
            np.vstack([probabilities, of_new]),
        )
        self.posterior = both[: self.labels.n_samples]
        return both[self.labels.n_samples :]

    @property
    def confusion(self) -> Floats:
        """How workers answer over rows of all levels, shape (n_workers, n_classes, n_classes)."""
        level = float(np.dot(self.levels, self.model.level_prior))
        return (1 - level) * self.model.confusion + level / self.labels.n_classes

    def _begin(self, posterior: Floats) -> None:
        self.posterior = posterior
        self.model = first_model(self.labels, posterior, len(self.levels), smoothing=self.smoothing)

    def _run(self, labels: CrowdLabels, posterior: Floats, probabilities: Floats) -> Floats:
        for _ in range(self.n_steps):
            joint = graded_log_likelihood(labels, self.model, self.levels)
            likelihood: Floats = logsumexp(joint, axis=2)
            prior = self._row_prior(likelihood, posterior, probabilities)
            posterior = posterior_from(likelihood, floored_log(prior))[0]
            self.model = maximize_model(
                labels, posterior, joint, self.model, self.levels, smoothing=self.smoothing
            )
        return posterior

    def _row_prior(self, likelihood: Floats, posterior: Floats, probabilities: Floats) -> Floats:
        if self.prior == "classifier":
            return tempered(probabilities, likelihood)
        if self.prior == "estimated":
            return mean_posterior(posterior)
        return np.full(self.labels.n_classes, 1.0 / self.labels.n_classes)
