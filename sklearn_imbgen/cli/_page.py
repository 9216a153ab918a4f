"""Pictures on disk, and a self-contained HTML page: its parts as data, the template, the file."""

import base64
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

from sklearn_imbgen.cli import CommandError, one_line
from sklearn_imbgen.cli._tables import atomic_path
from sklearn_imbgen.utils import import_extra

EXTENSION = ".html"
TEMPLATE = "report.html.jinja"
NOT_KNOWN = "-"
# From here on all digits before the point are written, and none after it.
LARGE, HUGE = 1000, 1e15
FORMATS = (".png", ".pdf", ".svg")
# Of figures in a page: sharp on screens with two pixels per dot.
FIGURE_DPI = 130


@dataclass(frozen=True)
class Bar:
    """A bar of original and, behind it, of synthetic rows, in percent of the page's largest."""

    original: float
    synthetic: float = 0.0


@dataclass(frozen=True)
class Cell:
    """A cell of a table; the best one of its column is printed bold and says so."""

    text: str
    best: bool = False
    bar: Bar | None = None


@dataclass(frozen=True)
class Table:
    """A table whose first ``n_names`` columns name the rows; other cells hold figures or words."""

    kind: ClassVar[str] = "table"
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    n_names: int = 1
    words: bool = False


@dataclass(frozen=True)
class Figure:
    """A picture; ``source`` holds all of it, ``alt`` says what is seen, in words."""

    source: str
    alt: str
    caption: str


@dataclass(frozen=True)
class Figures:
    """Pictures beside each other where there is room; a ``wide`` one has the whole width."""

    kind: ClassVar[str] = "figures"
    items: Sequence[Figure]
    wide: bool = False


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Facts:
    """Names and what they are; with ``code`` as one would type it."""

    kind: ClassVar[str] = "facts"
    items: Sequence[tuple[str, str]]
    code: bool = False


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    blocks: Sequence[Any]

    @property
    def anchor(self) -> str:
        """What a link inside the page points to."""
        return self.title.lower().replace(" ", "-")


@dataclass(frozen=True)
class Page:
    """All of a page."""

    title: str
    lead: str
    sections: Sequence[Section] = field(default_factory=list)


def number(value: Any) -> str:
    """A figure of a column of any size in few digits.

    >>> number(30123.4), number(0.12345), number(float("nan"))
    ('30123', '0.1235', '-')
    """
    figure = float(value)
    if figure != figure:
        return NOT_KNOWN
    return f"{figure:.0f}" if LARGE <= abs(figure) < HUGE else f"{figure:.4g}"


def check_page(path: Path) -> None:
    """Refuse, before any work, a page that cannot be made or saved; its folder is made."""
    if path.suffix.lower() != EXTENSION:
        raise CommandError(f"{path}: a report is an {EXTENSION} file; change the name")
    if path.is_dir():
        raise CommandError(f"{path}: is a folder, not a file")
    try:
        for library in ("jinja2", "matplotlib"):
            import_extra(library, "cli", "The report")
        path.parent.mkdir(parents=True, exist_ok=True)
    except (ImportError, OSError) as error:
        raise CommandError(one_line(error)) from error
    if not os.access(path.resolve().parent, os.W_OK):
        raise CommandError(f"{path}: the folder {path.parent} cannot be written to")


def write_page(page: Page, path: Path) -> None:
    """Write a page, completely or not at all."""
    with atomic_path(path) as temporary:
        # file names may hold what UTF-8 cannot
        temporary.write_text(_render(page), encoding="utf-8", errors="backslashreplace")


def _render(page: Page) -> str:
    import jinja2

    from sklearn_imbgen.inspection import BLUE, ORANGE, SKY

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sklearn_imbgen.cli"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # the colours of the figures, all told apart by the colour-blind
    colors = {"original": BLUE, "original_dark": SKY, "synthetic": ORANGE}
    return environment.get_template(TEMPLATE).render(page=page, colors=colors)


def check_picture(path: Path) -> None:
    """Refuse, before any work, a picture that cannot be drawn or saved; its folder is made."""
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
