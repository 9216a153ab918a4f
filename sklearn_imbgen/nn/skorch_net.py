"""skorch's NeuralNetClassifier with the manners of a scikit-learn classifier."""

import dis
import math
import numbers
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
)
from skorch import NeuralNetClassifier
from skorch.dataset import Dataset
from skorch.utils import to_device
from torch import Tensor, nn

from sklearn_imbgen._typing import Array
from sklearn_imbgen.exceptions import DivergenceError
from sklearn_imbgen.nn.checkpoint import Checkpoint
from sklearn_imbgen.nn.data_net import DataNet
from sklearn_imbgen.nn.runtime import draw_seed, isolated_rng, limited_threads, thread_share
from sklearn_imbgen.nn.tensor_batches import TensorBatches

__all__ = ["SkorchClassifier"]

# A training loss that grows by this factor over that of the first epoch has exploded.
EXPLOSION_FACTOR = 1e3
# What adversarial training by SGD is usually run with.
SGD_DEFAULTS = {"momentum": 0.9, "weight_decay": 5e-4}
# Seeds of consecutive epochs are this far apart.
SEED_STRIDE = 1_000_003


class SkorchClassifier(DataNet):
    """Base of the skorch nets: validation, labels, seeds, sizes and checkpoints.

    A skorch net in every other respect: ``callbacks``, ``optimizer__*``, ``module__*``,
    ``iterator_train__*``, ``partial_fit``, ``save_params``, ``history`` are skorch's.

    Warning: This class should not be used directly.
    """

    _parameter_constraints: dict[str, Any] = {
        "module": [HasMethods("forward"), callable, None],
        "optimizer": [callable],
        "lr": [Interval(numbers.Real, 0, None, closed="neither")],
        "max_epochs": [Interval(numbers.Integral, 0, None, closed="left")],
        "batch_size": [Interval(numbers.Integral, 1, None, closed="left")],
        "iterator_train": [callable],
        "iterator_valid": [callable],
        "train_split": [callable, None],
        "callbacks": ["array-like", str, None],
        "warm_start": ["boolean"],
        "checkpoint": [str, HasMethods("__fspath__"), None],
        "mixed_precision": ["boolean"],
        "compile": ["boolean"],
        "verbose": ["verbose"],
        "device": [str, torch.device, None],
        "random_state": ["random_state"],
    }

    # What skorch's constructor would set on each instance, where scikit-learn allows
    # parameters only.
    history_ = None
    initialized_ = False
    virtual_params_: dict[str, Any] = {}
    prefixes_ = [*DataNet.prefixes_, "module", "criterion", "optimizer"]
    cuda_dependent_attributes_ = ["module_", "criterion_", "optimizer_"]
    _modules = ["module"]
    _criteria = ["criterion"]
    _optimizers = ["optimizer"]

    # skorch's parameters that these nets decide themselves
    criterion: Any = None
    dataset = Dataset
    classes = None
    predict_nonlinearity = None
    use_caching = "auto"
    torch_load_kwargs = None

    module: Any
    max_epochs: int
    warm_start: bool
    checkpoint: Any
    mixed_precision: bool
    random_state: Any

    def _store_parameters(self, parameters: dict[str, Any]) -> None:
        """All that a constructor does: ``locals()`` in, ``optimizer__lr`` and the like included."""
        named = dict(parameters)
        for name in ("self", "__class__"):
            named.pop(name, None)
        extra = named.pop("kwargs", {})
        # past skorch's __setattr__, which takes a module passed as a parameter for a component
        self.__dict__.update(named)
        self.__dict__.update(extra)
        self._params_to_validate = set(extra)

    def _get_param_names(self) -> list[str]:
        return [name for name in vars(self) if not name.endswith("_") and not name.startswith("_")]

    def set_params(self, **params: Any) -> "SkorchClassifier":
        """Set parameters; those of callbacks and of a live optimizer act at once, as in skorch.

        All others only store what the next ``fit`` uses.

        Returns
        -------
        self : object
        """
        of_callbacks = {k: v for k, v in params.items() if k.startswith("callbacks__")}
        others = {k: v for k, v in params.items() if k not in of_callbacks}
        known = self._get_param_names()
        unknown = [k for k in others if "__" not in k and k not in known]
        if unknown:
            raise ValueError(
                f"Invalid parameter {unknown[0]!r} for estimator {type(self).__name__}. "
                f"Valid parameters are: {sorted(known)}."
            )
        if self.initialized_:
            self._apply_virtual_params(
                {k: v for k, v in others.items() if self._is_virtual_param(k)}
            )
        self.__dict__.update(others)
        self._params_to_validate.update(k for k in others if "__" in k)
        if of_callbacks:
            super().set_params(**of_callbacks)
        return self

    @property
    def _default_callbacks(self) -> list[tuple[str, Any]]:
        return [pair for pair in super()._default_callbacks if self._wants(pair[0])]

    def _wants(self, callback: str) -> bool:
        # accuracy on a validation set that does not exist costs a warning per epoch
        return bool(self.train_split) or not callback.startswith("valid")

    # -- fitting ---------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None) -> "SkorchClassifier":
        """Train on rows and labels, from the beginning unless ``warm_start``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, channels, height, width)
            Training rows or images.
        y : array-like of shape (n_samples,)
            Labels of any type that sorts.

        Returns
        -------
        self : object
            The trained net.

        Raises
        ------
        ValueError
            If a parameter, X or y is not valid, or y has one class only.
        DivergenceError
            If the training loss leaves all bounds.
        KeyboardInterrupt
            On Ctrl-C; the net keeps what it has learned until then.
        """
        return self._fit(X, y, reset=not (self.warm_start and self.initialized_), classes=None)

    def partial_fit(self, X: Any, y: Any = None, classes: Any = None) -> "SkorchClassifier":
        """Train for ``max_epochs`` more on these rows, keeping what is learned.

        Parameters
        ----------
        X, y : array-like
            As in :meth:`fit`.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; needed in the first call if ``y`` lacks some.

        Returns
        -------
        self : object
            The net.
        """
        return self._fit(X, y, reset=not self.initialized_, classes=classes)

    def _fit(self, X: Any, y: Any, *, reset: bool, classes: Any) -> "SkorchClassifier":
        self._check_parameters()
        X, y = self._check_rows_and_labels(X, y, reset=reset)
        if reset:
            # a fit that ends early must not leave the last one's network beside new classes
            self.__dict__.pop("module_", None)
            self.initialized_ = False
        codes = self._encode_labels(y, classes, reset=reset)
        if reset or not hasattr(self, "_seed"):
            self._seed = draw_seed(check_random_state(self.random_state))
        with self._training_settings():
            self._learn_from_data(X, codes, reset=reset)
            if reset:
                self._generator = torch.Generator().manual_seed(self._seed)
                self.initialize()
            saved = self._open_checkpoint(X, codes, use=reset)
            n_left = self.max_epochs
            if saved is not None:
                n_left = 0 if saved["stopped"] else max(0, n_left - len(self.history))
            self.notify("on_train_begin", X=X, y=codes)
            try:
                self.fit_loop(X, codes, epochs=n_left)
            except _StopTraining:
                pass
            finally:
                self.notify("on_train_end", X=X, y=codes)
        return self

    def notify(self, method_name: str, **kwargs: Any) -> None:
        """Call the method of that name of the net and its callbacks."""
        try:
            super().notify(method_name, **kwargs)
        except KeyboardInterrupt as stop:
            # skorch's EarlyStopping stops so; any other one is the user's Ctrl-C
            if method_name == "on_epoch_end" and _is_raised_by_code(stop):
                self._save_checkpoint(stopped=True)
                raise _StopTraining from stop
            raise
        if method_name == "on_epoch_end":
            # after the callbacks, which may have changed the learning rate
            self._save_checkpoint(stopped=False)

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        """Start an epoch from a seed of its own, so that a resumed run goes on alike."""
        super().on_epoch_begin(net, **kwargs)
        self._seed_epoch()

    def _seed_epoch(self) -> None:
        seed = self._seed + SEED_STRIDE * len(self.history)
        self._generator.manual_seed(seed)
        self._device_generator = self._generator
        if torch.device(self._where()).type != "cpu":
            self._device_generator = torch.Generator(self._where()).manual_seed(seed)
        if self._draws_globally():
            torch.manual_seed(seed)

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Look for divergence, before any callback acts on the epoch."""
        super().on_epoch_end(net, **kwargs)
        losses = [_mean_train_loss(row["batches"]) for row in (self.history[0], self.history[-1])]
        if losses[1] > EXPLOSION_FACTOR * (1 + abs(losses[0])):
            raise DivergenceError(self._divergence(f"{losses[1]:.3g}, after {losses[0]:.3g}"))

    def get_loss(
        self, y_pred: Tensor, y_true: Tensor, X: Any = None, training: bool = False
    ) -> Tensor:
        """Loss of a batch; not a number is an error, before it reaches the weights."""
        loss = self._batch_loss(y_pred, y_true.to(y_pred.device).long(), training)
        if training and not math.isfinite(loss.item()):
            raise DivergenceError(self._divergence(f"{loss.item()}"))
        return loss

    def _batch_loss(self, logits: Tensor, y: Tensor, training: bool) -> Tensor:
        loss: Tensor = self.criterion_(logits, y)
        return loss

    def _divergence(self, value: str) -> str:
        return (
            f"Training diverged: the loss is {value} in epoch {len(self.history)}. Lower lr "
            f"({self.lr}), or bring the columns of X to one scale, for example with "
            "sklearn.preprocessing.StandardScaler. The net keeps the weights before that step."
        )

    # -- parts of the net ------------------------------------------------------------------

    def get_params_for_optimizer(self, prefix: str, named_parameters: Any) -> Any:
        """Arguments of an optimizer; SGD has momentum unless ``optimizer__momentum`` says else."""
        args, kwargs = super().get_params_for_optimizer(prefix, named_parameters)
        if self.optimizer is torch.optim.SGD:
            kwargs = {**SGD_DEFAULTS, **kwargs}
        return args, kwargs

    def initialize_criterion(self) -> "SkorchClassifier":
        """Build the loss."""
        self.criterion_: nn.Module = self._build_criterion()
        accelerator = getattr(self, "accelerator", None)
        if accelerator is not None:
            self.criterion_.to(accelerator.device)
            # it has no parameters, and torch refuses to distribute such a module over CPUs
            self.criterion_._is_accelerate_prepared = True  # type: ignore[assignment]
        return self

    def _build_criterion(self) -> nn.Module:
        """Hook for a child with a loss of its own."""
        return nn.CrossEntropyLoss()

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Iterator over mini-batches; the default one is told the device and the seed."""
        kind = self.iterator_train if training else self.iterator_valid
        if kind is not TensorBatches:
            iterator = super().get_iterator(dataset, training=training)
            if not training and getattr(iterator, "generator", self) is None:
                # torch's DataLoader draws a seed, from the caller's RNG if it has none
                iterator.generator = torch.Generator().manual_seed(0)
            return iterator
        options = {"batch_size": self.batch_size, "device": self._where()}
        if training:
            options |= {"shuffle": True, "generator": self._generator, **self._drawing()}
            accelerator = getattr(self, "accelerator", None)
            if accelerator is not None:
                options |= {
                    "part": accelerator.process_index,
                    "n_parts": accelerator.num_processes,
                }
        options |= self.get_params_for("iterator_train" if training else "iterator_valid")
        if options["batch_size"] == -1:
            options["batch_size"] = len(dataset)
        return TensorBatches(dataset, **options)

    def _drawing(self) -> dict[str, Any]:
        """Hook for a child that draws its training batches in another way."""
        return {}

    def infer(self, x: Any, **fit_params: Any) -> Any:
        """Logits of a batch, computed in bfloat16 where ``mixed_precision`` asks for it."""
        if not (self.mixed_precision and self.module_.training):
            return super().infer(x, **fit_params)
        with torch.autocast(torch.device(self._where()).type, dtype=torch.bfloat16):
            return super().infer(x, **fit_params).float()

    def forward_iter(self, X: Any, training: bool = False, device: Any = "cpu") -> Iterator[Any]:
        """Outputs of the network, batch by batch."""
        if self.iterator_valid is not TensorBatches:
            yield from super().forward_iter(X, training=training, device=device)
            return
        for batch in self.get_iterator(self.get_dataset(X), training=training):
            # not accelerate's step, which gathers from all processes: each has all rows here
            output = NeuralNetClassifier.evaluation_step(self, batch, training=training)
            yield to_device(output, device)

    def _where(self) -> Any:
        accelerator = getattr(self, "accelerator", None)
        if self.device is None:
            return "cpu" if accelerator is None else accelerator.device
        return self.device

    def _draws_globally(self) -> bool:
        """Whether parts that are not ours may draw from torch's global RNG."""
        return self.module is not None or self.iterator_train is not TensorBatches

    @contextmanager
    def _training_settings(self) -> Iterator[None]:
        """Seeds, gradients and threads of a training, whatever settings the caller has."""
        with ExitStack() as stack:
            stack.enter_context(isolated_rng(self._seed if self._draws_globally() else None))
            stack.enter_context(torch.inference_mode(False))
            stack.enter_context(torch.enable_grad())
            small = self.module is None and len(self.input_shape_) == 1
            if small and torch.device(self._where()).type == "cpu":
                stack.enter_context(limited_threads(1))
            else:
                stack.enter_context(thread_share(takes_turns=self._draws_globally()))
            yield

    def _more_state(self) -> dict[str, Tensor]:
        """Hook: tensors that a checkpoint keeps beside network, loss and optimizer."""
        return {}

    def _restore_state(self, state: dict[str, Tensor]) -> None:
        """Hook: take over what ``_more_state`` gave."""

    def _open_checkpoint(self, X: Array, codes: NDArray[np.int64], *, use: bool) -> Any:
        self._checkpoint: Checkpoint | None = None
        if self.checkpoint is None or not use:
            return None
        self._checkpoint = Checkpoint(self.checkpoint)
        return self._checkpoint.open(self, X, codes)

    def _save_checkpoint(self, *, stopped: bool) -> None:
        accelerator = getattr(self, "accelerator", None)
        if self._checkpoint is not None and (accelerator is None or accelerator.is_main_process):
            self._checkpoint.save(self, stopped=stopped)


class _StopTraining(Exception):
    """A callback has asked for the end of the training."""


def _is_raised_by_code(error: KeyboardInterrupt) -> bool:
    """Whether a statement ``raise`` has raised it, and not a signal between two statements."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return False
    return trace.tb_frame.f_code.co_code[trace.tb_lasti] == dis.opmap["RAISE_VARARGS"]


def _mean_train_loss(batches: list[dict[str, Any]]) -> float:
    # a validation set has batches of its own
    trained = [batch for batch in batches if "train_loss" in batch]
    total = sum(batch["train_loss"] * batch["train_batch_size"] for batch in trained)
    return float(total / max(1, sum(batch["train_batch_size"] for batch in trained)))
