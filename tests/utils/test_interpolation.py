import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from sklearn_imbgen.utils import draw_pairs, import_extra, interpolate

LINE = np.array([[0.0], [1.0], [2.0], [10.0]])


def test_interpolation_is_the_formula_of_section_2_3_1_2():
    points = interpolate(np.array([[0.0, 0.0]]), np.array([[4.0, 8.0]]), np.array([0.75]))
    assert points.tolist() == [[3.0, 6.0]]


def test_interpolation_keeps_float32():
    start = np.zeros((1, 2), dtype=np.float32)
    assert interpolate(start, start, np.array([0.5])).dtype == np.float32


def test_pairs_join_nearest_neighbors_within_unit_steps():
    pairs = draw_pairs(LINE, 500, k_neighbors=1, random_state=0)
    nearest = {0: {1}, 1: {0, 2}, 2: {1}, 3: {2}}
    assert all(n in nearest[b] for b, n in zip(pairs.base, pairs.neighbor, strict=True))
    assert set(pairs.base) == {0, 1, 2, 3}
    assert ((pairs.step >= 0) & (pairs.step <= 1)).all()
    assert pairs.step.std() == pytest.approx(1 / np.sqrt(12), abs=0.03)


def test_an_estimator_counts_the_row_itself():
    pairs = draw_pairs(LINE, 100, k_neighbors=NearestNeighbors(n_neighbors=2), random_state=0)
    as_integer = draw_pairs(LINE, 100, k_neighbors=1, random_state=0)
    np.testing.assert_array_equal(pairs.neighbor, as_integer.neighbor)


def test_duplicates_do_not_break_the_neighbor_lists():
    pairs = draw_pairs(np.zeros((5, 2)), 50, k_neighbors=2, random_state=0)
    assert pairs.neighbor.shape == (50,)
    assert ((pairs.neighbor >= 0) & (pairs.neighbor < 5)).all()


def test_a_step_law_can_be_passed_in():
    pairs = draw_pairs(
        LINE, 9, k_neighbors=1, random_state=0, step_law=lambda base, neighbor, rng: base / 4
    )
    np.testing.assert_array_equal(pairs.step, pairs.base / 4)


def test_a_missing_extra_is_named():
    with pytest.raises(ImportError, match=r"Plots needs no_such_library.*sklearn-imbgen\[plots\]"):
        import_extra("no_such_library", "plots", "Plots")
