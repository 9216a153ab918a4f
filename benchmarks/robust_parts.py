"""Parts of the robust benchmark: which methods, on which sets, under which attacks."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from robust_data import Split
from robust_methods import COMPARE, SEPARATION, SRAT, Builder, deferred

from sklearn_imbgen.metrics import under_represented
from sklearn_imbgen.robust import AdversarialClassifier, SRATClassifier
from sklearn_imbgen.utils import import_extra

# what SRAT-LDAM owes to its parts, and to settings that the chapter leaves open
ABLATION: dict[str, dict[str, Any]] = {
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
}
# as the chapter has it: weights set in when the learning rate falls
AT_THE_MILESTONE = {"reweight_start": 0.8}

Attack = Callable[..., np.ndarray]

WEIGHTS = (10, 50, 78, 100, 150, 200)
SEPARATION_WEIGHTS = (0.0, 0.3, 1.0, 2.0, 4.0, 8.0)
RATIOS = (5, 10, 20, 50, 100)


def pgd(clf: Any, X: np.ndarray, y: np.ndarray, loss: str = "ce") -> np.ndarray:
    """Our own PGD-20."""
    return clf.perturb(X, y, n_steps=20, loss=loss)


OWN: dict[str, Attack] = {"PGD-20": pgd, "margin": partial(pgd, loss="margin")}


def art_pgd(clf: Any, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """PGD-20 of the adversarial robustness toolbox, with the same radius and step."""
    import_extra("art", "robust", "the attack of another library")
    from art.attacks.evasion import ProjectedGradientDescent
    from art.estimators.classification import PyTorchClassifier

    wrapped = PyTorchClassifier(
        clf.module_.eval(),
        loss=torch.nn.CrossEntropyLoss(),
        input_shape=X.shape[1:],
        nb_classes=len(clf.classes_),
        clip_values=clf.attack__clip_values,
        device_type="cpu",
    )
    attack = ProjectedGradientDescent(
        wrapped,
        norm=np.inf if clf.norm == "linf" else 2,
        eps=clf.epsilon,
        eps_step=clf.epsilon / 8,
        max_iter=20,
        num_random_init=1,
        batch_size=512,
        verbose=False,
    )
    # it draws from numpy's global RNG
    np.random.seed(0)
    return attack.generate(X, np.searchsorted(clf.classes_, y))


def auto_attack(clf: Any, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """AutoAttack of pyautoattack."""
    return clf.perturb(X, y, attack="autoattack")


ATTACKS: dict[str, dict[str, Attack]] = {
    "PGD-20": OWN,
    "PGD-20 of ART": {"other": art_pgd},
    "AutoAttack": {"other": auto_attack},
}
CONFIRMED = ("DRCB-LDAM", "balanced softmax", "SRAT-LDAM")


@dataclass(frozen=True)
class Part:
    """Methods by name; a figure's part has the quantity of its axis and its values by name."""

    methods: dict[str, Builder]
    quantity: str = ""
    values: dict[str, float] = field(default_factory=dict)
    ratios: bool = False
    attacked: bool = False

    def build(self, method: str, common: dict[str, Any], split: Split) -> Any:
        """The net of a method; weights of figure 4.5 need the sizes of the classes."""
        if self.quantity.startswith("weight"):
            common = common | {"class_weight": _weights(split, self.values[method])}
        return self.methods[method](**common)

    def set_of(self, name: str, method: str) -> str:
        """The set that a method gets: figure 4.7 has another ratio for each."""
        if not self.ratios:
            return name
        return re.sub(r"-\d+$", f"-{self.values[method]:g}", name)

    def attacks(self, method: str) -> dict[str, Attack]:
        """What a method is scored under."""
        return ATTACKS[method.partition(" @ ")[2]] if self.attacked else OWN


def _weights(split: Split, weight: float) -> dict[Any, float]:
    under = under_represented(split.class_counts)
    return {
        label: weight if rare else 1.0
        for label, rare in zip(np.unique(split.train.y), under, strict=True)
    }


def _over(names: dict[str, Any], values: tuple[float, ...]) -> tuple[dict, dict]:
    methods, at = {}, {}
    for name, make in names.items():
        for value in values:
            methods[f"{name} @ {value:g}"] = make(value)
            at[f"{name} @ {value:g}"] = value
    return methods, at


def _srat(loss: str, **own: Any) -> Builder:
    # a weight of figure 4.5 is among the common parameters
    return lambda **common: SRATClassifier(**{**deferred(loss), **SEPARATION, **common, **own})


def _drcb(loss: str, **own: Any) -> Builder:
    return lambda **common: AdversarialClassifier(**{**deferred(loss), **common, **own})


def parts() -> dict[str, Part]:
    """All parts by name."""
    weights = _over({name: lambda _, loss=loss: _srat(loss) for name, loss in SRAT.items()},
                    WEIGHTS)  # fmt: skip
    separation = _over(
        {
            name: lambda value, loss=loss: _srat(loss, separation_weight=value)
            for name, loss in SRAT.items()
        },
        SEPARATION_WEIGHTS,
    )
    ratio = _over(
        {"DRCB-Focal": lambda _: _drcb("focal"), "SRAT-Focal": lambda _: _srat("focal")}, RATIOS
    )
    confirm = {f"{name} @ {attack}": COMPARE[name] for name in CONFIRMED for attack in ATTACKS}
    return {
        "compare": Part(COMPARE),
        "weights": Part(*[weights[0], "weight of the under-represented classes", weights[1]]),
        "separation": Part(separation[0], "separation weight (lambda)", separation[1]),
        "ratio": Part(ratio[0], "imbalance ratio K", ratio[1], ratios=True),
        "confirm": Part(confirm, attacked=True),
        "ablation": Part({name: _srat("ldam", **own) for name, own in ABLATION.items()}),
        "schedule": Part(
            {
                f"{name}-{loss}{when}": make(loss, **own)
                for loss in SRAT.values()
                for when, own in ((" at the milestone", AT_THE_MILESTONE), ("", {}))
                for name, make in (("DRCB", _drcb), ("SRAT", _srat))
            }
        ),
    }


PARTS = parts()
