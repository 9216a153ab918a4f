"""What several questions of cost share: a process of its own, growth, the cheapest round."""

import multiprocessing
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import pandas as pd


def in_new_process(
    function: Callable[..., Any], *arguments: Any, limit: float | None = None
) -> Any:
    """What a function returns in a new process, or None if that takes more seconds than ``limit``.

    Peak memory and torch's settings are those of a process, and here nothing came before.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sender, function, arguments))
    process.start()
    sender.close()
    try:
        if not receiver.poll(limit):
            process.kill()
            return None
        return receiver.recv()
    except EOFError as error:
        raise SystemExit(f"{function.__name__}{arguments} failed, see above") from error
    finally:
        process.join()


def _send(sender: Connection, function: Callable[..., Any], arguments: tuple) -> None:
    sender.send(function(*arguments))
    sender.close()


def growth(costs: Mapping[float, float]) -> float:
    """Exponent p of cost ~ size**p, by least squares: 1 is linear, 0 is constant."""
    return float(np.polyfit(np.log(list(costs)), np.log(list(costs.values())), 1)[0])


def cheapest(scores: pd.DataFrame, measures: list[str]) -> pd.DataFrame:
    """The least of each measure over the rounds, by set and method; the rest was disturbance."""
    return scores.groupby(["set", "method"], sort=False)[measures].min()
