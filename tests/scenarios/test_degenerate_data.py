"""Degenerate data sets x every sampler."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from sklearn_imbgen.exceptions import FewSamplesWarning
from tests.registry import tuned


def rows(n_samples, n_features=4, seed=0):
    return np.random.RandomState(seed).normal(size=(n_samples, n_features))


def labels(n_majority, n_minority):
    return np.repeat([0, 1], [n_majority, n_minority])


def assert_balanced(sampler, X, y):
    X_resampled, y_resampled = sampler.fit_resample(X, y)
    assert len(set(Counter(np.asarray(y_resampled).tolist()).values())) == 1
    assert np.isfinite(np.asarray(X_resampled, dtype=float)).all()
    return X_resampled, y_resampled


def test_two_minority_rows_lower_the_neighbors_with_a_warning(sampler):
    X, y = rows(30), labels(28, 2)
    if hasattr(sampler, "k_neighbors"):
        with pytest.warns(FewSamplesWarning, match="Class .*1.* has 2 rows.* from 5 to 1"):
            assert_balanced(sampler, X, y)
    else:
        assert_balanced(sampler, X, y)


def test_one_minority_row_is_refused_by_name_and_count(network_sampler):
    with pytest.raises(ValueError, match=r"class 'rare': it has 1 row .*sampling_strategy"):
        network_sampler.fit_resample(rows(30), np.array(["common"] * 29 + ["rare"]))


def test_a_one_row_class_that_is_left_out_does_no_harm(swim):
    y = np.repeat([0, 1, 2], [20, 9, 1])
    _, y_resampled = swim.set_params(sampling_strategy={1: 20}).fit_resample(rows(30), y)
    assert Counter(y_resampled.tolist()) == {0: 20, 1: 20, 2: 1}


def test_one_class_is_refused(swim):
    with pytest.raises(ValueError, match="more than 1 class"):
        swim.fit_resample(rows(30), np.zeros(30, dtype=int))


def test_a_constant_column_stays_constant(sampler):
    X = rows(60)
    X[:, 1] = 3.7
    X_resampled, _ = assert_balanced(sampler, X, labels(50, 10))
    assert (X_resampled[:, 1] == 3.7).all()


def test_all_columns_constant(sampler):
    assert_balanced(sampler, np.ones((60, 2)), labels(50, 10))


def test_one_feature(sampler):
    assert_balanced(sampler, rows(60, 1), labels(50, 10))


def test_duplicate_rows(sampler):
    assert_balanced(sampler, np.repeat(rows(12), 5, axis=0), labels(50, 10))


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e30, 1e300])
def test_huge_and_tiny_scales(sampler, scale):
    X = rows(60)
    X[:, 0] *= scale
    X_resampled, _ = assert_balanced(sampler, X, labels(50, 10))
    assert len(np.unique(X_resampled[60:, 0])) > 1


def test_a_large_offset_keeps_its_fine_structure(sampler):
    X = rows(60) + 1e9
    X_resampled, _ = assert_balanced(sampler, X, labels(50, 10))
    assert (np.ptp(X_resampled[60:], axis=0) > 0).any()


def test_limits_of_float64_and_int64(sampler):
    X = np.sign(rows(60)) * np.finfo(float).max
    assert_balanced(sampler, X, labels(50, 10))
    limits = np.iinfo(np.int64)
    X = np.where(rows(60) > 0, limits.max, limits.min)
    X_resampled, _ = sampler.fit_resample(X, labels(50, 10))
    assert X_resampled.dtype == np.int64


def test_fewer_rows_than_a_batch(network_sampler):
    assert_balanced(tuned(network_sampler, batch_size=512), rows(20), labels(14, 6))


def test_more_classes_than_a_batch_has_rows(network_sampler):
    y = np.repeat(np.arange(10), [20, *[7] * 9])
    assert_balanced(tuned(network_sampler, batch_size=4), rows(len(y)), y)


@pytest.mark.parametrize(
    "names",
    [
        ("no", "yes"),
        (b"no", b"yes"),
        (-1, 7),
        (False, True),
        (1.0, 2.0),
        (np.datetime64("2026-01-01"), np.datetime64("2026-01-02")),
        (np.datetime64("2026-01-01", "ns"), np.datetime64("2026-01-02", "ns")),
        (np.timedelta64(1, "ns"), np.timedelta64(2, "ns")),
    ],
    ids=lambda names: str(np.array(names).dtype),
)
def test_any_kind_of_label(swim, names):
    y = np.array(names)[labels(50, 10)]
    # bytes are refused by scikit-learn, for imbalanced-learn's samplers too
    if y.dtype.kind == "S":
        with pytest.raises((ValueError, TypeError)):
            swim.fit_resample(rows(60), y)
        return
    _, y_resampled = swim.fit_resample(rows(60), y)
    assert y_resampled.dtype == y.dtype
    assert [(y_resampled == name).sum() for name in np.array(names)] == [50, 50]
    assert swim.fit(rows(60), y).sample(2, label=np.array(names)[1]).shape == (2, 4)


@pytest.mark.parametrize("unit", ["D", "ns"])
def test_messages_name_dates_as_dates(network_sampler, unit):
    days = np.array(["2026-01-01", "2026-01-02"], dtype=f"datetime64[{unit}]")
    with pytest.raises(ValueError, match=r"class '2026-01-02.*it has 1 row "):
        network_sampler.fit_resample(rows(30), days[labels(29, 1)])
    network_sampler.fit(rows(30), days[labels(20, 10)])
    with pytest.raises(ValueError, match=r"label='2027-01-01' .*\['2026-01-01.*', '2026-01-02"):
        network_sampler.sample(1, label=np.datetime64("2027-01-01"))


@pytest.mark.parametrize("dtype", ["datetime64[ns]", "category"])
def test_dates_in_a_series_stay_one(swim, dtype):
    days = np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[ns]")
    y = pd.Series(days[labels(50, 10)], name="day").astype(dtype)
    _, y_resampled = swim.fit_resample(rows(60), y)
    assert y_resampled.dtype == y.dtype
    assert y_resampled.name == "day"
    assert y_resampled.value_counts().tolist() == [50, 50]


def test_labels_in_an_object_array_and_in_a_category_series(swim):
    y = np.array(["no", "yes"], dtype=object)[labels(50, 10)]
    _, as_objects = swim.fit_resample(rows(60), y)
    assert as_objects.dtype == object
    _, as_category = swim.fit_resample(rows(60), pd.Series(y, dtype="category"))
    assert as_category.dtype == "category"


def test_read_only_memory(swim):
    X, y = rows(60), labels(50, 10)
    X.flags.writeable = y.flags.writeable = False
    assert_balanced(swim, X, y)


def test_memory_mapped_rows(swim, tmp_path):
    np.save(tmp_path / "X.npy", rows(60))
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    mapped, _ = swim.fit_resample(X, labels(50, 10))
    in_memory, _ = swim.fit_resample(np.array(X), labels(50, 10))
    np.testing.assert_array_equal(mapped, in_memory)


def test_rows_in_fortran_order_give_the_same(swim):
    X, y = rows(60), labels(50, 10)
    np.testing.assert_array_equal(
        swim.fit_resample(X, y)[0], swim.fit_resample(np.asfortranarray(X), y)[0]
    )


@pytest.mark.parametrize("missing", [-1, 0])
def test_a_label_matrix_is_refused_with_a_pointer(swim, missing):
    answers = np.random.RandomState(0).randint(0, 2, size=(60, 3))
    answers[:5] = missing
    with pytest.raises(ValueError, match=r"sklearn_imbgen\.crowd"):
        swim.fit_resample(rows(60), answers)
    with pytest.raises(ValueError, match=r"sklearn_imbgen\.crowd"):
        swim.fit(rows(60), answers)


def test_one_hot_labels_are_one_label_per_row(swim):
    one_hot = np.eye(3, dtype=int)[np.repeat([0, 1, 2], [40, 10, 10])]
    _, y_resampled = swim.fit_resample(rows(60), one_hot)
    assert y_resampled.sum(axis=0).tolist() == [40, 40, 40]


def test_images_must_be_flattened(swim):
    with pytest.raises(ValueError, match="dim 3"):
        swim.fit_resample(rows(60).reshape(60, 2, 2), labels(50, 10))
