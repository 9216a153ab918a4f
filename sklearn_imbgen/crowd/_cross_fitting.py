"""Networks that each leave out a part of the rows, and judge the rows left out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sklearn_imbgen.crowd._network import class_probabilities, draw_row_batches, soft_cross_entropy
from sklearn_imbgen.crowd._synthetic import Offspring
from sklearn_imbgen.nn import (
    History,
    Schedule,
    Step,
    WithHead,
    apply_in_chunks,
    reconstruction_loss,
    train,
)

Codes = NDArray[np.intp]
Floats = NDArray[np.float64]

BATCH_SIZE = 64
# of the AdamW optimizer
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 1e-2


@dataclass
class Member:
    """One network, the decoder that is kept in step with it, and the rows it learns from.

    ``held_out`` are the rows it judges; with a single network these are the rows it
    learns from. ``n_epochs`` counts those it has been trained for.
    """

    network: WithHead
    decoder: nn.Module | None
    rows: Codes
    held_out: Codes
    n_epochs: int = 0

    def embed(self, X: Tensor) -> Tensor:
        """Embedding of encoded rows, on the CPU."""
        return apply_in_chunks(self.network.encoder, X).cpu()

    def decode(self, embedding: Tensor, X: Tensor, pairs: Offspring, weight: float) -> Tensor:
        """Encoded rows of offspring: the decoder's, plus what it lost of the parents.

        The residual of each parent, between a row and its reconstruction, is
        interpolated as the embeddings are. With ``weight=0`` it is left out, as in
        the chapter.
        """
        assert self.decoder is not None
        points = torch.from_numpy(pairs.blend(embedding.numpy())).to(X.device)
        rows = apply_in_chunks(self.decoder, points)
        if weight:
            lost = (X - apply_in_chunks(self.decoder, embedding.to(X.device))).cpu().numpy()
            rows = rows + weight * torch.from_numpy(pairs.blend(lost)).to(X.device)
        return rows


class SideBySide(nn.Module):
    """Outputs of several modules for the same rows, next to each other."""

    def __init__(self, parts: Sequence[nn.Module]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)

    def forward(self, X: Tensor) -> Tensor:
        """Shape (n_rows, sum of the widths)."""
        # copies: a user's module may compute in place
        return torch.cat([part(X.clone()) for part in self.parts], dim=1)


class Ensemble(nn.Module):
    """Mean probability of several classifiers; ``encoder`` gives all their embeddings."""

    def __init__(self, members: Sequence[WithHead]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.encoder = SideBySide([member.encoder for member in members])

    def forward(self, X: Tensor) -> Tensor:
        """Logits of shape (n_rows, n_classes): logarithms of the mean probabilities."""
        logits = [member(X.clone()) for member in self.members]
        each = torch.stack([torch.log_softmax(of_rows, dim=1) for of_rows in logits])
        return torch.logsumexp(each, dim=0) - float(np.log(len(self.members)))


@dataclass
class CrossFitting:
    """All networks of one fit and how they are trained.

    ``dropout`` is the share of the embedding that is hidden from the last layer in training.
    """

    members: list[Member]
    dropout: float
    generator: torch.Generator

    def ensemble(self) -> "Ensemble":
        """All networks; after Ctrl-C in the first epochs those that have begun to learn."""
        trained = [member.network for member in self.members if member.n_epochs]
        return Ensemble(trained or [member.network for member in self.members])

    def judge_held_out(self, X: Tensor) -> Floats:
        """Class probabilities of each row by the network that has not seen it."""
        parts = [
            class_probabilities(member.network, X[torch.from_numpy(member.held_out).to(X.device)])
            for member in self.members
        ]
        probabilities = np.empty((len(X), parts[0].shape[1]))
        for member, part in zip(self.members, parts, strict=True):
            probabilities[member.held_out] = part
        return probabilities

    def train(self, batches: Sequence[tuple[Tensor, Floats]], n_epochs: int) -> History:
        """Train each member on its rows and targets; losses per epoch, the mean over the networks.

        ``batches`` has (X, targets) for each; one of fewer than two rows is skipped.
        """
        schedule = Schedule(n_epochs, LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        histories = []
        for member, (X, targets) in zip(self.members, batches, strict=True):
            if len(X) > 1:
                rows = torch.from_numpy(targets.astype(np.float32)).to(X.device)
                histories.append(self._train_member(member, X, rows, schedule))
        if not histories:
            return {}
        return {
            network: {"total": np.mean([h[network]["total"] for h in histories], axis=0).tolist()}
            for network in histories[0]
        }

    def _train_member(
        self, member: Member, X: Tensor, targets: Tensor, schedule: Schedule
    ) -> History:
        """Train a network on soft targets, and its decoder to undo its extractor."""
        network, decoder = member.network, member.decoder

        def classify(rows: Tensor) -> dict[str, Tensor]:
            hidden = torch.relu(network.encoder(X[rows]))
            if self.dropout:
                # from a generator of ours: torch's own dropout draws from the global RNG
                chance = torch.rand(hidden.shape, generator=self.generator, dtype=torch.float32)
                kept = chance >= self.dropout
                hidden = hidden * kept.to(X.device) / (1 - self.dropout)
            return {"total": soft_cross_entropy(network.head(hidden), targets[rows])}

        steps = [Step("classifier", network, classify)]
        if decoder is not None:

            def reconstruct(rows: Tensor) -> dict[str, Tensor]:
                # the extractor follows the classifier alone
                with torch.no_grad():
                    embedding = network.encoder(X[rows])
                return {"total": reconstruction_loss(decoder(embedding), X[rows])}

            steps.append(Step("decoder", decoder, reconstruct))
        history: History = {}
        try:
            train(
                steps,
                lambda: (draw_row_batches(len(X), BATCH_SIZE, self.generator, X.device),),
                schedule,
                # with noisy labels the lowest training loss is no sign of the best epoch
                monitor=None,
                title="classifier",
                history=history,
            )
        finally:
            # also after Ctrl-C
            member.n_epochs += len(history.get("classifier", {}).get("total", []))
        return history


def deal_out(codes: Codes, n_parts: int, random_state: np.random.RandomState) -> Codes:
    """Part of each row, so that parts are of equal size and alike in their classes."""
    shuffled = random_state.permutation(len(codes))
    by_class = shuffled[np.argsort(codes[shuffled], kind="stable")]
    parts = np.empty(len(codes), dtype=np.intp)
    parts[by_class] = np.arange(len(codes)) % n_parts
    return parts
