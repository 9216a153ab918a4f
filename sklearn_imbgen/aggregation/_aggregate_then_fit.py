"""One label per row first, then any classifier."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, _fit_context, clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils import _safe_indexing, get_tags, indexable
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, has_fit_parameter, validate_data

from sklearn_imbgen._typing import Array
from sklearn_imbgen.aggregation._crowd_input import (
    agreement,
    balancing_weights,
    check_rows,
    read_crowd_labels,
)
from sklearn_imbgen.aggregation._dawid_skene import DawidSkene
from sklearn_imbgen.aggregation._label_matrix import codes_of
from sklearn_imbgen.aggregation._truth_inference import possible_truths
from sklearn_imbgen.utils import check_row_order

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


def _estimator_has(name: str) -> Callable[["AggregateThenFit"], bool]:
    def check(self: "AggregateThenFit") -> bool:
        # raises scikit-learn's own message where it is missing
        getattr(getattr(self, "estimator_", self._own_estimator()), name)
        return True

    return check


class AggregateThenFit(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Infer one label per row from the labels of several workers, then fit a classifier.

    The classifier gets soft labels if its ``fit`` takes ``sample_weight``: each
    row enters once for every class it may have, weighted by the probability of
    this class. Otherwise it gets the likeliest label of each row.

    Parameters
    ----------
    aggregator : estimator, default=None
        Has ``fit(worker_labels)``, then ``labels_``, ``label_proba_`` and
        ``classes_``; None is :class:`DawidSkene`. Its ``missing_label`` says what
        "not labelled" is.

    estimator : classifier, default=None
        Any classifier of scikit-learn or a pipeline; None is
        ``LogisticRegression(max_iter=1000)``.

    use_soft_labels : "auto" or bool, default="auto"
        "auto" takes soft labels where ``estimator.fit`` has a parameter
        ``sample_weight``. A Pipeline has none and gets hard labels; put scalers in
        front of AggregateThenFit to keep the labels soft, and samplers, which
        need hard ones, behind it: ``AggregateThenFit(estimator=make_pipeline(
        SMOTE(), LogisticRegression()))``. True raises where that cannot be.

    class_weight : "balanced", dict or None, default=None
        Weight of each class, as ``sample_weight``. "balanced" counts classes by
        their probabilities; the ``class_weight`` of a classifier itself may
        count the copies of a row and miss the balance.

    Attributes
    ----------
    aggregator_ : estimator
        The fitted aggregator, which knows about the workers.

    estimator_ : classifier
        The fitted classifier.

    labels_ : ndarray of shape (n_samples,)
        The inferred label of each training row.

    classes_ : ndarray of shape (n_classes,)
        The classes that ``estimator_`` predicts.

    soft_labels_used_ : bool
        Whether ``estimator_`` was fitted on soft labels.

    n_features_in_ : int
        Number of columns seen in training.

    feature_names_in_ : ndarray of shape (``n_features_in_``,)
        Names of the columns, if all are strings.

    See Also
    --------
    CrowdLayerClassifier : Learns from all labels at once.
    MBEMClassifier : Workers are judged with the help of the classifier.

    Notes
    -----
    A classifier that splits its training rows itself, to stop early or to
    validate, may find copies of one row on both sides; set
    ``use_soft_labels=False`` for it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import make_blobs
    >>> from sklearn_imbgen.crowd import AggregateThenFit
    >>> X, truth = make_blobs(150, centers=2, random_state=0)
    >>> wrong = np.random.RandomState(0).uniform(size=(150, 3)) < [0.1, 0.2, 0.5]
    >>> worker_labels = np.where(wrong, 1 - truth[:, None], truth[:, None])
    >>> classifier = AggregateThenFit().fit(X, worker_labels)
    >>> classifier.score(X, truth) > 0.9
    True
    >>> int(classifier.aggregator_.worker_error_rate_.argmax())
    2
    """

    _parameter_constraints: dict[str, Any] = {
        "aggregator": [HasMethods("fit"), None],
        # the predict of some, such as StackingClassifier, appears when they are fitted
        "estimator": [HasMethods("fit"), None],
        "use_soft_labels": ["boolean", StrOptions({"auto"})],
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }

    def __init__(
        self,
        aggregator: Any = None,
        estimator: Any = None,
        *,
        use_soft_labels: bool | str = "auto",
        class_weight: Any = None,
    ) -> None:
        self.aggregator = aggregator
        self.estimator = estimator
        self.use_soft_labels = use_soft_labels
        self.class_weight = class_weight

    # the estimator inside is validated by its own fit
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None, *, crowd_labels: Any = None) -> "AggregateThenFit":
        """Aggregate the labels of workers, then fit the classifier.

        Parameters
        ----------
        X : array-like, dataframe or sparse matrix of shape (n_samples, n_features)
            Training rows, of any kind that the classifier takes.
        y : array-like of shape (n_samples, n_workers) or (n_samples,)
            The label matrix; one dimension is one worker who labelled every row.
        crowd_labels : array-like of shape (n_samples, n_workers), default=None
            The label matrix in place of ``y``. Then ``y`` is the truth or a vote,
            which scikit-learn uses to stratify and score; it is never trained on.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a row has no label, rows and labels differ in number, there is only
            one class before or after aggregation, or weights are asked for that
            the classifier does not take.
        """
        check_rows(X)
        validate_data(self, X, skip_check_array=True)
        aggregator = clone(DawidSkene() if self.aggregator is None else self.aggregator)
        missing_label = getattr(aggregator, "missing_label", -1)
        given = read_crowd_labels(self, X, y, crowd_labels, missing_label)
        estimator = clone(self._own_estimator())
        weighted = self._takes_weights(estimator)
        self.aggregator_ = aggregator.fit(given.worker_labels)
        self.labels_ = self.aggregator_.labels_
        self.soft_labels_used_ = weighted and self.use_soft_labels is not False
        rows, codes, weights = self._training_rows()
        classes = self.aggregator_.classes_
        if len(np.unique(codes)) < 2:
            raise ValueError(
                f"After aggregation all rows have one class, {classes[codes[0]]!r}, and nothing "
                "can be learned. Try MajorityVote(), or DawidSkene with a higher smoothing."
            )
        # as it came where no row is repeated: the classifier may take more kinds of input
        repeated = len(rows) != len(self.labels_)
        chosen = _safe_indexing(indexable(X)[0], rows) if repeated else X
        use_weights = self.soft_labels_used_ or self.class_weight is not None
        fit_params = {"sample_weight": weights} if use_weights else {}
        # scikit-learn knows no labels that are bytes, tuples, dates or of several types
        self._names = None if _are_plain(classes) else classes
        targets = classes[codes] if self._names is None else codes
        self.estimator_ = estimator.fit(chosen, targets, **fit_params)
        self.classes_ = self._named(getattr(self.estimator_, "classes_", np.unique(targets)))
        return self

    def predict(self, X: Any) -> Array:
        """Labels that the classifier predicts.

        Parameters
        ----------
        X : array-like, dataframe or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self._named(self._delegate("predict", X))

    @available_if(_estimator_has("predict_proba"))
    def predict_proba(self, X: Any) -> Array:
        """Class probabilities, if the classifier gives them; see ``predict``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return self._delegate("predict_proba", X)

    @available_if(_estimator_has("decision_function"))
    def decision_function(self, X: Any) -> Array:
        """Decision values, if the classifier gives them; see ``predict``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
        """
        return self._delegate("decision_function", X)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy against the truth, or agreement with the workers.

        Parameters
        ----------
        X : array-like, dataframe or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_workers)
            One dimension: the truth, of which the accuracy is taken. Two: a label
            matrix, of which the share of all given labels that equal the
            prediction for their row.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        float
        """
        check_is_fitted(self, "estimator_")
        check_row_order(X, y)
        return agreement(
            y,
            self.predict(X),
            self.classes_,
            sample_weight=sample_weight,
            missing_label=getattr(self.aggregator_, "missing_label", -1),
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = get_tags(self._own_estimator())
        tags.input_tags = inner.input_tags
        return tags

    def _own_estimator(self) -> Any:
        return LogisticRegression(max_iter=1000) if self.estimator is None else self.estimator

    def _delegate(self, method: str, X: Any) -> Array:
        check_is_fitted(self, "estimator_")
        return getattr(self.estimator_, method)(X)

    def _named(self, labels: Array) -> Array:
        """The workers' labels for those of ``estimator_``."""
        return labels if self._names is None else self._names[labels]

    def _takes_weights(self, estimator: Any) -> bool:
        takes: bool = has_fit_parameter(estimator, "sample_weight")
        wanted = {"use_soft_labels=True": self.use_soft_labels is True}
        wanted[f"class_weight={self.class_weight!r}"] = self.class_weight is not None
        for parameter, is_wanted in wanted.items():
            if is_wanted and not takes:
                raise ValueError(
                    f"{parameter} needs an estimator whose fit takes sample_weight, which "
                    f"{type(estimator).__name__} does not. If it is a Pipeline, put its "
                    f"transformers in front of {type(self).__name__}."
                )
        return takes

    def _training_rows(self) -> tuple[Codes, Codes, Floats]:
        """Rows to fit on, the class of each, and its weight."""
        classes = self.aggregator_.classes_
        if self.soft_labels_used_:
            rows, codes, weights = possible_truths(self.aggregator_.label_proba_)
        else:
            codes = codes_of(self.labels_, classes)
            rows, weights = np.arange(len(codes)), np.ones(len(codes))
        mass = np.bincount(codes, weights=weights, minlength=len(classes))
        return rows, codes, weights * balancing_weights(mass, self.class_weight, classes)[codes]


def _are_plain(classes: Array) -> bool:
    """Whether scikit-learn's classifiers take these labels."""
    try:
        return bool(type_of_target(classes) in ("binary", "multiclass"))
    except (TypeError, ValueError):
        return False
