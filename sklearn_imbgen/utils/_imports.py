"""Imports that wait: names used for the first time, libraries that an extra installs."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any


def lazy_names(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make ``__getattr__`` and ``__dir__`` of a package, so that importing it stays cheap.

    ``homes`` has for each lazy name the submodule that defines it; the package's ``__all__`` lists
    all its public names.
    """

    def get(name: str) -> Any:
        if name in homes:
            return getattr(import_module(f"{package}.{homes[name]}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def names() -> list[str]:
        module = vars(sys.modules[package])
        return sorted({*module, *module["__all__"]})

    return get, names


def import_extra(module: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional library or say which extra brings it."""
    try:
        return import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise ImportError(
            f"{purpose} needs {library}, which is not installed: "
            f'pip install "sklearn-imbgen[{extra}]"'
        ) from error
