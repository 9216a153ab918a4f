"""What a model file may name: a list of types, none of which runs code of the file's choice.

``ESTIMATORS`` and ``PARTS`` are made by skops, which may call their constructors with any
arguments and fills their attributes: all of them only store what they are given. ``NETWORKS``
are made by :mod:`._networks`, which calls no constructor and no ``__setstate__``. They must
not get into skops' hands: the ``__setstate__`` of a skorch net unpickles.
"""

import importlib
import pkgutil
from collections.abc import Iterable
from typing import Any

from torch import nn

__all__ = ["Trust", "UntrustedError", "name_of", "trusted_types"]

# module -> names
ESTIMATORS = {
    "sklearn_imbgen.crowd._aggregate_then_fit": ["AggregateThenFit"],
    "sklearn_imbgen.crowd._crowd_layer": ["CrowdLayerClassifier"],
    "sklearn_imbgen.crowd._dawid_skene": ["DawidSkene"],
    "sklearn_imbgen.crowd._iced": ["ICEDClassifier"],
    "sklearn_imbgen.crowd._majority_vote": ["MajorityVote"],
    "sklearn_imbgen.crowd._mbem": ["MBEMClassifier"],
    "sklearn_imbgen.over_sampling._bagan": ["BAGAN"],
    "sklearn_imbgen.over_sampling._conditional_gan": ["ConditionalGAN"],
    "sklearn_imbgen.over_sampling._gl_gan": ["GLGAN"],
    "sklearn_imbgen.over_sampling._imb_mix": ["ImbMix"],
    "sklearn_imbgen.over_sampling._latent_smote": ["LatentSMOTE"],
    "sklearn_imbgen.over_sampling._swim": ["SWIM"],
    "imblearn.base": ["FunctionSampler"],
    "imblearn.combine._smote_enn": ["SMOTEENN"],
    "imblearn.combine._smote_tomek": ["SMOTETomek"],
    "imblearn.ensemble._bagging": ["BalancedBaggingClassifier"],
    "imblearn.ensemble._easy_ensemble": ["EasyEnsembleClassifier"],
    "imblearn.ensemble._forest": ["BalancedRandomForestClassifier"],
    "imblearn.ensemble._weight_boosting": ["RUSBoostClassifier"],
    "imblearn.over_sampling._adasyn": ["ADASYN"],
    "imblearn.over_sampling._random_over_sampler": ["RandomOverSampler"],
    "imblearn.over_sampling._smote.base": ["SMOTE", "SMOTEN", "SMOTENC"],
    "imblearn.over_sampling._smote.cluster": ["KMeansSMOTE"],
    "imblearn.over_sampling._smote.filter": ["BorderlineSMOTE", "SVMSMOTE"],
    "imblearn.pipeline": ["Pipeline"],
    "imblearn.under_sampling._prototype_generation._cluster_centroids": ["ClusterCentroids"],
    "imblearn.under_sampling._prototype_selection._condensed_nearest_neighbour": [
        "CondensedNearestNeighbour"
    ],
    "imblearn.under_sampling._prototype_selection._edited_nearest_neighbours": [
        "AllKNN",
        "EditedNearestNeighbours",
        "RepeatedEditedNearestNeighbours",
    ],
    "imblearn.under_sampling._prototype_selection._instance_hardness_threshold": [
        "InstanceHardnessThreshold"
    ],
    "imblearn.under_sampling._prototype_selection._nearmiss": ["NearMiss"],
    "imblearn.under_sampling._prototype_selection._neighbourhood_cleaning_rule": [
        "NeighbourhoodCleaningRule"
    ],
    "imblearn.under_sampling._prototype_selection._one_sided_selection": ["OneSidedSelection"],
    "imblearn.under_sampling._prototype_selection._random_under_sampler": ["RandomUnderSampler"],
    "imblearn.under_sampling._prototype_selection._tomek_links": ["TomekLinks"],
}

# what their attributes hold
PARTS = {
    "sklearn.metrics._scorer": ["_PassthroughScorer"],
    "sklearn.model_selection._split": [
        "KFold",
        "ShuffleSplit",
        "StratifiedKFold",
        "StratifiedShuffleSplit",
    ],
    # named in files of scikit-learn before 1.8
    "sklearn.utils._metadata_requests": ["MetadataRequest", "MethodMetadataRequest"],
    "sklearn_imbgen.model_selection._crowd_split": ["CrowdStratifiedKFold"],
    "sklearn_imbgen.over_sampling._adversarial_mixing": ["AdversarialMixing"],
    "sklearn_imbgen.utils._containers": ["RowContainer"],
    "sklearn_imbgen.over_sampling._latent_smote": ["LatentSpace"],
    "sklearn_imbgen.over_sampling._players": ["Judgement", "Judges"],
    "sklearn_imbgen.persistence._records": ["Stored"],
    "sklearn_imbgen.robust._attacks": ["Threat"],
    "sklearn_imbgen.utils._covariance": ["CovarianceRoots"],
    "sklearn_imbgen.utils._table": ["TableCodec"],
    "sklearn_imbgen.utils._votes": ["VoteModel"],
    "imblearn.metrics.pairwise": ["ValueDifferenceMetric"],
    "imblearn.utils._validation": ["ArraysTransformer"],
    # those that write no files; the names of files are in the model file
    "skorch.callbacks.logging": ["EpochTimer", "PrintLog"],
    "skorch.callbacks.lr_scheduler": ["LRScheduler"],
    "skorch.callbacks.regularization": ["GradientNormClipping"],
    "skorch.callbacks.scoring": ["BatchScoring", "EpochScoring", "PassthroughScoring"],
    "skorch.callbacks.training": ["EarlyStopping"],
    "skorch.dataset": ["ValidSplit"],
}

NETWORKS = {
    "sklearn_imbgen.crowd._cross_fitting": ["Ensemble", "SideBySide"],
    "sklearn_imbgen.crowd._crowd_layer": ["WorkerLayer"],
    "sklearn_imbgen.nn.classifiers": [
        "CosineLinear",
        "ResidualNetwork",
        "Standardize",
        "TableNetwork",
        "_ResidualBlock",
    ],
    "sklearn_imbgen.nn.modules": ["ConditionalNetwork", "OneHotBlocks", "WithHead"],
    "sklearn_imbgen.nn.tensor_batches": ["TensorBatches"],
    "sklearn_imbgen.over_sampling._surrogate": ["OnEncodedRows"],
    "sklearn_imbgen.robust._adversarial": ["AdversarialClassifier"],
    "sklearn_imbgen.robust._criterion": ["PredictionLoss"],
    "sklearn_imbgen.robust._imb_mix": ["ImbMixClassifier"],
    "sklearn_imbgen.robust._srat": ["SRATClassifier"],
    "skorch.classifier": ["NeuralNetBinaryClassifier", "NeuralNetClassifier"],
    "skorch.dataset": ["Dataset"],
    "torch.utils.data.dataloader": ["DataLoader"],
    "scipy.sparse._csc": ["csc_array", "csc_matrix"],
    "scipy.sparse._csr": ["csr_array", "csr_matrix"],
}
# of these the public classes, which torch moves between its files
TORCH = {
    "torch.nn.modules": nn.Module,
    "torch.optim": object,
    "torch.optim.lr_scheduler": object,
}


def _listed(table: dict[str, list[str]]) -> set[str]:
    return {f"{module}.{name}" for module, names in table.items() for name in names}


def _of_torch() -> set[str]:
    found = set()
    for module_name, kind in TORCH.items():
        module = importlib.import_module(module_name)
        for name in module.__all__:
            member = getattr(module, name)
            if isinstance(member, type) and issubclass(member, kind):
                found.add(name_of(member))
    return found


def name_of(kind: type) -> str:
    """Full name of a class.

    Raises
    ------
    TypeError
        If the class cannot be found under its name.

    Examples
    --------
    >>> name_of(nn.Linear)
    'torch.nn.modules.linear.Linear'
    """
    name = f"{kind.__module__}.{kind.__qualname__}"
    try:
        found = pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError):
        found = None
    if found is not kind:
        raise TypeError(
            f"{name} cannot be found under its name by a program that loads it: define the class "
            "at the top level of a module that can be imported."
        )
    return name


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
    >>> "sklearn_imbgen.over_sampling._gl_gan.GLGAN" in trusted_types()
    True
    >>> "functools.partial" in trusted_types()
    False
    """
    return sorted(_listed(ESTIMATORS) | _listed(PARTS) | _listed(NETWORKS) | _of_torch())


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
        self._names = set(trusted_types()) | _names_of(extra)
        mine = _listed(ESTIMATORS) | _listed(PARTS)
        self.of_skops = sorted(mine | {name for name in _names_of(extra) if not _is_network(name)})

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
        found = pkgutil.resolve_name(name)
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

    try:
        found = pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError):
        return False
    return isinstance(found, type) and issubclass(found, nn.Module | NeuralNet)
