"""Whether the installed scikit-learn reads the names of the columns of the installed polars."""

from typing import Any

import polars as pl
from sklearn.utils.validation import _get_feature_names

POLARS_HAS_NAMES = _get_feature_names(pl.DataFrame({"a": [1]})) is not None


def has_names(table: Any) -> bool:
    """Whether an estimator of scikit-learn sees the names of this table's columns."""
    return POLARS_HAS_NAMES or not isinstance(table, pl.DataFrame)
