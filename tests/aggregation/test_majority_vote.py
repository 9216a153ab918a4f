"""MajorityVote, and what every aggregator promises."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from imblearn.utils.estimator_checks import check_param_validation
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score

import sklearn_imbgen.crowd
from sklearn_imbgen.crowd import DawidSkene, MajorityVote
from sklearn_imbgen.exceptions import IdleWorkerWarning

ROWS = np.array([[0, 0, 1], [1, 1, -1], [0, -1, 0], [1, 1, 0], [0, 0, 0]])
VOTE = [0, 1, 0, 1, 0]


@pytest.fixture(params=[MajorityVote(), DawidSkene()], ids=["vote", "EM"])
def aggregator(request):
    return clone(request.param)


@pytest.fixture(scope="module")
def crowd():
    """200 rows with 7 workers, 0.8 of the labels right, and the truth."""
    rng = np.random.RandomState(0)
    truth = (rng.uniform(size=200) < 0.2).astype(int)
    worker_labels = np.where(rng.uniform(size=(200, 7)) < 0.8, truth[:, None], 1 - truth[:, None])
    return worker_labels, truth


def test_the_vote_by_hand():
    vote = MajorityVote().fit(ROWS)
    assert vote.labels_.tolist() == VOTE
    np.testing.assert_allclose(vote.label_proba_[:, 1], [1 / 3, 1, 0, 2 / 3, 0])
    np.testing.assert_allclose(vote.class_prior_, [3 / 5, 2 / 5])
    np.testing.assert_allclose(vote.worker_confusion_[0], np.eye(2), atol=1e-9)
    # the third worker met the vote 0 three times and the vote 1 once
    np.testing.assert_allclose(vote.worker_confusion_[2], [[2 / 3, 1 / 3], [1, 0]], atol=1e-9)
    expected = [0, 0, 3 / 5 * 1 / 3 + 2 / 5]
    np.testing.assert_allclose(vote.worker_error_rate_, expected, atol=1e-9)


def test_labels_come_back_in_their_own_type(aggregator):
    text = np.array(["no", "yes", None], dtype=object)[ROWS]
    frame = pd.DataFrame(text, columns=["ann", "bob", "eve"])
    found = aggregator.fit(frame)
    assert found.labels_.tolist() == [["no", "yes"][code] for code in VOTE]
    assert found.workers_.tolist() == ["ann", "bob", "eve"]
    assert found.classes_.tolist() == ["no", "yes"]


def test_containers_agree(aggregator):
    expected = aggregator.fit(ROWS).label_proba_
    masked = np.ma.masked_equal(ROWS, -1)
    row, column = np.nonzero(ROWS >= 0)
    stored = sparse.coo_array((ROWS[row, column], (row, column)), shape=ROWS.shape)
    floats = np.where(ROWS < 0, np.nan, ROWS)
    for container in (masked, stored, floats, ROWS.tolist(), pd.DataFrame(ROWS)):
        np.testing.assert_array_equal(aggregator.fit(container).label_proba_, expected)


def test_predict_without_rows_is_that_of_the_fitted_ones(aggregator, crowd):
    worker_labels, _ = crowd
    labels = aggregator.fit_predict(worker_labels)
    for rows in (None, worker_labels):
        np.testing.assert_array_equal(aggregator.predict(rows), labels)
        np.testing.assert_allclose(aggregator.predict_proba(rows), aggregator.label_proba_)
    np.testing.assert_allclose(aggregator.label_proba_.sum(axis=1), 1)


def test_new_rows_are_judged_one_by_one_by_what_was_learned(aggregator, crowd):
    worker_labels, _ = crowd
    aggregator.fit(worker_labels)
    one_by_one = [aggregator.predict(row[None, :])[0] for row in worker_labels[:20]]
    assert one_by_one == aggregator.labels_[:20].tolist()


def test_a_tie_in_new_rows_goes_where_the_fitted_rows_say():
    votes = [[1] * 4] * 20 + [[1, 0, 0, 0]] * 4
    vote = MajorityVote().fit(votes)
    assert vote.predict([[1, 1, 0, 0]]) == [0]


def test_score_is_the_accuracy(aggregator, crowd):
    worker_labels, truth = crowd
    aggregator.fit(worker_labels)
    expected = (aggregator.labels_ == truth).mean()
    assert aggregator.score(worker_labels, truth) == aggregator.score(None, truth) == expected
    assert expected > 0.9


def test_cross_validation_and_search_by_the_truth(crowd):
    worker_labels, truth = crowd
    scores = cross_val_score(MajorityVote(), worker_labels, truth, cv=KFold(3))
    assert scores.min() > 0.9
    search = GridSearchCV(DawidSkene(), {"smoothing": [0.5, 2.0]}, cv=KFold(3))
    assert search.fit(worker_labels, truth).best_score_ > 0.9


def test_a_worker_without_labels_is_named_and_answers_as_the_others_do(aggregator):
    frame = pd.DataFrame(ROWS, columns=["ann", "bob", "eve"]).assign(idle=-1)
    with pytest.warns(
        IdleWorkerWarning, match=r"1 worker\(s\) labelled none of the rows: 'idle'"
    ) as record:
        aggregator.fit(frame)
    assert record[0].filename == __file__
    assert np.isfinite(aggregator.worker_confusion_).all()
    np.testing.assert_allclose(aggregator.worker_confusion_.sum(axis=2), 1)
    assert np.isnan(aggregator.worker_error_rate_).tolist() == [False] * 3 + [True]


def test_other_numbers_of_workers_are_refused(aggregator):
    with pytest.raises(ValueError, match=r"has 2 worker\(s\), but \w+ was fitted with 3"):
        aggregator.fit(ROWS).predict(ROWS[:, :2])


def test_workers_in_another_order_are_refused(aggregator):
    frame = pd.DataFrame(ROWS, columns=["ann", "bob", "eve"])
    aggregator.fit(frame)
    with pytest.raises(ValueError, match="Column 1 of worker_labels is worker 'eve', but"):
        aggregator.predict(frame[["ann", "eve", "bob"]])
    # without names only the number can be checked
    np.testing.assert_array_equal(aggregator.predict(ROWS), aggregator.labels_)


def test_a_label_never_seen_is_named(aggregator):
    with pytest.raises(ValueError, match=r"holds 7 \(row 1, worker 2\)"):
        aggregator.fit(ROWS).predict([[0, 0, 0], [0, 0, 7]])


@pytest.mark.parametrize(
    "worker_labels",
    [[[0, 1], [1, 0]], [[1, 1], [1, 1]], [[0], [1]], [[0, 1, 2]], [0, 1, 1]],
    ids=["ties only", "one class", "one worker", "one row", "one dimension"],
)
def test_small_and_undecided_crowds(aggregator, worker_labels):
    aggregator.fit(worker_labels)
    assert np.isfinite(aggregator.label_proba_).all()
    shared = np.ndim(worker_labels) == 2 and np.shape(worker_labels)[1] > 1
    assert np.isfinite(aggregator.worker_error_rate_).all() == shared
    assert set(aggregator.labels_) <= set(np.ravel(worker_labels))


def test_rows_without_labels_are_refused(aggregator):
    with pytest.raises(ValueError, match="without any label: row 1"):
        aggregator.fit([[0, 1], [-1, -1]])


def test_not_fitted(aggregator):
    with pytest.raises(NotFittedError):
        aggregator.predict(ROWS)


def test_pickle_and_clone(aggregator):
    aggregator.fit(ROWS)
    copy = pickle.loads(pickle.dumps(aggregator))
    np.testing.assert_array_equal(copy.predict(ROWS), aggregator.labels_)
    assert clone(aggregator).get_params() == aggregator.get_params()


def test_parameters_are_checked(aggregator):
    check_param_validation(type(aggregator).__name__, aggregator)


def test_inference_without_networks_imports_no_torch():
    names = "DawidSkene, MajorityVote, annotations_to_matrix, label_certainty"
    code = f"import sys; from sklearn_imbgen.crowd import {names}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_lazy_names_are_listed_and_others_refused():
    assert {"DawidSkene", "label_certainty"} <= set(dir(sklearn_imbgen.crowd))
    for name in sklearn_imbgen.crowd.__all__:
        assert getattr(sklearn_imbgen.crowd, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'Nobody'"):
        _ = sklearn_imbgen.crowd.Nobody
