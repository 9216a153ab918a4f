"""GL-GAN's players: their losses on one batch, and what they say about the new rows."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sklearn_imbgen._typing import Array
from sklearn_imbgen.exceptions import UnreliableSamplesWarning
from sklearn_imbgen.nn import (
    apply_in_chunks,
    classification_loss,
    realness_loss,
    reconstruction_loss,
)
from sklearn_imbgen.utils import plain

Terms = dict[str, Tensor]

# Shares from which on a user is warned.
TOO_MANY_ELSEWHERE = 0.25
TOO_FEW_RECOGNISED = 0.5
TOO_MANY_EXPOSED = 0.75
# A new row counts as exposed if it looks less real than this share of the real rows does.
LEAST_REAL = 0.05


@dataclass
class Players:
    """Generator, discriminator and classifier, and the tensors they train on.

    Each loss takes the row indices of a batch of real rows and those of a batch
    of the balanced latent set Z, whose first points are the real rows' own.
    """

    generator: nn.Module
    discriminator: nn.Module
    classifier: nn.Module
    X: Tensor
    latent: Tensor
    codes: Tensor
    adversarial_weight: float
    classification_weight: float

    def discriminator_loss(self, real: Tensor, index: Tensor) -> Terms:
        """Terms of eq. 2.4 with lambda = 1."""
        on_real = realness_loss(self.discriminator(self.X[real]), 1.0)
        on_generated = realness_loss(self.discriminator(self._generated(index)), 0.0)
        return {"real": on_real, "generated": on_generated, "total": on_real + on_generated}

    def classifier_loss(self, real: Tensor, index: Tensor) -> Terms:
        """Terms of eq. 2.5 with lambda = 1."""
        on_real = classification_loss(self.classifier(self.X[real]), self.codes[real])
        logits = self.classifier(self._generated(index))
        on_generated = classification_loss(logits, self.codes[index])
        return {"real": on_real, "generated": on_generated, "total": on_real + on_generated}

    def generator_loss(self, real: Tensor, index: Tensor) -> Terms:
        """Terms of eq. 2.6."""
        reconstruction = reconstruction_loss(self.generator(self.latent[real]), self.X[real])
        generated = self.generator(self.latent[index])
        adversarial = realness_loss(self.discriminator(generated), 1.0)
        classification = classification_loss(self.classifier(generated), self.codes[index])
        return {
            "reconstruction": reconstruction,
            "adversarial": adversarial,
            "classification": classification,
            "total": reconstruction
            + self.adversarial_weight * adversarial
            + self.classification_weight * classification,
        }

    def distance_from_convergence(self, row: dict[str, dict[str, float]]) -> float:
        """What early stopping watches: eq. 2.6 without the adversarial term.

        That term is measured by a judge that moves, so its values in two epochs
        cannot be compared.
        """
        losses = row["generator"]
        return losses["reconstruction"] + self.classification_weight * losses["classification"]

    @torch.no_grad()
    def _generated(self, index: Tensor) -> Tensor:
        return self.generator(self.latent[index])


@dataclass(frozen=True)
class Judgement:
    """Shares, between 0 and 1, by the judges of the adversarial stage.

    ``recognised``: real rows of the class that the classifier gives to it.
    ``candidates_elsewhere``: candidates that it gives to another class, before the choice among
    them or as they vary, whichever are more; 0 if there was no choice.
    ``elsewhere``: new rows that it gives to another class.
    ``exposed``: new rows that look less real to the discriminator than 95 % of the real rows of
    the class; nan for a class of fewer than 20 rows, of which 5 % is no row.
    """

    recognised: float
    candidates_elsewhere: float
    elsewhere: float
    exposed: float


def class_margin(logits: Array, code: int) -> Array:
    """Logit of one class minus the largest other one, per row."""
    return logits[:, code] - np.delete(logits, code, axis=1).max(axis=1)


class Judges:
    """The trained classifier and discriminator, and what they say about the real rows ``X``."""

    def __init__(
        self, classifier: nn.Module, discriminator: nn.Module, X: Tensor, codes: Array
    ) -> None:
        self.classifier, self.discriminator = classifier, discriminator
        self.codes = codes
        self.real_logits, self.real_scores = self._logits(X), self._scores(X)
        self.candidates_elsewhere = 0.0

    def choose(self, rows: Tensor, code: int, n_kept: int) -> NDArray[np.intp]:
        """Positions of the rows that the classifier gives to the class most clearly."""
        margin = class_margin(self._logits(rows), code)
        self.candidates_elsewhere = float(np.mean(margin < 0))
        # in their drawn order, so that any part of the new rows is a fair one
        return np.sort(np.argsort(-margin, kind="stable")[:n_kept])

    def keep_inside(self, rows: Tensor, moved: Tensor, code: int) -> Tensor:
        """The moved rows, but where a move led into another class the row as it was."""
        left = class_margin(self._logits(moved), code) < 0
        self.candidates_elsewhere = max(self.candidates_elsewhere, float(np.mean(left)))
        return torch.where(torch.from_numpy(left)[:, None], rows, moved)

    def review(self, rows: Tensor, code: int) -> Judgement:
        """Judgement of new rows, chosen last by ``choose`` if at all."""
        real = self.codes == code
        scores = self.real_scores[real]
        floor = np.quantile(scores, LEAST_REAL) if len(scores) * LEAST_REAL >= 1 else np.nan
        return Judgement(
            recognised=float(np.mean(class_margin(self.real_logits[real], code) > 0)),
            candidates_elsewhere=self.candidates_elsewhere,
            elsewhere=float(np.mean(class_margin(self._logits(rows), code) < 0)),
            exposed=float(np.mean(self._scores(rows) < floor)) if floor == floor else np.nan,
        )

    def _logits(self, rows: Tensor) -> Array:
        return apply_in_chunks(self.classifier, rows).cpu().numpy()

    def _scores(self, rows: Tensor) -> Array:
        return apply_in_chunks(self.discriminator, rows).squeeze(1).cpu().numpy()


def warn_if_unreliable(judgement: Judgement, label: Any, name: str) -> None:
    """Warn with figures, and what to do, if the judges find the new rows of a class bad."""
    reasons = []
    if judgement.recognised < TOO_FEW_RECOGNISED:
        reasons.append(
            f"its classifier recognises only {judgement.recognised:.0%} of the class's real rows "
            "(the classes overlap, or raise max_epochs)"
        )
    if judgement.candidates_elsewhere > TOO_MANY_ELSEWHERE:
        reasons.append(
            f"its classifier gave {judgement.candidates_elsewhere:.0%} of the candidates for new "
            "rows to another class (the classes overlap)"
        )
    if judgement.elsewhere > TOO_MANY_ELSEWHERE:
        reasons.append(
            f"its classifier gives {judgement.elsewhere:.0%} of the new rows to another class "
            "(lower shared_variation)"
        )
    if judgement.exposed > TOO_MANY_EXPOSED:
        reasons.append(
            f"to its discriminator {judgement.exposed:.0%} of the new rows look less real than "
            f"{1 - LEAST_REAL:.0%} of the real ones do"
        )
    if reasons:
        warnings.warn(
            f"The new rows of class {plain(label)!r} may do harm: {'; '.join(reasons)}. Compare "
            f"{name} with SMOTE and with no resampling before you use it.",
            UnreliableSamplesWarning,
            stacklevel=2,
        )
