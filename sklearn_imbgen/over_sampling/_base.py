"""What all over-samplers share: contract, validation, encoding, containers; no torch."""

import numbers
from abc import ABCMeta, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
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

from sklearn_imbgen.utils import (
    TableCodec,
    check_class_sizes,
    check_finite,
    check_frame,
    check_numeric_columns,
    check_target_labels,
    draw_seed,
    integer_bounds,
    plain,
    refuse_label_matrix,
)

Array = NDArray[Any]

POSITIVE = Interval(numbers.Integral, 1, None, closed="left")
COUNT = Interval(numbers.Integral, 0, None, closed="left")
POSITIVE_REAL = Interval(numbers.Real, 0, None, closed="neither")
WEIGHT = Interval(numbers.Real, 0, None, closed="left")


class BaseTableOverSampler(BaseOverSampler, metaclass=ABCMeta):
    """Base of the over-samplers that make new rows of an encoded table.

    A child learns from encoded rows in ``_learn`` and makes new ones of one
    class in ``_draw_encoded``; validation, encoding and containers are done here.

    Warning: This class should not be used directly.
    """

    _parameter_constraints: dict = {
        **BaseOverSampler._parameter_constraints,
        "categorical_features": ["array-like", StrOptions({"auto"}), None],
        "scaling": [StrOptions({"auto", "per_feature", "global"})],
        "clip": ["boolean"],
    }

    # what a sampler lacks before it has learned, for the message
    _learned = "learned distribution"
    # whether one row is too little to make others from
    _needs_two_rows = True

    # set by the children's constructors
    random_state: Any
    categorical_features: Any
    scaling: str
    clip: bool

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> "BaseTableOverSampler":
        """Learn without resampling; new rows then come from ``sample``.

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
        check_target_labels(y)
        if y is not None:
            check_classification_targets(y)
        X, y, _ = self._check_X_y(X, y)
        self.sampling_strategy_ = check_sampling_strategy(
            self.sampling_strategy, y, self._sampling_type
        )
        self._train(X, y)
        return self

    def fit_resample(self, X: Any, y: Any, **params: Any) -> tuple[Any, Any]:
        """Learn from the rows and return them with synthetic ones appended.

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
        check_target_labels(y)
        resampled: tuple[Any, Any] = super().fit_resample(X, y, **params)
        return resampled

    def sample(self, n_samples: int = 1, label: Any = None) -> Any:
        """Make new rows of one class from what has been learned.

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
            If nothing has been learned yet.
        ValueError
            If ``label`` is no class of the training data, or has too few rows.
        """
        self._check_trained()
        if not isinstance(n_samples, int | np.integer) or n_samples < 1:
            raise ValueError(f"n_samples must be an integer of at least 1; got {n_samples!r}.")
        label = self._only_minority() if label is None else label
        code = self._code_of(label)
        self._check_class_sizes(dict(enumerate(self._counts)), {code: 1})
        encoded = self._draw_encoded(code, int(n_samples), self._sampling_random_state)
        rows = self._contain(self._codec.decode(encoded))
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
            code = self._code_of(label)
            encoded = self._draw_encoded(code, n_new, self._sampling_random_state)
            rows = self._codec.decode(encoded)
            # as a user gets them: categories chosen, integers rounded, values in range
            self._review(code, self._codec.encode(rows))
            parts_X.append(self._contain(rows))
            parts_y.append(np.full(n_new, label, dtype=y.dtype))
        if sparse.issparse(X):
            return sparse.vstack(parts_X, format=X.format), np.concatenate(parts_y)
        return np.vstack(parts_X), np.concatenate(parts_y)

    def _train(self, X: Any, y: Array) -> None:
        classes, codes = np.unique(y, return_inverse=True)
        counts = np.bincount(codes)
        # keys of numpy as in sampling_strategy_: tolist() would make other objects of dates
        self._check_class_sizes(dict(zip(classes, counts, strict=True)), self.sampling_strategy_)
        self.classes_, self._counts = classes, counts
        seed = draw_seed(check_random_state(self.random_state))
        self._sampling_random_state = np.random.RandomState(seed)
        self._sparse_type = type(X) if sparse.issparse(X) else None
        self._codec.fit(X)
        self._learn(self._codec.encode(X), codes, self._sampling_random_state)

    @abstractmethod
    def _learn(
        self,
        encoded: NDArray[np.float32],
        codes: NDArray[np.intp],
        random_state: np.random.RandomState,
    ) -> None:
        """Learn from the encoded rows; set the attributes of ``_learned_names``."""

    @abstractmethod
    def _draw_encoded(
        self, code: int, n_rows: int, random_state: np.random.RandomState
    ) -> NDArray[np.floating[Any]]:
        """Encoded new rows of one class, shape (n_rows, n_encoded)."""

    @abstractmethod
    def _learned_names(self) -> tuple[str, ...]:
        """Attributes that exist only after learning."""

    def _review(self, code: int, encoded: NDArray[np.floating[Any]]) -> None:
        """Judge the rows that fit_resample is about to append; a child may warn of them."""

    def _contain(self, rows: Array) -> Any:
        """Rows in the sparse type of the training data, if it was sparse."""
        return rows if self._sparse_type is None else self._sparse_type(rows)

    def _check_class_sizes(self, counts: Mapping[Any, int], growing: Mapping[Any, int]) -> None:
        if self._needs_two_rows:
            check_class_sizes(counts, growing, type(self).__name__)

    def _forget(self) -> None:
        for name in ("_nothing_to_make", *self._learned_names()):
            self.__dict__.pop(name, None)

    def _check_trained(self) -> None:
        check_is_fitted(self, "sampling_strategy_")
        if all(hasattr(self, name) for name in self._learned_names()):
            return
        reason = "its last fit failed."
        if hasattr(self, "_nothing_to_make"):
            reason = (
                "the classes already had the sizes that sampling_strategy asks for, so "
                "fit_resample had nothing to make. Call fit(X, y) to train it all the same."
            )
        raise NotFittedError(f"This {type(self).__name__} has no {self._learned}: {reason}")

    def _code_of(self, label: Any) -> int:
        position = np.flatnonzero(self.classes_ == label)
        if np.ndim(label) != 0 or len(position) != 1:
            raise ValueError(
                f"label={plain(label)!r} is not a class; the classes are "
                f"{[plain(known) for known in self.classes_]}."
            )
        return int(position[0])

    def _only_minority(self) -> Any:
        minorities = np.delete(self.classes_, np.argmax(self._counts))
        if len(minorities) != 1:
            names = [plain(label) for label in minorities]
            raise ValueError(f"label is needed: there are several minority classes, {names}.")
        return minorities[0]
