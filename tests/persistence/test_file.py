"""Versions, writing, and the extra that is needed."""

import errno
import os
import re
import sys
from types import ModuleType

import pytest
from sklearn.exceptions import InconsistentVersionWarning

from sklearn_imbgen import __version__
from sklearn_imbgen.over_sampling import SWIM
from sklearn_imbgen.persistence import load_model, save_model, save_weights
from sklearn_imbgen.persistence._trust import own_types
from tests.persistence.conftest import fit
from tests.persistence.doctoring import change_json, members, write


@pytest.fixture
def saved(path):
    save_model(fit("SWIM"), path)
    return path


def test_a_newer_format_names_the_version_it_needs(saved):
    change_json(saved, "header", lambda header: header.update(format=2, sklearn_imbgen="7.3"))
    # what else a newer format changes does not matter
    parts = members(saved)
    del parts["tensors.safetensors"]
    write(saved, {**parts, "news.bin": b""})
    message = rf"model\.skops'.*format 2, written by sklearn_imbgen 7\.3; this is .*{__version__}, "
    with pytest.raises(
        ValueError, match=message + r"which reads format 1\. Load it .* 7\.3 or newer"
    ):
        load_model(saved)


def test_a_forgotten_format_names_the_version_it_needs(saved):
    change_json(saved, "header", lambda header: header.update(format=0, sklearn_imbgen="0.0.3"))
    with pytest.raises(ValueError, match=r"format 0, .* with sklearn_imbgen 0\.0\.3, or fit"):
        load_model(saved)


@pytest.mark.parametrize("given", [None, "1", True, 1.0])
def test_a_header_without_a_format_is_refused(saved, given):
    change_json(saved, "header", lambda header: header.update(format=given))
    with pytest.raises(ValueError, match="names no format"):
        load_model(saved)


def test_a_type_that_has_gone_names_both_versions(saved):
    def change(schema):
        schema["content"]["content"]["_codec"]["__class__"] = "Judges"
        schema["content"]["content"]["_codec"]["__module__"] = "sklearn_imbgen.gone"

    change_json(saved, "header", lambda header: header.update(sklearn_imbgen="0.0.9"))
    change_json(saved, "schema", change)
    with pytest.raises(ValueError, match=r"not trusted: sklearn_imbgen\.gone\.Judges.*0\.0\.9"):
        load_model(saved)


def test_another_scikit_learn_is_warned_of(saved):
    change_json(
        saved, "header", lambda header: header["libraries"].update({"scikit-learn": "1.5.0"})
    )
    with pytest.warns(InconsistentVersionWarning, match=r"SWIM from version 1\.5\.0"):
        load_model(saved)


def test_a_failed_write_keeps_the_last_file_and_leaves_no_half_one(saved, monkeypatch):
    content = saved.read_bytes()

    def full_disk(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    for save in (save_model, save_weights):
        with pytest.raises(OSError, match=r"model\.skops' cannot be written: No space") as caught:
            save(fit("ImbMix"), saved)
        assert caught.value.errno == errno.ENOSPC
    assert saved.read_bytes() == content
    assert [file.name for file in saved.parent.iterdir()] == ["model.skops"]


def test_a_folder_that_cannot_be_written_to(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing/model\.skops' cannot be written"):
        save_model(fit("SWIM"), tmp_path / "missing" / "model.skops")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match=r"file/model\.skops' cannot be written"):
        save_model(fit("SWIM"), tmp_path / "file" / "model.skops")
    with pytest.raises(OSError, match=f"{tmp_path.name}' cannot be written"):
        save_model(fit("SWIM"), tmp_path)


def test_a_file_that_does_not_exist(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_model(tmp_path / "nowhere.skops")


def test_the_same_file_is_written_over(saved):
    save_model(fit("ImbMix"), str(saved))
    assert type(load_model(str(saved))).__name__ == "ImbMix"


@pytest.mark.parametrize("missing", ["skops", "safetensors"])
def test_the_extra_is_named(saved, monkeypatch, missing):
    for name in [name for name in sys.modules if name.partition(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    message = rf"needs {missing}.*pip install \"sklearn-imbgen\[persistence\]\""
    with pytest.raises(ImportError, match=message):
        load_model(saved)
    with pytest.raises(ImportError, match=message):
        save_model(fit("SWIM"), saved)


def test_a_file_names_no_private_module_of_this_library(path):
    for name in ("GLGAN", "ICEDClassifier", "ImbMix", "SRATClassifier"):
        save_model(fit(name), path)
        text = members(path)["schema.json"].decode()
        own = set(re.findall(r"sklearn_imbgen(?:\.\w+)+", text + str(members(path)["header.json"])))
        assert len(own) > 2
        assert not {one for one in own if len(one.split(".")) > 3}


def test_a_file_stays_loadable_when_a_module_moves(saved, monkeypatch):
    moved = ModuleType("sklearn_imbgen.over_sampling._elsewhere")
    moved.SWIM = type("SWIM", (SWIM,), {"__module__": moved.__name__})
    monkeypatch.setitem(sys.modules, moved.__name__, moved)
    monkeypatch.setitem(own_types(), "sklearn_imbgen.over_sampling.SWIM", moved.SWIM)
    assert type(load_model(saved)) is moved.SWIM
