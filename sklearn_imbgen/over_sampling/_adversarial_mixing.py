"""New rows of a class: existing ones, moved by an attack and mixed with partners."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from imblearn.utils import check_neighbors_object
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv
from sklearn.base import clone
from torch import Tensor, nn

from sklearn_imbgen._typing import Array
from sklearn_imbgen.nn import plain_batches
from sklearn_imbgen.robust import (
    Threat,
    augmented_class_counts,
    label_mixing_factors,
    projected_gradient_descent,
    supplementary_examples,
)

# New rows made at a time, so that the attack's memory does not grow with their number.
CHUNK_ROWS = 8192


def least_favouring_share(n_own: Tensor, n_partner: Tensor, *, kappa: float, tau: float) -> Tensor:
    """The smallest lambda_x from which the label of eq. 5.4 favours the row's own class.

    Half, but more for a common class, which loses its whole label below ``tau``, and less
    for a rare one, which takes the whole label above ``1 - tau``. ``n_own`` and ``n_partner``
    (n_samples,) are the sizes of the classes of the row and of its partner.
    """
    ratio = n_own.double() / n_partner.double()
    least = torch.full_like(ratio, 0.5)
    least = least.masked_fill(ratio <= 1.0 / kappa, min(1.0 - tau, 0.5))
    # last: where both hold (kappa 1), the equation's first line counts
    return least.masked_fill(ratio >= kappa, max(tau, 0.5))


def favouring_shares(
    least: Tensor, concentration: float, generator: torch.Generator | None = None
) -> Tensor:
    """Numbers from the symmetric beta distribution, given that they are at least ``least``.

    By the inverse of the distribution function, so that no draw is thrown away.
    """
    uniform = torch.rand(len(least), generator=generator, dtype=torch.float64).numpy()
    # the partner's share, whose distribution is the same, is exact where it is tiny
    most = 1.0 - least.double().numpy()
    highest = betainc(concentration, concentration, most)
    drawn = np.minimum(betaincinv(concentration, concentration, uniform * highest), most)
    return torch.from_numpy(np.asarray(1.0 - drawn))


class Partners:
    """Draw a partner of a given class to each row: any row of it, or one of the nearest.

    Neighbors are looked up once for each class that is asked for. ``rows`` are the positions
    of those that will need partners. ``k_neighbors`` does not count the row itself, that of an
    object does; None draws among all rows of the class, the row itself included.
    """

    def __init__(
        self, encoded: Array, codes: NDArray[np.intp], rows: NDArray[np.intp], k_neighbors: Any
    ) -> None:
        self.encoded, self.codes, self.k_neighbors = encoded, codes, k_neighbors
        self.rows = np.unique(rows)
        self._nearest: dict[int, NDArray[np.intp]] = {}

    def draw(
        self,
        own: NDArray[np.intp],
        partner_codes: NDArray[np.intp],
        random_state: np.random.RandomState,
    ) -> NDArray[np.intp]:
        """Positions of the partners of the rows ``own``, each of the class asked for.

        A row that is alone in its class gets itself.
        """
        partners = np.empty_like(own)
        for code in np.unique(partner_codes).tolist():
            asked = np.flatnonzero(partner_codes == code)
            if self.k_neighbors is None:
                pool = np.flatnonzero(self.codes == code)
                partners[asked] = pool[random_state.randint(len(pool), size=len(asked))]
                continue
            if code not in self._nearest:
                pool = np.flatnonzero(self.codes == code)
                self._nearest[code] = _nearest(self.encoded, self.rows, pool, self.k_neighbors)
            candidates = self._nearest[code][np.searchsorted(self.rows, own[asked])]
            # a class of few rows fills no row of the table
            n_candidates = (candidates >= 0).sum(axis=1)
            column = (random_state.uniform(size=len(asked)) * n_candidates).astype(np.intp)
            partners[asked] = candidates[np.arange(len(asked)), column]
        return partners


def _nearest(
    encoded: Array, rows: NDArray[np.intp], pool: NDArray[np.intp], k_neighbors: Any
) -> NDArray[np.intp]:
    """Nearest rows of the pool to each row, not itself; missing ones are -1, at the end."""
    search = check_neighbors_object("k_neighbors", k_neighbors, additional_neighbor=1)
    k_neighbors = search.n_neighbors - 1
    search = clone(search).set_params(n_neighbors=min(k_neighbors + 1, len(pool)))
    search.fit(encoded[pool])
    nearest = pool[search.kneighbors(encoded[rows], return_distance=False)]
    # among exact duplicates a row need not be its own neighbor, nor the nearest one
    is_self = nearest == rows[:, None]
    nearest = np.where(is_self, -1, nearest)
    to_end = np.argsort(is_self, axis=1, kind="stable")
    nearest = np.take_along_axis(nearest, to_end, axis=1)[:, :k_neighbors]
    alone = nearest[:, 0] < 0
    nearest[alone, 0] = rows[alone]
    return nearest


@dataclass
class AdversarialMixing:
    """Draw new rows of a class from encoded ones (eqs. 5.2 to 5.4).

    ``encoded`` is float64, so that what an attack leaves alone comes back as it was.
    ``supplementary`` (n_classes,) is t of each class, ``attack`` has further arguments of
    :func:`~sklearn_imbgen.robust.projected_gradient_descent`, and a ``surrogate`` of None moves
    nothing. The rest are parameters of :class:`~sklearn_imbgen.over_sampling.ImbMix`.
    """

    encoded: NDArray[np.float64]
    codes: NDArray[np.intp]
    supplementary: Array
    threat: Threat
    attack: dict[str, Any]
    surrogate: nn.Module | None
    noise_scale: float
    mixing: str | None
    mixing_concentration: float
    kappa: float
    tau: float
    own_class_share: float
    k_neighbors: Any
    bound_by_pair: bool

    def __post_init__(self) -> None:
        counts = np.bincount(self.codes, minlength=len(self.supplementary))
        self.sizes = augmented_class_counts(counts, self.supplementary)

    def draw(
        self,
        code: int,
        n_rows: int,
        random_state: np.random.RandomState,
        generator: torch.Generator,
    ) -> tuple[Array, Array]:
        """New rows of a class and their mixed labels, whose largest share is that of ``code``."""
        class_rows = np.flatnonzero(self.codes == code)
        # one after another in random order: none serves twice before all have served
        order = plain_batches(len(class_rows), 1, n_rows, generator)[0]
        own = class_rows[order.numpy()]
        search = Partners(self.encoded, self.codes, own, self.k_neighbors)
        parts = [
            self._draw_chunk(own[start : start + CHUNK_ROWS], code, search, random_state, generator)
            for start in range(0, n_rows, CHUNK_ROWS)
        ]
        return np.concatenate([rows for rows, _ in parts]), np.concatenate([p for _, p in parts])

    def _draw_chunk(
        self,
        own: NDArray[np.intp],
        code: int,
        search: Partners,
        random_state: np.random.RandomState,
        generator: torch.Generator,
    ) -> tuple[Array, Array]:
        soft = np.zeros((len(own), len(self.sizes)))
        if self.mixing is None:
            soft[:, code] = 1.0
            return self.encoded[own] + self._moves(own, generator), soft
        partner_codes = random_state.choice(
            len(self.sizes), size=len(own), p=self.sizes / self.sizes.sum()
        )
        of_own_class = random_state.uniform(size=len(own)) < self.own_class_share
        partner_codes = np.where(of_own_class, code, partner_codes)
        partners = search.draw(own, partner_codes, random_state)
        share, label_share = self._shares(code, partner_codes, generator)
        each = np.arange(len(own))
        soft[each, code] = label_share
        soft[each, partner_codes] += 1.0 - label_share
        first, second = self.encoded[own], self.encoded[partners]
        moves = self._moves(np.concatenate([own, partners]), generator)
        if self.bound_by_pair:
            most = np.tile(np.abs(first - second), (2, 1))
            moves = np.clip(moves, -most, most)
        first, second = first + moves[: len(own)], second + moves[len(own) :]
        # in this form, what both rows have stays exactly as it is
        return second + share[:, None] * (first - second), soft

    def _shares(
        self, code: int, partner_codes: NDArray[np.intp], generator: torch.Generator
    ) -> tuple[Array, Array]:
        """lambda_x of eq. 5.3 where the label favours the class, and lambda_y of eq. 5.4."""
        n_partner = torch.from_numpy(self.sizes[partner_codes])
        n_own = torch.full_like(n_partner, self.sizes[code])
        least = torch.full_like(n_partner, 0.5)
        if self.mixing == "remix":
            least = least_favouring_share(n_own, n_partner, kappa=self.kappa, tau=self.tau)
        # whatever the shares of two rows of one class, the label is that class
        least = least.masked_fill(torch.from_numpy(partner_codes == code), 0.0)
        share = label = favouring_shares(least, self.mixing_concentration, generator)
        if self.mixing == "remix":
            label = label_mixing_factors(share, n_own, n_partner, kappa=self.kappa, tau=self.tau)
        return share.numpy(), label.numpy()

    def _moves(self, rows: NDArray[np.intp], generator: torch.Generator) -> Array:
        """How far adversarial examples of training rows, supplementary ones among them, are."""
        if self.surrogate is None:
            return np.zeros((len(rows), self.encoded.shape[1]))
        unique, position = np.unique(rows, return_inverse=True)
        clean = torch.tensor(self.encoded[unique], dtype=torch.float32)
        attacked = projected_gradient_descent(
            self.surrogate,
            clean,
            torch.from_numpy(self.codes[unique]),
            threat=self.threat,
            generator=generator,
            **self.attack,
        )
        clean, attacked = clean[position], attacked[position]
        varied, _ = supplementary_examples(
            clean,
            attacked,
            torch.ones(len(rows), dtype=torch.float32),
            threat=self.threat,
            noise_scale=self.noise_scale,
            generator=generator,
        )
        t = torch.from_numpy(self.supplementary[self.codes[rows]])
        drawn = torch.rand(len(rows), generator=generator, dtype=torch.float32)
        examples = torch.where((drawn < t / (1.0 + t))[:, None], varied, attacked)
        return (examples - clean).numpy()
