"""What SWIM does beyond the contract."""

import numpy as np
import pytest

from sklearn_imbgen.over_sampling import SWIM
from sklearn_imbgen.over_sampling._swim import rescale_to_norms


@pytest.fixture
def swim():
    """Free to leave the range, so that no distance is changed by clipping."""
    return SWIM(clip=False, scaling="per_feature", random_state=0)


@pytest.fixture
def correlated():
    """100 rows of a correlated majority, 8 of a minority beside it."""
    rng = np.random.RandomState(0)
    mixing = np.array([[3.0, 0.0, 0.0], [2.0, 0.5, 0.0], [0.0, 1.0, 100.0]])
    majority = rng.normal(size=(100, 3)) @ mixing.T
    minority = rng.normal(loc=[2.0, -1.0, 0.5], scale=0.3, size=(8, 3)) @ mixing.T
    return np.vstack([majority, minority]), np.repeat([0, 1], [100, 8])


def distances(rows, majority):
    """Mahalanobis distances from the mean of the majority, by the pseudo-inverse."""
    centred = rows - majority.mean(axis=0)
    inverse = np.linalg.pinv(np.cov(majority.T, ddof=0), rcond=1e-9, hermitian=True)
    return np.sqrt(np.einsum("ij,jk,ik->i", centred, inverse, centred))


def distance_to_nearest(values, known):
    return np.abs(values[:, None] - known[None, :]).min(axis=1)


def made(sampler, X, y):
    return sampler.fit_resample(X, y)[0][len(X) :]


def test_points_are_stretched_to_the_norms_of_rows():
    points = np.array([[3.0, 4.0], [0.0, -1.0]])
    rows = np.array([[0.0, 10.0], [3.0, 4.0]])
    np.testing.assert_allclose(rescale_to_norms(points, rows), [[6.0, 8.0], [0.0, -5.0]])


def test_a_point_without_direction_becomes_its_row():
    rows = np.array([[1.0, 2.0], [0.0, 0.0]])
    np.testing.assert_array_equal(rescale_to_norms(np.zeros((2, 2)), rows), rows)


@pytest.mark.parametrize("length", [1e-310, 1e-150, 1e150])
def test_points_of_any_length_get_the_norm(length):
    rescaled = rescale_to_norms(np.array([[length, 0.0]]), np.array([[0.0, 1e6]]))
    assert np.linalg.norm(rescaled) == pytest.approx(1e6)


def test_new_rows_lie_at_the_distances_of_existing_ones(swim, correlated):
    X, y = correlated
    expected = distances(X[y == 1], X[y == 0])
    found = distances(made(swim, X, y), X[y == 0])
    assert len(found) == 92
    np.testing.assert_allclose(distance_to_nearest(found, expected), 0, atol=1e-4)
    # each of the eight distances is taken
    np.testing.assert_allclose(distance_to_nearest(expected, found), 0, atol=1e-4)


def test_new_rows_are_no_copies(swim, correlated):
    X, y = correlated
    new = made(swim, X, y)
    assert len(np.unique(new, axis=0)) == len(new)
    assert distance_to_nearest(new[:, 0], X[:, 0]).min() > 0


def test_without_spread_the_direction_is_that_of_the_class_mean():
    # majority white and centred on zero, so that whitening changes nothing but the scale
    majority = [[2.0, 0.0], [-2.0, 0.0], [0.0, 2.0], [0.0, -2.0]]
    X = np.array([*majority, [3.0, 3.0], [3.0, 5.0]])
    y = np.array([0, 0, 0, 0, 1, 1])
    swim = SWIM(spread=0.0, clip=False, scaling="global", random_state=0).fit(X, y)
    new = swim.sample(20, label=1)
    # the mean (3, 4) has norm 5, the rows have norms sqrt(18) and sqrt(34)
    norms = np.sqrt(np.where(np.linalg.norm(new, axis=1) < 5, 18.0, 34.0))
    np.testing.assert_allclose(new, norms[:, None] * [0.6, 0.8], rtol=1e-5)


def test_more_spread_makes_rows_wider(correlated):
    def width(spread):
        return made(SWIM(spread=spread, random_state=0), *correlated).std(axis=0)

    assert (width(0.0) < width(0.5)).all()
    assert (width(0.5) < width(2.0)).all()


def test_one_minority_row_borrows_the_spread_of_the_majority(swim, correlated):
    X, y = correlated[0][:101], correlated[1][:101]
    new = made(swim, X, y)
    found = distances(new, X[y == 0])
    np.testing.assert_allclose(found, distances(X[100:], X[y == 0])[0], rtol=1e-5)
    assert len(np.unique(new, axis=0)) == 99
    # most stay on its side of the majority
    towards = (new - X[:100].mean(axis=0)) @ np.linalg.inv(np.cov(X[:100].T))
    assert ((towards @ (X[100] - X[:100].mean(axis=0))) > 0).mean() > 0.8


def test_the_majority_is_the_most_frequent_of_several_classes(swim):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(100, 3)) * [1.0, 2.0, 3.0]
    y = np.array(["c", "a", "b"])[np.repeat([0, 1, 2], [70, 25, 5])]
    resampled, labels = swim.fit_resample(X, y)
    assert swim.majority_ == "c"
    for label in "ab":
        found = distances(resampled[100:][labels[100:] == label], X[y == "c"])
        expected = distances(X[y == label], X[y == "c"])
        np.testing.assert_allclose(distance_to_nearest(found, expected), 0, atol=1e-4)


@pytest.mark.parametrize("value", [1e-9, 5.0])
def test_a_column_in_which_only_the_minority_varies_keeps_its_values(swim, correlated, value):
    X, y = correlated
    own = np.where(y == 1, 5.0 + value * np.arange(len(y)), 5.0)
    X = np.column_stack([X, own])
    new = made(swim, X, y)
    assert np.isfinite(new).all()
    np.testing.assert_allclose(distance_to_nearest(new[:, 3], own[y == 1]), 0, atol=1e-4)
    found = distances(new[:, :3], X[y == 0, :3])
    expected = distances(X[y == 1, :3], X[y == 0, :3])
    np.testing.assert_allclose(distance_to_nearest(found, expected), 0, atol=1e-4)


def test_a_dependent_column_stays_dependent(swim, correlated):
    X, y = correlated
    X = np.column_stack([X, X[:, 0] - 2 * X[:, 1]])
    new = made(swim, X, y)
    np.testing.assert_allclose(new[:, 3], new[:, 0] - 2 * new[:, 1], atol=1e-4)


def test_fewer_majority_rows_than_columns(swim):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(19, 40)), np.repeat([0, 1], [15, 4])
    new = made(swim, X, y)
    assert np.isfinite(new).all()
    scale = X.std(axis=0)
    found = distances(new / scale, X[y == 0] / scale)
    expected = distances(X[y == 1] / scale, X[y == 0] / scale)
    np.testing.assert_allclose(distance_to_nearest(found, expected), 0, atol=1e-3)


def test_no_class_has_two_rows(swim):
    X = np.array([[0.0, 0.0], [1.0, 2.0]])
    np.testing.assert_allclose(swim.fit(X, [0, 1]).sample(3, label=1), X[[1, 1, 1]])


def test_duplicates_are_all_that_a_class_of_equal_rows_gives(swim, correlated):
    X, y = correlated
    X[y == 1] = X[-1]
    np.testing.assert_allclose(made(swim, X, y), np.tile(X[-1], (92, 1)), rtol=1e-5)


def test_a_one_hot_block_keeps_the_table_valid(correlated):
    X, y = correlated
    X = np.column_stack([X, np.arange(len(X)) % 3])
    new = made(SWIM(categorical_features=[3], random_state=0), X, y)
    assert set(new[:, 3]) <= {0.0, 1.0, 2.0}


@pytest.mark.parametrize("spread", [-0.1, "wide", None])
def test_spread_is_a_number_of_at_least_zero(correlated, spread):
    with pytest.raises(ValueError, match="'spread' parameter of SWIM"):
        SWIM(spread=spread).fit_resample(*correlated)
