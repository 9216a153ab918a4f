"""Attacks on a fitted net, in and out as a user holds the rows."""

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import check_random_state, check_scalar, column_or_1d
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from sklearn_imbgen._typing import Array
from sklearn_imbgen.nn import draw_seed, evaluation_mode, isolated_rng, thread_share
from sklearn_imbgen.robust._attacks import (
    Threat,
    margin_of_error,
    projected_gradient_descent,
    row_cross_entropy,
)
from sklearn_imbgen.robust._auto_attack import auto_attack
from sklearn_imbgen.robust._threat_model import feature_units, make_threat
from sklearn_imbgen.utils import encode_labels

__all__ = ["PerturbMixin"]

# Rows attacked at once: bounds the memory.
ATTACKED_ROWS = 1024
ROW_LOSSES = {"ce": row_cross_entropy, "margin": margin_of_error}
AS_TRAINED = "as trained"


class PerturbMixin:
    """``perturb`` for a fitted :class:`~sklearn_imbgen.nn.skorch_net.SkorchClassifier`."""

    def perturb(
        self,
        X: Any,
        y: Any,
        *,
        attack: str | Callable[..., Tensor] = "pgd",
        epsilon: float | None = None,
        step_size: float | None = None,
        n_steps: int = 20,
        norm: str | None = None,
        clip_values: Any = AS_TRAINED,
        feature_scale: Any = AS_TRAINED,
        feature_mask: Any = AS_TRAINED,
        loss: str = "ce",
        early_exit: bool = True,
        random_state: Any = 0,
    ) -> Any:
        """Adversarial rows against this net.

        Parameters
        ----------
        X : array-like of the shape of the training rows
            In the units that this net gets; a Pipeline's scaler comes before it.
        y : array-like of shape (n_samples,)
            True labels.
        attack : {"pgd", "fgsm", "autoattack"} or callable, default="pgd"
            "autoattack" is that of the library pyautoattack (extra "robust"): two gradient
            attacks that choose their own steps and two others; with fewer than four
            classes, where its standard set fails, the first of them and the black-box one.
            A callable gets ``(module, X, y, threat)`` as tensors and gives the rows.
        epsilon, norm : float and {"linf", "l2"}, default=None
            None is what the net was trained with.
        step_size : float, default=None
            None is ``2.5 * epsilon / n_steps``.
        n_steps : int, default=20
            Of "pgd".
        clip_values, feature_scale, feature_mask : default="as trained"
            As in the constructor.
        loss : {"ce", "margin"}, default="ce"
            What the attack raises: cross entropy, or the largest wrong logit over the true
            one, which large logits cannot hide from.
        early_exit : bool, default=True
            Leave each row as soon as it is misclassified; a row that is so already stays
            as it is.
        random_state : int, RandomState instance or None, default=0
            Of the random starts, so that two evaluations agree.

        Returns
        -------
        ndarray or DataFrame, as X
            The rows, changed within the ball; float32, or float64 where X is.
        """
        check_is_fitted(self, "module_")
        rows = self._check_rows(X)  # type: ignore[attr-defined]
        codes = self._check_labels(y, len(rows))
        _check_settings(epsilon, norm, n_steps, step_size)
        threat = self._threat_of(epsilon, norm, clip_values, feature_scale, feature_mask)
        seed = draw_seed(check_random_state(random_state))
        device = self._where()  # type: ignore[attr-defined]
        generator = torch.Generator(device).manual_seed(seed)
        module: nn.Module = self.module_  # type: ignore[attr-defined]

        def run(part: Tensor, labels: Tensor) -> Tensor:
            if callable(attack):
                return attack(module, part, labels, threat.to(part))
            if attack == "autoattack":
                return auto_attack(module, part, labels, threat.to(part), seed)
            one_step = attack == "fgsm"
            return projected_gradient_descent(
                module,
                part,
                labels,
                threat=threat,
                step_size=threat.epsilon if one_step else step_size,
                n_steps=1 if one_step else n_steps,
                random_start=not one_step,
                row_loss=ROW_LOSSES[loss],
                early_exit=early_exit,
                generator=generator,
            )

        _check_choice(attack, ("pgd", "fgsm", "autoattack"), "attack")
        _check_choice(loss, tuple(ROW_LOSSES), "loss")
        with (
            evaluation_mode(module),
            isolated_rng(seed),
            torch.inference_mode(False),
            thread_share(takes_turns=True),
        ):
            changed = _in_parts(run, rows, codes, torch.device(device))
        return _like(changed, X)

    def _threat_of(
        self, epsilon: Any, norm: Any, clip_values: Any, feature_scale: Any, feature_mask: Any
    ) -> Threat:
        shape = self.input_shape_  # type: ignore[attr-defined]
        units: Array | None = self.feature_scale_  # type: ignore[attr-defined]
        if not isinstance(feature_scale, str) or feature_scale != AS_TRAINED:
            if isinstance(feature_scale, str):
                raise ValueError(
                    f"feature_scale={feature_scale!r} needs training rows: give it to the "
                    f'constructor, or pass an array, None or "{AS_TRAINED}" here.'
                )
            units = feature_units(feature_scale, np.empty((0, *shape)))
        return make_threat(
            self.epsilon if epsilon is None else epsilon,  # type: ignore[attr-defined]
            self.norm if norm is None else norm,  # type: ignore[attr-defined]
            units=units,
            clip_values=self._or_trained("clip_values", clip_values),
            feature_mask=self._or_trained("feature_mask", feature_mask),
            shape=shape,
        )

    def _or_trained(self, name: str, value: Any) -> Any:
        trained = isinstance(value, str) and value == AS_TRAINED
        return getattr(self, name) if trained else value

    def _check_labels(self, y: Any, n_rows: int) -> NDArray[np.int64]:
        labels = column_or_1d(y)
        classes: Array = self.classes_  # type: ignore[attr-defined]
        if len(labels) != n_rows:
            raise ValueError(f"X has {n_rows} rows and y has {len(labels)} labels.")
        return encode_labels(labels, classes, "the net was not fitted on")


def _in_parts(
    run: Callable[[Tensor, Tensor], Tensor],
    rows: Array,
    codes: NDArray[np.int64],
    device: torch.device,
) -> Array:
    parts = zip(
        torch.tensor(rows).split(ATTACKED_ROWS),
        torch.from_numpy(codes).split(ATTACKED_ROWS),
        strict=True,
    )
    changed = [run(X.to(device), y.to(device)).detach().cpu() for X, y in parts]
    whole: Array = torch.cat(changed).numpy()
    return whole


def _check_choice(value: Any, choices: tuple[str, ...], name: str) -> None:
    if not callable(value) and value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}; got {value!r}.")


def _check_settings(epsilon: Any, norm: Any, n_steps: Any, step_size: Any) -> None:
    """The constraints of the constructor, for what ``perturb`` is told."""
    if epsilon is not None:
        check_scalar(epsilon, "epsilon", numbers.Real, min_val=0)
    if norm not in (None, "linf", "l2"):
        raise ValueError(f"norm must be 'linf', 'l2' or None; got {norm!r}.")
    check_scalar(n_steps, "n_steps", numbers.Integral, min_val=0)
    if step_size is not None:
        check_scalar(step_size, "step_size", numbers.Real, min_val=0, include_boundaries="neither")


def _like(changed: Array, X: Any) -> Any:
    """The changed rows in the container of X, float64 only where X is."""
    is_frame = hasattr(X, "columns") and hasattr(X, "index")
    dtypes = X.dtypes if is_frame else [getattr(X, "dtype", None)]
    rows = changed.astype(np.float64) if any(d == np.float64 for d in dtypes) else changed
    if is_frame:
        return type(X)(rows, columns=X.columns, index=X.index)
    return rows
