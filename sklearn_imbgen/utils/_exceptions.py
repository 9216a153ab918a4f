"""Warnings and errors that a user may want to catch by name."""

__all__ = [
    "DivergenceError",
    "DivergenceWarning",
    "FewSamplesWarning",
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
