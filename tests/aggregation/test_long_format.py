import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_imbgen.crowd import (
    DawidSkene,
    MajorityVote,
    annotations_to_matrix,
    matrix_to_annotations,
)

VOTES = pd.DataFrame(
    {
        "task": ["t2", "t2", "t1", "t3", "t1"],
        "worker": ["bob", "ann", "ann", "eve", "bob"],
        "label": [1, 0, 2, 1, 2],
        "seconds": [3.0, 4.0, 5.0, 6.0, None],
    }
)


def same_annotations(first, second):
    columns = ["task", "worker", "label"]
    first, second = (frame[columns].sort_values(columns[:2]) for frame in (first, second))
    np.testing.assert_array_equal(first.to_numpy(object), second.to_numpy(object))


def test_samples_in_order_of_appearance_and_workers_sorted():
    matrix = annotations_to_matrix(VOTES)
    assert matrix.index.tolist() == ["t2", "t1", "t3"]
    assert matrix.columns.tolist() == ["ann", "bob", "eve"]
    assert matrix.to_numpy().tolist() == [[0, 1, -1], [2, 2, -1], [-1, -1, 1]]


def test_samples_may_be_given_even_those_that_nobody_labelled():
    matrix = annotations_to_matrix(VOTES, samples=["t0", "t1", "t2", "t3"])
    assert matrix.index.tolist() == ["t0", "t1", "t2", "t3"]
    assert matrix.loc["t1"].tolist() == [2, 2, -1]
    with pytest.raises(ValueError, match="without any label: row 0"):
        MajorityVote().fit(matrix)


@pytest.mark.parametrize("dtype", ["object", "str", "category"])
def test_text_has_none_where_nothing_was_labelled(dtype):
    votes = VOTES.assign(label=pd.Series(["no", "yes", "no", "yes", "no"], dtype=dtype))
    matrix = annotations_to_matrix(votes)
    assert matrix.to_numpy().tolist() == [["yes", "no", None], ["no", "no", None],
                                          [None, None, "yes"]]  # fmt: skip
    assert MajorityVote().fit(matrix).labels_[1:].tolist() == ["no", "yes"]


@pytest.mark.parametrize(
    "label",
    [[1, 0, 2, 1, 2], [1.0, 0.0, 2.0, 1.0, 2.0], list("bacbc"), [True, False, True, True, True]],
    ids=["int", "float", "text", "bool"],
)
@pytest.mark.parametrize("sparse_output", [False, True])
def test_there_and_back(label, sparse_output):
    votes = VOTES.assign(label=label)
    back = matrix_to_annotations(annotations_to_matrix(votes, sparse_output=sparse_output))
    same_annotations(back, votes)


def test_other_column_names_there_and_back():
    names = {"sample": "item", "worker": "who", "label": "said"}
    votes = VOTES.rename(columns={"task": "item", "worker": "who", "label": "said"})
    back = matrix_to_annotations(annotations_to_matrix(votes, **names), **names)
    assert back.columns.tolist() == ["item", "who", "said"]
    assert len(back) == len(votes)


def test_a_sparse_matrix_stores_codes_zeros_included():
    matrix = annotations_to_matrix(VOTES.assign(label=list("bacbc")), sparse_output=True)
    assert sparse.issparse(matrix.worker_labels)
    assert matrix.worker_labels.nnz == 5
    assert matrix.worker_labels.toarray().tolist() == [[0, 1, 0], [2, 2, 0], [0, 0, 1]]
    assert matrix.samples.tolist() == ["t2", "t1", "t3"]
    assert matrix.workers.tolist() == ["ann", "bob", "eve"]
    assert matrix.classes.tolist() == ["a", "b", "c"]


def test_sparse_and_dense_matrices_are_judged_alike():
    dense, stored = (annotations_to_matrix(VOTES, sparse_output=flag) for flag in (False, True))
    expected = DawidSkene().fit(dense)
    found = DawidSkene().fit(stored.worker_labels)
    np.testing.assert_array_equal(found.label_proba_, expected.label_proba_)
    np.testing.assert_array_equal(stored.classes[found.labels_], expected.labels_)


def test_many_workers_need_no_dense_matrix():
    sample = np.repeat(np.arange(100_000), 2)
    votes = pd.DataFrame({"task": sample, "worker": np.arange(200_000) % 99_999, "label": 0})
    # dense it would take 80 gigabytes
    matrix = annotations_to_matrix(votes, sparse_output=True)
    assert matrix.worker_labels.shape == (100_000, 99_999)
    assert len(matrix_to_annotations(matrix)) == 200_000


def test_arrays_and_lists_of_labels_get_numbers_for_names():
    table = matrix_to_annotations([["a", None], ["b", "a"]])
    assert table.to_numpy(object).tolist() == [[0, 0, "a"], [1, 0, "b"], [1, 1, "a"]]
    stored = matrix_to_annotations(sparse.csr_array(np.array([[1, 0], [2, 1]])))
    assert stored["label"].tolist() == [1, 2, 1]


def test_a_pair_that_occurs_twice_is_named():
    votes = pd.concat([VOTES, VOTES[1:2]])
    with pytest.raises(ValueError, match=r"first at row 5 .*: sample 't2', worker 'ann'"):
        annotations_to_matrix(votes)


@pytest.mark.parametrize("column", ["task", "worker", "label"])
def test_absent_columns_and_missing_values_are_named(column):
    with pytest.raises(ValueError, match=f"no column '{column}'"):
        annotations_to_matrix(VOTES.drop(columns=column))
    votes = VOTES.astype({column: object})
    votes.loc[3, column] = None
    with pytest.raises(ValueError, match=f"Column '{column}' has 1 missing value.*row 3 "):
        annotations_to_matrix(votes)


@pytest.mark.parametrize(
    ("samples", "message"),
    [(["t1", "t2"], r"samples lacks 1 sample\(s\) of the annotations: 't3'"),
     (["t1", "t2", "t3", "t1"], "must not repeat: 't1'")],
)  # fmt: skip
def test_samples_that_do_not_fit(samples, message):
    with pytest.raises(ValueError, match=message):
        annotations_to_matrix(VOTES, samples=samples)


def test_the_missing_label_is_no_label():
    votes = VOTES.assign(label=[-1, 1, 1, -1, 1])
    with pytest.raises(ValueError, match="missing_label=-1 is one of the labels"):
        annotations_to_matrix(votes)
    matrix = annotations_to_matrix(votes, missing_label=99)
    same_annotations(matrix_to_annotations(matrix, missing_label=99), votes)


def test_tables_that_are_none():
    with pytest.raises(ValueError, match=r"must be a DataFrame .* got list"):
        annotations_to_matrix([["t1", "ann", 0]])
    with pytest.raises(ValueError, match="no annotation"):
        annotations_to_matrix(VOTES[:0])
    with pytest.raises(ValueError, match="samples has 1 names but worker_labels has 2 rows"):
        matrix_to_annotations([[0], [1]], samples=["t1"])


def test_labels_too_large_for_floats_are_kept():
    votes = pd.DataFrame({"task": [1, 2], "worker": ["a", "b"], "label": [2**63, 1]})
    votes["label"] = votes["label"].astype("uint64")
    matrix = annotations_to_matrix(votes)
    assert matrix.loc[1, "a"] == 2**63
    assert matrix.loc[1, "b"] is None


def test_one_name_for_two_columns_is_refused():
    with pytest.raises(ValueError, match="three different column names"):
        matrix_to_annotations([[0, 1]], sample="a", worker="a")
