"""What every net trained on adversarial examples shares: attack, loss, weights, separation."""

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions
from skorch.callbacks import Callback
from skorch.callbacks.scoring import PassthroughScoring, ScoringBase
from torch import Tensor, nn

from sklearn_imbgen._typing import Array
from sklearn_imbgen.nn import (
    CosineLinear,
    FeatureCapture,
    check_logits,
    evaluation_mode,
    find_layer,
    last_linear,
    replace_layer,
    thread_share,
)
from sklearn_imbgen.nn.skorch_batches import TensorBatches, gather_rows
from sklearn_imbgen.nn.skorch_net import SkorchClassifier
from sklearn_imbgen.nn.skorch_parameters import named_parts
from sklearn_imbgen.robust._attacks import (
    Threat,
    feature_units,
    make_threat,
    projected_gradient_descent,
)
from sklearn_imbgen.robust._losses import (
    NAMED_LOSSES,
    BalancedSoftmaxLoss,
    ClassLoss,
    LDAMLoss,
    loss_class,
    make_loss,
    separation_loss,
)
from sklearn_imbgen.robust._perturb import perturb
from sklearn_imbgen.robust._weights import (
    LearningRateSchedule,
    class_weights,
    effective_number_weights,
    epoch_of,
)

# rows, codes, and weights of the rows or None
TrainingBatch = tuple[Tensor, Tensor, Tensor | None]
NOT_NEGATIVE = Interval(numbers.Real, 0, None, closed="left")
POSITIVE = Interval(numbers.Real, 0, None, closed="neither")
# an epoch, or a share of all
EPOCH = [
    Interval(numbers.Integral, 0, None, closed="left"),
    Interval(numbers.Real, 0, 1, closed="both"),
]


class BaseAdversarialClassifier(SkorchClassifier):
    """Base of the nets that are trained on adversarial examples.

    A child's constructor stores its parameters by ``_store_parameters(locals())``. One that
    separates features has a parameter ``separation_weight`` and the prefix "separation".

    Warning: This class should not be used directly.
    """

    _parameter_constraints: dict[str, Any] = {
        **SkorchClassifier._parameter_constraints,
        "criterion": [StrOptions(set(NAMED_LOSSES)), type],
        "epsilon": [NOT_NEGATIVE],
        "n_steps": [Interval(numbers.Integral, 0, None, closed="left")],
        "norm": [StrOptions({"linf", "l2"})],
        "class_weight": [
            StrOptions({"auto", "effective", "balanced"}),
            dict,
            "array-like",
            None,
        ],
        "reweight_start": EPOCH,
    }
    _rare_constraints: dict[str, Any] = {
        **SkorchClassifier._rare_constraints,
        "attack__step_size": [POSITIVE, None],
        "attack__random_start": ["boolean"],
        "attack__clip_values": ["array-like", None],
        "attack__feature_scale": [StrOptions({"std", "range"}), "array-like", None],
        "attack__feature_mask": ["array-like", None],
        "separation__temperature": [POSITIVE],
        "separation__layer": [str, None],
    }
    prefixes_ = [*SkorchClassifier.prefixes_, "attack"]

    # taken where given, as skorch takes module__*
    attack__step_size: float | None = None
    attack__random_start: bool = True
    attack__clip_values: Any = None
    attack__feature_scale: Any = None
    attack__feature_mask: Any = None
    separation__temperature: float = 0.1
    separation__layer: str | None = None

    separation_weight: float = 0.0
    criterion: Any
    epsilon: float
    n_steps: int
    norm: str
    class_weight: Any
    reweight_start: float
    criterion_: ClassLoss

    def perturb(self, X: Any, y: Any, **attack: Any) -> Any:
        """Adversarial rows against this net.

        Parameters
        ----------
        X : array-like of the shape of the training rows
            In the units that this net gets; a Pipeline's scaler comes before it.
        y : array-like of shape (n_samples,)
            True labels.
        **attack : dict
            ``attack``, ``epsilon``, ``n_steps``, ``norm``, ``loss``, ``random_state`` and more:
            see :func:`sklearn_imbgen.robust.perturb`.

        Returns
        -------
        ndarray or DataFrame, as X
        """
        return perturb(self, X, y, **attack)

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

    def _parts_of(self, prefix: str) -> list[str] | None:
        if prefix != "criterion":
            return super()._parts_of(prefix)
        try:
            return named_parts(loss_class(self.criterion))
        except ValueError:
            # fit will say so
            return None

    @property
    def _default_callbacks(self) -> list[tuple[str, Any]]:
        return [("learning_rate_schedule", LearningRateSchedule()), *super()._default_callbacks]

    # -- what is learned from the data -----------------------------------------------------

    def _learn_from_data(self, X: Array, codes: NDArray[np.int64], *, reset: bool) -> None:
        super()._learn_from_data(X, codes, reset=reset)
        if reset:
            self.feature_scale_ = feature_units(self.attack__feature_scale, X)
            if self.n_steps:
                mean, scale = self._statistics
                self._statistics = (mean, self._widened(scale))
        self._threat: Threat = make_threat(
            self.epsilon,
            self.norm,
            units=self.feature_scale_,
            clip_values=self.attack__clip_values,
            feature_mask=self.attack__feature_mask,
            shape=self.input_shape_,
        )
        self.class_weight_ = class_weights(
            self.class_weight,
            self.class_counts_,
            self.classes_inferred_,
            sizes_in_loss=isinstance(self._make_loss(), BalancedSoftmaxLoss),
        )
        if not reset:
            self.criterion_.set_classes(self._loss_counts(self.criterion_), self.class_weight_)

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

    # -- network and loss ------------------------------------------------------------------

    def _finish_module(self, module: nn.Module) -> nn.Module:
        n_classes = len(self.classes_inferred_)
        check_logits(module, self.input_shape_, n_classes, "module")
        loss = self._make_loss()
        if isinstance(loss, LDAMLoss):
            # the last linear layer, whichever one the features are taken from
            name = self._cosine_place(module)
            layer = find_layer(module, name)
            if isinstance(layer, nn.Linear):
                # LDAM's margins are cosines: features and weights have length one
                cosine = CosineLinear(
                    layer.in_features, layer.out_features, loss.scale, self._generator
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
                f"criterion={self.criterion!r} replaces the last torch.nn.Linear layer of module, "
                "which has none. Take another criterion."
            ) from error

    def _feature_layer(self) -> nn.Module:
        """The layer whose inputs are the features, whatever is wrapped around the network."""
        module = unwrapped(self.module_, compiled=True)
        name = self.separation__layer
        return find_layer(module, last_linear(module) if name is None else name)

    def _renew(self, changed: set[str]) -> None:
        cosine = isinstance(self.criterion_, LDAMLoss)
        if "criterion" in changed and isinstance(self._make_loss(), LDAMLoss) != cosine:
            # which has a last layer of its own
            changed = changed | {"module"}
        super()._renew(changed)

    def _make_loss(self) -> ClassLoss:
        try:
            return make_loss(self.criterion, **self.get_params_for("criterion"))
        except TypeError as error:
            raise TypeError(f"criterion={self.criterion!r}: {error}") from error

    def _build_criterion(self) -> ClassLoss:
        loss = self._make_loss()
        loss.set_classes(self._loss_counts(loss), self.class_weight_)
        return loss

    def _loss_counts(self, loss: ClassLoss) -> NDArray[Any]:
        """Sizes of the classes as the loss is to see them."""
        return self.class_counts_

    # -- training --------------------------------------------------------------------------

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Iterator over mini-batches, those of a training by ``iterator_train__class_weight``."""
        iterator = super().get_iterator(dataset, training=training)
        if isinstance(iterator, TensorBatches) and isinstance(iterator.class_weight, str):
            if iterator.class_weight != "effective":
                raise ValueError(
                    'iterator_train__class_weight must be "effective" or a tensor of a weight '
                    f"for each class; got {iterator.class_weight!r}."
                )
            iterator.class_weight = torch.tensor(effective_number_weights(self.class_counts_))
        return iterator

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        """Apply the schedule of algorithm 4.1: weights from T_d on."""
        super().on_epoch_begin(net, **kwargs)
        epoch = len(self.history) - 1
        if isinstance(self.criterion_, LDAMLoss):
            # the margins have their scale from the start
            module = unwrapped(self.module_, compiled=True)
            layer = find_layer(module, self._cosine_place(module))
            if isinstance(layer, CosineLinear):
                layer.scale.fill_(self.criterion_.scale_in(epoch, self.max_epochs))
        self.criterion_.weighted = epoch >= epoch_of(self.reweight_start, self.max_epochs)

    def train_step(self, batch: Any, **fit_params: Any) -> Any:
        """Attack the batch (line 5 of algorithm 4.1), then take an ordinary step on it."""
        X, y, weight = self._on_device(batch)
        # before skorch zeroes the gradients, of which an attack computes none
        rows, labels, weight = self._training_rows(X, y, weight)
        asked = rows is not X and self._is_scored_in_training()
        logits = self._clean_logits(X) if asked else None
        learned = rows, labels if weight is None else (labels, weight)
        step = super().train_step(learned, **fit_params)
        if logits is not None:
            # of the batch as it was drawn, which callbacks know, not of what was made of it
            step["y_pred"] = logits
        return step

    def _on_device(self, batch: Any) -> TrainingBatch:
        """Rows, codes and weights, or None for these."""
        X, y = batch
        y, weight = y if isinstance(y, list | tuple) else (y, None)
        device = self._torch_device()
        weight = weight if weight is None else weight.to(device)
        return X.to(device, torch.float32), y.to(device).long(), weight

    def _training_rows(self, X: Tensor, y: Tensor, weight: Tensor | None) -> TrainingBatch:
        """What the network learns from: the attacked rows, their classes and weights."""
        if not self.n_steps:
            return self._augmented(X, X, y, weight)
        attacked = projected_gradient_descent(
            self._attacked_module(),
            X,
            y,
            threat=self._threat,
            step_size=self.attack__step_size,
            n_steps=self.n_steps,
            random_start=self.attack__random_start,
            generator=self._device_generator,
        )
        return self._augmented(X, attacked, y, weight)

    def _augmented(
        self, X: Tensor, attacked: Tensor, y: Tensor, weight: Tensor | None
    ) -> TrainingBatch:
        """Hook for a child that makes more of a batch."""
        return attacked, y, weight

    def _is_scored_in_training(self) -> bool:
        """Whether a callback may look at the predictions for training batches."""
        return any(
            callback.on_train
            if isinstance(callback, ScoringBase)
            else type(callback).on_batch_end is not Callback.on_batch_end
            for _, callback in self.callbacks_
            if not isinstance(callback, PassthroughScoring)
        )

    def _clean_logits(self, X: Tensor) -> Tensor:
        with torch.no_grad(), evaluation_mode(self.module_):
            logits: Tensor = self._attacked_module()(X)
        return logits

    def _attacked_module(self) -> Callable[[Tensor], Tensor]:
        """What an attack asks for logits: the network, in the precision of the training."""
        # a module distributed over processes would synchronise at every step of the attack
        module = unwrapped(self.module_)
        if not self.mixed_precision:
            return module
        return _Autocast(module, self._torch_device().type)

    # -- separation of features ------------------------------------------------------------

    def infer(self, x: Any, **fit_params: Any) -> Any:
        """Logits of a batch; in a training step the features behind them are kept."""
        if not (self.separation_weight and self.module_.training):
            return super().infer(x, **fit_params)
        with FeatureCapture(self._feature_layer(), compiled=bool(self.compile)) as capture:
            logits = super().infer(x, **fit_params)
        self._features: Tensor | None = capture.features
        return logits

    def _batch_loss(
        self, logits: Tensor, y: Tensor, row_weight: Tensor | None, training: bool
    ) -> Tensor:
        loss = self._prediction_loss(logits, y, row_weight, training)
        if not (training and self.separation_weight):
            return loss
        assert self._features is not None
        # pairs are looked for in the whole batch, of which a process may hold a part
        accelerator = getattr(self, "accelerator", None)
        features = gather_rows(self._features, accelerator)
        classes = gather_rows(self._separated_classes(y), accelerator)
        separation = separation_loss(features, classes, temperature=self.separation__temperature)
        self._features = None
        self.history.record_batch("prediction_loss", loss.item())
        self.history.record_batch("separation_loss", separation.item())
        # eq. 4.13
        return loss + self.separation_weight * separation

    def _prediction_loss(
        self, logits: Tensor, y: Tensor, row_weight: Tensor | None, training: bool
    ) -> Tensor:
        """L of eq. 4.13."""
        return super()._batch_loss(logits, y, row_weight, training)

    def _separated_classes(self, y: Tensor) -> Tensor:
        """The class of each row of the batch whose features are separated."""
        return y


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
