"""A self-contained HTML page: its parts as data, and the template that lays them out."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from sklearn_imbgen.cli._messages import CommandError, one_line
from sklearn_imbgen.cli._tables import atomic_path
from sklearn_imbgen.utils import import_extra

__all__ = [
    "NOT_KNOWN",
    "Bar",
    "Cell",
    "Facts",
    "Figure",
    "Figures",
    "Page",
    "Section",
    "Table",
    "Text",
    "check_page",
    "number",
    "write_page",
]

EXTENSION = ".html"
TEMPLATE = "report.html.jinja"
NOT_KNOWN = "-"
# From here on all digits before the point are written, and none after it.
LARGE, HUGE = 1000, 1e15


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

    Examples
    --------
    >>> number(30123.4), number(0.12345), number(float("nan"))
    ('30123', '0.1235', '-')
    """
    figure = float(value)
    if figure != figure:
        return NOT_KNOWN
    return f"{figure:.0f}" if LARGE <= abs(figure) < HUGE else f"{figure:.4g}"


def check_page(path: Path) -> None:
    """Refuse a page that cannot be made or saved, before any work is done.

    The folder is made if it does not exist.
    """
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
