"""Weights of the classes, and when they and smaller steps set in."""

import numbers
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skorch.callbacks import Callback

from sklearn_imbgen.utils import plain

Floats = NDArray[np.float64]


def effective_number_weights(class_counts: ArrayLike, beta: float = 0.9999) -> Floats:
    """Inverse of the effective number of rows of each class (Cui et al.), mean 1.

    The effective number of n rows is ``(1 - beta**n) / (1 - beta)`` (section 4.5.1,
    footnote 2): the more rows, the less a further one adds.

    Parameters
    ----------
    class_counts : array-like of shape (n_classes,)
        Training rows of each class.
    beta : float, default=0.9999
        In [0, 1). 0 gives equal weights; towards 1 they become the inverse frequency.

    Returns
    -------
    ndarray of shape (n_classes,)
        0 for a class without rows; the others have mean 1.

    References
    ----------
    Y. Cui et al., "Class-balanced loss based on effective number of samples", 2019.

    Examples
    --------
    >>> from sklearn_imbgen.robust import effective_number_weights
    >>> effective_number_weights([2, 1], beta=0.5)  # effective numbers 1.5 and 1
    array([0.8, 1.2])
    """
    counts = np.asarray(class_counts, dtype=np.float64)
    # (1 - beta**n) / (1 - beta), exact also where beta is nearly 1
    numbers = counts if beta == 0 else np.expm1(counts * np.log(beta)) / (beta - 1.0)
    if beta == 0:
        numbers = np.ones_like(counts)
    return _normalised(numbers, counts)


def inverse_frequency_weights(class_counts: ArrayLike) -> Floats:
    """Inverse of the number of rows of each class, mean 1.

    Examples
    --------
    >>> inverse_frequency_weights([30, 10])
    array([0.5, 1.5])
    """
    counts = np.asarray(class_counts, dtype=np.float64)
    return _normalised(counts, counts)


def _normalised(sizes: Floats, counts: Floats) -> Floats:
    met = counts > 0
    weights = np.zeros_like(counts)
    weights[met] = 1.0 / sizes[met]
    return weights / weights[met].mean()


def class_weights(
    class_weight: Any,
    class_counts: ArrayLike,
    classes: NDArray[Any],
    *,
    sizes_in_loss: bool = False,
) -> Floats | None:
    """Weights by the value of a parameter ``class_weight``, in the order of ``classes``.

    "auto" is "effective" unless ``sizes_in_loss``: the loss then makes up for the sizes already. A
    dict gives the weight of each label, 1 where it is silent; None is no weights. ValueError if
    a dict names an unknown class, a weight is below 0, or all are 0.
    """
    if class_weight is None or (class_weight == "auto" and sizes_in_loss):
        return None
    if isinstance(class_weight, str):
        if class_weight in ("auto", "effective"):
            return effective_number_weights(class_counts)
        return inverse_frequency_weights(class_counts)
    if isinstance(class_weight, dict):
        weights = _weights_by_label(class_weight, classes)
    else:
        weights = np.asarray(class_weight, dtype=np.float64)
    if weights.shape != classes.shape:
        raise ValueError(
            f"class_weight must hold one number for each of the {len(classes)} classes; it has "
            f"the shape {weights.shape}."
        )
    if not np.isfinite(weights).all() or (weights < 0).any() or not (weights > 0).any():
        raise ValueError(
            f"class_weight must hold finite numbers of at least 0, one of them above; "
            f"got {class_weight!r}."
        )
    return weights


def _weights_by_label(class_weight: dict[Any, float], classes: NDArray[Any]) -> Floats:
    known = {plain(label) for label in classes}
    unknown = [label for label in class_weight if plain(label) not in known]
    if unknown:
        raise ValueError(
            f"class_weight names {', '.join(repr(plain(u)) for u in unknown)}, which y does not "
            f"hold; its classes are {', '.join(repr(plain(label)) for label in classes)}."
        )
    given = {plain(label): float(weight) for label, weight in class_weight.items()}
    return np.array([given.get(plain(label), 1.0) for label in classes])


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


class LearningRateSchedule(Callback):
    """Multiply the learning rate by a factor at some epochs, as algorithm 4.1 does.

    A callback of every net here, by the name "learning_rate_schedule". It keeps no state: what
    a checkpoint has of the optimizer is enough to go on.

    Parameters
    ----------
    milestones : sequence of int or float, default=(0.8, 0.9)
        Epochs, or shares of ``max_epochs``.
    factor : float, default=0.1
        Of the learning rate at each milestone.

    Examples
    --------
    >>> from sklearn_imbgen.robust import SRATClassifier
    >>> net = SRATClassifier(callbacks__learning_rate_schedule__milestones=[0.5])
    >>> off = SRATClassifier(callbacks__learning_rate_schedule=None)
    """

    def __init__(self, milestones: Any = (0.8, 0.9), factor: float = 0.1) -> None:
        self.milestones = milestones
        self.factor = factor

    def initialize(self) -> "LearningRateSchedule":
        """Check the parameters."""
        if not 0 < self.factor <= 1:
            raise ValueError(f"factor must be above 0 and at most 1; got {self.factor!r}.")
        return self

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        """Take smaller steps from a milestone on."""
        # the history has a row for the epoch that begins
        epoch = len(net.history) - 1
        n_passed = sum(epoch_of(start, net.max_epochs) == epoch for start in self.milestones)
        if n_passed:
            for group in net.optimizer_.param_groups:
                group["lr"] *= self.factor**n_passed
