"""Where a benchmark's runs take place: processes of this machine, or workers of a dask cluster.

The workers import these scripts, and read the sets' files, from the same paths as here:

    dask scheduler
    PYTHONPATH=benchmarks dask worker HOST:8786 --nworkers 8 --nthreads 1     # on each host
    python benchmarks/robust.py --cluster HOST:8786 ...

Needs the extra ``distributed``; docs/distributed.md says more.
"""

import argparse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from joblib import parallel_config

from sklearn_imbgen.utils import import_extra


def parallel_options(parser: argparse.ArgumentParser, what: str) -> None:
    """Options of all benchmarks that run several things at the same time."""
    parser.add_argument("--jobs", type=int, default=1, help=f"{what} at the same time")
    parser.add_argument("--cluster", metavar="HOST:PORT",
                        help=f"{what} on all workers of this dask cluster, not --jobs")  # fmt: skip


@contextmanager
def running_on(address: str | None, data: Iterable[Any] = ()) -> Iterator[None]:
    """Run joblib's tasks inside the block on a dask cluster; None is this machine.

    ``data`` are arguments of the tasks that every worker is to have: what only one of them holds
    is lost with it, and with that the whole run.
    """
    if address is None:
        yield
        return
    distributed = import_extra("distributed", "distributed", "--cluster")
    with distributed.Client(address), parallel_config(backend="dask", scatter=list(data)):
        yield
