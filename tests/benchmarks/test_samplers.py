import sys
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.oversampling.samplers import SmoteVariant, resample

X = np.array([[0.0], [1.0], [2.0], [3.0], [10.0], [12.0]])
Y = np.array([7, 7, 7, 7, 3, 3])


class StandIn:
    """A sampler that appends these rows, or raises."""

    def __init__(self, rows=(), error=None):
        self.rows, self.error = rows, error

    def fit_resample(self, X, y):
        if self.error:
            raise self.error
        made = np.reshape(self.rows, (-1, X.shape[1])).astype(float)
        return np.concatenate([X, made]), np.concatenate([y, np.full(len(made), 3)])


def run(sampler):
    return resample(sampler, X, Y)


@pytest.mark.parametrize(
    ("sampler", "reason"),
    [
        (StandIn(), "made no rows"),
        (StandIn([np.nan]), "made rows with NaN or infinity"),
        (StandIn(error=ValueError("too few\nrows")), "too few"),
        # ADASYN without a majority row near the minority
        (StandIn(error=RuntimeError("no neighbour")), "no neighbour"),
    ],
)
def test_a_refusal_leaves_the_rows_and_says_why(sampler, reason):
    result = run(sampler)
    assert result.X is X
    assert result.refusal == reason


def test_other_errors_are_not_taken_for_a_refusal():
    with pytest.raises(TypeError, match="a bug"):
        run(StandIn(error=TypeError("a bug")))


def test_smote_variants_get_0_and_1_and_may_drop_rows(monkeypatch):
    seen = []

    class NRAS:
        def __init__(self, random_state):
            self.random_state = random_state

        def sample(self, X, y):
            seen.append(y.tolist())
            made = np.concatenate([X[y == 0], X[y == 1][1:], [[11.0], [11.5], [11.9]]])
            return made, np.repeat([0, 1], 4)

    monkeypatch.setitem(sys.modules, "smote_variants", SimpleNamespace(NRAS=NRAS))
    sampler = SmoteVariant("NRAS", 0)
    result = run(sampler)
    assert seen == [[0, 0, 0, 0, 1, 1]]
    assert result.X.ravel().tolist() == [0.0, 1.0, 2.0, 3.0, 12.0, 11.0, 11.5, 11.9]
    assert result.y.tolist() == [7] * 4 + [3] * 4
    assert result.refusal == ""
