"""scikit-learn's scorers for truth that is known only through a label matrix."""

from copy import copy, deepcopy
from inspect import Parameter, signature
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import get_scorer
from sklearn.utils import _safe_indexing
from sklearn.utils.metadata_routing import get_routing_for_object

from sklearn_imbgen.aggregation import (
    check_label_matrix,
    dawid_skene,
    majority_codes,
    possible_truths,
    vote_proportions,
)
from sklearn_imbgen.model_selection._crowd_split import is_label_matrix

REFERENCES = ("majority_vote", "dawid_skene")


def crowd_scorer(
    scoring: Any = "accuracy", *, reference: str = "majority_vote", missing_label: Any = -1
) -> "CrowdScorer":
    """Make a scorer that also takes a label matrix in the place of the truth.

    Parameters
    ----------
    scoring : str or callable, default="accuracy"
        Name of a scikit-learn scorer, such as "f1_macro" or "roc_auc", or a
        scorer with the signature ``scorer(estimator, X, y)``.
    reference : {"majority_vote", "dawid_skene"}, default="majority_vote"
        What stands for the truth where y is a matrix. "dawid_skene" trusts good
        workers more and lets each row count for every class by its posterior;
        both are found from the matrix that is scored alone, so they need enough
        rows, and see little of a class that is rare there.
    missing_label : label, default=-1
        What stands for "not labelled" in the matrix.

    Returns
    -------
    CrowdScorer
        A callable ``(estimator, X, y)`` for the ``scoring`` of
        :class:`~sklearn.model_selection.GridSearchCV` or ``cross_validate``; for
        several scores pass a dict of them. With y of one dimension, the truth, it
        is the scorer that it was made from.

    Raises
    ------
    ValueError
        If the scorer or the reference is unknown, or if "dawid_skene" meets a
        scorer that takes no ``sample_weight``.

    Notes
    -----
    With "dawid_skene" a row stands once for each class whose posterior exceeds
    1e-6, with the posterior as ``sample_weight`` (times the weight passed, if
    any). The estimator predicts such a row again for each of these classes.

    As with scikit-learn's own scorers, "neg_log_loss" and "roc_auc" need each
    class of the estimator in the reference; stratified folds see to it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn_imbgen.model_selection import crowd_scorer
    >>> X, worker_labels = np.zeros((4, 1)), np.array([[0, 0], [0, -1], [1, 1], [0, 0]])
    >>> always_zero = DummyClassifier(strategy="constant", constant=0).fit(X, [0, 0, 1, 0])
    >>> scorer = crowd_scorer("balanced_accuracy")
    >>> scorer
    crowd_scorer('balanced_accuracy', reference='majority_vote', missing_label=-1)
    >>> scorer(always_zero, X, worker_labels)
    0.5
    """
    if reference not in REFERENCES:
        raise ValueError(f"reference must be one of {REFERENCES}; got {reference!r}.")
    if not (isinstance(scoring, str) or callable(scoring)):
        raise ValueError(
            "scoring must be the name of a scorer or a scorer; for several scores pass a dict of "
            f"crowd scorers to GridSearchCV or cross_validate. Got {scoring!r}."
        )
    # a request for metadata made of the copy leaves the user's scorer as it was
    scorer = deepcopy(get_scorer(scoring))
    if reference == "dawid_skene" and not _takes_weights(scorer):
        raise ValueError(
            f"scoring={scoring!r} takes no sample_weight, which reference='dawid_skene' needs for "
            "the posterior of each row. Take reference='majority_vote' or another scoring."
        )
    return CrowdScorer(scorer, scoring, reference, missing_label)


class CrowdScorer:
    """What :func:`crowd_scorer` returns; ``scoring`` is as the user wrote it."""

    def __init__(self, scorer: Any, scoring: Any, reference: str, missing_label: Any) -> None:
        self._scorer = scorer
        self._scoring = scoring
        self._reference = reference
        self._missing_label = missing_label

    def __call__(
        self,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        sample_weight: ArrayLike | None = None,
        **metadata: Any,
    ) -> float:
        """Score the predictions for X; ``y`` is the truth, or the label matrix.

        ``metadata`` is passed to the scorer.
        """
        if is_label_matrix(y):
            labels = check_label_matrix(y, missing_label=self._missing_label)
            if self._reference == "majority_vote":
                y = labels.classes[majority_codes(labels)]
            else:
                posterior = dawid_skene(labels, vote_proportions(labels), smoothing=1.0).posterior
                rows, code, weight = possible_truths(posterior)
                X, y = _safe_indexing(X, rows), labels.classes[code]
                given = 1.0 if sample_weight is None else np.asarray(sample_weight)[rows]
                sample_weight = weight * given
        if sample_weight is not None:
            metadata["sample_weight"] = sample_weight
        return self._scorer(estimator, X, y, **metadata)

    def __repr__(self) -> str:
        return (
            f"crowd_scorer({self._scoring!r}, reference={self._reference!r}, "
            f"missing_label={self._missing_label!r})"
        )

    def set_score_request(self, **requests: Any) -> "CrowdScorer":
        """Copy that asks for metadata, as by ``sample_weight=True``, if metadata routing is on."""
        scorer = copy(self)
        scorer._scorer = deepcopy(self._scorer).set_score_request(**requests)
        return scorer

    def get_metadata_routing(self) -> Any:
        """Metadata that the scorer asks for."""
        return get_routing_for_object(self._scorer)

    def _accept_sample_weight(self) -> bool:
        """Read by scikit-learn before it passes weights on."""
        return _takes_weights(self._scorer)


def _takes_weights(scorer: Any) -> bool:
    if hasattr(scorer, "_accept_sample_weight"):
        return bool(scorer._accept_sample_weight())
    parameters = signature(scorer).parameters
    takes_any = any(value.kind is Parameter.VAR_KEYWORD for value in parameters.values())
    return takes_any or "sample_weight" in parameters
