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
    "attack__clip_values": (0.0, 1.0),
    "max_epochs": 40,
    "batch_size": 64,
    "lr": 0.02,
}
COLOUR_IMAGES = {
    "module__width": 16,
    "module__first_stride": 2,
    "epsilon": 8 / 255,
    "n_steps": 5,
    "attack__clip_values": (0.0, 1.0),
    "max_epochs": 20,
    "batch_size": 64,
    "lr": 0.02,
}
# radius of the l2 ball for digits, about as strong as the other one
SMALL_L2 = {"norm": "l2", "epsilon": 1.0}
COLOUR_L2 = {"norm": "l2", "epsilon": 128 / 255}

# Deferred weights of a loss and of its SRAT twin set in at the same epoch. Chosen on rows left
# over from training (seeds 100 to 103): with cross entropy and focal loss the rare classes have
# no use of weights that come when the steps are already small (part "ablation").
STARTS = {"ce": 0.7, "focal": 0.7, "ldam": 0.8, "balanced_softmax": 0.8}
CHAPTER = ("CE", "Focal", "LDAM", "CB-Reweight", "CB-Focal")
TWINS = {"DRCB-CE": "ce", "DRCB-Focal": "focal", "DRCB-LDAM": "ldam"}
SRAT = {"SRAT-CE": "ce", "SRAT-Focal": "focal", "SRAT-LDAM": "ldam"}

Builder = Callable[..., Any]


def deferred(loss: str) -> dict[str, Any]:
    """Class weights from late in the training on, with the loss that they belong to."""
    return {
        "criterion": loss,
        "class_weight": "effective",
        "reweight_start": STARTS[loss],
    }


def _with_scale(clf: Any) -> Any:
    """LDAM at its authors' scale where the settings are those of section 4.5.1."""
    images = image_settings(clf.norm, clf.criterion)
    if getattr(clf, "module__blocks", None) == images["module__blocks"]:
        clf.set_params(**{k: v for k, v in images.items() if k.startswith("criterion__")})
    return clf


def _chapter(method: str) -> Builder:
    return lambda **common: _with_scale(AdversarialClassifier.from_chapter(method, **common))


def _twin(loss: str) -> Builder:
    return _plain(**deferred(loss))


def _plain(**own: Any) -> Builder:
    return lambda **common: _with_scale(AdversarialClassifier(**{**own, **common}))


def _srat(**own: Any) -> Builder:
    return lambda **common: _with_scale(SRATClassifier(**{**own, **common}))


# chosen with LDAM on rows left over from training, for all rows of the chapter
SEPARATION = {"separation_weight": 0.3}


COMPARE: dict[str, Builder] = {
    **{name: _chapter(name) for name in CHAPTER},
    **{name: _twin(loss) for name, loss in TWINS.items()},
    "inverse frequency": _plain(class_weight="balanced"),
    "balanced softmax": _plain(criterion="balanced_softmax"),
    **{name: _srat(**deferred(loss), **SEPARATION) for name, loss in SRAT.items()},
    # the scale of the cosines at its value from the first batch on, as the chapter has it
    "DRCB-LDAM, no warm-up": _plain(**deferred("ldam"), criterion__scale_warmup=0),
    "SRAT-LDAM, no warm-up": _srat(**deferred("ldam"), **SEPARATION, criterion__scale_warmup=0),
    "SRAT-balanced softmax": _srat(criterion="balanced_softmax", **SEPARATION),
    # as it comes: balanced softmax, separation weight 0.1
    "SRAT": _srat(),
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
