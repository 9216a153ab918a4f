"""What the pictures of crowds read from an estimator."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

__all__ = ["counted", "fitted_part", "largest_first", "need_whole_number"]


def fitted_part(estimator: Any, attribute: str) -> Any:
    """The estimator that inferred labels, also inside a search, a Pipeline or AggregateThenFit.

    Parameters
    ----------
    estimator : object
    attribute : str
        What it must have after ``fit``.

    Returns
    -------
    object

    Raises
    ------
    NotFittedError
        If no part of the estimator has the attribute.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_imbgen.crowd import MajorityVote
    >>> vote = MajorityVote().fit([[0, 0], [1, 1]])
    >>> fitted_part(make_pipeline(vote), "labels_") is vote
    True
    """
    part = getattr(estimator, "best_estimator_", estimator)
    part = part.steps[-1][1] if hasattr(part, "steps") else part
    part = getattr(part, "aggregator_", part)
    if not hasattr(part, attribute):
        raise NotFittedError(
            f"This {type(part).__name__} has no {attribute}: fit it first, if it infers labels "
            "as DawidSkene and ICEDClassifier do."
        )
    return part


def counted(n_shown: int, n_all: int, what: str, which: str) -> str:
    """Words of a title that say how many of all are shown.

    Examples
    --------
    >>> counted(12, 200, "workers", "with most labels")
    'the 12 with most labels of 200 workers'
    >>> counted(5, 5, "workers", "with most labels")
    'all 5 workers'
    """
    if n_shown < n_all:
        return f"the {n_shown} {which} of {n_all} {what}"
    return f"all {n_all} {what}"


def need_whole_number(value: Any, name: str) -> None:
    """Refuse anything but an integer of at least 0."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} must be an integer of at least 0; got {value!r}.")


def largest_first(values: NDArray[Any], among: NDArray[np.intp]) -> NDArray[np.intp]:
    """Those positions, the largest value first, equal ones in their order."""
    return among[np.argsort(-values[among], kind="stable")]
