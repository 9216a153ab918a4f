"""What the commands say when something is wrong: one line each."""

import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sklearn_imbgen.exceptions import DivergenceError

__all__ = ["CommandError", "collect_warnings", "describe_counts", "explained", "one_line"]

Tally = Counter[tuple[str, str]]


class CommandError(Exception):
    """A mistake in the input that ends a command with a message and no traceback."""


def one_line(text: object) -> str:
    """Text with all white space, line breaks included, as single spaces.

    Examples
    --------
    >>> one_line("first    second ")
    'first second'
    """
    return " ".join(str(text).split())


def describe_counts(counts: dict[Any, int]) -> str:
    """Rows per class in one line.

    Examples
    --------
    >>> describe_counts({"a": 3, "b": 1})
    'a: 3, b: 1'
    """
    return ", ".join(f"{label}: {count}" for label, count in counts.items())


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn what samplers and estimators say about bad data into a ``CommandError``."""
    try:
        yield
    except (ValueError, DivergenceError) as error:
        raise CommandError(f"{doing}: {one_line(error)}") from error


@contextmanager
def collect_warnings() -> Iterator[Tally]:
    """Count the warnings of a block by kind and text instead of printing each."""
    tally: Tally = Counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield tally
        finally:
            tally.update((item.category.__name__, one_line(item.message)) for item in caught)
