"""SWIM: minority rows spread along the density contours of the majority."""

from typing import Any, NamedTuple

import numpy as np
from imblearn.utils import Substitution
from numpy.typing import NDArray

from sklearn_imbgen._typing import Array
from sklearn_imbgen.over_sampling._base import (
    PARAMETERS,
    WEIGHT,
    BaseTableOverSampler,
    TrainingRows,
)

# A direction whose standard deviation is below this fraction of the widest one counts as
# constant: encoded rows are float32, so dependent columns leave about 1e-7 behind.
CONSTANT = 1e-5


@Substitution(**PARAMETERS)
class SWIM(BaseTableOverSampler):
    """Over-sample with the distribution of the majority (sampling with the majority).

    A new row lies at the same Mahalanobis distance from the mean of the majority
    as an existing row of its class: as deep in, or as far out of, the majority.
    It asks little of the minority, so it suits extreme imbalance. No network is
    trained. It is a baseline of section 2.4.2 of the dissertation.

    Parameters
    ----------
    {sampling_strategy}

    spread : float, default=1.0
        alpha of the publication: how many standard deviations of the class, per
        whitened feature, a new row is drawn to either side of the class mean.
        1.0 covers the bulk of the class. With 0.0 every new row lies in the
        direction of the class mean.

    {table_parameters}

    random_state : int, RandomState instance or None, default=None
        Seed of the draws. The global RNG of numpy is touched only with None.

    Attributes
    ----------
    {table_attributes}

    majority_ : object
        Label of the most frequent class, whose distribution is used; of several,
        the first in the order of ``classes_``.

    See Also
    --------
    GLGAN : Learns the distribution of all classes with networks.
    BAGAN : Draws from a normal distribution per class, in a latent space.
    imblearn.over_sampling.SMOTE : Interpolates between the rows of a class.

    Notes
    -----
    In the encoded table, with numeric columns scaled and categories one-hot, the
    rows are centred by the majority's mean and whitened by the inverse square
    root of its covariance. A new row draws each whitened feature uniformly
    within ``spread`` standard deviations of the mean of its class, is stretched
    to the norm of a randomly chosen row of the class, and is mapped back. The
    majority is the most frequent class, also with more than two.

    A direction in which the majority does not vary (constant or dependent
    columns, fewer rows than columns) has no Mahalanobis distance: where the
    majority's standard deviation is below 1e-5 of that in its widest direction,
    the new row keeps the value of the chosen row.

    A class of a single row has no spread of its own. It borrows the majority's,
    which is 1 in every whitened direction, in the spirit of the method;
    otherwise all new rows would be copies (as they are with ``spread=0``).

    Distances are equal before ``clip``, the rounding of integer columns and the
    choice of categories, which move a row.

    All encoded rows are kept. Memory grows with the square of the number of
    encoded columns, time with its cube if the majority has as many rows.

    References
    ----------
    S. Sharma, C. Bellinger, B. Krawczyk, O. Zaiane and N. Japkowicz, "Synthetic
    Oversampling with the Majority Class: A New Perspective on Handling Extreme
    Imbalance", IEEE International Conference on Data Mining, 2018.

    Examples
    --------
    >>> from collections import Counter
    >>> from sklearn.datasets import make_classification
    >>> from sklearn_imbgen.over_sampling import SWIM
    >>> X, y = make_classification(n_samples=200, weights=[0.9], random_state=0)
    >>> X_resampled, y_resampled = SWIM(random_state=0).fit_resample(X, y)
    >>> sorted(Counter(y_resampled.tolist()).items())
    [(0, 180), (1, 180)]
    """

    _parameter_constraints: dict[str, Any] = {
        **BaseTableOverSampler._parameter_constraints,
        "spread": [WEIGHT],
    }
    _learned_names = ("majority_", "_mean", "_roots", "_rows", "_centres", "_deviations")
    _needs_two_rows = False

    def __init__(
        self,
        *,
        sampling_strategy: Any = "auto",
        spread: float = 1.0,
        categorical_features: Any = "auto",
        scaling: str = "auto",
        clip: bool = True,
        random_state: Any = None,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.spread = spread
        self.categorical_features = categorical_features
        self.scaling = scaling
        self.clip = clip
        self.random_state = random_state

    def _learn(self, data: TrainingRows) -> None:
        majority = int(np.argmax(data.counts))
        self._rows = [data.X[data.codes == code] for code in range(len(data.counts))]
        self._mean, self._roots = mean_and_roots(self._rows[majority])
        whitened = [self._whiten(rows) for rows in self._rows]
        self._centres = [rows.mean(axis=0) for rows in whitened]
        self._deviations = [
            whitened[code if len(self._rows[code]) > 1 else majority].std(axis=0)
            for code in range(len(data.counts))
        ]
        self.majority_ = self.classes_[majority]

    def _whiten(self, rows: Array) -> Array:
        return (rows - self._mean) @ self._roots.inverse_root

    def _draw(
        self, code: int, n_rows: int, random_state: np.random.RandomState
    ) -> NDArray[np.floating[Any]]:
        chosen = self._rows[code][random_state.randint(len(self._rows[code]), size=n_rows)]
        steps = random_state.uniform(-1.0, 1.0, size=chosen.shape)
        points = self._centres[code] + self.spread * self._deviations[code] * steps
        # a draw per feature leaves the directions in which the majority varies
        points = points @ self._roots.projection
        on_contour = rescale_to_norms(points, self._whiten(chosen))
        from_mean = chosen - self._mean
        constant = from_mean - from_mean @ self._roots.projection
        return self._mean + on_contour @ self._roots.root + constant


def rescale_to_norms(points: Array, rows: Array) -> Array:
    """Points stretched to the norms of ``rows``, one for one.

    A point of norm zero has no direction and becomes its row.
    """
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    directions = np.divide(points, lengths, out=np.zeros_like(points), where=lengths > 0)
    return np.where(lengths > 0, directions * norms, rows)


class CovarianceRoots(NamedTuple):
    """Symmetric matrices that whiten, undo it, and keep what can be whitened.

    Standard normal rows times ``root`` have the covariance, rows times ``inverse_root``, its
    pseudo-inverse, are white. ``projection`` is on the directions that vary, the identity if
    all do.
    """

    root: Array
    inverse_root: Array
    projection: Array


def mean_and_roots(rows: Array) -> tuple[Array, CovarianceRoots]:
    """Mean of rows and roots of their maximum-likelihood covariance, in float64."""
    centred = rows.astype(np.float64)
    mean = centred.mean(axis=0)
    centred -= mean
    if len(rows) >= centred.shape[1]:
        return mean, covariance_roots(centred.T @ centred / len(rows))
    # the same, without the cube of the number of columns
    _, lengths, directions = np.linalg.svd(centred, full_matrices=False)
    return mean, _roots(lengths**2 / len(rows), directions.T)


def covariance_roots(covariance: Array) -> CovarianceRoots:
    """Roots of a covariance matrix from its eigenvalue decomposition.

    The symmetric root keeps every whitened feature as near to its original as
    whitening allows. A direction with a standard deviation below 1e-5 of the
    widest one is numerically constant: the roots leave it out instead of
    dividing by it, as the pseudo-inverse does. The rank may be zero.
    """
    return _roots(*np.linalg.eigh(covariance))


def _roots(variances: Array, directions: Array) -> CovarianceRoots:
    varies = variances > CONSTANT**2 * variances.max(initial=0.0)
    deviations, directions = np.sqrt(variances[varies]), directions[:, varies]
    return CovarianceRoots(
        root=(directions * deviations) @ directions.T,
        inverse_root=(directions / deviations) @ directions.T,
        projection=directions @ directions.T,
    )
