"""Docstring text that the robust classifiers share."""

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

_ATTACK = """
epsilon : float, default=0.1
        Radius of the ball around a row in which the attacker moves, in the units of
        ``attack__feature_scale``: those of X as this classifier gets it, after the scaler of
        a Pipeline.

    norm : {"linf", "l2"}, default="linf"
        Of the ball.

    n_steps : int, default=10
        Gradient steps of the attack on each batch. 0 is natural training.
"""

_TRAINING = """
optimizer : torch optimizer class, default=torch.optim.SGD
        ``optimizer__momentum`` and the like go to it. SGD has momentum 0.9 and weight decay
        5e-4 unless they say otherwise.

    lr : float, default=0.02
        Learning rate. The callback "learning_rate_schedule"
        (:class:`~sklearn_imbgen.robust.LearningRateSchedule`) multiplies it by 0.1 after 80 %
        and 90 % of the epochs.

    max_epochs : int, default=100
        Passes through the training rows.

    batch_size : int, default=64
        Rows of a mini-batch; -1 is all.

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

    device : str or torch.device, default="cpu"
        Where to train and predict; "auto" takes a GPU if there is one.

    verbose : int, default=0
        1 prints a line per epoch.

    random_state : int, RandomState instance or None, default=None
        Seed of first weights, batches and attacks. The global RNGs are never touched.
"""

_ATTACK_PARTS = """
attack__step_size : float or None, default=None
        Of an attack's step, in the units of epsilon. None is ``2.5 * epsilon / n_steps``.

    attack__random_start : bool, default=True
        Begin each attack at a random point of the ball.

    attack__clip_values : pair of float or of arrays of the shape of a row, default=None
        Smallest and largest valid value, ``(0, 1)`` for pixels. A row that lies outside is
        not moved in, but never farther out. None is no limit.

    attack__feature_scale : {"std", "range"} or array of the shape of a row, default=None
        Unit of each feature, by which a table with columns of different size gets an
        epsilon for each: the standard deviation or the range of the training rows.
        None is 1 for all.

    attack__feature_mask : array of bool of the shape of a row, default=None
        True where an attacker may change the feature. None is everywhere.

    criterion__* : float
        Of the loss: ``gamma`` of :class:`~sklearn_imbgen.robust.FocalLoss`; ``max_margin``,
        ``scale`` and ``scale_warmup`` of :class:`~sklearn_imbgen.robust.LDAMLoss`.
"""

_SEPARATION_PARTS = """
separation__temperature : float, default=0.1
        tau of eq. 4.12.

    separation__layer : str, default=None
        Name of the layer whose inputs are the features, as in ``module_.named_modules()``.
        None is the last ``torch.nn.Linear``.
"""

_REST = """
iterator_train__class_weight : "effective" or Tensor of shape (n_classes,)
        Draw training rows by the inverse of the effective number of rows of their class, or
        by these weights, instead of each row once.

    mixed_precision : bool, default=False
        Train and attack in bfloat16 where torch finds it worth while. For float16 and
        several GPUs see skorch's ``AccelerateMixin`` (docs/robust_training.md).

    compile : bool, default=False
        Run the network through ``torch.compile``; ``compile__mode`` and the like go to it.

    iterator_train, iterator_valid : callable
        skorch's. The default indexes tensors in memory; take ``torch.utils.data.DataLoader``
        with ``iterator_train__num_workers`` for what must be loaded while training.

    **kwargs : dict
        ``module__*``, ``optimizer__*``, ``callbacks__*``, ``iterator_train__*`` and skorch's
        other parameters: ``classes``, ``dataset``, ``predict_nonlinearity``,
        ``use_caching``, ``torch_load_kwargs``. An unknown one is an error.
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
    "attack_parameters": _ATTACK.strip(),
    "training_parameters": _TRAINING.strip(),
    "attack_parts": _ATTACK_PARTS.strip(),
    "separation_parts": _SEPARATION_PARTS.strip(),
    "rest": _REST.strip(),
    "fitted_attributes": _FITTED.strip(),
}
