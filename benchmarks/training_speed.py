"""Cost of an adversarial training epoch: the library, a hand-written loop, and peers.

All train the same network on the same rows for the same epochs with PGD-10 by plain SGD: 11
forward and backward passes per batch. Rounds are taken in turn and the quickest of each is kept.
"""

import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional

from sklearn_imbgen.nn import ResidualNetwork, TableNetwork
from sklearn_imbgen.robust import AdversarialClassifier, SRATClassifier

EPSILON, N_STEPS, LEARNING_RATE = 0.1, 10, 0.01
EPOCHS = 2


class Job(NamedTuple):
    """A network, its rows and the size of a batch."""

    name: str
    shape: tuple[int, ...]
    n_rows: int
    batch_size: int


JOBS = (Job("MLP 256-128-64-2", (256,), 4096, 128), Job("ResNet", (3, 32, 32), 256, 64))


def make_rows(job: Job) -> tuple[np.ndarray, np.ndarray]:
    """Uniform rows with labels of two classes."""
    random_state = np.random.RandomState(0)
    X = random_state.uniform(size=(job.n_rows, *job.shape)).astype(np.float32)
    return X, (X.reshape(len(X), -1).mean(axis=1) > 0.5).astype(np.int64)


def network(job: Job) -> nn.Module:
    """The same first weights for everybody."""
    generator = torch.Generator().manual_seed(0)
    if len(job.shape) == 1:
        return TableNetwork(job.shape[0], 2, generator=generator)
    return ResidualNetwork(job.shape[0], 2, generator=generator)


def hand_written(job: Job, X: np.ndarray, y: np.ndarray) -> None:
    """The shortest loop that does the same: evaluation mode, gradients by the rows only."""
    module, rows, labels = network(job), torch.from_numpy(X), torch.from_numpy(y)
    optimizer = torch.optim.SGD(module.parameters(), lr=LEARNING_RATE, momentum=0.9)
    step = 2.5 * EPSILON / N_STEPS
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(rows)).split(job.batch_size):
            clean, codes = rows[batch], labels[batch]
            low, high = (clean - EPSILON).clamp(min=0), (clean + EPSILON).clamp(max=1)
            module.eval()
            attacked = torch.clamp(clean + EPSILON * (2 * torch.rand_like(clean) - 1), low, high)
            for _ in range(N_STEPS):
                attacked = attacked.detach().requires_grad_()
                loss = functional.cross_entropy(module(attacked), codes, reduction="sum")
                (gradient,) = torch.autograd.grad(loss, attacked)
                attacked = torch.clamp(attacked + step * gradient.sign(), low, high)
            module.train()
            optimizer.zero_grad()
            functional.cross_entropy(module(attacked.detach()), codes).backward()
            optimizer.step()


def library(kind: Callable[..., AdversarialClassifier], **own: object) -> Callable[..., None]:
    """One of our classifiers."""

    def run(job: Job, X: np.ndarray, y: np.ndarray) -> None:
        clf = kind(
            network(job), epsilon=EPSILON, n_steps=N_STEPS, attack__clip_values=(0.0, 1.0),
            max_epochs=EPOCHS, batch_size=job.batch_size, random_state=0,
            callbacks__learning_rate_schedule=None,
            optimizer=torch.optim.SGD, lr=LEARNING_RATE, criterion="ce", **own,
        )  # fmt: skip
        clf.fit(X, y)

    return run


def torchattacks_loop(job: Job, X: np.ndarray, y: np.ndarray) -> None:
    """A hand-written step after an attack of torchattacks."""
    import torchattacks

    module, rows, labels = network(job), torch.from_numpy(X), torch.from_numpy(y)
    optimizer = torch.optim.SGD(module.parameters(), lr=LEARNING_RATE, momentum=0.9)
    attack = torchattacks.PGD(module, eps=EPSILON, alpha=2.5 * EPSILON / N_STEPS, steps=N_STEPS)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(rows)).split(job.batch_size):
            attacked = attack(rows[batch], labels[batch])
            optimizer.zero_grad()
            functional.cross_entropy(module(attacked), labels[batch]).backward()
            optimizer.step()


def art_trainer(job: Job, X: np.ndarray, y: np.ndarray) -> None:
    """AdversarialTrainerMadryPGD of the adversarial robustness toolbox."""
    from art.defences.trainer import AdversarialTrainerMadryPGD
    from art.estimators.classification import PyTorchClassifier

    module = network(job)
    wrapped = PyTorchClassifier(
        module,
        loss=nn.CrossEntropyLoss(),
        optimizer=torch.optim.SGD(module.parameters(), lr=LEARNING_RATE, momentum=0.9),
        input_shape=job.shape,
        nb_classes=2,
        clip_values=(0.0, 1.0),
        device_type="cpu",
    )
    trainer = AdversarialTrainerMadryPGD(
        wrapped,
        nb_epochs=EPOCHS,
        batch_size=job.batch_size,
        eps=EPSILON,
        eps_step=2.5 * EPSILON / N_STEPS,
        max_iter=N_STEPS,
        num_random_init=1,
    )
    trainer.fit(X, y)


RUNNERS: dict[str, tuple[str, Callable[..., None]]] = {
    "hand-written loop": ("torch", hand_written),
    "AdversarialClassifier": ("torch", library(AdversarialClassifier)),
    "SRATClassifier": ("torch", library(SRATClassifier)),
    "torchattacks in a loop": ("torchattacks", torchattacks_loop),
    "ART trainer": ("art", art_trainer),
}


def measure_training(rounds: int = 5) -> pd.DataFrame:
    """CPU time per batch, rows per second and the ratio to the hand-written loop."""
    torch.set_num_threads(1)
    table = []
    for job in JOBS:
        X, y = make_rows(job)
        present = {
            name: run for name, (package, run) in RUNNERS.items() if find_spec(package) is not None
        }
        best = dict.fromkeys(present, np.inf)
        for _ in range(rounds):
            for name, run in present.items():
                start = time.process_time()
                run(job, X, y)
                best[name] = min(best[name], time.process_time() - start)
        n_batches = EPOCHS * -(-job.n_rows // job.batch_size)
        for name in RUNNERS:
            row = {"network": job.name, "method": name}
            if name in best:
                row |= {
                    "ms per batch": f"{1000 * best[name] / n_batches:.2f}",
                    "rows per s": f"{EPOCHS * job.n_rows / best[name]:.0f}",
                    "times the loop": f"{best[name] / best['hand-written loop']:.2f}",
                }
            else:
                row["ms per batch"] = "not installed"
            table.append(row)
    return pd.DataFrame(table).fillna("").set_index(["network", "method"])


def peak_megabytes(name: str) -> float:
    """Memory that a training in this process adds to what imports and rows take (Linux)."""
    torch.set_num_threads(1)
    job = JOBS[-1]
    X, y = make_rows(job)
    # the peak so far is that of the imports
    Path("/proc/self/clear_refs").write_text("5")
    before = _peak()
    RUNNERS[name][1](job, X, y)
    return _peak() - before


def _peak() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    kilobytes = next(line for line in lines if line.startswith("VmHWM")).split()[1]
    return int(kilobytes) / 1024
