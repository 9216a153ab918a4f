"""Validation, table encoding, interpolation and covariance; imports no torch."""

from sklearn_imbgen.utils._class_sizes import under_represented
from sklearn_imbgen.utils._columns import build_frame, integer_bounds, is_category, is_pandas
from sklearn_imbgen.utils._covariance import (
    CovarianceRoots,
    covariance_roots,
    mean_and_covariance,
)
from sklearn_imbgen.utils._files import whole_file
from sklearn_imbgen.utils._frames import Schema, as_frame, check_values, count_labels, label_codes
from sklearn_imbgen.utils._interpolation import Pairs, draw_pairs, interpolate
from sklearn_imbgen.utils._lazy import lazy_names
from sklearn_imbgen.utils._neighbors import neighbor_table
from sklearn_imbgen.utils._optional import import_extra
from sklearn_imbgen.utils._pipeline import PipelineParts, split_pipeline
from sklearn_imbgen.utils._polars import (
    array_to_polars,
    is_polars,
    plain_schema,
    polars_to_pandas,
)
from sklearn_imbgen.utils._random import draw_seed
from sklearn_imbgen.utils._row_plan import (
    MAX_MINORITY_ROWS,
    MAX_TRAINING_ROWS,
    Batch,
    RowPlan,
    plan_rows,
)
from sklearn_imbgen.utils._table import TableCodec
from sklearn_imbgen.utils._target import check_target_labels, refuse_missing_labels
from sklearn_imbgen.utils._validation import (
    check_class_sizes,
    check_finite,
    check_frame,
    check_numeric_columns,
    encode_labels,
    name_some,
    plain,
    refuse_label_matrix,
)

__all__ = [
    "MAX_MINORITY_ROWS",
    "MAX_TRAINING_ROWS",
    "Batch",
    "CovarianceRoots",
    "Pairs",
    "PipelineParts",
    "RowPlan",
    "Schema",
    "TableCodec",
    "array_to_polars",
    "as_frame",
    "build_frame",
    "check_class_sizes",
    "check_finite",
    "check_frame",
    "check_numeric_columns",
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
    "is_pandas",
    "is_polars",
    "label_codes",
    "lazy_names",
    "mean_and_covariance",
    "name_some",
    "neighbor_table",
    "plain",
    "plain_schema",
    "plan_rows",
    "polars_to_pandas",
    "refuse_label_matrix",
    "refuse_missing_labels",
    "split_pipeline",
    "under_represented",
    "whole_file",
]
