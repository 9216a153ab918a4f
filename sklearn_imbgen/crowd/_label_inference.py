"""The state of ICED's true label inference (section 3.2.3); no torch."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from sklearn_imbgen.crowd._graded_inference import (
    GradedModel,
    agreement_start,
    first_model,
    graded_log_likelihood,
    maximize_model,
    tempered,
)
from sklearn_imbgen.crowd._synthetic import append_rows
from sklearn_imbgen.utils import (
    CrowdLabels,
    floored_log,
    mean_posterior,
    posterior_from,
    vote_proportions,
)

__all__ = ["PRIORS", "LabelInference"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

PRIORS = ("classifier", "estimated", "uniform")


@dataclass
class LabelInference:
    """EM whose steps the classifier's training is interleaved with.

    Parameters
    ----------
    labels : CrowdLabels
        Of the real rows.
    prior : {"classifier", "estimated", "uniform"}
        p(T = c) of eq. 3.2: what the classifier says of each row, the mean
        posterior, or the same for all classes.
    levels : sequence of float
        Levels of difficulty; 0 alone is eq. 3.2.
    smoothing : float
    n_steps : int
        E- and M-steps at each call of ``step``.
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

        Parameters
        ----------
        answers : ndarray of shape (n_new, n_workers)
            Synthetic worker labels.
        posterior : ndarray of shape (n_new, n_classes)
            Where EM starts from in the new rows.
        probabilities, of_new : ndarray of shape (n_samples or n_new, n_classes)
            What the classifier says of the real and of the new rows.

        Returns
        -------
        ndarray of shape (n_new, n_classes)
            Posterior of the new rows; that of the real ones is kept in ``posterior``.
        """
        both: Floats = self._run(
            append_rows(self.labels, answers),
            np.vstack([self.posterior, posterior]),
            np.vstack([probabilities, of_new]),
        )
        self.posterior = both[: self.labels.n_samples]
        of_new_rows: Floats = both[self.labels.n_samples :]
        return of_new_rows

    def judge(self, answers: Codes) -> Floats:
        """Posterior of other rows by what was learned, all classes being as probable."""
        labels = CrowdLabels.from_codes(answers, self.labels.classes, self.labels.workers)
        likelihood = logsumexp(graded_log_likelihood(labels, self.model, self.levels), axis=2)
        return posterior_from(likelihood, np.zeros(labels.n_classes))[0]

    @property
    def confusion(self) -> Floats:
        """How workers answer over rows of all levels, shape (n_workers, n_classes, n_classes)."""
        level = float(np.dot(self.levels, self.model.level_prior))
        mixed: Floats = (1 - level) * self.model.confusion + level / self.labels.n_classes
        return mixed

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
