"""Attacks on a fitted net, in and out as a user holds the rows."""

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from sklearn_imbgen._typing import Array
from sklearn_imbgen.nn import draw_seed, evaluation_mode, isolated_rng, thread_share
from sklearn_imbgen.robust._attacks import (
    Threat,
    feature_units,
    make_threat,
    margin_of_error,
    projected_gradient_descent,
    row_cross_entropy,
)
from sklearn_imbgen.utils import encode_labels, import_extra, labels_of_rows

# Rows attacked at once: bounds the memory.
ATTACKED_ROWS = 1024
ATTACKS = ("pgd", "fgsm", "autoattack")
ROW_LOSSES = {"ce": row_cross_entropy, "margin": margin_of_error}
AS_TRAINED = "as trained"
NORMS = {"linf": "Linf", "l2": "L2"}
# of AutoAttack: the loss of the targeted attacks needs three other classes
LEAST_CLASSES = 4
STANDARD_TARGETS = 9


def perturb(
    net: Any,
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
    """Adversarial rows against a fitted net.

    Parameters
    ----------
    net : fitted classifier of this package
    X : array-like of the shape of the training rows
        In the units that this net gets; a Pipeline's scaler comes before it.
    y : array-like of shape (n_samples,)
        True labels.
    attack : {"pgd", "fgsm", "autoattack"} or callable, default="pgd"
        "autoattack" is that of the library pyautoattack (extra "robust"): two gradient
        attacks that choose their own steps and two others; with fewer than four
        classes, where its standard set fails, the first of them and the black-box one.
        Under l2, the black-box one is left out, or replaced by the third, for all but square
        images.
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
    check_is_fitted(net, "module_")
    rows = net._check_rows(X)
    labels = labels_of_rows(X, y)
    codes = encode_labels(labels, net.classes_, "the net was not fitted on")
    _check_settings(attack, loss, epsilon, norm, n_steps, step_size)
    threat = make_threat(
        net.epsilon if epsilon is None else epsilon,
        net.norm if norm is None else norm,
        units=_units(net, feature_scale),
        clip_values=_or_trained(clip_values, net.attack__clip_values),
        feature_mask=_or_trained(feature_mask, net.attack__feature_mask),
        shape=net.input_shape_,
    )
    module: nn.Module = net.module_
    device = net._torch_device()
    seed = draw_seed(check_random_state(random_state))
    generator = torch.Generator(device).manual_seed(seed)

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

    with (
        evaluation_mode(module),
        isolated_rng(seed),
        torch.inference_mode(False),
        thread_share(takes_turns=True),
    ):
        parts = zip(
            torch.tensor(rows).split(ATTACKED_ROWS),
            torch.from_numpy(codes).split(ATTACKED_ROWS),
            strict=True,
        )
        changed = [run(X.to(device), y.to(device)).detach().cpu() for X, y in parts]
    return _in_container_of(X, torch.cat(changed).numpy())


def _or_trained(value: Any, trained: Any) -> Any:
    return trained if isinstance(value, str) and value == AS_TRAINED else value


def _units(net: Any, feature_scale: Any) -> Array | None:
    """The unit of each feature: that of the training, or what is asked for."""
    if not isinstance(feature_scale, str):
        return feature_units(feature_scale, np.empty((0, *net.input_shape_)))
    if feature_scale != AS_TRAINED:
        raise ValueError(
            f"feature_scale={feature_scale!r} needs training rows: give it to the "
            f'constructor, or pass an array, None or "{AS_TRAINED}" here.'
        )
    return net.feature_scale_


def _check_settings(
    attack: Any, loss: Any, epsilon: Any, norm: Any, n_steps: Any, step_size: Any
) -> None:
    if not callable(attack) and attack not in ATTACKS:
        known = ", ".join(map(repr, ATTACKS))
        raise ValueError(f"attack must be one of {known}, or a callable; got {attack!r}.")
    if loss not in ROW_LOSSES:
        raise ValueError(f"loss must be one of {', '.join(map(repr, ROW_LOSSES))}; got {loss!r}.")
    if epsilon is not None:
        check_scalar(epsilon, "epsilon", numbers.Real, min_val=0)
    if norm not in (None, *NORMS):
        raise ValueError(f"norm must be 'linf', 'l2' or None; got {norm!r}.")
    check_scalar(n_steps, "n_steps", numbers.Integral, min_val=0)
    if step_size is not None:
        check_scalar(step_size, "step_size", numbers.Real, min_val=0, include_boundaries="neither")


def _in_container_of(X: Any, changed: Array) -> Any:
    """The changed rows as X has them, float64 only where X is."""
    is_frame = hasattr(X, "columns") and hasattr(X, "index")
    dtypes = X.dtypes if is_frame else [getattr(X, "dtype", None)]
    rows = changed.astype(np.float64) if any(d == np.float64 for d in dtypes) else changed
    if is_frame:
        return type(X)(rows, columns=X.columns, index=X.index)
    return rows


def auto_attack(module: nn.Module, X: Tensor, y: Tensor, threat: Threat, seed: int) -> Tensor:
    """Rows attacked by AutoAttack (Croce and Hein, 2020).

    The library knows rows in [0, 1] and one epsilon: rows are mapped there by the clip values, of
    which all features must have the same. ValueError at a threat that it cannot express.
    """
    library = import_extra("pyautoattack", "robust", "AutoAttack")
    if threat.scale is not None or threat.low is None or threat.high is None:
        raise ValueError(
            "AutoAttack needs clip_values and one epsilon for all features: no feature_scale "
            "and no feature_mask. Use attack='pgd' with loss='margin' for others."
        )
    low, high = threat.low.flatten()[0], threat.high.flatten()[0]
    if not ((threat.low == low).all() and (threat.high == high).all()):
        raise ValueError("AutoAttack needs the same clip_values for all features.")
    extent = high - low
    shape = X.shape
    images = X if X.dim() == 4 else X.reshape(len(X), 1, 1, -1)

    def logits(inputs: Tensor) -> Tensor:
        return module(inputs.reshape(-1, *shape[1:]) * extent + low)

    with torch.no_grad():
        n_classes = logits(((images[:1] - low) / extent).clamp(0, 1)).shape[1]
    options = {"norm": NORMS[threat.norm], "eps": threat.epsilon / float(extent), "seed": seed}
    options["version"] = "standard" if n_classes >= LEAST_CLASSES else "custom"
    attacker = library.AutoAttack(logits, device=X.device, **options)
    attacker.attacks_to_run = _auto_attack_names(threat.norm, tuple(images.shape[2:]), n_classes)
    inside = ((images - low) / extent).clamp(0, 1)
    # it assumes ten classes, and fails with fewer
    n_targets = min(STANDARD_TARGETS, n_classes - 1)
    attacker.apgd_targeted.n_target_classes = attacker.fab.n_target_classes = n_targets
    # as the standard set has it
    attacker.fab.n_restarts = 1
    found, _ = attacker.run_standard_evaluation(inside, y)
    return (found * extent + low).reshape(shape)


def _auto_attack_names(norm: str, size: tuple[int, ...], n_classes: int) -> list[str]:
    """Attacks of the standard set that can be run on such images."""
    enough = n_classes >= LEAST_CLASSES
    names = ["apgd-ce", "apgd-t", "fab-t"] if enough else ["apgd-ce"]
    # under l2 its square attack covers an image with a pattern of five by five patches
    if norm == "linf" or (size[0] == size[1] and size[0] >= 5):
        return [*names, "square"]
    return names if enough else [*names, "fab"]
