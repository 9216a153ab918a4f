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
from sklearn_imbgen.utils._imports import import_extra, lazy_names
from sklearn_imbgen.utils._interpolation import draw_pairs, interpolate, neighbor_table
from sklearn_imbgen.utils._pipeline import fitted_part, split_pipeline
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
    one_hot_labels,
    plain,
    refuse_label_matrix,
    refuse_masked,
    refuse_missing_labels,
    under_represented,
)

__all__ = [
    "RowContainer",
    "TableCodec",
    "build_frame",
    "check_class_sizes",
    "check_finite",
    "check_frame",
    "check_numeric_columns",
    "check_row_order",
    "check_target_labels",
    "covariance_roots",
    "draw_pairs",
    "draw_seed",
    "encode_labels",
    "fitted_part",
    "import_extra",
    "integer_bounds",
    "interpolate",
    "is_category",
    "is_missing",
    "is_polars",
    "lazy_names",
    "match_columns",
    "mean_and_covariance",
    "name_some",
    "neighbor_table",
    "one_hot_labels",
    "plain",
    "plain_labels",
    "plain_table",
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
