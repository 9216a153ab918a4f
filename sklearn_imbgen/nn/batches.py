"""Index batches over in-memory tensors."""

import torch
from torch import Tensor

__all__ = ["balanced_batches", "plain_batches"]


def balanced_batches(
    codes: Tensor, n_batches: int, batch_size: int, generator: torch.Generator
) -> Tensor:
    """Row indices of mini-batches that hold the classes in equal parts.

    Classes take turns, so that every batch holds each of them ``batch_size /
    n_classes`` times, rounded; rows are drawn with replacement within a class.

    Parameters
    ----------
    codes : Tensor of shape (n_samples,)
        Class codes on the CPU.
    n_batches, batch_size : int
    generator : torch.Generator

    Returns
    -------
    Tensor of shape (n_batches, batch_size)
    """
    counts = torch.bincount(codes)
    by_class = torch.argsort(codes, stable=True)
    first = torch.cumsum(counts, 0) - counts
    present = torch.nonzero(counts).squeeze(1)
    total = n_batches * batch_size
    drawn = present[torch.arange(total) % len(present)]
    # float64: with float32 the product could round up to the next class
    offset = torch.rand(total, generator=generator, dtype=torch.float64) * counts[drawn]
    return by_class[first[drawn] + offset.long()].view(n_batches, batch_size)


def plain_batches(
    n_rows: int, n_batches: int, batch_size: int, generator: torch.Generator
) -> Tensor:
    """Row indices of mini-batches that walk through random permutations of the rows.

    All batches are full: after the last row of one permutation the next begins.

    Returns
    -------
    Tensor of shape (n_batches, batch_size)
    """
    total = n_batches * batch_size
    n_passes = -(-total // n_rows)
    passes = [torch.randperm(n_rows, generator=generator) for _ in range(n_passes)]
    return torch.cat(passes)[:total].view(n_batches, batch_size)
