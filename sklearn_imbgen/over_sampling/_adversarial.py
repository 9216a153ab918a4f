"""The losses of GL-GAN's three players on one batch."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sklearn_imbgen.nn import classification_loss, realness_loss, reconstruction_loss

__all__ = ["Players"]

Terms = dict[str, Tensor]


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
    discriminator_fake_weight: float
    classifier_generated_weight: float
    adversarial_weight: float
    classification_weight: float

    def discriminator_loss(self, real: Tensor, index: Tensor) -> Terms:
        """Terms of eq. 2.4."""
        on_real = realness_loss(self.discriminator(self.X[real]), 1.0)
        on_generated = realness_loss(self.discriminator(self._generated(index)), 0.0)
        total = on_real + self.discriminator_fake_weight * on_generated
        return {"real": on_real, "generated": on_generated, "total": total}

    def classifier_loss(self, real: Tensor, index: Tensor) -> Terms:
        """Terms of eq. 2.5."""
        on_real = classification_loss(self.classifier(self.X[real]), self.codes[real])
        logits = self.classifier(self._generated(index))
        on_generated = classification_loss(logits, self.codes[index])
        total = on_real + self.classifier_generated_weight * on_generated
        return {"real": on_real, "generated": on_generated, "total": total}

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
        rows: Tensor = self.generator(self.latent[index])
        return rows
