"""The two players of a balancing GAN, and the latent distribution of a class."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.covariance import oas
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from sklearn_imbgen._typing import Array

__all__ = ["BalancingPlayers", "latent_normal"]

Terms = dict[str, Tensor]


def latent_normal(points: Array) -> tuple[Array, Array]:
    """Mean and regularised covariance of a class's latent points.

    Parameters
    ----------
    points : ndarray of shape (n_points, latent_dim)
        At least one point.

    Returns
    -------
    mean : ndarray of shape (latent_dim,)
    covariance : ndarray of shape (latent_dim, latent_dim)
        Zero for a single point.
    """
    mean = points.mean(axis=0, dtype=np.float64)
    if len(points) == 1:
        return mean, np.zeros((len(mean), len(mean)))
    covariance, _ = oas(points - mean, assume_centered=True)
    return mean, covariance


@dataclass
class BalancingPlayers:
    """Generator and discriminator, and what their losses on one batch are made of.

    Each loss takes the row indices of a batch of real rows. The discriminator's
    last output stands for generated rows.
    """

    generator: nn.Module
    discriminator: nn.Module
    X: Tensor
    codes: Tensor
    means: Tensor
    roots: Tensor
    random: torch.Generator

    def discriminator_loss(self, real: Tensor) -> Terms:
        """Cross-entropy over the real rows and as many generated ones as a class has."""
        n_generated = self._rows_per_class(real)
        with torch.no_grad():
            generated, _ = self.generate(n_generated)
        fake = torch.full((n_generated,), len(self.means), device=self.X.device)
        on_real = cross_entropy(self.discriminator(self.X[real]), self.codes[real])
        on_generated = cross_entropy(self.discriminator(generated), fake)
        n_real = len(real)
        # the mean over all rows
        total = (n_real * on_real + n_generated * on_generated) / (n_real + n_generated)
        return {"real": on_real, "generated": on_generated, "total": total}

    def generator_loss(self, real: Tensor) -> Terms:
        """Cross-entropy to the class asked for, over as many rows as the other player sees."""
        generated, asked = self.generate(len(real) + self._rows_per_class(real))
        return {"total": cross_entropy(self.discriminator(generated), asked)}

    def generate(self, n_rows: int) -> tuple[Tensor, Tensor]:
        """Rows of classes drawn uniformly at random, and the codes of these."""
        n_classes, latent_dim = self.means.shape
        asked = torch.randint(n_classes, (n_rows,), generator=self.random)
        noise = torch.randn(n_rows, latent_dim, generator=self.random, dtype=torch.float32)
        asked, noise = asked.to(self.X.device), noise.to(self.X.device)
        # each row with the root of every class, then its own: a copied root per row is larger
        rows = torch.arange(n_rows, device=self.X.device)
        points = self.means[asked] + (noise @ self.roots)[asked, rows]
        return self.generator(points), asked

    def _rows_per_class(self, batch: Tensor) -> int:
        return math.ceil(len(batch) / len(self.means))
