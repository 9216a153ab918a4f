"""Methods of chapters 4 and 5: one network, attack and budget for all of a set."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.robust.networks import SmallConvNet
from benchmarks.robust.sets import LONG_TAILED
from sklearn_imbgen.robust import (
    AdversarialClassifier,
    ImbMixClassifier,
    SRATClassifier,
    image_settings,
)

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


def settings_of(name: str, norm: str, chapter: int) -> dict[str, Any]:
    """What every method of a set gets, by the protocol of chapter 4 or 5."""
    if name == LONG_TAILED:
        return COLOUR_IMAGES | (COLOUR_L2 if norm == "l2" else {})
    if name.startswith("cifar"):
        # section 5.5.1 has more epochs, with the learning rates of section 4.5.1
        return image_settings(norm) | ({"max_epochs": 250} if chapter == 5 else {})
    if name.startswith("digits"):
        # a fifth of the batches of the other sets in an epoch
        return SMALL_IMAGES | {"max_epochs": 150} | (SMALL_L2 if norm == "l2" else {})
    return SMALL_IMAGES | (SMALL_L2 if norm == "l2" else {})


@dataclass(frozen=True)
class Method:
    """A net, made of the parameters that all methods of a set share.

    The rest is for figures: ``weight`` is that of the rare classes, ``ratio`` replaces that of
    the set, ``at`` is the place on the axis. ``attack`` is the library that attacks.
    """

    build: Callable[..., Any]
    weight: float | None = None
    ratio: int | None = None
    at: float | None = None
    attack: str = "ours"


def net(kind: type, base: dict[str, Any] | None = None, /, **own: Any) -> Method:
    """A classifier with parameters that the shared ones override, and others that override them."""
    return Method(lambda **shared: at_scale(kind(**{**(base or {}), **shared, **own})))


def chapter(kind: type, name: str, **own: Any) -> Method:
    """A row of a chapter's tables."""
    return Method(lambda **shared: at_scale(kind.from_chapter(name, **{**shared, **own})))


def is_of_chapter(given: dict[str, Any]) -> bool:
    """Whether parameters are those of section 4.5.1, by their network."""
    return given.get("module__blocks") == image_settings()["module__blocks"]


def at_scale(clf: Any) -> Any:
    """LDAM with its authors' scale where the settings are those of section 4.5.1."""
    given = clf.get_params(deep=False)
    if is_of_chapter(given):
        images = image_settings(clf.norm, clf.criterion)
        scale = {k: v for k, v in images.items() if k.startswith("criterion__")}
        clf.set_params(**{**scale, **{k: v for k, v in given.items() if k in scale}})
    return clf


# Deferred weights of a loss and of its SRAT twin set in at the same epoch. Chosen on rows left
# over from training (seeds 100 to 103): with cross entropy and focal loss the rare classes have
# no use of weights that come when the steps are already small (question "robust-schedule").
STARTS = {"ce": 0.7, "focal": 0.7, "ldam": 0.8, "balanced_softmax": 0.8}
LOSSES = {"CE": "ce", "Focal": "focal", "LDAM": "ldam"}
# chosen with LDAM on rows left over from training, for all rows of the chapter
SEPARATION = {"separation_weight": 0.3}


def deferred(loss: str, shared: dict[str, Any]) -> dict[str, Any]:
    """Class weights from late in the training on, with the loss that they belong to."""
    start = 160 if is_of_chapter(shared) else STARTS[loss]
    return {"criterion": loss, "class_weight": "effective", "reweight_start": start}


def drcb(loss: str, **own: Any) -> Method:
    """Adversarial training with deferred weights."""
    return Method(
        lambda **shared: at_scale(
            AdversarialClassifier(**{**deferred(loss, shared), **shared, **own})
        )
    )


def srat(loss: str, **own: Any) -> Method:
    """The same with separation."""
    return Method(
        lambda **shared: at_scale(
            SRATClassifier(**{**deferred(loss, shared), **SEPARATION, **shared, **own})
        )
    )


TABLES_4: dict[str, Method] = {
    **{
        name: chapter(AdversarialClassifier, name)
        for name in ("CE", "Focal", "LDAM", "CB-Reweight", "CB-Focal")
    },
    **{f"DRCB-{name}": drcb(loss) for name, loss in LOSSES.items()},
    "inverse frequency": net(AdversarialClassifier, class_weight="balanced"),
    "balanced softmax": net(AdversarialClassifier, criterion="balanced_softmax"),
    **{f"SRAT-{name}": srat(loss) for name, loss in LOSSES.items()},
    # the scale of the cosines at its value from the first batch on, as the chapter has it
    "DRCB-LDAM, no warm-up": drcb("ldam", criterion__scale_warmup=0),
    "SRAT-LDAM, no warm-up": srat("ldam", criterion__scale_warmup=0),
    "SRAT-balanced softmax": net(SRATClassifier, SEPARATION, criterion="balanced_softmax"),
    # as it comes: balanced softmax, separation weight 0.1
    "SRAT": net(SRATClassifier),
}

# what SRAT-LDAM owes to its parts, and to settings that the chapter leaves open
SRAT_PARTS: dict[str, Method] = {
    name: srat("ldam", **own)
    for name, own in {
        "SRAT-LDAM": {},
        "no separation": {"separation_weight": 0.0},
        "separation weight 1": {"separation_weight": 1.0},
        "temperature 0.5": {"separation__temperature": 0.5},
        "logit scale 10": {"criterion__scale": 10.0},
        "logit scale 30": {"criterion__scale": 30.0},
        "no warm-up": {"criterion__scale_warmup": 0},
        "learning rate 0.05": {"lr": 0.05},
        "weights from the start": {"reweight_start": 0},
        "no weights": {"class_weight": None},
        "batches of 32": {"batch_size": 32},
        "batches of 128": {"batch_size": 128},
    }.items()
}
# as the chapter has it: weights set in when the learning rate falls
SCHEDULE: dict[str, Method] = {
    f"{name}-{loss}{when}": make(loss, **own)
    for loss in LOSSES.values()
    for when, own in ((" at the milestone", {"reweight_start": 0.8}), ("", {}))
    for name, make in (("DRCB", drcb), ("SRAT", srat))
}
WEIGHTS: dict[str, Method] = {
    f"SRAT-{name} @ {weight}": Method(srat(loss).build, weight=weight, at=weight)
    for name, loss in LOSSES.items()
    for weight in (10, 50, 78, 100, 150, 200)
}
SEPARATIONS: dict[str, Method] = {
    f"SRAT-{name} @ {weight:g}": Method(srat(loss, separation_weight=weight).build, at=weight)
    for name, loss in LOSSES.items()
    for weight in (0.0, 0.3, 1.0, 2.0, 4.0, 8.0)
}
RATIOS: dict[str, Method] = {
    f"{name} @ {ratio}": Method(method.build, ratio=ratio, at=ratio)
    for name, method in (("DRCB-Focal", drcb("focal")), ("SRAT-Focal", srat("focal")))
    for ratio in (5, 10, 20, 50, 100)
}
CONFIRM: dict[str, Method] = {
    f"{name} @ {attack}": Method(TABLES_4[name].build, attack=library)
    for name in ("DRCB-LDAM", "balanced softmax", "SRAT-LDAM")
    for attack, library in (("PGD-20", "ours"), ("PGD-20 of ART", "art"), ("AutoAttack", "auto"))
}

DEFERRED: dict[str, Any] = {"class_weight": "effective", "reweight_start": 0.8}
ALONE: dict[str, Any] = {"separation_weight": 0.0}
# with it the class weights are deferred ones
LDAM: dict[str, Any] = {"criterion": "ldam"}

TABLES_5: dict[str, Method] = {
    **{
        f"{name}, chapter" if name == "Imb-Mix" else name: chapter(ImbMixClassifier, name)
        for name in ("vanilla", "resample", "reweight", "mixup", "remix", "Imb-Mix")
    },
    **{name: TABLES_4[name] for name in ("balanced softmax", "SRAT-LDAM", "SRAT")},
    "Imb-Mix": net(ImbMixClassifier),
    "Imb-Mix, LDAM": net(ImbMixClassifier, **LDAM),
}
AVERAGING: dict[str, Method] = {
    **{name: chapter(ImbMixClassifier, name) for name in ("vanilla", "data_aug", "Imb-Mix")},
    **{
        f"{name}, deferred weights": chapter(ImbMixClassifier, name, **DEFERRED)
        for name in ("data_aug", "Imb-Mix")
    },
}
# what the classifier owes to its parts, and to settings that the chapter leaves open
IMB_MIX_PARTS: dict[str, Method] = {
    name: net(ImbMixClassifier, **own)
    for name, own in {
        "Imb-Mix": {},
        "no averaging": {"averaging_start": None},
        "averaging from 0.5": {"averaging_start": 0.5},
        "no mixing": {"mixing": None},
        "mixup": {"mixing": "mixup"},
        "no supplementary rows": {"n_supplementary": 0},
        "3 supplementary rows": {"n_supplementary": 3},
        "balancing supplementary rows": {"n_supplementary": "auto"},
        "noise scale 0.5": {"supplementary__noise_scale": 0.5},
        "concentration 1": {"mixing__concentration": 1.0},
        "no separation": ALONE,
        "LDAM": LDAM,
    }.items()
}
TOGETHER: dict[str, Method] = {
    "Imb-Mix": net(ImbMixClassifier),
    "Imb-Mix, no separation": net(ImbMixClassifier, **ALONE),
    "Imb-Mix, cross entropy": net(ImbMixClassifier, criterion="ce"),
    "Imb-Mix, cross entropy, no separation": net(ImbMixClassifier, criterion="ce", **ALONE),
    "Imb-Mix, LDAM": net(ImbMixClassifier, **LDAM),
    **{
        name: TABLES_4[name]
        for name in ("balanced softmax", "DRCB-CE", "SRAT-CE", "SRAT-LDAM", "SRAT")
    },
}
