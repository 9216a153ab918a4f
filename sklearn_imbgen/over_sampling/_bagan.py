"""BAGAN: a class-conditional generator against a discriminator that names the class."""

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from imblearn.utils import Substitution
from sklearn.covariance import oas
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

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
from sklearn_imbgen.over_sampling._base import COUNT, POSITIVE
from sklearn_imbgen.over_sampling._generative import (
    PARAMETERS,
    BaseLatentOverSampler,
    TrainingTensors,
)
from sklearn_imbgen.over_sampling._swim import covariance_roots

Terms = dict[str, Tensor]


@Substitution(**PARAMETERS)
class BAGAN(BaseLatentOverSampler):
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
        Most epochs of the autoencoder's training.

    max_epochs : int, default=20
        Rounds of the adversarial stage; each trains the discriminator, then the
        generator. All of them are run and the last state is kept: the players'
        losses rise and fall against each other, so none is the best. 0 leaves
        the generator as the decoder.

    {table_parameters}

    {batch_parameters}

    {n_iter_no_change}

    {machine_parameters}

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
        **BaseLatentOverSampler._parameter_constraints,
        "autoencoder_epochs": [COUNT],
        "max_epochs": [COUNT],
        "n_iter_no_change": [POSITIVE, None],
    }
    _learned_names = (
        "history_",
        "encoder_",
        "decoder_",
        "generator_",
        "discriminator_",
        "latent_means_",
        "latent_covariances_",
        "_latent_roots",
    )

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
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _learn(self, data: TrainingTensors) -> None:
        self._build_autoencoder(data)
        try:
            self._pretrain_autoencoder(data)
        finally:
            # also after Ctrl-C, so that the sampler stays usable
            self._fit_latent_normals(data)
            self._build_players(data)
        self._train_adversarially(data)

    def _build_autoencoder(self, data: TrainingTensors) -> None:
        widths = [data.X.shape[1], *self._hidden_widths(), self.latent_dim]
        self.encoder_: nn.Module = multilayer_perceptron(widths, data.generator).to(data.device)
        self.decoder_: nn.Module = nn.Sequential(
            multilayer_perceptron(widths[::-1], data.generator), OneHotBlocks(data.blocks)
        ).to(data.device)

    def _pretrain_autoencoder(self, data: TrainingTensors) -> None:
        def loss(index: Tensor) -> dict[str, Tensor]:
            X = data.X[index]
            return {"total": reconstruction_loss(self.decoder_(self.encoder_(X)), X)}

        train(
            [Step("autoencoder", nn.Sequential(self.encoder_, self.decoder_), loss)],
            lambda: (self._draw_batches(data, data.codes),),
            self._schedule(self.autoencoder_epochs, self.n_iter_no_change),
            monitor=lambda row: row["autoencoder"]["total"],
            title="autoencoder",
            history=self.history_,
        )

    def _fit_latent_normals(self, data: TrainingTensors) -> None:
        latent = apply_in_chunks(self.encoder_, data.X).cpu().numpy()
        codes = data.codes.numpy()
        normals = [latent_normal(latent[codes == code]) for code in range(data.n_classes)]
        self.latent_means_ = np.stack([mean for mean, _ in normals])
        self.latent_covariances_ = np.stack([covariance for _, covariance in normals])
        roots = [covariance_roots(covariance).root for _, covariance in normals]
        self._latent_roots = np.stack(roots)

    def _build_players(self, data: TrainingTensors) -> None:
        self.generator_ = copy.deepcopy(self.decoder_)
        n_outputs = data.n_classes + 1
        self.discriminator_ = WithHead(self.encoder_, self.latent_dim, n_outputs, data.generator)
        self.discriminator_.to(data.device)

    def _train_adversarially(self, data: TrainingTensors) -> None:
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


def latent_normal(points: Array) -> tuple[Array, Array]:
    """Mean and regularised covariance of a class's latent points; zero for a single point."""
    mean = points.mean(axis=0, dtype=np.float64)
    if len(points) == 1:
        return mean, np.zeros((len(mean), len(mean)))
    covariance, _ = oas(points - mean, assume_centered=True)
    return mean, covariance


@dataclass
class BalancingPlayers:
    """Generator and discriminator, and what their losses on one batch are made of.

    Each loss takes the row indices of a batch of real rows. The discriminator's
    last output stands for generated rows.
    """

    generator: nn.Module
    discriminator: nn.Module
    X: Tensor
    codes: Tensor
    means: Tensor
    roots: Tensor
    random: torch.Generator

    def discriminator_loss(self, real: Tensor) -> Terms:
        """Cross-entropy over the real rows and as many generated ones as a class has."""
        n_generated = self._rows_per_class(real)
        with torch.no_grad():
            generated, _ = self.generate(n_generated)
        fake = torch.full((n_generated,), len(self.means), device=self.X.device)
        on_real = cross_entropy(self.discriminator(self.X[real]), self.codes[real])
        on_generated = cross_entropy(self.discriminator(generated), fake)
        n_real = len(real)
        # the mean over all rows
        total = (n_real * on_real + n_generated * on_generated) / (n_real + n_generated)
        return {"real": on_real, "generated": on_generated, "total": total}

    def generator_loss(self, real: Tensor) -> Terms:
        """Cross-entropy to the class asked for, over as many rows as the other player sees."""
        generated, asked = self.generate(len(real) + self._rows_per_class(real))
        return {"total": cross_entropy(self.discriminator(generated), asked)}

    def generate(self, n_rows: int) -> tuple[Tensor, Tensor]:
        """Rows of classes drawn uniformly at random, and the codes of these."""
        n_classes, latent_dim = self.means.shape
        asked = torch.randint(n_classes, (n_rows,), generator=self.random)
        noise = torch.randn(n_rows, latent_dim, generator=self.random, dtype=torch.float32)
        asked, noise = asked.to(self.X.device), noise.to(self.X.device)
        # each row with the root of every class, then its own: a copied root per row is larger
        rows = torch.arange(n_rows, device=self.X.device)
        points = self.means[asked] + (noise @ self.roots)[asked, rows]
        return self.generator(points), asked

    def _rows_per_class(self, batch: Tensor) -> int:
        return math.ceil(len(batch) / len(self.means))
