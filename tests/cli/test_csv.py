"""CSV files as people have them: nothing of the originals is lost, and messages name an option."""

import gzip
import os

import numpy as np
import pandas as pd
import pytest

WORDS = ("--target", "label", "--quiet")
N_ROWS = 40


def lines(cells=lambda i: f"{i % 7}.5", header="x,label", sep=",", end="\n"):
    """40 rows, of which every fourth is rare, as text."""
    rows = [f"{cells(i)}{sep}{'rare' if i % 4 == 0 else 'common'}" for i in range(N_ROWS)]
    return end.join([header, *rows]) + end


@pytest.fixture
def write(tmp_path):
    def write_bytes(text, name="in.csv", encoding="utf-8"):
        content = text.encode(encoding)
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
        return content

    return write_bytes


def resample(run, *words, method="swim"):
    return run("resample", "in.csv", "-o", "out.csv", *WORDS, "--method", method, *words)


def made(content, encoding="utf-8"):
    """The cells of the synthetic rows of out.csv, which begins with the originals."""
    with open("out.csv", "rb") as file:
        whole = file.read()
    assert whole.startswith(content)
    rows = whole.decode(encoding).splitlines()[1 + N_ROWS :]
    assert len(rows) == 20
    return rows


def test_originals_are_copied_byte_for_byte(run, write):
    text = lines(lambda i: f'04{i:03d},{i % 5}1.10,"say ""hi""",{"TRUE" if i % 3 else "False"}',
                 "zip,price,word,flag,label", end="\r\n")  # fmt: skip
    content = write(text.rstrip("\r\n"))
    result = resample(run, "--categorical", "word,zip")
    assert result.exit_code == 0, result.output
    rows = [row.split(",") for row in made(content)]
    assert {row[0] for row in rows} <= {f"04{i:03d}" for i in range(0, N_ROWS, 4)}
    # decimals and range of the column, its spelling of true and false, its quotes
    assert all(len(row[1].partition(".")[2]) == 2 for row in rows)
    assert all(1.1 <= float(row[1]) <= 41.1 for row in rows)
    assert {row[2] for row in rows} == {'"say ""hi"""'}
    assert {row[3] for row in rows} <= {"TRUE", "False"}


@pytest.mark.parametrize("method", ["smote", "random", "swim"])
def test_numbers_with_leading_zeros_keep_their_width_and_are_named(method, run, write):
    content = write(lines(lambda i: f"{i + 100:05d}"))
    result = resample(run, method=method)
    assert "'x' holds numbers with leading zeros such as 00100" in result.stderr
    assert "--categorical x" in result.stderr
    assert all(len(row.split(",")[0]) == 5 for row in made(content))


@pytest.mark.parametrize(
    ("options", "text", "encoding"),
    [
        (("--sep", ";", "--decimal", ","), lines(lambda i: f"{i % 7},50", "x;label", ";"), "utf-8"),
        (("--sep", "tab"), lines(lambda i: f"{i % 7}.5", "x\tlabel", "\t"), "utf-8"),
        (("--thousands", ","), lines(lambda i: f'"{i % 7 + 1},{i:03d}.5"'), "utf-8"),
        (("--encoding", "latin-1"), lines(header="x,label").replace("rare", "é"), "latin-1"),
        (("--encoding", "utf-16"), lines(header="x,label").replace("rare", "é"), "utf-16"),
        ((), lines().replace("rare", "é"), "utf-8-sig"),
        (("--na-values", "?"), lines(), "utf-8"),
    ],
    ids=["semicolon", "tab", "thousands", "latin-1", "utf-16", "mark", "missing"],
)
def test_files_of_other_kinds(options, text, encoding, run, write):
    content = write(text, encoding=encoding)
    result = resample(run, *options)
    assert result.exit_code == 0, result.output
    rows = made(content, encoding)
    # of the same dialect: the result is read as the file was, and has the same values
    assert {row.rpartition(text[1])[2] for row in rows} <= {"rare", "é"}
    (os.replace)("out.csv", "in.csv")
    assert resample(run, *options, "--sampling-strategy", "all").exit_code == 0


def test_compressed_tables(run, write):
    content = write(lines(), "in.csv.gz")
    run("resample", "in.csv.gz", "-o", "out.csv.gz", *WORDS, "--method", "swim")
    with gzip.open("out.csv.gz") as file:
        assert file.read().startswith(content)


def test_left_out_columns_leave_the_cells_of_the_others(run, write):
    write(lines(lambda i: f"{i},0{i % 7}.50,{i % 3}", "id,x,n,label"))
    result = resample(run, "--drop", "id")
    assert result.exit_code == 0, result.output
    assert "warning: UserWarning" not in result.stderr
    whole = pd.read_csv("out.csv", dtype=str)
    assert list(whole) == ["x", "n", "label"]
    assert whole["x"][:N_ROWS].tolist() == [f"0{i % 7}.50" for i in range(N_ROWS)]


@pytest.mark.parametrize(
    ("cells", "header", "named"),
    [
        (lambda i: f"{i},{i % 7}.5", ",x,label", "'Unnamed: 0'"),
        (lambda i: f"{90 - i},{i % 7}.5", "code,x,label", "'code'"),
        (lambda i: f"n{i},{i % 7}.5", "name,x,label", "'name'"),
    ],
)
@pytest.mark.parametrize("command", ["resample", "compare"])
def test_columns_that_number_the_rows_are_named(command, cells, header, named, run, write):
    write(lines(cells, header))
    categorical = ("--categorical", "name") if "name" in header else ()
    words = ("-o", "out.csv", "--method", "random")
    if command == "compare":
        words = ("--methods", "random", "--classifiers", "linear-svc", "--folds", 2)
    result = run(command, "in.csv", *WORDS, *words, *categorical)
    assert result.exit_code == 0, result.output
    assert f"{named} may number or name the rows" in result.stderr
    assert "--drop" in result.stderr


@pytest.mark.parametrize("word", ["NA", "None", "null", "nan"])
def test_words_for_nothing_are_categories_and_classes(word, run, write):
    content = write(lines(lambda i: word if i % 3 else "b").replace("rare", word))
    result = resample(run, "--categorical", "x", method="smote")
    assert result.exit_code == 0, result.output
    assert {row.split(",")[1] for row in made(content)} == {word}


MESSAGES = {
    "semicolon": (lines(header="x;label", sep=";"), "utf-8", ["'x;label'", "--sep ';'"]),
    "tab": (lines(header="x\tlabel", sep="\t"), "utf-8", ["--sep tab"]),
    "latin-1": (
        lines().replace("0.5,rare", "0.5,é"),
        "latin-1",
        ["'é' in row 0, column 'label' is not utf-8", "--encoding latin-1"],
    ),
    "utf-16": (lines(), "utf-16", ["is UTF-16", "--encoding utf-16"]),
    "thousands": (
        lines(lambda i: f'"{i},500"'),
        "utf-8",
        ["'0,500' in row 0, column 'x' is no number", "--thousands ,"],
    ),
    "decimal comma": (lines(lambda i: f'"{i},5"'), "utf-8", ["'0,5' in row 0", "--decimal ,"]),
    "missing mark": (
        lines(lambda i: "?" if i == 7 else i),
        "utf-8",
        ["'?' in row 7, column 'x' is no number (1 such", "--na-values '?'", "--drop x"],
    ),
    "NA": (lines(lambda i: "NA" if i == 7 else i), "utf-8", ["'NA' in row 7", "--na-values 'NA'"]),
    "date": (
        lines(lambda i: f"2026-01-{i % 28 + 1:02d}"),
        "utf-8",
        ["'2026-01-01' in row 0, column 'x'", "if it is a date", "--drop x"],
    ),
    "empty cell": (
        lines(lambda i: "" if i == 7 else i),
        "utf-8",
        ["the value in row 7, column 'x' is missing"],
    ),
    "empty column": (
        lines(lambda i: f",{i}", "z,x,label"), "utf-8", ["'z' is missing in all rows", "--drop z"]
    ),
    "header with blanks": (lines(header="x, label"), "utf-8", ["' label' begins or ends with"]),
    "name twice": (lines(lambda i: f"{i},{i}", "x,x,label"), "utf-8", ["names 'x' twice"]),
    "continuous target": (
        "x,label\n" + "".join(f"{i % 5},{i}.25\n" for i in range(N_ROWS)),
        "utf-8",
        ["the target 'label' is continuous, with 40 different values such as 0.25"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MESSAGES)
@pytest.mark.parametrize("command", ["resample", "compare"])
def test_the_message_shows_the_value_and_names_an_option(command, case, fails, write):
    text, encoding, parts = MESSAGES[case]
    write(text, encoding=encoding)
    words = ("-o", "out.csv", "--method", "smote") if command == "resample" else ()
    line = fails(command, "in.csv", *WORDS, *words)
    assert all(part in line for part in parts), line


def test_votes_of_other_kinds(run, fails, write):
    votes = "task; worker;label\n" + "".join(
        f"{i};{w};{'é' if i % 2 else 'b'}\n" for i in range(9) for w in "abc"
    )
    write(votes, encoding="latin-1")
    line = fails("aggregate", "in.csv", "-o", "o.csv", "--encoding", "latin-1")
    assert "--sep ';'" in line
    dialect = ("--sep", ";", "--encoding", "latin-1")
    line = fails("aggregate", "in.csv", "-o", "o.csv", *dialect)
    assert "' worker' begins or ends with a space" in line
    result = run("aggregate", "in.csv", "-o", "o.csv", *dialect, "--worker", " worker")
    assert result.exit_code == 0, result.output
    assert set(pd.read_csv("o.csv")["label"]) == {"é", "b"}


@pytest.mark.parametrize("option", [("--synthetic-only",), ("--drop", "x")])
@pytest.mark.parametrize("way", ["same", "spelling", "symbolic", "hard", "absolute"])
@pytest.mark.parametrize("extension", ["csv", "parquet"])
def test_the_only_copy_is_not_written_over_by_less(option, way, extension, fails, save, tmp_path):
    frame = pd.DataFrame(
        {"x": np.arange(N_ROWS) % 7, "z": 0.5, "label": np.arange(N_ROWS) % 4 == 0}
    )
    path = save(frame, f"in.{extension}")
    content = path.read_bytes()
    link = tmp_path / f"link.{extension}"
    (tmp_path / "folder").mkdir()
    if way == "symbolic":
        link.symlink_to(path)
    elif way == "hard":
        link.hardlink_to(path)
    output = {"same": path.name, "spelling": f"folder/../{path.name}", "absolute": path}
    line = fails(
        *("resample", path.name, "-o", output.get(way, link.name), "--target", "label"),
        *("--method", "swim", *option),
    )
    assert "is the table itself" in line
    assert path.read_bytes() == content


def test_a_stream_does_not_write_over_the_only_copy(fails, save):
    path = save(pd.DataFrame({"x": np.arange(N_ROWS) % 7, "label": np.arange(N_ROWS) % 4 == 0}),
                "in.parquet")  # fmt: skip
    content = path.read_bytes()
    words = ("--target", "label", "--method", "swim", "--max-training-rows", 20, "--synthetic-only")
    assert "is the table itself" in fails("resample", "in.parquet", "-o", "./in.parquet", *words)
    assert path.read_bytes() == content


@pytest.mark.parametrize("rows", [(), ("--max-training-rows", 20)])
def test_balanced_classes_are_said_so(rows, run, fails, save):
    save(pd.DataFrame({"x": np.arange(N_ROWS) % 7, "label": np.arange(N_ROWS) % 2}), "in.parquet")
    words = ("resample", "in.parquet", "-o", "out.parquet", *WORDS, "--method", "swim", *rows)
    assert "no class is to grow" in fails(*words, "--synthetic-only")
    result = run(*words)
    assert result.exit_code == 0, result.output
    assert "no class is to grow: out.parquet holds the original rows alone" in result.stderr
    assert len(pd.read_parquet("out.parquet")) == N_ROWS


def test_formulas_and_markup_stay_text(run, write):
    content = write(
        lines(lambda i: f"=cmd({i % 3}),<b>{i % 2}</b>,{i}", "=f(),<i>,x,label"), encoding="utf-8"
    )
    result = resample(run, "--categorical", "=f(),<i>", method="smote")
    assert result.exit_code == 0, result.output
    cells = [row.split(",") for row in made(content)]
    assert {row[0] for row in cells} <= {f"=cmd({i})" for i in range(3)}
    assert {row[1] for row in cells} <= {"<b>0</b>", "<b>1</b>"}


@pytest.mark.parametrize("kind", ["fifo", "device"])
def test_what_is_no_regular_file_is_refused(kind, fails, write, tmp_path):
    write(lines())
    path = tmp_path / "here.csv"
    os.mkfifo(path) if kind == "fifo" else path.symlink_to("/dev/full")
    assert "no regular file" in fails("resample", "in.csv", "-o", "here.csv", *WORDS)
    assert "no regular file" in fails("resample", "here.csv", "-o", "out.csv", *WORDS)


def test_a_type_of_parquet_is_kept(run, tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    schema = pa.schema(
        [
            pa.field("x", pa.float32(), metadata={"unit": "metres"}),
            pa.field("day", pa.dictionary(pa.int8(), pa.string())),
            pa.field("label", pa.large_string()),
        ]
    )
    values = [np.arange(N_ROWS) % 7, ["a", "b"] * 20, ["rare", "c", "c", "c"] * 10]
    parquet.write_table(pa.table(values, schema=schema), tmp_path / "in.parquet")
    words = ("--target", "label", "--method", "smote")
    result = run("resample", "in.parquet", "-o", "out.parquet", *words)
    assert result.exit_code == 0, result.output
    made = parquet.read_table("out.parquet")
    assert made.schema.equals(schema, check_metadata=False)
    assert made.schema.field("x").metadata == {b"unit": b"metres"}
    assert made.num_rows == 60
