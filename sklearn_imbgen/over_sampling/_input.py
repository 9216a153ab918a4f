"""What comes into a sampler: rows, labels, class sizes and weights, checked; no torch."""

from typing import Any

import numpy as np
from imblearn.utils import check_sampling_strategy
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import column_or_1d
from sklearn.utils._indexing import _get_column_indices
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_consistent_length, validate_data

from sklearn_imbgen._typing import Array
from sklearn_imbgen.utils import (
    check_finite,
    check_frame,
    check_numeric_columns,
    check_row_order,
    check_target_labels,
    is_category,
    one_hot_labels,
    plain,
    plain_labels,
    plain_table,
    refuse_label_matrix,
    refuse_masked,
)


def check_labels(X: Any, y: Any) -> tuple[Any, Array | None]:
    """One label per row, and the labels of the columns if they are one-hot.

    These are the names of the columns of a table, else their numbers. ValueError if labels are
    missing, masked, continuous or several per row, or in another order than the rows by the
    index of both.
    """
    if y is None:
        raise ValueError("A sampler requires y to be passed, but the target y is None.")
    refuse_masked(y, "y")
    if isinstance(y, list) and y and isinstance(y[0], list | tuple):
        y = np.asarray(y)
    refuse_label_matrix(y)
    check_row_order(X, y)
    labels = plain_labels(one_hot_labels(y))
    n_columns = y.shape[1] if len(getattr(y, "shape", ())) == 2 else 0
    if n_columns == 1:
        labels = column_or_1d(labels)
    check_target_labels(labels)
    check_classification_targets(labels)
    if n_columns < 2:
        return labels, None
    return labels, np.asarray(getattr(y, "columns", np.arange(n_columns)))


def one_hot(labels: Array, columns: Array, y: Any) -> Any:
    """Labels as the one-hot columns that they came in as, sparse or not."""
    hot = labels[:, None] == columns
    if sparse.issparse(y):
        return type(y)(hot.astype(y.dtype))
    return hot.astype(getattr(y, "dtype", int))


def check_rows(
    sampler: Any, X: Any, y: Any = None, *, categorical: NDArray[np.intp], reset: bool
) -> Any:
    """Checked rows as an array, with the labels if there are any.

    The sampler gets ``n_features_in_`` and ``feature_names_in_`` if ``reset``, else has them.
    ``categorical`` are the positions of the columns that hold categories.
    """
    refuse_masked(X)
    refuse_masked(X)
    X = plain_table(X, type(sampler).__name__)
    is_frame = hasattr(X, "columns") and hasattr(X, "iloc")
    if is_frame:
        # names and number of columns first, so that their messages win
        validate_data(sampler, X, reset=reset, skip_check_array=True)
        check_frame(X, categorical)
    if len(categorical) and is_frame:
        # categories keep their values, which no common dtype would
        check_consistent_length(X, y)
        rows = X.to_numpy(dtype=object)
        return rows if y is None else (rows, np.asarray(y))
    validated = validate_data(
        sampler,
        X,
        reset=reset,
        accept_sparse=["csr", "csc"],
        dtype=None if len(categorical) else "numeric",
        ensure_all_finite=False,
        **({} if y is None else {"y": y}),
    )
    rows = validated if y is None else validated[0]
    names = getattr(sampler, "feature_names_in_", None)
    check_finite(rows, names)
    check_numeric_columns(rows, categorical, names)
    return validated


def find_categorical(asked: Any, X: Any) -> NDArray[np.intp]:
    """Positions of the columns that ``categorical_features`` names; ValueError for others."""
    if isinstance(asked, str):
        dtypes = getattr(X, "dtypes", [])
        return np.flatnonzero([is_category(dtype) for dtype in dtypes])
    named = [] if asked is None else list(asked)
    if not named:
        return np.empty(0, dtype=np.intp)
    table = X if hasattr(X, "shape") else np.asarray(X, dtype=object)
    try:
        return np.unique(np.asarray(_get_column_indices(table, named), dtype=np.intp))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"categorical_features={asked!r} does not fit the columns: {error}"
        ) from error


def rows_to_add(sampling_strategy: Any, y: Array) -> dict[Any, int]:
    """Rows to add per class, as imbalanced-learn reads ``sampling_strategy``; whole numbers."""
    to_add = check_sampling_strategy(sampling_strategy, y, "over-sampling")
    for label, n_new in to_add.items():
        if not float(n_new).is_integer():
            raise ValueError(
                f"sampling_strategy asks for {float(n_new + np.sum(y == label))} rows of class "
                f"{plain(label)!r}; it must be a whole number, such as int(...) gives."
            )
    return {label: int(n_new) for label, n_new in to_add.items()}


def check_row_weights(sample_weight: Any, X: Any, y: Array) -> NDArray[np.float64] | None:
    """One weight per row; None stays None.

    ValueError if one is negative, missing or infinite, if there are more or fewer than rows, or
    if all rows of a class have weight 0.
    """
    if sample_weight is None:
        return None
    refuse_masked(sample_weight, "sample_weight")
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    counting = np.unique(y[weights > 0])
    absent = np.setdiff1d(np.unique(y), counting)
    if len(absent):
        raise ValueError(
            f"sample_weight is 0 for all rows of class {plain(absent[0])!r}, so there is nothing "
            "to learn about it. Give one of its rows a weight, or leave the class out of X and y."
        )
    return weights


def extend_weights(
    weights: NDArray[np.float64] | None, y: Array, new_y: Array
) -> NDArray[np.float64]:
    """Weights of all rows: an original keeps its own, a synthetic row gets its class's mean.

    Rows of weight 0 do not count in the mean. Without weights every row has 1.

    Examples
    --------
    >>> y, new_y = np.array(["a", "a", "b", "b", "b"]), np.array(["b"])
    >>> extend_weights(np.array([1.0, 1.0, 2.0, 4.0, 0.0]), y, new_y).tolist()
    [1.0, 1.0, 2.0, 4.0, 0.0, 3.0]
    """
    if weights is None:
        return np.ones(len(y) + len(new_y))
    counted = weights > 0
    classes, codes = np.unique(y[counted], return_inverse=True)
    means = np.bincount(codes, weights[counted]) / np.bincount(codes)
    return np.concatenate([weights, means[np.searchsorted(classes, new_y)]])
