"""Algorithms 3.1 and 3.2: networks and true labels, each trained on the other."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sklearn_imbgen.crowd._base import CrowdData
from sklearn_imbgen.crowd._class_weight import balancing_weights
from sklearn_imbgen.crowd._cross_fitting import CrossFitting, Member, class_probabilities
from sklearn_imbgen.crowd._label_inference import LabelInference
from sklearn_imbgen.crowd._synthetic import Offspring, draw_offspring, labels_like_neighbors
from sklearn_imbgen.crowd._warm_up import warm_up_groups
from sklearn_imbgen.utils import majority_codes, mean_posterior, plain, vote_proportions

__all__ = ["Alternation"]

Floats = NDArray[np.float64]
Batch = tuple[Tensor, Floats]


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

    Parameters
    ----------
    iced : ICEDClassifier
        Whose parameters say how, and whose ``certainty_`` and ``history_`` are used.
    data : CrowdData
    networks : CrossFitting
    inference : LabelInference
    bar : tqdm
        Moves by one for each epoch.
    """

    iced: Any
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
            n_epochs = min(self.iced.epochs_per_round, left)
            before = self.inference.posterior.argmax(axis=1)
            augmented = self._train_round(probabilities, n_epochs)
            left -= n_epochs
            probabilities = self.networks.judge_held_out(self.data.X)
            if not augmented:
                self.inference.step(probabilities)
            changed = float((self.inference.posterior.argmax(axis=1) != before).mean())
            self._record(changed)
            if changed < self.iced.tol:
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
        inferring = self.iced.synthetic_labels == "infer" and any(len(X) for X, _, _ in parts)
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
            k_neighbors=iced.k_neighbors,
            noise=iced.step_noise,
            random_state=data.random_state,
        )
        if not len(pairs.code):
            return none
        X = member.decode(embedding, rows, pairs, iced.residual_weight)
        if iced.synthetic_labels == "minority":
            return none._replace(X=X, targets=np.eye(data.labels.n_classes)[pairs.code])
        targets = pairs.blend(posterior)
        if iced.synthetic_labels == "parents":
            return none._replace(X=X, targets=targets)
        answers = self._answers(member, embedding.numpy(), pairs)
        if iced.synthetic_labels == "infer":
            return Synthetic(X, targets, answers)
        kept = self.inference.judge(answers).argmax(axis=1) == pairs.code
        return none._replace(X=X[torch.from_numpy(kept).to(X.device)], targets=targets[kept])

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
            k_neighbors=self.iced.k_neighbors,
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
        hard: Floats = np.eye(posterior.shape[1])[posterior.argmax(axis=1)]
        return hard

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
