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
from sklearn_imbgen.utils._pipeline import split_pipeline
from sklearn_imbgen.utils._row_plan import (
    MAX_MINORITY_ROWS,
    MAX_TRAINING_ROWS,
    Batch,
    RowPlan,
    plan_rows,
)
from sklearn_imbgen.utils._table import TableCodec
from sklearn_imbgen.utils._validation import (
    check_class_sizes,
    check_finite,
    check_frame,
    check_numeric_columns,
    check_row_order,
    check_target_labels,
    draw_seed,
    encode_labels,
    is_category,
    is_missing,
    match_columns,
    name_some,
    plain,
    refuse_label_matrix,
    refuse_masked,
    refuse_missing_labels,
    under_represented,
)

__all__ = [
    "MAX_MINORITY_ROWS",
    "MAX_TRAINING_ROWS",
    "Batch",
    "RowContainer",
    "RowPlan",
    "Schema",
    "TableCodec",
    "as_frame",
    "build_frame",
    "check_class_sizes",
    "check_finite",
    "check_frame",
    "check_numeric_columns",
    "check_row_order",
    "check_target_labels",
    "check_values",
    "count_labels",
    "covariance_roots",
    "draw_pairs",
    "draw_seed",
    "encode_labels",
    "import_extra",
    "integer_bounds",
    "interpolate",
    "is_category",
    "is_missing",
    "is_polars",
    "label_codes",
    "lazy_names",
    "match_columns",
    "mean_and_covariance",
    "name_some",
    "neighbor_table",
    "plain",
    "plain_labels",
    "plain_table",
    "plan_rows",
    "polars_to_pandas",
    "refuse_label_matrix",
    "refuse_masked",
    "refuse_missing_labels",
    "restore_labels",
    "split_pipeline",
    "stack_rows",
    "under_represented",
    "whole_file",
]
