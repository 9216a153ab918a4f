"""Rows that belong to two classes at once: their shares, and the weights that follow."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_imbgen._typing import Array
from sklearn_imbgen.over_sampling._base import BaseTableOverSampler

__all__ = ["BaseMixingOverSampler"]


class BaseMixingOverSampler(BaseTableOverSampler):
    """Base of a sampler whose new rows are mixed.

    A child calls ``_keep_soft_labels`` for each batch that it draws; ``fit_resample`` then
    sets ``soft_labels_`` and lets ``sample_weight_`` of a row be smaller the more it is mixed.

    Warning: This class should not be used directly.
    """

    # of the rows drawn so far, during a fit_resample
    _soft_parts: list[Array] | None = None
    soft_labels_: Array

    def fit_resample_soft(
        self, X: Any, y: Any, sample_weight: Any = None
    ) -> tuple[Any, Any, Array, Array]:
        """Resample as ``fit_resample`` does, and give the mixed labels and weights too.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows to resample.
        y : array-like of shape (n_samples,)
            Their labels.
        sample_weight : array-like of shape (n_samples,), default=None
            As ``fit_resample`` takes it.

        Returns
        -------
        X_resampled, y_resampled
            As ``fit_resample`` gives them.
        soft_labels : ndarray of shape (n_samples_new, n_classes)
            ``soft_labels_``.
        sample_weight : ndarray of shape (n_samples_new,)
            ``sample_weight_``, which classifiers take for the weights of rows.
        """
        X_resampled, y_resampled = self.fit_resample(X, y, sample_weight)
        return X_resampled, y_resampled, self.soft_labels_, self.sample_weight_

    def _keep_soft_labels(self, soft: Array) -> None:
        if self._soft_parts is not None:
            self._soft_parts.append(soft)

    def _reset(self) -> None:
        super()._reset()
        self.__dict__.pop("soft_labels_", None)

    def _fit_resample(self, X: Any, y: Array) -> tuple[Any, Array]:
        self._soft_parts = []
        try:
            made: tuple[Any, Array] = super()._fit_resample(X, y)
            drawn = self._soft_parts
        finally:
            self._soft_parts = None
        self.classes_ = np.unique(y)
        self.soft_labels_ = np.concatenate([np.empty((0, len(self.classes_))), *drawn])
        return made

    def _record_rows(self, y: Array, new_y: Array, weights: NDArray[np.float64] | None) -> None:
        super()._record_rows(y, new_y, weights)
        originals = np.eye(len(self.classes_))[np.searchsorted(self.classes_, y)]
        self.soft_labels_ = np.concatenate([originals, self.soft_labels_])
        self.sample_weight_ = self.sample_weight_ * self.soft_labels_.max(axis=1)
