"""Adversarial examples by gradient steps: what an attacker may do, and what he does."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sklearn_imbgen._typing import Array
from sklearn_imbgen.nn import evaluation_mode

Logits = Callable[[Tensor], Tensor]
RowLoss = Callable[[Tensor, Tensor], Tensor]

# A step of 2.5 * epsilon / n_steps reaches the border of the ball from anywhere (Madry et al.)
REACH = 2.5
TINY = 1e-12
SMALLEST = torch.finfo(torch.float32).tiny


def row_cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """Cross entropy of each row, the loss that an attack raises by default."""
    return functional.cross_entropy(logits, y, reduction="none")


def margin_of_error(logits: Tensor, y: Tensor) -> Tensor:
    """Largest logit of another class minus the logit of the true one (Carlini and Wagner).

    Positive where a row is misclassified. Unlike the cross entropy it has the same
    gradient however large the logits are, so that a network cannot look robust by
    scaling them up.
    """
    true = logits.gather(1, y[:, None]).squeeze(1)
    others = logits.scatter(1, y[:, None], -math.inf)
    return others.amax(dim=1) - true


class Threat(NamedTuple):
    """What an attacker may do to a row: the ball around it and the valid range.

    Parameters
    ----------
    epsilon : float
        Radius of the ball.
    norm : {"linf", "l2"}, default="linf"
    scale : Tensor broadcastable to a row, or None, default=None
        Unit of each feature: the ball is ``norm((X' - X) / scale) <= epsilon``. A feature
        of scale 0 cannot be changed. None is 1 everywhere.
    low, high : Tensor broadcastable to a row, or None, default=None
        Valid range. A row that lies outside may stay where it is, but not move farther out.
    """

    epsilon: float
    norm: str = "linf"
    scale: Tensor | None = None
    low: Tensor | None = None
    high: Tensor | None = None

    def to(self, X: Tensor) -> "Threat":
        """The same threat with its tensors beside ``X``."""
        parts = (self.scale, self.low, self.high)
        return Threat(
            self.epsilon,
            self.norm,
            *(None if p is None else p.to(X.device, X.dtype) for p in parts),
        )

    def random_start(self, X: Tensor, generator: torch.Generator | None) -> Tensor:
        """A point of the ball around each row, drawn evenly over it."""
        place: dict[str, Any] = {
            "device": generator.device if generator else X.device,
            "dtype": X.dtype,
        }
        if self.norm == "linf":
            # from -1 to 1: a start in one orthant only would be half an attack
            drawn = torch.rand(X.shape, generator=generator, **place).mul_(2).sub_(1)
        else:
            drawn = torch.randn(X.shape, generator=generator, **place)
            n_free = X[0].numel()
            if self.scale is not None:
                free = (self.scale > 0).to(drawn).expand(X.shape[1:])
                drawn, n_free = drawn * free, int(free.sum())
            radius = torch.rand(len(X), generator=generator, **place).pow(1 / max(n_free, 1))
            drawn = drawn * _per_row(radius / _norms(drawn), X)
        return self.project(X + self._in_units(drawn.to(X.device)) * self.epsilon, X)

    def step(self, X_adversarial: Tensor, gradient: Tensor, size: float) -> Tensor:
        """Go ``size`` units uphill: the steepest way under the norm."""
        if self.norm == "linf":
            direction = gradient.sign()
        else:
            direction = self._in_units(gradient)
            # of a row that is very sure, the square of the gradient would be 0
            largest = direction.flatten(1).abs().amax(dim=1)
            direction = direction / _per_row(largest.clamp(min=SMALLEST), direction)
            direction = direction / _per_row(_norms(direction), direction)
        return X_adversarial + self._in_units(direction) * size

    def project(self, X_adversarial: Tensor, X: Tensor) -> Tensor:
        """Nearest point of the ball and, then, of the valid range."""
        return self.projection(X)(X_adversarial)

    def projection(self, X: Tensor) -> Callable[[Tensor], Tensor]:
        """:meth:`project` onto the balls around these rows, their limits computed once."""
        low, high = self._limits(X)
        bounded = low is not None or high is not None

        def project(X_adversarial: Tensor) -> Tensor:
            if self.norm == "l2":
                X_adversarial = self._into_round_ball(X_adversarial, X)
            return torch.clamp(X_adversarial, low, high) if bounded else X_adversarial

        return project

    def _limits(self, X: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Smallest and largest value of each feature of each row."""
        low: Tensor | None = None
        high: Tensor | None = None
        if self.norm == "linf":
            reach = self.epsilon if self.scale is None else self.epsilon * self.scale
            low, high = X - reach, X + reach
        if self.low is not None:
            # a row may lie outside already: no clipping pulls it in
            floor = torch.minimum(X, self.low)
            low = floor if low is None else torch.maximum(low, floor)
        if self.high is not None:
            ceiling = torch.maximum(X, self.high)
            high = ceiling if high is None else torch.minimum(high, ceiling)
        return low, high

    def _into_round_ball(self, X_adversarial: Tensor, X: Tensor) -> Tensor:
        change = X_adversarial - X
        if self.scale is not None:
            change = change * (self.scale > 0).to(change)
        measured = change if self.scale is None else change / self.scale.clamp(min=TINY)
        shrink = (self.epsilon / _norms(measured)).clamp(max=1.0)
        return X + change * _per_row(shrink, change)

    def _in_units(self, change: Tensor) -> Tensor:
        return change if self.scale is None else change * self.scale


def _norms(change: Tensor) -> Tensor:
    norms: Tensor = change.flatten(1).norm(dim=1)
    return norms.clamp(min=TINY)


def _per_row(values: Tensor, like: Tensor) -> Tensor:
    return values.view(-1, *(1,) * (like.dim() - 1))


def feature_units(feature_scale: Any, X: Array) -> Array | None:
    """The unit of each feature, learned from training rows by "std" or "range".

    0 for a constant one, which an attack then leaves alone. ValueError if an array has another
    shape, or a value below 0.
    """
    if feature_scale is None:
        return None
    if isinstance(feature_scale, str):
        measure = np.std if feature_scale == "std" else np.ptp
        return measure(X.astype(np.float64), axis=0)
    units = _of_row_shape(feature_scale, X.shape[1:], "feature_scale").astype(np.float64)
    if not np.isfinite(units).all() or (units < 0).any():
        raise ValueError("feature_scale must hold finite numbers of at least 0.")
    return units


def make_threat(
    epsilon: float,
    norm: str,
    *,
    units: Array | None,
    clip_values: Any,
    feature_mask: Any,
    shape: tuple[int, ...],
) -> Threat:
    """The threat of these parameters, for rows of a shape; ValueError if one does not fit."""
    scale = units
    if feature_mask is not None:
        mask = _of_row_shape(feature_mask, shape, "feature_mask")
        if mask.dtype != bool:
            raise ValueError(
                f"feature_mask must hold True for each feature that may change and False for the "
                f"others; got values of type {mask.dtype}."
            )
        scale = mask * (1.0 if units is None else units)
    low = high = None
    if clip_values is not None:
        if isinstance(clip_values, str) or len(clip_values) != 2:
            raise ValueError(
                f"clip_values must be a pair (low, high) or None; got {clip_values!r}."
            )
        low, high = (
            _of_row_shape(bound, shape, "clip_values").astype(np.float64) for bound in clip_values
        )
        if not (low <= high).all():
            raise ValueError(
                f"clip_values must be (low, high) with low <= high for every feature; "
                f"got {clip_values!r}."
            )
    return Threat(float(epsilon), norm, *(_tensor(part) for part in (scale, low, high)))


def _of_row_shape(values: Any, shape: tuple[int, ...], name: str) -> Array:
    array = np.asarray(values)
    try:
        return np.broadcast_to(array, shape)
    except ValueError as error:
        raise ValueError(
            f"{name} has the shape {array.shape}, which does not fit rows of shape {shape}."
        ) from error


def _tensor(part: Array | None) -> torch.Tensor | None:
    return None if part is None else torch.tensor(part, dtype=torch.float32)


def projected_gradient_descent(
    logits_fn: Logits,
    X: Tensor,
    y: Tensor,
    *,
    threat: Threat,
    step_size: float | None = None,
    n_steps: int = 10,
    random_start: bool = True,
    row_loss: RowLoss = row_cross_entropy,
    early_exit: bool = False,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Rows changed within the threat so that the loss of their true label rises.

    The inner maximum of eq. 4.11 (Madry et al.). Only the gradient by the rows is
    computed, none by the parameters, and a module is in evaluation mode meanwhile: its
    batch normalisation statistics stay as they are and its dropout is off.

    Parameters
    ----------
    logits_fn : callable or Module
        Maps rows to logits of shape (n_samples, n_classes).
    X : Tensor of shape (n_samples, ...)
        Clean rows, on the device of the network.
    y : Tensor of shape (n_samples,)
        Codes of the true classes.
    threat : Threat
        Ball and valid range.
    step_size : float or None, default=None
        In units of ``threat.scale``; None is ``2.5 * epsilon / n_steps``, by which the
        border is reached from any start.
    n_steps : int, default=10
        0 gives the clean rows back.
    random_start : bool, default=True
        Begin at a random point of the ball instead of at the row.
    row_loss : callable, default=row_cross_entropy
        Maps logits and codes to the loss of each row.
    early_exit : bool, default=False
        Leave a row as soon as it is misclassified, at the point where it is. A row that
        is misclassified as it is stays unchanged: going on might make it right by chance.
    generator : torch.Generator, default=None
        Of the random start; None takes torch's global one.

    Returns
    -------
    Tensor of the shape of X
        Without gradient history.

    References
    ----------
    A. Madry et al., "Towards deep learning models resistant to adversarial attacks", 2018.

    Examples
    --------
    >>> import torch
    >>> from sklearn_imbgen.robust import Threat, projected_gradient_descent
    >>> def logits(X):  # class 1 above 0, class 0 below
    ...     return torch.cat([-X, X], dim=1)
    >>> projected_gradient_descent(
    ...     logits, torch.tensor([[0.5]]), torch.tensor([1]), threat=Threat(0.2), n_steps=3
    ... )
    tensor([[0.3000]])
    """
    if n_steps == 0 or threat.epsilon == 0 or len(X) == 0:
        return X.detach().clone()
    size = REACH * threat.epsilon / n_steps if step_size is None else step_size
    module = logits_fn if isinstance(logits_fn, nn.Module) else None
    with torch.inference_mode(False), evaluation_mode(module):
        # tensors made in inference mode take no part in a gradient
        X, y = (t.clone() if t.is_inference() else t.detach() for t in (X, y))
        threat = threat.to(X)
        if early_exit:
            return _attack_until_fooled(
                logits_fn, X, y, threat, size, n_steps, random_start, row_loss, generator
            )
        X_adversarial = threat.random_start(X, generator) if random_start else X
        project = threat.projection(X)
        for _ in range(n_steps):
            gradient, _ = _gradient(logits_fn, X_adversarial, y, row_loss)
            X_adversarial = project(threat.step(X_adversarial, gradient, size))
    return X_adversarial


def _attack_until_fooled(
    logits_fn: Logits,
    X: Tensor,
    y: Tensor,
    threat: Threat,
    size: float,
    n_steps: int,
    random_start: bool,
    row_loss: RowLoss,
    generator: torch.Generator | None,
) -> Tensor:
    """The steps for the rows that are still classified correctly."""
    result = X.clone()
    with torch.no_grad():
        rows = torch.nonzero(logits_fn(X).argmax(dim=1) == y).squeeze(1)
    if random_start:
        result[rows] = threat.random_start(X[rows], generator)
    for _ in range(n_steps):
        if len(rows) == 0:
            break
        gradient, logits = _gradient(logits_fn, result[rows], y[rows], row_loss)
        left = logits.argmax(dim=1) == y[rows]
        rows, gradient = rows[left], gradient[left]
        result[rows] = threat.project(threat.step(result[rows], gradient, size), X[rows])
    return result


def _gradient(logits_fn: Logits, X: Tensor, y: Tensor, row_loss: RowLoss) -> tuple[Tensor, Tensor]:
    """Gradient of the summed loss by the rows alone, and the logits."""
    with torch.enable_grad():
        X = X.detach().requires_grad_()
        try:
            logits = logits_fn(X)
        except RuntimeError as error:
            if "in-place" not in str(error):
                raise
            # a module that works in place, which a leaf does not allow
            logits = logits_fn(X.clone())
        # the sum: each row's gradient is its own, whatever stands beside it
        (gradient,) = torch.autograd.grad(row_loss(logits, y).sum(), X)
    return gradient, logits.detach()


def fast_gradient_sign_method(
    logits_fn: Logits,
    X: Tensor,
    y: Tensor,
    *,
    threat: Threat,
    row_loss: RowLoss = row_cross_entropy,
) -> Tensor:
    """One step to the border of the ball, from the row itself (Goodfellow et al.).

    Parameters and result are those of :func:`projected_gradient_descent`.
    """
    return projected_gradient_descent(
        logits_fn,
        X,
        y,
        threat=threat,
        step_size=threat.epsilon,
        n_steps=1,
        random_start=False,
        row_loss=row_loss,
    )
