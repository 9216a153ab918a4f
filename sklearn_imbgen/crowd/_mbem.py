"""MBEM: a network and the workers' confusion, each estimated with the help of the other."""

import numbers
from typing import Any

import numpy as np
from imblearn.utils import Substitution
from sklearn.utils._param_validation import Interval

from sklearn_imbgen.crowd._base import BaseCrowdClassifier, CrowdData
from sklearn_imbgen.crowd._docs import PARAMETERS
from sklearn_imbgen.utils import (
    confusion_counts,
    floored_log,
    label_log_likelihood,
    maximize_confusion,
    posterior_from,
    vote_proportions,
)

__all__ = ["MBEMClassifier"]


@Substitution(**PARAMETERS)
class MBEMClassifier(BaseCrowdClassifier):
    """Learn from workers' labels by turns of training and of judging the workers.

    In each round a fresh network is trained on the current posterior of the
    labels, at first the share of votes. Its predictions then stand in for the
    truth: how often each worker answers what, given the prediction, is the
    worker's confusion, and with it Bayes's theorem gives the next posterior.
    Workers can be judged this way even where every row has a single label.

    Parameters
    ----------
    n_rounds : int, default=2
        How often network and confusions are estimated, as in the publication.

    smoothing : float, default=1.0
        Pseudo-labels per worker and class, distributed as the labels of all
        workers together: a worker with few labels is taken for an average one.
        0 is the publication.

    {network_parameters}

    max_epochs : int, default=50
        Passes through the rows in each round; of small tables, of less than eight
        mini-batches, an epoch is several passes.

    class_weight : "balanced", dict or None, default=None
        Weight of each class in the loss; "balanced" by the posterior's sums, for
        each round anew. None as in the publication.

    learning_rate : float, default=1e-3
        Of the AdamW optimizer.

    {training_parameters}

    {machine_parameters}

    Attributes
    ----------
    {fitted_attributes}

    See Also
    --------
    CrowdLayerClassifier : Workers as layers of one network.
    DawidSkene : The same model of workers, without a network.

    Notes
    -----
    The posterior takes its prior from the shares of the predicted classes and
    knows the rows only through the confusions: the network is no prior for the
    label of a single row.

    References
    ----------
    A. Khetan, Z. Lipton and A. Anandkumar, "Learning From Noisy Singly-labeled
    Data", ICLR 2018, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import make_blobs
    >>> from sklearn_imbgen.crowd import MBEMClassifier
    >>> X, truth = make_blobs(150, centers=2, random_state=0)
    >>> wrong = np.random.RandomState(0).uniform(size=(150, 3)) < [0.1, 0.2, 0.5]
    >>> worker_labels = np.where(wrong, 1 - truth[:, None], truth[:, None])
    >>> classifier = MBEMClassifier(random_state=0).fit(X, worker_labels)
    >>> classifier.score(X, truth) > 0.9, int(classifier.worker_error_rate_.argmax())
    (True, 2)
    """

    _parameter_constraints: dict[str, Any] = {
        "n_rounds": [Interval(numbers.Integral, 1, None, closed="left")],
        "smoothing": [Interval(numbers.Real, 0, None, closed="left")],
        **BaseCrowdClassifier._parameter_constraints,
    }

    def __init__(
        self,
        *,
        n_rounds: int = 2,
        smoothing: float = 1.0,
        hidden_dims: Any = (128,),
        latent_dim: int = 32,
        module: Any = None,
        max_epochs: int = 50,
        class_weight: Any = None,
        batch_size: int = 64,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-4,
        missing_label: Any = -1,
        device: Any = "auto",
        verbose: Any = 0,
        random_state: Any = None,
    ) -> None:
        self.n_rounds = n_rounds
        self.smoothing = smoothing
        self.hidden_dims = hidden_dims
        self.latent_dim = latent_dim
        self.module = module
        self.max_epochs = max_epochs
        self.class_weight = class_weight
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.missing_label = missing_label
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    def _fit(self, data: CrowdData) -> None:
        posterior = vote_proportions(data.labels)
        for _ in range(self.n_rounds):
            self.module_ = self._build_classifier(data)
            try:
                self._train_classifier(data, posterior)
            finally:
                # also after Ctrl-C, so that the classifier stays usable
                predicted = self._probabilities(data.X).argmax(axis=1)
                posterior = self._judge_workers(data, predicted)

    def _judge_workers(self, data: CrowdData, predicted: np.ndarray) -> np.ndarray:
        """Confusions and prior as if the predictions were true, and the next posterior."""
        assumed = np.eye(data.labels.n_classes)[predicted]
        counts = confusion_counts(data.labels, assumed)
        confusion = maximize_confusion(counts, smoothing=self.smoothing)
        prior = assumed.mean(axis=0)
        log_likelihood = label_log_likelihood(data.labels, floored_log(confusion))
        posterior, _ = posterior_from(log_likelihood, floored_log(prior))
        self._store_inference(posterior, confusion, prior)
        return posterior
