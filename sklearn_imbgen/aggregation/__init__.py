"""One label per row from the labels of several workers; imports no torch.

Estimators, tables with one annotation per row, and the parts that all of it is made of:
encoded labels, the vote, workers' confusion matrices, and Bayes's theorem.
"""

from sklearn_imbgen.aggregation._aggregate_then_fit import AggregateThenFit
from sklearn_imbgen.aggregation._crowd_input import (
    agreement,
    balancing_weights,
    check_rows,
    read_crowd_labels,
)
from sklearn_imbgen.aggregation._dawid_skene import DawidSkene, dawid_skene
from sklearn_imbgen.aggregation._label_matrix import check_label_matrix
from sklearn_imbgen.aggregation._labels import (
    AnnotationMatrix,
    CrowdLabels,
    judged_workers,
    warn_of_idle_workers,
)
from sklearn_imbgen.aggregation._long_format import annotations_to_matrix, matrix_to_annotations
from sklearn_imbgen.aggregation._majority_vote import MajorityVote
from sklearn_imbgen.aggregation._truth_inference import (
    certainty_of_votes,
    confusion_counts,
    error_rates,
    floored_log,
    label_certainty,
    label_log_likelihood,
    majority_codes,
    maximize_confusion,
    mean_posterior,
    possible_truths,
    posterior_from,
    vote_proportions,
)

__all__ = [
    "AggregateThenFit",
    "AnnotationMatrix",
    "CrowdLabels",
    "DawidSkene",
    "MajorityVote",
    "agreement",
    "annotations_to_matrix",
    "balancing_weights",
    "certainty_of_votes",
    "check_label_matrix",
    "check_rows",
    "confusion_counts",
    "dawid_skene",
    "error_rates",
    "floored_log",
    "judged_workers",
    "label_certainty",
    "label_log_likelihood",
    "majority_codes",
    "matrix_to_annotations",
    "maximize_confusion",
    "mean_posterior",
    "possible_truths",
    "posterior_from",
    "read_crowd_labels",
    "vote_proportions",
    "warn_of_idle_workers",
]
