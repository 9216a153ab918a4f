import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from sklearn_imbgen.utils import draw_pairs, neighbor_table


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
