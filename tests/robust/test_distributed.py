"""Two processes on the CPU train one net, through accelerate."""

import json
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from sklearn_imbgen.robust import AdversarialClassifier, SRATClassifier

pytest.importorskip("accelerate")

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "epsilon": 0.2,
    "n_steps": 3,
    "max_epochs": 3,
    "batch_size": 16,
    # a row's random start depends on its place in the batch
    "attack__random_start": False,
    "random_state": 0,
}

TRAINING = textwrap.dedent(
    """
    import json, sys
    import numpy as np
    import torch
    from accelerate import Accelerator
    from skorch.callbacks import Callback
    from skorch.hf import AccelerateMixin
    from sklearn_imbgen.robust import AdversarialClassifier, SRATClassifier

    kinds, folder, settings = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    data = np.load(f"{folder}/data.npz")
    rows, labels = data["X"], data["y"]

    class Distributed(AccelerateMixin, AdversarialClassifier):
        pass

    class DistributedSRAT(AccelerateMixin, SRATClassifier):
        pass

    class Watch(Callback):
        def on_grad_computed(self, net, named_parameters, batch, **kwargs):
            gaps = np.abs(batch[0].numpy()[:, None] - rows[None]).max(axis=2).min(axis=1)
            moved.append(float(gaps.min()))

    accelerator = Accelerator(cpu=True)
    results = {}
    for kind in kinds:
        moved = []
        net = {"A": Distributed, "S": DistributedSRAT}[kind](
            accelerator=accelerator,
            callbacks=[Watch()],
            checkpoint=f"{folder}/{kind}.pt",
            **settings,
        ).fit(rows, labels)
        results[kind] = {
            "n_processes": accelerator.num_processes,
            "losses": [float(loss) for loss in net.history[:, "train_loss"]],
            "sizes": net.history[0, "batches", :, "train_batch_size"],
            "moved": list(moved),
            "probabilities": net.predict_proba(rows).tolist(),
            "attacked": net.perturb(rows, labels).tolist(),
        }
        # the run is finished, as the file says
        again = net.fit(rows, labels).predict_proba(rows).tolist()
        results[kind]["again"] = again == results[kind]["probabilities"]
        results[kind]["moved_again"] = len(moved) - len(results[kind]["moved"])
    with open(f"{folder}/{accelerator.process_index}.json", "w") as file:
        json.dump(results, file)
    accelerator.end_training()
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    """
)


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def train(kinds, folder, n_processes, settings):
    """What each process of a training has found, in the order of their ranks."""
    shared = {
        "WORLD_SIZE": n_processes,
        "LOCAL_WORLD_SIZE": n_processes,
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": free_port(),
        "ACCELERATE_USE_CPU": "true",
        "OMP_NUM_THREADS": 1,
        "PYTHONPATH": ROOT,
    }
    command = [sys.executable, "-c", TRAINING, kinds, str(folder), json.dumps(settings)]
    processes = [
        subprocess.Popen(
            command,
            env=os.environ
            | {name: str(value) for name, value in shared.items()}
            | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(n_processes)
    ]
    try:
        outputs = [process.communicate(timeout=120)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0] * n_processes, outputs
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(n_processes)]


@pytest.fixture
def folder(imbalanced, tmp_path):
    X, y = imbalanced
    # batches of 16 that two processes halve evenly
    rows = np.r_[2:90, 92:100]
    np.savez(tmp_path / "data.npz", X=X[rows].astype(np.float32), y=y[rows])
    return tmp_path


def test_two_processes_train_as_one_does(folder):
    data = np.load(folder / "data.npz")
    both = train("AS", folder, 2, SETTINGS)
    for kind, net in (("A", AdversarialClassifier), ("S", SRATClassifier)):
        alone = net(**SETTINGS).fit(data["X"], data["y"])
        check_processes([of_rank[kind] for of_rank in both], alone, data)
    # one file for both, with which a second fit has nothing to do
    assert sorted(path.name for path in folder.glob("*.pt*")) == ["A.pt", "S.pt"]
    for of_rank in both:
        assert all(result["again"] and result["moved_again"] == 0 for result in of_rank.values())


def check_processes(results, alone, data):
    """Both processes have the net that one process makes of all rows."""
    for result in results:
        assert result["n_processes"] == 2
        # half of each of six batches
        assert result["sizes"] == [8] * 6
        # every row was attacked, nearly up to the border of its ball
        assert len(result["moved"]) == 18
        assert min(result["moved"]) > 0.1
        np.testing.assert_allclose(
            result["probabilities"], alone.predict_proba(data["X"]), atol=1e-4
        )
        np.testing.assert_allclose(
            result["attacked"], alone.perturb(data["X"], data["y"]), atol=1e-3
        )
    together = np.mean([result["losses"] for result in results], axis=0)
    np.testing.assert_allclose(together, alone.history[:, "train_loss"], rtol=1e-3)
    assert results[0]["losses"] != results[1]["losses"]


def test_a_single_process_is_the_net_without_accelerate(folder):
    data = np.load(folder / "data.npz")
    settings = {**SETTINGS, "criterion": "ldam", "attack__random_start": True}
    (result,) = (of_rank["S"] for of_rank in train("S", folder, 1, settings))
    alone = SRATClassifier(**settings).fit(data["X"], data["y"])
    assert result["n_processes"] == 1
    assert result["sizes"] == [16] * 6
    np.testing.assert_allclose(result["losses"], alone.history[:, "train_loss"], rtol=1e-5)
    np.testing.assert_allclose(result["probabilities"], alone.predict_proba(data["X"]), atol=1e-6)
