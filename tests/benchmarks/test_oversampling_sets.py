"""Sets of chapter 2: how they are loaded, named, scaled and split."""

import gzip

import numpy as np
import pytest

from benchmarks.oversampling import sets
from benchmarks.oversampling.sets import load, split_of, split_rows, split_short_minority

# rows per class as in the file of Sensorless
COUNTS = {1: 5319, 2: 612, 3: 200, 4: 200, 5: 200}


def numbered_rows(counts):
    """X whose only column is the row's number."""
    y = np.repeat(list(counts), list(counts.values()))
    return np.arange(len(y), dtype=float).reshape(-1, 1), y


@pytest.mark.parametrize("seed", range(5))
def test_sensorless_trains_as_table_21_and_tests_on_a_balanced_part(seed):
    X, y = numbered_rows(COUNTS)
    split = split_rows("sensorless", X, y, 0.01, seed)
    assert (np.sum(split.y_train == 1), split.n_minority) == (4256, 42)
    assert set(split.y_train) == set(split.y_test) == {1, split.minority}
    assert not set(split.X_train.ravel()) & set(split.X_test.ravel())
    tested = [int(np.sum(split.y_test == label)) for label in (1, split.minority)]
    assert tested == [COUNTS[split.minority] - 42] * 2


def test_sensorless_draws_every_short_class_and_repeats_itself():
    X, y = numbered_rows(COUNTS)
    splits = [split_rows("sensorless", X, y, 0.01, seed) for seed in range(20)]
    assert {split.minority for split in splits} == {2, 3, 4, 5}
    again = split_rows("sensorless", X, y, 0.01, 3)
    np.testing.assert_array_equal(again.X_train, splits[3].X_train)


def test_a_ratio_that_most_classes_cannot_give_takes_the_one_that_can():
    X, y = numbered_rows(COUNTS)
    split = split_rows("sensorless", X, y, 0.1, 0)
    assert (split.minority, split.n_minority, np.sum(split.y_test == 2)) == (2, 425, 187)
    with pytest.raises(SystemExit, match="which no class can give"):
        split_rows("sensorless", X, y, 0.5, 0)


def test_the_test_part_is_cut_to_the_majority_rows_held_out():
    X, y = numbered_rows({"a": 100, "b": 90})
    split = split_short_minority(X, y, majority="a", ratio=0.1, seed=0)
    assert [int(np.sum(split.y_test == label)) for label in "ab"] == [20, 20]
    assert split.n_minority == 8


def test_natural_sets_keep_their_imbalance_in_both_parts():
    X, y = numbered_rows({0: 90, 1: 10})
    split = split_rows("abalone19", X, y, None, 0)
    assert (split.minority, split.n_minority, split.y_test.sum()) == (1, 8, 2)


def test_the_removed_rows_are_the_rest_of_the_minority():
    X, y = numbered_rows({3: 100, 7: 100})
    split = split_rows("usps", X, y, 0.1, 0)
    assert (split.n_minority, len(split.X_removed)) == (8, 72)
    minority_rows = set(X[y == split.minority].ravel())
    parts = [split.X_train, split.X_test, split.X_removed]
    assert minority_rows <= set(np.concatenate(parts).ravel())
    assert sum(map(len, parts)) == len(X)


def test_a_missing_file_is_named_and_an_unknown_set_told(tmp_path):
    with pytest.raises(SystemExit, match="--sets usps needs --data-dir"):
        load("usps", None)
    with pytest.raises(SystemExit, match=r"madelon needs the file .*madelon\.npz"):
        load("madelon", tmp_path)
    for name in ("usps", "abalone19-0.1", "digits-2", "digits-few"):
        with pytest.raises(SystemExit, match=f"--sets {name}: a set is one of"):
            sets.table_and_ratio(name)


def test_gisette_without_network_fails_in_one_line(monkeypatch):
    def offline(**arguments):
        raise ConnectionError("Gisette is not cached, and OpenML could not be reached")

    monkeypatch.setattr(sets, "fetch_gisette", offline)
    load.cache_clear()
    with pytest.raises(SystemExit, match="Gisette is not cached") as caught:
        load("gisette", None)
    assert "\n" not in str(caught.value)


def test_pixels_are_scaled_and_one_class_stands_against_the_rest(tmp_path):
    X = np.array([[0, 1000], [2000, 500]], dtype=np.uint16)
    np.savez(tmp_path / "usps.npz", X=X, y=np.array([3, 4]))
    np.savez(tmp_path / "satimage.npz", X=X, y=np.array([4, 7]))
    assert load("usps", tmp_path)[0].tolist() == [[0.0, 0.5], [1.0, 0.25]]
    X_whole, y = load("satimage", tmp_path)
    assert X_whole.dtype == np.float64
    assert y.tolist() == [1, 0]


def test_car_becomes_columns_of_zero_and_one(tmp_path):
    with gzip.open(tmp_path / "car_vgood.csv.gz", "wt") as file:
        file.write("Doors,Safety,Class\n2,low,negative\n5more,high,positive\n")
    X, y = load("car_vgood", tmp_path)
    assert X.tolist() == [[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]]
    assert y.tolist() == [0, 1]


def test_only_the_named_sets_are_standardised(tmp_path):
    X = np.arange(40.0).reshape(-1, 1) ** 2
    for name in ("abalone19", "madelon"):
        np.savez(tmp_path / f"{name}.npz", X=X, y=np.repeat([0, 1], [30, 10]))
    scaled = split_of("abalone19", tmp_path, 0)
    assert scaled.X_train.mean() == pytest.approx(0)
    assert scaled.X_train.std() == pytest.approx(1)
    assert abs(scaled.X_test.mean()) > 1e-6
    raw = split_of("madelon-0.5", tmp_path, 0)
    assert set(raw.X_train.ravel()) <= set(X.ravel())
    assert set(sets.NATURAL) >= sets.STANDARDISED
