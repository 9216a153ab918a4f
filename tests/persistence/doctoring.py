"""Model files with something changed in them."""

import io
import json
import os
from zipfile import ZIP_STORED, ZipFile

import numpy as np
import skops.io


class Hostile:
    """Makes a folder when it is unpickled."""

    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return (os.mkdir, (self.target,))


def members(path):
    with ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def write(path, parts, compression=ZIP_STORED):
    with ZipFile(path, "w", compression) as file:
        for name, content in parts.items():
            file.writestr(name, content)


def change_json(path, name, change):
    """Apply ``change`` to the parsed "header" or "schema"."""
    parts = members(path)
    parsed = json.loads(parts[f"{name}.json"])
    change(parsed)
    write(path, {**parts, f"{name}.json": json.dumps(parsed)})


def node(loader, full_name, content=None, **more):
    """A node of a skops archive that asks for an object of any type."""
    module, _, name = full_name.rpartition(".")
    fields = {"__module__": module, "__class__": name, "__loader__": loader, **more}
    return fields if content is None else {**fields, "content": content}


def plain(value):
    """The nodes of a harmless value, arrays excepted."""
    with ZipFile(io.BytesIO(skops.io.dumps(value))) as file:
        parsed = json.loads(file.read("schema.json"))
    return without_ids(parsed)


def without_ids(parsed):
    # two values must not pass for one
    if isinstance(parsed, dict):
        return {k: without_ids(v) for k, v in parsed.items() if k != "__id__"}
    return list(map(without_ids, parsed)) if isinstance(parsed, list) else parsed


def record(kind, **content):
    """The nodes of a record of ours."""
    state = {"kind": kind, "content": content}
    full_name = "sklearn_imbgen.persistence.Stored"
    return node("ObjectNode", full_name, plain(state))


def put(path, hostile, **parts):
    """Make the estimator's random_state a hostile node; ``parts`` are more files."""

    def change(schema):
        schema["content"]["content"]["random_state"] = hostile

    change_json(path, "schema", change)
    write(path, {**members(path), **{k.replace("_", "."): v for k, v in parts.items()}})


def pickled_array(value):
    """A .npy file that holds a pickle."""
    buffer = io.BytesIO()
    array = np.empty(1, dtype=object)
    array[0] = value
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()
