"""skorch's NeuralNetClassifier with the manners of a scikit-learn classifier."""

import math
import numbers
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    validate_parameter_constraints,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
from skorch import NeuralNetClassifier
from skorch.dataset import Dataset
from skorch.utils import is_dataset, to_device, to_tensor
from torch import Tensor, nn

from sklearn_imbgen._typing import Array
from sklearn_imbgen.exceptions import DivergenceError
from sklearn_imbgen.nn.checkpoint import Checkpoint
from sklearn_imbgen.nn.modules import apply_in_double_precision
from sklearn_imbgen.nn.networks import ResidualNetwork, TableNetwork, build_network
from sklearn_imbgen.nn.runtime import (
    draw_seed,
    isolated_rng,
    limited_threads,
    resolve_device,
    thread_share,
)
from sklearn_imbgen.nn.skorch_batches import CodedDataset, TensorBatches, arrays_of
from sklearn_imbgen.nn.skorch_parameters import RARE, first_unknown, known_beside, named_parts
from sklearn_imbgen.utils import (
    check_row_order,
    check_target_labels,
    encode_labels,
    one_hot_labels,
    plain,
    plain_labels,
    refuse_label_matrix,
    refuse_masked,
)

# A training loss that grows by this factor over that of the first epoch has exploded.
EXPLOSION_FACTOR = 1e3
# What adversarial training by SGD is usually run with.
SGD_DEFAULTS = {"momentum": 0.9, "weight_decay": 5e-4}
# Seeds of consecutive epochs are this far apart.
SEED_STRIDE = 1_000_003


class SkorchClassifier(NeuralNetClassifier):
    """Base of the skorch nets: validation, labels, seeds, sizes and checkpoints.

    A skorch net in every other respect: ``callbacks``, ``optimizer__*``, ``module__*``,
    ``iterator_train__*``, ``partial_fit``, ``save_params``, ``history`` are skorch's. Datasets
    hold labels, and so what callbacks see of them; batches hold codes.

    Warning: This class should not be used directly.
    """

    _parameter_constraints: dict[str, Any] = {
        "module": [HasMethods("forward"), callable, None],
        "optimizer": [callable],
        "lr": [Interval(numbers.Real, 0, None, closed="neither")],
        "max_epochs": [Interval(numbers.Integral, 0, None, closed="left")],
        "batch_size": [
            Interval(numbers.Integral, 1, None, closed="left"),
            Options(numbers.Integral, {-1}),
        ],
        "train_split": [callable, None, Options(bool, {False})],
        "callbacks": ["array-like", str, None],
        "warm_start": ["boolean"],
        "checkpoint": [str, HasMethods("__fspath__"), None],
        "verbose": ["verbose"],
        "device": [str, torch.device, None],
        "random_state": ["random_state"],
    }
    # of parameters that are taken where given
    _rare_constraints: dict[str, Any] = {
        "iterator_train": [callable],
        "iterator_valid": [callable],
        "mixed_precision": ["boolean"],
        "compile": ["boolean"],
    }

    # What skorch's constructor would set on each instance, where scikit-learn allows
    # parameters only.
    history_ = None
    initialized_ = False
    virtual_params_: dict[str, Any] = {}
    prefixes_ = [*NeuralNetClassifier.prefixes_, "module", "criterion", "optimizer"]
    cuda_dependent_attributes_ = ["module_", "criterion_", "optimizer_"]
    _modules = ["module"]
    _criteria = ["criterion"]
    _optimizers = ["optimizer"]

    iterator_train: Any = TensorBatches
    iterator_valid: Any = TensorBatches
    dataset: Any = Dataset
    classes: Any = None
    predict_nonlinearity: Any = "auto"
    use_caching: Any = "auto"
    torch_load_kwargs: Any = None
    compile: bool = False
    mixed_precision: bool = False

    module: Any
    max_epochs: int
    warm_start: bool
    checkpoint: Any
    random_state: Any
    _generator: torch.Generator

    # -- parameters ------------------------------------------------------------------------

    def _store_parameters(self, parameters: dict[str, Any]) -> None:
        """All that a constructor does: ``locals()`` in, ``optimizer__lr`` and the like included."""
        named = {k: v for k, v in parameters.items() if k not in ("self", "__class__", "kwargs")}
        extra = parameters["kwargs"]
        # past skorch's __setattr__, which takes a module passed as a parameter for a component
        self.__dict__.update(named | extra)
        self._params_to_validate = {name for name in extra if "__" in name}
        # scikit-learn's common checks give a value to every name of the signature, "kwargs" too
        unknown = first_unknown(self, extra, (*RARE, "kwargs")) if extra else None
        if unknown is not None:
            self.__dict__.pop(unknown)
            raise TypeError(
                f"{type(self).__name__}() got an unexpected keyword argument {unknown!r}. "
                f"{known_beside(self, unknown)}"
            )

    def _parts_of(self, prefix: str) -> list[str] | None:
        """What may follow ``prefix__``; None if that is for skorch or torch to say."""
        if prefix == "module":
            if self.module is None:
                kinds = (TableNetwork, ResidualNetwork)
                parts = dict.fromkeys(part for kind in kinds for part in named_parts(kind) or ())
                return [part for part in parts if not part.startswith("n_")]
            kind = type(self.module) if isinstance(self.module, nn.Module) else self.module
            return named_parts(kind) if callable(kind) else None
        defaults = [name for name in dir(type(self)) if name.startswith(f"{prefix}__")]
        return [name.removeprefix(f"{prefix}__") for name in defaults] or None

    def _get_param_names(self) -> list[str]:
        return [name for name in vars(self) if not name.endswith("_") and not name.startswith("_")]

    def get_params(self, deep: bool = True, **kwargs: Any) -> dict[str, Any]:
        """Parameters as given, those of the callbacks with ``deep``."""
        params: dict[str, Any] = super().get_params(deep=deep, **kwargs)
        # what is given goes before defaults of callbacks, and before what "auto" stands for
        return params | {name: self.__dict__[name] for name in self._get_param_names()}

    def set_params(self, **params: Any) -> "SkorchClassifier":
        """Set parameters; after ``initialize`` or ``fit`` they act at once, as in skorch.

        A parameter of the network (``module``, ``module__*``, ``compile``) begins network, loss
        and optimizer anew, one of the loss the loss and the optimizer, ``optimizer`` itself;
        ``lr``, ``optimizer__*`` and ``callbacks__*`` are changed in place. All others are what the
        next training uses.

        Returns
        -------
        self : object
        """
        of_callbacks = {k: v for k, v in params.items() if k.startswith("callbacks__")}
        others = {k: v for k, v in params.items() if k not in of_callbacks}
        known = [*RARE, "kwargs", *self._get_param_names()]
        before = dict(vars(self))
        # what follows module__ and criterion__ depends on those two
        self.__dict__.update(others)
        unknown = first_unknown(self, others, known)
        if unknown is not None:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise ValueError(
                f"Invalid parameter {unknown!r} for estimator {type(self).__name__}. "
                f"{known_beside(self, unknown)}"
            )
        self._params_to_validate.update(name for name in others if "__" in name)
        if self.initialized_:
            self._apply_virtual_params(
                {name: v for name, v in others.items() if self._is_virtual_param(name)}
            )
            changed = [n for n, v in others.items() if _differs(before.get(n, self), v)]
            # the optimizer's own have been changed in place
            prefixes = {n.partition("__")[0] for n in changed if not n.startswith("optimizer__")}
            self._renew(prefixes)
        whole = {name: v for name, v in of_callbacks.items() if name.count("__") == 1}
        if whole:
            # skorch's own way fails where a callback has been switched off before
            there = {f"callbacks__{name}" for name, _ in self._uniquely_named_callbacks()}
            if not there.issuperset(whole):
                raise ValueError(f"no such callbacks: {', '.join(sorted(set(whole) - there))}.")
            self.__dict__.update(whole)
            self._initialize_callbacks()
        of_parts = {name: v for name, v in of_callbacks.items() if name not in whole}
        if of_parts:
            super().set_params(**of_parts)
        return self

    def _renew(self, changed: set[str]) -> None:
        """Begin the parts of an initialised net anew whose parameters have changed."""
        module = not changed.isdisjoint({"module", "compile"})
        criterion, optimizer = "criterion" in changed, "optimizer" in changed
        if not (module or criterion or optimizer):
            return
        why = f"Re-initializing, because of a new {', '.join(sorted(changed))}."
        with self._training_settings():
            if module:
                self._initialize_module(reason=why)
            if module or criterion:
                self._initialize_criterion(reason=why)
            self._initialize_optimizer(reason=why)

    # skorch's text shows the module alone
    __repr__ = BaseEstimator.__repr__

    @property
    def device(self) -> Any:
        """Where to compute: what "auto" stands for, since skorch hands it on to torch."""
        given = self.__dict__["device"]
        return str(resolve_device("auto")) if given == "auto" else given

    @device.setter
    def device(self, value: Any) -> None:
        self.__dict__["device"] = value

    @property
    def _default_callbacks(self) -> list[tuple[str, Any]]:
        # accuracy on a validation set that does not exist costs a warning per epoch
        return [
            (name, callback)
            for name, callback in super()._default_callbacks
            if self.train_split or not name.startswith("valid")
        ]

    def _check_parameters(self) -> None:
        # skorch has a _validate_params of its own, which scikit-learn's fit would call
        given = self.get_params(deep=False)
        if "kwargs" in given:
            raise ValueError(f"kwargs is no parameter of {type(self).__name__}.")
        constraints = self._parameter_constraints | self._rare_constraints
        validate_parameter_constraints(constraints, given, type(self).__name__)
        if self.device is not None:
            resolve_device(self.device)

    # -- fitting ---------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None, **fit_params: Any) -> "SkorchClassifier":
        """Train on rows and labels, from the beginning unless ``warm_start``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, channels, height, width)
            Training rows or images, or a Dataset that holds them and their labels in memory.
        y : array-like of shape (n_samples,)
            Labels of any type that sorts.
        **fit_params : dict
            ``sample_weight``, an array-like of shape (n_samples,): how much each row counts in
            the loss; ``epochs`` in place of ``max_epochs``; others for ``train_split`` and the
            network, as in skorch.

        Returns
        -------
        self : object
            The trained net. Ctrl-C ends the training, and the net keeps what it has learned.

        Raises
        ------
        ValueError
            If a parameter, X or y is not valid, or y has one class only.
        DivergenceError
            If the training loss leaves all bounds.
        """
        reset = not (self.warm_start and self.initialized_)
        return self._fit(X, y, reset=reset, classes=None, **fit_params)

    def partial_fit(
        self, X: Any, y: Any = None, classes: Any = None, **fit_params: Any
    ) -> "SkorchClassifier":
        """Train for ``max_epochs`` more on these rows, keeping what is learned.

        Parameters
        ----------
        X, y : array-like
            As in :meth:`fit`.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; needed in the first call if ``y`` lacks some.
        **fit_params : dict
            As in :meth:`fit`.

        Returns
        -------
        self : object
            The net.
        """
        return self._fit(X, y, reset=not self.initialized_, classes=classes, **fit_params)

    def _fit(
        self, X: Any, y: Any, *, reset: bool, classes: Any, **fit_params: Any
    ) -> "SkorchClassifier":
        self._check_parameters()
        # before the rows lose their index
        check_row_order(X, fit_params.get("sample_weight"), "sample_weight")
        X, y = self._check_rows_and_labels(X, y, reset=reset)
        if reset:
            # a fit that ends early must not leave the last one's network beside new classes
            self.__dict__.pop("module_", None)
            self.initialized_ = False
        codes = self._learn_classes(y, classes, reset=reset)
        weight = fit_params.pop("sample_weight", None)
        if weight is not None:
            weight = _check_sample_weight(weight, X, dtype=np.float32, ensure_non_negative=True)
        self._row_weight = weight
        if reset or not hasattr(self, "_seed"):
            self._seed = draw_seed(check_random_state(self.random_state))
        with self._training_settings():
            self._learn_from_data(X, codes, reset=reset)
            if reset:
                self._generator = torch.Generator().manual_seed(self._seed)
                self.initialize()
            self._check_monitors()
            self._n_whole_epochs = 0
            epochs = fit_params.pop("epochs", self.max_epochs)
            fit_params["epochs"] = epochs - self._epochs_done_before(X, codes, reset)
            try:
                super().partial_fit(X, y, **fit_params)
            finally:
                self._row_weight = None
        return self

    def _check_monitors(self) -> None:
        """Refuse callbacks that wait for scores of validation rows where there are none."""
        recorded = {getattr(callback, "name_", None) for _, callback in self.callbacks_}
        for name, callback in self.callbacks_:
            watched = getattr(callback, "monitor", None)
            if self.train_split or not isinstance(watched, str):
                continue
            column = watched.removesuffix("_best")
            if column in ("valid_loss", "valid_acc") and column not in recorded:
                raise ValueError(
                    f"callback {name} watches {watched!r}, but train_split=None keeps no rows for "
                    "validation. Give train_split=skorch.dataset.ValidSplit(5, stratified=True), "
                    f"or {type(callback).__name__}(monitor='train_loss')."
                )

    def _epochs_done_before(self, X: Array, codes: NDArray[np.int64], reset: bool) -> int:
        """Open the checkpoint; the number of epochs that it spares this training."""
        self._checkpoint: Checkpoint | None = None
        if self.checkpoint is None or not reset:
            return 0
        self._checkpoint = Checkpoint(self.checkpoint)
        saved = self._checkpoint.open(self, X, codes)
        if saved is None:
            return 0
        return self.max_epochs if saved["stopped"] else len(self.history)

    def _save_checkpoint(self, *, stopped: bool) -> None:
        accelerator = getattr(self, "accelerator", None)
        if self._checkpoint is not None and (accelerator is None or accelerator.is_main_process):
            self._checkpoint.save(self, stopped=stopped)

    def _more_state(self) -> dict[str, Tensor]:
        """Hook: tensors that a checkpoint keeps beside network, loss and optimizer."""
        return {}

    def _restore_state(self, state: dict[str, Tensor]) -> None:
        """Hook: take over what ``_more_state`` gave."""

    def notify(self, method_name: str, **kwargs: Any) -> None:
        """Call the method of that name of the net and its callbacks, which see labels."""
        if "batch" in kwargs:
            X, (codes, _) = kwargs["batch"][0], _with_weight(kwargs["batch"][1])
            kwargs["batch"] = X, self.classes_inferred_[np.asarray(codes.cpu())]
        super().notify(method_name, **kwargs)

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        """Start an epoch from a seed of its own, so that a resumed run goes on alike."""
        if len(self.history):
            # here, and not at its end: callbacks may have changed the learning rate there
            self._save_checkpoint(stopped=False)
        super().on_epoch_begin(net, **kwargs)
        self._seed_epoch()

    def _seed_epoch(self) -> None:
        seed = self._seed + SEED_STRIDE * len(self.history)
        self._generator.manual_seed(seed)
        self._device_generator = self._generator
        if self._torch_device().type != "cpu":
            self._device_generator = torch.Generator(self._torch_device()).manual_seed(seed)
        if self._draws_globally():
            torch.manual_seed(seed)

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Look for divergence, before any callback acts on the epoch."""
        super().on_epoch_end(net, **kwargs)
        losses = [_mean_train_loss(row["batches"]) for row in (self.history[0], self.history[-1])]
        if losses[1] > EXPLOSION_FACTOR * (1 + abs(losses[0])):
            raise DivergenceError(self._divergence(f"{losses[1]:.3g}, after {losses[0]:.3g}"))
        self._n_whole_epochs = len(self.history)

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        """Keep the state of a training that has ended or that a callback has stopped."""
        super().on_train_end(net, **kwargs)
        # not that of an epoch which Ctrl-C has cut off
        if len(self.history) and len(self.history) == self._n_whole_epochs:
            self._save_checkpoint(stopped=True)

    def get_loss(
        self, y_pred: Tensor, y_true: Tensor, X: Any = None, training: bool = False
    ) -> Tensor:
        """Loss of a batch; not a number is an error, before it reaches the weights."""
        codes, weight = _with_weight(y_true)
        weight = weight if weight is None else weight.to(y_pred.device)
        loss = self._batch_loss(y_pred, codes.to(y_pred.device).long(), weight, training)
        if training and not math.isfinite(loss.item()):
            raise DivergenceError(self._divergence(f"{loss.item()}"))
        return loss

    def _batch_loss(
        self, logits: Tensor, y: Tensor, row_weight: Tensor | None, training: bool
    ) -> Tensor:
        return self.criterion_(logits, y, row_weight)

    def _divergence(self, value: str) -> str:
        return (
            f"Training diverged: the loss is {value} in epoch {len(self.history)}. Lower lr "
            f"({self.lr}), or bring the columns of X to one scale, for example with "
            "sklearn.preprocessing.StandardScaler. The net keeps the weights before that step."
        )

    @contextmanager
    def _training_settings(self) -> Iterator[None]:
        """Seeds, gradients and threads of a training, whatever settings the caller has."""
        with ExitStack() as stack:
            stack.enter_context(isolated_rng(self._seed if self._draws_globally() else None))
            stack.enter_context(torch.inference_mode(False))
            stack.enter_context(torch.enable_grad())
            small = self.module is None and len(self.input_shape_) == 1
            if small and self._torch_device().type == "cpu":
                stack.enter_context(limited_threads(1))
            else:
                stack.enter_context(thread_share(takes_turns=self._draws_globally()))
            yield

    def _draws_globally(self) -> bool:
        """Whether parts that are not ours may draw from torch's global RNG."""
        return self.module is not None or self.iterator_train is not TensorBatches

    def _torch_device(self) -> torch.device:
        accelerator = getattr(self, "accelerator", None)
        if self.device is not None:
            return torch.device(self.device)
        return torch.device("cpu" if accelerator is None else accelerator.device)

    # -- data ------------------------------------------------------------------------------

    def _check_rows_and_labels(self, X: Any, y: Any, *, reset: bool) -> tuple[Array, Array]:
        if is_dataset(X):
            rows, labels = arrays_of(X)
            X, y = np.asarray(rows), np.asarray(labels) if y is None else y
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        refuse_masked(X)
        refuse_masked(y, "y")
        check_row_order(X, y)
        refuse_label_matrix(y)
        y = plain_labels(one_hot_labels(y))
        check_target_labels(y)
        X, y = validate_data(
            self,
            X,
            y,
            reset=reset,
            dtype=np.float32,
            # sums of columns depend on the order in memory
            order="C",
            allow_nd=True,
            ensure_min_samples=2,
        )
        check_classification_targets(y)
        if reset:
            self.input_shape_ = X.shape[1:]
        self._check_shape(X)
        return X, column_or_1d(y)

    def _check_rows(self, X: Any) -> Array:
        check_is_fitted(self, "module_")
        if isinstance(X, Tensor):
            # of a batch that a callback scores
            X = X.detach().cpu().numpy()
        refuse_masked(X)
        checked: Array = validate_data(
            self, X, reset=False, dtype=np.float32, order="C", allow_nd=True
        )
        self._check_shape(checked)
        return checked

    def _check_shape(self, X: Array) -> None:
        if X.shape[1:] != self.input_shape_:
            raise ValueError(
                f"each row of X has the shape {X.shape[1:]}; {type(self).__name__} was fitted on "
                f"rows of shape {self.input_shape_}."
            )

    def _learn_classes(self, y: Array, classes: Any, *, reset: bool) -> NDArray[np.int64]:
        """Codes of the labels, and the classes and their sizes on the way."""
        if reset:
            given = self.classes if classes is None else classes
            self.classes_inferred_ = np.unique(y if given is None else given)
            if len(self.classes_inferred_) < 2:
                raise ValueError(
                    f"{type(self).__name__} needs at least two classes; y has one class only, "
                    f"{plain(self.classes_inferred_[0])!r}."
                )
            self.class_counts_ = np.zeros(len(self.classes_inferred_), dtype=np.int64)
        where = "is not in classes" if reset else "the net was not fitted on"
        codes = encode_labels(y, self.classes_inferred_, where)
        counts = np.bincount(codes, minlength=len(self.classes_inferred_))
        self.class_counts_ = self.class_counts_ + counts
        return codes

    def _codes_of(self, y: Any) -> NDArray[np.int64]:
        return encode_labels(y, self.classes_inferred_, "the net was not fitted on")

    def _learn_from_data(self, X: Array, codes: NDArray[np.int64], *, reset: bool) -> None:
        """Keep what initialisation needs to know of the training rows."""
        if reset:
            axes = (0,) if X.ndim == 2 else (0, *range(2, X.ndim))
            mean = X.mean(axis=axes, keepdims=True, dtype=np.float64)[0]
            scale = X.std(axis=axes, keepdims=True, dtype=np.float64)[0]
            scale[scale <= 1e-6 * np.abs(mean)] = 1.0
            scale[scale == 0] = 1.0
            self._statistics = (
                torch.from_numpy(mean.astype(np.float32)),
                torch.from_numpy(scale.astype(np.float32)),
            )

    def check_data(self, X: Any, y: Any = None) -> None:
        """Nothing: ``fit`` has checked the data."""

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Iterator over mini-batches of codes; the default one is told the device and the seed."""
        if not isinstance(dataset, CodedDataset):
            weight = getattr(self, "_row_weight", None) if training else None
            dataset = CodedDataset(dataset, self._codes_of, weight)
        kind = self.iterator_train if training else self.iterator_valid
        if kind is not TensorBatches:
            iterator = super().get_iterator(dataset, training=training)
            if not training and getattr(iterator, "generator", self) is None:
                # torch's DataLoader draws a seed, from the caller's RNG if it has none
                iterator.generator = torch.Generator().manual_seed(0)
            return iterator
        options = {"batch_size": self.batch_size, "device": self._torch_device()}
        if training:
            options |= {"shuffle": True, "generator": self._generator}
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

    # -- parts of the net ------------------------------------------------------------------

    def initialize_module(self) -> "SkorchClassifier":
        """Build the network, with the sizes of the data where it asks for them."""
        if not hasattr(self, "input_shape_"):
            raise ValueError(
                f"{type(self).__name__} takes the sizes of its network and the classes from the "
                "data: call fit or partial_fit first, or fit(X, y, epochs=0), which only builds "
                "the network, for load_params."
            )
        module = build_network(
            self.module,
            self.get_params_for("module"),
            shape=self.input_shape_,
            n_classes=len(self.classes_inferred_),
            statistics=self._statistics,
            generator=self._generator,
        )
        self.module_ = self._finish_module(module)
        return self

    def _finish_module(self, module: nn.Module) -> nn.Module:
        """Hook for a child that changes layers of the network."""
        return module

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
        """The loss: it takes logits, codes and the weights of the rows, or None for these."""
        raise NotImplementedError

    def torch_compile(self, module: nn.Module, name: str) -> Any:
        """Compile the network; the loss is a handful of operations and changes its weights."""
        return super().torch_compile(module, name) if name == "module" else module

    def get_params_for_optimizer(self, prefix: str, named_parameters: Any) -> Any:
        """Arguments of an optimizer; SGD has momentum unless ``optimizer__momentum`` says else."""
        args, kwargs = super().get_params_for_optimizer(prefix, named_parameters)
        if self.optimizer is torch.optim.SGD:
            kwargs = {**SGD_DEFAULTS, **kwargs}
        return args, kwargs

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        # made anew in each epoch; one of a GPU could not be unpickled where there is none
        state.pop("_device_generator", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        given = state["device"]
        # skorch asks torch what the text means
        known = str(resolve_device("auto")) if given == "auto" else given
        super().__setstate__({**state, "device": known})
        if given == "auto":
            self.device = given

    # -- prediction ------------------------------------------------------------------------

    @property
    def classes_(self) -> Array:
        """Labels in the order of the columns of ``predict_proba``."""
        check_is_fitted(self, "module_")
        return self.classes_inferred_

    def infer(self, x: Any, **fit_params: Any) -> Any:
        """Logits of a batch, computed in bfloat16 where ``mixed_precision`` asks for it."""
        # a dataset of a split may hold other numbers
        rows = to_tensor(x, device=self.device).float()
        if not (self.mixed_precision and self.module_.training):
            return super().infer(rows, **fit_params)
        with torch.autocast(self._torch_device().type, dtype=torch.bfloat16):
            return super().infer(rows, **fit_params).float()

    def forward_iter(self, X: Any, training: bool = False, device: Any = "cpu") -> Iterator[Any]:
        """Outputs of the network, batch by batch."""
        # not accelerate's step, which gathers from all processes: each has all rows here
        own = self.iterator_valid is TensorBatches
        step = (NeuralNetClassifier if own else type(self)).evaluation_step
        for batch in self.get_iterator(CodedDataset(self.get_dataset(X), None), training=training):
            yield to_device(step(self, batch, training=training), device)

    def _get_predict_nonlinearity(self) -> Any:
        if self.predict_nonlinearity != "auto":
            return super()._get_predict_nonlinearity()
        # skorch's "auto" knows torch's own losses only, and would give logits for probabilities
        self.check_is_fitted()
        return _softmax

    def predict(self, X: Any) -> Array:
        """Predict labels.

        Parameters
        ----------
        X : array-like of the shape of the training rows, or Dataset of them

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X: Any) -> Array:
        """Predict class probabilities: the softmax of what ``module_`` gives.

        Parameters
        ----------
        X : array-like of the shape of the training rows, or Dataset of them

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        with thread_share():
            rows = X if is_dataset(X) else self._check_rows(X)
            exact = self.module is None and self.predict_nonlinearity == "auto"
            if (
                exact
                and isinstance(rows, np.ndarray)
                and rows.ndim == 2
                and str(self.device) == "cpu"
            ):
                return self._predict_in_double_precision(rows)
            return super().predict_proba(rows)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy on rows and their labels.

        Parameters
        ----------
        X : array-like of n_samples rows
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        float
        """
        refuse_masked(y, "y")
        check_row_order(X, y)
        return float(super().score(X, y, sample_weight))

    def _predict_in_double_precision(self, X: Array) -> Array:
        # one thread: with several, the order of a sum depends on the rows beside it too
        with limited_threads(1):
            logits = apply_in_double_precision(self.module_, torch.tensor(X))
        return logits.softmax(dim=1).numpy()


def _with_weight(y: Any) -> Any:
    """Codes of a batch, and the weights of its rows or None."""
    return y if isinstance(y, list | tuple) else (y, None)


def _softmax(logits: Tensor) -> Tensor:
    return torch.softmax(logits.double(), dim=-1)


def _differs(before: Any, now: Any) -> bool:
    plain_value = isinstance(now, str | numbers.Number | tuple)
    return before is not now and not (plain_value and type(before) is type(now) and before == now)


def _mean_train_loss(batches: Iterable[dict[str, Any]]) -> float:
    # a validation set has batches of its own
    trained = [batch for batch in batches if "train_loss" in batch]
    total = sum(batch["train_loss"] * batch["train_batch_size"] for batch in trained)
    return float(total / max(1, sum(batch["train_batch_size"] for batch in trained)))
