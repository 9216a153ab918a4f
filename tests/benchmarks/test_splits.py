import numpy as np
import pytest
from splits import AS_IS, split_rows, split_short_minority

# rows per class as in the file of Sensorless
COUNTS = {1: 5319, 2: 612, 3: 200, 4: 200, 5: 200}


def numbered_rows(counts):
    """X whose only column is the row's number."""
    y = np.repeat(list(counts), list(counts.values()))
    return np.arange(len(y), dtype=float).reshape(-1, 1), y


@pytest.mark.parametrize("seed", range(5))
def test_sensorless_trains_as_table_21_and_tests_on_a_balanced_part(seed):
    X, y = numbered_rows(COUNTS)
    split = split_rows("sensorless", X, y, "0.01", seed)
    assert (np.sum(split.y_train == 1), split.n_minority) == (4256, 42)
    assert set(split.y_train) == set(split.y_test) == {1, split.minority}
    assert not set(split.X_train.ravel()) & set(split.X_test.ravel())
    tested = [int(np.sum(split.y_test == label)) for label in (1, split.minority)]
    assert tested == [COUNTS[split.minority] - 42] * 2


def test_sensorless_draws_every_short_class_and_repeats_itself():
    X, y = numbered_rows(COUNTS)
    splits = [split_rows("sensorless", X, y, "0.01", seed) for seed in range(20)]
    assert {split.minority for split in splits} == {2, 3, 4, 5}
    again = split_rows("sensorless", X, y, "0.01", 3)
    np.testing.assert_array_equal(again.X_train, splits[3].X_train)


def test_a_ratio_that_most_classes_cannot_give_takes_the_one_that_can():
    X, y = numbered_rows(COUNTS)
    split = split_rows("sensorless", X, y, "0.1", 0)
    assert (split.minority, split.n_minority, np.sum(split.y_test == 2)) == (2, 425, 187)
    with pytest.raises(SystemExit, match="which no class can give"):
        split_rows("sensorless", X, y, "0.5", 0)


def test_the_test_part_is_cut_to_the_majority_rows_held_out():
    X, y = numbered_rows({"a": 100, "b": 90})
    split = split_short_minority(X, y, majority="a", ratio=0.1, seed=0)
    assert [int(np.sum(split.y_test == label)) for label in "ab"] == [20, 20]
    assert split.n_minority == 8


def test_natural_sets_keep_their_imbalance_in_both_parts():
    X, y = numbered_rows({0: 90, 1: 10})
    split = split_rows("abalone19", X, y, AS_IS, 0)
    assert (split.minority, split.n_minority, split.y_test.sum()) == (1, 8, 2)
    assert split.X_train.mean() == pytest.approx(0)


def test_the_removed_rows_are_the_rest_of_the_minority():
    X, y = numbered_rows({3: 100, 7: 100})
    split = split_rows("usps", X, y, "0.1", 0)
    assert (split.n_minority, len(split.X_removed)) == (8, 72)
    minority_rows = set(X[y == split.minority].ravel())
    parts = [split.X_train, split.X_test, split.X_removed]
    assert minority_rows <= set(np.concatenate(parts).ravel())
    assert sum(map(len, parts)) == len(X)
