"""Generative over-samplers with imbalanced-learn's interface."""

from sklearn_imbgen.over_sampling._conditional_gan import ConditionalGAN
from sklearn_imbgen.over_sampling._gl_gan import GLGAN
from sklearn_imbgen.over_sampling._latent_smote import LatentSMOTE

__all__ = ["GLGAN", "ConditionalGAN", "LatentSMOTE"]
