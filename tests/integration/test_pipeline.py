"""In the place of SMOTE: Pipelines, searches, parallel work."""

import subprocess
import sys

import numpy as np
import pytest
from imblearn.pipeline import make_pipeline
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from tests.registry import SAMPLERS


@pytest.fixture
def pipeline(sampler):
    return make_pipeline(StandardScaler(), sampler, LinearSVC())


@pytest.fixture
def scored(imbalanced):
    X, y = imbalanced
    return X, np.array(["healthy", "ill"])[y]


# small folds have fewer minority rows than neighbors
few = pytest.mark.filterwarnings("ignore::sklearn_imbgen.exceptions.FewSamplesWarning")


def test_a_pipeline_fits_predicts_and_fits_again(pipeline, scored):
    X, y = scored
    first = pipeline.fit(X, y).predict(X)
    assert set(first) <= {"healthy", "ill"}
    np.testing.assert_array_equal(pipeline.fit(X, y).predict(X), first)


@few
def test_grid_search_over_the_sampler(pipeline, scored):
    name, sampler = pipeline.steps[1]
    searched = ("latent_dim", "spread", "k_neighbors")
    parameter = next(f"{name}__{known}" for known in searched if hasattr(sampler, known))
    search = GridSearchCV(pipeline, {parameter: [2, 3]}, scoring="matthews_corrcoef", cv=3).fit(
        *scored
    )
    assert search.best_params_[parameter] in (2, 3)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@few
@pytest.mark.parametrize("name", ["GLGAN", "SWIM"])
def test_two_processes_give_the_scores_of_one(name, scored):
    pipeline = make_pipeline(StandardScaler(), clone(SAMPLERS[name]), LinearSVC())
    one = cross_val_score(pipeline, *scored, cv=3)
    two = cross_val_score(pipeline, *scored, cv=3, n_jobs=2)
    np.testing.assert_array_equal(one, two)


def test_threads_give_the_rows_of_one(sampler, imbalanced):
    expected, _ = clone(sampler).fit_resample(*imbalanced)
    results = Parallel(n_jobs=2, prefer="threads")(
        delayed(clone(sampler).fit_resample)(*imbalanced) for _ in range(4)
    )
    for rows, _ in results:
        np.testing.assert_array_equal(rows, expected)


def test_a_class_missing_from_a_fold(swim):
    X = np.random.RandomState(0).normal(size=(60, 3))
    y = np.repeat([0, 1, 2], [40, 14, 6])
    without = y != 2
    _, y_resampled = swim.fit_resample(X[without], y[without])
    assert np.bincount(y_resampled).tolist() == [40, 40]
    with pytest.raises(ValueError, match="target class is/are not present"):
        swim.set_params(sampling_strategy={2: 40}).fit_resample(X[without], y[without])


def test_folders_without_networks_import_no_torch():
    folders = ("utils", "calibration", "datasets", "metrics", "inspection", "model_selection")
    imports = ", ".join(f"sklearn_imbgen.{folder}" for folder in folders)
    code = (
        f"import sys, {imports}; from sklearn_imbgen.over_sampling import SWIM; "
        "SWIM().fit_resample([[0.0], [1.0], [2.0]], [0, 0, 1]); assert 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_public_names_are_all_there():
    import sklearn_imbgen

    for name in sklearn_imbgen.__all__:
        assert getattr(sklearn_imbgen, name) is not None
    assert set(sklearn_imbgen.__all__) <= set(dir(sklearn_imbgen))
    with pytest.raises(AttributeError, match="has no attribute 'SMOTE'"):
        _ = sklearn_imbgen.SMOTE


def test_show_versions_lists_what_matters(capsys):
    from sklearn_imbgen import show_versions

    show_versions()
    printed = capsys.readouterr().out
    assert "torch: " in printed
    assert "scikit-learn: " in printed
