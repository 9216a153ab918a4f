"""Every mistake of a user is one line on stderr, exit status 2 and no file."""

import gzip
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from sklearn_imbgen import cli
from sklearn_imbgen.cli import _tables

RESAMPLE = ("--target", "label", "-o", "out.csv", "--method", "smote")


def drop_label(frame):
    return frame.drop(columns="label")


def one_class(frame):
    return frame.assign(label="rare")


def one_rare_row(frame):
    return pd.concat([frame[frame.label == "common"], frame[frame.label == "rare"][:1]])


def hole(frame):
    frame = frame.copy()
    frame.loc[3, "size"] = np.nan
    return frame


def infinite(frame):
    frame = frame.copy()
    frame.loc[3, "size"] = np.inf
    return frame


def unlabelled(frame):
    frame = frame.copy()
    frame.loc[4, "label"] = None
    return frame


BAD_TABLES = {
    "no target column": (drop_label, ["no column 'label'", "the columns are 'size', 'count'"]),
    "one class": (one_class, ["one class only", "rare (50 rows)"]),
    "no rows": (lambda frame: frame[:0], ["the table has no rows"]),
    "target alone": (lambda frame: frame[["label"]], ["no column besides the target"]),
    "missing value": (hole, ["row 3, column 'size' is missing"]),
    "infinite value": (infinite, ["row 3, column 'size' is infinite"]),
    "missing label": (unlabelled, ["row 4, column 'label' is missing"]),
}


@pytest.mark.parametrize("command", ["compare", "resample"])
@pytest.mark.parametrize("case", BAD_TABLES)
def test_bad_table(case, command, fails, save, numeric):
    spoil, texts = BAD_TABLES[case]
    save(spoil(numeric))
    options = RESAMPLE if command == "resample" else ("--target", "label")
    line = fails(command, "in.csv", *options)
    assert all(text in line for text in texts)


def test_text_column_is_named_with_the_way_out(fails, save, frame):
    save(frame)
    line = fails("resample", "in.csv", *RESAMPLE, "--categorical", "code")
    assert "'red' in row 0, column 'colour' is no number" in line
    assert "--categorical colour" in line


def test_class_with_one_row(fails, run, save, numeric):
    save(one_rare_row(numeric))
    assert "class rare has 1 row and SMOTE needs 2" in fails("resample", "in.csv", *RESAMPLE)
    # the way out that the message names
    assert run("resample", "in.csv", *RESAMPLE, "--method", "random").exit_code == 0


def test_fewer_rows_than_folds(fails, save, numeric):
    save(numeric)
    line = fails("compare", "in.csv", "--target", "label", "--folds", 11)
    assert "class rare has 10 row(s), fewer than the 11 folds" in line


def test_one_training_row_in_a_fold(fails, save, numeric):
    save(pd.concat([numeric[numeric.label == "common"], numeric[numeric.label == "rare"][:2]]))
    line = fails("compare", "in.csv", "--target", "label", "--folds", 2, "--methods", "smote")
    assert "class rare has 1 row in the training part of a fold" in line


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("in.csv", b"", "the file is empty"),
        ("in.csv", b'a,label\n"1,x\n', "cannot be read"),
        (
            "in.csv",
            b"a,label\n1,x\n\xe9,x\n",
            "'\xe9' in row 1, column 'a' is not utf-8; say --encoding",
        ),
        ("in.csv.gz", b"a,label\n1,x\n", "cannot be read"),
        ("in.csv.gz", gzip.compress(b"a,label\n1,x\n" * 99, mtime=0)[:-12], "cannot be read"),
        ("in.parquet", b"PAR1", "cannot be read"),
        ("in.parquet", b"", "cannot be read"),
        ("in.xlsx", b"", "unknown extension; a table is one of .csv, .csv.gz, .parquet"),
    ],
)
def test_broken_file(name, content, text, fails, tmp_path):
    (tmp_path / name).write_bytes(content)
    assert text in fails("resample", name, *RESAMPLE)


def test_unreadable_file(fails, save, numeric, monkeypatch):
    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    save(numeric)
    monkeypatch.setattr(_tables, "_parse_csv", refuse)
    assert "cannot be read: [Errno 13]" in fails("resample", "in.csv", *RESAMPLE)


def test_folder_that_cannot_be_written_to(fails, save, numeric, monkeypatch):
    save(numeric)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    assert "the folder . cannot be written to" in fails("resample", "in.csv", *RESAMPLE)


def test_path_that_is_no_file(fails, tmp_path):
    (tmp_path / "folder.csv").mkdir()
    assert "no such file" in fails("resample", "absent.csv", *RESAMPLE)
    assert "is a folder" in fails("resample", "folder.csv", *RESAMPLE)
    assert "is a folder" in fails("resample", "in.csv", *RESAMPLE, "-o", "folder.csv")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("-o", "absent/out.csv"), "the folder absent does not exist"),
        (("-o", "out.txt"), "out.txt: unknown extension"),
        (("--method", "adasyn"), "unknown method 'adasyn'; choose from random, smote"),
        (("--method", "none"), "unknown method 'none'"),
        (("--sampling-strategy", "blue"), "the classes are common, rare"),
        (("--sampling-strategy", "1.5"), "no number above 0 up to 1"),
        (("--sampling-strategy", "common"), "class common is the largest already"),
        (("--sampling-strategy", "0.01"), "SMOTE: "),
        (("--categorical", "shape"), "no column 'shape'"),
        (("--categorical", "label"), "leave it out of --categorical"),
        (("--seed", "x"), "Invalid value for '--seed'"),
        (("--colour", "x"), "No such option"),
    ],
)
def test_bad_option_of_resample(options, text, fails, save, numeric):
    save(numeric)
    assert text in fails("resample", "in.csv", *RESAMPLE, *options)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("in.csv",), "name the column with the class by --target; the columns are 'size'"),
        (("--target", "label"), "no DATA is given"),
        (("in.csv", "--target", "label", "--ratio", "0.1"), "--ratio thins the built-in digits"),
        (("--methods", "none,adasyn"), "unknown method 'adasyn'"),
        (("--methods", ""), "no method given"),
        (("--classifiers", "knn"), "unknown classifier 'knn'; choose from linear-svc"),
        (("--ratio", "0.001"), "--ratio 0.001 leaves 0 of"),
        (("--picture", "out.bmp"), "a picture is one of .png"),
        (("--picture", "in.csv/out.png"), "File exists"),
    ],
)
def test_bad_option_of_compare(options, text, fails, save, numeric):
    save(numeric)
    assert text in fails("compare", *options)


def test_named_row_index_is_refused(fails, save, numeric):
    save(numeric.rename_axis("person"), "in.parquet")
    assert "['person']" in fails("resample", "in.parquet", *RESAMPLE)


@pytest.mark.parametrize("library", ["click", "pandas"])
def test_missing_library(library, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(SystemExit) as caught:
        cli.main([])
    assert caught.value.code == 2
    line = capsys.readouterr().err
    assert f"imbgen: error: The command imbgen needs {library}" in line
    assert 'pip install "sklearn-imbgen[cli]"' in line


def test_missing_pyarrow(fails, save, numeric, monkeypatch):
    save(numeric, "in.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "needs pyarrow" in fails("resample", "in.parquet", *RESAMPLE)


def test_ctrl_c(run, save, numeric, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    save(numeric)
    monkeypatch.setattr(_tables, "_parse_csv", interrupt)
    result = run("resample", "in.csv", *RESAMPLE)
    assert result.exit_code == 130
    assert result.stderr.strip() == "imbgen: interrupted"


def test_help_and_version(capsys):
    for words in ([], ["--help"], ["--version"], ["compare", "--help"]):
        with pytest.raises(SystemExit) as caught:
            cli.main(words)
        assert caught.value.code == 0
    assert "imbgen, version" in capsys.readouterr().out


def test_help_waits_for_no_library_but_click():
    code = (
        "import sys; from sklearn_imbgen.cli import main\n"
        "try: main(['resample', '--help'])\n"
        "finally: print({'numpy', 'pandas', 'sklearn', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")
