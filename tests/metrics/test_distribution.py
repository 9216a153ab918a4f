import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sklearn_imbgen.metrics import detection_auc, feature_distance, fidelity_report

ROWS = np.random.default_rng(0).normal(size=(60, 2))


def test_feature_distance_is_the_largest_gap_of_the_distribution_functions():
    real = [[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [4.0, 0.0]]
    # first feature: at 2 one half of the originals and none of the others; second: the same
    np.testing.assert_allclose(feature_distance(real, [[3.0, 0.0], [4.0, 0.0]]), [0.5, 0.0])


def test_feature_distance_of_one_feature_is_an_array():
    assert feature_distance(ROWS[:, :1], ROWS[:, :1]).shape == (1,)


def test_detection_tells_a_shift_from_the_same_distribution():
    rng = np.random.default_rng(1)
    linear = LogisticRegression()
    same = detection_auc(ROWS, rng.normal(size=(60, 2)), classifier=linear, random_state=0)
    shifted = detection_auc(ROWS, ROWS + 20, classifier=linear, random_state=0)
    assert same == pytest.approx(0.5, abs=0.15)
    assert shifted == 1.0


def test_default_classifier_sees_more_than_means():
    ring = ROWS / np.linalg.norm(ROWS, axis=1, keepdims=True)
    assert detection_auc(ROWS, ring, random_state=0) > 0.8


def test_detection_balances_the_two_kinds():
    class Recorder(LogisticRegression):
        sizes = []

        def fit(self, X, y):
            self.sizes.append(np.bincount(y).tolist())
            return super().fit(X, y)

    detection_auc(ROWS, ROWS[:10], classifier=Recorder(), random_state=0)
    detection_auc(ROWS, ROWS, classifier=Recorder(), max_rows=5, random_state=0)
    assert Recorder.sizes == [[8, 8]] * 5 + [[4, 4]] * 5


def test_detection_works_with_two_rows_and_repeats():
    linear = LogisticRegression()
    assert detection_auc(ROWS[:2], ROWS[:2] + 50, classifier=linear, random_state=0) == 1.0
    one, two = (detection_auc(ROWS, ROWS + 1, random_state=4) for _ in range(2))
    assert one == two
    with pytest.raises(ValueError, match="max_rows must be at least 2"):
        detection_auc(ROWS, ROWS, max_rows=1)


def test_report_holds_every_measure():
    synthetic = np.vstack([ROWS[:20], ROWS[:20] + 0.01, ROWS[:20] + 30.0])
    report = fidelity_report(ROWS, synthetic, X_other=[[30.0, 30.0]], random_state=0)
    assert set(report) == {
        "coverage",
        "density",
        "nearest_original_distance",
        "copy_rate",
        "feature_distance_mean",
        "feature_distance_max",
        "detection_auc",
        "intrusion_rate",
    }
    assert all(type(value) is float for value in report.values())
    assert report["copy_rate"] == pytest.approx(1 / 3)
    assert report["intrusion_rate"] == pytest.approx(1 / 3)
    assert report["feature_distance_mean"] <= report["feature_distance_max"]


def test_copies_written_in_single_precision_are_copies():
    report = fidelity_report(ROWS, ROWS.astype(np.float32), random_state=0)
    assert report["copy_rate"] == 1.0
    assert "intrusion_rate" not in report
