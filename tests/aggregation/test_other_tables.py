"""Tables that are no label matrix, labels that look alike, workers of whom nothing is known."""

import warnings

import numpy as np
import pandas as pd
import polars
import pytest
from scipy import sparse

from sklearn_imbgen.crowd import (
    DawidSkene,
    MajorityVote,
    annotations_to_matrix,
    matrix_to_annotations,
)
from sklearn_imbgen.exceptions import SimilarLabelsWarning
from sklearn_imbgen.metrics import annotator_report, krippendorff_alpha

RNG = np.random.RandomState(0)
TRUTH = np.repeat([0, 1], [20, 12])
VOTES = np.where(RNG.uniform(size=(32, 3)) < 0.2, 1 - TRUTH[:, None], TRUTH[:, None])
WIDE = pd.DataFrame(VOTES, columns=["ann", "bob", "eve"])
LONG = pd.DataFrame(
    {
        "task": np.repeat(np.arange(32), 3),
        "worker": np.tile([0, 1, 2], 32),
        "label": VOTES.ravel(),
    }
)
READERS = {
    "DawidSkene": lambda table: DawidSkene().fit(table),
    "MajorityVote": lambda table: MajorityVote().fit(table),
    "annotator_report": annotator_report,
    "krippendorff_alpha": krippendorff_alpha,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "long",
    [
        LONG,
        LONG.rename(columns={"task": "item", "worker": "Annotator_ID", "label": "answer"}),
        LONG.assign(seconds=1),
        LONG.to_numpy(),
        LONG.sample(frac=1, random_state=0)[["worker", "label", "task"]].to_numpy(),
    ],
    ids=["names", "other names", "four columns", "numbers", "other order"],
)
def test_a_long_table_is_refused_with_the_function_to_use(reader, long):
    with pytest.raises(ValueError, match=r"one label per row .*annotations_to_matrix"):
        READERS[reader](long)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "column",
    [np.arange(32), [f"row {i}" for i in range(32)], np.where(TRUTH, "rare", "usual")],
    ids=["id", "text id", "another value"],
)
def test_a_column_that_is_no_worker_is_named(reader, column):
    with pytest.raises(ValueError, match="Column 'extra' of worker_labels holds labels that no"):
        READERS[reader](WIDE.assign(extra=column))


def test_a_column_of_rare_comments_is_named():
    comments = pd.Series([None] * 32, dtype=object)
    comments[::5] = [f"unsure about {i}" for i in range(7)]
    with pytest.raises(ValueError, match=r"Column 'extra' .*'unsure about 0'"):
        MajorityVote().fit(WIDE.assign(extra=comments))


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame, sparse.csr_array])
def test_one_hot_columns_are_refused(container, n_classes):
    one_hot = np.eye(n_classes, dtype=int)[np.arange(32) % n_classes]
    with pytest.raises(ValueError, match=rf"one-hot: in each row one of the {n_classes} columns"):
        MajorityVote().fit(container(one_hot))


@pytest.mark.parametrize(
    "matrix",
    [
        np.tile([0, 1, 2], (32, 1)),
        np.arange(40).reshape(20, 2) % 25,
        np.where(np.arange(40)[:, None] // 4 == np.arange(10), np.arange(40)[:, None], -1),
        RNG.randint(30, size=(40, 3)),
    ],
    ids=["stubborn workers", "many classes", "one label a row", "guessers"],
)
def test_odd_crowds_are_still_crowds(matrix):
    assert len(MajorityVote().fit(matrix).labels_) == len(matrix)


@pytest.mark.parametrize("reader", READERS)
def test_labels_that_look_alike_are_named(reader):
    text = np.array(["cat", "dog"], dtype=object)[VOTES]
    text[3, 0], text[5, 1] = " Cat", "DOG"
    with pytest.warns(SimilarLabelsWarning, match="' Cat' and 'cat'; 'DOG' and 'dog'"):
        READERS[reader](text)


def test_other_labels_are_no_alike():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MajorityVote().fit(np.array(["cat", "cats"], dtype=object)[VOTES])


@pytest.mark.parametrize("aggregator", [MajorityVote(), DawidSkene()], ids=["vote", "EM"])
def test_who_shares_no_row_has_no_known_error(aggregator):
    alone = np.full((32, 1), -1)
    alone[:5] = 1
    apart = np.where(np.arange(32)[:, None] < 5, -1, VOTES)
    rates = aggregator.fit(np.hstack([apart, alone])).worker_error_rate_
    assert np.isnan(rates).tolist() == [False, False, False, True]
    assert np.isnan(aggregator.fit(TRUTH).worker_error_rate_).all()


def test_the_report_says_what_is_not_known():
    report = annotator_report(TRUTH[:, None])
    assert report["looks_like"].tolist() == ["not known"]
    for name in ("agreement", "accuracy", "balanced_accuracy", "recall_1", "informativeness"):
        assert np.isnan(report[name]).all(), name
    with_truth = annotator_report(TRUTH[:, None], TRUTH)
    assert (with_truth["accuracy"][0], with_truth["looks_like"][0]) == (1.0, "ok")


def test_annotations_are_fitted_as_they_are():
    named = LONG.assign(label=np.array(["no", "yes"])[LONG["label"]], worker=list("xyz") * 32)
    matrix = annotations_to_matrix(named, sparse_output=True)
    found = MajorityVote().fit(matrix)
    assert found.workers_.tolist() == ["x", "y", "z"]
    np.testing.assert_array_equal(
        found.labels_, MajorityVote().fit(annotations_to_matrix(named)).labels_
    )
    assert krippendorff_alpha(matrix) == krippendorff_alpha(VOTES)


@pytest.mark.parametrize("sparse_output", [False, True])
def test_polars_tables_there_and_back(sparse_output):
    of_pandas = annotations_to_matrix(LONG, sparse_output=sparse_output)
    of_polars = annotations_to_matrix(polars.from_pandas(LONG), sparse_output=sparse_output)
    pd.testing.assert_frame_equal(
        matrix_to_annotations(of_polars), matrix_to_annotations(of_pandas)
    )
    wide = matrix_to_annotations(polars.from_pandas(WIDE), samples=polars.Series(range(32)))
    assert wide["label"].tolist() == VOTES.ravel().tolist()


def test_minus_one_as_text_is_a_class_or_a_mark():
    votes = pd.DataFrame({"task": [1, 1, 2, 2], "worker": list("abab"), "label": list("-011")})
    votes.loc[0, "label"] = "-1"
    with pytest.raises(ValueError, match="holds the text '-1'"):
        annotations_to_matrix(votes)
    as_class = annotations_to_matrix(votes, missing_label=None)
    assert as_class.to_numpy().tolist() == [["-1", "0"], ["1", "1"]]
    as_mark = annotations_to_matrix(votes, missing_label="-1")
    assert as_mark.to_numpy().tolist() == [[None, "0"], ["1", "1"]]


def test_lists_are_no_labels():
    table = np.empty((2, 2), dtype=object)
    table[:] = [["a", "b"], ["a", "a"]]
    table[1, 0] = ["a", "b"]
    with pytest.raises(ValueError, match=r"row 1, worker 0 holds \['a', 'b'\]"):
        MajorityVote().fit(table)
