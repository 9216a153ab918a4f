"""Pictures of what a sampler learned and made; matplotlib comes with the extra "plots"."""

from sklearn_imbgen.inspection._latent_space import LatentSpaceDisplay
from sklearn_imbgen.inspection._loss_curve import LossCurveDisplay
from sklearn_imbgen.inspection._resampling import ResamplingDisplay

__all__ = ["LatentSpaceDisplay", "LossCurveDisplay", "ResamplingDisplay"]
