"""Print the lowest versions that pyproject.toml allows, as pip requirements.

    python .ci/lowest_pins.py [--with-torch]

Libraries of the run-time and of every extra in EXTRAS are pinned to their lower bounds. The
tools of the extra `test` are the developers' own: they stay as in constraints.txt. So does
torch, whose other versions bring a gigabyte of GPU libraries; --with-torch pins it as well.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = ("cli", "plots", "robust", "distributed", "persistence")


def lowest(requirement: str) -> str:
    """Requirement pinned to its lower bound.

    >>> lowest("dask[dataframe]>=2025.1,<2027")
    'dask[dataframe]==2025.1'
    """
    found = re.fullmatch(r"([\w.-]+(?:\[[\w,.-]+\])?)>=([\w.]+)(?:,.*)?", requirement)
    if found is None:
        sys.exit(f"pyproject.toml: {requirement!r} declares no lower bound")
    return "==".join(found.groups())


def name_of(requirement: str) -> str:
    """Name of a library without extras and versions, as pip compares names."""
    return re.sub("[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]).lower()


def pins(*, with_torch: bool) -> Iterator[str]:
    """One requirement per library."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = {}
    for requirement in [*project["dependencies"], *(r for name in EXTRAS for r in extras[name])]:
        declared.setdefault(name_of(requirement), requirement)
    tools = {name_of(r) for r in extras["test"]} - set(declared) - {"sklearn-imbgen"}
    as_developed = tools if with_torch else {*tools, "torch"}
    for name, requirement in declared.items():
        if name not in as_developed:
            yield lowest(requirement)
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if not line.startswith("#") and name_of(line) in as_developed:
            yield line


if __name__ == "__main__":
    sys.stdout.writelines(f"{pin}\n" for pin in pins(with_torch="--with-torch" in sys.argv[1:]))
