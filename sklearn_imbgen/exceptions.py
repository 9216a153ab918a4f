"""Warnings and errors that a user may want to catch by name."""

__all__ = [
    "ConfusedLabelsWarning",
    "DivergenceError",
    "DivergenceWarning",
    "FewSamplesWarning",
    "IdleWorkerWarning",
    "SimilarLabelsWarning",
    "UnreliableSamplesWarning",
]


class DivergenceError(ArithmeticError):
    """A network's training diverged and could not be brought back."""


class DivergenceWarning(UserWarning):
    """A network's training diverged and went on from its best state."""


class FewSamplesWarning(UserWarning):
    """A class has fewer rows than a setting asks for; the setting was lowered."""


class UnreliableSamplesWarning(UserWarning):
    """A sampler's own judges find the rows that it has made bad."""


class IdleWorkerWarning(UserWarning):
    """A worker labelled none of the rows; nothing can be learned about this worker."""


class ConfusedLabelsWarning(UserWarning):
    """The inferred labels look unreliable, for example all rows fell to one class."""


class SimilarLabelsWarning(UserWarning):
    """Labels of a crowd differ by blanks or case only and count as different classes."""
