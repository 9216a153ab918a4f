"""Folds in which the classes of a label matrix keep their shares."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.model_selection import StratifiedKFold

from sklearn_imbgen.aggregation import AnnotationMatrix, check_label_matrix, majority_codes

Rows = NDArray[np.intp]


class CrowdStratifiedKFold(StratifiedKFold):
    """Stratified folds for a label matrix: the vote of each row counts as its class.

    For a label matrix scikit-learn takes unshuffled folds that look at no class,
    so that a small class can be missing from some. The vote is needed for the
    folds only; the estimator gets the rows of the matrix.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    shuffle : bool, default=False
        Whether to shuffle the rows of each class first.
    random_state : int, RandomState instance or None, default=None
        Seeds the shuffling.
    missing_label : label, default=-1
        What stands for "not labelled" in the matrix; see
        :func:`~sklearn_imbgen.aggregation.check_label_matrix`.

    Notes
    -----
    ``y`` of one dimension is stratified as it is. A two-dimensional ``y`` is an
    array, masked array, dataframe or scipy.sparse matrix of labels; a row without
    any label is an error. ``GridSearchCV`` takes them all, scikit-learn's
    ``cross_validate`` and ``cross_val_score`` no sparse ``y``.

    Tied votes are decided for the rows passed, by
    :func:`~sklearn_imbgen.aggregation.majority_codes`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_imbgen.model_selection import CrowdStratifiedKFold
    >>> worker_labels = np.array([[0, 0, -1], [1, 1, 0], [0, -1, 0], [1, 1, 1]])
    >>> cv = CrowdStratifiedKFold(n_splits=2)
    >>> [test.tolist() for train, test in cv.split(np.zeros((4, 1)), worker_labels)]
    [[0, 1], [2, 3]]
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        shuffle: bool = False,
        random_state: int | np.random.RandomState | None = None,
        missing_label: Any = -1,
    ) -> None:
        super().__init__(n_splits, shuffle=shuffle, random_state=random_state)
        self.missing_label = missing_label

    def split(self, X: Any, y: Any, groups: Any = None) -> Iterator[tuple[Rows, Rows]]:
        """Yield the positions of the training and the test rows of each fold.

        Parameters
        ----------
        X : array-like of n_samples rows
            Only their number counts.
        y : array-like of shape (n_samples,) or (n_samples, n_workers)
            Labels, or the label matrix.
        groups : object
            Ignored; here for the interface.

        Yields
        ------
        train, test : ndarray of int
        """
        if is_label_matrix(y):
            y = majority_codes(check_label_matrix(y, missing_label=self.missing_label))
        yield from super().split(X, y, groups)


def is_label_matrix(y: Any) -> bool:
    """Whether y has two dimensions: the labels of workers, not one label per row."""
    if sparse.issparse(y) or isinstance(y, AnnotationMatrix):
        return True
    return len(getattr(y, "shape", None) or np.shape(y)) == 2
