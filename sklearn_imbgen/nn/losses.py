"""Losses of chapter 2 as pure functions of tensors."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional

__all__ = [
    "classification_loss",
    "cluster_loss",
    "realness_loss",
    "reconstruction_loss",
    "weight_penalty",
]


def reconstruction_loss(reconstructed: Tensor, X: Tensor) -> Tensor:
    """Mean over rows of the squared distance to the original (eq. 2.1)."""
    return (reconstructed - X).square().sum(dim=1).mean()


def cluster_loss(
    latent: Tensor,
    codes: Tensor,
    n_classes: int,
    *,
    majority: int,
    minority_weight: float,
    separation_weight: float,
    margin: float | None,
) -> Tensor:
    """Tight classes, far apart, in latent space (eq. 2.2, for any number of classes).

    The scatter of the majority class, plus ``minority_weight`` times the mean
    scatter of the other classes, minus ``separation_weight`` times the mean
    squared distance between class centres. With two classes that is eq. 2.2.

    Parameters
    ----------
    latent : Tensor of shape (n_samples, latent_dim)
    codes : Tensor of shape (n_samples,)
        Class codes 0 .. n_classes - 1; classes absent from the batch are left out.
    n_classes : int
    majority : int
        Code of the majority class.
    minority_weight, separation_weight : float
        lambda_1 and lambda_2 of eq. 2.2.
    margin : float or None
        Squared distances count up to ``margin`` squared. Without it (None) the
        loss has no lower bound, as eq. 2.2 is written.

    Returns
    -------
    Tensor
        A scalar.
    """
    present = torch.bincount(codes, minlength=n_classes)
    size = present.clamp(min=1).unsqueeze(1)
    zeros = latent.new_zeros(n_classes, latent.shape[1])
    centres = zeros.index_add(0, codes, latent) / size
    squared = (latent - centres[codes]).square().sum(dim=1)
    scatter = zeros[:, 0].index_add(0, codes, squared) / size.squeeze(1)

    others = torch.tensor([c != majority for c in range(n_classes)], device=latent.device)
    others &= present > 0
    compactness = scatter[majority] + minority_weight * scatter[others].sum() / others.sum().clamp(
        min=1
    )
    return compactness - separation_weight * _separation(centres[present > 0], margin)


def _separation(centres: Tensor, margin: float | None) -> Tensor:
    """Mean squared distance between pairs of centres, each bounded by the margin."""
    if len(centres) < 2:
        return centres.new_zeros(())
    first, second = torch.triu_indices(len(centres), len(centres), offset=1, device=centres.device)
    squared = (centres[first] - centres[second]).square().sum(dim=1)
    if margin is not None:
        squared = squared.clamp(max=margin**2)
    return squared.mean()


def realness_loss(logits: Tensor, target: float) -> Tensor:
    """Mean squared distance of the discriminator's output to 1 (real) or 0 (fake).

    One term of eq. 2.4, and of eq. 2.6 for the generator. The discriminator's
    output is the sigmoid of its logit: a softmax over {real, fake} in other words.
    """
    return (torch.sigmoid(logits) - target).square().mean()


def classification_loss(logits: Tensor, codes: Tensor) -> Tensor:
    """Mean squared distance of class probabilities to the one-hot label (eq. 2.5, 2.6)."""
    one_hot = functional.one_hot(codes, logits.shape[1]).to(logits.dtype)
    return (torch.softmax(logits, dim=1) - one_hot).square().sum(dim=1).mean()


def weight_penalty(parameters: Iterable[Tensor]) -> Tensor:
    """Sum of squared weights, the regulariser R of eq. 2.3; biases are left out."""
    squares = [p.square().sum() for p in parameters if p.dim() > 1]
    return torch.stack(squares).sum() if squares else torch.zeros(())
