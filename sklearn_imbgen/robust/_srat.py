"""Separable reweighted adversarial training, algorithm 4.1."""

from typing import Any

import torch
from imblearn.utils import Substitution

from sklearn_imbgen.nn.tensor_batches import TensorBatches
from sklearn_imbgen.robust._docs import PARAMETERS
from sklearn_imbgen.robust._separation import BaseSeparatingClassifier

__all__ = ["SRATClassifier"]


@Substitution(**PARAMETERS)
class SRATClassifier(BaseSeparatingClassifier):
    """Robust on the rare classes too: Separable Reweighted Adversarial Training.

    Adversarial training in which a second loss pulls the features of a class together and
    those of different classes apart, and class weights set in when the learning rate falls
    (algorithm 4.1, eqs. 4.11 to 4.13).

    Parameters
    ----------
    {module_parameter}

    prediction_loss : {{"ce", "focal", "ldam", "balanced_softmax"}}, default="balanced_softmax"
        L of eq. 4.13: SRAT-CE, SRAT-Focal, SRAT-LDAM, or balanced softmax, which is not in
        the chapter and the more accurate on unattacked rows; "ldam" is the more robust over
        all classes.

    separation_weight : float, default=0.1
        lambda of eq. 4.13. 0 is adversarial training with deferred weights.

    temperature : float, default=0.1
        tau of eq. 4.12.

    feature_layer : str, default=None
        Name of the layer whose inputs are the features, as in ``module_.named_modules()``.
        None is the last ``torch.nn.Linear``.

    {threat_parameters}

    class_weight : {{"auto", "effective", "balanced"}}, dict or None, default="auto"
        "auto" is "effective", and None for balanced softmax, which makes up for the sizes of
        the classes by itself. "effective" weighs by the inverse of the effective number of
        rows (Cui et al.), "balanced" by the inverse frequency, a dict by label. None is no
        weights.

    reweight_start : int or float, default=0.8
        Epoch from which ``class_weight`` applies, T_d of algorithm 4.1; a float is a share
        of ``max_epochs``.

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

    def __init__(
        self,
        module: Any = None,
        *,
        prediction_loss: str = "balanced_softmax",
        separation_weight: float = 0.1,
        temperature: float = 0.1,
        feature_layer: str | None = None,
        epsilon: float = 0.1,
        step_size: float | None = None,
        n_steps: int = 10,
        norm: str = "linf",
        random_start: bool = True,
        clip_values: Any = None,
        feature_scale: Any = None,
        feature_mask: Any = None,
        class_weight: Any = "auto",
        reweight_start: float = 0.8,
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
