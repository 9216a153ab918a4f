from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_imbgen.robust import (
    LearningRateSchedule,
    effective_number_weights,
    inverse_frequency_weights,
)
from sklearn_imbgen.robust._weights import class_weights, epoch_of

CLASSES = np.array(["common", "rare"])


# -- weights -------------------------------------------------------------------------------------


def test_effective_numbers_by_hand():
    # 1.75, 1.5 and 1 effective rows: 4/7, 2/3 and 1, whose mean is 47/63
    found = effective_number_weights([3, 2, 1], beta=0.5)
    np.testing.assert_allclose(found, np.array([36, 42, 63]) / 47)


@pytest.mark.parametrize("weigh", [effective_number_weights, inverse_frequency_weights])
def test_weights_have_mean_1_and_grow_with_rarity(weigh):
    found = weigh([5000, 500, 50])
    assert found.mean() == pytest.approx(1)
    assert (np.diff(found) > 0).all()


def test_beta_goes_from_equal_weights_to_the_inverse_frequency():
    counts = [90, 10]
    np.testing.assert_allclose(effective_number_weights(counts, beta=0), [1, 1])
    np.testing.assert_allclose(
        effective_number_weights(counts, beta=1 - 1e-14), inverse_frequency_weights(counts)
    )


def test_effective_numbers_of_huge_classes_are_bounded():
    # 1 / (1 - beta) rows at most
    np.testing.assert_allclose(effective_number_weights([10**9, 10**12], beta=0.99), [1, 1])


@pytest.mark.parametrize("weigh", [effective_number_weights, inverse_frequency_weights])
def test_a_class_without_rows_has_no_weight_and_does_not_count(weigh):
    found = weigh([30, 0, 10])
    assert found[1] == 0
    np.testing.assert_allclose(found[[0, 2]], weigh([30, 10]))


def test_class_weight_by_each_of_its_values():
    counts = np.array([30, 10])
    assert class_weights(None, counts, CLASSES) is None
    np.testing.assert_allclose(class_weights("balanced", counts, CLASSES), [0.5, 1.5])
    np.testing.assert_allclose(
        class_weights("effective", counts, CLASSES), effective_number_weights(counts)
    )
    np.testing.assert_array_equal(class_weights([2, 3], counts, CLASSES), [2, 3])
    # as given, not normalised; silent is 1
    np.testing.assert_array_equal(class_weights({"rare": 7}, counts, CLASSES), [1, 7])


def test_class_weight_knows_numpy_labels():
    given = {np.int64(3): 2.0, 5: 0.5}
    found = class_weights(given, [1, 1], np.array([3, 5]))
    np.testing.assert_array_equal(found, [2.0, 0.5])


def test_a_label_that_y_does_not_hold_is_named():
    with pytest.raises(ValueError, match=r"class_weight names 'typo'.*'common', 'rare'"):
        class_weights({"typo": 1}, [1, 1], CLASSES)


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf")])
def test_weights_that_are_none_are_refused(weight):
    with pytest.raises(ValueError, match="class_weight must hold finite numbers of at least 0"):
        class_weights({"rare": weight}, [1, 1], CLASSES)


def test_an_array_of_weights_has_one_for_each_class():
    with pytest.raises(ValueError, match=r"each of the 2 classes; it has the shape \(3,\)"):
        class_weights([1, 2, 3], [1, 1], CLASSES)


def test_one_class_must_weigh_something():
    with pytest.raises(ValueError, match="class_weight must hold"):
        class_weights({"rare": 0, "common": 0}, [1, 1], CLASSES)


# -- schedule ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "max_epochs", "epoch"),
    [
        (0, 40, 0),
        (0.0, 40, 0),
        (1, 40, 1),
        (1.0, 40, 40),
        (0.8, 40, 32),
        (0.5, 5, 2),
        # 28.999... and 57.99... in floating point
        (0.29, 100, 29),
        (0.58, 100, 58),
        (np.int64(7), 40, 7),
        (np.float32(0.5), 40, 20),
        (160, 40, 160),
        (0.8, 0, 0),
    ],
)
def test_epoch_of_a_number_and_of_a_share(start, max_epochs, epoch):
    assert epoch_of(start, max_epochs) == epoch


def rates_of(milestones, max_epochs):
    """Learning rates of all epochs, from 1 on, halved at each milestone."""
    group = {"lr": 1.0}
    optimizer = SimpleNamespace(param_groups=[group])
    schedule = LearningRateSchedule(milestones, factor=0.5).initialize()
    rates = []
    for epoch in range(max_epochs):
        net = SimpleNamespace(
            history=[None] * (epoch + 1), max_epochs=max_epochs, optimizer_=optimizer
        )
        schedule.on_epoch_begin(net)
        rates.append(group["lr"])
    return rates


def test_the_rate_falls_at_each_milestone():
    assert rates_of((2, 0.5, 0.9), 10) == [1, 1, *[0.5] * 3, *[0.25] * 4, 0.125]
    assert rates_of((), 3) == [1, 1, 1]
    # a short training: both 80 % and 90 % of 4 epochs are 3
    assert rates_of((0.8, 0.9), 4) == [1, 1, 1, 0.25]
