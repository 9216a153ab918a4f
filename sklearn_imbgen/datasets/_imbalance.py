"""Removal of rows until the classes have the sizes of an imbalance profile."""

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch, _safe_indexing, check_random_state, check_scalar, indexable
from sklearn.utils.validation import _num_samples

from sklearn_imbgen.utils import (
    check_row_order,
    is_missing,
    one_hot_labels,
    refuse_label_matrix,
    refuse_masked,
    refuse_missing_labels,
)

Rows = NDArray[np.intp]
RowsOfClass = dict[Any, Rows]
RandomState = int | np.random.RandomState | None


def make_step_imbalance(
    X: Any,
    y: Any,
    *,
    imbalance_ratio: float = 10,
    minority_classes: Sequence[Any] | None = None,
    random_state: RandomState = None,
) -> tuple[Any, Any, Rows]:
    """Keep the majority classes and shrink all minority classes to one size.

    The "Step" profile of sections 4.2.1 and 4.5.1. Majority classes keep all
    their rows. Each minority class keeps ``n_largest / imbalance_ratio`` rows,
    rounded down, where ``n_largest`` is the size of the largest majority class;
    which rows is drawn at random.

    Parameters
    ----------
    X : array-like, sparse matrix or DataFrame with n_samples rows
        Data of any container and number of dimensions, images for example.
    y : array-like of shape (n_samples,)
        Labels: numbers, strings or anything that can be hashed and sorted, or one-hot
        columns, whose names or numbers are the labels.
    imbalance_ratio : float, default=10
        K, the size of the largest class over that of the smallest one in the
        result; at least 1.
    minority_classes : sequence of labels, default=None
        None takes the last half of the classes in sorted order. Of an odd number
        the middle class belongs to the majority.
    random_state : int, RandomState instance or None, default=None
        Draws the rows. With the same seed a larger ratio keeps a subset.

    Returns
    -------
    X_step, y_step : same types as X and y
        The kept rows in their original order.
    indices : ndarray of shape (n_kept,)
        Their positions in the input, ascending.

    Raises
    ------
    ValueError
        If y has one class only, if a class is unknown, or if a class has fewer
        rows than a minority class is to keep.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_imbgen.datasets import make_step_imbalance
    >>> y = np.repeat([0, 1, 2, 3], 100)
    >>> X = np.arange(400).reshape(-1, 1)
    >>> X_step, y_step, indices = make_step_imbalance(X, y, imbalance_ratio=20, random_state=0)
    >>> np.bincount(y_step)
    array([100, 100,   5,   5])
    """
    _check_number(imbalance_ratio, "imbalance_ratio", min_val=1)
    X, y, rows_of = _group_rows(X, y)
    minority = _step_minority(rows_of, minority_classes)
    n_largest = max(len(rows) for label, rows in rows_of.items() if label not in minority)
    n_keep = _round_down(n_largest / imbalance_ratio)
    if n_keep < 1:
        raise ValueError(
            f"imbalance_ratio={imbalance_ratio} leaves no row of a minority class: the "
            f"largest majority class has {n_largest} rows. Take at most {n_largest}."
        )
    for label, rows in rows_of.items():
        if len(rows) < n_keep:
            raise ValueError(
                f"Class {label!r} has {len(rows)} rows, fewer than the {n_keep} that a minority "
                f"class keeps at imbalance_ratio={imbalance_ratio} (the largest majority class "
                f"has {n_largest} rows). Raise imbalance_ratio or leave the class out."
            )
    sizes = {label: n_keep if label in minority else len(rows_of[label]) for label in rows_of}
    return _draw_sizes(X, y, rows_of, sizes, random_state)


def make_exponential_imbalance(
    X: Any,
    y: Any,
    *,
    imbalance_ratio: float = 10,
    class_order: Sequence[Any] | None = None,
    random_state: RandomState = None,
) -> tuple[Any, Any, Rows]:
    """Shrink each class more than the one before, by a constant factor.

    The "Exp" profile of section 4.5.1: class i of C keeps ``n_i * tau**i`` of
    its n_i rows, rounded down, with ``tau = imbalance_ratio ** (-1 / (C - 1))``.
    Where the classes were of one size, the first is then ``imbalance_ratio``
    times as large as the last.

    Parameters
    ----------
    X : array-like, sparse matrix or DataFrame with n_samples rows
        Data of any container and number of dimensions, images for example.
    y : array-like of shape (n_samples,)
        As of :func:`make_step_imbalance`.
    imbalance_ratio : float, default=10
        K, by how much more the last class is shrunk than the first; at least 1.
    class_order : sequence of all labels, default=None
        From the class that keeps its rows to the one that loses most. None is
        sorted order.
    random_state : int, RandomState instance or None, default=None
        Draws the rows. With the same seed a larger ratio keeps a subset.

    Returns
    -------
    X_exp, y_exp : same types as X and y
        The kept rows in their original order.
    indices : ndarray of shape (n_kept,)
        Their positions in the input, ascending.

    Raises
    ------
    ValueError
        If y has one class only, if ``class_order`` does not name each class
        once, or if a class would vanish.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_imbgen.datasets import make_exponential_imbalance
    >>> y = np.repeat(["cat", "dog", "emu"], 100)
    >>> X = np.arange(300).reshape(-1, 1)
    >>> X_exp, y_exp, indices = make_exponential_imbalance(
    ...     X, y, imbalance_ratio=100, class_order=["dog", "cat", "emu"], random_state=0
    ... )
    >>> {str(label): int((y_exp == label).sum()) for label in np.unique(y)}
    {'cat': 10, 'dog': 100, 'emu': 1}
    """
    _check_number(imbalance_ratio, "imbalance_ratio", min_val=1)
    X, y, rows_of = _group_rows(X, y)
    order = list(rows_of) if class_order is None else list(class_order)
    _check_known(order, rows_of, "class_order")
    if len(order) != len(rows_of):
        absent = [label for label in rows_of if label not in order]
        raise ValueError(f"class_order must name every class once; absent: {absent}.")
    sizes = {}
    for i, label in enumerate(order):
        n_rows = len(rows_of[label])
        sizes[label] = _round_down(n_rows / imbalance_ratio ** (i / (len(order) - 1)))
        if sizes[label] < 1:
            raise ValueError(
                f"imbalance_ratio={imbalance_ratio} leaves no row of class {label!r}, "
                f"which has {n_rows} rows and is number {i + 1} of {len(order)} in the "
                "order. Lower imbalance_ratio or change class_order."
            )
    return _draw_sizes(X, y, rows_of, sizes, random_state)


def make_binary_imbalance(
    X: Any,
    y: Any,
    *,
    ratio: float = 0.01,
    majority: Any = None,
    minority: Any = None,
    test_size: float = 0.2,
    random_state: RandomState = None,
) -> Bunch:
    """Make a two-class training set with few minority rows, and its test set.

    The construction of section 2.4.1.1. Two classes are picked with all their
    rows; of each class ``test_size`` (rounded down) goes to the test set and the
    rest are candidates; then minority candidates are removed until there are
    ``ratio`` (rounded down) times as many as majority candidates. The test set
    stays as balanced as the two classes were.

    Parameters
    ----------
    X : array-like, sparse matrix or DataFrame with n_samples rows
        Data of any container and number of dimensions, images for example.
    y : array-like of shape (n_samples,)
        As of :func:`make_step_imbalance`.
    ratio : float, default=0.01
        Minority rows over majority rows in the training set, in (0, 1].
    majority, minority : label, default=None
        The two classes; None draws one of the classes not named.
    test_size : float, default=0.2
        Fraction of the rows of each class in the test set, in (0, 1).
    random_state : int, RandomState instance or None, default=None
        Draws classes and rows. With the same seed the test set does not depend
        on the ratio, and a smaller ratio keeps a subset.

    Returns
    -------
    Bunch
        With ``X_train``, ``X_test``, ``y_train`` and ``y_test`` in the types of X
        and y and in the original order of rows, ``train_indices`` and
        ``test_indices`` (positions in the input), and the labels ``majority``
        and ``minority``.

    Raises
    ------
    ValueError
        If a class is unknown or too small, or if no minority row would be left.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_imbgen.datasets import make_binary_imbalance
    >>> y = np.repeat([4, 7, 9], 500)
    >>> X = np.arange(1500).reshape(-1, 1)
    >>> data = make_binary_imbalance(X, y, majority=4, minority=7, random_state=0)
    >>> [int((data.y_train == label).sum()) for label in (4, 7)]
    [400, 4]
    >>> [int((data.y_test == label).sum()) for label in (4, 7)]
    [100, 100]
    """
    _check_number(ratio, "ratio", max_val=1, include_boundaries="right")
    _check_number(test_size, "test_size", max_val=1, include_boundaries="neither")
    rng = check_random_state(random_state)
    X, y, rows_of = _group_rows(X, y)
    majority, minority = _pick_two(rows_of, majority, minority, rng)
    majority_test, majority_train = _split_class(majority, rows_of, test_size, rng)
    minority_test, candidates = _split_class(minority, rows_of, test_size, rng)
    n_keep = _round_down(ratio * len(majority_train))
    if not 1 <= n_keep <= len(candidates):
        trouble = "no minority row would be left" if n_keep < 1 else "there are too few of them"
        raise ValueError(
            f"ratio={ratio} asks for {ratio * len(majority_train):g} training rows of minority "
            f"class {minority!r} beside {len(majority_train)} of majority class {majority!r}, but "
            f"{trouble}: {len(candidates)} candidates of {len(rows_of[minority])} rows in all."
        )
    train = np.sort(np.concatenate([majority_train, candidates[:n_keep]]))
    test = np.sort(np.concatenate([majority_test, minority_test]))
    return Bunch(
        X_train=_safe_indexing(X, train),
        X_test=_safe_indexing(X, test),
        y_train=_safe_indexing(y, train),
        y_test=_safe_indexing(y, test),
        train_indices=train,
        test_indices=test,
        majority=majority,
        minority=minority,
    )


def _check_number(value: float, name: str, *, min_val: float = 0, **bounds: Any) -> None:
    """Raise unless the value is a finite number within the bounds of check_scalar."""
    check_scalar(value, name, Real, min_val=min_val, **bounds)
    if not np.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value}.")


def _round_down(size: float) -> int:
    """Whole rows, as in Table 2.1; a product like 0.29 * 100 counts as 29."""
    return int(np.floor(size + 1e-9))


def _group_rows(X: Any, y: Any) -> tuple[Any, Any, RowsOfClass]:
    """X and y made indexable, and the rows of each class in sorted order of labels."""
    labels = list_labels(y)
    if _num_samples(X) != len(labels):
        raise ValueError(f"X has {_num_samples(X)} rows but y has {len(labels)} labels.")
    check_row_order(X, y)
    rows_of: dict[Any, list[int]] = {}
    try:
        for row, label in enumerate(labels):
            rows_of.setdefault(label, []).append(row)
        order = sorted(rows_of)
    except TypeError as error:
        raise ValueError(
            f"y must hold one label per row, hashable and comparable with the others: {error}."
        ) from error
    if len(order) < 2:
        raise ValueError(f"y has {len(order)} class(es) {order}; at least 2 are needed.")
    X, y = indexable(X, y)
    return X, y, {label: np.array(rows_of[label], dtype=np.intp) for label in order}


def list_labels(y: Any) -> list[Any]:
    """Labels as a list, from a sequence, a single column or one-hot columns; none is missing."""
    refuse_masked(y, "y")
    shape: tuple[int, ...] = getattr(y, "shape", (0,))
    if len(shape) not in (1, 2):
        raise ValueError(f"y must be one-dimensional, got shape {tuple(shape)}.")
    flat = y
    if len(shape) == 2:
        refuse_label_matrix(y)
        flat = np.ravel(one_hot_labels(y))
    labels = flat.tolist() if hasattr(flat, "tolist") else list(flat)
    # an array tells NaT from None, a list may hold tuples
    values = flat if isinstance(flat, np.ndarray) else np.fromiter(labels, dtype=object)
    refuse_missing_labels(is_missing(values), values)
    return labels


def _check_known(named: Iterable[Any], rows_of: RowsOfClass, parameter: str) -> None:
    """Raise for a label that is not in y or is named twice."""
    seen: list[Any] = []
    for label in named:
        if label not in rows_of:
            raise ValueError(
                f"{parameter} names {label!r}, which is no class of y: {list(rows_of)}."
            )
        if label in seen:
            raise ValueError(f"{parameter} names {label!r} twice.")
        seen.append(label)


def _step_minority(rows_of: RowsOfClass, minority_classes: Sequence[Any] | None) -> list[Any]:
    """Classes to shrink: those named, or the last half."""
    if minority_classes is None:
        return list(rows_of)[-(len(rows_of) // 2) :]
    minority = list(minority_classes)
    _check_known(minority, rows_of, "minority_classes")
    if not 0 < len(minority) < len(rows_of):
        raise ValueError(
            f"minority_classes must name at least one class and leave at least one to the "
            f"majority; it names {len(minority)} of {len(rows_of)}."
        )
    return minority


def _draw_sizes(
    X: Any, y: Any, rows_of: RowsOfClass, sizes: dict[Any, int], random_state: RandomState
) -> tuple[Any, Any, Rows]:
    """Keep so many random rows of each class, in original order."""
    rng = check_random_state(random_state)
    kept = [rng.permutation(rows)[: sizes[label]] for label, rows in rows_of.items()]
    indices = np.sort(np.concatenate(kept))
    return _safe_indexing(X, indices), _safe_indexing(y, indices), indices


def _pick_two(
    rows_of: RowsOfClass, majority: Any, minority: Any, rng: np.random.RandomState
) -> tuple[Any, Any]:
    """Classes as named, the others drawn among the rest."""
    for parameter, label in (("majority", majority), ("minority", minority)):
        if label is not None:
            _check_known([label], rows_of, parameter)
    if majority is not None and majority == minority:
        raise ValueError(f"majority and minority are the same class {majority!r}.")
    classes = list(rows_of)
    drawn = [classes[i] for i in rng.permutation(len(classes))]
    free = iter([label for label in drawn if label not in (majority, minority)])
    majority = next(free) if majority is None else majority
    return majority, next(free) if minority is None else minority


def _split_class(
    label: Any, rows_of: RowsOfClass, test_size: float, rng: np.random.RandomState
) -> tuple[Rows, Rows]:
    """Random test rows and candidates of one class."""
    n_rows = len(rows_of[label])
    n_test = _round_down(test_size * n_rows)
    if not 0 < n_test < n_rows:
        raise ValueError(
            f"Class {label!r} has {n_rows} rows, too few for test_size={test_size}: "
            f"{n_test} would be test rows and {n_rows - n_test} candidates."
        )
    mixed = rng.permutation(rows_of[label])
    return mixed[:n_test], mixed[n_test:]
