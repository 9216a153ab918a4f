"""The lowest versions are those that pyproject.toml declares."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / ".ci" / "lowest_pins.py"


def pins(*words):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *words], stdout=subprocess.PIPE, text=True, check=True
    )
    return dict(line.split("==") for line in done.stdout.splitlines())


def test_the_lower_bounds_become_pins():
    found = pins()
    declared = (ROOT / "pyproject.toml").read_text()
    for name in ("numpy", "scikit-learn", "skorch", "pandas", "skops"):
        assert f'"{name}>={found[name]}' in declared
    # a tool and torch stay as they are developed with
    constraints = (ROOT / "constraints.txt").read_text()
    for name in ("pytest", "torch"):
        assert f"\n{name}=={found[name]}\n" in constraints
    assert pins("--with-torch")["torch"] == re.search(r'"torch>=([\d.]+)"', declared)[1]


def test_a_dependency_without_a_lower_bound_is_named():
    lowest = runpy.run_path(str(SCRIPT))["lowest"]
    assert lowest("dask[dataframe]>=2025.1,<2027") == "dask[dataframe]==2025.1"
    with pytest.raises(SystemExit, match="'numpy' declares no lower bound"):
        lowest("numpy")
