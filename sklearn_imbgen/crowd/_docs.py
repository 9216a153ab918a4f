"""Docstring text that several crowd estimators share."""

_NETWORK = """
hidden_dims : sequence of int, default=(128,)
        Widths of the feature extractor's hidden layers. Not used with ``module``.

    latent_dim : int, default=32
        Width of the embedding: what the feature extractor gives and the last,
        linear, layer takes.

    module : torch.nn.Module class or instance, default=None
        A feature extractor of your own, mapping (n_rows, n_features) to
        (n_rows, latent_dim). A class is called with ``n_features`` and
        ``latent_dim`` if its constructor takes them; an instance is copied. None
        takes fully connected layers. Columns are standardised in front of it.
"""

_TRAINING = """
batch_size : int, default=64
        Rows of a mini-batch, at least 2.

    weight_decay : float, default=1e-4
        Of the AdamW optimizer; 0 is Adam.
"""

_MISSING = """
missing_label : label, default=-1
        Marks "not labelled" in a label matrix, beside NaN, None and masked
        entries. None if only those do.
"""

_MACHINE = """
device : str or torch.device, default="auto"
        Where to train: "auto" takes a GPU if there is one. The trained network
        is moved to the CPU, where it pickles and predicts.

    verbose : int, default=0
        1 shows a progress bar.

    random_state : int, RandomState instance or None, default=None
        Seed of initialisation and batches. The global RNGs of torch are never
        touched, those of numpy only with None.
"""

_INFERENCE = """
classes_ : ndarray of shape (n_classes,)
        The labels that workers gave, sorted.

    workers_ : ndarray of shape (n_workers,)
        Names of the workers: column names of a dataframe, else 0, 1, ...

    labels_ : ndarray of shape (n_samples,)
        The inferred label of each training row.

    label_proba_ : ndarray of shape (n_samples, n_classes)
        Probabilities behind ``labels_``.

    worker_confusion_ : ndarray of shape (n_workers, n_classes, n_classes)
        ``worker_confusion_[w, a, b]``: the probability that worker w answers b where
        a is true.

    worker_error_rate_ : ndarray of shape (n_workers,)
        Probability of a wrong answer, over classes as frequent as ``class_prior_``.

    class_prior_ : ndarray of shape (n_classes,)
        Estimated share of each class.
"""

_FITTED_NETWORK = """
module_ : torch.nn.Module
        The trained network, on the CPU; maps standardised rows to logits.

    history_ : dict
        ``history_[network][term]``: a list with one mean loss per epoch.
"""

_COLUMNS = """
n_features_in_ : int
        Number of columns seen in training.

    feature_names_in_ : ndarray of shape (``n_features_in_``,)
        Names of the columns, if all are strings.
"""


def _joined(*parts: str) -> str:
    return "\n\n    ".join(part.strip() for part in parts)


PARAMETERS = {
    "network_parameters": _NETWORK.strip(),
    "training_parameters": _joined(_TRAINING),
    "machine_parameters": _joined(_MISSING, _MACHINE),
    "fitted_attributes": _joined(_INFERENCE, _FITTED_NETWORK, _COLUMNS),
}
