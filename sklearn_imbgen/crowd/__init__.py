"""Labels of several workers per row: who is right, and what to learn from them.

What needs no network comes from :mod:`sklearn_imbgen.aggregation` and costs no torch.
"""

from typing import TYPE_CHECKING

from sklearn_imbgen.aggregation import (
    AggregateThenFit,
    AnnotationMatrix,
    DawidSkene,
    MajorityVote,
    annotations_to_matrix,
    label_certainty,
    matrix_to_annotations,
)
from sklearn_imbgen.utils import lazy_names

if TYPE_CHECKING:
    from sklearn_imbgen.crowd._baselines import CrowdLayerClassifier, MBEMClassifier
    from sklearn_imbgen.crowd._iced import ICEDClassifier

# Imported when first used.
_HOMES = {
    "CrowdLayerClassifier": "_baselines",
    "ICEDClassifier": "_iced",
    "MBEMClassifier": "_baselines",
}

__all__ = [
    "AggregateThenFit",
    "AnnotationMatrix",
    "CrowdLayerClassifier",
    "DawidSkene",
    "ICEDClassifier",
    "MBEMClassifier",
    "MajorityVote",
    "annotations_to_matrix",
    "label_certainty",
    "matrix_to_annotations",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
