"""What the benchmark of threads counts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import thread_speed

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")


def test_the_thread_that_looks_runs():
    assert thread_speed.running_threads(os.getpid()) >= 1


def test_a_process_that_waits_or_has_ended_runs_no_thread():
    words = [sys.executable, "-c", "print('up', flush=True); input()"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        # it may still be on its way from the print to the wait
        assert 0 in (thread_speed.running_threads(process.pid) for _ in range(10_000))
    assert thread_speed.running_threads(process.pid) == 0


@pytest.mark.parametrize("name", thread_speed.SEARCHES)
def test_both_settings_search_the_same(name):
    ours, naive = (thread_speed.SEARCHES[name](naive)[0] for naive in (False, True))
    assert list(ours.param_grid.values()) == list(naive.param_grid.values())
