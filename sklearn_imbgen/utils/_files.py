"""Files that are whole or not there."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

__all__ = ["whole_file"]


@contextmanager
def whole_file(path: Any, name: str) -> Iterator[Path]:
    """A file beside ``path`` to write to, which takes its place when the block ends well.

    Whenever the process dies, ``path`` is the old file or the new one, never half of one.

    Parameters
    ----------
    path : str or path-like
    name : str
        What the file is called in messages.

    Yields
    ------
    Path
        Of the unfinished file.

    Raises
    ------
    OSError
        If the file cannot be written, for example because the disk is full. It is of the
        class that fits, such as FileNotFoundError for a folder that does not exist.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with whole_file(folder / "votes.txt", "votes") as unfinished:
    ...     _ = unfinished.write_text("0 1 1")
    >>> [file.name for file in folder.iterdir()]
    ['votes.txt']
    """
    path = Path(path)
    # processes and threads that write the same file do not write into each other's
    mark = f"{os.getpid()}-{threading.get_ident()}"
    unfinished = path.with_name(f"{path.name}.{mark}.part")
    try:
        yield unfinished
        with open(unfinished, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError as error:
        message = f"{name} cannot be written: {error.strerror or error}"
        raise OSError(*((error.errno, message) if error.errno else (message,))) from error
    finally:
        with suppress(OSError):
            unfinished.unlink()
