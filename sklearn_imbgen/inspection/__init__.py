"""Pictures of what was learned and made; matplotlib comes with the extra "plots"."""

from sklearn_imbgen.inspection._annotator import AnnotatorDisplay

# shared with the reports of the command line
from sklearn_imbgen.inspection._axes import BLUE as BLUE
from sklearn_imbgen.inspection._axes import ORANGE as ORANGE
from sklearn_imbgen.inspection._axes import SKY as SKY
from sklearn_imbgen.inspection._feature_space import FeatureSpaceDisplay
from sklearn_imbgen.inspection._label_inference import LabelInferenceDisplay
from sklearn_imbgen.inspection._latent_space import LatentSpaceDisplay
from sklearn_imbgen.inspection._loss_curve import LossCurveDisplay
from sklearn_imbgen.inspection._projection import pick_rows as pick_rows
from sklearn_imbgen.inspection._resampling import ResamplingDisplay
from sklearn_imbgen.inspection._resampling import fidelity_of_methods as fidelity_of_methods
from sklearn_imbgen.inspection._robustness import RobustnessDisplay

__all__ = [
    "AnnotatorDisplay",
    "FeatureSpaceDisplay",
    "LabelInferenceDisplay",
    "LatentSpaceDisplay",
    "LossCurveDisplay",
    "ResamplingDisplay",
    "RobustnessDisplay",
]
