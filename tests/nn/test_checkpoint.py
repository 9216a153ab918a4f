import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, EarlyStopping
from skorch.dataset import ValidSplit

from sklearn_imbgen.nn.checkpoint import Checkpoint
from sklearn_imbgen.robust import AdversarialClassifier, ImbMixClassifier, SRATClassifier

ROOT = Path(__file__).parents[2]
SMALL = {"max_epochs": 4, "n_steps": 2, "batch_size": 32, "random_state": 0}

# Killed without warning in the middle of its third epoch.
KILLED_RUN = textwrap.dedent(
    """
    import os, signal, sys
    import numpy as np
    from skorch.callbacks import Callback
    from sklearn_imbgen.robust import SRATClassifier

    class Kill(Callback):
        def on_batch_end(self, net, **kwargs):
            if len(net.history) == 3 and len(net.history[-1]["batches"]) == 2:
                os.kill(os.getpid(), signal.SIGKILL)

    data = np.load(sys.argv[1])
    parameters = {parameters}
    SRATClassifier(**parameters, checkpoint=sys.argv[2], callbacks=[Kill()]).fit(**data)
    """
)


class Interrupt(Callback):
    """Ctrl-C in the second batch of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == self.epoch and len(net.history[-1]["batches"]) == 2:
            raise KeyboardInterrupt


def fit(data, path, kind=SRATClassifier, **parameters):
    return kind(**{**SMALL, "checkpoint": path, **parameters}).fit(*data)


def interrupt(data, path, epoch=3, **parameters):
    net = fit(data, path, callbacks=[Interrupt(epoch)], **parameters)
    assert len(net.history) == epoch


def assert_same(net, reference):
    for name, value in reference.module_.state_dict().items():
        assert torch.equal(net.module_.state_dict()[name], value), name
    for column in ("epoch", "train_loss"):
        assert net.history[:, column] == reference.history[:, column]
    losses = ("batches", slice(None), "train_loss")
    assert net.history[(slice(None), *losses)] == reference.history[(slice(None), *losses)]


def normalised():
    return torch.nn.Sequential(torch.nn.BatchNorm1d(6), torch.nn.Linear(6, 2))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.pt"


# -- going on ------------------------------------------------------------------------------------


def test_a_killed_run_goes_on_as_if_nothing_had_happened(imbalanced, path):
    X, y = imbalanced
    np.savez(path.with_name("data.npz"), X=X, y=y)
    code = KILLED_RUN.replace("{parameters}", json.dumps(SMALL))
    killed = subprocess.run(
        [sys.executable, "-c", code, str(path.with_name("data.npz")), str(path)],
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(torch.load(path, weights_only=True)["history"]) == 2

    resumed = fit(imbalanced, str(path))
    assert_same(resumed, fit(imbalanced, None))
    assert len(resumed.history) == 4


@pytest.mark.parametrize(
    "parameters",
    [
        {"kind": AdversarialClassifier, "class_weight": "balanced"},
        {"reweight_start": 3, "callbacks__learning_rate_schedule__milestones": (2, 3)},
        {"module": torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(6, 2))},
        {"optimizer": torch.optim.Adam, "lr": 0.01},
        {"train_split": ValidSplit(5, stratified=True)},
        {"random_state": np.int64(3)},
        # whose weights are averaged from the second epoch on, or only after the last stop
        {
            "kind": ImbMixClassifier,
            "averaging_start": 1,
            "iterator_train__class_weight": "effective",
        },
        {"kind": ImbMixClassifier, "averaging_start": 3, "separation_weight": 0.3},
        {
            "kind": ImbMixClassifier,
            "averaging_start": 1,
            "module": normalised,
            "train_split": ValidSplit(5, stratified=True),
        },
    ],
)
@pytest.mark.parametrize("epoch", [2, 4])
def test_an_interrupted_run_ends_like_a_whole_one(imbalanced, path, parameters, epoch):
    interrupt(imbalanced, path, epoch=epoch, **parameters)
    assert_same(fit(imbalanced, path, **parameters), fit(imbalanced, None, **parameters))


def test_a_run_interrupted_in_its_first_epoch_begins_anew(imbalanced, path):
    interrupt(imbalanced, path, epoch=1)
    assert not path.exists()
    assert_same(fit(imbalanced, path), fit(imbalanced, None))


def test_an_unseeded_run_goes_on_from_the_seed_it_drew(imbalanced, path):
    interrupt(imbalanced, path, random_state=None)
    saved = torch.load(path, weights_only=True)
    resumed = fit(imbalanced, path, random_state=None)
    assert resumed.history[:2, "train_loss"] == [row["train_loss"] for row in saved["history"]]
    assert_same(resumed, fit(imbalanced, None, random_state=_seed_as_state(saved["seed"])))


def _seed_as_state(seed):
    """A random state whose next draw is this seed."""

    class Fixed(np.random.RandomState):
        def randint(self, *args, **kwargs):
            return seed

    return Fixed()


@pytest.mark.parametrize(
    "parameters",
    [
        {"kind": SRATClassifier},
        # whose statistics of batch normalisation are drawn again
        {"kind": ImbMixClassifier, "averaging_start": 1, "module": normalised},
    ],
)
def test_a_finished_run_is_not_trained_again(imbalanced, path, parameters):
    finished = fit(imbalanced, path, **parameters)
    content = path.read_bytes()

    class Refuse(Callback):
        def on_batch_begin(self, net, **kwargs):
            raise AssertionError("trained again")

    again = fit(imbalanced, path, callbacks=[Refuse()], **parameters)
    np.testing.assert_array_equal(
        again.predict_proba(imbalanced[0]), finished.predict_proba(imbalanced[0])
    )
    assert path.read_bytes() == content
    assert_same(again, finished)


def test_the_file_keeps_the_weights_that_are_not_averaged(imbalanced, path):
    given = {"kind": ImbMixClassifier, "averaging_start": 1}
    finished = fit(imbalanced, path, **given)
    saved = torch.load(path, weights_only=True)
    last = fit(imbalanced, None, **{**given, "averaging_start": None})
    for name, value in last.module_.state_dict().items():
        assert torch.equal(saved["module"][name], value)
    assert saved["more"]["n_averaged"] == finished.n_averaged_ == 3


def test_a_run_that_stopped_early_is_finished(imbalanced, path):
    stop = {"callbacks": [EarlyStopping("train_loss", patience=1, threshold=1e9)]}
    stopped = fit(imbalanced, path, max_epochs=9, **stop)
    assert 1 < len(stopped.history) < 9
    assert_same(fit(imbalanced, path, max_epochs=9, **stop), stopped)


def test_partial_fit_leaves_the_file_alone(imbalanced, path):
    net = fit(imbalanced, path)
    content = path.read_bytes()
    net.partial_fit(*imbalanced)
    assert len(net.history) == 8
    assert path.read_bytes() == content


def test_callbacks_of_the_epoch_act_before_it_is_saved(imbalanced, path):
    class Halve(Callback):
        def on_epoch_end(self, net, **kwargs):
            net.optimizer_.param_groups[0]["lr"] = 0.125

    fit(imbalanced, path, max_epochs=1, callbacks=[Halve()])
    state = torch.load(path, weights_only=True)
    assert state["optimizer"]["param_groups"][0]["lr"] == 0.125


def test_arrays_and_numpy_numbers_in_the_history_can_be_read_again(imbalanced, path):
    class Note(Callback):
        def on_epoch_end(self, net, **kwargs):
            net.history.record("per_class", np.array([1.0, 2.0]))
            net.history.record("best", np.bool_(True))

    fit(imbalanced, path, callbacks=[Note()])
    again = fit(imbalanced, path)
    assert again.history[-1, "per_class"] == [1.0, 2.0]
    assert again.history[-1, "best"] is True


# -- refusals ------------------------------------------------------------------------------------


def mask(*positions):
    """Of 2000 features, in whose text only the first and last three appear."""
    allowed = np.ones(2000, dtype=bool)
    allowed[list(positions)] = False
    return allowed


@pytest.mark.parametrize(
    "parameters",
    [
        {"epsilon": 0.2},
        {"random_state": 1},
        {"random_state": np.int64(1)},
        {"max_epochs": 5},
        {"module__hidden_dims": (5,)},
        {"class_weight": {0: 1.0, 1: 2.0}},
        {"optimizer": torch.optim.Adam},
        {"train_split": ValidSplit(5)},
    ],
)
def test_a_file_of_other_parameters_is_refused(imbalanced, path, parameters):
    fit(imbalanced, path)
    content = path.read_bytes()
    with pytest.raises(ValueError, match=r"net.pt' is of a run with other data or parameters"):
        fit(imbalanced, path, **parameters)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"attack__feature_mask": mask(1000)}, {"attack__feature_mask": mask(1001)}),
        ({"module": torch.nn.Linear(2000, 2)}, {"module": torch.nn.Linear(2000, 2)}),
        ({"train_split": ValidSplit(5)}, {"train_split": ValidSplit(4)}),
    ],
)
def test_parameters_that_look_alike_are_told_apart(path, first, second):
    X = np.random.RandomState(0).randn(20, 2000).astype(np.float32)
    data = (X, np.arange(20) % 2)
    fit(data, path, max_epochs=1, **first)
    fit(data, path, max_epochs=1, **first)
    with pytest.raises(ValueError, match="other data or parameters"):
        fit(data, path, max_epochs=1, **second)


def test_a_file_of_other_data_is_refused(imbalanced, path):
    X, y = imbalanced
    fit((X, y), path)
    for other in [(X + 1e-6, y), (X, y[::-1]), (X[:99], y[:99])]:
        with pytest.raises(ValueError, match="other data or parameters"):
            fit(other, path)


def test_what_does_not_decide_the_result_may_change(imbalanced, path, capsys):
    finished = fit(imbalanced, path)
    moved = path.rename(path.with_name("moved.pt"))
    again = fit(imbalanced, moved, verbose=1, device=torch.device("cpu"), callbacks=[Callback()])
    assert_same(again, finished)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", "half"])
def test_a_damaged_file_is_refused_with_what_to_do(imbalanced, path, content):
    fit(imbalanced, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    with pytest.raises(ValueError, match=r"net.pt' is damaged.*Delete the file"):
        fit(imbalanced, path)


class Hostile:
    """Runs a command where it is unpickled."""

    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return (os.mkdir, (self.target,))


def test_a_hostile_file_is_not_executed(imbalanced, path, tmp_path):
    torch.save({"fingerprint": Hostile(tmp_path / "hacked")}, path)
    with pytest.raises(ValueError, match="no checkpoint of this library"):
        fit(imbalanced, path)
    assert not (tmp_path / "hacked").exists()


def test_a_missing_folder_is_an_error_before_training(imbalanced, tmp_path):
    path = tmp_path / "missing" / "net.pt"
    with pytest.raises(FileNotFoundError, match=r"missing/net.pt'.*no folder"):
        fit(imbalanced, path)
    assert not path.parent.exists()


def test_a_folder_in_place_of_the_file_is_an_error(imbalanced, tmp_path):
    with pytest.raises(OSError, match=tmp_path.name):
        fit(imbalanced, tmp_path)


def test_a_failed_write_keeps_the_last_file_and_leaves_no_half_one(imbalanced, path, monkeypatch):
    net = fit(imbalanced, path)
    content = path.read_bytes()

    def full_disk(state, target):
        Path(target).write_bytes(b"half")
        raise RuntimeError("[enforce fail] file write failed")

    monkeypatch.setattr(torch, "save", full_disk)
    checkpoint = Checkpoint(path)
    checkpoint.fingerprint = "any"
    with pytest.raises(OSError, match=r"net.pt' cannot be written: .*file write failed"):
        checkpoint.save(net)
    assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == ["net.pt"]


def test_a_full_disk_is_an_error_that_leaves_no_file_and_a_net_that_works(imbalanced, path):
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    net = SRATClassifier(**SMALL, checkpoint=path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"net.pt' cannot be written: "):
            net.fit(*imbalanced)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(path.parent.iterdir()) == []
    assert np.isfinite(net.predict_proba(imbalanced[0])).all()
    assert_same(net.fit(*imbalanced), fit(imbalanced, None))
