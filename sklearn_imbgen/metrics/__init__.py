"""Synthetic rows beside their originals, agreement of workers, accuracy under attack."""

# shared with the pictures of sklearn_imbgen.inspection
from sklearn_imbgen.metrics._attack import Attack as Attack
from sklearn_imbgen.metrics._attack import AttackedRows as AttackedRows
from sklearn_imbgen.metrics._class_accuracy import accuracy_of_classes as accuracy_of_classes
from sklearn_imbgen.metrics._class_accuracy import class_accuracy
from sklearn_imbgen.metrics._class_accuracy import class_sizes as class_sizes
from sklearn_imbgen.metrics._class_accuracy import mean_of_classes as mean_of_classes
from sklearn_imbgen.metrics._class_accuracy import training_sizes as training_sizes
from sklearn_imbgen.metrics._crowd import annotator_report, krippendorff_alpha
from sklearn_imbgen.metrics._crowd import labels_and_truth as labels_and_truth
from sklearn_imbgen.metrics._fidelity import (
    coverage_score,
    density_score,
    detection_auc,
    feature_distance,
    fidelity_report,
    intrusion_rate,
    nearest_original_distance,
)
from sklearn_imbgen.metrics._robust import (
    class_accuracy_report,
    robust_accuracy_score,
    robust_scorer,
)
from sklearn_imbgen.utils import under_represented

__all__ = [
    "annotator_report",
    "class_accuracy",
    "class_accuracy_report",
    "coverage_score",
    "density_score",
    "detection_auc",
    "feature_distance",
    "fidelity_report",
    "intrusion_rate",
    "krippendorff_alpha",
    "nearest_original_distance",
    "robust_accuracy_score",
    "robust_scorer",
    "under_represented",
]
