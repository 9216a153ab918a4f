import numpy as np
import pytest

from sklearn_imbgen.over_sampling._swim import covariance_roots, mean_and_roots


def test_mean_and_roots_of_three_rows():
    mean, roots = mean_and_roots(np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 6.0]]))
    assert mean.tolist() == [1.0, 2.0]
    np.testing.assert_allclose(roots.root @ roots.root, [[2.0, -2.0], [-2.0, 8.0]])


def test_a_single_row_has_no_direction():
    mean, roots = mean_and_roots(np.array([[3.0, 4.0]], dtype=np.float32))
    assert mean.tolist() == [3.0, 4.0]
    for matrix in roots:
        assert matrix.dtype == np.float64
        assert not matrix.any()


def test_fewer_rows_than_columns_have_the_roots_of_their_covariance():
    rows = np.random.RandomState(0).normal(size=(4, 7)) + 5
    centred = rows - rows.mean(axis=0)
    _, roots = mean_and_roots(rows)
    expected = covariance_roots(centred.T @ centred / 4)
    for matrix, other in zip(roots, expected, strict=True):
        np.testing.assert_allclose(matrix, other, atol=1e-8)
    assert np.trace(roots.projection) == pytest.approx(3)


def test_roots_of_a_correlated_covariance():
    # variances 9 along (1, 1) and 1 across: the roots have 3 and 1 there
    roots = covariance_roots(np.array([[5.0, 4.0], [4.0, 5.0]]))
    np.testing.assert_allclose(roots.root, [[2.0, 1.0], [1.0, 2.0]])
    np.testing.assert_allclose(roots.inverse_root, np.array([[2.0, -1.0], [-1.0, 2.0]]) / 3)
    np.testing.assert_allclose(roots.projection, np.eye(2), atol=1e-12)


def test_a_dependent_column_is_left_out_not_divided_by():
    # the second column repeats the first: all variance, 2, lies along (1, 1)
    roots = covariance_roots(np.ones((2, 2)))
    np.testing.assert_allclose(roots.projection, np.full((2, 2), 0.5))
    np.testing.assert_allclose(roots.root, np.full((2, 2), np.sqrt(2) / 2))
    np.testing.assert_allclose(roots.inverse_root, np.full((2, 2), np.sqrt(0.5) / 2))


@pytest.mark.parametrize(("deviation", "rank"), [(1e-4, 2), (1e-6, 1), (0.0, 1)])
def test_where_a_direction_counts_as_constant(deviation, rank):
    roots = covariance_roots(np.diag([1.0, deviation**2]))
    assert np.trace(roots.projection) == pytest.approx(rank)
    assert np.isfinite(roots.inverse_root).all()


def test_nothing_varies():
    for matrix in covariance_roots(np.zeros((3, 3))):
        assert matrix.shape == (3, 3)
        assert not matrix.any()
