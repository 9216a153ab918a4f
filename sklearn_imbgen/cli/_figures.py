"""Pictures on disk and in pages: check the file, draw without a screen, save."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from sklearn_imbgen.cli._messages import CommandError, one_line
from sklearn_imbgen.cli._tables import atomic_path
from sklearn_imbgen.utils import import_extra

__all__ = ["check_picture", "close", "figure_source", "plain_text", "save_figure", "without_screen"]

FORMATS = (".png", ".pdf", ".svg")
# Of figures in a page: sharp on screens with two pixels per dot.
FIGURE_DPI = 130


def check_picture(path: Path) -> None:
    """Refuse a picture that cannot be drawn or saved, before any work is done.

    The folder is made if it does not exist.
    """
    if path.suffix.lower() not in FORMATS:
        raise CommandError(f"{path}: unknown extension; a picture is one of {', '.join(FORMATS)}")
    if path.is_dir():
        raise CommandError(f"{path}: is a folder, not a file")
    try:
        import_extra("matplotlib", "cli", "The picture")
    except ImportError as error:
        raise CommandError(one_line(error)) from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"{path}: its folder cannot be made: {one_line(error)}") from error


def without_screen() -> None:
    """Let matplotlib draw to files only; no window is opened, so no screen is needed."""
    import matplotlib

    matplotlib.use("Agg")


@contextmanager
def plain_text() -> Iterator[None]:
    """Let matplotlib write names as they are: a class may be called "$5" or "a_b$"."""
    import matplotlib

    with matplotlib.rc_context({"text.parse_math": False}):
        yield


def save_figure(figure: Any, path: Path) -> None:
    """Write a figure by its extension, completely or not at all, and close it."""
    # first into memory: the writers of matplotlib do not survive a full disk
    content = BytesIO()
    try:
        figure.savefig(content, format=path.suffix[1:].lower(), dpi=150)
    finally:
        close(figure)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.getvalue())


def close(figure: Any) -> None:
    """Let pyplot forget a figure."""
    from matplotlib import pyplot as plt

    plt.close(figure)


def figure_source(figure: Any) -> str:
    """A figure as the ``src`` of an ``img`` element that needs no file, and close it."""
    content = BytesIO()
    try:
        figure.savefig(content, format="png", dpi=FIGURE_DPI)
    finally:
        close(figure)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"
