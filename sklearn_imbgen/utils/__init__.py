"""Validation, table encoding, interpolation and covariance; imports no torch."""

from sklearn_imbgen.utils._containers import (
    RowContainer,
    build_frame,
    integer_bounds,
    is_polars,
    plain_labels,
    plain_table,
    polars_to_pandas,
    restore_labels,
    stack_rows,
)
from sklearn_imbgen.utils._covariance import (
    covariance_roots,
    mean_and_covariance,
)
from sklearn_imbgen.utils._files import whole_file
from sklearn_imbgen.utils._frames import Schema, as_frame, check_values, count_labels, label_codes
from sklearn_imbgen.utils._imports import import_extra, lazy_names
from sklearn_imbgen.utils._interpolation import draw_pairs, interpolate, neighbor_table
from sklearn_imbgen.utils._label_matrix import (
    CrowdLabels,
    check_label_matrix,
    label_keys,
)
from sklearn_imbgen.utils._pipeline import split_pipeline
from sklearn_imbgen.utils._row_plan import (
    MAX_MINORITY_ROWS,
    MAX_TRAINING_ROWS,
    Batch,
    RowPlan,
    plan_rows,
)
from sklearn_imbgen.utils._table import TableCodec
from sklearn_imbgen.utils._truth_inference import (
    confusion_counts,
    dawid_skene,
    error_rates,
    floored_log,
    label_log_likelihood,
    maximize_confusion,
    mean_posterior,
    pooled_confusion,
    posterior_from,
)
from sklearn_imbgen.utils._validation import (
    check_class_sizes,
    check_finite,
    check_frame,
    check_numeric_columns,
    check_target_labels,
    draw_seed,
    encode_labels,
    is_category,
    name_some,
    plain,
    refuse_label_matrix,
    under_represented,
)
from sklearn_imbgen.utils._votes import (
    VoteModel,
    certainty_of_votes,
    majority_codes,
    vote_model,
    vote_proportions,
)

__all__ = [
    "MAX_MINORITY_ROWS",
    "MAX_TRAINING_ROWS",
    "Batch",
    "CrowdLabels",
    "RowContainer",
    "RowPlan",
    "Schema",
    "TableCodec",
    "VoteModel",
    "as_frame",
    "build_frame",
    "certainty_of_votes",
    "check_class_sizes",
    "check_finite",
    "check_frame",
    "check_label_matrix",
    "check_numeric_columns",
    "check_target_labels",
    "check_values",
    "confusion_counts",
    "count_labels",
    "covariance_roots",
    "dawid_skene",
    "draw_pairs",
    "draw_seed",
    "encode_labels",
    "error_rates",
    "floored_log",
    "import_extra",
    "integer_bounds",
    "interpolate",
    "is_category",
    "is_polars",
    "label_codes",
    "label_keys",
    "label_log_likelihood",
    "lazy_names",
    "majority_codes",
    "maximize_confusion",
    "mean_and_covariance",
    "mean_posterior",
    "name_some",
    "neighbor_table",
    "plain",
    "plain_labels",
    "plain_table",
    "plan_rows",
    "polars_to_pandas",
    "pooled_confusion",
    "posterior_from",
    "refuse_label_matrix",
    "restore_labels",
    "split_pipeline",
    "stack_rows",
    "under_represented",
    "vote_model",
    "vote_proportions",
    "whole_file",
]
