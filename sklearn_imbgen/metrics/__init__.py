"""How close synthetic rows are to their originals, and how far workers agree."""

from sklearn_imbgen.metrics._crowd import annotator_report, krippendorff_alpha
from sklearn_imbgen.metrics._distribution import detection_auc, feature_distance
from sklearn_imbgen.metrics._neighborhood import (
    coverage_score,
    density_score,
    intrusion_rate,
    nearest_original_distance,
)
from sklearn_imbgen.metrics._report import fidelity_report

__all__ = [
    "annotator_report",
    "coverage_score",
    "density_score",
    "detection_auc",
    "feature_distance",
    "fidelity_report",
    "intrusion_rate",
    "krippendorff_alpha",
    "nearest_original_distance",
]
