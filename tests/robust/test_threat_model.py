import numpy as np
import pytest
import torch

from sklearn_imbgen.robust import AdversarialClassifier
from sklearn_imbgen.robust._attacks import feature_units, make_threat

X = np.array([[0.0, 5.0, 1.0], [4.0, 5.0, 2.0]])
SETTINGS = {"units": None, "clip_values": None, "feature_mask": None, "shape": (3,)}


def threat(**settings):
    return make_threat(0.1, "linf", **{**SETTINGS, **settings})


def test_units_by_hand():
    assert feature_units(None, X) is None
    np.testing.assert_array_equal(feature_units("std", X), [2, 0, 0.5])
    np.testing.assert_array_equal(feature_units("range", X), [4, 0, 1])
    np.testing.assert_array_equal(feature_units([1, 0, 3], X), [1, 0, 3])


def test_units_of_images_are_per_pixel_or_broadcast():
    images = np.arange(16.0).reshape(2, 2, 2, 2)
    np.testing.assert_array_equal(feature_units("range", images), np.full((2, 2, 2), 8))
    per_channel = feature_units(np.array([1.0, 2.0]).reshape(2, 1, 1), images)
    np.testing.assert_array_equal(per_channel[1], [[2, 2], [2, 2]])


def test_units_of_large_numbers_are_exact():
    # in float32 the standard deviation of these is 0
    large = np.array([[1e8], [1e8 + 2]], dtype=np.float64)
    np.testing.assert_array_equal(feature_units("std", large), [1])


def test_a_plain_threat_has_no_tensors():
    assert threat() == (0.1, "linf", None, None, None)


def test_mask_and_units_meet_in_the_scale():
    mask = [True, False, True]
    assert threat(feature_mask=mask).scale.tolist() == [1, 0, 1]
    assert threat(feature_mask=mask, units=np.array([2.0, 3.0, 4.0])).scale.tolist() == [2, 0, 4]


def test_clip_values_are_numbers_or_arrays():
    found = threat(clip_values=(0, [1, 2, 3]))
    assert found.low.tolist() == [0, 0, 0]
    assert found.high.tolist() == [1, 2, 3]
    assert found.low.dtype == torch.float32


def test_an_open_side_is_infinite():
    assert threat(clip_values=(0, np.inf)).high.isinf().all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"feature_mask": [True, False]}, r"feature_mask has the shape \(2,\).*\(3,\)"),
        ({"feature_mask": [1, 0, 1]}, "feature_mask must hold True.*int64"),
        ({"clip_values": (0, 1, 2)}, r"clip_values must be a pair.*\(0, 1, 2\)"),
        ({"clip_values": "01"}, "clip_values must be a pair"),
        ({"clip_values": (1, 0)}, "clip_values must be .* low <= high"),
        ({"clip_values": ([0, 0, 2], 1)}, "clip_values must be .* low <= high"),
        ({"clip_values": (float("nan"), 1)}, "clip_values must be .* low <= high"),
        ({"clip_values": ([0, 0], 1)}, r"clip_values has the shape \(2,\)"),
    ],
)
def test_errors_name_the_parameter(settings, message):
    with pytest.raises(ValueError, match=message):
        threat(**settings)


@pytest.mark.parametrize(
    ("feature_scale", "message"),
    [
        ([1.0, 2.0], r"feature_scale has the shape \(2,\)"),
        ([1.0, -2.0, 1.0], "feature_scale must hold finite numbers of at least 0"),
        ([1.0, np.nan, 1.0], "feature_scale must hold finite"),
        ([1.0, np.inf, 1.0], "feature_scale must hold finite"),
    ],
)
def test_errors_of_the_units_name_the_parameter(feature_scale, message):
    with pytest.raises(ValueError, match=message):
        feature_units(feature_scale, X)


def test_a_nearly_constant_feature_does_not_carry_the_attack_in_enlarged():
    random_state = np.random.RandomState(0)
    X = np.c_[random_state.normal(size=200), random_state.normal(scale=1e-3, size=200)]
    y = (X[:, 0] > 0).astype(int)
    net = AdversarialClassifier(epsilon=0.1, max_epochs=1, n_steps=1, random_state=0).fit(X, y)
    scale = net.module_.standardize.scale.numpy()
    # sqrt(std**2 + epsilon**2): the attack of 0.1 reaches one standard deviation, not a hundred
    np.testing.assert_allclose(scale, np.hypot(X.std(axis=0), 0.1), rtol=1e-5)
    natural = AdversarialClassifier(epsilon=0.1, max_epochs=1, n_steps=0, random_state=0).fit(X, y)
    np.testing.assert_allclose(natural.module_.standardize.scale.numpy(), X.std(axis=0), rtol=1e-5)
