"""Over-samplers with imbalanced-learn's interface, most of them generative."""

from typing import TYPE_CHECKING

from sklearn_imbgen.utils import lazy_names

if TYPE_CHECKING:
    from sklearn_imbgen.over_sampling._bagan import BAGAN
    from sklearn_imbgen.over_sampling._conditional_gan import ConditionalGAN
    from sklearn_imbgen.over_sampling._gl_gan import GLGAN
    from sklearn_imbgen.over_sampling._imb_mix import ImbMix
    from sklearn_imbgen.over_sampling._latent_smote import LatentSMOTE
    from sklearn_imbgen.over_sampling._streaming import resample_dask, resample_partitions
    from sklearn_imbgen.over_sampling._swim import SWIM

# Imported when first used, so that SWIM waits for no torch and GLGAN for no skorch.
_HOMES = {
    "BAGAN": "_bagan",
    "ConditionalGAN": "_conditional_gan",
    "GLGAN": "_gl_gan",
    "ImbMix": "_imb_mix",
    "LatentSMOTE": "_latent_smote",
    "MAX_TRAINING_ROWS": "_streaming",
    "SWIM": "_swim",
    "resample_dask": "_streaming",
    "resample_partitions": "_streaming",
}

__all__ = [
    "BAGAN",
    "GLGAN",
    "SWIM",
    "ConditionalGAN",
    "ImbMix",
    "LatentSMOTE",
    "resample_dask",
    "resample_partitions",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
