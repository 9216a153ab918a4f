"""Import of libraries that only an extra installs."""

from importlib import import_module
from types import ModuleType

__all__ = ["import_extra"]


def import_extra(module: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional library or say which extra brings it.

    Examples
    --------
    >>> import_extra("json", "cli", "reading tables").__name__
    'json'
    """
    try:
        return import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise ImportError(
            f"{purpose} needs {library}, which is not installed: "
            f'pip install "sklearn-imbgen[{extra}]"'
        ) from error
