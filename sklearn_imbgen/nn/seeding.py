"""Randomness that is borrowed from ``random_state`` and never from the global RNGs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from sklearn_imbgen.utils import draw_seed

__all__ = ["draw_seed", "isolated_rng", "torch_generator"]

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
