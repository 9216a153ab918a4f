"""Over-samplers with imbalanced-learn's interface, most of them generative."""

from sklearn_imbgen.over_sampling._bagan import BAGAN
from sklearn_imbgen.over_sampling._conditional_gan import ConditionalGAN
from sklearn_imbgen.over_sampling._gl_gan import GLGAN
from sklearn_imbgen.over_sampling._latent_smote import LatentSMOTE
from sklearn_imbgen.over_sampling._swim import SWIM

__all__ = ["BAGAN", "GLGAN", "SWIM", "ConditionalGAN", "LatentSMOTE"]
