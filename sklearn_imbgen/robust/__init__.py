"""Classifiers that withstand adversarial examples, rare classes included."""

from sklearn_imbgen.robust._attacks import (
    Threat,
    fast_gradient_sign_method,
    margin_of_error,
    projected_gradient_descent,
)
from sklearn_imbgen.robust._chapter import image_settings
from sklearn_imbgen.robust._estimators import AdversarialClassifier, SRATClassifier
from sklearn_imbgen.robust._imb_mix import ImbMixClassifier
from sklearn_imbgen.robust._losses import (
    BalancedSoftmaxLoss,
    CrossEntropyLoss,
    FocalLoss,
    LDAMLoss,
    balanced_softmax_loss,
    cross_entropy_loss,
    focal_loss,
    ldam_loss,
    ldam_margins,
    separation_loss,
)
from sklearn_imbgen.robust._mixing import (
    MixedRows,
    augmented_class_counts,
    label_mixing_factors,
    mix_rows,
    supplementary_counts,
    supplementary_examples,
)
from sklearn_imbgen.robust._perturb import perturb
from sklearn_imbgen.robust._weights import (
    LearningRateSchedule,
    effective_number_weights,
    inverse_frequency_weights,
)

__all__ = [
    "AdversarialClassifier",
    "BalancedSoftmaxLoss",
    "CrossEntropyLoss",
    "FocalLoss",
    "ImbMixClassifier",
    "LDAMLoss",
    "LearningRateSchedule",
    "MixedRows",
    "SRATClassifier",
    "Threat",
    "augmented_class_counts",
    "balanced_softmax_loss",
    "cross_entropy_loss",
    "effective_number_weights",
    "fast_gradient_sign_method",
    "focal_loss",
    "image_settings",
    "inverse_frequency_weights",
    "label_mixing_factors",
    "ldam_loss",
    "ldam_margins",
    "margin_of_error",
    "mix_rows",
    "perturb",
    "projected_gradient_descent",
    "separation_loss",
    "supplementary_counts",
    "supplementary_examples",
]
