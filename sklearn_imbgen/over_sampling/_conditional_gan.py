"""ConditionalGAN: the adversarial stage alone, from noise and a class label."""

from typing import Any

import numpy as np
import torch
from imblearn.utils import Substitution
from torch import Tensor, nn

from sklearn_imbgen.nn import (
    ConditionalNetwork,
    OneHotBlocks,
    Step,
    apply_in_chunks,
    multilayer_perceptron,
    realness_loss,
    train,
)
from sklearn_imbgen.over_sampling._base import COUNT, POSITIVE
from sklearn_imbgen.over_sampling._generative import (
    PARAMETERS,
    BaseGenerativeOverSampler,
    TrainingTensors,
)


@Substitution(**PARAMETERS)
class ConditionalGAN(BaseGenerativeOverSampler):
    """Over-sample with a generative adversarial network fed with noise and the class.

    Generator and discriminator are both told the class. It is the second
    ablation of :class:`GLGAN` in the dissertation ("cGAN", section 2.4.3): no
    local structure, so a minority of a few rows gives it little to learn from.

    Parameters
    ----------
    {sampling_strategy}

    latent_dim : int, default=32
        Number of standard normal noise values that the generator gets.

    hidden_dims : sequence of int, default=(128, 64)
        Widths of the discriminator's hidden layers; the generator mirrors them.

    max_epochs : int, default=50
        Rounds of training; each trains the discriminator, then the generator.

    discriminator_epochs : int, default=1
        How many epochs the discriminator trains in a round.

    generator_epochs : int, default=1
        The same for the generator.

    {table_parameters}

    {batch_parameters}

    {machine_parameters}

    Attributes
    ----------
    {shared_attributes}

    generator_ : torch.nn.Module
        Maps noise and class codes to encoded rows.

    discriminator_ : torch.nn.Module
        Maps encoded rows and class codes to one logit: real if positive.

    See Also
    --------
    GLGAN : Latent points of real rows instead of noise.
    BAGAN : Noise with the mean and covariance of the class, in a latent space.

    Notes
    -----
    No loss of two players against each other tells which round is the best one,
    so all rounds are run and the last state is kept.

    References
    ----------
    M. Mirza and S. Osindero, "Conditional Generative Adversarial Nets", 2014.

    W. Wang, "Learning from Imbalanced Data Distribution", PhD dissertation,
    Michigan State University, 2023, section 2.4.3.

    Examples
    --------
    >>> from collections import Counter
    >>> from sklearn.datasets import make_classification
    >>> from sklearn_imbgen.over_sampling import ConditionalGAN
    >>> X, y = make_classification(n_samples=200, weights=[0.9], random_state=0)
    >>> X_resampled, y_resampled = ConditionalGAN(random_state=0).fit_resample(X, y)
    >>> sorted(Counter(y_resampled.tolist()).items())
    [(0, 180), (1, 180)]
    """

    _parameter_constraints: dict[str, Any] = {
        **BaseGenerativeOverSampler._parameter_constraints,
        "max_epochs": [COUNT],
        "discriminator_epochs": [POSITIVE],
        "generator_epochs": [POSITIVE],
    }
    _learned_names = ("history_", "generator_", "discriminator_")

    def __init__(
        self,
        *,
        sampling_strategy: Any = "auto",
        latent_dim: int = 32,
        hidden_dims: Any = (128, 64),
        max_epochs: int = 50,
        discriminator_epochs: int = 1,
        generator_epochs: int = 1,
        categorical_features: Any = "auto",
        scaling: str = "auto",
        clip: bool = True,
        batch_size: int = 128,
        steps_per_epoch: int = 16,
        balanced_batches: bool = True,
        learning_rate: float = 1e-3,
        device: Any = "auto",
        random_state: Any = None,
        verbose: Any = 0,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.latent_dim = latent_dim
        self.hidden_dims = hidden_dims
        self.max_epochs = max_epochs
        self.discriminator_epochs = discriminator_epochs
        self.generator_epochs = generator_epochs
        self.categorical_features = categorical_features
        self.scaling = scaling
        self.clip = clip
        self.batch_size = batch_size
        self.steps_per_epoch = steps_per_epoch
        self.balanced_batches = balanced_batches
        self.learning_rate = learning_rate
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _learn(self, data: TrainingTensors) -> None:
        self._build_players(data)
        labels = data.codes.to(data.device)

        def generate(index: Tensor) -> tuple[Tensor, Tensor]:
            """Rows of the classes of the drawn rows, from fresh noise."""
            noise = torch.randn(
                len(index), self.latent_dim, generator=data.generator, dtype=torch.float32
            )
            codes = labels[index]
            return self.generator_(noise.to(data.device), codes), codes

        def discriminator_loss(index: Tensor) -> dict[str, Tensor]:
            # eq. 2.4 with lambda = 1 and the class given to both players
            with torch.no_grad():
                generated, codes = generate(index)
            on_real = realness_loss(self.discriminator_(data.X[index], codes), 1.0)
            on_generated = realness_loss(self.discriminator_(generated, codes), 0.0)
            return {"real": on_real, "generated": on_generated, "total": on_real + on_generated}

        def generator_loss(index: Tensor) -> dict[str, Tensor]:
            generated, codes = generate(index)
            return {"total": realness_loss(self.discriminator_(generated, codes), 1.0)}

        train(
            [
                Step(
                    "discriminator",
                    self.discriminator_,
                    discriminator_loss,
                    self.discriminator_epochs,
                ),
                Step("generator", self.generator_, generator_loss, self.generator_epochs),
            ],
            lambda: (self._draw_batches(data, data.codes),),
            self._schedule(self.max_epochs),
            # nearness to the equilibrium would pick the first round, when the discriminator
            # cannot decide because it has learned nothing
            monitor=None,
            title="conditional GAN",
            history=self.history_,
        )

    def _build_players(self, data: TrainingTensors) -> None:
        hidden = self._hidden_widths()
        n_encoded, n_classes = data.X.shape[1], data.n_classes
        generator = nn.Sequential(
            multilayer_perceptron(
                [self.latent_dim + n_classes, *hidden[::-1], n_encoded], data.generator
            ),
            OneHotBlocks(data.blocks),
        )
        discriminator = multilayer_perceptron([n_encoded + n_classes, *hidden, 1], data.generator)
        self.generator_ = ConditionalNetwork(generator, n_classes).to(data.device)
        self.discriminator_ = ConditionalNetwork(discriminator, n_classes).to(data.device)

    def _draw(self, code: int, n_rows: int, random_state: np.random.RandomState) -> Tensor:
        noise = random_state.normal(size=(n_rows, self.latent_dim)).astype(np.float32)
        codes = torch.full((n_rows,), code)
        return apply_in_chunks(self.generator_, torch.from_numpy(noise), codes)
