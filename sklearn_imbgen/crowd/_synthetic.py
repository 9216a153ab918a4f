"""Synthetic minority rows of ICED: who their parents are, and who would label them how.

Section 3.2.4. Indices and labels only, in numpy; embeddings and decoders are elsewhere.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from sklearn_imbgen.aggregation import CrowdLabels
from sklearn_imbgen.utils import draw_pairs

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


class Offspring(NamedTuple):
    """Points between two rows: from ``base`` the fraction ``step`` of the way to ``neighbor``.

    ``code`` is the class that both parents were inferred to be of.
    """

    base: Codes
    neighbor: Codes
    step: Floats
    code: Codes

    def blend(self, values: NDArray[Any]) -> NDArray[Any]:
        """What lies between the parents' ``values`` (eq. 3.3), one row per point."""
        step = self.step[:, None].astype(values.dtype)
        start = values[self.base]
        return start + step * (values[self.neighbor] - start)


def certainty_step(
    certainty: Floats, noise: float
) -> Callable[[NDArray[Any], NDArray[Any], np.random.RandomState], Floats]:
    """Step law of eq. 3.5, for ``draw_pairs``: near the parent whose labels are more certain.

    ``noise`` is half the width of the uniform distribution of eta. Steps are kept in [0, 1],
    which eq. 3.5 leaves.
    """

    def step(
        base: NDArray[Any], neighbor: NDArray[Any], random_state: np.random.RandomState
    ) -> Floats:
        share = certainty[neighbor] / (certainty[base] + certainty[neighbor])
        eta = random_state.uniform(-noise, noise, size=len(base))
        return np.clip(share + eta, 0.0, 1.0)

    return step


def missing_mass(posterior: Floats, share: float) -> Codes:
    """How many rows to make of each class: a share of what it lacks to the largest."""
    mass = posterior.sum(axis=0)
    return np.rint(share * (mass.max() - mass)).astype(np.intp)


def draw_offspring(
    embedding: NDArray[Any],
    posterior: Floats,
    certainty: Floats,
    *,
    share: float,
    k_neighbors: int,
    noise: float,
    random_state: np.random.RandomState,
) -> Offspring:
    """Draw parents and steps for the classes that lack rows.

    Parents are rows inferred to be of the same class, neighbors in the embedding. A
    class of fewer than two such rows gets no offspring; one of few rows has fewer than
    ``k_neighbors`` to choose from. See :func:`missing_mass` for ``share`` and
    :func:`certainty_step` for ``noise``.
    """
    inferred = posterior.argmax(axis=1)
    none = np.empty(0, dtype=np.intp)
    parts = [Offspring(none, none, np.empty(0), none)]
    for code, n_rows in enumerate(missing_mass(posterior, share)):
        rows = np.flatnonzero(inferred == code)
        if n_rows == 0 or len(rows) < 2:
            continue
        pairs = draw_pairs(
            embedding[rows],
            int(n_rows),
            k_neighbors=min(k_neighbors, len(rows) - 1),
            random_state=random_state,
            step_law=certainty_step(certainty[rows], noise),
        )
        same = np.full(n_rows, code, dtype=np.intp)
        parts.append(Offspring(rows[pairs.base], rows[pairs.neighbor], pairs.step, same))
    return Offspring(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def labels_like_neighbors(
    points: NDArray[Any],
    embedding: NDArray[Any],
    codes: Codes,
    *,
    k_neighbors: int,
    random_state: np.random.RandomState,
) -> Codes:
    """What each worker might have answered: a label this worker gave a near real row.

    One of the worker's labels of the k nearest rows is drawn at random, so that frequent answers
    are frequent here too; -1 where there is none. Shape (n_points, n_workers).
    """
    search = NearestNeighbors(n_neighbors=min(k_neighbors, len(embedding))).fit(embedding)
    answers = codes[search.kneighbors(points, return_distance=False)]
    # the present answer with the highest ticket is a random one of the present ones
    ticket = random_state.uniform(size=answers.shape)
    ticket[answers < 0] = -1.0
    drawn = ticket.argmax(axis=1)[:, None, :]
    return np.take_along_axis(answers, drawn, axis=1)[:, 0, :]


def append_rows(labels: CrowdLabels, codes: Codes) -> CrowdLabels:
    """Labels of the real rows and, below them, of synthetic rows (n_points, n_workers)."""
    new = CrowdLabels.from_codes(codes, labels.classes, labels.workers)
    return CrowdLabels(
        np.concatenate([labels.sample, new.sample + labels.n_samples]),
        np.concatenate([labels.worker, new.worker]),
        np.concatenate([labels.code, new.code]),
        labels.n_samples + new.n_samples,
        labels.classes,
        labels.workers,
    )
