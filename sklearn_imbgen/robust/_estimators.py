"""Adversarial training, plain (chapter 4's baselines) and with separated features (SRAT)."""

from typing import Any

import torch
from imblearn.utils import Substitution

from sklearn_imbgen.robust._base import NOT_NEGATIVE, BaseAdversarialClassifier
from sklearn_imbgen.robust._chapter import CHAPTER_METHODS, method_parameters
from sklearn_imbgen.robust._docs import PARAMETERS


@Substitution(**PARAMETERS)
class AdversarialClassifier(BaseAdversarialClassifier):
    """Adversarial training for imbalanced classes, as a skorch net.

    Every batch is attacked by projected gradient descent before the network learns from
    it (eq. 4.11). Loss, class weights and their schedule are parameters, so that each
    baseline of chapter 4 is one setting; :meth:`from_chapter` knows them by name.

    Parameters
    ----------
    {module_parameter}

    criterion : {{"ce", "focal", "ldam", "balanced_softmax"}} or loss class, default="ce"
        Cross entropy, focal loss, label-distribution-aware margins, balanced softmax, a loss
        class of this package, or one of torch's that takes ``reduction``.

    {attack_parameters}

    class_weight : {{"auto", "effective", "balanced"}}, dict, array-like or None, default=None
        "effective" weighs by the inverse of the effective number of rows (Cui et al.),
        "balanced" by the inverse frequency, a dict by label, an array in the order of the
        sorted labels. None is no weights.

    reweight_start : int or float, default=0
        Epoch from which ``class_weight`` applies, T_d of algorithm 4.1; a float is a share
        of ``max_epochs``. 0 weighs from the beginning, 0.8 defers.

    {training_parameters}

    {attack_parts}

    {rest}

    Attributes
    ----------
    {fitted_attributes}

    See Also
    --------
    SRATClassifier : The same with deferred weights and a loss that separates features.
    sklearn_imbgen.metrics.robust_accuracy_score : Accuracy under attack.

    References
    ----------
    A. Madry et al., "Towards deep learning models resistant to adversarial attacks", 2018.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn_imbgen.robust import AdversarialClassifier
    >>> X, y = make_classification(weights=[0.9], random_state=0)
    >>> clf = AdversarialClassifier(class_weight="balanced", max_epochs=5, random_state=0)
    >>> clf.fit(X, y).predict_proba(X).shape
    (100, 2)
    """

    def __init__(
        self,
        module: Any = None,
        *,
        criterion: Any = "ce",
        epsilon: float = 0.1,
        norm: str = "linf",
        n_steps: int = 10,
        class_weight: Any = None,
        reweight_start: float = 0,
        optimizer: Any = torch.optim.SGD,
        lr: float = 0.02,
        max_epochs: int = 100,
        batch_size: int = 64,
        train_split: Any = None,
        callbacks: Any = None,
        warm_start: bool = False,
        checkpoint: Any = None,
        device: Any = "cpu",
        verbose: int = 0,
        random_state: Any = None,
        **kwargs: Any,
    ) -> None:
        self._store_parameters(locals())

    @classmethod
    def from_chapter(cls, method: str, **parameters: Any) -> "AdversarialClassifier":
        """One row of Tables 4.1 to 4.7.

        Parameters
        ----------
        method : str
            "CE", "Focal", "LDAM", "CB-Reweight", "CB-Focal", "DRCB-CE", "DRCB-Focal" or
            "DRCB-LDAM".
        **parameters : dict
            Further parameters of the constructor; for images those of
            :func:`~sklearn_imbgen.robust.image_settings`.

        Examples
        --------
        >>> from sklearn_imbgen.robust import AdversarialClassifier
        >>> AdversarialClassifier.from_chapter("DRCB-LDAM", epsilon=0.05).class_weight
        'effective'
        """
        return cls(**{**method_parameters(method, CHAPTER_METHODS), **parameters})


@Substitution(**PARAMETERS)
class SRATClassifier(BaseAdversarialClassifier):
    """Robust on the rare classes too: Separable Reweighted Adversarial Training.

    Adversarial training in which a second loss pulls the features of a class together and
    those of different classes apart, and class weights set in when the learning rate falls
    (algorithm 4.1, eqs. 4.11 to 4.13).

    Parameters
    ----------
    {module_parameter}

    criterion : {{"ce", "focal", "ldam", "balanced_softmax"}} or loss class, \
            default="balanced_softmax"
        L of eq. 4.13: SRAT-CE, SRAT-Focal, SRAT-LDAM, or balanced softmax, which is not in
        the chapter and the more accurate on unattacked rows; "ldam" is the more robust over
        all classes. A loss class as in :class:`AdversarialClassifier`.

    separation_weight : float, default=0.1
        lambda of eq. 4.13. 0 is adversarial training with deferred weights.

    {attack_parameters}

    class_weight : {{"auto", "effective", "balanced"}}, dict, array-like or None, default="auto"
        "auto" is "effective", and None for balanced softmax, which makes up for the sizes of
        the classes by itself. "effective" weighs by the inverse of the effective number of
        rows (Cui et al.), "balanced" by the inverse frequency, a dict by label, an array in
        the order of the sorted labels. None is no weights.

    reweight_start : int or float, default=0.8
        Epoch from which ``class_weight`` applies, T_d of algorithm 4.1; a float is a share
        of ``max_epochs``.

    {training_parameters}

    {separation_parts}

    {attack_parts}

    {rest}

    Attributes
    ----------
    {fitted_attributes}

    See Also
    --------
    AdversarialClassifier : Without the separation of features.
    sklearn_imbgen.inspection.FeatureSpaceDisplay : How far the classes are apart.

    References
    ----------
    W. Wang, "Learning from Imbalanced Data Distribution", 2023, chapter 4.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn_imbgen.robust import SRATClassifier
    >>> X, y = make_classification(weights=[0.9], random_state=0)
    >>> clf = SRATClassifier(epsilon=0.1, max_epochs=5, random_state=0).fit(X, y)
    >>> clf.predict(X).shape, clf.extract_features(X).shape
    ((100,), (100, 64))
    """

    _parameter_constraints: dict[str, Any] = {
        **BaseAdversarialClassifier._parameter_constraints,
        "separation_weight": [NOT_NEGATIVE],
    }
    prefixes_ = [*BaseAdversarialClassifier.prefixes_, "separation"]

    def __init__(
        self,
        module: Any = None,
        *,
        criterion: Any = "balanced_softmax",
        separation_weight: float = 0.1,
        epsilon: float = 0.1,
        norm: str = "linf",
        n_steps: int = 10,
        class_weight: Any = "auto",
        reweight_start: float = 0.8,
        optimizer: Any = torch.optim.SGD,
        lr: float = 0.02,
        max_epochs: int = 100,
        batch_size: int = 64,
        train_split: Any = None,
        callbacks: Any = None,
        warm_start: bool = False,
        checkpoint: Any = None,
        device: Any = "cpu",
        verbose: int = 0,
        random_state: Any = None,
        **kwargs: Any,
    ) -> None:
        self._store_parameters(locals())
