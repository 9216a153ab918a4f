"""Cost of a batch of adversarial training: the library, a hand-written loop, and peers.

All train the same network on the same rows for the same epochs with PGD-10 by plain SGD: 11
forward and backward passes per batch. Rounds, as many as --seeds, are taken in turn, and the
cheapest of each is kept.

    python -m benchmarks training

torchattacks and ART are compared where they are installed.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional

from benchmarks.cost.measuring import cheapest
from benchmarks.question import Question, Row, Settings, one_of
from benchmarks.robust.networks import one_thread
from benchmarks.tables import titled
from sklearn_imbgen.nn import ResidualNetwork, TableNetwork
from sklearn_imbgen.robust import AdversarialClassifier, SRATClassifier

EPSILON, N_STEPS, LEARNING_RATE = 0.1, 10, 0.01
EPOCHS = 2


class Job(NamedTuple):
    """Rows for a network, and the size of a batch."""

    shape: tuple[int, ...]
    n_rows: int
    batch_size: int


JOBS = {"MLP": Job((256,), 4096, 128), "ResNet": Job((3, 32, 32), 256, 64)}


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


LOOP = "hand-written loop"
METHODS: dict[str, Callable[..., None]] = {
    LOOP: hand_written,
    "AdversarialClassifier": library(AdversarialClassifier),
    "SRATClassifier": library(SRATClassifier),
    "torchattacks in a loop": torchattacks_loop,
    "ART trainer": art_trainer,
}


def run(method: str, name: str, seed: int, settings: Settings) -> list[Row]:
    """CPU time per batch of one round."""
    one_thread()
    job = JOBS[name]
    if settings.quick:
        job = job._replace(n_rows=job.batch_size)
    X, y = make_rows(job)
    start = time.process_time()
    METHODS[method](job, X, y)
    seconds = time.process_time() - start
    n_batches = EPOCHS * -(-job.n_rows // job.batch_size)
    return [{"ms per batch": 1000 * seconds / n_batches}]


def report(scores: pd.DataFrame) -> str:
    """The cheapest round of each, and its ratio to the hand-written loop."""
    table = cheapest(scores, ["ms per batch"])
    if LOOP in scores["method"].to_numpy():
        loop = table["ms per batch"].xs(LOOP, level="method").reindex(table.index, level="set")
        table["times the loop"] = table["ms per batch"] / loop
    return titled("CPU time of adversarial training", table.round(2))


QUESTIONS = {
    "training": Question(
        about=__doc__ or "",
        run=run,
        methods=METHODS,
        measures=("ms per batch",),
        report=report,
        sets=tuple(JOBS),
        check=one_of(*JOBS),
        seeds=5,
        alone=True,
        packages={"torchattacks in a loop": "torchattacks", "ART trainer": "art"},
    )
}
