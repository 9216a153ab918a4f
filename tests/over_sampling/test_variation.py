"""Borrowed variation: the numbers, and what GLGAN does with them."""

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_imbgen.over_sampling._variation import (
    draw_class_pairs,
    effective_dimension,
    same_class_differences,
    variation_share,
    within_class_covariance,
)
from tests.registry import SAMPLERS, tuned


def test_covariance_is_around_the_mean_of_each_class():
    # class 0 varies by 1 around 1 along the first axis, class 1 by 2 around 2 along the second
    rows = np.array([[0.0, 5.0], [2.0, 5.0], [9.0, 0.0], [9.0, 4.0]])
    expected = [[(1 + 1) / 4, 0.0], [0.0, (4 + 4) / 4]]
    np.testing.assert_allclose(within_class_covariance(rows, np.array([0, 0, 1, 1])), expected)


@pytest.mark.parametrize(
    ("variances", "expected"),
    [
        ([1.0, 1.0, 1.0], 3.0),
        ([5.0, 0.0, 0.0], 1.0),
        # exp(-(3/4 ln 3/4 + 1/4 ln 1/4)) = 4 / 3**(3/4)
        ([3.0, 1.0], 4 / 3**0.75),
        ([0.0, 0.0], 0.0),
    ],
)
def test_effective_dimension_counts_directions_by_their_variance(variances, expected):
    assert effective_dimension(np.diag(variances)) == pytest.approx(expected)


def test_effective_dimension_does_not_depend_on_the_axes():
    angle = np.array([[0.6, -0.8], [0.8, 0.6]])
    covariance = angle @ np.diag([3.0, 1.0]) @ angle.T
    assert effective_dimension(covariance) == pytest.approx(4 / 3**0.75)


def test_a_class_borrows_less_the_more_rows_it_has():
    shares = [variation_share(10.0, n_rows) for n_rows in (2, 10, 1000)]
    np.testing.assert_allclose(shares, [10 / 12, 0.5, 10 / 1010])
    assert variation_share(0.0, 5) == 0.0


def test_pairs_are_two_different_rows_of_one_class():
    codes = np.array([2, 0, 1, 0, 2, 2])  # class 1 has a single row
    first, second = draw_class_pairs(codes, 5000, np.random.RandomState(0))
    assert (codes[first] == codes[second]).all()
    assert (first != second).all()
    assert len(set(zip(first.tolist(), second.tolist(), strict=True))) == 2 * 1 + 3 * 2
    # as often as their rows: 3 of the 5 rows that have another of their class
    assert np.mean(codes[first] == 2) == pytest.approx(3 / 5, abs=0.03)


def test_differences_have_the_share_of_the_pooled_covariance():
    random_state = np.random.RandomState(0)
    rows = random_state.normal(size=(400, 3)) @ np.array([[2.0, 1, 0], [0, 1, 0], [0, 0, 0]])
    codes = np.repeat([0, 1], [300, 100])
    rows[codes == 1] += 50.0
    moves, doubled = same_class_differences((rows, 2 * rows), codes, 50_000, 0.25, random_state)
    np.testing.assert_allclose(moves.mean(axis=0), 0, atol=0.02)
    pooled = within_class_covariance(rows, codes)
    np.testing.assert_allclose(np.cov(moves.T), 0.25 * pooled, atol=0.03)
    np.testing.assert_allclose(doubled, 2 * moves)


@pytest.fixture
def plain_gl_gan():
    """GLGAN as the dissertation has it."""
    sampler = clone(SAMPLERS["GLGAN"])
    return sampler.set_params(shared_variation=0.0, residual_weight=0.0, candidates_per_row=1)


def new_rows(sampler, X, y):
    return sampler.fit_resample(X, y)[0][len(X) :]


def test_residuals_bring_new_rows_to_the_real_ones(plain_gl_gan, imbalanced):
    X, y = imbalanced
    tuned(plain_gl_gan, residual_weight=1.0, clip=False, k_neighbors=1)
    rows = new_rows(plain_gl_gan, X, y)
    minority = X[y == 1]
    # a decoded point and its residual lie on the line between two rows, up to the
    # generator's curvature
    without = new_rows(plain_gl_gan.set_params(residual_weight=0.0), X, y)

    def distance(points):
        return np.linalg.norm(points[:, None] - minority[None], axis=2).min(axis=1).mean()

    assert distance(rows) < 0.8 * distance(without)


def test_variation_widens_the_new_rows(plain_gl_gan, imbalanced):
    narrow = new_rows(plain_gl_gan, *imbalanced)
    wide = new_rows(plain_gl_gan.set_params(shared_variation=1.0), *imbalanced)
    assert wide.std(axis=0).sum() > 1.1 * narrow.std(axis=0).sum()


def test_auto_follows_the_rows_of_the_class(plain_gl_gan, imbalanced):
    X, y = imbalanced
    plain_gl_gan.set_params(shared_variation="auto").fit(X, y)
    dimension = plain_gl_gan._dimension
    assert plain_gl_gan._variation_share(1) == pytest.approx(dimension / (dimension + 10))
    assert plain_gl_gan._variation_share(0) == pytest.approx(dimension / (dimension + 90))


@pytest.mark.parametrize("name", ["shared_variation", "residual_weight"])
def test_negative_settings_are_refused(plain_gl_gan, imbalanced, name):
    with pytest.raises(ValueError, match=name):
        plain_gl_gan.set_params(**{name: -0.5}).fit_resample(*imbalanced)
