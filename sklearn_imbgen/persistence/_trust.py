"""What a model file may name: types none of which runs code of the file's choice.

A file names the types of this library by folder and class, such as
"sklearn_imbgen.over_sampling.GLGAN", and not by the private module that defines them, so that
a module can move without making files useless. Those that skops makes may have their
constructors called with any arguments and their attributes filled: all of them only store
what they are given. Networks and nets are made by :mod:`._unpack`, which calls no constructor;
they must not get into skops' hands, for the ``__setstate__`` of a skorch net unpickles.
"""

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache
from typing import Any

from sklearn.base import BaseEstimator
from torch import nn

import sklearn_imbgen

__all__ = ["Trust", "UntrustedError", "name_of", "trusted_types"]

# Beside the estimators, networks and nets of this library: what their attributes hold.
OWN_PARTS = {
    "AdversarialMixing",
    "CovarianceRoots",
    "CrowdStratifiedKFold",
    "Judgement",
    "Judges",
    "LatentSpace",
    "RowContainer",
    "Stored",
    "TableCodec",
    "Threat",
    "VoteModel",
}
# named as values of parameters, never made
OWN_NAMES = {"TensorBatches"}

# all estimators of these
IMBLEARN = ("combine", "ensemble", "over_sampling", "pipeline", "under_sampling")
# made by skops
PARTS = (
    "imblearn.FunctionSampler",
    "imblearn.metrics.pairwise.ValueDifferenceMetric",
    "imblearn.utils._validation.ArraysTransformer",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.model_selection.KFold",
    "sklearn.model_selection.ShuffleSplit",
    "sklearn.model_selection.StratifiedKFold",
    "sklearn.model_selection.StratifiedShuffleSplit",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
    # those that write no files; the names of files are in the model file
    "skorch.callbacks.BatchScoring",
    "skorch.callbacks.EarlyStopping",
    "skorch.callbacks.EpochScoring",
    "skorch.callbacks.EpochTimer",
    "skorch.callbacks.GradientNormClipping",
    "skorch.callbacks.LRScheduler",
    "skorch.callbacks.PassthroughScoring",
    "skorch.callbacks.PrintLog",
    "skorch.dataset.ValidSplit",
)
# made by our own reader, or named only
NAMES = (
    "scipy.sparse.csc_array",
    "scipy.sparse.csc_matrix",
    "scipy.sparse.csr_array",
    "scipy.sparse.csr_matrix",
    "skorch.NeuralNetBinaryClassifier",
    "skorch.NeuralNetClassifier",
    "skorch.dataset.Dataset",
    "torch.utils.data.DataLoader",
)
# of these the public classes
TORCH = {
    "torch.nn.modules": nn.Module,
    "torch.optim": object,
    "torch.optim.lr_scheduler": object,
}


def name_of(kind: type) -> str:
    """Full name of a class; of one of this library, folder and class.

    Raises
    ------
    TypeError
        If the class cannot be found under its name.

    Examples
    --------
    >>> from sklearn_imbgen import GLGAN
    >>> name_of(nn.Linear), name_of(GLGAN)
    ('torch.nn.modules.linear.Linear', 'sklearn_imbgen.over_sampling.GLGAN')
    """
    name = f"{kind.__module__}.{kind.__qualname__}"
    if _found(name) is not kind:
        raise TypeError(
            f"{name} cannot be found under its name by a program that loads it: define the class "
            "at the top level of a module that can be imported."
        )
    return without_module(name)


def without_module(name: str) -> str:
    """The name of a type as it stands in a file; of other libraries as it is."""
    library, *path = name.split(".")
    return f"{library}.{path[0]}.{path[-1]}" if library == "sklearn_imbgen" else name


@cache
def own_types() -> dict[str, type]:
    """The types of this library that files may name, by their names there."""
    found: dict[str, type] = {}
    for module in pkgutil.walk_packages(sklearn_imbgen.__path__, "sklearn_imbgen."):
        # the command line and its libraries are no part of any model
        if module.name.split(".")[1] == "cli":
            continue
        for name, kind in vars(importlib.import_module(module.name)).items():
            if not isinstance(kind, type) or kind.__module__ != module.name:
                continue
            if issubclass(kind, BaseEstimator | nn.Module) or name in OWN_PARTS | OWN_NAMES:
                full = without_module(f"{module.name}.{name}")
                assert full not in found, f"two types are called {full}"
                found[full] = kind
    return found


@cache
def _foreign_types() -> tuple[frozenset[str], frozenset[str]]:
    """Names of other libraries' types: those that skops makes, and those that it must not."""
    made = {name_of(pkgutil.resolve_name(name)) for name in PARTS}
    for folder in IMBLEARN:
        module = importlib.import_module(f"imblearn.{folder}")
        made |= {name_of(kind) for kind in _public(module, BaseEstimator)}
    named = {name_of(pkgutil.resolve_name(name)) for name in NAMES}
    for torch_module, base in TORCH.items():
        named |= {name_of(kind) for kind in _public(importlib.import_module(torch_module), base)}
    return frozenset(made), frozenset(named)


def _public(module: Any, base: type) -> list[type]:
    members = (getattr(module, name) for name in module.__all__)
    return [member for member in members if isinstance(member, type) and issubclass(member, base)]


def trusted_types() -> list[str]:
    """Names of all types that a model file may hold without being asked for.

    Beside these, skops accepts scikit-learn's estimators, numpy's arrays and plain Python
    values. Not in the list, on purpose: functions and ``functools.partial``, callbacks that
    write files, and the nodes of trees, which a file can make crash the process.

    Returns
    -------
    list of str
        Full names, sorted.

    Examples
    --------
    >>> from sklearn_imbgen.persistence import trusted_types
    >>> "sklearn_imbgen.over_sampling.GLGAN" in trusted_types()
    True
    >>> "functools.partial" in trusted_types()
    False
    """
    made, named = _foreign_types()
    return sorted(own_types().keys() | made | named)


class UntrustedError(ValueError):
    """The file is sound, but names types that nobody trusts."""


class Trust:
    """What one call of ``load_model`` may make.

    Parameters
    ----------
    extra : iterable of str or type
        What the caller trusts beyond :func:`trusted_types`.

    Raises
    ------
    TypeError
        If ``extra`` is neither.
    """

    def __init__(self, extra: Any = ()) -> None:
        given = _names_of(extra)
        self._names = set(trusted_types()) | given
        own = {
            f"{kind.__module__}.{kind.__qualname__}"
            for name, kind in own_types().items()
            if kind.__name__ not in OWN_NAMES
        }
        candidates = own | _foreign_types()[0] | given
        self.of_skops = sorted(name for name in candidates if not _is_network(name))

    def unknown(self, names: Iterable[str]) -> list[str]:
        """Those of ``names`` that are not trusted."""
        return sorted(set(names) - self._names)

    def find(self, name: str, kind: type) -> Any:
        """The class of that name.

        Raises
        ------
        UntrustedError
            If it is not trusted.
        ValueError
            If it is not of that kind.
        """
        if name not in self._names:
            raise UntrustedError(f"the type {name!r} is not trusted")
        found = own_types().get(name) or pkgutil.resolve_name(name)
        if not isinstance(found, type) or not issubclass(found, kind):
            raise ValueError(f"{name} is no {kind.__name__}")
        return found


def _names_of(extra: Any) -> set[str]:
    given = [extra] if isinstance(extra, str | type) else extra
    if isinstance(given, bool) or not hasattr(given, "__iter__"):
        raise TypeError(f"trusted must be a list of types or their full names; got {extra!r}.")
    return {one if isinstance(one, str) else name_of(one) for one in given}


def _is_network(name: str) -> bool:
    """Whether our own reader makes it; a name that cannot be found here is skops' affair."""
    from skorch import NeuralNet

    found = _found(name)
    return isinstance(found, type) and issubclass(found, nn.Module | NeuralNet)


def _found(name: str) -> Any:
    try:
        return pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError):
        return None
