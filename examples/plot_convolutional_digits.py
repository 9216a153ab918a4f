"""
Digits from a convolutional autoencoder
=======================================

The first stage of GLGAN takes any torch modules as ``encoder`` and ``decoder``. Rows
reach them flat, so an image network unflattens first. Here 4s are the majority, and only
ten 7s are left to learn from.
"""

# %%
# The data: two digits, one of them made rare as in section 2.4.1.1 of the
# dissertation.
from sklearn.datasets import load_digits
from torch import nn

from sklearn_imbgen.datasets import make_binary_imbalance
from sklearn_imbgen.inspection import LossCurveDisplay, ResamplingDisplay
from sklearn_imbgen.over_sampling import GLGAN, LatentSMOTE

X, y = load_digits(return_X_y=True)
split = make_binary_imbalance(X, y, ratio=0.07, majority=4, minority=7, random_state=0)
X, y = split.X_train, split.y_train


# %%
# The networks. A class is built with ``latent_dim`` if its constructor takes it.
class Encoder(nn.Sequential):
    """8 x 8 pixels to a latent point."""

    def __init__(self, latent_dim):
        super().__init__(
            nn.Unflatten(1, (1, 8, 8)),
            nn.Conv2d(1, 8, kernel_size=3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 16, kernel_size=3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(64, latent_dim),
        )


class Decoder(nn.Sequential):
    """A latent point to 8 x 8 pixels."""

    def __init__(self, latent_dim):
        super().__init__(
            nn.Linear(latent_dim, 64),
            nn.ReLU(),
            nn.Unflatten(1, (16, 2, 2)),
            nn.ConvTranspose2d(16, 8, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(8, 1, kernel_size=4, stride=2, padding=1),
            nn.Flatten(),
        )


first_stage = LatentSMOTE(encoder=Encoder, decoder=Decoder, latent_dim=16)
sampler = GLGAN(latent_smote=first_stage, random_state=0)
X_resampled, y_resampled = sampler.fit_resample(X, y)

# %%
# Original 7s above, synthetic ones below.
ResamplingDisplay.from_resampled(
    X,
    y,
    {"GLGAN, convolutional": (X_resampled, y_resampled)},
    image_shape=(8, 8),
    random_state=0,
)

# %%
# The losses of the autoencoder and of the three players.
LossCurveDisplay.from_estimator(sampler)
