"""What every net trained on adversarial examples shares."""

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions
from skorch.dataset import unpack_data
from skorch.utils import to_tensor
from torch import Tensor, nn

from sklearn_imbgen.nn import (
    CosineLinear,
    FeatureCapture,
    check_logits,
    find_layer,
    last_linear,
    replace_layer,
    thread_share,
)
from sklearn_imbgen.nn.skorch_net import SkorchClassifier
from sklearn_imbgen.robust._attacks import Threat, projected_gradient_descent
from sklearn_imbgen.robust._criterion import PREDICTION_LOSSES, PredictionLoss
from sklearn_imbgen.robust._perturb import PerturbMixin
from sklearn_imbgen.robust._schedule import epoch_of, passed_milestones, warmed_up
from sklearn_imbgen.robust._threat_model import feature_units, make_threat
from sklearn_imbgen.robust._weights import class_weights

__all__ = ["BaseAdversarialClassifier"]


class BaseAdversarialClassifier(PerturbMixin, SkorchClassifier):
    """Base of the nets that are trained on adversarial examples.

    A child's constructor stores its parameters by ``_store_parameters(locals())``.

    Warning: This class should not be used directly.
    """

    _parameter_constraints: dict[str, Any] = {
        **SkorchClassifier._parameter_constraints,
        "prediction_loss": [StrOptions(set(PREDICTION_LOSSES))],
        "epsilon": [Interval(numbers.Real, 0, None, closed="left")],
        "step_size": [Interval(numbers.Real, 0, None, closed="neither"), None],
        "n_steps": [Interval(numbers.Integral, 0, None, closed="left")],
        "norm": [StrOptions({"linf", "l2"})],
        "random_start": ["boolean"],
        "clip_values": ["array-like", None],
        "feature_scale": [StrOptions({"std", "range"}), "array-like", None],
        "feature_mask": ["array-like", None],
        "class_weight": [StrOptions({"auto", "effective", "balanced"}), dict, None],
        "effective_number_beta": [Interval(numbers.Real, 0, 1, closed="left")],
        "reweight_start": [
            Interval(numbers.Integral, 0, None, closed="left"),
            Interval(numbers.Real, 0, 1, closed="both"),
        ],
        "logit_scale_warmup": [
            Interval(numbers.Integral, 0, None, closed="left"),
            Interval(numbers.Real, 0, 1, closed="both"),
        ],
        "lr_milestones": ["array-like"],
        "lr_decay": [Interval(numbers.Real, 0, 1, closed="right")],
        "focal_gamma": [Interval(numbers.Real, 0, None, closed="left")],
        "max_margin": [Interval(numbers.Real, 0, None, closed="left")],
        "logit_scale": [Interval(numbers.Real, 0, None, closed="neither")],
    }

    prediction_loss: str
    epsilon: float
    step_size: float | None
    n_steps: int
    norm: str
    random_start: bool
    clip_values: Any
    feature_scale: Any
    feature_mask: Any
    class_weight: Any
    effective_number_beta: float
    reweight_start: float
    lr_milestones: Any
    lr_decay: float
    focal_gamma: float
    max_margin: float
    logit_scale: float
    logit_scale_warmup: float
    lr: float
    criterion_: PredictionLoss

    def _learn_from_data(self, X: NDArray[Any], codes: NDArray[np.int64], *, reset: bool) -> None:
        super()._learn_from_data(X, codes, reset=reset)
        if reset:
            self.feature_scale_ = feature_units(self.feature_scale, X)
            if self.n_steps:
                mean, scale = self._statistics
                self._statistics = (mean, self._widened(scale))
        self._threat = self._make_threat()
        self.class_weight_ = class_weights(
            self.class_weight,
            self.class_counts_,
            self.classes_inferred_,
            self.effective_number_beta,
            sizes_in_loss=self.prediction_loss == "balanced_softmax",
        )
        if not reset:
            self.criterion_.set_classes(self._loss_counts(), self.class_weight_)

    def _widened(self, scale: Tensor) -> Tensor:
        """Standard deviations of attacked rows: those of clean ones, and the attack's on top.

        Divided by its own, a nearly constant feature would carry the attack into the network
        many times enlarged.
        """
        units = 1.0 if self.feature_scale_ is None else self.feature_scale_
        reach = np.broadcast_to(self.epsilon * np.asarray(units), self.input_shape_)
        if self.norm == "l2":
            reach = reach / np.sqrt(reach.size)
        if reach.ndim > 1:
            # one scale per channel
            reach = reach.mean(axis=tuple(range(1, reach.ndim)), keepdims=True)
        return torch.sqrt(scale**2 + torch.tensor(reach, dtype=scale.dtype) ** 2)

    def _make_threat(self) -> Threat:
        return make_threat(
            self.epsilon,
            self.norm,
            units=self.feature_scale_,
            clip_values=self.clip_values,
            feature_mask=self.feature_mask,
            shape=self.input_shape_,
        )

    def _finish_module(self, module: nn.Module) -> nn.Module:
        n_classes = len(self.classes_inferred_)
        check_logits(module, self.input_shape_, n_classes, "module")
        if self.prediction_loss == "ldam":
            # the last linear layer, whichever one the features are taken from
            name = self._cosine_place(module)
            layer = find_layer(module, name)
            if isinstance(layer, nn.Linear):
                # LDAM's margins are cosines: features and weights have length one
                cosine = CosineLinear(
                    layer.in_features, layer.out_features, self.logit_scale, self._generator
                )
                if not name:
                    # the network is that layer
                    return cosine
                replace_layer(module, name, cosine)
        return module

    def _cosine_place(self, module: nn.Module) -> str:
        try:
            return last_linear(module)
        except ValueError as error:
            raise ValueError(
                'prediction_loss="ldam" replaces the last torch.nn.Linear layer of module, which '
                "has none. Take another prediction_loss."
            ) from error

    def _head_name(self, module: nn.Module) -> str:
        return last_linear(module)

    def _feature_layer(self) -> nn.Module:
        """The layer whose inputs are the features, whatever is wrapped around the network."""
        module = unwrapped(self.module_, compiled=True)
        return find_layer(module, self._head_name(module))

    def extract_features(self, X: Any) -> NDArray[np.float32]:
        """What enters the last layer: the features that chapter 4 looks at.

        Parameters
        ----------
        X : array-like of the shape of the training rows

        Returns
        -------
        ndarray of shape (n_samples, n_features_of_the_layer)
        """
        rows = self._check_rows(X)
        found = []
        layer = self._feature_layer()
        with thread_share(), FeatureCapture(layer, compiled=bool(self.compile)) as capture:
            for _ in self.forward_iter(rows):
                found.append(capture.features.cpu().numpy())
        return np.concatenate(found)

    def _loss_counts(self) -> NDArray[Any]:
        """Sizes of the classes as the prediction loss is to see them."""
        counts: NDArray[np.int64] = self.class_counts_
        return counts

    def _build_criterion(self) -> PredictionLoss:
        """The prediction loss with the sizes of the classes."""
        return PredictionLoss(
            self.prediction_loss,
            self._loss_counts(),
            self.class_weight_,
            gamma=self.focal_gamma,
            max_margin=self.max_margin,
            scale=self.logit_scale,
        )

    def torch_compile(self, module: nn.Module, name: str) -> Any:
        """Compile the network; the loss is a handful of operations and changes its weights."""
        return super().torch_compile(module, name) if name == "module" else module

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        """Apply the schedule of algorithm 4.1: smaller steps, and weights from T_d on."""
        super().on_epoch_begin(net, **kwargs)
        epoch = len(self.history) - 1
        if self.prediction_loss == "ldam":
            self._warm_up(epoch)
        self.criterion_.weighted = epoch >= epoch_of(self.reweight_start, self.max_epochs)
        n_passed = passed_milestones(self.lr_milestones, epoch, self.max_epochs)
        if n_passed:
            for group in self.optimizer_.param_groups:
                group["lr"] *= self.lr_decay**n_passed

    def _warm_up(self, epoch: int) -> None:
        """Let the scale of LDAM's logits grow; the margins have theirs from the start."""
        module = unwrapped(self.module_, compiled=True)
        layer = find_layer(module, self._cosine_place(module))
        if isinstance(layer, CosineLinear):
            n_epochs = epoch_of(self.logit_scale_warmup, self.max_epochs)
            layer.scale.fill_(warmed_up(self.logit_scale, epoch, n_epochs))

    def train_step(self, batch: Any, **fit_params: Any) -> Any:
        """Attack the batch (line 5 of algorithm 4.1), then take an ordinary step on it."""
        # before skorch zeroes the gradients, of which an attack computes none
        return super().train_step(self._training_batch(batch), **fit_params)

    def _training_batch(self, batch: Any) -> tuple[Tensor, Tensor]:
        """What the network learns from: the attacked rows, and their classes."""
        X, y = unpack_data(batch)
        X = to_tensor(X, device=self._where())
        y = to_tensor(y, device=self._where()).long()
        attacked = projected_gradient_descent(
            self._attacked_module(),
            X,
            y,
            threat=self._threat,
            step_size=self.step_size,
            n_steps=self.n_steps,
            random_start=self.random_start,
            generator=self._device_generator,
        )
        return self._augmented(X, attacked, y)

    def _augmented(self, X: Tensor, attacked: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Hook for a child that makes more of a batch."""
        return attacked, y

    def _attacked_module(self) -> Callable[[Tensor], Tensor]:
        """What an attack asks for logits: the network, in the precision of the training."""
        # a module distributed over processes would synchronise at every step of the attack
        module = unwrapped(self.module_)
        if not self.mixed_precision:
            return module
        return _Autocast(module, torch.device(self._where()).type)


def unwrapped(module: nn.Module, *, compiled: bool = False) -> nn.Module:
    """The network inside what accelerate and, if asked, torch.compile put around it."""
    wrappers = {"DistributedDataParallel": "module"}
    if compiled:
        wrappers["OptimizedModule"] = "_orig_mod"
    while type(module).__name__ in wrappers:
        module = module.get_submodule(wrappers[type(module).__name__])
    return module


class _Autocast(nn.Module):
    """A network computed in bfloat16, logits in float32."""

    def __init__(self, module: nn.Module, device_type: str) -> None:
        super().__init__()
        self.module, self.device_type = module, device_type
        # as the network itself stands: entering evaluation mode must find what to restore
        self.training = module.training

    def forward(self, X: Tensor) -> Tensor:
        with torch.autocast(self.device_type, dtype=torch.bfloat16):
            logits: Tensor = self.module(X).float()
        return logits
