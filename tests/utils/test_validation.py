import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from sklearn_imbgen.utils import (
    check_finite,
    check_row_order,
    encode_labels,
    import_extra,
    labels_of_rows,
    match_columns,
    refuse_masked,
)

NEW = "the net was not fitted on"


@pytest.mark.parametrize(
    ("labels", "classes", "expected"),
    [
        (["b", "a", "b"], ["a", "b"], [1, 0, 1]),
        # as numbers are sorted, not as text
        ([10, 2, 10], [2, 10], [1, 0, 1]),
        # a class that no row has keeps its place
        ([3, 1], [1, 2, 3], [2, 0]),
        # a number is what it is, of whatever type
        ([1.0, 0.0], [0, 1], [1, 0]),
        ([True, False], [0, 1], [1, 0]),
        ([], [0, 1], []),
    ],
)
def test_labels_become_positions_among_the_classes(labels, classes, expected):
    codes = encode_labels(np.array(labels), np.array(classes), NEW)
    assert codes.dtype == np.int64
    assert codes.tolist() == expected
    assert encode_labels(labels, classes, NEW).tolist() == expected


def test_text_as_objects_is_text():
    texts = np.array(["b", "a"])
    objects = texts.astype(object)
    for labels, classes in ((texts, np.sort(objects)), (objects, np.sort(texts))):
        assert encode_labels(labels, classes, NEW).tolist() == [1, 0]


def test_dates_are_labels():
    days = np.array(["2026-01-02", "2026-01-01"], dtype="datetime64[ns]")
    assert encode_labels(days, np.sort(days), NEW).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        (["new", "a"], ["a", "b"], "y holds 'new', which the net was not fitted on; "),
        ([7, 8, 0, 7], [0, 1], "y holds 7, 8, which the net was not fitted on; known are 0, 1"),
        (range(9), [0], "y holds 1, 2, 3, 4, 5 and 3 more, which"),
        ([0], range(1, 10), r"known are 1, 2, 3, 4, 5 and 4 more\."),
        ([0.5], [0, 1], "y holds 0.5, which"),
    ],
)
def test_unknown_labels_are_named_beside_the_known_ones(labels, classes, message):
    with pytest.raises(ValueError, match=message):
        encode_labels(np.array(labels), np.array(classes), NEW)


@pytest.mark.parametrize("n_classes", [2, 30])
def test_a_number_written_as_text_is_another_label(n_classes):
    numbers = np.arange(n_classes)
    for labels, classes in ((["1"], numbers), ([1], np.sort(numbers.astype(str)))):
        with pytest.raises(ValueError, match=f"y holds {labels[0]!r}, which"):
            encode_labels(np.array(labels), classes, NEW)


ROW = {"a": [1.0, 2.0, 3.0], "b": [0.0, 1.0, 0.0]}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.array([[1, 2], [np.nan, np.inf]]), r"X contains NaN: row 1, column 0 \(2 missing"),
        (np.array([["x", None]], dtype=object), "X contains NaN: row 0, column 1 "),
        (np.array([[0, -np.inf]], dtype=object), "X contains infinity: row 0, column 1 "),
        (np.array([["2026-01-01"], ["NaT"]], dtype="M8[D]"), "X contains NaN: row 1, column 0 "),
        (sparse.csr_array(np.array([[0, 1], [np.inf, 2]])), "X contains infinity: row 1, column 0"),
        (pd.DataFrame({"a": [1.0, np.inf]}), "X contains infinity: row 1, column 'a' "),
        (pd.DataFrame({"a": pd.array([1, None])}), "X contains NaN: row 1, column 'a' "),
        (pd.DataFrame({"a": pd.array([1.5, np.inf])}), "X contains infinity: row 1, column 'a' "),
        (pd.DataFrame({"a": pd.Categorical(["x", None])}), "X contains NaN: row 1, column 'a' "),
        (pd.DataFrame({"a": [0, np.inf]}, dtype=object), "X contains infinity: row 1, column 'a'"),
    ],
)
def test_cells_that_hold_no_value_are_named(table, message):
    with pytest.raises(ValueError, match=message):
        check_finite(table)


def test_a_part_of_a_table_counts_its_rows_from_the_start_of_the_whole():
    with pytest.raises(ValueError, match="Input part 3 contains NaN: row 41, column 'size'"):
        check_finite(np.array([[0.0], [np.nan]]), ["size"], name="part 3", first_row=40)


def test_text_and_whole_numbers_are_values():
    frame = pd.DataFrame({"text": ["nan", ""], "whole": pd.array([1, 2]), "flag": [True, False]})
    for table in (frame, frame.to_numpy(dtype=object), sparse.csr_array(np.eye(2))):
        check_finite(table)


@pytest.mark.parametrize("hidden", [(1,), (1, 0)])
def test_hidden_values_are_refused(hidden):
    data = np.ma.array(np.zeros((3,) * len(hidden)))
    refuse_masked(data)
    data[hidden] = np.ma.masked
    with pytest.raises(ValueError, match=r"^y is a masked array that hides 1 value.*in row 1"):
        refuse_masked(data, "y")


@pytest.mark.parametrize(
    "index", [["b", "a", "c"], ["a", "b", "d"], [2, 1, 0], pd.date_range("2026-01-01", periods=3)]
)
def test_rows_in_another_order_are_refused(index):
    X = pd.DataFrame(ROW, index=["a", "b", "c"] if isinstance(index[0], str) else None)
    if isinstance(index, pd.DatetimeIndex):
        X = X.set_axis(index[::-1])
    y = pd.Series([0, 1, 0], index=index)
    row = 2 if index[0] == "a" else 0
    with pytest.raises(ValueError, match=f"X and y are indexed differently: row {row} is"):
        check_row_order(X, y)
    # as the message says
    check_row_order(X, y.to_numpy())
    if set(X.index) == set(index):
        check_row_order(X, y.loc[X.index])


def test_an_index_that_only_counts_says_nothing_of_other_labels():
    X = pd.DataFrame(ROW)
    y = pd.Series([0, 1, 0], index=["a", "b", "c"])
    check_row_order(X, y)
    check_row_order(X.set_axis(y.index), y.reset_index(drop=True))
    check_row_order(X.to_numpy(), y)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_columns_are_matched_by_name(library):
    frame = pytest.importorskip(library).DataFrame
    table = match_columns(frame(ROW), frame({"b": ROW["b"], "a": ROW["a"]}), "other")
    assert list(table.columns) == ["a", "b"]
    assert table["a"].to_list() == ROW["a"]
    with pytest.raises(ValueError, match="other lacks 'b' and X lacks 'c'"):
        match_columns(frame(ROW), frame({"c": [1], "a": [2]}), "other")


def test_columns_without_names_of_their_own_stay():
    named, numbered = pd.DataFrame(ROW), pd.DataFrame(np.eye(2))
    for table in (np.eye(2), numbered):
        assert match_columns(named, table, "other") is table
    assert list(match_columns(numbered, numbered[[1, 0]], "other").columns) == [0, 1]


def test_names_that_occur_twice_are_not_sorted():
    twice = pd.DataFrame(np.eye(3), columns=list("aab"))
    assert match_columns(twice, twice, "other") is twice
    with pytest.raises(ValueError, match="names occur several times, in another order"):
        match_columns(twice, twice.iloc[:, [0, 2, 1]], "other")


@pytest.mark.parametrize(
    "y",
    [
        ["a", "b", "a"],
        np.array([["a"], ["b"], ["a"]]),
        pd.Series(list("aba"), dtype="category"),
        pd.Series(list("aba"), dtype="string"),
        pd.DataFrame({"a": [1, 0, 1], "b": [0, 1, 0]}),
        pl.Series(list("aba")),
        pl.DataFrame({"a": [True, False, True], "b": [False, True, False]}),
    ],
    ids=lambda y: type(y).__module__.partition(".")[0] + type(y).__name__,
)
def test_labels_of_rows_come_in_any_container(y):
    labels = labels_of_rows(np.zeros((3, 1)), y)
    assert labels.shape == (3,)
    assert labels.tolist() == ["a", "b", "a"]


def test_one_hot_columns_without_names_are_numbered():
    for y in (np.eye(3), sparse.csr_array(np.eye(3)), np.eye(3).astype(bool)):
        assert labels_of_rows(np.zeros((3, 1)), y).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0, 1], "^X has 3 rows and y has 2 labels"),
        ([0, None, 1], "y contains None: row 1"),
        (pd.Series([0, pd.NA, 1], dtype="Int64"), "y contains NaN: row 1"),
        (np.ones((3, 2)), r"y has shape \(3, 2\): several labels per row"),
        (np.ma.masked_equal([0, 9, 1], 9), "^y is a masked array"),
        (pd.Series([0, 1, 0], index=[2, 1, 0]), "^X and y are indexed differently: row 0 is 0"),
    ],
)
def test_labels_that_do_not_fit_the_rows_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        labels_of_rows(pd.DataFrame(ROW), y)


def test_a_missing_extra_is_named():
    with pytest.raises(ImportError, match=r"Plots needs no_such_library.*sklearn-imbgen\[plots\]"):
        import_extra("no_such_library", "plots", "Plots")
