"""Validation, table encoding, interpolation and covariance; imports no torch."""

from sklearn_imbgen.utils._columns import integer_bounds
from sklearn_imbgen.utils._covariance import (
    CovarianceRoots,
    covariance_roots,
    mean_and_covariance,
)
from sklearn_imbgen.utils._exceptions import (
    ConfusedLabelsWarning,
    DivergenceError,
    DivergenceWarning,
    FewSamplesWarning,
    IdleWorkerWarning,
    UnreliableSamplesWarning,
)
from sklearn_imbgen.utils._interpolation import Pairs, draw_pairs, interpolate
from sklearn_imbgen.utils._label_matrix import CrowdLabels, check_label_matrix, name_some
from sklearn_imbgen.utils._optional import import_extra
from sklearn_imbgen.utils._random import draw_seed
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
    "ConfusedLabelsWarning",
    "CovarianceRoots",
    "CrowdLabels",
    "DivergenceError",
    "DivergenceWarning",
    "FewSamplesWarning",
    "IdleWorkerWarning",
    "Pairs",
    "TableCodec",
    "UnreliableSamplesWarning",
    "check_class_sizes",
    "check_finite",
    "check_frame",
    "check_label_matrix",
    "check_numeric_columns",
    "covariance_roots",
    "draw_pairs",
    "draw_seed",
    "import_extra",
    "integer_bounds",
    "interpolate",
    "mean_and_covariance",
    "name_some",
    "plain",
    "refuse_label_matrix",
]
