"""At which epoch something begins."""

import numbers
from collections.abc import Iterable

__all__ = ["epoch_of", "passed_milestones", "warmed_up"]


def epoch_of(start: float, max_epochs: int) -> int:
    """Number of epochs before something begins.

    Parameters
    ----------
    start : int or float
        An integer is that number; a float is a share of ``max_epochs``, rounded down.
    max_epochs : int

    Examples
    --------
    >>> epoch_of(0.8, 200), epoch_of(160, 200), epoch_of(1, 200), epoch_of(1.0, 200)
    (160, 160, 1, 200)
    """
    if isinstance(start, numbers.Integral):
        return int(start)
    # 0.29 * 100 is 28.999...
    return int(start * max_epochs + 1e-9)


def warmed_up(value: float, epoch: int, n_epochs: int) -> float:
    """A value that grows from 1 in equal steps and is reached in the last of some epochs.

    Parameters
    ----------
    value : float
        What is reached. One below 1 is there from the start.
    epoch : int
        The one that begins; 0 is the first.
    n_epochs : int
        0 is no warm-up.

    Examples
    --------
    >>> [warmed_up(21.0, epoch, 4) for epoch in range(5)]
    [6.0, 11.0, 16.0, 21.0, 21.0]
    """
    if epoch + 1 >= n_epochs:
        return value
    start = min(1.0, value)
    return start + (value - start) * (epoch + 1) / n_epochs


def passed_milestones(milestones: Iterable[float], epoch: int, max_epochs: int) -> int:
    """How many milestones are exactly at the epoch that begins (0 is the first).

    Examples
    --------
    >>> passed_milestones((0.8, 0.9), epoch=160, max_epochs=200)
    1
    """
    return sum(epoch_of(milestone, max_epochs) == epoch for milestone in milestones)
