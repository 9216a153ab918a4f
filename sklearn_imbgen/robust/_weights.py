"""Weights of the classes, and when they apply."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_imbgen.utils import plain

__all__ = ["class_weights", "effective_number_weights", "inverse_frequency_weights"]

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
    normalised: Floats = weights / weights[met].mean()
    return normalised


def class_weights(
    class_weight: Any,
    class_counts: ArrayLike,
    classes: NDArray[Any],
    beta: float,
    *,
    sizes_in_loss: bool = False,
) -> Floats | None:
    """Weights by the value of a parameter ``class_weight``.

    Parameters
    ----------
    class_weight : {"auto", "effective", "balanced"}, dict or None
        "auto" is "effective" unless ``sizes_in_loss``. A dict gives the weight of each
        label, 1 where it is silent; None is no weights.
    class_counts : array-like of shape (n_classes,)
    classes : ndarray of shape (n_classes,)
        Labels in the order of the counts.
    beta : float
        See :func:`effective_number_weights`.
    sizes_in_loss : bool, default=False
        The loss makes up for the sizes of the classes already.

    Returns
    -------
    ndarray of shape (n_classes,) or None

    Raises
    ------
    ValueError
        If a dict names an unknown class or gives a weight below 0, or all are 0.
    """
    if class_weight is None or (class_weight == "auto" and sizes_in_loss):
        return None
    if isinstance(class_weight, str):
        if class_weight in ("auto", "effective"):
            return effective_number_weights(class_counts, beta)
        return inverse_frequency_weights(class_counts)
    known = {plain(label) for label in classes}
    unknown = [label for label in class_weight if plain(label) not in known]
    if unknown:
        raise ValueError(
            f"class_weight names {', '.join(repr(plain(u)) for u in unknown)}, which y does not "
            f"hold; its classes are {', '.join(repr(plain(label)) for label in classes)}."
        )
    given = {plain(label): float(weight) for label, weight in class_weight.items()}
    weights = np.array([given.get(plain(label), 1.0) for label in classes])
    if not np.isfinite(weights).all() or (weights < 0).any() or not (weights > 0).any():
        raise ValueError(
            f"class_weight must hold finite numbers of at least 0, one of them above; "
            f"got {class_weight!r}."
        )
    return weights
