"""Losses of chapter 4: pure functions of tensors, and the criteria that nets take."""

import inspect
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from sklearn_imbgen.robust._weights import epoch_of

TINY = torch.finfo(torch.float32).tiny


def weighted_mean(
    row_losses: Tensor,
    y: Tensor,
    class_weight: Tensor | None = None,
    row_weight: Tensor | None = None,
) -> Tensor:
    """Mean over the rows, each counting by its class (w_i of eq. 4.11) and by its own weight.

    Divided by the sum of the weights of the batch, as torch's weighted losses are: the
    step is then as large in a batch without a rare class as in one with it.
    """
    if class_weight is None and row_weight is None:
        return row_losses.mean()
    weight = torch.ones_like(row_losses) if class_weight is None else class_weight[y]
    if row_weight is not None:
        weight = weight * row_weight
    # all 0 where a dict silences the only class of a batch
    return (weight * row_losses).sum() / weight.sum().clamp(min=TINY)


def cross_entropy_loss(
    logits: Tensor,
    y: Tensor,
    *,
    class_weight: Tensor | None = None,
    row_weight: Tensor | None = None,
) -> Tensor:
    """Cross entropy, each row counting by its class.

    Parameters
    ----------
    logits : Tensor of shape (n_samples, n_classes)
    y : Tensor of shape (n_samples,)
        Class codes.
    class_weight : Tensor of shape (n_classes,), default=None
        None is 1 for each.
    row_weight : Tensor of shape (n_samples,), default=None
        Weight of each row, on top; a row with a mixed label comes once for each of its
        classes, weighted by its share.

    Returns
    -------
    Tensor
        A scalar.
    """
    row_losses = functional.cross_entropy(logits, y, reduction="none")
    return weighted_mean(row_losses, y, class_weight, row_weight)


def focal_loss(
    logits: Tensor,
    y: Tensor,
    *,
    gamma: float = 2.0,
    class_weight: Tensor | None = None,
    row_weight: Tensor | None = None,
) -> Tensor:
    """Cross entropy in which rows that are sure and right count less (Lin et al.).

    ``-(1 - p) ** gamma * log(p)``, with p the probability of the true class.

    Parameters
    ----------
    logits : Tensor of shape (n_samples, n_classes)
    y : Tensor of shape (n_samples,)
        Class codes.
    gamma : float, default=2.0
        0 is the cross entropy.
    class_weight : Tensor of shape (n_classes,), default=None
    row_weight : Tensor of shape (n_samples,), default=None
        As in :func:`cross_entropy_loss`.

    Returns
    -------
    Tensor
        A scalar.

    References
    ----------
    T.-Y. Lin et al., "Focal loss for dense object detection", 2017.

    Examples
    --------
    >>> import torch
    >>> from sklearn_imbgen.robust import focal_loss
    >>> focal_loss(torch.zeros(1, 2), torch.tensor([0]), gamma=1.0)  # -0.5 * log(0.5)
    tensor(0.3466)
    """
    log_true = -functional.cross_entropy(logits, y, reduction="none")
    # not 0: a power below 1 has no gradient there
    doubt = (-torch.expm1(log_true)).clamp(min=TINY)
    return weighted_mean(-(doubt**gamma) * log_true, y, class_weight, row_weight)


def ldam_margins(class_counts: Tensor, max_margin: float = 0.5) -> Tensor:
    """Margins ``n ** -1/4`` of the classes, the largest one being ``max_margin`` (Cao et al.).

    Examples
    --------
    >>> import torch
    >>> ldam_margins(torch.tensor([16, 1]))
    tensor([0.2500, 0.5000])
    """
    raw = class_counts.clamp(min=1).to(torch.get_default_dtype()) ** -0.25
    return raw * (max_margin / raw.max())


def ldam_loss(
    logits: Tensor,
    y: Tensor,
    *,
    class_counts: Tensor,
    max_margin: float = 0.5,
    scale: float = 30.0,
    class_weight: Tensor | None = None,
    row_weight: Tensor | None = None,
) -> Tensor:
    """Label-distribution-aware margin loss: rare classes must win by more (Cao et al.).

    Cross entropy after the true class's logit has been lowered by ``scale`` times its
    margin. ``logits`` are cosines times ``scale``, as a last layer with normalised
    features and weights gives them.

    Parameters
    ----------
    logits : Tensor of shape (n_samples, n_classes)
    y : Tensor of shape (n_samples,)
        Class codes.
    class_counts : Tensor of shape (n_classes,)
        Training rows of each class.
    max_margin : float, default=0.5
        Margin of the smallest class, as a cosine.
    scale : float, default=30.0
        Of the logits.
    class_weight : Tensor of shape (n_classes,), default=None
    row_weight : Tensor of shape (n_samples,), default=None
        As in :func:`cross_entropy_loss`.

    Returns
    -------
    Tensor
        A scalar.

    References
    ----------
    K. Cao et al., "Learning imbalanced datasets with label-distribution-aware margin
    loss", 2019, eqs. 10 to 13.

    Examples
    --------
    >>> import torch
    >>> from sklearn_imbgen.robust import ldam_loss
    >>> counts = torch.tensor([16, 1])
    >>> ldam_loss(torch.tensor([[0.5, 0.0]]), torch.tensor([1]), class_counts=counts, scale=1.0)
    tensor(1.3133)
    """
    margins = ldam_margins(class_counts, max_margin).to(logits)
    lowered = logits - scale * margins * functional.one_hot(y, logits.shape[1]).to(logits)
    return cross_entropy_loss(lowered, y, class_weight=class_weight, row_weight=row_weight)


def balanced_softmax_loss(
    logits: Tensor,
    y: Tensor,
    *,
    class_counts: Tensor,
    class_weight: Tensor | None = None,
    row_weight: Tensor | None = None,
) -> Tensor:
    """Cross entropy of the logits plus the logarithm of the class sizes (Ren et al.).

    The logits then need not express how frequent a class is. In adversarial training
    this alone is as good as far longer recipes (AT-BSL, Yue et al.).

    Parameters
    ----------
    logits : Tensor of shape (n_samples, n_classes)
    y : Tensor of shape (n_samples,)
        Class codes.
    class_counts : Tensor of shape (n_classes,)
        Training rows of each class.
    class_weight : Tensor of shape (n_classes,), default=None
    row_weight : Tensor of shape (n_samples,), default=None
        As in :func:`cross_entropy_loss`.

    Returns
    -------
    Tensor
        A scalar.

    References
    ----------
    J. Ren et al., "Balanced meta-softmax for long-tailed visual recognition", 2020.
    X. Yue et al., "Revisiting adversarial training under long-tailed distributions", 2024.

    Examples
    --------
    >>> import torch
    >>> from sklearn_imbgen.robust import balanced_softmax_loss
    >>> balanced_softmax_loss(  # -log(1 / 4)
    ...     torch.zeros(1, 2), torch.tensor([1]), class_counts=torch.tensor([3, 1])
    ... )
    tensor(1.3863)
    """
    log_counts = class_counts.clamp(min=1).to(logits).log()
    return cross_entropy_loss(
        logits + log_counts, y, class_weight=class_weight, row_weight=row_weight
    )


def separation_loss(
    features: Tensor, y: Tensor, *, temperature: float = 0.1, normalize: bool = True
) -> Tensor:
    """Pull the features of a class together and those of other classes apart (eq. 4.12).

    For a row i with others of its class in the batch (the set P(i)), the mean over them of
    ``-log(exp(z_i z_p / t) / sum_a exp(z_i z_a / t))``, where a runs over all rows but i.

    Parameters
    ----------
    features : Tensor of shape (n_samples, n_features)
        What enters the last layer, for the adversarial rows.
    y : Tensor of shape (n_samples,)
        Class codes.
    temperature : float, default=0.1
        t; the smaller, the more the nearest wrong rows count.
    normalize : bool, default=True
        Give the features length one, as supervised contrastive learning does. The
        chapter's formula has them as they are: their products then grow without bound and
        the nearest row takes all.

    Returns
    -------
    Tensor
        A scalar: the sum over the rows divided by their number. A row that is alone in its
        class has no term of its own (P(i) is empty) and still pushes the others away; if
        all are alone, the loss is 0.

    References
    ----------
    P. Khosla et al., "Supervised contrastive learning", 2020.

    Examples
    --------
    >>> import torch
    >>> from sklearn_imbgen.robust import separation_loss
    >>> z = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> separation_loss(z, torch.tensor([0, 0, 1]), temperature=1.0)  # 2/3 log(1 + 1/e)
    tensor(0.2088)
    """
    if normalize:
        features = functional.normalize(features, dim=1)
    itself = torch.eye(len(y), dtype=torch.bool, device=y.device)
    # float32 also under autocast: exponentials of products over a small temperature
    products = (features.float() @ features.float().T) / temperature
    log_share = products - torch.logsumexp(
        products.masked_fill(itself, -torch.inf), dim=1, keepdim=True
    )
    positive = (y[:, None] == y) & ~itself
    n_positive = positive.sum(dim=1)
    # not multiplied by the mask: a lone row's -inf times 0 is not a number
    summed = log_share.masked_fill(~positive, 0.0).sum(dim=1)
    return -(summed / n_positive.clamp(min=1)).sum() / len(y)


class ClassLoss(nn.Module):
    """L of eq. 4.11: a loss that knows the classes, with weights that can be switched on.

    A child gives ``compute``; the net gives the classes.

    Warning: This class should not be used directly.
    """

    class_counts: Tensor
    class_weight: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.weighted = False

    def set_classes(
        self, class_counts: NDArray[Any], class_weight: NDArray[np.float64] | None
    ) -> None:
        """Take over sizes and weights of the classes."""
        given = np.ones(len(class_counts)) if class_weight is None else class_weight
        before = getattr(self, "class_counts", None)
        device = "cpu" if before is None else before.device
        self.register_buffer("class_counts", torch.tensor(class_counts, device=device))
        weight = torch.tensor(given, dtype=torch.float32, device=device)
        self.register_buffer("class_weight", weight)

    def forward(self, logits: Tensor, y: Tensor, row_weight: Tensor | None = None) -> Tensor:
        """Mean loss of a batch of logits and class codes."""
        class_weight = self.class_weight if self.weighted else None
        return self.compute(logits, y, class_weight=class_weight, row_weight=row_weight)

    def compute(self, logits: Tensor, y: Tensor, **weights: Tensor | None) -> Tensor:
        """Mean loss of a batch, weighted by ``class_weight`` and ``row_weight``."""
        raise NotImplementedError


class CrossEntropyLoss(ClassLoss):
    """Cross entropy, ``criterion="ce"``."""

    def compute(self, logits: Tensor, y: Tensor, **weights: Tensor | None) -> Tensor:
        """See :func:`cross_entropy_loss`."""
        return cross_entropy_loss(logits, y, **weights)


class FocalLoss(ClassLoss):
    """Focal loss, ``criterion="focal"``.

    Parameters
    ----------
    gamma : float, default=2.0
        How much rows that are sure and right are discounted.
    """

    def __init__(self, gamma: float = 2.0) -> None:
        super().__init__()
        self.gamma = _at_least_0(gamma, "criterion__gamma")

    def compute(self, logits: Tensor, y: Tensor, **weights: Tensor | None) -> Tensor:
        """See :func:`focal_loss`."""
        return focal_loss(logits, y, gamma=self.gamma, **weights)


class LDAMLoss(ClassLoss):
    """Label-distribution-aware margins, ``criterion="ldam"``.

    The net replaces its last ``torch.nn.Linear`` by a
    :class:`~sklearn_imbgen.nn.CosineLinear`, whose cosines the margins are measured on.

    Parameters
    ----------
    max_margin : float, default=0.5
        Margin of the smallest class, as a cosine.
    scale : float, default=20.0
        Logits are this times a cosine. Its authors take 30.
    scale_warmup : int or float, default=0.1
        Epochs in which ``scale`` grows from 1 to its value; a float is a share of
        ``max_epochs``. Without, LDAM under attack first gives every row the same class, and
        leaves that state late or, on some data, never.
    """

    def __init__(
        self, max_margin: float = 0.5, scale: float = 20.0, scale_warmup: float = 0.1
    ) -> None:
        super().__init__()
        self.max_margin = _at_least_0(max_margin, "criterion__max_margin")
        self.scale = _at_least_0(scale, "criterion__scale")
        self.scale_warmup = _at_least_0(scale_warmup, "criterion__scale_warmup")

    def scale_in(self, epoch: int, max_epochs: int) -> float:
        """What the logits are scaled by in an epoch; 0 is the first.

        Examples
        --------
        >>> loss = LDAMLoss(scale=21.0, scale_warmup=4)
        >>> [loss.scale_in(epoch, max_epochs=40) for epoch in range(5)]
        [6.0, 11.0, 16.0, 21.0, 21.0]
        """
        n_epochs = epoch_of(self.scale_warmup, max_epochs)
        if epoch + 1 >= n_epochs:
            return self.scale
        start = min(1.0, self.scale)
        return start + (self.scale - start) * (epoch + 1) / n_epochs

    def compute(self, logits: Tensor, y: Tensor, **weights: Tensor | None) -> Tensor:
        """See :func:`ldam_loss`."""
        return ldam_loss(
            logits,
            y,
            class_counts=self.class_counts,
            max_margin=self.max_margin,
            scale=self.scale,
            **weights,
        )


class BalancedSoftmaxLoss(ClassLoss):
    """Balanced softmax, ``criterion="balanced_softmax"``."""

    def compute(self, logits: Tensor, y: Tensor, **weights: Tensor | None) -> Tensor:
        """See :func:`balanced_softmax_loss`."""
        return balanced_softmax_loss(logits, y, class_counts=self.class_counts, **weights)


class _TorchLoss(ClassLoss):
    """A loss of torch's, whose mean over the rows is taken here."""

    def __init__(self, kind: type[nn.Module], **parameters: Any) -> None:
        super().__init__()
        self.loss = kind(**{**parameters, "reduction": "none"})

    def compute(self, logits: Tensor, y: Tensor, **weights: Tensor | None) -> Tensor:
        """Weighted mean of what torch's loss gives for each row."""
        return weighted_mean(self.loss(logits, y), y, **weights)


NAMED_LOSSES: dict[str, type[ClassLoss]] = {
    "ce": CrossEntropyLoss,
    "focal": FocalLoss,
    "ldam": LDAMLoss,
    "balanced_softmax": BalancedSoftmaxLoss,
}


def loss_class(criterion: Any) -> type[nn.Module]:
    """The class that ``criterion`` stands for; ValueError if it is no known name or loss."""
    if isinstance(criterion, str) and criterion in NAMED_LOSSES:
        return NAMED_LOSSES[criterion]
    if inspect.isclass(criterion) and issubclass(criterion, nn.Module):
        known = issubclass(criterion, ClassLoss)
        if known or "reduction" in inspect.signature(criterion).parameters:
            return criterion
    names = ", ".join(map(repr, NAMED_LOSSES))
    raise ValueError(
        f"criterion must be {names}, a loss class of sklearn_imbgen.robust, or a loss class of "
        f"torch that takes reduction; got {criterion!r}."
    )


def make_loss(criterion: Any, **parameters: Any) -> ClassLoss:
    """The loss of a parameter ``criterion`` and its ``criterion__*``."""
    kind = loss_class(criterion)
    if issubclass(kind, ClassLoss):
        return kind(**parameters)
    return _TorchLoss(kind, **parameters)


def _at_least_0(value: float, name: str) -> float:
    if not value >= 0:
        raise ValueError(f"{name} must be a number of at least 0; got {value!r}.")
    return value
