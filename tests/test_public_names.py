"""What is public: the API page, CONTRIBUTING.md and the packages say the same."""

import re
from importlib import import_module
from pathlib import Path

import pytest

import sklearn_imbgen

ROOT = Path(__file__).parents[1]
LISTED = re.findall(
    r"^   sklearn_imbgen\.(\w+)$", (ROOT / "docs" / "api.rst").read_text("utf-8"), flags=re.M
)
MODULES = [name for name in LISTED if name not in sklearn_imbgen.__all__]


def test_contributing_names_the_modules_of_the_api_page_and_those_that_are_not_public():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    public, others = re.search(r"Public is what (.*?); and\s(.*?)are not:", text, re.S).groups()
    assert re.findall(r"`([a-z_]+)`", public)[1:-1] == MODULES
    folders = {path.parent.name for path in Path(sklearn_imbgen.__file__).parent.glob("*/*.py")}
    private = set(re.findall(r"`([a-z]+)`", others)) & folders
    assert folders - {"__pycache__", "cli"} == (set(MODULES) | private) - {"exceptions"}


@pytest.mark.parametrize("name", MODULES)
def test_a_public_module_names_what_it_has(name):
    module = import_module(f"sklearn_imbgen.{name}")
    assert module.__all__
    assert [word for word in module.__all__ if not hasattr(module, word)] == []
    assert not [word for word in module.__all__ if word.startswith("_")]
