"""Docstring text that the robust classifiers share."""

__all__ = ["PARAMETERS"]

_MODULE = """
module : torch.nn.Module class, instance or function, default=None
        Maps rows to one logit per class. None builds one from the data: a multilayer
        perceptron (:class:`~sklearn_imbgen.nn.TableNetwork`) for tables, a small residual
        network (:class:`~sklearn_imbgen.nn.ResidualNetwork`) for (n, channels, height,
        width); both standardise inside, so that epsilon is in the units of X. A class
        is called with those of ``n_features``, ``n_channels``, ``input_shape`` and
        ``n_classes`` that its constructor takes; an instance is copied. ``module__width``
        and the like go to the constructor.
"""

_THREAT = """
epsilon : float, default=0.1
        Radius of the ball around a row in which the attacker moves, in the units of
        ``feature_scale``: those of X as this classifier gets it, after the scaler of a
        Pipeline.

    step_size : float or None, default=None
        Of an attack's step, in the same units. None is ``2.5 * epsilon / n_steps``.

    n_steps : int, default=10
        Gradient steps of the attack on each batch. 0 is natural training.

    norm : {"linf", "l2"}, default="linf"
        Of the ball.

    random_start : bool, default=True
        Begin each attack at a random point of the ball.

    clip_values : pair of float or of arrays of the shape of a row, default=None
        Smallest and largest valid value, ``(0, 1)`` for pixels. A row that lies outside is
        not moved in, but never farther out. None is no limit.

    feature_scale : {"std", "range"} or array of the shape of a row, default=None
        Unit of each feature, by which a table with columns of different size gets an
        epsilon for each: the standard deviation or the range of the training rows.
        None is 1 for all.

    feature_mask : array of bool of the shape of a row, default=None
        True where an attacker may change the feature. None is everywhere.
"""

_LOSS = """
focal_gamma : float, default=2.0
        How much rows that are sure and right are discounted by the focal loss.

    max_margin : float, default=0.5
        LDAM's margin of the smallest class, as a cosine.

    logit_scale : float, default=20.0
        LDAM's logits are this times a cosine: the last ``torch.nn.Linear`` of the network
        is replaced by a :class:`~sklearn_imbgen.nn.CosineLinear`. Its authors take 30.

    logit_scale_warmup : int or float, default=0.1
        Epochs in which ``logit_scale`` grows from 1 to its value; a float is a share of
        ``max_epochs``. Without, LDAM under attack first gives every row the same class, and
        leaves that state late or, on some data, never.
"""

_WEIGHTS = """
effective_number_beta : float, default=0.9999
        beta of ``class_weight="effective"``.
"""

_TRAINING = """
optimizer : torch optimizer class, default=torch.optim.SGD
        ``optimizer__momentum`` and the like go to it. SGD has momentum 0.9 and weight decay
        5e-4 unless they say otherwise.

    batch_size : int, default=64
        Rows of a mini-batch.

    iterator_train, iterator_valid : callable, default=TensorBatches
        skorch's. The default indexes tensors in memory; take
        ``torch.utils.data.DataLoader`` with ``iterator_train__num_workers`` for what
        must be loaded while training.

    train_split : callable or None, default=None
        skorch's, for example ``skorch.dataset.ValidSplit(5, stratified=True)`` to watch
        the loss and the accuracy of unattacked rows. None trains on all rows.

    callbacks : list or None, default=None
        skorch's.

    warm_start : bool, default=False
        Let ``fit`` go on from the last weights.

    checkpoint : str or path-like, default=None
        File for the state after each epoch. If it exists, ``fit`` goes on from it and ends
        with what an uninterrupted run would have given; a file of other data or
        parameters is an error. Reading it runs no code.

    mixed_precision : bool, default=False
        Train and attack in bfloat16 where torch finds it worth while. For float16 and
        several GPUs see skorch's ``AccelerateMixin`` (docs/robust_training.md).

    compile : bool, default=False
        Run the network through ``torch.compile``; ``compile__mode`` and the like go to it.

    device : str or torch.device, default="cpu"
        Where to train and predict.

    verbose : int, default=0
        1 prints a line per epoch.

    random_state : int, RandomState instance or None, default=None
        Seed of first weights, batches and attacks. The global RNGs are never touched.

    **kwargs : dict
        ``module__*``, ``optimizer__*``, ``iterator_train__*``, ``callbacks__*`` as in skorch.
"""

_FITTED = """
module_ : torch.nn.Module
        The network, from rows to logits.

    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.

    class_counts_ : ndarray of shape (n_classes,)
        Training rows of each class.

    class_weight_ : ndarray of shape (n_classes,) or None
        Weights that apply from ``reweight_start`` on.

    feature_scale_ : ndarray of the shape of a row, or None
        Unit of each feature.

    history : skorch History
        Losses and times per epoch.

    n_features_in_ : int
        Number of columns, or of channels.

    input_shape_ : tuple of int
        Shape of a row.

    feature_names_in_ : ndarray of shape (``n_features_in_``,)
        Names of the columns, if all are strings.
"""


def _joined(*parts: str) -> str:
    return "\n\n    ".join(part.strip() for part in parts)


PARAMETERS = {
    "module_parameter": _MODULE.strip(),
    "threat_parameters": _THREAT.strip(),
    "loss_parameters": _joined(_LOSS, _WEIGHTS),
    "training_parameters": _TRAINING.strip(),
    "fitted_attributes": _FITTED.strip(),
}
