"""Public functions on tables, labels and votes of any kind."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_imbgen import metrics, robust
from sklearn_imbgen.crowd import annotations_to_matrix, label_certainty, matrix_to_annotations
from sklearn_imbgen.datasets import (
    estimate_difficulty,
    make_binary_imbalance,
    make_crowd_labels,
    make_exponential_imbalance,
    make_step_imbalance,
)
from sklearn_imbgen.model_selection import CrowdStratifiedKFold
from tests.properties.tables import LABELS, answer, harmless, labelled_tables, labels, tables
from tests.properties.test_classifiers import votes

pytestmark = [
    pytest.mark.filterwarnings("ignore:invalid value encountered in reduce:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:The least populated class in y:UserWarning"),
]
MAKERS = {
    "step": lambda X, y: make_step_imbalance(X, y, imbalance_ratio=3, random_state=0),
    "exponential": lambda X, y: make_exponential_imbalance(X, y, imbalance_ratio=3, random_state=0),
}


# -- data ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("maker", MAKERS)
@given(data=labelled_tables())
def test_imbalance_takes_rows_as_they_are(maker, data):
    X, y = data
    made = answer(lambda: MAKERS[maker](X, y), X, y)
    if made is None:
        return
    X_made, y_made, index = made
    np.testing.assert_array_equal(X_made, X[index])
    np.testing.assert_array_equal(y_made, y[index])
    assert (X_made.dtype, y_made.dtype) == (X.dtype, y.dtype)
    np.testing.assert_array_equal(MAKERS[maker](X, y)[2], index)


@given(data=labelled_tables())
def test_a_binary_split_keeps_train_and_test_apart(data):
    X, y = data
    made = answer(lambda: make_binary_imbalance(X, y, ratio=0.5, random_state=0), X, y)
    if made is not None:
        assert len(made.X_train) == len(made.y_train)
        assert set(made.y_test.tolist()) <= set(y.tolist())


@given(y=labels(), n_workers=st.integers(1, 4), coverage=st.sampled_from([1.0, 0.5, 2]))
def test_crowds_of_any_labels(y, n_workers, coverage):
    def make():
        return make_crowd_labels(
            y, n_workers, coverage=coverage, missing_label=None, random_state=0
        )

    made = answer(make, y)
    if made is None:
        return
    assert made.worker_labels.shape == (len(y), n_workers)
    given_labels = [label for label in made.worker_labels.ravel().tolist() if label is not None]
    assert set(given_labels) <= set(y.tolist())
    np.testing.assert_array_equal(make().worker_labels, made.worker_labels)


@given(data=labelled_tables())
def test_difficulty_is_a_share(data):
    X, y = data
    found = answer(lambda: estimate_difficulty(X, y, max_epochs=2, random_state=0), X, y)
    if found is not None:
        assert found.shape == (len(y),)
        assert np.isfinite(found).all()
        assert ((found >= 0) & (found <= 1)).all()


# -- votes ---------------------------------------------------------------------------------------


@given(data=votes())
def test_certainty_is_finite(data):
    matrix, missing = data
    found = answer(lambda: label_certainty(matrix, missing_label=missing), matrix)
    assert found is None or np.isfinite(found).all()


@given(data=votes())
def test_votes_survive_the_way_to_a_table_and_back(data):
    matrix, missing = data
    table = answer(lambda: matrix_to_annotations(matrix, missing_label=missing), matrix)
    if table is None:
        return
    back = annotations_to_matrix(table, missing_label=missing)
    # a worker whose labels are all missing is in no row of the table
    given_by = [j for j in range(matrix.shape[1]) if any(v is not missing for v in matrix[:, j])]
    assert (back.to_numpy() == matrix[:, given_by]).all()


@given(data=votes())
def test_alpha_and_report_of_any_votes(data):
    matrix, missing = data
    alpha = answer(lambda: metrics.krippendorff_alpha(matrix, missing_label=missing), matrix)
    assert alpha is None or alpha <= 1 + 1e-12
    report = answer(lambda: metrics.annotator_report(matrix, missing_label=missing), matrix)
    assert report is None or len(report["n_labels"]) == matrix.shape[1]


@given(data=votes())
def test_folds_hold_each_row_once(data):
    matrix, missing = data
    folds = CrowdStratifiedKFold(2, missing_label=missing)
    splits = answer(lambda: list(folds.split(np.zeros((len(matrix), 1)), matrix)), matrix)
    if splits is not None:
        tested = np.concatenate([test for _, test in splits])
        assert sorted(tested.tolist()) == list(range(len(matrix)))


# -- figures of synthetic rows -------------------------------------------------------------------


# of which one trains forests
@settings(max_examples=4)
@given(real=tables(8), seed=st.integers(0, 9))
def test_fidelity_of_any_tables(real, seed):
    synthetic = np.asarray(real)[np.random.RandomState(seed).permutation(8)[:6]]
    report = answer(
        lambda: metrics.fidelity_report(real, synthetic, k_neighbors=2, random_state=0),
        real,
        synthetic,
    )
    if report is not None:
        assert all(np.isfinite(value) for value in report.values()), report
    for figure in (metrics.feature_distance, metrics.nearest_original_distance):
        found = answer(lambda: figure(real, synthetic), real, synthetic)  # noqa: B023
        assert found is None or np.isfinite(found).all()


@given(counts=st.lists(st.integers(1, 2**40), min_size=2, max_size=5))
def test_weights_of_any_counts(counts):
    counts = np.array(counts)
    for weights in (robust.effective_number_weights, robust.inverse_frequency_weights):
        found = answer(lambda: weights(counts), counts)  # noqa: B023
        assert found.shape == counts.shape
        assert np.isfinite(found).all()
        assert (found > 0).all()
    assert metrics.under_represented(counts).shape == counts.shape


# -- losses and mixing ---------------------------------------------------------------------------

LOSSES = {
    "cross_entropy_loss": {},
    "focal_loss": {},
    "balanced_softmax_loss": {"class_counts": torch.tensor([90.0, 9.0, 2.0])},
    "ldam_loss": {"class_counts": torch.tensor([90.0, 9.0, 2.0])},
}


@pytest.mark.parametrize("loss", LOSSES)
@given(scale=st.sampled_from([0.0, 1e-30, 1.0, 1e3, 1e10]), seed=st.integers(0, 9))
def test_losses_and_their_gradients_are_finite(loss, scale, seed):
    rng = np.random.RandomState(seed)
    logits = torch.tensor(scale * rng.normal(size=(6, 3)), dtype=torch.float32, requires_grad=True)
    y = torch.tensor(rng.randint(0, 3, size=6))
    with harmless(y.numpy()):
        value = getattr(robust, loss)(logits, y, **LOSSES[loss])
        value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(logits.grad).all()


@given(seed=st.integers(0, 9), n_rows=st.integers(1, 6), rebalanced=st.booleans())
def test_mixed_rows_lie_between_their_parents(seed, n_rows, rebalanced):
    rng = np.random.RandomState(seed)
    X = torch.tensor(rng.normal(size=(n_rows, 3)))
    y = torch.tensor(rng.randint(0, 2, size=n_rows))
    with harmless(X.numpy(), y.numpy()):
        mixed = robust.mix_rows(
            X,
            y,
            class_counts=torch.tensor([90.0, 9.0]),
            rebalanced=rebalanced,
            generator=torch.Generator().manual_seed(seed),
        )
    assert ((mixed.share >= 0) & (mixed.share <= 1)).all()
    assert (X.min(dim=0).values - 1e-12 <= mixed.X).all()
    assert (X.max(dim=0).values + 1e-12 >= mixed.X).all()


def test_labels_of_every_kind_are_two_or_more():
    assert all(len(np.unique(names)) >= 2 for names in LABELS.values())
