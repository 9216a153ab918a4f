"""Pictures of what was learned and made; matplotlib comes with the extra "plots"."""

from sklearn_imbgen.inspection._annotator import AnnotatorDisplay
from sklearn_imbgen.inspection._label_inference import LabelInferenceDisplay
from sklearn_imbgen.inspection._latent_space import LatentSpaceDisplay
from sklearn_imbgen.inspection._loss_curve import LossCurveDisplay
from sklearn_imbgen.inspection._resampling import ResamplingDisplay

__all__ = [
    "AnnotatorDisplay",
    "LabelInferenceDisplay",
    "LatentSpaceDisplay",
    "LossCurveDisplay",
    "ResamplingDisplay",
]
