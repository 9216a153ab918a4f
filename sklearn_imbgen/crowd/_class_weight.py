"""Weights that make up for classes of unequal size; no torch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_imbgen._typing import Array
from sklearn_imbgen.utils import name_some

__all__ = ["balancing_weights"]


def balancing_weights(
    mass: Array, class_weight: str | Mapping[Any, float] | None, classes: Array
) -> NDArray[np.float64]:
    """Weight of each class in the loss.

    Parameters
    ----------
    mass : ndarray of shape (n_classes,)
        How many rows each class has; sums of posteriors where labels are soft.
    class_weight : "balanced", mapping of label to weight, or None
        "balanced" gives all classes the same sum of weights; a class of less than one
        row counts as one row, or noise in the posteriors would be blown up. None is 1
        for all; so are the labels that a mapping leaves out.
    classes : ndarray of shape (n_classes,)
        The labels, for a mapping.

    Returns
    -------
    ndarray of shape (n_classes,)

    Raises
    ------
    ValueError
        If a mapping names a label that is no class, or a weight that is no number >= 0.

    Examples
    --------
    >>> balancing_weights(np.array([30.0, 10.0]), "balanced", np.array([0, 1])).round(2).tolist()
    [0.67, 2.0]
    """
    if class_weight is None:
        return np.ones(len(classes))
    if isinstance(class_weight, str):
        weights: NDArray[np.float64] = mass.sum() / (len(mass) * np.maximum(mass, 1.0))
        return weights
    known = classes.tolist()
    foreign = [label for label in class_weight if label not in known]
    if foreign:
        raise ValueError(f"class_weight names {name_some(foreign)}; the classes are {known}.")
    weights = np.array([class_weight.get(label, 1.0) for label in known], dtype=float)
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError(f"class_weight must hold numbers of at least 0; got {class_weight!r}.")
    return weights
