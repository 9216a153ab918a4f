"""A skorch net that checks its data, builds its network from them and predicts labels."""

import copy
import inspect
from typing import Any

import numpy as np
import torch
from imblearn.utils import check_target_type
from numpy.typing import NDArray
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import validate_parameter_constraints
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from skorch import NeuralNetClassifier
from skorch.utils import is_dataset
from torch import Tensor, nn

from sklearn_imbgen._typing import Array
from sklearn_imbgen.nn.classifiers import ResidualNetwork, TableNetwork
from sklearn_imbgen.nn.modules import build_module
from sklearn_imbgen.nn.runtime import limited_threads, resolve_device, thread_share
from sklearn_imbgen.utils import check_target_labels, encode_labels, plain

__all__ = ["DataNet"]


class DataNet(NeuralNetClassifier):
    """Checks and encodes what comes in, decodes what goes out.

    Warning: This class should not be used directly.
    """

    _parameter_constraints: dict[str, Any]
    module: Any
    device: Any
    _generator: torch.Generator

    # -- checks ----------------------------------------------------------------------------

    def _check_parameters(self) -> None:
        # skorch has a _validate_params of its own, which scikit-learn's fit would call
        validate_parameter_constraints(
            self._parameter_constraints, self.get_params(deep=False), type(self).__name__
        )
        if self.device is not None:
            if self.device == "auto":
                raise ValueError('device="auto" is unknown to skorch; name "cpu" or "cuda".')
            resolve_device(self.device)

    def _check_rows_and_labels(self, X: Any, y: Any, *, reset: bool) -> tuple[Array, Array]:
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        if np.asarray(y).ndim > 1:
            # several labels per row get imbalanced-learn's message
            check_target_type(y)
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

    def _encode_labels(self, y: Array, classes: Any, *, reset: bool) -> NDArray[np.int64]:
        if reset:
            self.classes_inferred_ = np.unique(y if classes is None else classes)
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

    def _learn_from_data(self, X: Array, codes: NDArray[np.int64], *, reset: bool) -> None:
        """Keep what initialisation needs to know of the training rows."""
        if reset:
            axes = (0,) if X.ndim == 2 else (0, *range(2, X.ndim))
            mean = X.mean(axis=axes, keepdims=True, dtype=np.float64)[0]
            scale = X.std(axis=axes, keepdims=True, dtype=np.float64)[0]
            scale[scale <= 1e-6 * np.abs(mean)] = 1.0
            scale[scale == 0] = 1.0
            self._statistics = tuple(
                torch.from_numpy(part.astype(np.float32)) for part in (mean, scale)
            )

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        # made anew in each epoch; one of a GPU could not be unpickled where there is none
        state.pop("_device_generator", None)
        return state

    # -- parts of the net ------------------------------------------------------------------

    def initialize_module(self) -> "DataNet":
        """Build the network, with the sizes of the data where it asks for them."""
        self.module_ = self._finish_module(self._build_module())
        return self

    def _build_module(self) -> nn.Module:
        given = self.get_params_for("module")
        self._require_data()
        if self.module is None:
            mean, scale = self._statistics
            n_classes = len(self.classes_inferred_)
            common = {"mean": mean, "scale": scale, "generator": self._generator, **given}
            if len(self.input_shape_) == 1:
                return TableNetwork(self.input_shape_[0], n_classes, **common)
            if len(self.input_shape_) == 3:
                return ResidualNetwork(self.input_shape_[0], n_classes, **common)
            raise ValueError(
                f"each row of X has the shape {self.input_shape_}; without module, rows must be "
                "(n_features,) or (channels, height, width). Pass a module for other shapes."
            )
        if isinstance(self.module, nn.Module):
            if given:
                return type(self.module)(**given)
            # fitting must not change a parameter
            return copy.deepcopy(self.module)
        if not isinstance(self.module, type):
            # a function that builds one
            taken = inspect.signature(self.module).parameters
            sizes = {name: size for name, size in self._sizes().items() if name in taken}
            built: nn.Module = self.module(**{**sizes, **given})
            return built
        sizes = {**self._sizes(), **given}
        return build_module(self.module, "module", **sizes)

    def _sizes(self) -> dict[str, Any]:
        return {
            "n_features": int(np.prod(self.input_shape_)),
            "n_channels": self.input_shape_[0],
            "input_shape": tuple(self.input_shape_),
            "n_classes": len(self.classes_inferred_),
        }

    def _finish_module(self, module: nn.Module) -> nn.Module:
        """Hook for a child that changes layers of the network."""
        return module

    def _require_data(self) -> None:
        if not hasattr(self, "input_shape_"):
            raise ValueError(
                f"{type(self).__name__} takes the sizes of its network and the classes from the "
                "data: call fit or partial_fit first."
            )

    # -- prediction ------------------------------------------------------------------------

    @property
    def classes_(self) -> Array:
        """Labels in the order of the columns of ``predict_proba``."""
        check_is_fitted(self, "module_")
        classes: Array = self.classes_inferred_
        return classes

    def check_data(self, X: Any, y: Any = None) -> None:
        """Nothing: ``fit`` has checked the data."""

    def _get_predict_nonlinearity(self) -> Any:
        # "auto" knows torch's own losses only, and would give logits for probabilities
        self.check_is_fitted()
        return _softmax

    def predict(self, X: Any) -> Array:
        """Predict labels.

        Parameters
        ----------
        X : array-like of the shape of the training rows

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        codes = self.predict_proba(X).argmax(axis=1)
        if is_dataset(X):
            # skorch's scoring callbacks compare with the codes of their validation set
            return np.asarray(codes)
        predicted: Array = self.classes_[codes]
        return predicted

    def predict_proba(self, X: Any) -> Array:
        """Predict class probabilities: the softmax of what ``module_`` gives.

        Parameters
        ----------
        X : array-like of the shape of the training rows

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        with thread_share():
            if is_dataset(X):
                probabilities: Array = super().predict_proba(X)
                return probabilities
            return self._double_softmax(self._check_rows(X))

    def _double_softmax(self, X: Array) -> Array:
        if self.module is None and len(self.input_shape_) == 1 and str(self.device) == "cpu":
            # in float32 the last digits of a row depend on the rows that stand beside it
            with torch.no_grad(), limited_threads(1):
                module = copy.deepcopy(self.module_).double().eval()
                chunks = [module(part.double()) for part in torch.tensor(X).split(8192)]
            exact: Array = torch.cat(chunks).softmax(dim=1).numpy()
            return exact
        probabilities: Array = super().predict_proba(X)
        return probabilities


def _softmax(logits: Tensor) -> Tensor:
    return torch.softmax(logits.double(), dim=-1)
