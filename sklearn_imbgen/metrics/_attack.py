"""Which rows of a test set withstand an attack on a fitted classifier."""

import math
import numbers
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing

from sklearn_imbgen._typing import Array
from sklearn_imbgen.metrics._black_box import Ball, distances_to_error
from sklearn_imbgen.metrics._raw_units import as_numbers, find_raw_units, like
from sklearn_imbgen.utils import labels_of_rows, name_some, split_pipeline

Mask = NDArray[np.bool_]

BLACK_BOX = "black_box"
ATTACKS = ("pgd", "fgsm", "autoattack", BLACK_BOX)
AS_TRAINED = "as trained"
UNITS = ("net", "raw")
NORMS = ("linf", "l2")


class Attack(NamedTuple):
    """The attack that a score is asked for; see robust_accuracy_score."""

    norm: str | None = None
    n_steps: int = 20
    attack: Any = "pgd"
    units: str = "net"
    random_state: Any = 0
    options: dict[str, Any] = {}

    def check(self) -> "Attack":
        """The attack, or a ValueError that names its wrong parameter."""
        if self.norm is not None and self.norm not in NORMS:
            raise ValueError(f"norm must be one of {NORMS} or None; got {self.norm!r}.")
        if self.units not in UNITS:
            raise ValueError(f"units must be one of {UNITS}; got {self.units!r}.")
        if isinstance(self.attack, str) and self.attack not in ATTACKS:
            known = ", ".join(map(repr, ATTACKS))
            raise ValueError(f"attack must be one of {known}, or a callable; got {self.attack!r}.")
        if not isinstance(self.n_steps, numbers.Integral) or self.n_steps < 0:
            raise ValueError(f"n_steps must be an integer of at least 0; got {self.n_steps!r}.")
        return self

    @property
    def is_black_box(self) -> bool:
        """Whether only predictions are used, no gradients."""
        return isinstance(self.attack, str) and self.attack == BLACK_BOX


class AttackedRows:
    """Rows in the units in which they are attacked.

    ``right_`` says whether each row is classified correctly unattacked, ``last_`` is the last step
    of the pipeline and ``resamples_`` says whether it has a sampler.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, attack: Attack) -> None:
        self._attack = attack.check()
        parts = split_pipeline(estimator)
        self.last_, self.resamples_ = parts.last, parts.resamples
        self._check_victim()
        X = np.asarray(X) if isinstance(X, list | tuple) else X
        self.labels_ = labels_of_rows(X, y)
        self._transformers = parts.transformers
        self._raw = None
        if attack.units == "raw" and attack.is_black_box:
            self._victim, self._rows = estimator, X
        else:
            if attack.units == "raw":
                self._raw = find_raw_units(parts.transformers, X)
            self._victim, self._rows = parts.last, parts.transform(X)
        self.right_: Mask = self._is_right(self._rows, self.labels_)
        self._check_labels()
        self._distances: NDArray[np.float64] | None = None

    def _check_victim(self) -> None:
        if not (self._attack.is_black_box or hasattr(self.last_, "perturb")):
            raise TypeError(
                f"{type(self.last_).__name__} has no gradients to attack along (no method "
                'perturb): use attack="black_box", which needs predictions only.'
            )

    def _check_labels(self) -> None:
        known = getattr(self.last_, "classes_", None)
        if known is not None and not {*self.labels_.tolist()} & {*np.asarray(known).tolist()}:
            raise ValueError(
                f"No label of y ({name_some(np.unique(self.labels_))}) is one that "
                f"{type(self.last_).__name__} was fitted on ({name_some(known)}): both must be "
                "written alike, also in type."
            )

    def _is_right(self, rows: Any, labels: Array) -> Mask:
        return np.asarray(np.asarray(self._victim.predict(rows)) == labels, dtype=bool)

    def epsilon(self, epsilon: float | None) -> float:
        """The radius asked for, not negative; None is the one that the net was trained with."""
        if epsilon is None:
            trained = getattr(self.last_, "epsilon", None)
            if trained is None:
                raise ValueError(
                    f"epsilon is needed: {type(self.last_).__name__} was not trained with one."
                )
            if self._attack.units == "raw":
                raise ValueError(
                    f'epsilon is needed with units="raw": that of the training, {trained}, is in '
                    "the units of the net."
                )
            return float(trained)
        if not isinstance(epsilon, numbers.Real) or not 0 <= epsilon < math.inf:
            raise ValueError(f"epsilon must be a number of at least 0; got {epsilon!r}.")
        return float(epsilon)

    @property
    def norm(self) -> str:
        """The norm asked for, or else that of the training."""
        return str(self._attack.norm or getattr(self.last_, "norm", "linf"))

    def withstand(self, epsilon: float | None) -> Mask:
        """Which rows are right both unattacked and attacked."""
        return self.withstand_each([self.epsilon(epsilon)])[0]

    def withstand_each(self, epsilons: list[float]) -> list[Mask]:
        """The same for several radii; what breaks within one breaks within a larger one."""
        masks = {}
        standing = self.right_
        for epsilon in sorted(set(epsilons)):
            if self._attack.is_black_box:
                standing = standing & (self._distances_to_error(epsilons) > epsilon)
            else:
                standing = self._withstand_gradients(standing, epsilon)
            masks[epsilon] = standing
        return [masks[epsilon] for epsilon in epsilons]

    def _withstand_gradients(self, standing: Mask, epsilon: float) -> Mask:
        # attacking a misclassified row could only make it right
        rows = np.flatnonzero(standing)
        result = standing.copy()
        if len(rows) and epsilon > 0:
            settings = self._attack
            labels = self.labels_[rows]
            changed = self.last_.perturb(
                _safe_indexing(self._rows, rows),
                labels,
                attack=settings.attack,
                epsilon=epsilon,
                norm=settings.norm,
                n_steps=settings.n_steps,
                random_state=settings.random_state,
                **self._options(),
            )
            result[rows] = self._is_right(changed, labels)
        return result

    def _options(self) -> dict[str, Any]:
        options = dict(self._attack.options)
        if self._raw is None:
            return options
        of_net = getattr(self.last_, "attack__clip_values", None)
        clip_values = self._raw.clip_values(options.pop("clip_values", None), of_net)
        if clip_values is not None:
            options["clip_values"] = clip_values
        options["feature_scale"] = self._raw.scale(options.pop("feature_scale", None))
        return options

    def _distances_to_error(self, epsilons: list[float]) -> NDArray[np.float64]:
        """How near to each row that is right an error was found."""
        if self._distances is not None:
            return self._distances
        options = dict(self._attack.options)
        if not any(epsilons):
            return np.where(self.right_, math.inf, -math.inf)
        rows = as_numbers(self._rows)
        if rows.ndim != 2:
            raise ValueError(
                f"attack={BLACK_BOX!r} takes tables; X has rows of shape {rows.shape[1:]}."
            )
        ball = self._ball(rows, max(epsilons), options)
        right = np.flatnonzero(self.right_)
        self._distances = np.full(len(rows), -math.inf)
        self._distances[right] = distances_to_error(
            lambda moved: np.asarray(self._victim.predict(like(moved, self._rows))),
            rows[right],
            self.labels_[right],
            rows,
            ball=ball,
            enough=min(epsilon for epsilon in epsilons if epsilon > 0),
            random_state=self._attack.random_state,
            max_iter=int(self._attack.n_steps),
            **options,
        )
        return self._distances

    def _ball(self, rows: NDArray[np.float64], reach: float, options: dict[str, Any]) -> Ball:
        """The ball that the net was trained against, but for what ``options`` say."""
        shape = rows.shape[1:]
        raw = self._attack.units == "raw"
        scale = options.pop("feature_scale", AS_TRAINED)
        if _is_as_trained(scale):
            scale = None if raw else getattr(self.last_, "feature_scale_", None)
        if isinstance(scale, str):
            raise ValueError(
                f"feature_scale must hold numbers with attack={BLACK_BOX!r}; got {scale!r}."
            )
        mask = options.pop("feature_mask", AS_TRAINED)
        if _is_as_trained(mask):
            mask = getattr(self.last_, "attack__feature_mask", None)
        clip_values = options.pop("clip_values", AS_TRAINED)
        if _is_as_trained(clip_values):
            clip_values = getattr(self.last_, "attack__clip_values", None)
            if raw and clip_values is not None:
                clip_values = find_raw_units(self._transformers, self._rows).raw(clip_values)
        scale = np.broadcast_to(1.0 if scale is None else scale, shape).astype(np.float64)
        scale = scale * np.broadcast_to(True if mask is None else mask, shape)
        if clip_values is None:
            # somewhere to look for errors: the rows and what is within reach of them
            clip_values = rows.min(axis=0) - reach * scale, rows.max(axis=0) + reach * scale
        low, high = (np.broadcast_to(end, shape).astype(np.float64) for end in clip_values)
        return Ball(self.norm, scale, low, high)


def _is_as_trained(value: Any) -> bool:
    return isinstance(value, str) and value == AS_TRAINED
