"""Where tensors live, how many threads compute, and randomness that is given back."""

import multiprocessing
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
from joblib.parallel import get_active_backend

from sklearn_imbgen.utils import draw_seed

__all__ = [
    "compute_settings",
    "draw_seed",
    "isolated_rng",
    "limited_threads",
    "resolve_device",
    "thread_share",
    "torch_generator",
]

_GLOBAL_RNG = threading.RLock()


def torch_generator(random_state: np.random.RandomState) -> torch.Generator:
    """A CPU generator of its own; draws on it never touch torch's global RNG."""
    return torch.Generator().manual_seed(draw_seed(random_state))


@contextmanager
def isolated_rng(seed: int | None) -> Iterator[None]:
    """Seed torch's global RNG inside the block and give the caller's state back.

    For modules that draw from the global RNG (initialisation of a user's
    module, dropout). Threads take turns, since that RNG belongs to the whole
    process. With ``seed=None`` the block runs as it is.
    """
    if seed is None:
        yield
        return
    devices = list(range(torch.cuda.device_count()))
    with _GLOBAL_RNG, torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def resolve_device(device: str | torch.device) -> torch.device:
    """The torch device for a parameter value; "auto" takes a GPU if there is one.

    ValueError if the device does not exist here.
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
    # torch's own words on a missing device fill pages
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        there = ["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
        there += ["mps"] if torch.backends.mps.is_available() else []
        raise ValueError(
            f'device={device!r} is not available on this machine; "auto" takes the best of its '
            f"devices, which are {', '.join(there)}."
        ) from error
    return resolved


@contextmanager
def limited_threads(n_threads: int | None) -> Iterator[None]:
    """Compute with ``n_threads`` inside the block; None leaves the setting alone.

    Small fully connected networks run fastest on one thread. The number is that of the
    calling thread; others keep theirs.
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
def thread_share(*, takes_turns: bool = False) -> Iterator[None]:
    """Compute on one thread where each worker of a parallel run would take all cores.

    That is inside threads and forked processes of joblib, and inside dask workers without a
    nanny. A fork has a second reason: torch waits there for ever for threads that its parent
    has used (and so does scikit-learn, which this does not change). Processes of loky and of
    dask's nannies were started with their share of the cores: nothing is changed there, nor
    outside of parallel runs. ``takes_turns`` says that :func:`isolated_rng` lets one thread of
    this process compute at a time, which may then have all cores.
    """
    with limited_threads(1 if _shares_cores(takes_turns) else None):
        yield


def _shares_cores(takes_turns: bool) -> bool:
    in_thread = threading.current_thread() is not threading.main_thread()
    if get_active_backend()[0].nesting_level:
        # a worker of joblib: loky's computes in the main thread of a process that is no daemon
        forked = multiprocessing.current_process().daemon
        return forked or (in_thread and not takes_turns)
    return in_thread and not takes_turns and _is_dask_worker_without_nanny()


def _is_dask_worker_without_nanny() -> bool:
    # where dask runs this, it has been imported
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return False
    try:
        return distributed.get_worker().nanny is None
    except ValueError:
        return False


@contextmanager
def compute_settings(device: torch.device, module_seed: int | None = None) -> Iterator[None]:
    """Train networks inside the block, whatever torch settings the caller has.

    ``module_seed`` seeds torch's global RNG, for a user's module that may draw from it. None is
    for modules of this package: they draw from their own generators, and on the CPU one thread
    is fastest for them.
    """
    with ExitStack() as stack:
        stack.enter_context(isolated_rng(module_seed))
        # the caller may stand inside torch.no_grad
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        if module_seed is None and device.type == "cpu":
            stack.enter_context(limited_threads(1))
        else:
            stack.enter_context(thread_share(takes_turns=module_seed is not None))
        yield
