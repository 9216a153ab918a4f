"""Which rows are mixed, and how much of each, so that the label favours a chosen class."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from sklearn_imbgen._typing import Array

__all__ = ["Partners", "favouring_shares", "least_favouring_share"]


def least_favouring_share(n_own: Tensor, n_partner: Tensor, *, kappa: float, tau: float) -> Tensor:
    """The smallest lambda_x from which the label of eq. 5.4 favours the row's own class.

    Half, but more for a common class, which loses its whole label below ``tau``, and less
    for a rare one, which takes the whole label above ``1 - tau``.

    Parameters
    ----------
    n_own, n_partner : Tensor of shape (n_samples,)
        Sizes of the classes of the row and of its partner.
    kappa, tau : float
        See :func:`sklearn_imbgen.robust.label_mixing_factors`.

    Returns
    -------
    Tensor of shape (n_samples,)
        float64.

    Examples
    --------
    >>> import torch
    >>> own, partner = torch.tensor([30.0, 10, 1]), torch.tensor([1.0, 10, 30])
    >>> least_favouring_share(own, partner, kappa=3.0, tau=0.75).tolist()
    [0.75, 0.5, 0.25]
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

    Parameters
    ----------
    least : Tensor of shape (n_samples,)
        Between 0 and 1.
    concentration : float
        gamma of the distribution; 1 is uniform.
    generator : torch.Generator, default=None

    Returns
    -------
    Tensor of shape (n_samples,)
        float64.

    Examples
    --------
    >>> import torch
    >>> least = torch.full((10_000,), 0.5)
    >>> shares = favouring_shares(least, 1.0, torch.Generator().manual_seed(0))
    >>> round(shares.min().item(), 2), round(shares.mean().item(), 2)
    (0.5, 0.75)
    """
    uniform = torch.rand(len(least), generator=generator, dtype=torch.float64).numpy()
    # the partner's share, whose distribution is the same, is exact where it is tiny
    most = 1.0 - least.double().numpy()
    highest = betainc(concentration, concentration, most)
    drawn = np.minimum(betaincinv(concentration, concentration, uniform * highest), most)
    return torch.from_numpy(np.asarray(1.0 - drawn))


class Partners:
    """Draw a partner of a given class to each row: any row of it, or one of the nearest.

    Neighbors are looked up once for each class that is asked for.

    Parameters
    ----------
    encoded : ndarray of shape (n_samples, n_encoded)
    codes : ndarray of shape (n_samples,)
        Codes of their classes.
    rows : ndarray of int
        Positions of the rows that will need partners.
    k_neighbors : int or None
        Draw among that many nearest rows of the class, the row itself not counted, or all
        there are; None draws among all rows of it, the row itself included.
    """

    def __init__(
        self,
        encoded: Array,
        codes: NDArray[np.intp],
        rows: NDArray[np.intp],
        k_neighbors: int | None,
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
    encoded: Array, rows: NDArray[np.intp], pool: NDArray[np.intp], k_neighbors: int
) -> NDArray[np.intp]:
    """Nearest rows of the pool to each row, not itself; missing ones are -1, at the end."""
    n_asked = min(k_neighbors + 1, len(pool))
    search = NearestNeighbors(n_neighbors=n_asked).fit(encoded[pool])
    nearest = pool[search.kneighbors(encoded[rows], return_distance=False)]
    # among exact duplicates a row need not be its own neighbor, nor the nearest one
    is_self = nearest == rows[:, None]
    nearest = np.where(is_self, -1, nearest)
    to_end = np.argsort(is_self, axis=1, kind="stable")
    nearest = np.take_along_axis(nearest, to_end, axis=1)[:, :k_neighbors]
    alone = nearest[:, 0] < 0
    nearest[alone, 0] = rows[alone]
    kept: NDArray[np.intp] = nearest
    return kept
