"""Label matrices of simulated workers."""

from numbers import Integral, Number
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Bunch, check_random_state, check_scalar

from sklearn_imbgen.aggregation import check_label_matrix
from sklearn_imbgen.datasets._imbalance import list_labels
from sklearn_imbgen.utils import check_row_order, name_some

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
Mask = NDArray[np.bool_]
RandomState = int | np.random.RandomState | None

ERROR_RATE = (0.25, 0.5)
# How often an adversary reports the class after the true one.
ADVERSARY_SHIFT = 0.8
PLURAL = {"hammer": "n_hammers", "adversary": "n_adversaries", "spammer": "n_spammers"}


def make_crowd_labels(
    y: Any,
    n_workers: int = 9,
    *,
    difficulty: ArrayLike | None = None,
    error_rate: float | tuple[float, float] = ERROR_RATE,
    worker_confusion: ArrayLike | None = None,
    coverage: float | int | ArrayLike = 1.0,
    n_hammers: int = 0,
    n_adversaries: int = 0,
    n_spammers: int = 0,
    missing_label: Any = -1,
    random_state: RandomState = None,
) -> Bunch:
    """Simulate the labels that several workers give to rows whose truth is known.

    Ordinary workers err in one of three ways:

    - by ``difficulty``, as in section 3.3.1.1: hard rows are mislabelled by all
      of them more often;
    - by the ``worker_confusion`` given;
    - by confusion matrices drawn from ``error_rate``, if neither is given.

    Whoever errs without a confusion matrix of yours picks any other class with
    the same probability. Given the truth, workers err independently.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        True labels, any that can be hashed; at least two classes.
    n_workers : int, default=9
        All workers, hammers, adversaries and spammers included.
    difficulty : array-like of shape (n_samples,), default=None
        From 0 (easiest) to 1, for example of :func:`estimate_difficulty`. Row i
        is mislabelled with probability ``low + (high - low) * difficulty[i]``.
    error_rate : float or (low, high), default=(0.25, 0.5)
        Range of the mislabelling probability. Without ``difficulty`` one is drawn
        for each worker and true class. The default is ours; the chapter names none.
    worker_confusion : array-like of shape (n_classes, n_classes) or \
            (n_ordinary_workers, n_classes, n_classes), default=None
        Probability of each label (column) given the true class (row), classes in
        sorted order; for all ordinary workers or for each.
    coverage : float, int or array-like of shape (n_workers,), default=1.0
        A float is the share of the rows that each worker labels, an int the
        number of labels per row (so 1.0 is everything and 1 a single label), an
        array the share of each worker. Shares are rounded to whole rows and then
        kept exactly; every row gets a label from somebody.
    n_hammers : int, default=0
        Workers who are always right.
    n_adversaries : int, default=0
        Workers who know the truth but report the next class in sorted order
        (after the last, the first) with probability 0.8, and any other label with
        the same share of the rest.
    n_spammers : int, default=0
        Workers who give all labels equally often, whatever the truth.
    missing_label : label, default=-1
        What stands where a worker did not label. Classes that are no numbers get
        None instead, unless this is no number either.
    random_state : int, RandomState instance or None, default=None
        With the same seed a different coverage leaves the labels given as they are.

    Returns
    -------
    Bunch
        - ``worker_labels``: ndarray of shape (n_samples, n_workers), columns in
          the order ordinary, hammers, adversaries, spammers.
        - ``missing_label``: what stands there for "not labelled".
        - ``classes``: ndarray of shape (n_classes,), sorted.
        - ``worker_types``: ndarray of shape (n_workers,) of "ordinary", "hammer",
          "adversary", "spammer".
        - ``worker_confusion``: ndarray of shape (n_workers, n_classes, n_classes);
          with ``difficulty`` the mean over the rows of each true class.
        - ``mislabelling_probability``: ndarray of shape (n_samples, n_workers).

    Raises
    ------
    ValueError
        If y has one class or a missing label, if numbers are out of range, if two
        parameters contradict each other, or if the coverage leaves a row without
        a label.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_imbgen.datasets import make_crowd_labels
    >>> y = np.repeat(["common", "rare"], [90, 10])
    >>> crowd = make_crowd_labels(y, 5, n_hammers=1, coverage=3, random_state=0)
    >>> crowd.worker_labels[0].tolist()
    ['rare', None, 'rare', 'common', None]
    >>> crowd.worker_types.tolist()
    ['ordinary', 'ordinary', 'ordinary', 'ordinary', 'hammer']
    """
    classes, truth = encode_truth(y)
    missing_label = _choose_missing_label(missing_label, classes)
    kinds = _worker_types(n_workers, hammer=n_hammers, adversary=n_adversaries, spammer=n_spammers)
    n_ordinary = int((kinds == "ordinary").sum())
    _refuse_contradictions(difficulty, worker_confusion, error_rate, n_ordinary)
    low, high = _check_error_rate(error_rate)
    rng = check_random_state(random_state)
    if difficulty is not None:
        check_row_order(y, difficulty, "difficulty", "y")
        error = low + (high - low) * _check_difficulty(difficulty, len(truth))
        rates = np.bincount(truth, error) / np.bincount(truth)
        ordinary = np.repeat(even_confusion(rates)[None], n_ordinary, axis=0)
    elif worker_confusion is not None:
        ordinary = _check_confusion(worker_confusion, n_ordinary, len(classes))
    else:
        ordinary = even_confusion(rng.uniform(low, high, size=(n_ordinary, len(classes))))
    confusion = np.concatenate([ordinary, _special_confusion(kinds[n_ordinary:], len(classes))])
    wrong = 1 - confusion[:, truth, truth].T
    codes = draw_labels(truth, confusion, rng)
    if difficulty is not None:
        wrong[:, :n_ordinary] = error[:, None]
        codes[:, :n_ordinary] = draw_mistakes(truth, wrong[:, :n_ordinary], len(classes), rng)
    labelled = _draw_coverage(coverage, len(truth), n_workers, rng)
    return Bunch(
        worker_labels=_decode(codes, labelled, classes, missing_label),
        missing_label=missing_label,
        classes=classes,
        worker_types=kinds,
        worker_confusion=confusion,
        mislabelling_probability=wrong,
    )


def even_confusion(error_rates: Floats) -> Floats:
    """Confusion matrices, mistakes spread evenly, of the error rates of each true class.

    Shape (..., n_classes) gives (..., n_classes, n_classes).
    """
    n_classes = error_rates.shape[-1]
    right = np.eye(n_classes)
    other = (1 - right) / (n_classes - 1)
    rates = error_rates[..., None]
    return (1 - rates) * right + rates * other


def draw_labels(truth: Codes, confusion: Floats, random_state: np.random.RandomState) -> Codes:
    """One label per row and worker from the worker's confusion row of the true class."""
    draws = random_state.uniform(size=(len(truth), len(confusion)))
    codes = np.empty(draws.shape, dtype=np.intp)
    for worker, matrix in enumerate(confusion):
        # without the last bound, which rounding may leave below a draw
        bounds = matrix.cumsum(axis=1)[:, :-1]
        codes[:, worker] = (draws[:, worker, None] >= bounds[truth]).sum(axis=1)
    return codes


def draw_mistakes(
    truth: Codes, probability: Floats, n_classes: int, random_state: np.random.RandomState
) -> Codes:
    """One label per row and worker; mistakes fall evenly on the other classes."""
    wrong = random_state.uniform(size=probability.shape) < probability
    step = random_state.randint(1, n_classes, size=probability.shape)
    return (truth[:, None] + wrong * step) % n_classes


def draw_rows_by_share(counts: Codes, n_rows: int, random_state: np.random.RandomState) -> Mask:
    """Which rows each worker labels: ``counts`` of them, and each row by somebody.

    ``counts`` are at most ``n_rows`` each and at least ``n_rows`` in all; the result has the shape
    (n_rows, n_workers).
    """
    places = np.repeat(np.arange(len(counts)), counts)
    first = random_state.permutation(places)[:n_rows]
    keys = random_state.uniform(size=(n_rows, len(counts)))
    keys[np.arange(n_rows), first] = -1.0
    return keys.argsort(axis=0).argsort(axis=0) < counts


def encode_truth(y: Any) -> tuple[NDArray[Any], Codes]:
    """Sorted classes, at least two, and the position among them of each row's."""
    labels = list_labels(y)
    if all(isinstance(label, float) for label in labels):
        values = np.array(labels)
    else:
        values = np.fromiter(labels, dtype=object)
    try:
        truth = check_label_matrix(values)
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("worker_labels", "y")) from error
    if truth.n_classes < 2:
        raise ValueError(f"y has one class, {truth.classes.tolist()}; at least 2 are needed.")
    return truth.classes, truth.code


def _choose_missing_label(missing_label: Any, classes: NDArray[Any]) -> Any:
    """What stands for "not labelled" among labels of this type."""
    if missing_label in classes.tolist():
        raise ValueError(
            f"missing_label={missing_label!r} is a class of y: {classes.tolist()}. Name another."
        )
    unlike = isinstance(missing_label, Number) and classes.dtype.kind not in "iuf"
    return None if unlike else missing_label


def _worker_types(n_workers: int, **n_special: int) -> NDArray[np.str_]:
    check_scalar(n_workers, "n_workers", Integral, min_val=1)
    for kind, count in n_special.items():
        check_scalar(count, PLURAL[kind], Integral, min_val=0)
    n_ordinary = n_workers - sum(n_special.values())
    if n_ordinary < 0:
        raise ValueError(
            f"n_workers={n_workers} is less than the workers named: "
            + ", ".join(f"{PLURAL[kind]}={count}" for kind, count in n_special.items())
            + "."
        )
    return np.repeat(["ordinary", *n_special], [n_ordinary, *n_special.values()])


def _refuse_contradictions(
    difficulty: Any, worker_confusion: Any, error_rate: Any, n_ordinary: int
) -> None:
    if difficulty is not None and worker_confusion is not None:
        raise ValueError("difficulty and worker_confusion both say who errs where; pass one.")
    if worker_confusion is not None and error_rate != ERROR_RATE:
        raise ValueError("error_rate and worker_confusion both say how many err; pass one.")
    for name, value in (("difficulty", difficulty), ("worker_confusion", worker_confusion)):
        if value is not None and n_ordinary == 0:
            raise ValueError(
                f"{name} describes the ordinary workers, but n_hammers, n_adversaries and "
                "n_spammers leave none. Raise n_workers."
            )


def _check_error_rate(error_rate: Any) -> tuple[float, float]:
    ends = np.ravel(np.asarray(error_rate, dtype=float))
    if len(ends) not in (1, 2) or not 0 <= ends[0] <= ends[-1] <= 1:
        raise ValueError(
            f"error_rate must be a number or (low, high) with 0 <= low <= high <= 1; got "
            f"{error_rate!r}."
        )
    return float(ends[0]), float(ends[-1])


def _check_difficulty(difficulty: ArrayLike, n_rows: int) -> Floats:
    values = np.asarray(difficulty, dtype=float)
    if values.shape != (n_rows,):
        raise ValueError(f"difficulty has shape {values.shape}; y has {n_rows} rows.")
    bad = np.flatnonzero(~((values >= 0) & (values <= 1)))
    if len(bad):
        raise ValueError(
            f"difficulty must be between 0 and 1; {len(bad)} row(s) are not: row "
            f"{name_some(bad)}, the first with {values[bad[0]]}."
        )
    return values


def _check_confusion(worker_confusion: ArrayLike, n_ordinary: int, n_classes: int) -> Floats:
    """Confusion matrices of the ordinary workers, one each."""
    confusion = np.asarray(worker_confusion, dtype=float)
    square = (n_classes, n_classes)
    if confusion.shape not in (square, (n_ordinary, *square)):
        raise ValueError(
            f"worker_confusion has shape {confusion.shape}; {n_ordinary} ordinary workers (of "
            f"n_workers) and {n_classes} classes of y need {square} or {(n_ordinary, *square)}."
        )
    confusion = np.broadcast_to(confusion, (n_ordinary, *square))
    proper = (confusion >= 0).all(axis=2) & np.isclose(confusion.sum(axis=2), 1)
    if not proper.all():
        worker, row = np.argwhere(~proper)[0]
        raise ValueError(
            f"worker_confusion must hold probabilities whose rows sum to one; row {row} of "
            f"worker {worker} is {confusion[worker, row].tolist()}."
        )
    return confusion


def _special_confusion(kinds: NDArray[np.str_], n_classes: int) -> Floats:
    """Confusion matrices of hammers, adversaries and spammers."""
    right = np.eye(n_classes)
    following = np.roll(right, 1, axis=1)
    rest = (1 - ADVERSARY_SHIFT) / (n_classes - 1)
    matrices = {
        "hammer": right,
        "adversary": ADVERSARY_SHIFT * following + rest * (1 - following),
        "spammer": np.full_like(right, 1 / n_classes),
    }
    return np.array([matrices[kind] for kind in kinds]).reshape(-1, n_classes, n_classes)


def _draw_coverage(
    coverage: Any, n_rows: int, n_workers: int, random_state: np.random.RandomState
) -> Mask:
    """Which rows each worker labels."""
    if isinstance(coverage, Integral) and not isinstance(coverage, bool):
        per_row = int(coverage)
        if not 1 <= per_row <= n_workers:
            raise ValueError(
                f"coverage={coverage} labels per row must be between 1 and n_workers={n_workers}."
            )
        keys = random_state.uniform(size=(n_rows, n_workers))
        return keys.argsort(axis=1).argsort(axis=1) < per_row
    shares = np.asarray(coverage, dtype=float)
    if shares.shape not in ((), (n_workers,)) or not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError(
            "coverage must be a share between 0 and 1, one share for each of "
            f"n_workers={n_workers}, or an int, the labels per row; got {coverage!r}."
        )
    counts = np.rint(np.broadcast_to(shares, n_workers) * n_rows).astype(np.intp)
    if counts.sum() < n_rows:
        raise ValueError(
            f"coverage={coverage!r} gives {counts.sum()} labels, but y has {n_rows} rows and "
            "each needs one. Raise coverage or n_workers."
        )
    return draw_rows_by_share(counts, n_rows, random_state)


def _decode(codes: Codes, labelled: Mask, classes: NDArray[Any], missing_label: Any) -> Any:
    """Label matrix in the type of the classes, if that can hold the missing label."""
    values = classes[codes]
    if labelled.all():
        return values
    is_number = isinstance(missing_label, Number)
    if is_number:
        return np.where(labelled, values, missing_label)
    values = values.astype(object)
    values[~labelled] = missing_label
    return values
