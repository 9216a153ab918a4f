"""Methods of the robust benchmark: one loss, one schedule and one budget for all of a set."""

from collections.abc import Callable
from typing import Any

from robust_data import LONG_TAILED
from robust_networks import SmallConvNet

from sklearn_imbgen.robust import AdversarialClassifier, SRATClassifier, image_settings

# What all methods of a set share: network, attack, epochs, batches.
SMALL_IMAGES = {
    "module": SmallConvNet,
    "epsilon": 0.1,
    "n_steps": 7,
    "clip_values": (0.0, 1.0),
    "max_epochs": 40,
    "batch_size": 64,
    "lr": 0.02,
}
COLOUR_IMAGES = {
    "module__width": 16,
    "module__first_stride": 2,
    "epsilon": 8 / 255,
    "n_steps": 5,
    "clip_values": (0.0, 1.0),
    "max_epochs": 20,
    "batch_size": 64,
    "lr": 0.02,
}
# radius of the l2 ball for digits, about as strong as the other one
SMALL_L2 = {"norm": "l2", "epsilon": 1.0}
COLOUR_L2 = {"norm": "l2", "epsilon": 128 / 255}

DEFERRED = {"class_weight": "effective", "reweight_start": 0.8}
CHAPTER = (
    "CE", "Focal", "LDAM", "CB-Reweight", "CB-Focal", "DRCB-CE", "DRCB-Focal", "DRCB-LDAM",
)  # fmt: skip
SRAT = {"SRAT-CE": "ce", "SRAT-Focal": "focal", "SRAT-LDAM": "ldam"}

Builder = Callable[..., Any]


def _chapter(method: str) -> Builder:
    return lambda **common: AdversarialClassifier.from_chapter(method, **common)


def _plain(**own: Any) -> Builder:
    return lambda **common: AdversarialClassifier(**{**own, **common})


def _srat(**own: Any) -> Builder:
    return lambda **common: SRATClassifier(**{**common, **own})


COMPARE: dict[str, Builder] = {
    **{name: _chapter(name) for name in CHAPTER},
    "inverse frequency": _plain(class_weight="balanced"),
    "balanced softmax": _plain(prediction_loss="balanced_softmax"),
    **{name: _srat(prediction_loss=loss) for name, loss in SRAT.items()},
    "SRAT-balanced softmax": _srat(prediction_loss="balanced_softmax", class_weight=None),
}


def settings_of(name: str, norm: str) -> dict[str, Any]:
    """What every method of a set gets."""
    if name == LONG_TAILED:
        return COLOUR_IMAGES | (COLOUR_L2 if norm == "l2" else {})
    if name.startswith("cifar"):
        return image_settings(norm)
    if name.startswith("digits"):
        # a fifth of the batches of the other sets in an epoch
        return SMALL_IMAGES | {"max_epochs": 150} | (SMALL_L2 if norm == "l2" else {})
    return SMALL_IMAGES | (SMALL_L2 if norm == "l2" else {})
