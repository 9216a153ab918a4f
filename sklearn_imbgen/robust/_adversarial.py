"""Adversarial training with the losses and weights of chapter 4's baselines."""

from typing import Any

import torch
from imblearn.utils import Substitution

from sklearn_imbgen.nn.tensor_batches import TensorBatches
from sklearn_imbgen.robust._base import BaseAdversarialClassifier
from sklearn_imbgen.robust._chapter import CHAPTER_METHODS, method_parameters
from sklearn_imbgen.robust._docs import PARAMETERS

__all__ = ["AdversarialClassifier"]


@Substitution(**PARAMETERS)
class AdversarialClassifier(BaseAdversarialClassifier):
    """Adversarial training for imbalanced classes, as a skorch net.

    Every batch is attacked by projected gradient descent before the network learns from
    it (eq. 4.11). Loss, class weights and their schedule are parameters, so that each
    baseline of chapter 4 is one setting; :meth:`from_chapter` knows them by name.

    Parameters
    ----------
    {module_parameter}

    prediction_loss : {{"ce", "focal", "ldam", "balanced_softmax"}}, default="ce"
        Cross entropy, focal loss, label-distribution-aware margins, or balanced softmax.

    {threat_parameters}

    class_weight : {{"auto", "effective", "balanced"}}, dict or None, default=None
        "effective" weighs by the inverse of the effective number of rows (Cui et al.),
        "balanced" by the inverse frequency, a dict by label. None is no weights.

    reweight_start : int or float, default=0
        Epoch from which ``class_weight`` applies, T_d of algorithm 4.1; a float is a share
        of ``max_epochs``. 0 weighs from the beginning, 0.8 defers.

    {loss_parameters}

    lr : float, default=0.02
        Learning rate.

    lr_milestones : sequence of int or float, default=(0.8, 0.9)
        Epochs (or shares of ``max_epochs``) at which the learning rate is multiplied by
        ``lr_decay``. An empty one where a callback of skorch does that.

    lr_decay : float, default=0.1
        Factor at each milestone.

    max_epochs : int, default=100
        Passes through the training rows.

    {training_parameters}

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
        prediction_loss: str = "ce",
        epsilon: float = 0.1,
        step_size: float | None = None,
        n_steps: int = 10,
        norm: str = "linf",
        random_start: bool = True,
        clip_values: Any = None,
        feature_scale: Any = None,
        feature_mask: Any = None,
        class_weight: Any = None,
        reweight_start: float = 0,
        effective_number_beta: float = 0.9999,
        focal_gamma: float = 2.0,
        max_margin: float = 0.5,
        logit_scale: float = 20.0,
        logit_scale_warmup: float = 0.1,
        optimizer: Any = torch.optim.SGD,
        lr: float = 0.02,
        lr_milestones: Any = (0.8, 0.9),
        lr_decay: float = 0.1,
        max_epochs: int = 100,
        batch_size: int = 64,
        iterator_train: Any = TensorBatches,
        iterator_valid: Any = TensorBatches,
        train_split: Any = None,
        callbacks: Any = None,
        warm_start: bool = False,
        checkpoint: Any = None,
        mixed_precision: bool = False,
        compile: bool = False,
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
