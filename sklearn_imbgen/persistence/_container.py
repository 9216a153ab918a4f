"""The file: a skops archive with a header and the tensors in it, and what is refused."""

import io
import json
import platform
import re
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import sklearn
from sklearn.exceptions import InconsistentVersionWarning
from torch import Tensor

from sklearn_imbgen import __version__
from sklearn_imbgen.persistence._trust import own_types, without_module
from sklearn_imbgen.utils import import_extra

FORMAT = 1
HEADER, SCHEMA, TENSORS = "header.json", "schema.json", "tensors.safetensors"
# skops' own names are numbers and letters; no folder, no dot but that of the ending
MEMBER_NAME = re.compile(r"[A-Za-z0-9_-]+\.(json|npy|npz|bin|safetensors)")
LIBRARIES = ("numpy", "scikit-learn", "imbalanced-learn", "torch", "skorch", "skops")

Members = tuple[dict[str, Any], bytes, dict[str, Tensor]]


def add_members(
    archive: bytes, tensors: dict[str, Tensor], estimator: str, types: set[str]
) -> bytes:
    """A skops archive with the tensors and a header added to it."""
    safetensors = import_extra("safetensors.torch", "persistence", "saving a model")
    header = {
        "format": FORMAT,
        "sklearn_imbgen": __version__,
        "estimator": estimator,
        "types": sorted(types),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }
    buffer = io.BytesIO()
    with ZipFile(io.BytesIO(archive)) as source, ZipFile(buffer, "w", ZIP_STORED) as file:
        file.writestr(HEADER, json.dumps(header, indent=2))
        for name in source.namelist():
            part = source.read(name)
            file.writestr(name, _renamed(part, without_module) if name == SCHEMA else part)
        file.writestr(TENSORS, safetensors.save(tensors))
    return buffer.getvalue()


def read_members(content: bytes) -> Members:
    """Header, the archive itself and the tensors of a file.

    ``ValueError`` if it is not one that :func:`add_members` writes. Other errors, of the zip file,
    JSON or tensors, mean that it is damaged.
    """
    safetensors = import_extra("safetensors.torch", "persistence", "loading a model")
    with ZipFile(io.BytesIO(content)) as file:
        _check_sizes(file, len(content))
        header = json.loads(_read(file, HEADER))
        if not isinstance(header, dict) or type(header.get("format")) is not int:
            raise ValueError("its header names no format")
        # before all that another format may have in another way
        check_format(header)
        _check_names(file)
        _check_reads(json.loads(_read(file, SCHEMA)))
        tensors = safetensors.load(_read(file, TENSORS))
    return header, content, tensors


def check_format(header: dict[str, Any]) -> None:
    """Refuse a format that this version cannot read; the error says which version is needed."""
    written, writer = header["format"], header.get("sklearn_imbgen", "an unknown version")
    if written != FORMAT:
        raise FormatError(
            f"it has format {written}, written by sklearn_imbgen {writer}; this is sklearn_imbgen "
            f"{__version__}, which reads format {FORMAT}. Load it with sklearn_imbgen {writer}"
            + (" or newer." if written > FORMAT else ", or fit and save the model again.")
        )


class FormatError(ValueError):
    """The file is sound, but of a format that this version cannot read."""


def warn_of_versions(header: dict[str, Any]) -> None:
    """Warn as scikit-learn does if the model comes from another version of it."""
    libraries = header.get("libraries")
    written = libraries.get("scikit-learn") if isinstance(libraries, dict) else None
    if written != sklearn.__version__:
        warnings.warn(
            InconsistentVersionWarning(
                estimator_name=str(header.get("estimator")),
                current_sklearn_version=sklearn.__version__,
                original_sklearn_version=str(written),
            ),
            stacklevel=3,
        )


def with_modules(archive: bytes) -> bytes:
    """The archive as skops reads it: types of this library with the modules they are in now."""
    buffer = io.BytesIO()
    with ZipFile(io.BytesIO(archive)) as source, ZipFile(buffer, "w", ZIP_STORED) as file:
        for name in source.namelist():
            part = source.read(name)
            file.writestr(name, _renamed(part, _name_here) if name == SCHEMA else part)
    return buffer.getvalue()


def _renamed(schema: bytes, rename: Callable[[str], str]) -> str:
    """A schema with other names of types; without the indentation, most of a small model."""
    parsed = json.loads(schema)
    for node in _nodes(parsed):
        module, name = node.get("__module__"), node.get("__class__")
        if isinstance(module, str) and isinstance(name, str):
            node["__module__"] = rename(f"{module}.{name}").removesuffix(f".{name}")
    return json.dumps(parsed, separators=(",", ":"))


def _name_here(name: str) -> str:
    kind = own_types().get(name)
    return name if kind is None else f"{kind.__module__}.{kind.__name__}"


def _read(file: ZipFile, name: str) -> bytes:
    if name not in file.namelist():
        raise ValueError(f"it holds no {name}")
    return file.read(name)


def _check_sizes(file: ZipFile, size: int) -> None:
    """Nothing is compressed, so that the content cannot outgrow the file."""
    members = file.infolist()
    if any(member.compress_type != ZIP_STORED or member.flag_bits & 1 for member in members):
        raise ValueError("its parts are compressed or encrypted, which those of a model are not")
    if sum(member.file_size for member in members) > size:
        raise ValueError("its parts are larger than the file")


def _check_names(file: ZipFile) -> None:
    names = file.namelist()
    for name in names:
        if not MEMBER_NAME.fullmatch(name):
            raise ValueError(f"it holds {name!r}, which no model file does")
    if len(set(names)) < len(names):
        raise ValueError("two of its parts have the same name")


def _check_reads(schema: Any) -> None:
    """Each array is read once, so that a small file cannot fill the memory with copies."""
    readers: dict[Any, Any] = {}
    for node in _nodes(schema):
        name, reader = node.get("file"), node.get("__id__")
        if name is not None and readers.setdefault(name, reader) != reader:
            raise ValueError(f"it reads {name!r} more than once")


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    rest = [schema]
    while rest:
        node = rest.pop()
        if isinstance(node, dict):
            yield node
            rest.extend(node.values())
        elif isinstance(node, list):
            rest.extend(node)
