"""Workers of a parallel run take their share of the cores, and give back what they changed."""

import threading

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from skorch.callbacks import Callback
from torch import nn

from sklearn_imbgen import GLGAN
from sklearn_imbgen.crowd import CrowdLayerClassifier
from sklearn_imbgen.nn import isolated_rng, limited_threads, resolve_device, thread_share
from sklearn_imbgen.over_sampling import LatentSMOTE
from sklearn_imbgen.robust import AdversarialClassifier
from tests.registry import TINY

# forks beside pytest's own threads, from Python 3.12 on
pytestmark = [
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
    # so short a training may find one class only
    pytest.mark.filterwarnings("ignore::sklearn_imbgen.exceptions.ConfusedLabelsWarning"),
]

SMALL = {"epsilon": 0.1, "n_steps": 1, "max_epochs": 1, "random_state": 0}


class Counting(nn.Linear):
    """A network of the user that notes on how many threads it computes."""

    def __init__(self, n_features, n_out):
        super().__init__(n_features, n_out)
        self.noted = []

    def forward(self, X):
        self.noted.append(torch.get_num_threads())
        return super().forward(X)


def rows():
    y = np.repeat([0, 1], [30, 10])
    return np.random.RandomState(0).normal(size=(40, 3)).astype(np.float32) + y[:, None], y


def sampler():
    """Threads of a user's encoder in training and after it."""
    X, y = rows()
    stage = LatentSMOTE(encoder=Counting(3, 4), autoencoder_epochs=2, **TINY)
    gan = GLGAN(latent_smote=stage, max_epochs=1, random_state=0)
    noted = gan.fit(X, y).encoder_.noted
    n_training = len(noted)
    gan.encode(X)
    return noted[:n_training], noted[n_training:]


def crowd_classifier():
    X, y = rows()
    clf = CrowdLayerClassifier(module=Counting(3, 4), latent_dim=4, max_epochs=1, random_state=0)
    noted = clf.fit(X, np.column_stack([y, y])).module_.encoder.noted
    n_training = len(noted)
    clf.predict_proba(X)
    return noted[:n_training], noted[n_training:]


def net():
    X, y = rows()
    clf = AdversarialClassifier(Counting(3, 2), **SMALL).fit(X, y)
    noted = clf.module_.noted
    n_training = len(noted)
    clf.predict_proba(X)
    clf.extract_features(X)
    return noted[:n_training], noted[n_training:]


def attack():
    X, y = rows()
    clf = AdversarialClassifier(Counting(3, 2), **SMALL).fit(X, y)
    clf.module_.noted.clear()
    clf.perturb(X, y, n_steps=1)
    return clf.module_.noted, [1]


class Watch(Callback):
    """Notes the threads of a training of the package's own network."""

    def __init__(self, noted):
        self.noted = noted

    def on_grad_computed(self, net, **kwargs):
        self.noted.append(torch.get_num_threads())


def image_net():
    X, y = np.random.RandomState(0).uniform(size=(12, 1, 8, 8)).astype(np.float32), [0, 1] * 6
    trained, inferred = [], []
    clf = AdversarialClassifier(callbacks=[Watch(trained)], **SMALL).fit(X, y)
    clf.module_.register_forward_hook(lambda *_: inferred.append(torch.get_num_threads()))
    clf.predict_proba(X)
    return trained, inferred


def bare(takes_turns):
    with thread_share(takes_turns=takes_turns):
        return torch.get_num_threads()


def in_worker(task, *arguments):
    """A task in a worker that might take two threads."""
    with limited_threads(2):
        found = task(*arguments)
        assert torch.get_num_threads() == 2
    return found


def beside_another(backend, task, *arguments):
    run = delayed(in_worker)
    # a fork that waits for threads of its parent would wait for ever; threads have no time limit
    timeout = 100 if backend == "multiprocessing" else None
    parallel = Parallel(n_jobs=2, backend=backend, timeout=timeout)
    return parallel(run(task, *arguments) for _ in range(2))


@pytest.fixture(scope="module", autouse=True)
def _optimizer_is_imported():
    # torch imports a second's worth of modules with the first one; a fork inherits them
    net()


# without the sampler: scikit-learn's neighbors have threads of their own that a fork waits for
@pytest.mark.parametrize("task", [crowd_classifier, net, attack, image_net])
def test_a_forked_worker_computes_on_one_thread(task):
    for trained, inferred in beside_another("multiprocessing", task):
        assert set(trained) == set(inferred) == {1}


@pytest.mark.parametrize("task", [sampler, crowd_classifier, net])
def test_threads_that_take_turns_train_on_all_cores_and_infer_on_one(task):
    for trained, inferred in beside_another("threading", task):
        assert 2 in trained
        assert set(inferred) == {1}


def test_threads_that_train_side_by_side_take_one_each():
    for trained, inferred in beside_another("threading", image_net):
        assert set(trained) == set(inferred) == {1}


def test_dask_workers_without_a_nanny_take_one_each():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        tasks = [client.submit(in_worker, bare, takes_turns) for takes_turns in (False, True)]
        assert client.gather(tasks) == [1, 2]


def test_nothing_is_limited_outside_of_workers():
    assert in_worker(bare, False) == 2
    found = []
    own_thread = threading.Thread(target=lambda: found.append(in_worker(bare, False)))
    own_thread.start()
    own_thread.join()
    assert found == [2]


def test_isolated_rng_seeds_inside_and_gives_the_state_back():
    before = torch.get_rng_state()
    with isolated_rng(5):
        first = torch.rand(3)
    with isolated_rng(5):
        assert torch.equal(first, torch.rand(3))
    assert torch.equal(before, torch.get_rng_state())


def test_threads_are_limited_inside_the_block_only():
    before = torch.get_num_threads()
    with limited_threads(1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_devices_are_resolved_or_refused_by_name():
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device("auto").type in ("cpu", "cuda", "mps")
    with pytest.raises(ValueError, match="device='abacus' is not available"):
        resolve_device("abacus")
