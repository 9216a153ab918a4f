"""Labels of several workers per row: who is right, and what to learn from them."""

from typing import TYPE_CHECKING

from sklearn_imbgen.utils import lazy_names

if TYPE_CHECKING:
    from sklearn_imbgen.crowd._aggregate_then_fit import AggregateThenFit
    from sklearn_imbgen.crowd._certainty import label_certainty
    from sklearn_imbgen.crowd._crowd_layer import CrowdLayerClassifier
    from sklearn_imbgen.crowd._dawid_skene import DawidSkene
    from sklearn_imbgen.crowd._iced import ICEDClassifier
    from sklearn_imbgen.crowd._long_format import (
        AnnotationMatrix,
        annotations_to_matrix,
        matrix_to_annotations,
    )
    from sklearn_imbgen.crowd._majority_vote import MajorityVote
    from sklearn_imbgen.crowd._mbem import MBEMClassifier

# Imported when first used, so that inference without networks costs no torch.
_HOMES = {
    "AggregateThenFit": "_aggregate_then_fit",
    "AnnotationMatrix": "_long_format",
    "CrowdLayerClassifier": "_crowd_layer",
    "DawidSkene": "_dawid_skene",
    "ICEDClassifier": "_iced",
    "MBEMClassifier": "_mbem",
    "MajorityVote": "_majority_vote",
    "annotations_to_matrix": "_long_format",
    "label_certainty": "_certainty",
    "matrix_to_annotations": "_long_format",
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
