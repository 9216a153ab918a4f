"""A classifier whose robust accuracy is known beforehand."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Linear(ClassifierMixin, BaseEstimator):
    """Says the last class where the first feature is above ``border``; a perfect attacker."""

    def __init__(self, border=0.0, epsilon=0.5, attack__clip_values=None):
        self.border = border
        self.epsilon = epsilon
        self.attack__clip_values = attack__clip_values

    def fit(self, X, y):
        self.classes_, self.class_counts_ = np.unique(y, return_counts=True)
        return self

    def predict(self, X):
        return self.classes_[np.where(np.asarray(X)[:, 0] > self.border, -1, 0)]

    def perturb(self, X, y, *, epsilon, feature_scale=1.0, clip_values=None, **options):
        self.asked_ = {"epsilon": epsilon, "n_rows": len(X), "clip_values": clip_values, **options}
        down = np.where(y == self.classes_[-1], -1.0, 1.0)
        moved = np.asarray(X, float) + epsilon * feature_scale * down[:, None]
        return moved if clip_values is None else np.clip(moved, *clip_values)


class Fooled(Linear):
    """Whose attacker makes wrong rows right."""

    def perturb(self, X, y, **options):
        return np.where(np.asarray(y) == self.classes_[-1], 1.0, -1.0)[:, None]


X_LINE = np.array([[-3.0], [-1.0], [-0.2], [0.3], [0.6], [2.0], [5.0], [0.1]])
Y_LINE = np.array([0, 0, 0, 0, 1, 1, 1, 1])


def line(**parameters):
    return Linear(**parameters).fit(X_LINE, Y_LINE)
