"""The page on the architecture names files and functions that are there."""

import re
from importlib import import_module
from operator import attrgetter
from pathlib import Path

import pytest

import sklearn_imbgen

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
TRIPS = PAGE.split("## Four trips")[1].split("\n## ")[0]
EQUATIONS = PAGE.split("## From an equation to a function")[1].split("\n## ")[0]
FUNCTIONS = sorted(set(re.findall(r"`([\w.]+)`", EQUATIONS)))
FOLDERS = "|".join(path.parent.name for path in ROOT.glob("sklearn_imbgen/*/__init__.py"))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_of_an_equation_is_there(name):
    first, _, rest = name.partition(".")
    if first[0].isupper():
        classes = (sklearn_imbgen, import_module("sklearn_imbgen.over_sampling"))
        found = next(getattr(module, first) for module in classes if hasattr(module, first))
        assert callable(attrgetter(rest)(found))
        return
    found = import_module(f"sklearn_imbgen.{first}")
    for part in rest.split("."):
        if part.startswith("_"):
            import_module(f"{found.__name__}.{part}")
        found = getattr(found, part)
    assert callable(found)


def test_each_file_of_a_trip_is_there():
    folder, names = None, re.findall(rf"`((?:(?:{FOLDERS})/)?_?\w+\.py)`", TRIPS)
    assert len(names) > 20
    for name in names:
        # a bare name is in the folder of the one before it
        folder = name.rpartition("/")[0] or folder
        assert (ROOT / "sklearn_imbgen" / folder / Path(name).name).exists(), name
