"""What GL-GAN's own judges say about its new rows."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_imbgen.utils import UnreliableSamplesWarning, plain

__all__ = ["Judgement", "class_margin", "judge", "warn_if_unreliable"]

Array = NDArray[Any]

# Shares from which on a user is warned.
TOO_MANY_ELSEWHERE = 0.25
TOO_FEW_RECOGNISED = 0.5
TOO_MANY_EXPOSED = 0.75
# A new row counts as exposed if it looks less real than this share of the real rows does.
LEAST_REAL = 0.05


@dataclass(frozen=True)
class Judgement:
    """Shares, between 0 and 1, by the judges of the adversarial stage.

    Parameters
    ----------
    recognised : float
        Real rows of the class that the classifier gives to it.
    elsewhere : float
        New rows that it gives to another class.
    exposed : float
        New rows that look less real to the discriminator than 95 % of the real
        rows of the class.
    """

    recognised: float
    elsewhere: float
    exposed: float


def class_margin(logits: Array, code: int) -> Array:
    """Logit of one class minus the largest other one, per row.

    Examples
    --------
    >>> import numpy as np
    >>> class_margin(np.array([[1.0, 3.0, 2.5]]), 1)
    array([0.5])
    """
    margin: Array = logits[:, code] - np.delete(logits, code, axis=1).max(axis=1)
    return margin


def judge(real_margin: Array, new_margin: Array, real_score: Array, new_score: Array) -> Judgement:
    """Judgement from the classifier's margins and the discriminator's scores.

    Examples
    --------
    >>> import numpy as np
    >>> judge(np.array([1.0, -1.0]), np.array([2.0, 3.0, -1.0, 1.0]),
    ...       np.array([0.5, 0.9]), np.array([0.1, 0.6, 0.7, 0.8]))
    Judgement(recognised=0.5, elsewhere=0.25, exposed=0.25)
    """
    floor = np.quantile(real_score, LEAST_REAL)
    return Judgement(
        recognised=float(np.mean(real_margin > 0)),
        elsewhere=float(np.mean(new_margin < 0)),
        exposed=float(np.mean(new_score < floor)),
    )


def warn_if_unreliable(judgement: Judgement, label: Any, name: str) -> None:
    """Warn with figures if the judges find the new rows of a class bad."""
    reasons = []
    if judgement.recognised < TOO_FEW_RECOGNISED:
        reasons.append(
            f"its classifier recognises only {judgement.recognised:.0%} of the class's real rows"
        )
    if judgement.elsewhere > TOO_MANY_ELSEWHERE:
        reasons.append(
            f"its classifier gives {judgement.elsewhere:.0%} of the new rows to another class"
        )
    if judgement.exposed > TOO_MANY_EXPOSED:
        reasons.append(
            f"to its discriminator {judgement.exposed:.0%} of the new rows look less real than "
            f"{1 - LEAST_REAL:.0%} of the real ones do"
        )
    if reasons:
        warnings.warn(
            f"The new rows of class {plain(label)!r} may do harm: {'; '.join(reasons)}. Train "
            f"longer (max_epochs, autoencoder_epochs), or compare {name} with SMOTE and with no "
            "resampling before you use it.",
            UnreliableSamplesWarning,
            stacklevel=2,
        )
