"""Docstring text that several samplers share."""

from imblearn.over_sampling.base import BaseOverSampler

__all__ = ["PARAMETERS"]

_LATENT = """
latent_dim : int, default=32
        Number of dimensions of the latent space.

    hidden_dims : sequence of int, default=(128, 64)
        Widths of the encoder's hidden layers; the decoder mirrors them. Not
        used where a custom module is given.

    interpolator : over-sampler of imbalanced-learn, default=None
        Makes the latent points of a class, for example
        ``BorderlineSMOTE()``; its ``sampling_strategy`` and ``random_state``
        are set here. None is SMOTE's rule with ``k_neighbors``.

    k_neighbors : int or estimator, default=5
        Number of latent neighbors to interpolate with, or a fitted-by-us
        object with the ``kneighbors`` API whose ``n_neighbors`` counts the row
        itself too. Lowered, with a warning, for a class with fewer rows. An
        integer searches a class of more than 16,384 rows in groups of near
        rows, so that time grows with the rows and not with their square.

    encoder, decoder : torch.nn.Module class or instance, default=None
        Custom networks, for example convolutional ones. The encoder maps
        (n_rows, n_encoded) to (n_rows, latent_dim), the decoder back; for
        images they unflatten inside. A class is called with ``n_features`` and
        ``latent_dim`` if its constructor takes them; an instance is copied.

    autoencoder_epochs : int, default=30
        Most epochs of the autoencoder's training.

    cluster_weight : float, default=0.01
        Lambda_1 of eq. 2.3, the weight of the cluster loss beside the
        reconstruction.

    minority_weight : float, default=1.0
        lambda_1 of eq. 2.2, the weight of the minority classes' scatter.

    separation_weight : float, default=1.0
        lambda_2 of eq. 2.2, the weight of the distance between class centres.

    cluster_margin : float or None, default=10.0
        Distance beyond which class centres are no longer pushed apart. Eq. 2.2
        has no such bound and can run away; None is that equation.

    weight_regularization : float, default=1e-5
        Lambda_2 of eq. 2.3, the weight of the sum of squared weights.
"""

_TABLE = """
categorical_features : "auto", array-like or None, default="auto"
        Columns that hold categories: indices, a mask or names. "auto" takes the
        columns of dtype category (pandas), Categorical or Enum (polars). They are
        one-hot inside and come back as categories seen in training. None treats
        every column as numeric.

    scaling : {"auto", "per_feature", "global"}, default="auto"
        "per_feature" gives each numeric column unit variance inside; "global"
        divides all by one number, right for pixels; "auto" is "global" where
        the widest column's range is less than ten times the median one. A column
        narrower than a hundredth of the widest then counts as a hundredth.

    clip : bool, default=True
        Keep numeric features inside the range of the training data.
"""

_BATCHES = """
batch_size : int, default=128
        Rows of a mini-batch, at least 2.

    steps_per_epoch : int, default=16
        Mini-batches of an epoch. Batches are drawn, not dealt, so an epoch has
        the same length whatever the number of rows.

    balanced_batches : bool, default=True
        Draw the classes of a mini-batch in equal parts. False draws rows alike.

    learning_rate : float, default=1e-3
        Of the Adam optimizers.
"""

_STOPPING = """
n_iter_no_change : int or None, default=10
        Stop a stage after this many epochs without improvement; the best state
        is kept in any case. None never stops early.

    tol : float, default=1e-3
        Relative fall of the loss that counts as an improvement.
"""

_MACHINE = """
device : str or torch.device, default="auto"
        Where to train: "auto" takes a GPU if there is one. The trained networks
        are moved to the CPU, where they pickle and sample.

    random_state : int, RandomState instance or None, default=None
        Seed of initialisation, batches and interpolation. The global RNGs of
        torch are never touched, those of numpy only with None.

    verbose : int, default=0
        1 shows a progress bar per stage.
"""

_HISTORY = """
history_ : dict
        ``history_[network][term]``: a list with one mean loss per epoch.
"""

_ATTRIBUTES = """
sampling_strategy_ : dict
        Class to number of rows to add.

    classes_ : ndarray of shape (n_classes,)
        The class labels, sorted.

    categorical_features_ : ndarray of int
        Indices of the categorical columns.

    n_features_in_ : int
        Number of columns seen in training.

    feature_names_in_ : ndarray of shape (``n_features_in_``,)
        Names of the columns, if all are strings.

    is_synthetic_ : ndarray of bool of shape (n_samples_new,)
        After ``fit_resample``: which of the rows it returned are new.

    sample_weight_ : ndarray of shape (n_samples_new,)
        After ``fit_resample``: the weights of the rows it returned. An original keeps its
        own, a new row gets the mean of its class, without rows of weight 0; all are 1 where
        no weights were given.
"""

_WITHOUT_STOPPING = "\n\n    ".join(part.strip() for part in (_TABLE, _BATCHES, _MACHINE))
_SHARED = "\n\n    ".join(part.strip() for part in (_TABLE, _BATCHES, _STOPPING, _MACHINE))

PARAMETERS = {
    "sampling_strategy": BaseOverSampler._sampling_strategy_docstring,
    "latent_parameters": _LATENT.strip(),
    "table_parameters": _TABLE.strip(),
    "table_attributes": _ATTRIBUTES.strip(),
    "shared_parameters": _SHARED,
    # for samplers that never stop early
    "parameters_without_stopping": _WITHOUT_STOPPING,
    "shared_attributes": f"{_ATTRIBUTES.strip()}\n\n    {_HISTORY.strip()}",
}
