"""BAGAN: a class-conditional generator against a discriminator that names the class."""

import copy
from typing import Any

import numpy as np
import torch
from imblearn.utils import Substitution
from torch import Tensor, nn

from sklearn_imbgen._typing import Array
from sklearn_imbgen.nn import (
    OneHotBlocks,
    Step,
    WithHead,
    apply_in_chunks,
    multilayer_perceptron,
    reconstruction_loss,
    train,
)
from sklearn_imbgen.over_sampling._balancing import BalancingPlayers, latent_normal
from sklearn_imbgen.over_sampling._base import COUNT
from sklearn_imbgen.over_sampling._docs import PARAMETERS
from sklearn_imbgen.over_sampling._generative import BaseGenerativeOverSampler
from sklearn_imbgen.over_sampling._training import TrainingData
from sklearn_imbgen.utils import covariance_roots

__all__ = ["BAGAN"]


@Substitution(**PARAMETERS)
class BAGAN(BaseGenerativeOverSampler):
    """Over-sample with a balancing generative adversarial network.

    An autoencoder is trained on the rows of all classes, and a normal
    distribution is fitted to the latent points of each class. A generator,
    started from the decoder, turns draws from them into rows; a discriminator,
    started from the encoder, names the class of a row or says that it is fake.
    The generator learns to have its rows named as the class asked for, which
    ties them to a class without the class being an input. It is a baseline of
    section 2.4.2 of the dissertation.

    Parameters
    ----------
    {sampling_strategy}

    latent_dim : int, default=32
        Number of dimensions of the latent space.

    hidden_dims : sequence of int, default=(128, 64)
        Widths of the encoder's hidden layers; the decoder mirrors them.

    autoencoder_epochs : int, default=50
        Most epochs of the autoencoder's training. ``n_iter_no_change`` stops
        this stage only.

    max_epochs : int, default=20
        Rounds of the adversarial stage; each trains the discriminator, then the
        generator. All of them are run and the last state is kept: the players'
        losses rise and fall against each other, so none is the best. 0 leaves
        the generator as the decoder.

    {shared_parameters}

    Attributes
    ----------
    {shared_attributes}

    encoder_, decoder_ : torch.nn.Module
        The autoencoder of the first stage.

    generator_ : torch.nn.Module
        Maps latent points to encoded rows.

    discriminator_ : torch.nn.Module
        Maps encoded rows to one logit per class, in the order of ``classes_``,
        and a last one for generated rows.

    latent_means_ : ndarray of shape (n_classes, latent_dim)
        Means of the classes' latent points.

    latent_covariances_ : ndarray of shape (n_classes, latent_dim, latent_dim)
        Their covariances, regularised.

    See Also
    --------
    GLGAN : Local structure of the latent space instead of one normal per class.
    ConditionalGAN : A generator that is told the class.

    Notes
    -----
    The discriminator sees as many generated rows as real rows of one class on
    average, ``batch_size / n_classes``, of classes drawn uniformly at random:
    each of its outputs is asked for equally often, if the real rows are balanced
    too. Hence ``balanced_batches=True``. In plain batches, which the authors' code
    draws from data where one class is small, a minority of one percent has far
    more generated than real rows; in its region the discriminator then answers
    "fake", and the generator cannot win by making better rows. The autoencoder
    learns next to nothing about such a minority either. False is their choice.

    Covariances are shrunk towards a multiple of the identity by the oracle
    approximating shrinkage (:func:`sklearn.covariance.oas`), which assumes normal
    points as the method does. It keeps the total variance, vanishes as the class
    grows, and serves classes with fewer rows than latent dimensions.

    The publication is about images; its convolutional networks are fully
    connected ones here, as those of the other samplers.

    References
    ----------
    G. Mariani, F. Scheidegger, R. Istrate, C. Bekas and C. Malossi, "BAGAN: Data
    Augmentation with Balancing GAN", 2018, arXiv:1803.09655.

    Examples
    --------
    >>> from collections import Counter
    >>> from sklearn.datasets import make_classification
    >>> from sklearn_imbgen.over_sampling import BAGAN
    >>> X, y = make_classification(n_samples=200, weights=[0.9], random_state=0)
    >>> X_resampled, y_resampled = BAGAN(random_state=0).fit_resample(X, y)
    >>> sorted(Counter(y_resampled.tolist()).items())
    [(0, 180), (1, 180)]
    """

    _parameter_constraints: dict[str, Any] = {
        **BaseGenerativeOverSampler._parameter_constraints,
        "autoencoder_epochs": [COUNT],
        "max_epochs": [COUNT],
    }
    _network_names = ("encoder_", "decoder_", "generator_", "discriminator_")

    def __init__(
        self,
        *,
        sampling_strategy: Any = "auto",
        latent_dim: int = 32,
        hidden_dims: Any = (128, 64),
        autoencoder_epochs: int = 50,
        max_epochs: int = 20,
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
        self.autoencoder_epochs = autoencoder_epochs
        self.max_epochs = max_epochs
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

    def encode(self, X: Any) -> np.ndarray:
        """Map rows to the latent space.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, latent_dim)
            Latent representations, float32.
        """
        rows = self._encode_new(X)
        latent: np.ndarray = apply_in_chunks(self.encoder_, rows).numpy()
        return latent

    def _learned_names(self) -> tuple[str, ...]:
        return (*super()._learned_names(), "latent_means_", "latent_covariances_", "_latent_roots")

    def _train_networks(self, data: TrainingData) -> None:
        self._build_autoencoder(data)
        try:
            self._pretrain_autoencoder(data)
        finally:
            # also after Ctrl-C, so that the sampler stays usable
            self._fit_latent_normals(data)
            self._build_players(data)
        self._train_adversarially(data)

    def _build_autoencoder(self, data: TrainingData) -> None:
        widths = [data.X.shape[1], *self._hidden_widths(), self.latent_dim]
        self.encoder_: nn.Module = multilayer_perceptron(widths, data.generator).to(data.device)
        self.decoder_: nn.Module = nn.Sequential(
            multilayer_perceptron(widths[::-1], data.generator), OneHotBlocks(data.blocks)
        ).to(data.device)

    def _pretrain_autoencoder(self, data: TrainingData) -> None:
        def loss(index: Tensor) -> dict[str, Tensor]:
            X = data.X[index]
            return {"total": reconstruction_loss(self.decoder_(self.encoder_(X)), X)}

        train(
            [Step("autoencoder", nn.Sequential(self.encoder_, self.decoder_), loss)],
            lambda: (self._draw_batches(data, data.codes),),
            self._schedule(self.autoencoder_epochs),
            monitor=lambda row: row["autoencoder"]["total"],
            title="autoencoder",
            history=self.history_,
        )

    def _fit_latent_normals(self, data: TrainingData) -> None:
        latent = apply_in_chunks(self.encoder_, data.X).cpu().numpy()
        codes = data.codes.numpy()
        normals = [latent_normal(latent[codes == code]) for code in range(data.n_classes)]
        self.latent_means_ = np.stack([mean for mean, _ in normals])
        self.latent_covariances_ = np.stack([covariance for _, covariance in normals])
        self._latent_roots = np.stack(
            [covariance_roots(covariance).root for _, covariance in normals]
        )

    def _build_players(self, data: TrainingData) -> None:
        self.generator_ = copy.deepcopy(self.decoder_)
        n_outputs = data.n_classes + 1
        self.discriminator_ = WithHead(self.encoder_, self.latent_dim, n_outputs, data.generator)
        self.discriminator_.to(data.device)

    def _train_adversarially(self, data: TrainingData) -> None:
        def on_device(array: Array) -> Tensor:
            return torch.from_numpy(array.astype(np.float32)).to(data.device)

        players = BalancingPlayers(
            self.generator_,
            self.discriminator_,
            data.X,
            data.codes.to(data.device),
            on_device(self.latent_means_),
            on_device(self._latent_roots),
            data.generator,
        )
        train(
            [
                Step("discriminator", self.discriminator_, players.discriminator_loss),
                Step("generator", self.generator_, players.generator_loss),
            ],
            lambda: (self._draw_batches(data, data.codes),),
            self._schedule(self.max_epochs),
            # the players' losses rise and fall against each other
            monitor=None,
            title="balancing GAN",
            history=self.history_,
        )

    def _draw(self, code: int, n_rows: int, random_state: np.random.RandomState) -> Tensor:
        noise = random_state.normal(size=(n_rows, self.latent_dim))
        points = self.latent_means_[code] + noise @ self._latent_roots[code]
        return apply_in_chunks(self.generator_, torch.from_numpy(points.astype(np.float32)))
