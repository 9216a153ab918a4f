"""The command ``imbgen``: compare over-samplers, resample tables, aggregate votes."""

import signal
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from sklearn_imbgen.exceptions import DivergenceError

__all__ = ["CommandError", "collect_warnings", "explained", "main", "one_line"]

# How often something was warned of, by kind and text.
Tally = Counter[tuple[str, str]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit status.

    Parameters
    ----------
    arguments : sequence of str, default=None
        The words after ``imbgen``; None takes those of the process.

    Raises
    ------
    SystemExit
        Always: 0 after success, 2 after an error, 130 after Ctrl-C, 143 after SIGTERM.
    """
    if any(find_spec(library) is None for library in ("click", "pandas")):
        _name_missing_library()
    from sklearn_imbgen.cli._app import app

    with _ended_by_sigterm():
        app.main(None if arguments is None else list(arguments), prog_name="imbgen")


def _name_missing_library() -> None:
    # imported here: the usual help waits for neither numpy nor scikit-learn
    from sklearn_imbgen.utils import import_extra

    try:
        for library in ("click", "pandas"):
            import_extra(library, "cli", "The command imbgen")
    except ImportError as error:
        sys.stderr.write(f"imbgen: error: {error}\n")
        sys.exit(2)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end a command as an error does, so that no unfinished file stays behind."""

    def leave(*_: Any) -> None:
        sys.exit(128 + signal.SIGTERM)

    try:
        before = signal.signal(signal.SIGTERM, leave)
    except ValueError:
        # not in the main thread, which alone gets signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


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


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn what samplers and estimators say about bad data into a ``CommandError``."""
    try:
        yield
    except (ValueError, TypeError, DivergenceError) as error:
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
