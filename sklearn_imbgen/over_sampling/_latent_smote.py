"""LatentSMOTE: the first module of GL-GAN on its own."""

from typing import Any

import numpy as np
import torch
from imblearn.utils import Substitution
from torch import Tensor

from sklearn_imbgen.nn import apply_in_chunks
from sklearn_imbgen.over_sampling._docs import PARAMETERS
from sklearn_imbgen.over_sampling._latent import BaseLatentOverSampler
from sklearn_imbgen.over_sampling._training import TrainingData

__all__ = ["LatentSMOTE"]


@Substitution(**PARAMETERS)
class LatentSMOTE(BaseLatentOverSampler):
    """Over-sample by SMOTE in the latent space of an autoencoder.

    An autoencoder with a cluster loss is trained on class-balanced batches; new
    rows are decoded from points between neighbors of a class in its latent
    space. It is the first module of :class:`GLGAN` without the adversarial
    stage ("Auto-only" in section 2.4.3 of the dissertation).

    Parameters
    ----------
    {sampling_strategy}

    {latent_parameters}

    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    encoder_ : torch.nn.Module
        Maps encoded rows to the latent space.

    decoder_ : torch.nn.Module
        Maps latent points to encoded rows.

    See Also
    --------
    GLGAN : Adds the adversarial stage.
    ConditionalGAN : The adversarial stage alone, from noise.
    imblearn.over_sampling.SMOTE : Interpolates between the rows themselves.

    References
    ----------
    W. Wang, "Learning from Imbalanced Data Distribution", PhD dissertation,
    Michigan State University, 2023, sections 2.3.1 and 2.4.3.

    Examples
    --------
    >>> from collections import Counter
    >>> from sklearn.datasets import make_classification
    >>> from sklearn_imbgen.over_sampling import LatentSMOTE
    >>> X, y = make_classification(n_samples=200, weights=[0.9], random_state=0)
    >>> X_resampled, y_resampled = LatentSMOTE(random_state=0).fit_resample(X, y)
    >>> sorted(Counter(y_resampled.tolist()).items())
    [(0, 180), (1, 180)]
    """

    _parameter_constraints: dict[str, Any] = {**BaseLatentOverSampler._parameter_constraints}
    _network_names = ("encoder_", "decoder_")

    def __init__(
        self,
        *,
        sampling_strategy: Any = "auto",
        latent_dim: int = 32,
        hidden_dims: Any = (128, 64),
        interpolator: Any = None,
        k_neighbors: Any = 5,
        encoder: Any = None,
        decoder: Any = None,
        autoencoder_epochs: int = 30,
        cluster_weight: float = 0.01,
        minority_weight: float = 1.0,
        separation_weight: float = 1.0,
        cluster_margin: float | None = 10.0,
        weight_regularization: float = 1e-5,
        categorical_features: Any = "auto",
        scaling: str = "auto",
        clip: bool = True,
        batch_size: int = 128,
        steps_per_epoch: int = 16,
        balanced_batches: bool = True,
        learning_rate: float = 1e-3,
        n_iter_no_change: int | None = 10,
        tol: float = 1e-3,
        device: Any = "auto",
        random_state: Any = None,
        verbose: Any = 0,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.latent_dim = latent_dim
        self.hidden_dims = hidden_dims
        self.interpolator = interpolator
        self.k_neighbors = k_neighbors
        self.encoder = encoder
        self.decoder = decoder
        self.autoencoder_epochs = autoencoder_epochs
        self.cluster_weight = cluster_weight
        self.minority_weight = minority_weight
        self.separation_weight = separation_weight
        self.cluster_margin = cluster_margin
        self.weight_regularization = weight_regularization
        self.categorical_features = categorical_features
        self.scaling = scaling
        self.clip = clip
        self.batch_size = batch_size
        self.steps_per_epoch = steps_per_epoch
        self.balanced_batches = balanced_batches
        self.learning_rate = learning_rate
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _train_networks(self, data: TrainingData) -> None:
        self._build_autoencoder(data)
        self._pretrain_autoencoder(data)

    def _draw(self, code: int, n_rows: int, random_state: np.random.RandomState) -> Tensor:
        points, _ = self._interpolate(code, n_rows, random_state)
        return apply_in_chunks(self.decoder_, torch.from_numpy(points))
