"""The classifier network of the crowd estimators: its module, its loss, its training."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sklearn_imbgen.nn import (
    History,
    Schedule,
    Step,
    WithHead,
    build_module,
    check_output_shape,
    multilayer_perceptron,
    plain_batches,
    train,
)

__all__ = [
    "build_classifier",
    "draw_row_batches",
    "soft_cross_entropy",
    "train_on_targets",
]

# Fewer steps than this, in an epoch, and small tables would need more epochs than large ones.
LEAST_BATCHES = 8


def soft_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean over rows of the cross entropy with soft targets.

    ``- sum_c targets[i, c] * log softmax(logits[i])[c]``. A row of ``targets`` need not
    sum to one: multiplied by weights of classes or rows, it counts for as much.

    Parameters
    ----------
    logits, targets : Tensor of shape (n_rows, n_classes)

    Returns
    -------
    Tensor
        A scalar. It is divided by the number of rows and not by the sum of the weights,
        so that a mini-batch without rare rows does not count the others for more.
    """
    return -(targets * torch.log_softmax(logits, dim=1)).sum(dim=1).mean()


def build_classifier(
    module: Any,
    *,
    n_features: int,
    hidden: Sequence[int],
    latent_dim: int,
    n_classes: int,
    generator: torch.Generator,
    start_scale: float | None = None,
) -> WithHead:
    """A feature extractor with a linear layer on top; ``encoder`` and ``head`` are its parts.

    Parameters
    ----------
    module : torch.nn.Module class or instance, or None
        A user's feature extractor; None takes fully connected layers.
    n_features, latent_dim, n_classes : int
    hidden : sequence of int
        Widths of the hidden layers, where ``module`` is None.
    generator : torch.Generator
    start_scale : float, default=None
        Factor of the He-uniform weights at the start, those of a user's extractor
        left alone. None keeps them, and starts with even probabilities for all rows.

    Returns
    -------
    WithHead
    """
    extractor: nn.Module
    if module is None:
        extractor = multilayer_perceptron([n_features, *hidden, latent_dim], generator)
    else:
        extractor = build_module(module, "module", n_features=n_features, latent_dim=latent_dim)
        check_output_shape(extractor, n_features, latent_dim, "module")
    network = WithHead(extractor, latent_dim, n_classes, generator)
    if start_scale is None:
        # a start that is sure of wrong classes may stay so: a saturated softmax has no gradient
        nn.init.zeros_(network.head.weight)
        return network
    with torch.no_grad():
        for part in [network.head, *([network.encoder] if module is None else [])]:
            for parameter in part.parameters():
                parameter.mul_(start_scale)
    return network


def draw_row_batches(
    n_rows: int, batch_size: int, generator: torch.Generator, device: torch.device
) -> Tensor:
    """Row indices of the mini-batches of an epoch: a pass through the rows.

    Of small tables it is as many passes as fill ``LEAST_BATCHES`` batches.

    Returns
    -------
    Tensor of shape (n_batches, at most batch_size)
    """
    # at least two rows, which batch normalisation in a user's module needs
    size = max(2, min(batch_size, n_rows))
    n_batches = max(-(-n_rows // size), LEAST_BATCHES)
    return plain_batches(n_rows, n_batches, size, generator).to(device)


def train_on_targets(
    module: nn.Module,
    X: Tensor,
    targets: Tensor,
    *,
    batch_size: int,
    schedule: Schedule,
    generator: torch.Generator,
    history: History,
    title: str = "classifier",
) -> None:
    """Train a classifier on soft targets, such as posteriors times class weights.

    Parameters
    ----------
    module : Module
        Gives logits of shape (n_rows, n_classes).
    X : Tensor of shape (n_rows, n_features)
    targets : Tensor of shape (n_rows, n_classes)
        As :func:`soft_cross_entropy` takes them.
    batch_size : int
    schedule : Schedule
    generator : torch.Generator
    history : dict
        Gets the mean loss of each epoch under ``title`` and "total".
    title : str, default="classifier"
    """
    train(
        [
            Step(
                title,
                module,
                lambda rows: {"total": soft_cross_entropy(module(X[rows]), targets[rows])},
            )
        ],
        lambda: (draw_row_batches(len(X), batch_size, generator, X.device),),
        schedule,
        # with noisy labels the lowest training loss is no sign of the best epoch
        monitor=None,
        title=title,
        history=history,
    )
