"""AutoAttack of the library pyautoattack, which the extra "robust" installs."""

import torch
from torch import Tensor, nn

from sklearn_imbgen.robust._attacks import Threat
from sklearn_imbgen.utils import import_extra

__all__ = ["auto_attack"]

NORMS = {"linf": "Linf", "l2": "L2"}
# the loss of the targeted attacks needs three other classes
LEAST_CLASSES = 4
STANDARD_TARGETS = 9


def auto_attack(module: nn.Module, X: Tensor, y: Tensor, threat: Threat, seed: int) -> Tensor:
    """Rows attacked by AutoAttack (Croce and Hein, 2020).

    The library knows rows in [0, 1] and one epsilon: rows are mapped there by the clip
    values, of which all features must have the same.

    Raises
    ------
    ImportError
        If pyautoattack is not installed.
    ValueError
        If the threat is none that the library can express.
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
    # its square attack moves patches of images
    images = X.view(len(X), 1, 1, -1) if X.dim() == 2 else X

    def logits(inputs: Tensor) -> Tensor:
        output: Tensor = module(inputs.reshape(-1, *shape[1:]) * extent + low)
        return output

    with torch.no_grad():
        n_classes = logits(((images[:1] - low) / extent).clamp(0, 1)).shape[1]
    options = {"norm": NORMS[threat.norm], "eps": threat.epsilon / float(extent), "seed": seed}
    options |= {"version": "standard", "device": X.device}
    if n_classes < LEAST_CLASSES:
        options |= {"version": "custom", "attacks": ["apgd-ce", "square"]}
    attacker = library.AutoAttack(logits, **options)
    inside = ((images - low) / extent).clamp(0, 1)
    # it assumes ten classes, and fails with fewer
    n_targets = min(STANDARD_TARGETS, n_classes - 1)
    attacker.apgd_targeted.n_target_classes = attacker.fab.n_target_classes = n_targets
    found, _ = attacker.run_standard_evaluation(inside, y)
    changed: Tensor = (found * extent + low).reshape(shape)
    return changed
