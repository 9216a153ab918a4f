import datetime

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_imbgen.aggregation import CrowdLabels, check_label_matrix, warn_of_idle_workers
from sklearn_imbgen.exceptions import IdleWorkerWarning
from sklearn_imbgen.utils import name_some

CODES = [[0, -1], [1, 0], [-1, 1]]


def masked():
    return np.ma.MaskedArray([[3, 9], [5, 3], [9, 5]], mask=[[0, 1], [0, 0], [1, 0]])


def with_stored_zeros():
    row, column = [0, 1, 1, 2], [0, 0, 1, 1]
    return sparse.csr_array(([0, 5, 0, 5], (row, column)), shape=(3, 2))


CONTAINERS = {
    "list": [[3, -1], [5, 3], [-1, 5]],
    "small integers": np.array([[3, -1], [5, 3], [-1, 5]], dtype=np.int8),
    "floats with NaN": np.array([[3, np.nan], [5, 3], [np.nan, 5]]),
    "masked array": masked(),
    "dataframe": pd.DataFrame([[3, -1], [5, 3], [-1, 5]]),
    "nullable dataframe": pd.DataFrame([[3, None], [5, 3], [None, 5]], dtype="Int64"),
    "sparse": sparse.csc_matrix(np.array([[3, 0], [5, 3], [0, 5]])),
    "sparse with stored zeros": with_stored_zeros(),
    "text with None": [["cat", None], ["dog", "cat"], [None, "dog"]],
    "text dataframe": pd.DataFrame([["cat", None], ["dog", "cat"], [None, "dog"]]),
    "categories": pd.DataFrame([["cat", None], ["dog", "cat"], [None, "dog"]], dtype="category"),
    "tuples": pd.DataFrame({0: [(0, 1), (1, 0), None], 1: [None, (0, 1), (1, 0)]}),
    "truth values": [[False, None], [True, False], [None, True]],
    "dates": pd.DataFrame(
        np.array([["2026-01", "NaT"], ["2026-02", "2026-01"], ["NaT", "2026-02"]], "M8[ns]")
    ),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_of_the_same_labels_gives_the_same_codes(container):
    labels = check_label_matrix(CONTAINERS[container])
    assert labels.to_codes().tolist() == CODES
    assert (labels.n_samples, labels.n_workers, labels.n_classes) == (3, 2, 2)


@pytest.mark.parametrize(
    ("container", "classes"),
    [
        ("list", [3, 5]),
        ("floats with NaN", [3, 5]),
        ("nullable dataframe", [3, 5]),
        ("sparse with stored zeros", [0, 5]),
        ("text with None", ["cat", "dog"]),
        ("tuples", [(0, 1), (1, 0)]),
        ("truth values", [False, True]),
    ],
)
def test_classes_are_the_labels_sorted_in_their_own_type(container, classes):
    found = check_label_matrix(CONTAINERS[container]).classes.tolist()
    assert found == classes
    assert [type(label) for label in found] == [type(label) for label in classes]


@pytest.mark.parametrize("missing", ["?", None])
def test_missing_text_is_none_and_what_missing_label_says(missing):
    labels = check_label_matrix([["cat", missing], [None, "dog"]], missing_label="?")
    assert labels.to_codes().tolist() == [[0, -1], [-1, 1]]


def test_minus_one_is_a_class_with_another_missing_label():
    labels = check_label_matrix([[-1, 1], [99, -1]], missing_label=99)
    assert labels.classes.tolist() == [-1, 1]
    assert labels.to_codes().tolist() == [[0, 1], [-1, 0]]


def test_truth_values_are_not_the_number_that_python_thinks_they_are():
    labels = check_label_matrix([[True, False], [True, True]], missing_label=1)
    assert labels.to_codes().tolist() == [[1, 0], [1, 1]]


def test_one_dimension_is_one_worker_who_labelled_all_even_minus_one():
    labels = check_label_matrix([-1, 1, -1])
    assert labels.to_codes().tolist() == [[0], [1], [0]]


def test_columns_name_the_workers():
    frame = pd.DataFrame({"ann": [0, 1], "bob": [-1, 0]})
    assert check_label_matrix(frame).workers.tolist() == ["ann", "bob"]
    assert check_label_matrix(frame.to_numpy()).workers.tolist() == [0, 1]


def test_rows_without_labels_are_named():
    with pytest.raises(ValueError, match=r"2 row\(s\) without any label: row 0, 2 \(missing"):
        check_label_matrix([[-1, -1], [0, 1], [None, np.nan]])


def test_a_sparse_matrix_without_entry_in_a_row_is_refused():
    with pytest.raises(ValueError, match="without any label: row 1"):
        check_label_matrix(sparse.csr_array(np.array([[1], [0]])))


@pytest.mark.parametrize("value", [0.5, np.inf])
def test_a_number_that_is_no_class_is_named(value):
    frame = pd.DataFrame({"ann": [0.0, 1.0], "bob": [1.0, value]})
    with pytest.raises(ValueError, match=f"row 1, worker 'bob' holds {value}"):
        check_label_matrix(frame)


def test_a_label_outside_the_given_classes_is_named():
    with pytest.raises(ValueError, match=r"holds 2 \(row 1, worker 0\), .* classes: 0, 1"):
        check_label_matrix([[0, 1], [2, 1]], classes=np.array([0, 1]))


def test_given_classes_fix_the_codes():
    labels = check_label_matrix([["c", "a"]], classes=np.array(["a", "b", "c"]))
    assert labels.to_codes().tolist() == [[2, 0]]
    assert labels.n_classes == 3


@pytest.mark.parametrize("shape", [(0, 2), (2, 0), (2, 2, 2)])
def test_shapes_without_rows_or_workers_are_refused(shape):
    with pytest.raises(ValueError, match="must have shape"):
        check_label_matrix(np.zeros(shape, dtype=int))


def test_labels_that_cannot_be_compared_are_sorted_all_the_same():
    labels = check_label_matrix([["a", 1], [1, "a"]])
    assert sorted(labels.classes.tolist(), key=str) == [1, "a"]
    assert labels.to_codes()[0, 0] == labels.to_codes()[1, 1]


def test_dates_of_python_are_labels():
    day = datetime.date(2026, 1, 1)
    labels = check_label_matrix([[day, None], [None, day]])
    assert labels.classes.tolist() == [day]


def test_codes_there_and_back():
    codes = np.array(CODES)
    labels = CrowdLabels.from_codes(codes, np.array(["a", "b"]))
    np.testing.assert_array_equal(labels.to_codes(), codes)
    assert labels.sample.tolist() == [0, 1, 1, 2]
    assert labels.vote_counts().tolist() == [[1, 0], [1, 1], [0, 1]]


def test_workers_without_labels_are_known():
    labels = check_label_matrix(pd.DataFrame({"ann": [0, 1], "bob": [-1, -1]}))
    with pytest.warns(IdleWorkerWarning, match="none of the rows: 'bob'"):
        warn_of_idle_workers(labels)


def test_many_names_are_cut_short():
    assert name_some(["a", np.str_("b")]) == "'a', 'b'"
    assert name_some(range(100)) == "0, 1, 2, 3, 4 and 95 more"


def test_the_missing_label_as_text_is_no_class():
    answers = [["cat", "-1"], ["dog", "cat"]]
    with pytest.raises(ValueError, match=r"the text '-1' \(row 0, worker 1\)"):
        check_label_matrix(answers)
    assert check_label_matrix(answers, missing_label="-1").classes.tolist() == ["cat", "dog"]
    assert "-1" in check_label_matrix(answers, missing_label=None).classes.tolist()


def test_two_sparse_entries_in_one_cell_are_refused():
    rows, workers = np.array([0, 0, 1]), np.array([1, 1, 0])
    matrix = sparse.coo_array((np.array([0, 1, 1]), (rows, workers)), shape=(2, 2))
    with pytest.raises(ValueError, match="two entries for row 0, worker 1"):
        check_label_matrix(matrix)


def test_a_label_as_text_and_as_number_is_refused():
    answers = pd.DataFrame({"ann": [1, 0], "bob": ["1", "0"]})
    with pytest.raises(ValueError, match="the same label as text and as another type"):
        check_label_matrix(answers)
