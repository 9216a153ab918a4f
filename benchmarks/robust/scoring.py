"""One training and its accuracies, unattacked and under each attack."""

import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.question import Row, Settings
from benchmarks.robust.methods import Method, settings_of
from benchmarks.robust.networks import one_thread
from benchmarks.robust.sets import Split, make_split
from sklearn_imbgen.metrics import under_represented
from sklearn_imbgen.utils import import_extra

STANDARD = ("standard overall", "standard under")
ROBUST = ("robust overall", "robust under")
# robust against the cross entropy and the margin attack at once
BOTH = ("both attacks overall", "both attacks under")

Attack = Callable[[Any, np.ndarray, np.ndarray], np.ndarray]


def run(
    methods: dict[str, Method],
    chapter: int,
    method: str,
    name: str,
    seed: int,
    settings: Settings,
) -> list[Row]:
    """Train and score one method on one seed of a set, by the protocol of a chapter."""
    one_thread()
    chosen = methods[method]
    if chosen.ratio is not None:
        name = re.sub(r"-\d+$", f"-{chosen.ratio}", name)
    split = make_split(name, settings.data_dir, seed)
    shared = {
        **settings_of(name, settings.norm, chapter), "random_state": seed, "device": settings.device
    }  # fmt: skip
    if chosen.weight is not None:
        shared["class_weight"] = rare_weights(split, chosen.weight)
    clf = settings.shorten(chosen.build(**shared))
    start = time.perf_counter()
    clf.fit(*split.train)
    seconds = time.perf_counter() - start
    return [{**score(clf, split, ATTACKS[chosen.attack]), "seconds": seconds}]


def rare_weights(split: Split, weight: float) -> dict[Any, float]:
    """One weight for the under-represented half of the classes, one for the others."""
    under = under_represented(split.class_counts)
    return {
        label: weight if rare else 1.0
        for label, rare in zip(np.unique(split.train.y), under, strict=True)
    }


def class_averages(right: np.ndarray, y: np.ndarray, class_counts: np.ndarray) -> tuple[float, ...]:
    """Mean over all classes, and over the half with the fewest training rows, in percent."""
    per_class = np.array([right[y == label].mean() for label in np.unique(y)])
    return 100 * per_class.mean(), 100 * per_class[under_represented(class_counts)].mean()


def score(clf: Any, split: Split, attacks: tuple[Attack, ...]) -> dict[str, float]:
    """Accuracies of a fitted net; each attack can only take from what is right unattacked."""
    X, y = split.test
    withstood = clf.predict(X) == y
    row = dict(zip(STANDARD, class_averages(withstood, y, split.class_counts), strict=True))
    for names, attack in zip((ROBUST, BOTH), attacks, strict=False):
        withstood = withstood & (clf.predict(attack(clf, X, y)) == y)
        row |= dict(zip(names, class_averages(withstood, y, split.class_counts), strict=True))
    return row


def pgd(clf: Any, X: np.ndarray, y: np.ndarray, loss: str = "ce") -> np.ndarray:
    """Our own PGD-20."""
    return clf.perturb(X, y, n_steps=20, loss=loss)


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


# of our own and of other libraries; the second one is the margin attack
ATTACKS: dict[str, tuple[Attack, ...]] = {
    "ours": (pgd, partial(pgd, loss="margin")),
    "art": (art_pgd,),
    "auto": (auto_attack,),
}
