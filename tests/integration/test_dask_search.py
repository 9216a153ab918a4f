"""Searches on a cluster of two worker processes, through joblib's dask backend."""

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from imblearn.pipeline import make_pipeline
from joblib import parallel_config
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklearn_imbgen import ICEDClassifier, SRATClassifier
from sklearn_imbgen.model_selection import CrowdStratifiedKFold
from tests.registry import SAMPLERS

distributed = pytest.importorskip("distributed")

# so small folds and so short trainings
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn_imbgen.exceptions.FewSamplesWarning"),
    pytest.mark.filterwarnings("ignore::sklearn_imbgen.exceptions.ConfusedLabelsWarning"),
]

PATIENCE = 120  # seconds, for a machine that is busy


def glgan():
    sampler = clone(SAMPLERS["GLGAN"])
    pipeline = make_pipeline(StandardScaler(), sampler, LinearSVC())
    grid = {"glgan__latent_dim": [2, 3]}
    return GridSearchCV(pipeline, grid, scoring="matthews_corrcoef", cv=2, refit=False)


def srat():
    net = SRATClassifier(epsilon=0.1, n_steps=2, max_epochs=4, batch_size=32, random_state=0)
    return GridSearchCV(net, {"lr": [0.01, 0.1]}, scoring="balanced_accuracy", cv=2, refit=False)


def iced():
    clf = ICEDClassifier(n_networks=2, max_epochs=1, hidden_dims=(8,), random_state=0)
    return GridSearchCV(clf, {"latent_dim": [4, 8]}, cv=CrowdStratifiedKFold(2), refit=False)


class Gate(BaseEstimator):
    """A step that tells that it has been reached, and opens once a worker has been killed."""

    def __init__(self, folder):
        self.folder = folder

    def fit(self, X, y=None):
        folder = Path(self.folder)
        (folder / f"{os.getpid()}.reached").touch()
        wait_for(lambda: (folder / "killed").exists())
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return X


def wait_for(condition):
    """What the condition gives once it is true."""
    last = time.monotonic() + PATIENCE
    while not (found := condition()):
        if time.monotonic() > last:
            raise TimeoutError(f"nothing has happened for {PATIENCE} seconds")
        time.sleep(0.02)
    return found


def kill_one(folder, pids):
    """End the first worker that reaches the gate, then open it for the others."""
    reached = wait_for(lambda: next(folder.glob("*.reached"), None))
    pid = int(reached.stem)
    assert pid in pids
    os.kill(pid, signal.SIGKILL)
    (folder / "killed").write_text(str(pid))


@pytest.fixture(scope="module")
def client():
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture
def scored(imbalanced):
    X, y = imbalanced
    return X.astype(np.float32), y


@pytest.mark.parametrize("make", [glgan, srat, iced])
def test_a_search_over_a_cluster_finds_what_one_process_finds(client, make, scored):
    X, y = scored
    labels = np.column_stack([y, y, 1 - y]) if make is iced else y
    alone = make().fit(X, labels)
    with parallel_config(backend="dask", scatter=[X, labels]):
        together = make().fit(X, labels)
    np.testing.assert_array_equal(
        together.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )
    assert together.best_params_ == alone.best_params_


def test_a_search_survives_the_death_of_a_worker(client, scored, tmp_path):
    X, y = scored
    search = glgan()
    alone = clone(search).fit(X, y)
    search.estimator.steps.insert(2, ("gate", Gate(str(tmp_path))))
    pids = set(client.run(os.getpid).values())
    killer = threading.Thread(target=kill_one, args=(tmp_path, pids))
    killer.start()
    with parallel_config(backend="dask", scatter=[X, y]):
        search.fit(X, y)
    killer.join()
    client.wait_for_workers(2, timeout=PATIENCE)
    left = set(client.run(os.getpid).values())
    assert len(pids - left) == 1
    assert int((tmp_path / "killed").read_text()) not in left
    assert search.best_params_ == alone.best_params_
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )
