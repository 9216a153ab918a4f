import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from sklearn_imbgen.utils import draw_pairs, interpolate, neighbor_table

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


@pytest.fixture
def rows():
    return np.random.RandomState(0).normal(size=(600, 3))


@pytest.mark.parametrize("k_neighbors", [4, NearestNeighbors(n_neighbors=5)])
def test_a_class_of_one_group_is_searched_exactly(rows, k_neighbors):
    exact = NearestNeighbors(n_neighbors=5).fit(rows).kneighbors(return_distance=False)
    np.testing.assert_array_equal(neighbor_table(rows, k_neighbors), exact[:, :4])


def test_groups_find_near_rows_that_are_not_the_row_itself(rows):
    table = neighbor_table(rows, 4, group_rows=100)
    assert table.shape == (600, 4)
    assert (table != np.arange(600)[:, None]).all()
    assert all(len(set(row)) == 4 for row in table.tolist())
    exact, _ = NearestNeighbors(n_neighbors=4).fit(rows).kneighbors()
    found = np.linalg.norm(rows[:, None] - rows[table], axis=2)
    random = np.linalg.norm(rows - rows[::-1], axis=1)
    assert exact.mean() < found.mean() < 1.5 * exact.mean() < random.mean() / 2


def test_groups_hold_neighbors_enough_and_stand_duplicates():
    assert neighbor_table(np.zeros((50, 2)), 6, group_rows=3).shape == (50, 6)


def test_pairs_from_a_table_are_those_without(rows):
    table = neighbor_table(rows, 4)
    expected = draw_pairs(rows, 99, k_neighbors=4, random_state=0)
    for got, want in zip(
        draw_pairs(rows, 99, k_neighbors=4, random_state=0, table=table), expected, strict=True
    ):
        np.testing.assert_array_equal(got, want)
