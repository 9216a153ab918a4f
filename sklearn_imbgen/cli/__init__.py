"""The command ``imbgen``: compare over-samplers, resample tables, aggregate votes."""

import sys
from collections.abc import Sequence

from sklearn_imbgen.utils import import_extra

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit status.

    Parameters
    ----------
    arguments : sequence of str, default=None
        The words after ``imbgen``; None takes those of the process.

    Raises
    ------
    SystemExit
        Always: 0 after success, 2 after an error, 130 after Ctrl-C.
    """
    try:
        for library in ("click", "pandas"):
            import_extra(library, "cli", "The command imbgen")
    except ImportError as error:
        sys.stderr.write(f"imbgen: error: {error}\n")
        sys.exit(2)
    from sklearn_imbgen.cli._app import app

    app.main(None if arguments is None else list(arguments), prog_name="imbgen")
