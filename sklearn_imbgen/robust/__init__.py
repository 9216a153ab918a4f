"""Classifiers that withstand adversarial examples, rare classes included."""

from sklearn_imbgen.robust._adversarial import AdversarialClassifier
from sklearn_imbgen.robust._attacks import (
    Threat,
    fast_gradient_sign_method,
    margin_of_error,
    projected_gradient_descent,
)
from sklearn_imbgen.robust._chapter import image_settings
from sklearn_imbgen.robust._imb_mix import ImbMixClassifier
from sklearn_imbgen.robust._losses import (
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
from sklearn_imbgen.robust._srat import SRATClassifier
from sklearn_imbgen.robust._weights import effective_number_weights, inverse_frequency_weights

__all__ = [
    "AdversarialClassifier",
    "ImbMixClassifier",
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
    "projected_gradient_descent",
    "separation_loss",
    "supplementary_counts",
    "supplementary_examples",
]
