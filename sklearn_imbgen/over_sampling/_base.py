"""What all over-samplers share: contract, encoding, containers, docs; no torch."""

import numbers
from abc import ABCMeta, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import _fit_context
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_imbgen._typing import Array
from sklearn_imbgen.over_sampling._input import (
    check_labels,
    check_row_weights,
    check_rows,
    extend_weights,
    find_categorical,
    one_hot,
    rows_to_add,
)
from sklearn_imbgen.utils import (
    RowContainer,
    TableCodec,
    build_frame,
    check_class_sizes,
    check_row_order,
    draw_seed,
    integer_bounds,
    plain,
    plain_table,
    restore_labels,
    stack_rows,
)

POSITIVE = Interval(numbers.Integral, 1, None, closed="left")
COUNT = Interval(numbers.Integral, 0, None, closed="left")
POSITIVE_REAL = Interval(numbers.Real, 0, None, closed="neither")
WEIGHT = Interval(numbers.Real, 0, None, closed="left")

_TABLE = """
categorical_features : "auto", array-like or None, default="auto"
        Columns that hold categories: indices, a mask or names. "auto" takes the
        columns of dtype category (pandas), Categorical or Enum (polars). They are
        one-hot inside and come back as categories seen in training. Neighbouring
        columns that are one-hot already (0 and 1, exactly one 1 in each row) are
        recognised and stay so, unless this is None, which treats every column as
        numeric.

    scaling : {"auto", "per_feature", "global"}, default="auto"
        "per_feature" gives each numeric column unit variance inside; "global"
        divides all by one number, right for pixels; "auto" is "global" where
        the widest column's range is less than ten times the median one. A column
        narrower than a hundredth of the widest then counts as a hundredth.

    clip : bool, default=True
        Keep numeric features inside the range of the training data.
"""

_ATTRIBUTES = """
sampling_strategy_ : dict
        Class to number of rows to add.

    classes_ : ndarray of shape (n_classes,)
        The class labels, sorted.

    categorical_features_ : ndarray of int
        Indices of the categorical columns.

    n_features_in_ : int
        Number of columns seen in training.

    feature_names_in_ : ndarray of shape (``n_features_in_``,)
        Names of the columns, if all are strings.

    is_synthetic_ : ndarray of bool of shape (n_samples_new,)
        After ``fit_resample``: which of the rows it returned are new.

    sample_weight_ : ndarray of shape (n_samples_new,)
        After ``fit_resample``: the weights of the rows it returned. An original keeps its
        own, a new row gets the mean of its class, without rows of weight 0; all are 1 where
        no weights were given.
"""

# text that the docstrings of several samplers share
PARAMETERS = {
    "sampling_strategy": BaseOverSampler._sampling_strategy_docstring,
    "table_parameters": _TABLE.strip(),
    "table_attributes": _ATTRIBUTES.strip(),
}

# what another sampler trained on the same table needs of the table
TABLE_STATE = (
    "sampling_strategy_",
    "classes_",
    "categorical_features_",
    "n_features_in_",
    "feature_names_in_",
    "_counts",
    "_codec",
    "_container",
    "_sparse_type",
)


@dataclass
class TrainingRows:
    """The encoded training rows, and what draws from them."""

    X: NDArray[np.float32]
    codes: NDArray[np.intp]
    counts: NDArray[np.intp]
    random_state: np.random.RandomState


class BaseTableOverSampler(BaseOverSampler, metaclass=ABCMeta):
    """Base of the over-samplers that make new rows of an encoded table.

    A child learns from encoded rows in ``_learn``, makes new ones of one class in
    ``_draw`` and names in ``_learned_names`` what it learns; validation, encoding
    and containers are done here.

    Warning: This class should not be used directly.
    """

    _parameter_constraints: dict[str, Any] = {
        **BaseOverSampler._parameter_constraints,
        "categorical_features": ["array-like", StrOptions({"auto"}), None],
        "scaling": [StrOptions({"auto", "per_feature", "global"})],
        "clip": ["boolean"],
    }

    # attributes that exist only after learning
    _learned_names: tuple[str, ...] = ()
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
        if hasattr(X, "__dask_graph__"):
            raise TypeError(
                "X is a dask collection, which fit would load as a whole. "
                "sklearn_imbgen.over_sampling.resample_dask trains on a sample of it."
            )
        return self._fit_to_strategy(X, y, self.sampling_strategy)

    def _fit_to_strategy(self, X: Any, y: Any, sampling_strategy: Any) -> "BaseTableOverSampler":
        """``fit`` for other class sizes than those of ``self.sampling_strategy``."""
        X, y, _ = self._check_X_y(X, y)
        self.sampling_strategy_ = rows_to_add(sampling_strategy, y)
        rows = self._prepare(X, y)
        # the checked copy is large, and not needed while networks are trained
        del X
        self._run_learn(rows)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_resample(self, X: Any, y: Any, sample_weight: Any = None) -> tuple[Any, Any]:
        """Learn from the rows and return them with synthetic ones appended.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows to resample. Sparse input is made dense inside. A dask dataframe,
            with a dask series as ``y``, is learned from by a sample and comes back
            lazily, as from :func:`~sklearn_imbgen.over_sampling.resample_dask`.
        y : array-like of shape (n_samples,)
            Their labels: one per row, or one-hot columns, named by a table's columns and
            numbered in other containers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, which ``sample_weight_`` gives back with those of the
            synthetic rows. They do not steer what is learned, but for one thing: a row of
            weight 0 counts as absent, in learning and in the sizes of the classes. It is
            returned in its place all the same.

        Returns
        -------
        X_resampled : {array-like, dataframe, sparse matrix} of shape (n_samples_new, n_features)
            The rows of ``X`` in their order, then the synthetic rows, class by class.
            ``is_synthetic_`` tells which are which.
        y_resampled : array-like of shape (n_samples_new,)
            The labels of ``X_resampled``.
        """
        if hasattr(X, "__dask_graph__"):
            # imported here: most tables are no dask collections
            from sklearn_imbgen.over_sampling._streaming import fit_resample_dask

            return fit_resample_dask(self, X, y, sample_weight)
        rows, target, columns = self._check_X_y(X, y)
        check_row_order(X, sample_weight, "sample_weight")
        weights = check_row_weights(sample_weight, rows, target)
        counted = slice(None) if weights is None else weights > 0
        self.sampling_strategy_ = rows_to_add(self.sampling_strategy, target[counted])
        new_rows, new_target = self._fit_resample(rows[counted], target[counted])
        self._record_rows(target, new_target, weights)
        resampled = np.concatenate([target, new_target])
        if columns is not None:
            resampled = one_hot(resampled, columns, y)
        return self._container.append(X, rows, new_rows), restore_labels(y, resampled)

    def sample(self, n_samples: int = 1, label: Any = None, *, random_state: Any = None) -> Any:
        """Make new rows of one class from what has been learned.

        Successive calls give different rows; the sequence follows the sampler's
        ``random_state`` and survives pickling.

        Parameters
        ----------
        n_samples : int, default=1
            How many rows.
        label : object, default=None
            Their class. None takes the one minority class, if there is just one.

        random_state : int, RandomState instance or None, default=None
            Seed of this call alone, which leaves the sequence where it is: with it
            several workers can share one trained sampler. None goes on with the
            sequence.

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
        draws = self._sampling_random_state
        if random_state is not None:
            draws = check_random_state(random_state)
        return self._restore(self._run_draw(code, int(n_samples), draws))

    def _restore(self, encoded: NDArray[np.floating[Any]]) -> Any:
        """Rows in the container and the types of the training data."""
        names, dtypes = self._container.pandas_columns
        if self._sparse_type is None and dtypes is not None:
            numeric = np.setdiff1d(np.arange(len(dtypes)), self.categorical_features_)
            kinds = {dtypes.iloc[column].kind for column in numeric}
            # numbers that are Python objects take the other way
            if "O" not in kinds:
                return build_frame(self._codec.decode_columns(encoded), names, dtypes)
        return self._container.wrap(self._contain(self._codec.decode(encoded)))

    def _check_X_y(self, X: Any, y: Any) -> tuple[Any, Array, Array | None]:
        """Rows as an array, labels, those of the columns if they are one-hot; makes the codec."""
        self._reset()
        y, columns = check_labels(X, y)
        settings = self._settings()
        table = plain_table(X, type(self).__name__)
        self._container = RowContainer(X)
        self.categorical_features_ = find_categorical(settings.categorical_features, table)
        bounds = integer_bounds(table)
        X, y = check_rows(self, table, y, categorical=self.categorical_features_, reset=True)
        self._codec = TableCodec(
            self.categorical_features_,
            settings.scaling,
            settings.clip,
            integer_bounds=bounds,
            feature_names=getattr(self, "feature_names_in_", None),
            find_one_hot=settings.categorical_features is not None,
        )
        return X, y, columns

    def _settings(self) -> Any:
        """What has the parameters of encoding and training: the sampler itself, mostly."""
        return self

    def _fit_resample(self, X: Any, y: Array) -> tuple[Any, Array]:
        """The synthetic rows alone; ``fit_resample`` sets them behind the originals."""
        if not any(self.sampling_strategy_.values()):
            self._nothing_to_make = True
            return X[:0], y[:0]
        self._run_learn(self._prepare(X, y))
        parts_X, parts_y = [], []
        for label, n_new in self.sampling_strategy_.items():
            if n_new == 0:
                continue
            code = self._code_of(label)
            encoded = self._run_draw(code, n_new, self._sampling_random_state)
            rows = self._codec.decode(encoded)
            # as a user gets them: categories chosen, integers rounded, values in range
            self._review(code, self._codec.encode(rows))
            parts_X.append(self._contain(rows))
            parts_y.append(np.full(n_new, label, dtype=y.dtype))
        return stack_rows(*parts_X), np.concatenate(parts_y)

    def _record_rows(self, y: Array, new_y: Array, weights: NDArray[np.float64] | None) -> None:
        """Set what is known of each row that ``fit_resample`` returns."""
        self.is_synthetic_ = np.repeat([False, True], [len(y), len(new_y)])
        self.sample_weight_ = extend_weights(weights, y, new_y)

    def _prepare(self, X: Any, y: Array) -> TrainingRows:
        """Encoded rows to learn from; codec, classes and draws are set up."""
        classes, codes = np.unique(y, return_inverse=True)
        counts = np.bincount(codes)
        # keys of numpy as in sampling_strategy_: tolist() would make other objects of dates
        self._check_class_sizes(dict(zip(classes, counts, strict=True)), self.sampling_strategy_)
        self.classes_, self._counts = classes, counts
        seed = draw_seed(check_random_state(self.random_state))
        self._sampling_random_state = np.random.RandomState(seed)
        self._sparse_type = type(X) if sparse.issparse(X) else None
        self._codec.fit(X)
        return TrainingRows(self._codec.encode(X), codes, counts, self._sampling_random_state)

    def _run_learn(self, rows: TrainingRows) -> None:
        """Let the child learn; a base may give it other surroundings."""
        self._learn(rows)

    def _run_draw(
        self, code: int, n_rows: int, random_state: np.random.RandomState
    ) -> NDArray[np.floating[Any]]:
        """Let the child draw; a base may give it other surroundings."""
        return self._draw(code, n_rows, random_state)

    @abstractmethod
    def _learn(self, data: Any) -> None:
        """Learn from encoded rows; set the attributes of ``_learned_names``."""

    @abstractmethod
    def _draw(self, code: int, n_rows: int, random_state: np.random.RandomState) -> Any:
        """Encoded new rows of one class, shape (n_rows, n_encoded)."""

    def _review_sample(self, label: Any, n_rows: int, random_state: int) -> None:
        """Judge rows as ``sample`` makes them, for callers that never see all of them."""
        code = self._code_of(label)
        encoded = self._run_draw(code, n_rows, np.random.RandomState(random_state))
        self._review(code, self._codec.encode(self._codec.decode(encoded)))

    def _review(self, code: int, encoded: NDArray[np.floating[Any]]) -> None:
        """Judge the rows that fit_resample is about to append; a child may warn of them."""

    def _contain(self, rows: Array) -> Any:
        """Rows in the sparse type of the training data, if it was sparse."""
        return rows if self._sparse_type is None else self._sparse_type(rows)

    def _check_class_sizes(self, counts: Mapping[Any, int], growing: Mapping[Any, int]) -> None:
        if self._needs_two_rows:
            check_class_sizes(counts, growing, type(self).__name__)

    def _reset(self) -> None:
        """Drop what an earlier fit has learned, so that a failed one leaves nothing old."""
        of_rows = ("is_synthetic_", "sample_weight_")
        for name in ("_nothing_to_make", *of_rows, *self._learned_names):
            self.__dict__.pop(name, None)

    def _check_trained(self) -> None:
        check_is_fitted(self, "sampling_strategy_")
        if all(hasattr(self, name) for name in self._learned_names):
            return
        reason = "its last fit failed."
        if hasattr(self, "_nothing_to_make"):
            reason = (
                "the classes already had the sizes that sampling_strategy asks for, so "
                "fit_resample had nothing to make. Call fit(X, y) to train it all the same."
            )
        raise NotFittedError(f"This {type(self).__name__} has no {self._learned}: {reason}")

    def _growing_sizes(self) -> dict[Any, int]:
        """Rows of the classes that are to grow."""
        growing = [label for label, n_new in self.sampling_strategy_.items() if n_new]
        return {label: int(self._counts[self._code_of(label)]) for label in growing}

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
