"""Where the tensors live and how many threads compute."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["limited_threads", "resolve_device"]


def resolve_device(device: str | torch.device) -> torch.device:
    """The torch device for a parameter value; "auto" takes a GPU if there is one.

    Raises
    ------
    ValueError
        If the device does not exist here.

    Examples
    --------
    >>> resolve_device("cpu")
    device(type='cpu')
    """
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        resolved = torch.device(device)
        if resolved.type == "meta":
            raise RuntimeError("meta tensors hold no data")
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f'device={device!r} is not available on this machine ({reason}); use "auto" or "cpu".'
        ) from error
    return resolved


@contextmanager
def limited_threads(n_threads: int | None) -> Iterator[None]:
    """Compute with ``n_threads`` inside the block; None leaves the setting alone.

    Small fully connected networks run fastest on one thread, and searches with
    ``n_jobs`` then do not oversubscribe the cores.
    """
    before = torch.get_num_threads()
    if n_threads is None or n_threads == before:
        yield
        return
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
