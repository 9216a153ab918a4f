"""Files that are whole or not there."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


@contextmanager
def whole_file(path: Any, name: str) -> Iterator[Path]:
    """A file to write to, which takes the place of ``path`` when the block ends well.

    Whenever the process dies, ``path`` is the old file or the new one, never half of one, and
    on Linux no other file is left. An ``OSError`` of the class that fits, with ``name`` for what
    the file is, says that it cannot be written.
    """
    path = Path(path)
    # processes and threads that write the same file do not write into each other's
    mark = f"{os.getpid()}-{threading.get_ident()}"
    named = path.with_name(f"{path.name}.{mark}.part")
    descriptor = None
    try:
        descriptor = _open_unnamed(path.parent)
        unfinished = named if descriptor is None else Path(f"/proc/self/fd/{descriptor}")
        yield unfinished
        with open(unfinished, "rb+") as file:
            os.fsync(file.fileno())
        if descriptor is not None:
            # only with a folder does Python follow the link; the path is absolute all the same
            os.link(unfinished, named, src_dir_fd=descriptor, follow_symlinks=True)
        os.replace(named, path)
    except OSError as error:
        message = f"{name} cannot be written: {error.strerror or error}"
        raise OSError(*((error.errno, message) if error.errno else (message,))) from error
    finally:
        if descriptor is not None:
            os.close(descriptor)
        with suppress(OSError):
            named.unlink()


def _open_unnamed(folder: Path) -> int | None:
    """A file without a name, of which nothing is left if the process is killed.

    None where the system has none.
    """
    if not hasattr(os, "O_TMPFILE") or not os.path.isdir("/proc/self/fd"):
        return None
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o666)
    except OSError:
        # an older file system; what else is wrong is found when a named file is opened
        return None
