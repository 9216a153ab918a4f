"""Where the tensors live and how many threads compute."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

from sklearn_imbgen.nn.seeding import isolated_rng

__all__ = ["compute_settings", "limited_threads", "resolve_device"]


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


@contextmanager
def compute_settings(device: torch.device, module_seed: int | None = None) -> Iterator[None]:
    """Train networks inside the block, whatever torch settings the caller has.

    Parameters
    ----------
    device : torch.device
    module_seed : int or None, default=None
        Seeds torch's global RNG inside the block, for a user's module that may draw
        from it. None where only modules of this package are trained: they draw from
        their own generators, and on the CPU one thread is fastest for them.
    """
    with ExitStack() as stack:
        stack.enter_context(isolated_rng(module_seed))
        # the caller may stand inside torch.no_grad
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        if module_seed is None and device.type == "cpu":
            stack.enter_context(limited_threads(1))
        yield
