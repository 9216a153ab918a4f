"""Generative over-sampling, crowd labels and robust training for imbalanced classes."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklearn_imbgen._show_versions import show_versions
    from sklearn_imbgen.crowd import DawidSkene, ICEDClassifier
    from sklearn_imbgen.over_sampling import GLGAN, ImbMix
    from sklearn_imbgen.robust import AdversarialClassifier, ImbMixClassifier, SRATClassifier

__version__ = "0.1.0.dev0"

# Names are imported when first used, so that what needs no network costs no torch.
_HOMES = {
    "AdversarialClassifier": "robust",
    "DawidSkene": "crowd",
    "GLGAN": "over_sampling",
    "ICEDClassifier": "crowd",
    "ImbMix": "over_sampling",
    "ImbMixClassifier": "robust",
    "SRATClassifier": "robust",
    "show_versions": "_show_versions",
}

__all__ = [
    "GLGAN",
    "AdversarialClassifier",
    "DawidSkene",
    "ICEDClassifier",
    "ImbMix",
    "ImbMixClassifier",
    "SRATClassifier",
    "__version__",
    "show_versions",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
