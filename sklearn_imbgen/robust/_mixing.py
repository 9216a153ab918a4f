"""The parts of algorithm 5.1: supplementary examples, mixed ones, and the mean of the weights."""

from collections.abc import Iterable
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, update_bn

from sklearn_imbgen.robust._attacks import Threat

Floats = NDArray[np.float64]
# Layers whose statistics are of the weights that made them.
NORMALISED = (nn.modules.batchnorm._BatchNorm,)


class MixedRows(NamedTuple):
    """Rows of two labels each.

    Parameters
    ----------
    X : Tensor of shape (n_samples, ...)
    y, y_partner : Tensor of shape (n_samples,)
        Codes of the two classes.
    share : Tensor of shape (n_samples,)
        How much of the label is ``y``; the rest is ``y_partner``.
    partner : Tensor of shape (n_samples,)
        Position of the row that each was mixed with.
    """

    X: Tensor
    y: Tensor
    y_partner: Tensor
    share: Tensor
    partner: Tensor

    @property
    def dominant(self) -> Tensor:
        """Code of the class with the larger share, ``y`` where they are even."""
        return torch.where(self.share >= 0.5, self.y, self.y_partner)


def supplementary_counts(
    n_supplementary: int | str, class_counts: ArrayLike, under: NDArray[np.bool_]
) -> Floats:
    """Supplementary examples per row of each class, t of section 5.3.2.1.

    Parameters
    ----------
    n_supplementary : int or "auto"
        That many for each row of a minority class; "auto" as many as bring every class to
        the size of the largest, which need not be whole.
    class_counts : array-like of shape (n_classes,)
        Training rows of each class.
    under : ndarray of bool of shape (n_classes,)
        The minority classes.

    Returns
    -------
    ndarray of shape (n_classes,)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_imbgen.robust._mixing import supplementary_counts
    >>> supplementary_counts("auto", [30, 20], np.array([False, True]))
    array([0. , 0.5])
    >>> supplementary_counts(3, [30, 20], np.array([False, True]))
    array([0., 3.])
    """
    counts = np.asarray(class_counts, dtype=np.float64)
    if n_supplementary != "auto":
        # two classes of one size have no minority
        rare = under & (counts < counts.max())
        return np.where(rare, float(n_supplementary), 0.0)
    # a class that partial_fit has not met yet has no row to repeat
    return np.where(counts > 0, counts.max() / np.maximum(counts, 1.0) - 1.0, 0.0)


def augmented_class_counts(class_counts: ArrayLike, per_row: Floats) -> Floats:
    """Sizes of the classes after the supplementary examples, n_i of eq. 5.4.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_imbgen.robust._mixing import augmented_class_counts
    >>> augmented_class_counts([30, 5], np.array([0.0, 3.0]))
    array([30., 20.])
    """
    return np.asarray(class_counts, dtype=np.float64) * (1.0 + per_row)


def supplementary_examples(
    X: Tensor,
    X_adversarial: Tensor,
    per_row: Tensor,
    *,
    threat: Threat,
    noise_scale: float = 1.0,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """More adversarial examples of the same rows by noise on the perturbation (eq. 5.2).

    ``x + noise_scale * (x' - x) * normal``, with one standard normal number per feature,
    then brought back into the ball and the valid range. One number per row, which the
    equation also allows, would put all examples of a row on one line.

    Parameters
    ----------
    X, X_adversarial : Tensor of shape (n_samples, ...)
        Clean rows, and what an attack made of them.
    per_row : Tensor of shape (n_samples,)
        Examples for each row; of a fraction, one more with that probability.
    threat : Threat
        Ball and valid range.
    noise_scale : float, default=1.0
        alpha of eq. 5.2.
    generator : torch.Generator, default=None

    Returns
    -------
    examples : Tensor of shape (n_examples, ...)
    source : Tensor of shape (n_examples,)
        Position of the row of each.

    Examples
    --------
    >>> import torch
    >>> from sklearn_imbgen.robust import Threat, supplementary_examples
    >>> X = torch.zeros(2, 3)
    >>> examples, source = supplementary_examples(
    ...     X, X + 0.1, torch.tensor([0.0, 2.0]), threat=Threat(0.1)
    ... )
    >>> source.tolist(), bool((examples.abs() <= 0.1).all())
    ([1, 1], True)
    """
    device = generator.device if generator else X.device
    drawn = torch.rand(len(X), generator=generator, dtype=torch.float32, device=device).to(X.device)
    whole = per_row.floor()
    repeats = (whole + (drawn < per_row - whole)).long()
    source = torch.repeat_interleave(torch.arange(len(X), device=X.device), repeats)
    shape = (len(source), *X.shape[1:])
    normal = torch.randn(shape, generator=generator, dtype=X.dtype, device=device).to(X.device)
    clean = X[source]
    noisy = clean + noise_scale * (X_adversarial[source] - clean) * normal
    return threat.to(X).project(noisy, clean), source


def label_mixing_factors(
    share: Tensor, n_own: Tensor, n_partner: Tensor, *, kappa: float = 3.0, tau: float = 0.5
) -> Tensor:
    """How much of the label a row keeps when it is mixed, lambda_y of eq. 5.4 (Remix).

    Parameters
    ----------
    share : Tensor of shape (n_samples,)
        lambda_x: how much of the mixed features is the row's own.
    n_own, n_partner : Tensor of shape (n_samples,)
        Sizes of the classes of the row and of its partner.
    kappa : float, default=3.0
        From this ratio of sizes on, the rarer class can take the whole label.
    tau : float, default=0.5
        It does where the other class has less than this share of the features.

    Returns
    -------
    Tensor of shape (n_samples,)

    References
    ----------
    H.-P. Chou et al., "Remix: rebalanced mixup", 2020.

    Examples
    --------
    >>> import torch
    >>> from sklearn_imbgen.robust import label_mixing_factors
    >>> share = torch.tensor([0.4, 0.6, 0.6, 0.4])
    >>> own, partner = torch.tensor([30.0, 30, 1, 1]), torch.tensor([1.0, 1, 30, 30])
    >>> label_mixing_factors(share, own, partner)
    tensor([0.0000, 0.6000, 1.0000, 0.4000])
    """
    ratio = n_own / n_partner
    to_partner = (ratio >= kappa) & (share < tau)
    to_own = (ratio <= 1.0 / kappa) & (1.0 - share < tau)
    # where both hold (kappa 1, tau above 1/2), the first line of the equation counts
    return share.masked_fill(to_own, 1.0).masked_fill(to_partner, 0.0)


def beta_draws(
    n_draws: int, concentration: float, generator: torch.Generator | None = None
) -> Tensor:
    """Numbers from the symmetric beta distribution, lambda_x of eq. 5.3.

    By the inverse of its distribution function: torch's sampler takes no generator.

    Examples
    --------
    >>> import torch
    >>> from sklearn_imbgen.robust._mixing import beta_draws
    >>> draws = beta_draws(10_000, 2.0, torch.Generator().manual_seed(0))
    >>> round(draws.mean().item(), 1), round(draws.var().item(), 2)  # 1/2 and 1/20
    (0.5, 0.05)
    """
    device = generator.device if generator else torch.device("cpu")
    uniform = torch.rand(n_draws, generator=generator, device=device, dtype=torch.float64)
    if concentration == 1.0:
        return uniform.float()
    drawn = betaincinv(concentration, concentration, uniform.cpu().numpy())
    return torch.from_numpy(np.asarray(drawn)).to(device, torch.float32)


def mix_rows(
    X: Tensor,
    y: Tensor,
    *,
    class_counts: Tensor,
    rebalanced: bool = True,
    concentration: float = 1.0,
    kappa: float = 3.0,
    tau: float = 0.5,
    generator: torch.Generator | None = None,
) -> MixedRows:
    """Mix every row with another one, drawn without repetition (eq. 5.3).

    Parameters
    ----------
    X : Tensor of shape (n_samples, ...)
        Adversarial rows.
    y : Tensor of shape (n_samples,)
        Codes of their classes.
    class_counts : Tensor of shape (n_classes,)
        Sizes of the classes, for eq. 5.4.
    rebalanced : bool, default=True
        Labels by eq. 5.4 (Remix); False is plain mixup, ``lambda_y = lambda_x``.
    concentration : float, default=1.0
        gamma of the beta distribution of lambda_x; 1 is uniform.
    kappa, tau : float, default=3.0 and 0.5
        See :func:`label_mixing_factors`.
    generator : torch.Generator, default=None

    Returns
    -------
    MixedRows

    Examples
    --------
    >>> import torch
    >>> from sklearn_imbgen.robust import mix_rows
    >>> mixed = mix_rows(torch.eye(4), torch.tensor([0, 0, 1, 1]), class_counts=torch.ones(2))
    >>> mixed.X.sum(dim=1)
    tensor([1., 1., 1., 1.])
    """
    device = generator.device if generator else X.device
    partner = torch.randperm(len(X), generator=generator, device=device).to(X.device)
    share = beta_draws(len(X), concentration, generator).to(X)
    features = share.view(-1, *(1,) * (X.dim() - 1))
    mixed = features * X + (1.0 - features) * X[partner]
    y_partner = y[partner]
    if rebalanced:
        counts = class_counts.to(X)
        share = label_mixing_factors(share, counts[y], counts[y_partner], kappa=kappa, tau=tau)
    return MixedRows(mixed, y, y_partner, share, partner)


class WeightAverage:
    """Mean of the weights at the ends of epochs (section 5.3.3), by torch's own class.

    Parameters
    ----------
    module : Module
        The network in training.
    """

    def __init__(self, module: nn.Module) -> None:
        self._average = AveragedModel(module)

    @property
    def n_averaged(self) -> int:
        """Epochs in the mean."""
        count: Tensor = self._average.n_averaged
        return int(count)

    def update(self, module: nn.Module) -> None:
        """Take the weights as they are now into the mean."""
        self._average.update_parameters(module)

    def put_into(self, module: nn.Module, batches: Iterable[Tensor]) -> None:
        """Give the network the mean weights, and batch normalisation the statistics of those.

        ``batches`` is one pass of the training rows, drawn from only where it is normalised.
        """
        with torch.no_grad():
            pairs = zip(module.parameters(), self._average.module.parameters(), strict=True)
            for own, mean in pairs:
                own.copy_(mean)
        if any(isinstance(layer, NORMALISED) for layer in module.modules()):
            rest = iter(batches)
            # drawn before the old statistics are forgotten: an attack that makes a batch needs some
            first = list(islice(rest, 1))
            update_bn(chain(first, rest), module)

    def state_dict(self) -> dict[str, Any]:
        """The mean, for a checkpoint."""
        return self._average.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved mean."""
        self._average.load_state_dict(state)
