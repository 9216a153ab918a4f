"""What a model file may name: types none of which runs code of the file's choice.

A file names the types of this library by folder and class, such as
"sklearn_imbgen.over_sampling.GLGAN", and not by the private module that defines them, so that
a module can move without making files useless. Those that skops makes may have their
constructors called with any arguments and their attributes filled: all of them only store
what they are given. Networks and nets are made by :mod:`._networks`, which calls no constructor;
they must not get into skops' hands, for the ``__setstate__`` of a skorch net unpickles.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterable
from functools import cache
from typing import Any

from sklearn.base import BaseEstimator
from torch import nn

import sklearn_imbgen

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
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels.CompoundKernel",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.DotProduct",
    "sklearn.gaussian_process.kernels.Matern",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.gaussian_process.kernels.RationalQuadratic",
    "sklearn.gaussian_process.kernels.Sum",
    "sklearn.gaussian_process.kernels.WhiteKernel",
    "sklearn.metrics._scorer._CurveScorer",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.metrics._scorer._Scorer",
    "sklearn.model_selection.KFold",
    "sklearn.model_selection.ShuffleSplit",
    "sklearn.model_selection.StratifiedKFold",
    "sklearn.model_selection.StratifiedShuffleSplit",
    "sklearn.multiclass._ConstantPredictor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.utils.Bunch",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
    # those that write no files; the names of files are in the model file
    "skorch.callbacks.BatchScoring",
    "skorch.callbacks.EarlyStopping",
    "skorch.callbacks.EpochScoring",
    "skorch.callbacks.EpochTimer",
    "skorch.callbacks.Freezer",
    "skorch.callbacks.GradientNormClipping",
    "skorch.callbacks.LRScheduler",
    "skorch.callbacks.PassthroughScoring",
    "skorch.callbacks.PrintLog",
    "skorch.callbacks.ProgressBar",
    "skorch.callbacks.Unfreezer",
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
# functions of numbers that estimators and callbacks hold; all public ones of a module
FUNCTIONS = (
    "numpy.max",
    "numpy.mean",
    "numpy.median",
    "numpy.min",
    "numpy.sum",
    "skorch.utils.freeze_parameter",
    "skorch.utils.to_numpy",
    "skorch.utils.unfreeze_parameter",
)
FUNCTIONS_OF = ("sklearn.feature_selection", "sklearn.metrics")
# of these the public classes
TORCH = {
    "torch.nn.modules": nn.Module,
    "torch.optim": object,
    "torch.optim.lr_scheduler": object,
}


def name_of(kind: Any) -> str:
    """Full name of a class or function; of a class of this library, folder and class.

    ``TypeError`` if it cannot be found under its name.
    """
    name = f"{kind.__module__}.{kind.__qualname__}"
    if _found(name) is not kind:
        raise TypeError(
            f"{name} cannot be found under its name by a program that loads it: define it at the "
            "top level of a module that can be imported."
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


@cache
def _functions() -> dict[str, Any]:
    found = {name: pkgutil.resolve_name(name) for name in FUNCTIONS}
    for folder in FUNCTIONS_OF:
        module = importlib.import_module(folder)
        members = {f"{folder}.{name}": getattr(module, name) for name in module.__all__}
        found |= {name: one for name, one in members.items() if inspect.isfunction(one)}
    return found


def is_safe_function(value: Any) -> bool:
    """Whether a value is a function that a model file may name without being asked for."""
    return callable(value) and any(one is value for one in _functions().values())


def safe_name(function: Any) -> str:
    """The public name of such a function."""
    return next(name for name, one in _functions().items() if one is function)


def _public(module: Any, base: type) -> list[type]:
    members = (getattr(module, name) for name in module.__all__)
    return [member for member in members if isinstance(member, type) and issubclass(member, base)]


def trusted_types() -> list[str]:
    """Names of all types that a model file may hold without being asked for.

    Beside these, skops accepts scikit-learn's estimators, numpy's arrays and plain Python
    values, and trees are made if all their numbers lead to nodes and columns. Not in the list,
    on purpose: functions and ``functools.partial``, and callbacks that write files.

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
    """What a call of ``load_model`` may make: :func:`trusted_types` and the caller's ``extra``."""

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

        ``UntrustedError`` if it is not trusted, ``ValueError`` if it is not of that kind.
        """
        if name not in self._names:
            raise UntrustedError(f"the type {name!r} is not trusted")
        found = own_types().get(name) or pkgutil.resolve_name(name)
        if not isinstance(found, type) or not issubclass(found, kind):
            raise ValueError(f"{name} is no {kind.__name__}")
        return found

    def find_function(self, name: str) -> Any:
        """The function of that public name; ``UntrustedError`` if it is not trusted."""
        if name not in _functions():
            raise UntrustedError(f"the function {name!r} is not trusted")
        return _functions()[name]


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
