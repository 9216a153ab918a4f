import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from sklearn_imbgen.metrics import (
    coverage_score,
    density_score,
    detection_auc,
    feature_distance,
    fidelity_report,
    intrusion_rate,
    nearest_original_distance,
)

ROWS = np.random.default_rng(0).normal(size=(60, 2))
# radii of the nearest neighbour: 1, 1, 2, 2
LINE = np.array([[0.0], [1.0], [3.0], [5.0]])


def test_coverage_counts_originals_with_a_row_in_reach():
    # 1.5 lies in reach of 1 and of 3, 20 of none
    assert coverage_score(LINE, [[1.5], [20.0]], k_neighbors=1) == 0.5


def test_density_counts_neighbourhoods_per_synthetic_row():
    # 1.5 lies in 2 balls, 4 in 2, 20 in none
    assert density_score(LINE, [[1.5], [4.0], [20.0]], k_neighbors=1) == pytest.approx(4 / 3)


def test_a_larger_k_widens_the_balls():
    # radii for k=2: 3, 2, 2, 4; 6 lies in the ball of 5 alone
    assert coverage_score(LINE, [[6.0], [6.0]], k_neighbors=2) == 0.25
    assert density_score(LINE, [[6.0], [6.0]], k_neighbors=2) == 0.5


def test_a_ball_holds_its_border_and_duplicates_cover_themselves():
    assert coverage_score(LINE, [[-1.0], [-1.0]], k_neighbors=1) == 0.25
    doubled = np.repeat(np.arange(4.0), 2)[:, None]
    assert coverage_score(doubled, doubled, k_neighbors=1) == 1.0


def test_same_distribution_gives_the_expected_values():
    # from draw to draw density varies by 0.03
    draws = [np.random.default_rng(seed).normal(size=(2, 300, 2)) for seed in range(8)]
    density = np.mean([density_score(*rows) for rows in draws])
    coverage = np.mean([coverage_score(*rows) for rows in draws])
    assert density == pytest.approx(1.0, abs=0.05)
    assert coverage == pytest.approx(1 - 2**-5, abs=0.015)


def test_coverage_sees_one_repeated_row_and_density_does_not():
    real = np.random.default_rng(0).normal(size=(100, 2))
    collapsed = np.repeat(real[:1], 100, axis=0)
    assert coverage_score(real, collapsed) < 0.2
    assert density_score(real, collapsed) > 0.5


def test_distances_are_in_units_of_the_originals_spacing():
    # nearest-neighbour distances among the originals are 1, 1, 2, 2: median 1.5
    distances = nearest_original_distance(LINE, [[3.0], [8.0], [0.75]])
    np.testing.assert_allclose(distances, [0.0, 2.0, 0.25 / 1.5])


def test_copies_are_at_zero_exactly_in_many_dimensions():
    real = np.random.default_rng(0).normal(1e3, 1.0, size=(50, 40))
    assert not nearest_original_distance(real, real[::-1]).any()


def test_duplicated_originals_do_not_set_the_unit():
    doubled = np.array([[0.0], [0.0], [0.0], [0.0], [2.0], [4.0]])
    np.testing.assert_allclose(nearest_original_distance(doubled, [[5.0], [3.0]]), [0.5, 0.5])
    assert nearest_original_distance([[1.0], [1.0]], [[3.0], [1.0]]).tolist() == [2.0, 0.0]


@pytest.mark.parametrize("score", [coverage_score, density_score])
def test_the_unit_of_a_feature_does_not_matter(score):
    real, synthetic = np.random.default_rng(0).normal(size=(2, 60, 3))
    unit = np.array([1.0, 1e6, 1e-6])
    assert score(real, synthetic) == score(real * unit, synthetic * unit)


def test_intrusion_is_nearer_to_another_class():
    # 1 is a tie, 1.6 and 4 are nearer to 2
    rate = intrusion_rate([[0.0], [-1.0]], [[0.2], [1.0], [1.6], [4.0]], [[2.0]])
    assert rate == 0.5


@pytest.mark.parametrize(
    "measure",
    [
        coverage_score,
        density_score,
        nearest_original_distance,
        lambda real, synthetic: intrusion_rate(real, synthetic, np.zeros((1, 2))),
    ],
)
def test_wrong_rows_are_named(measure):
    rows = np.random.default_rng(0).normal(size=(10, 2))
    broken = rows.copy()
    broken[4, 1] = np.nan
    with pytest.raises(ValueError, match="X_real has 2 columns and X_synthetic has 1"):
        measure(rows, rows[:, :1])
    with pytest.raises(ValueError, match=r"X_synthetic has 1 row\(s\); at least 2"):
        measure(rows, rows[:1])
    with pytest.raises(ValueError, match=r"X_real has 0 row\(s\)"):
        measure(rows[:0], rows)
    with pytest.raises(ValueError, match="Input X_synthetic contains NaN: row 4, column 1"):
        measure(rows, broken)
    with pytest.raises(ValueError, match="X_real is not a matrix of numbers"):
        measure([["a", "b"]] * 3, rows)
    with pytest.raises(ValueError, match="X_real must have two dimensions"):
        measure(rows[0], rows)
    with pytest.raises(TypeError, match="X_real is sparse"):
        measure(sparse.csr_matrix(rows), rows)


def test_other_rows_are_checked_too():
    rows = np.zeros((3, 2))
    with pytest.raises(ValueError, match="X_real has 2 columns and X_other has 3"):
        intrusion_rate(rows, rows, np.zeros((1, 3)))
    with pytest.raises(ValueError, match="X_other has 0 row"):
        intrusion_rate(rows, rows, rows[:0])


@pytest.mark.parametrize("score", [coverage_score, density_score])
def test_too_large_or_wrong_k_is_refused(score):
    with pytest.raises(ValueError, match="k_neighbors=4 needs at least 5 rows in X_real"):
        score(LINE, LINE, k_neighbors=4)
    with pytest.raises(ValueError, match="integer of at least 1; got 0"):
        score(LINE, LINE, k_neighbors=0)


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


MEASURES = {
    "coverage_score": coverage_score,
    "density_score": density_score,
    "nearest_original_distance": nearest_original_distance,
    "feature_distance": feature_distance,
    "intrusion_rate": lambda real, synthetic: intrusion_rate(real, synthetic, real[list("abc")]),
    "detection_auc": lambda real, synthetic: detection_auc(
        real, synthetic, classifier=LogisticRegression(), random_state=0
    ),
    "fidelity_report": lambda real, synthetic: list(
        fidelity_report(real, synthetic, X_other=real[list("bca")], random_state=0).values()
    ),
}


@pytest.mark.parametrize("name", MEASURES)
def test_columns_are_matched_by_name(name):
    rng = np.random.default_rng(0)
    real = pd.DataFrame(rng.normal([0, 50, 1000], [1, 5, 100], size=(12, 3)), columns=list("abc"))
    synthetic = real + rng.normal(size=real.shape)
    expected = MEASURES[name](real, synthetic)
    np.testing.assert_array_equal(MEASURES[name](real, synthetic[list("cab")]), expected)
    with pytest.raises(ValueError, match="X_synthetic lacks 'c' and X_real lacks 'd'"):
        MEASURES[name](real, synthetic.set_axis(list("abd"), axis=1))


def test_missing_values_of_tables_and_hidden_ones_are_refused():
    frame = pd.DataFrame({"a": pd.array([1, None, 3]), "b": [0.0, 1.0, 2.0]})
    with pytest.raises(ValueError, match="Input X_real contains NaN: row 1, column 'a'"):
        feature_distance(frame, frame)
    with pytest.raises(ValueError, match="X_synthetic is a masked array that hides 1 value"):
        feature_distance(ROWS, np.ma.masked_equal(ROWS, ROWS[3, 1]))
