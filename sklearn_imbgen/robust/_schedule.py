"""At which epoch something begins."""

import numbers
from collections.abc import Iterable

__all__ = ["epoch_of", "passed_milestones"]


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


def passed_milestones(milestones: Iterable[float], epoch: int, max_epochs: int) -> int:
    """How many milestones are exactly at the epoch that begins (0 is the first).

    Examples
    --------
    >>> passed_milestones((0.8, 0.9), epoch=160, max_epochs=200)
    1
    """
    return sum(epoch_of(milestone, max_epochs) == epoch for milestone in milestones)
