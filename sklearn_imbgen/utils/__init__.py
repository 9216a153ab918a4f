"""Validation, table encoding and interpolation; imports no torch."""

from sklearn_imbgen.utils._columns import integer_bounds
from sklearn_imbgen.utils._exceptions import (
    DivergenceError,
    DivergenceWarning,
    FewSamplesWarning,
)
from sklearn_imbgen.utils._interpolation import Pairs, draw_pairs, interpolate
from sklearn_imbgen.utils._optional import import_extra
from sklearn_imbgen.utils._table import TableCodec
from sklearn_imbgen.utils._validation import (
    check_class_sizes,
    check_finite,
    check_frame,
    check_numeric_columns,
    plain,
    refuse_label_matrix,
)

__all__ = [
    "DivergenceError",
    "DivergenceWarning",
    "FewSamplesWarning",
    "Pairs",
    "TableCodec",
    "check_class_sizes",
    "check_finite",
    "check_frame",
    "check_numeric_columns",
    "draw_pairs",
    "import_extra",
    "integer_bounds",
    "interpolate",
    "plain",
    "refuse_label_matrix",
]
