"""Attack on an estimator that only answers: HopSkipJump of the library ART."""

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from sklearn_imbgen.utils import draw_seed, import_extra

Floats = NDArray[np.float64]
Predict = Callable[[Floats], NDArray[Any]]

PURPOSE = 'attack="black_box"'
# Other rows, and random points, of which the nearest that is misclassified starts the attack.
STARTS = 100
# The library bisects until float32 ends and then goes on forever.
PATIENCE = 300
BATCH_SIZE = 100_000


class Ball:
    """How far a row may go: the norm, the unit of each feature and the valid range.

    A feature of ``scale`` 0 stays as it is; a row that lies outside already may stay there.
    """

    def __init__(self, norm: str, scale: Floats, low: Floats, high: Floats) -> None:
        self.norm, self.scale, self.low, self.high = norm, scale, low, high

    def measure(self, moves: Floats) -> Floats:
        """Length of each move."""
        order = np.inf if self.norm == "linf" else 2
        return np.linalg.norm(moves, ord=order, axis=-1)

    def limits(self, row: Floats) -> tuple[Floats, Floats]:
        """Least and largest move of each feature."""
        unit = np.where(self.scale > 0, self.scale, 1.0)
        return (
            (np.minimum(self.low, row) - row) / unit,
            (np.maximum(self.high, row) - row) / unit,
        )


class _Stop(Exception):
    """Nothing more to find for this row."""


class _Oracle:
    """Answers whether a moved row is misclassified, and keeps the shortest such move."""

    def __init__(
        self,
        is_wrong: Callable[[Floats], NDArray[np.bool_]],
        measure: Callable[[Floats], Floats],
        bounds: tuple[Floats, Floats],
        enough: float,
    ) -> None:
        self.is_wrong, self.measure, self.bounds = is_wrong, measure, bounds
        self.enough = enough
        self.distance = math.inf
        self._n_vain = 0

    def __call__(self, moves: NDArray[Any]) -> Floats:
        """One-hot answer of the library's kind: column 1 is "misclassified"."""
        if not np.isfinite(moves).all():
            raise _Stop
        exact = np.clip(moves.astype(np.float64), *self.bounds)
        wrong = self.is_wrong(exact)
        if wrong.any():
            # only points that were predicted count
            self.distance = min(self.distance, float(self.measure(exact[wrong]).min()))
        self._n_vain = 0 if wrong.any() else self._n_vain + 1
        if self.distance <= self.enough or self._n_vain > PATIENCE:
            raise _Stop
        return np.stack([~wrong, wrong], axis=1).astype(np.float64)


def distances_to_error(
    predict: Predict,
    rows: Floats,
    labels: NDArray[Any],
    others: Floats,
    *,
    ball: Ball,
    enough: float = 0.0,
    random_state: Any = 0,
    **options: Any,
) -> Floats:
    """How near to each row a misclassified point was found; infinite if none was.

    ``predict`` maps rows to labels and is right on all ``rows``. Misclassified points may be among
    ``others``, to begin with. A search ends at the distance ``enough``; ``options`` are those of
    ``art.attacks.evasion.HopSkipJump``.
    """
    # before any work, so that a missing library is told at once
    import_extra("art", "robust", PURPOSE)
    rng = check_random_state(random_state)
    predicted = predict(others)
    found = np.full(len(rows), math.inf)
    # a seed per row: no row's result depends on those before it
    for i, seed in enumerate([draw_seed(rng) for _ in rows]):
        elsewhere = others[predicted != labels[i]]
        found[i] = _nearest(predict, rows[i], labels[i], elsewhere, ball, enough, seed, options)
    return found


def _nearest(
    predict: Predict,
    row: Floats,
    label: Any,
    elsewhere: Floats,
    ball: Ball,
    enough: float,
    seed: int,
    options: dict[str, Any],
) -> float:
    """Length of the shortest move found that makes a row misclassified."""
    low, high = ball.limits(row)
    free = np.flatnonzero((ball.scale > 0) & (low < high))
    bounds = low[free], high[free]

    def is_wrong(moves: Floats) -> NDArray[np.bool_]:
        moved = np.tile(row, (len(moves), 1))
        moved[:, free] += moves * ball.scale[free]
        return np.asarray(predict(moved) != label)

    if len(free) == 0:
        return math.inf
    oracle = _Oracle(is_wrong, ball.measure, bounds, enough)
    moves = (elsewhere[:, free] - row[free]) / ball.scale[free]
    starts = _starts(moves, ball, bounds, seed)
    with _seeded(seed), contextlib.suppress(_Stop), np.errstate(all="ignore"):
        wrong = oracle(starts)[:, 1] == 1
        if wrong.any():
            start = starts[wrong][ball.measure(starts[wrong]).argmin()]
            _hop_skip_jump(oracle, start, bounds, ball.norm, options)
    return oracle.distance


def _hop_skip_jump(
    oracle: _Oracle, start: NDArray[np.float32], bounds: Any, norm: str, options: dict[str, Any]
) -> None:
    """Walk along the border of the class; the oracle sees every step."""
    attacks = import_extra("art.attacks.evasion", "robust", PURPOSE)
    classifiers = import_extra("art.estimators.classification", "robust", PURPOSE)
    classifier = classifiers.BlackBoxClassifierNeuralNetwork(
        oracle, start.shape, 2, clip_values=bounds
    )
    settings = {"batch_size": BATCH_SIZE, "verbose": False, **options}
    attack = attacks.HopSkipJump(classifier, norm=np.inf if norm == "linf" else 2, **settings)
    attack.generate(
        np.zeros((1, len(start)), dtype=np.float32),
        np.array([[1.0, 0.0]]),
        # a start of its own choice would come from an unseeded generator
        x_adv_init=start[None],
    )


def _starts(
    moves: Floats, ball: Ball, bounds: tuple[Floats, Floats], seed: int
) -> NDArray[np.float32]:
    """Moves to the nearest rows of other classes and to random points of the valid range."""
    nearest = np.argsort(ball.measure(moves), kind="stable")[:STARTS]
    rng = np.random.RandomState(seed)
    drawn = rng.uniform(*bounds, size=(STARTS, len(bounds[0])))
    # half of the random points near the row, where an error counts
    drawn[::2] *= rng.uniform(size=(len(drawn[::2]), 1)) ** 2
    # as the library will ask again
    starts: Floats = np.clip(np.concatenate([moves[nearest], drawn]), *bounds)
    return starts.astype(np.float32)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """The library draws from numpy's global generator, which is put back as it was."""
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)
