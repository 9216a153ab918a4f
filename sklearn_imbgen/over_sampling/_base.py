"""What all generative over-samplers share: contract, encoding, sampling, containers."""

import numbers
from abc import ABCMeta, abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_sampling_strategy, check_target_type
from imblearn.utils._validation import ArraysTransformer
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import _fit_context
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state
from sklearn.utils._indexing import _get_column_indices
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data
from torch import Tensor, nn

from sklearn_imbgen.nn import (
    Schedule,
    balanced_batches,
    draw_seed,
    isolated_rng,
    limited_threads,
    plain_batches,
    resolve_device,
    torch_generator,
)
from sklearn_imbgen.over_sampling._training import TrainingData
from sklearn_imbgen.utils import (
    TableCodec,
    check_class_sizes,
    check_finite,
    check_frame,
    check_numeric_columns,
    integer_bounds,
    plain,
    refuse_label_matrix,
)

Array = NDArray[Any]

POSITIVE = Interval(numbers.Integral, 1, None, closed="left")
COUNT = Interval(numbers.Integral, 0, None, closed="left")
POSITIVE_REAL = Interval(numbers.Real, 0, None, closed="neither")
WEIGHT = Interval(numbers.Real, 0, None, closed="left")


class BaseGenerativeOverSampler(BaseOverSampler, metaclass=ABCMeta):
    """Base of the over-samplers that train a network to make new rows.

    A child trains its networks in ``_train_networks`` and makes encoded rows of
    one class in ``_draw``; validation, encoding and containers are done here.

    Warning: This class should not be used directly.
    """

    _parameter_constraints: dict = {
        **BaseOverSampler._parameter_constraints,
        "categorical_features": ["array-like", StrOptions({"auto"}), None],
        "scaling": [StrOptions({"auto", "per_feature", "global"})],
        "clip": ["boolean"],
        "hidden_dims": ["array-like"],
        "latent_dim": [POSITIVE],
        "batch_size": [Interval(numbers.Integral, 2, None, closed="left")],
        "steps_per_epoch": [POSITIVE],
        "balanced_batches": ["boolean"],
        "learning_rate": [POSITIVE_REAL],
        "n_iter_no_change": [POSITIVE, None],
        "tol": [WEIGHT],
        "device": [str, torch.device],
        "verbose": ["verbose"],
    }

    # attributes that only exist once networks have been trained
    _network_names: tuple[str, ...] = ()

    # set by the children's constructors
    random_state: Any
    categorical_features: Any
    scaling: str
    clip: bool
    hidden_dims: Any
    batch_size: int
    steps_per_epoch: int
    balanced_batches: bool
    learning_rate: float
    n_iter_no_change: int | None
    tol: float
    device: Any
    verbose: Any

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> "BaseGenerativeOverSampler":
        """Train the networks without resampling; new rows then come from ``sample``.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,)
            Their labels.

        Returns
        -------
        self : object
            The trained sampler.
        """
        refuse_label_matrix(y)
        if y is not None:
            check_classification_targets(y)
        X, y, _ = self._check_X_y(X, y)
        self.sampling_strategy_ = check_sampling_strategy(
            self.sampling_strategy, y, self._sampling_type
        )
        self._train(X, y)
        return self

    def fit_resample(self, X: Any, y: Any, **params: Any) -> tuple[Any, Any]:
        """Train the networks and return the rows with synthetic ones appended.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows to resample. Sparse input is made dense inside.
        y : array-like of shape (n_samples,)
            Their labels: one per row, or one-hot columns for three or more classes.

        Returns
        -------
        X_resampled : {array-like, dataframe, sparse matrix} of shape (n_samples_new, n_features)
            The rows of ``X`` in their order, then the synthetic rows, class by class.
        y_resampled : array-like of shape (n_samples_new,)
            The labels of ``X_resampled``.
        """
        refuse_label_matrix(y)
        resampled: tuple[Any, Any] = super().fit_resample(X, y, **params)
        return resampled

    def sample(self, n_samples: int = 1, label: Any = None) -> Any:
        """Make new rows of one class with the trained networks.

        Successive calls give different rows; the sequence follows
        ``random_state`` and survives pickling.

        Parameters
        ----------
        n_samples : int, default=1
            How many rows.
        label : object, default=None
            Their class. None takes the one minority class, if there is just one.

        Returns
        -------
        {ndarray, dataframe, sparse matrix} of shape (n_samples, n_features)
            In the container and the types of the training data.

        Raises
        ------
        NotFittedError
            If no network has been trained.
        ValueError
            If ``label`` is no class of the training data, or has a single row.
        """
        self._check_trained()
        if not isinstance(n_samples, int | np.integer) or n_samples < 1:
            raise ValueError(f"n_samples must be an integer of at least 1; got {n_samples!r}.")
        label = self._only_minority() if label is None else label
        code = self._code_of(label)
        check_class_sizes(dict(enumerate(self._counts)), {code: 1}, type(self).__name__)
        rows = self._decode(self._draw(code, int(n_samples), self._sampling_random_state))
        restored, _ = self._container.transform(rows, np.empty(0))
        return restored

    def _check_X_y(self, X: Any, y: Any) -> tuple[Any, Array, bool]:
        self._forget()
        y, binarize_y = check_target_type(y, indicate_one_vs_all=True)
        self._container = ArraysTransformer(X, np.empty(0))
        self.categorical_features_ = self._resolve_categorical(X)
        bounds = integer_bounds(X)
        X, y = self._validate_rows(X, y, reset=True)
        self._codec = TableCodec(
            self.categorical_features_,
            self.scaling,
            self.clip,
            integer_bounds=bounds,
            feature_names=getattr(self, "feature_names_in_", None),
        )
        return X, y, binarize_y

    def _validate_rows(self, X: Any, y: Any = None, *, reset: bool) -> Any:
        """Checked rows as an array, with the labels if there are any."""
        mixed = len(self.categorical_features_) > 0
        is_frame = hasattr(X, "columns") and hasattr(X, "iloc")
        if is_frame:
            # names and number of columns first, so that their messages win
            validate_data(self, X, reset=reset, skip_check_array=True)
            check_frame(X, self.categorical_features_)
        if mixed and is_frame:
            # categories keep their values, which no common dtype would
            check_consistent_length(X, y)
            validated: Any = X.to_numpy(dtype=object)
            validated = validated if y is None else (validated, np.asarray(y))
        else:
            validated = validate_data(
                self,
                X,
                reset=reset,
                accept_sparse=["csr", "csc"],
                dtype=None if mixed else "numeric",
                ensure_all_finite=False,
                **({} if y is None else {"y": y}),
            )
        rows = validated if y is None else validated[0]
        names = getattr(self, "feature_names_in_", None)
        check_finite(rows, names)
        check_numeric_columns(rows, self.categorical_features_, names)
        return validated

    def _resolve_categorical(self, X: Any) -> NDArray[np.intp]:
        if self.categorical_features is None:
            return np.empty(0, dtype=np.intp)
        if isinstance(self.categorical_features, str):
            dtypes = getattr(X, "dtypes", [])
            named = [getattr(dtype, "name", None) == "category" for dtype in np.ravel(dtypes)]
            return np.flatnonzero(named)
        named = list(self.categorical_features)
        if not named:
            return np.empty(0, dtype=np.intp)
        table = X if hasattr(X, "shape") else np.asarray(X, dtype=object)
        try:
            return np.unique(np.asarray(_get_column_indices(table, named), dtype=np.intp))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"categorical_features={self.categorical_features!r} does not fit the columns: "
                f"{error}"
            ) from error

    def _fit_resample(self, X: Any, y: Array) -> tuple[Any, Array]:
        if not any(self.sampling_strategy_.values()):
            self._nothing_to_make = True
            return X.copy(), y.copy()
        self._train(X, y)
        parts_X, parts_y = [X], [y]
        for label, n_new in self.sampling_strategy_.items():
            if n_new == 0:
                continue
            rows = self._draw(self._code_of(label), n_new, self._sampling_random_state)
            parts_X.append(self._decode(rows))
            parts_y.append(np.full(n_new, label, dtype=y.dtype))
        if sparse.issparse(X):
            return sparse.vstack(parts_X, format=X.format), np.concatenate(parts_y)
        return np.vstack(parts_X), np.concatenate(parts_y)

    def _train(self, X: Any, y: Array) -> None:
        check_class_sizes(Counter(y.tolist()), self.sampling_strategy_, type(self).__name__)
        seed = draw_seed(check_random_state(self.random_state))
        random_state = np.random.RandomState(seed)
        self._sampling_random_state = random_state
        self.classes_, codes = np.unique(y, return_inverse=True)
        self._counts = np.bincount(codes)
        self._sparse_type = type(X) if sparse.issparse(X) else None
        self._codec.fit(X)
        device = resolve_device(self.device)
        data = TrainingData(
            X=torch.from_numpy(self._codec.encode(X)).to(device),
            codes=torch.from_numpy(codes),
            counts=self._counts,
            device=device,
            generator=torch_generator(random_state),
            random_state=random_state,
            blocks=self._codec.blocks_,
        )
        self.history_: dict[str, dict[str, list[float]]] = {}
        with self._compute_settings(device, draw_seed(random_state)):
            try:
                self._train_networks(data)
            finally:
                # a sampler trained on a GPU pickles and samples anywhere
                for name in self._network_names:
                    network = getattr(self, name, None)
                    if isinstance(network, nn.Module):
                        network.cpu()

    @abstractmethod
    def _train_networks(self, data: TrainingData) -> None:
        """Build and train the networks; set the attributes of ``_network_names``."""

    @abstractmethod
    def _draw(self, code: int, n_rows: int, random_state: np.random.RandomState) -> Tensor:
        """Encoded new rows of one class, shape (n_rows, n_encoded)."""

    def _custom_modules(self) -> bool:
        """Whether a user's module, which may draw from the global RNG, is trained."""
        return False

    @contextmanager
    def _compute_settings(self, device: torch.device, seed: int) -> Iterator[None]:
        custom = self._custom_modules()
        with ExitStack() as stack:
            stack.enter_context(isolated_rng(seed if custom else None))
            # the caller may stand inside torch.no_grad
            stack.enter_context(torch.inference_mode(False))
            stack.enter_context(torch.enable_grad())
            if not custom and device.type == "cpu":
                stack.enter_context(limited_threads(1))
            yield

    def _hidden_widths(self) -> list[int]:
        widths = list(self.hidden_dims)
        if not all(isinstance(width, int | np.integer) and width > 0 for width in widths):
            raise ValueError(
                f"hidden_dims must hold positive integers, one per layer; got {self.hidden_dims!r}."
            )
        return [int(width) for width in widths]

    def _schedule(self, max_epochs: int, advice: str = "lower learning_rate") -> Schedule:
        return Schedule(
            max_epochs=max_epochs,
            learning_rate=self.learning_rate,
            n_iter_no_change=self.n_iter_no_change,
            tol=self.tol,
            advice=advice,
            verbose=int(self.verbose),
        )

    def _draw_batches(self, data: TrainingData, codes: Tensor) -> Tensor:
        """Row indices of one epoch over rows with the given class codes."""
        if self.balanced_batches:
            index = balanced_batches(codes, self.steps_per_epoch, self.batch_size, data.generator)
        else:
            index = plain_batches(len(codes), self.steps_per_epoch, self.batch_size, data.generator)
        return index.to(data.device)

    def _encode_new(self, X: Any) -> Tensor:
        """Validated and encoded rows for the trained networks."""
        self._check_trained()
        return torch.from_numpy(self._codec.encode(self._validate_rows(X, reset=False)))

    def _decode(self, encoded: Tensor) -> Any:
        rows = self._codec.decode(encoded.numpy())
        return rows if self._sparse_type is None else self._sparse_type(rows)

    def _forget(self) -> None:
        for name in ("history_", "_nothing_to_make", *self._network_names):
            self.__dict__.pop(name, None)

    def _check_trained(self) -> None:
        check_is_fitted(self, "sampling_strategy_")
        if hasattr(self, "history_"):
            return
        reason = "its last fit failed."
        if hasattr(self, "_nothing_to_make"):
            reason = (
                "the classes already had the sizes that sampling_strategy asks for, so "
                "fit_resample had nothing to make. Call fit(X, y) to train it all the same."
            )
        raise NotFittedError(f"This {type(self).__name__} has no trained networks: {reason}")

    def _code_of(self, label: Any) -> int:
        position = np.flatnonzero(self.classes_ == label)
        if np.ndim(label) != 0 or len(position) != 1:
            raise ValueError(
                f"label={plain(label)!r} is not a class; the classes are {self.classes_.tolist()}."
            )
        return int(position[0])

    def _only_minority(self) -> Any:
        minorities = np.delete(self.classes_, np.argmax(self._counts))
        if len(minorities) != 1:
            raise ValueError(
                f"label is needed: there are several minority classes, {minorities.tolist()}."
            )
        return minorities[0]
