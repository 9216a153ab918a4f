"""Killed at any moment, a training with a checkpoint ends like one that was not."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from sklearn_imbgen import robust
from sklearn_imbgen.nn.checkpoint import Checkpoint

ROOT = Path(__file__).parents[2]
SMALL = {"max_epochs": 4, "n_steps": 1, "batch_size": 32, "random_state": 0}
NETS = {
    "AdversarialClassifier": SMALL,
    "SRATClassifier": {**SMALL, "reweight_start": 2},
    # whose mean of the weights is made after the last epoch
    "ImbMixClassifier": {**SMALL, "averaging_start": 1},
}
N_CALLS = 4

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL and fork are of Unix")


def fit(kind, data, **parameters):
    return getattr(robust, kind)(**NETS[kind], **parameters).fit(*data)


def count_calls(kind, data, path):
    """How many functions of the library a whole run calls."""
    count = 0

    def watch(frame, event, argument):
        nonlocal count
        count += event == "call" and "sklearn_imbgen" in frame.f_code.co_filename

    sys.setprofile(watch)
    try:
        fit(kind, data, checkpoint=path)
    finally:
        sys.setprofile(None)
    return count


@pytest.fixture(scope="module")
def killed(imbalanced, tmp_path_factory):
    """(kind, seam, number, checkpoint, its epochs, signal) of runs killed at random moments."""
    folder = tmp_path_factory.mktemp("killed")
    random_state = np.random.RandomState(0)
    moments = []
    for kind in NETS:
        n_calls = count_calls(kind, imbalanced, str(folder / f"{kind}.pt"))
        numbers = random_state.randint(n_calls // 8, int(0.98 * n_calls), size=N_CALLS)
        moments += [(kind, "call", int(number)) for number in numbers]
        # in and around the writing of these checkpoints
        seams = [("write", 1), ("write", 3), ("rename", 2), ("renamed", 4)]
        moments += [(kind, seam, number) for seam, number in seams]
    paths = [folder / f"{place}.pt" for place in range(len(moments))]
    plan = {
        "X": str(folder / "X.npy"),
        "y": str(folder / "y.npy"),
        "runs": [
            (kind, {**NETS[kind], "checkpoint": str(path)}, seam, number)
            for (kind, seam, number), path in zip(moments, paths, strict=True)
        ],
    }
    for name, array in zip("Xy", imbalanced, strict=True):
        np.save(plan[name], array)
    (folder / "plan.json").write_text(json.dumps(plan))
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("kill.py")), str(folder / "plan.json")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=120,
        check=True,
        stdout=subprocess.PIPE,
    )
    ends = json.loads(done.stdout)
    # counted here: the tests go on from the checkpoints
    epochs = [
        len(torch.load(path, weights_only=True)["history"]) if path.exists() else 0
        for path in paths
    ]
    runs = zip(moments, paths, epochs, ends, strict=True)
    return [(*moment, path, n_epochs, end) for moment, path, n_epochs, end in runs]


def test_every_run_was_killed_in_its_middle(killed):
    assert {end for *_, end in killed} == {signal.SIGKILL}
    # before the first checkpoint, between two, and after the last
    assert {n_epochs for *_, n_epochs, _ in killed} == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("kind", NETS)
def test_it_ends_like_a_run_that_was_not_killed(killed, imbalanced, kind):
    reference = fit(kind, imbalanced)
    for _, seam, number, path, *_ in (run for run in killed if run[0] == kind):
        resumed = fit(kind, imbalanced, checkpoint=str(path))
        assert resumed.history[:, "train_loss"] == reference.history[:, "train_loss"]
        for name, value in reference.module_.state_dict().items():
            assert torch.equal(resumed.module_.state_dict()[name], value), (seam, number, name)
        np.testing.assert_array_equal(
            resumed.predict_proba(imbalanced[0]), reference.predict_proba(imbalanced[0])
        )
        assert list(path.parent.glob(f"{path.name}*")) == [path]


def test_what_a_living_process_writes_is_left_alone(imbalanced, tmp_path):
    path = tmp_path / "net.pt"
    own, other = (path.with_name(f"net.pt.{name}.part") for name in (os.getpid(), "mine"))
    own.touch()
    other.touch()
    Checkpoint(path)._remove_leftovers()
    assert own.exists()
    assert other.exists()
