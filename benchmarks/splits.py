"""Training and test rows of one repeat, by the protocol of the dissertation's section 2.4.1."""

from typing import Any, NamedTuple

import numpy as np
from data import NATURAL, prepare
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from sklearn_imbgen.datasets import make_binary_imbalance

TEST_SIZE = 0.2
# the ratio of sets that are not thinned, in tables and files
AS_IS = "as is"


class Split(NamedTuple):
    """Rows to train and to test on, their labels, and which label is the minority's.

    ``X_removed`` are the minority rows that thinning took out of the training part.
    """

    X_train: np.ndarray
    X_test: np.ndarray
    y_train: np.ndarray
    y_test: np.ndarray
    minority: Any
    X_removed: np.ndarray | None = None

    @property
    def n_minority(self) -> int:
        """Minority rows in the training part."""
        return int(np.sum(self.y_train == self.minority))


def split_rows(name: str, X: np.ndarray, y: np.ndarray, ratio: str, seed: int) -> Split:
    """One repeat of a set, preprocessed; ``ratio`` is a number as text or "as is"."""
    if name in NATURAL:
        parts = train_test_split(X, y, test_size=TEST_SIZE, stratify=y, random_state=seed)
        split = Split(*parts, minority=1)
    elif name == "sensorless":
        split = split_short_minority(X, y, majority=1, ratio=float(ratio), seed=seed)
    else:
        made = make_binary_imbalance(
            X, y, ratio=float(ratio), test_size=TEST_SIZE, random_state=seed
        )
        used = np.concatenate([made.train_indices, made.test_indices])
        removed = np.setdiff1d(np.flatnonzero(y == made.minority), used)
        split = Split(
            made.X_train, made.X_test, made.y_train, made.y_test, made.minority, X[removed]
        )
    rows = {field: getattr(split, field) for field in ("X_train", "X_test", "X_removed")}
    there = {field: X for field, X in rows.items() if X is not None}
    return split._replace(**dict(zip(there, prepare(name, *there.values()), strict=True)))


def split_short_minority(
    X: np.ndarray, y: np.ndarray, *, majority: Any, ratio: float, seed: int
) -> Split:
    """Split where only the majority class has all its rows.

    As in the protocol, 80 % of the majority rows are trained on, beside ``ratio`` times as
    many minority rows, and the test part is balanced. But a fifth of a short class would be
    few test rows, so all minority rows that are not trained on are tested on, against as
    many of the majority's fifth (or as many as it has). The minority is a random class
    among those with enough rows.
    """
    rng = check_random_state(seed)
    rows = rng.permutation(np.flatnonzero(y == majority))
    n_test = int(TEST_SIZE * len(rows))
    majority_test, majority_train = rows[:n_test], rows[n_test:]
    n_keep = int(np.floor(ratio * len(majority_train) + 1e-9))
    labels = [label for label in rng.permutation(np.unique(y)) if label != majority]
    roomy = [label for label in labels if n_keep <= (1 - TEST_SIZE) * np.sum(y == label)]
    if n_keep < 1 or not roomy:
        raise SystemExit(f"ratio {ratio} asks for {n_keep} minority rows, which no class can give")
    mixed = rng.permutation(np.flatnonzero(y == roomy[0]))
    minority_train, minority_test = mixed[:n_keep], mixed[n_keep:]
    n_each = min(len(minority_test), len(majority_test))
    train = np.sort(np.concatenate([majority_train, minority_train]))
    test = np.sort(np.concatenate([majority_test[:n_each], minority_test[:n_each]]))
    return Split(X[train], X[test], y[train], y[test], roomy[0])
