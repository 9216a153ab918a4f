"""Trainings that are killed without warning: python kill.py PLAN.json, for test_killed.py.

One process makes all of them, each in a fork of its own: importing torch takes longer than they do.
"""

import io
import json
import os
import signal
import sys

import numpy as np
import torch

from sklearn_imbgen import robust
from sklearn_imbgen.nn import limited_threads


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def at_call(number):
    """Kill at a call of any function of the library, counted from now."""
    left = number

    def watch(frame, event, argument):
        nonlocal left
        if event == "call" and "sklearn_imbgen" in frame.f_code.co_filename:
            left -= 1
            if left == 0:
                kill()

    sys.setprofile(watch)


def in_write(number):
    """Kill when half of a checkpoint is written."""
    save, left = torch.save, number

    def half(state, target):
        nonlocal left
        left -= 1
        if left:
            return save(state, target)
        content = io.BytesIO()
        save(state, content)
        target.write_bytes(content.getvalue()[: content.tell() // 2])
        return kill()

    torch.save = half


def around_rename(number, *, before):
    """Kill just before or after a checkpoint takes its name."""
    replace, left = os.replace, number

    def watched(source, target):
        nonlocal left
        left -= 1
        if left == 0 and before:
            kill()
        replace(source, target)
        if left == 0:
            kill()

    os.replace = watched


SEAMS = {
    "call": at_call,
    "write": in_write,
    "rename": lambda number: around_rename(number, before=True),
    "renamed": lambda number: around_rename(number, before=False),
}


def run(plan):
    """Signals that ended the runs of a plan; 0 for one that came to its end."""
    X, y = np.load(plan["X"]), np.load(plan["y"])
    # the first optimizer imports a lot: once here, not in each fork
    torch.optim.SGD([torch.zeros(1)])
    ends = []
    for kind, parameters, seam, number in plan["runs"]:
        net = getattr(robust, kind)(**parameters)
        process = os.fork()
        if process == 0:
            with limited_threads(1):
                SEAMS[seam](number)
                net.fit(X, y)
            os._exit(0)
        _, status = os.waitpid(process, 0)
        ends.append(os.WTERMSIG(status))
    return ends


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        sys.stdout.write(json.dumps(run(json.load(file))))
