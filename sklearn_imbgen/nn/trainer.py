"""The mini-batch loop of every network here that is not a skorch net, and its batches."""

import copy
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from sklearn_imbgen.exceptions import DivergenceError, DivergenceWarning

# What a loss gives per batch, what one epoch leaves, and the record of all epochs.
Terms = dict[str, Tensor]
Row = dict[str, dict[str, float]]
History = dict[str, dict[str, list[float]]]

# A loss term that grows by this factor over its first epoch has exploded.
EXPLOSION_FACTOR = 1e3
MAX_RECOVERIES = 2
RECOVERY_FACTOR = 0.1


@dataclass
class Step:
    """One network's turn in an epoch: ``n_epochs`` times through its batches.

    ``loss`` maps the tensors of one batch to a dict of scalar terms, of which "total" is
    minimised; gradients are computed for ``module`` only. ``name`` is its key in the history.
    """

    name: str
    module: nn.Module
    loss: Callable[..., Terms]
    n_epochs: int = 1


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train, with AdamW; a ``weight_decay`` of 0 makes it plain Adam.

    Training stops after ``n_iter_no_change`` epochs without a fall of the monitored loss by
    ``tol`` times its size; None never stops early. ``advice`` says what to change, in the message
    of a divergence. ``verbose=1`` shows a progress bar.
    """

    max_epochs: int
    learning_rate: float
    n_iter_no_change: int | None = None
    tol: float = 1e-3
    advice: str = "lower learning_rate"
    verbose: int = 0
    weight_decay: float = 0.0


def train(
    steps: Sequence[Step],
    draw: Callable[[], tuple[Tensor, ...]],
    schedule: Schedule,
    *,
    monitor: Callable[[Row], float] | None,
    title: str,
    history: History | None = None,
) -> History:
    """Train one or several networks in turn, on index batches of in-memory tensors.

    In each epoch every step goes ``n_epochs`` times through freshly drawn
    batches. At the end, also after Ctrl-C, the networks hold the state of the
    epoch with the lowest monitored loss.

    ``draw`` returns the index tensors of one pass, each (n_batches, batch_size); ``loss`` gets
    one row of each. ``monitor`` maps the losses of one epoch, ``row[step][term]``, to the value
    that early stopping watches; with None all epochs are run and the state of the last one is
    kept. ``title`` is for the progress bar and messages. Returns ``history[step][term]``, one
    value per epoch, filled in place, so that an interrupted caller keeps it. DivergenceError if
    the losses leave all bounds even at lower learning rates.
    """
    history = {} if history is None else history
    loop = _Loop(steps, draw, schedule, monitor, title, history)
    try:
        for attempt in range(MAX_RECOVERIES + 1):
            loop.start(schedule.learning_rate * RECOVERY_FACTOR**attempt)
            problem = loop.run()
            if problem is None:
                break
            loop.restore_best()
            if attempt == MAX_RECOVERIES:
                raise DivergenceError(
                    f"Training of the {title} diverged: {problem}. To avoid it, {schedule.advice}."
                )
            warnings.warn(
                f"Training of the {title} diverged ({problem}). It goes on from its best "
                f"state at {RECOVERY_FACTOR} times the learning rate.",
                DivergenceWarning,
                stacklevel=2,
            )
    finally:
        loop.close()
    return history


class _Loop:
    """The state of one call of ``train``."""

    def __init__(
        self,
        steps: Sequence[Step],
        draw: Callable[[], tuple[Tensor, ...]],
        schedule: Schedule,
        monitor: Callable[[Row], float] | None,
        title: str,
        history: History,
    ) -> None:
        self.steps, self.draw, self.schedule = steps, draw, schedule
        self.monitor, self.history = monitor, history
        self.epoch, self.best, self.best_epoch = 0, math.inf, 0
        self.first_row: Row = {}
        self.states = self._snapshot()
        self.bar = tqdm(
            total=schedule.max_epochs,
            desc=title,
            unit="epoch",
            disable=not schedule.verbose,
            leave=False,
        )

    def start(self, learning_rate: float) -> None:
        """Fresh optimizers, as the moments of a diverged run are of no use."""
        self.optimizers = [
            _adam(step.module, learning_rate, self.schedule.weight_decay) for step in self.steps
        ]

    def run(self) -> str | None:
        """Train to the end; a description of the problem if the losses diverge."""
        while self.epoch < self.schedule.max_epochs:
            self.epoch += 1
            row = {
                step.name: self._run_step(step, optimizer)
                for step, optimizer in zip(self.steps, self.optimizers, strict=True)
            }
            problem = self._divergence(row)
            if problem is not None:
                return problem
            self._record(row)
            self.bar.update()
            if self.monitor is None:
                self.states = self._snapshot()
                continue
            value = self.monitor(row)
            self.bar.set_postfix_str(f"loss {value:.4g}")
            if self.best_epoch == 0 or value < self.best - self.schedule.tol * abs(self.best):
                self.best, self.best_epoch = value, self.epoch
                self.states = self._snapshot()
            elif self._patience_is_over():
                break
        return None

    def restore_best(self) -> None:
        for step, state in zip(self.steps, self.states, strict=True):
            step.module.load_state_dict(state)

    def close(self) -> None:
        """Leave the best state behind, ready for inference."""
        self.bar.close()
        self.restore_best()
        for step in self.steps:
            step.module.eval()

    def _run_step(self, step: Step, optimizer: torch.optim.Optimizer | None) -> dict[str, float]:
        """Means of the loss terms over the batches of one step's turn."""
        step.module.train()
        parameters = _trainable(step.module)
        sums: Terms = {}
        n_batches = 0
        for _ in range(step.n_epochs):
            for batch in zip(*self.draw(), strict=True):
                terms = step.loss(*batch)
                if optimizer is not None:
                    optimizer.zero_grad(set_to_none=True)
                    # only for this step's network: the others' gradients are not wanted
                    terms["total"].backward(inputs=parameters)
                    optimizer.step()
                for name, term in terms.items():
                    sums[name] = sums.get(name, 0.0) + term.detach()
                n_batches += 1
        step.module.eval()
        # one synchronisation with the device per turn
        return {name: float(value) / n_batches for name, value in sums.items()}

    def _divergence(self, row: Row) -> str | None:
        self.first_row = self.first_row or row
        for network, terms in row.items():
            for term, value in terms.items():
                where = f"the {term} loss of the {network} is {value:.3g} in epoch {self.epoch}"
                if not math.isfinite(value):
                    return where
                first = self.first_row[network][term]
                if abs(value) > EXPLOSION_FACTOR * (1.0 + abs(first)):
                    return f"{where}, after {first:.3g} in the first"
        return None

    def _record(self, row: Row) -> None:
        for network, terms in row.items():
            for term, value in terms.items():
                self.history.setdefault(network, {}).setdefault(term, []).append(value)

    def _patience_is_over(self) -> bool:
        patience = self.schedule.n_iter_no_change
        return patience is not None and self.epoch - self.best_epoch >= patience

    def _snapshot(self) -> list[dict[str, Any]]:
        return [copy.deepcopy(step.module.state_dict()) for step in self.steps]


def _trainable(module: nn.Module) -> list[nn.Parameter]:
    return [p for p in module.parameters() if p.requires_grad]


def _adam(module: nn.Module, learning_rate: float, weight_decay: float) -> torch.optim.AdamW | None:
    """Optimizer of a module's trainable parameters; None for a wholly frozen module."""
    parameters = _trainable(module)
    if not parameters:
        return None
    # one kernel for all parameters: 1.3 to 1.5 times faster than the default for small layers
    fused = all(p.device.type in ("cpu", "cuda") for p in parameters)
    return torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=weight_decay, fused=fused)


def balanced_batches(
    codes: Tensor, n_batches: int, batch_size: int, generator: torch.Generator
) -> Tensor:
    """Row indices of mini-batches that hold the classes in equal parts, (n_batches, batch_size).

    Classes take turns, so that every batch holds each of them ``batch_size /
    n_classes`` times, rounded; rows are drawn with replacement within a class.
    """
    counts = torch.bincount(codes)
    by_class = torch.argsort(codes, stable=True)
    first = torch.cumsum(counts, 0) - counts
    present = torch.nonzero(counts).squeeze(1)
    total = n_batches * batch_size
    drawn = present[torch.arange(total) % len(present)]
    # float64: with float32 the product could round up to the next class
    offset = torch.rand(total, generator=generator, dtype=torch.float64) * counts[drawn]
    return by_class[first[drawn] + offset.long()].view(n_batches, batch_size)


def plain_batches(
    n_rows: int, n_batches: int, batch_size: int, generator: torch.Generator
) -> Tensor:
    """Row indices (n_batches, batch_size) that walk through random permutations of the rows.

    All batches are full: after the last row of one permutation the next begins.
    """
    total = n_batches * batch_size
    n_passes = -(-total // n_rows)
    passes = [torch.randperm(n_rows, generator=generator) for _ in range(n_passes)]
    return torch.cat(passes)[:total].view(n_batches, batch_size)
