"""The one list of over-sampling methods that the commands know."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sklearn_imbgen.cli._messages import CommandError
from sklearn_imbgen.exceptions import FewSamplesWarning

__all__ = ["METHODS", "NO_METHOD", "Method", "Settings", "build_sampler", "known"]

NO_METHOD = "none"
SMOTE_NEIGHBORS = 5


@dataclass(frozen=True)
class Settings:
    """What a sampler is told.

    Parameters
    ----------
    seed : int
    smallest : int
        Rows of the smallest class that is to grow.
    categorical : sequence of str, default=()
        Names of the categorical columns.
    n_columns : int, default=0
        Number of all columns; only read if some are categorical.
    strategy : object, default="auto"
        imbalanced-learn's ``sampling_strategy``.
    verbose : int, default=0
        1 shows the progress of the training.
    """

    seed: int
    smallest: int
    categorical: Sequence[str] = ()
    n_columns: int = 0
    strategy: Any = "auto"
    verbose: int = 0


@dataclass(frozen=True)
class Method:
    """A method's display name, how to build it, how many rows a class needs.

    One that ``streams`` makes rows after training, so a table need not be loaded.
    """

    title: str
    build: Callable[[Settings], Any]
    least_rows: int = 2
    streams: bool = False


def _nothing(settings: Settings) -> Any:
    return "passthrough"


def _random(settings: Settings) -> Any:
    from imblearn.over_sampling import RandomOverSampler

    return RandomOverSampler(sampling_strategy=settings.strategy, random_state=settings.seed)


def _smote(settings: Settings) -> Any:
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

    shared = {
        "sampling_strategy": settings.strategy,
        "random_state": settings.seed,
        "k_neighbors": _neighbors(settings.smallest),
    }
    if not settings.categorical:
        return SMOTE(**shared)
    if len(settings.categorical) == settings.n_columns:
        return SMOTEN(**shared)
    return SMOTENC(categorical_features=list(settings.categorical), **shared)


def _neighbors(smallest: int) -> int:
    """SMOTE's neighbors; fewer where a class is too small, as our samplers do."""
    if smallest > SMOTE_NEIGHBORS:
        return SMOTE_NEIGHBORS
    warnings.warn(
        f"SMOTE uses k_neighbors={smallest - 1} instead of {SMOTE_NEIGHBORS}: "
        f"the smallest class has {smallest} rows.",
        FewSamplesWarning,
        stacklevel=2,
    )
    return smallest - 1


def _ours(name: str, *, trains: bool = True) -> Callable[[Settings], Any]:
    def build(settings: Settings) -> Any:
        # imported here: --help and the other methods need no torch
        sampler = getattr(import_module("sklearn_imbgen.over_sampling"), name)
        progress = {"verbose": settings.verbose} if trains else {}
        return sampler(
            sampling_strategy=settings.strategy,
            categorical_features=list(settings.categorical),
            random_state=settings.seed,
            **progress,
        )

    return build


METHODS: dict[str, Method] = {
    NO_METHOD: Method("None", _nothing, least_rows=1),
    "random": Method("Random", _random, least_rows=1),
    "smote": Method("SMOTE", _smote),
    "swim": Method("SWIM", _ours("SWIM", trains=False), least_rows=1, streams=True),
    "latent-smote": Method("LatentSMOTE", _ours("LatentSMOTE"), streams=True),
    "conditional-gan": Method("ConditionalGAN", _ours("ConditionalGAN"), streams=True),
    "bagan": Method("BAGAN", _ours("BAGAN"), streams=True),
    "imb-mix": Method("ImbMix", _ours("ImbMix", trains=False), streams=True),
    "glgan": Method("GLGAN", _ours("GLGAN"), streams=True),
}


def build_sampler(name: str, settings: Settings) -> Any:
    """The sampler of a method, or "passthrough" for the method "none"."""
    return METHODS[name].build(settings)


def known(names: Sequence[str], choices: Iterable[str], what: str) -> list[str]:
    """The names without repetitions; a ``CommandError`` lists the choices.

    Examples
    --------
    >>> known(["b", "a", "b"], ["a", "b"], "letter")
    ['b', 'a']
    """
    choices = list(choices)
    for name in names:
        if name not in choices:
            raise CommandError(f"unknown {what} {name!r}; choose from {', '.join(choices)}")
    if not names:
        raise CommandError(f"no {what} given; choose from {', '.join(choices)}")
    return list(dict.fromkeys(names))
