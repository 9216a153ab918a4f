"""Algorithms 3.1 and 3.2: networks and true labels, each trained on the other."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sklearn_imbgen.aggregation import (
    balancing_weights,
    majority_codes,
    mean_posterior,
    vote_proportions,
)
from sklearn_imbgen.crowd._cross_fitting import CrossFitting, Member
from sklearn_imbgen.crowd._inference import LabelInference
from sklearn_imbgen.crowd._network import CrowdData, class_probabilities
from sklearn_imbgen.crowd._synthetic import Offspring, draw_offspring, labels_like_neighbors
from sklearn_imbgen.utils import plain

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
Batch = tuple[Tensor, Floats]

# "graded" is ICED-w of table 3.3, "all" Trad-I, "certain" Trad-II.
WARM_UPS = ("graded", "all", "certain")
# The groups of algorithm 3.1 that are trained on; all less certain rows are the fourth.
N_CERTAIN = 3
# Rounds end when less than this share of the rows changes its inferred label.
SETTLED = 1e-3
# Nearest rows of the same inferred class in the embedding, of which one is the other parent.
K_NEIGHBORS = 5
# Half the width of the uniform distribution of eta in eq. 3.5.
STEP_NOISE = 0.5


@dataclass(frozen=True)
class Procedure:
    """What :meth:`ICEDClassifier.as_in_chapter` does otherwise, beside its parameters."""

    # E- and M-steps per round; more of them follow the workers' labels further away from what
    # the networks say
    em_steps: int = 1
    # from one inference of labels to the next
    epochs_per_round: int = 4
    # labels of synthetic rows: the probabilities of both parents, interpolated like the rows;
    # or what EM infers for them from worker labels like their neighbors'
    infers_synthetic: bool = False
    # what the decoder lost of the parents is interpolated and added to a synthetic row, times this
    residual_weight: float = 1.0
    # share of the embedding that is hidden from the last layer in training
    dropout: float = 0.3


CHAPTER = Procedure(
    em_steps=50, epochs_per_round=1, infers_synthetic=True, residual_weight=0.0, dropout=0.0
)


class Synthetic(NamedTuple):
    """Synthetic rows of one network, their targets, and what workers might have answered.

    ``answers`` (n_points, n_workers) has no row where labels are not inferred.
    """

    X: Tensor
    targets: Floats
    answers: NDArray[np.intp]


@dataclass
class Alternation:
    """One training of ICED.

    The parameters of ``iced`` say how; its ``certainty_`` and ``history_`` are used. ``bar``
    moves by one for each epoch.
    """

    iced: Any
    procedure: Procedure
    data: CrowdData
    networks: CrossFitting
    inference: LabelInference
    bar: Any

    def run(self) -> None:
        """Algorithm 3.2, and the balanced epochs after it."""
        self._warm_up()
        probabilities = self.networks.judge_held_out(self.data.X)
        self.inference.start(probabilities)
        self._record(changed=1.0)
        left = self.iced.max_epochs
        while left > 0:
            n_epochs = min(self.procedure.epochs_per_round, left)
            before = self.inference.posterior.argmax(axis=1)
            augmented = self._train_round(probabilities, n_epochs)
            left -= n_epochs
            probabilities = self.networks.judge_held_out(self.data.X)
            if not augmented:
                self.inference.step(probabilities)
            changed = float((self.inference.posterior.argmax(axis=1) != before).mean())
            self._record(changed)
            if changed < SETTLED:
                break
        self._train_round(probabilities, self.iced.balanced_epochs, is_last=True)

    def _warm_up(self) -> None:
        """Algorithm 3.1: train on the vote, on all rows or on the certain ones."""
        labels = self.data.labels
        targets = vote_proportions(labels)
        if self.iced.warm_up != "all" or self.iced.targets == "hard":
            targets = np.eye(labels.n_classes)[majority_codes(labels)]
        groups = warm_up_groups(self.iced.certainty_, self.iced.warm_up)
        n_epochs, more = divmod(self.iced.warm_up_epochs, len(groups))
        for place, group in enumerate(groups):
            of_members = [np.intersect1d(member.rows, group) for member in self.networks.members]
            batches = [(self._rows(rows), targets[rows]) for rows in of_members]
            self._train(batches, n_epochs + (place < more))

    def _train_round(self, probabilities: Floats, n_epochs: int, *, is_last: bool = False) -> bool:
        """Make synthetic rows, inherit or infer their labels, train on all (lines 3 to 5).

        Returns whether labels were inferred with synthetic rows; then they need no
        inference without.
        """
        if n_epochs == 0:
            return False
        parts = [self._synthesize(member) for member in self.networks.members]
        inferring = self.procedure.infers_synthetic and any(len(X) for X, _, _ in parts)
        if inferring:
            parts = self._infer_with(parts, probabilities, keep=not is_last)
        batches = []
        for member, (X, of_new, _) in zip(self.networks.members, parts, strict=True):
            targets = np.vstack([self.inference.posterior[member.rows], of_new])
            targets = self._as_targets(targets)
            class_weight = self.iced.class_weight if is_last else None
            weights = balancing_weights(targets.sum(axis=0), class_weight, self.data.labels.classes)
            weighted = targets * weights
            if class_weight == "balanced":
                # a row counts for more, but its target stays: a doubtful row of a large
                # class would otherwise be taught to be of the rare one
                weighted = targets * (targets @ weights)[:, None]
            batches.append((torch.cat([self._rows(member.rows), X]), weighted))
        self._train(batches, n_epochs)
        return inferring

    def _synthesize(self, member: Member) -> Synthetic:
        """Synthetic rows of the rare classes, and what is known of their labels (3.2.4)."""
        iced, data = self.iced, self.data
        posterior = self.inference.posterior[member.rows]
        none = Synthetic(data.X[:0], posterior[:0], np.empty((0, data.labels.n_workers), np.intp))
        if not iced.synthetic_share:
            return none
        rows = self._rows(member.rows)
        embedding = member.embed(rows)
        pairs = draw_offspring(
            embedding.numpy(),
            posterior,
            iced.certainty_[member.rows],
            share=iced.synthetic_share,
            k_neighbors=K_NEIGHBORS,
            noise=STEP_NOISE,
            random_state=data.random_state,
        )
        if not len(pairs.code):
            return none
        X = member.decode(embedding, rows, pairs, self.procedure.residual_weight)
        targets = pairs.blend(posterior)
        if not self.procedure.infers_synthetic:
            return none._replace(X=X, targets=targets)
        return Synthetic(X, targets, self._answers(member, embedding.numpy(), pairs))

    def _infer_with(
        self, parts: list[Synthetic], probabilities: Floats, *, keep: bool
    ) -> list[Synthetic]:
        """One inference for the real rows and the synthetic ones of all networks (line 4).

        With ``keep=False`` what it says of the real rows is dropped: their labels are final.
        """
        opinions = [
            class_probabilities(member.network, part.X) if len(part.X) else part.targets
            for member, part in zip(self.networks.members, parts, strict=True)
        ]
        state = self.inference.posterior, self.inference.model
        inferred = self.inference.step_with(
            np.vstack([part.answers for part in parts]),
            np.vstack([part.targets for part in parts]),
            probabilities,
            np.vstack(opinions),
        )
        if not keep:
            self.inference.posterior, self.inference.model = state
        ends = np.cumsum([len(part.X) for part in parts])[:-1]
        pieces = np.split(inferred, ends)
        return [part._replace(targets=own) for part, own in zip(parts, pieces, strict=True)]

    def _answers(self, member: Member, embedding: Floats, pairs: Offspring) -> NDArray[np.intp]:
        """Synthetic worker labels, shape (n_points, n_workers)."""
        return labels_like_neighbors(
            pairs.blend(embedding),
            embedding,
            self.data.labels.to_codes()[member.rows],
            k_neighbors=K_NEIGHBORS,
            random_state=self.data.random_state,
        )

    def _train(self, batches: list[Batch], n_epochs: int) -> None:
        if n_epochs == 0:
            return
        for network, terms in self.networks.train(batches, n_epochs).items():
            of_network = self.iced.history_.setdefault(network, {})
            for term, losses in terms.items():
                of_network.setdefault(term, []).extend(losses)
        self.bar.update(n_epochs)

    def _rows(self, rows: NDArray[np.intp]) -> Tensor:
        return self.data.X[torch.from_numpy(rows).to(self.data.device)]

    def _as_targets(self, posterior: Floats) -> Floats:
        if self.iced.targets == "soft":
            return posterior
        return np.eye(posterior.shape[1])[posterior.argmax(axis=1)]

    def _record(self, changed: float) -> None:
        """Append a round to ``history_["inference"]``."""
        posterior = self.inference.posterior
        terms = {"changed": changed}
        for label, share in zip(self.data.labels.classes, mean_posterior(posterior), strict=True):
            terms[f"prior of {plain(label)}"] = float(share)
        if self.data.truth is not None:
            terms["accuracy"] = float((posterior.argmax(axis=1) == self.data.truth).mean())
        history = self.iced.history_.setdefault("inference", {})
        for name, value in terms.items():
            history.setdefault(name, []).append(value)


def warm_up_groups(certainty: Floats, strategy: str) -> list[Codes]:
    """Rows of each stage of the warm-up, in the order of training.

    "all": every row at once. "graded": the rows of the third highest certainty (eq. 3.4), then
    those of the second, then those of the highest, as in algorithm 3.1. "certain": these three
    groups at once. There are fewer where there are fewer values of certainty.
    """
    if strategy == "all":
        return [np.arange(len(certainty))]
    # equal proportions may differ in their last digits
    value = np.unique(certainty.round(9), return_inverse=True)[1]
    highest = value.max()
    first = max(0, highest - N_CERTAIN + 1)
    if strategy == "certain":
        return [np.flatnonzero(value >= first)]
    return [np.flatnonzero(value == v) for v in range(first, highest + 1)]
