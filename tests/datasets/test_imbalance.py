"""Step, exponential and binary imbalance: class sizes, containers, seeds, errors."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_imbgen.datasets import (
    make_binary_imbalance,
    make_exponential_imbalance,
    make_step_imbalance,
)


def rows_per_class(n_rows, labels):
    """X whose single feature is the row number, and y in blocks mixed by a fixed stride."""
    y = np.repeat(np.asarray(labels), n_rows)
    return np.arange(len(y), dtype=np.float32).reshape(-1, 1), y


def cifar10_labels():
    return np.tile(np.arange(10), 5000)


def counts(y, labels):
    return [int(np.sum(np.asarray(y) == label)) for label in labels]


# ---------------------------------------------------------------- step profile


@pytest.mark.parametrize(("ratio", "n_minority"), [(10, 500), (100, 50)])
def test_step_on_cifar10_shrinks_the_last_five_classes(ratio, n_minority):
    y = cifar10_labels()
    _, y_step, _ = make_step_imbalance(
        np.zeros((len(y), 1)), y, imbalance_ratio=ratio, random_state=0
    )
    assert counts(y_step, range(10)) == [5000] * 5 + [n_minority] * 5


def test_step_gives_the_middle_class_of_an_odd_number_to_the_majority():
    X, y = rows_per_class(20, [0, 1, 2])
    _, y_step, _ = make_step_imbalance(X, y, imbalance_ratio=10)
    assert counts(y_step, [0, 1, 2]) == [20, 20, 2]


def test_step_shrinks_the_named_classes_only():
    X, y = rows_per_class(20, ["ant", "bee", "cat"])
    _, y_step, _ = make_step_imbalance(X, y, imbalance_ratio=4, minority_classes=["ant", "bee"])
    assert counts(y_step, ["ant", "bee", "cat"]) == [5, 5, 20]


def test_step_measures_the_ratio_from_the_largest_majority_class():
    y = np.repeat([0, 1, 2, 3], [40, 30, 25, 20])
    _, y_step, _ = make_step_imbalance(np.zeros((115, 2)), y, imbalance_ratio=4)
    assert counts(y_step, range(4)) == [40, 30, 10, 10]


def test_step_refuses_a_minority_class_with_too_few_rows():
    y = np.repeat(["big", "tiny"], [100, 3])
    with pytest.raises(ValueError, match=r"Class 'tiny' has 3 rows, fewer than the 10"):
        make_step_imbalance(np.zeros((103, 1)), y, imbalance_ratio=10)


def test_step_refuses_a_ratio_that_no_minority_row_survives():
    X, y = rows_per_class(5, [0, 1])
    with pytest.raises(ValueError, match=r"imbalance_ratio=10.*Take at most 5"):
        make_step_imbalance(X, y, imbalance_ratio=10)


@pytest.mark.parametrize(
    ("minority_classes", "message"),
    [
        (["emu"], r"minority_classes names 'emu'.*\['ant', 'bee'\]"),
        (["ant", "ant"], r"minority_classes names 'ant' twice"),
        ([], r"at least one class"),
        (["ant", "bee"], r"leave at least one to the majority"),
    ],
)
def test_step_refuses_minority_classes_that_make_no_sense(minority_classes, message):
    X, y = rows_per_class(10, ["ant", "bee"])
    with pytest.raises(ValueError, match=message):
        make_step_imbalance(X, y, minority_classes=minority_classes)


# --------------------------------------------------------- exponential profile


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        # floor(5000 * ratio ** (-i / 9)), the lists in use for long-tailed CIFAR10
        (10, [5000, 3871, 2997, 2320, 1796, 1391, 1077, 834, 645, 500]),
        (100, [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]),
    ],
)
def test_exponential_on_cifar10_decays_from_the_first_class_to_the_last(ratio, expected):
    y = cifar10_labels()
    X = np.zeros((len(y), 1))
    _, y_exp, _ = make_exponential_imbalance(X, y, imbalance_ratio=ratio, random_state=0)
    assert counts(y_exp, range(10)) == expected


def test_exponential_multiplies_the_size_each_class_had():
    y = np.repeat([0, 1, 2], [60, 50, 40])
    _, y_exp, _ = make_exponential_imbalance(np.zeros((150, 1)), y, imbalance_ratio=4)
    assert counts(y_exp, [0, 1, 2]) == [60, 25, 10]


def test_exponential_follows_the_order_of_classes_given():
    X, y = rows_per_class(100, [0, 1, 2])
    _, y_exp, _ = make_exponential_imbalance(X, y, imbalance_ratio=100, class_order=[2, 0, 1])
    assert counts(y_exp, [2, 0, 1]) == [100, 10, 1]


@pytest.mark.parametrize(
    ("class_order", "message"),
    [
        ([0, 1], r"class_order must name every class once; absent: \[2\]"),
        ([0, 1, 1], r"class_order names 1 twice"),
        ([0, 1, 9], r"class_order names 9"),
    ],
)
def test_exponential_refuses_an_order_that_is_no_permutation(class_order, message):
    X, y = rows_per_class(20, [0, 1, 2])
    with pytest.raises(ValueError, match=message):
        make_exponential_imbalance(X, y, class_order=class_order)


def test_exponential_names_the_class_that_would_vanish():
    X, y = rows_per_class(20, ["ant", "bee", "cat"])
    with pytest.raises(ValueError, match=r"no row of class 'cat', which has 20 rows"):
        make_exponential_imbalance(X, y, imbalance_ratio=100)


# -------------------------------------------------------------- binary profile


@pytest.mark.parametrize(
    ("n_rows", "n_majority", "n_minority"),
    [
        pytest.param(929, 744, 7, id="USPS"),
        pytest.param(5319, 4256, 42, id="Sensorless Drive Diagnosis"),
        pytest.param(1936, 1549, 15, id="Gas Sensor Array Drift"),
        pytest.param(1300, 1040, 10, id="Madelon"),
        pytest.param(3500, 2800, 28, id="Gisette"),
    ],
)
def test_binary_gives_the_sizes_of_table_2_1(n_rows, n_majority, n_minority):
    X, y = rows_per_class(n_rows, ["majority", "minority"])
    data = make_binary_imbalance(X, y, majority="majority", minority="minority")
    assert counts(data.y_train, ["majority", "minority"]) == [n_majority, n_minority]
    assert counts(data.y_test, ["majority", "minority"]) == [n_rows - n_majority] * 2


def test_binary_draws_two_distinct_classes_that_vary_with_the_seed():
    X, y = rows_per_class(200, [0, 1, 2, 3])
    pairs = set()
    for seed in range(20):
        data = make_binary_imbalance(X, y, ratio=0.1, random_state=seed)
        assert counts(data.y_train, [data.majority, data.minority]) == [160, 16]
        assert len(data.y_train) == 176
        pairs.add((data.majority, data.minority))
    assert len(pairs) > 5
    assert all(majority != minority for majority, minority in pairs)


@pytest.mark.parametrize("named", [{"majority": 2}, {"minority": 2}])
def test_binary_draws_the_class_that_is_not_named(named):
    X, y = rows_per_class(100, [0, 1, 2])
    for seed in range(5):
        data = make_binary_imbalance(X, y, ratio=0.5, random_state=seed, **named)
        assert {key: data[key] for key in named} == named
        assert data.majority != data.minority


def test_binary_train_and_test_rows_are_disjoint():
    X, y = rows_per_class(100, [0, 1])
    data = make_binary_imbalance(X, y, ratio=1, random_state=0)
    together = np.concatenate([data.train_indices, data.test_indices])
    assert sorted(together) == list(range(200))


def test_binary_ratio_changes_neither_test_set_nor_the_draw_of_rows():
    X, y = rows_per_class(500, [0, 1, 2])
    few = make_binary_imbalance(X, y, ratio=0.01, random_state=3)
    many = make_binary_imbalance(X, y, ratio=0.5, random_state=3)
    np.testing.assert_array_equal(few.test_indices, many.test_indices)
    assert set(few.train_indices) < set(many.train_indices)


def test_binary_counts_a_decimal_ratio_without_rounding_trouble():
    X, y = rows_per_class(125, [0, 1])  # 100 candidates; 0.29 * 100 is 28.999...
    data = make_binary_imbalance(X, y, ratio=0.29, majority=0, minority=1)
    assert counts(data.y_train, [0, 1]) == [100, 29]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ratio": 0.01}, r"ratio=0\.01 asks for 0\.4 .*no minority row would be left"),
        ({"majority": 0, "minority": 0}, r"the same class 0"),
        ({"majority": 7}, r"majority names 7"),
        ({"minority": 7}, r"minority names 7"),
        ({"test_size": 0.01}, r"has 50 rows, too few for test_size=0\.01"),
        ({"ratio": 0}, r"ratio == 0, must be > 0"),
        ({"ratio": 1.5}, r"ratio == 1\.5, must be <= 1"),
        ({"ratio": float("nan")}, r"ratio must be finite"),
        ({"test_size": 1.0}, r"test_size == 1\.0, must be < 1"),
    ],
)
def test_binary_refuses_options_that_make_no_sense(options, message):
    X, y = rows_per_class(50, [0, 1])
    with pytest.raises(ValueError, match=message):
        make_binary_imbalance(X, y, **options)


def test_binary_refuses_more_minority_rows_than_there_are():
    y = np.repeat(["big", "tiny"], [100, 10])
    with pytest.raises(ValueError, match=r"asks for 40 .*'tiny'.*too few.*8 candidates of 10"):
        make_binary_imbalance(np.zeros((110, 1)), y, ratio=0.5, majority="big", minority="tiny")


# --------------------------------------------------- what all three have in common


def step(X, y, **options):
    return make_step_imbalance(X, y, imbalance_ratio=5, **options)


def exponential(X, y, **options):
    return make_exponential_imbalance(X, y, imbalance_ratio=5, **options)


def binary(X, y, **options):
    data = make_binary_imbalance(X, y, ratio=0.2, **options)
    return data.X_train, data.y_train, data.train_indices


every_profile = pytest.mark.parametrize("make", [step, exponential, binary])


@every_profile
def test_rows_are_those_of_the_indices_in_original_order(make):
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(120, 3)), rng.permutation(np.repeat([0, 1, 2], 40))
    X_kept, y_kept, indices = make(X, y, random_state=0)
    assert (np.diff(indices) > 0).all()
    np.testing.assert_array_equal(X_kept, X[indices])
    np.testing.assert_array_equal(y_kept, y[indices])


@every_profile
def test_equal_seeds_draw_equal_rows_and_others_do_not(make):
    X, y = rows_per_class(100, [0, 1])
    first, again, other = (make(X, y, random_state=seed)[2] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert first.tolist() != other.tolist()


@every_profile
def test_a_seed_leaves_global_random_numbers_and_inputs_alone(make):
    X, y = rows_per_class(100, [0, 1])
    X_before, y_before = X.copy(), y.copy()
    state = np.random.get_state()[1].copy()
    make(X, y, random_state=0)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)


@every_profile
def test_a_random_state_instance_is_used_as_it_is(make):
    X, y = rows_per_class(100, [0, 1])
    rng = np.random.RandomState(0)
    first, second = make(X, y, random_state=rng)[2], make(X, y, random_state=rng)[2]
    np.testing.assert_array_equal(first, make(X, y, random_state=0)[2])
    assert first.tolist() != second.tolist()


@every_profile
def test_pandas_keeps_columns_dtypes_and_index(make):
    names = [f"row{i}" for i in range(100)]
    X = pd.DataFrame(
        {"n": np.arange(100, dtype=np.int8), "c": pd.Categorical(["u", "v"] * 50)}, index=names
    )
    y = pd.Series(["no"] * 50 + ["yes"] * 50, index=names, name="answer", dtype="category")
    X_kept, y_kept, indices = make(X, y, random_state=0)
    pd.testing.assert_frame_equal(X_kept, X.iloc[indices])
    pd.testing.assert_series_equal(y_kept, y.iloc[indices])


@every_profile
@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csc_array, sparse.coo_array])
def test_sparse_rows_stay_sparse(make, container):
    X, y = rows_per_class(50, [0, 1])
    X_kept, _, indices = make(container(X), y, random_state=0)
    assert sparse.issparse(X_kept)
    np.testing.assert_array_equal(X_kept.toarray(), X[indices])


@every_profile
def test_lists_stay_lists(make):
    X = [[i, str(i)] for i in range(100)]
    y = ["ant"] * 50 + ["bee"] * 50
    X_kept, y_kept, indices = make(X, y, random_state=0)
    assert X_kept == [X[i] for i in indices]
    assert y_kept == [y[i] for i in indices]


@every_profile
def test_images_keep_their_shape_and_dtype(make):
    X = np.arange(100 * 2 * 4 * 4, dtype=np.uint8).reshape(100, 2, 4, 4)
    X_kept, _, indices = make(X, np.repeat([0, 1], 50), random_state=0)
    assert X_kept.shape == (len(indices), 2, 4, 4)
    assert X_kept.dtype == np.uint8
    np.testing.assert_array_equal(X_kept, X[indices])


@every_profile
def test_labels_may_be_tuples_or_a_single_column(make):
    X, y = rows_per_class(50, [0, 1])
    expected = make(X, y, random_state=0)[2]
    tuples = [("class", label) for label in y.tolist()]
    _, column_kept, from_column = make(X, y[:, None], random_state=0)
    np.testing.assert_array_equal(make(X, tuples, random_state=0)[2], expected)
    np.testing.assert_array_equal(from_column, expected)
    assert column_kept.shape == (len(expected), 1)


@every_profile
@pytest.mark.parametrize("as_columns", [np.asarray, sparse.csr_array, pd.DataFrame])
def test_labels_may_be_one_hot_columns(make, as_columns):
    X, y = rows_per_class(50, [0, 1])
    columns = as_columns(np.eye(2)[y])
    _, kept, indices = make(X, columns, random_state=0)
    np.testing.assert_array_equal(indices, make(X, y, random_state=0)[2])
    assert type(kept) is type(columns)
    assert kept.shape == (len(indices), 2)


@every_profile
def test_rows_of_x_and_y_are_in_the_same_order(make):
    X, y = rows_per_class(50, [0, 1])
    names = [f"row{i}" for i in range(100)]
    with pytest.raises(ValueError, match="indexed differently: row 0 is 'row0' in X and 'row99'"):
        make(pd.DataFrame(X, index=names), pd.Series(y, index=names[::-1]))


@every_profile
@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0] * 6, r"y has 1 class\(es\) \[0\]"),
        ([], r"X has 6 rows but y has 0 labels"),
        ([0, 1, 0, 1], r"X has 6 rows but y has 4 labels"),
        (np.eye(6)[None], r"y must be one-dimensional, got shape \(1, 6, 6\)"),
        (np.ones((6, 2)), r"y has shape \(6, 2\): several labels per row"),
        ([0, 0, 0, 1, 1, None], r"y contains None: row 5"),
        (np.array([0, np.nan, 0, 1, 1, 1]), r"y contains NaN: row 1"),
        (pd.Series([0, 0, 0, 1, pd.NA, 1], dtype="Int64"), r"y contains NaN: row 4"),
        (np.ma.masked_equal([0, 0, 9, 1, 1, 1], 9), "y is a masked array that hides 1 value"),
        ([0, 0, 0, "a", "a", "a"], r"hashable and comparable"),
        ([[0], [0], [0], [1], [1], [1]], r"hashable and comparable"),
    ],
)
def test_labels_that_are_no_classes_are_refused(make, y, message):
    with pytest.raises(ValueError, match=message):
        make(np.zeros((6, 2)), y)


@pytest.mark.parametrize("make", [make_step_imbalance, make_exponential_imbalance])
@pytest.mark.parametrize("ratio", [0.5, float("nan"), float("inf")])
def test_a_ratio_below_one_or_not_finite_is_refused(make, ratio):
    X, y = rows_per_class(10, [0, 1])
    with pytest.raises(ValueError, match="imbalance_ratio"):
        make(X, y, imbalance_ratio=ratio)


@pytest.mark.parametrize("make", [make_step_imbalance, make_exponential_imbalance])
def test_a_larger_ratio_keeps_a_subset_with_the_same_seed(make):
    X, y = rows_per_class(100, [0, 1, 2, 3])
    mild = make(X, y, imbalance_ratio=2, random_state=0)[2]
    strong = make(X, y, imbalance_ratio=50, random_state=0)[2]
    assert set(strong) < set(mild)


@pytest.mark.parametrize("make", [make_step_imbalance, make_exponential_imbalance])
def test_a_ratio_of_one_keeps_balanced_data_whole(make):
    X, y = rows_per_class(10, [0, 1, 2])
    assert make(X, y, imbalance_ratio=1)[2].tolist() == list(range(30))
