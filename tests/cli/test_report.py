"""The pages of --report: complete, self-contained, escaped, and written only when all is well."""

import base64
import os
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

from sklearn_imbgen.cli import _page, _resample_report
from sklearn_imbgen.cli._page import Page, Section, Text, write_page
from sklearn_imbgen.metrics import _fidelity

EVIL = "<script>alert('&')</script>"
SHARED_SECTIONS = ["Class balance", "Fidelity of the synthetic rows", "Latent map"]
SHARED_SECTIONS += ["Original and synthetic rows", "Warnings", "Settings", "Versions"]
COMPARE_SECTIONS = {*SHARED_SECTIONS, "What was compared", "Comparison", "Scores per class"}
RESAMPLE_SECTIONS = {*SHARED_SECTIONS, "What was made", "Column by column"}
COMPARE = ("--target", "label", "--folds", 2, "--classifiers", "linear-svc", "--quiet")
FAST = ("--methods", "none,smote,glgan")
RESAMPLE = ("--target", "label", "-o", "out.csv", "--quiet")


class Reader(HTMLParser):
    """What a page is made of, by tag."""

    VOID = {"meta", "img"}

    def __init__(self, content):
        super().__init__()
        self.elements, self.open, self.texts, self.tables = [], [], [], []
        self.feed(content)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", " ".join(data.split())))
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data.strip()

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def text_of(self, tag):
        return [text for name, text in self.texts if name == tag and text]

    def table(self, *header):
        """The first table with these columns among its own, as a dataframe."""
        for head, *rows in self.tables:
            if set(header) <= set(head):
                return pd.DataFrame(rows, columns=head)
        raise AssertionError(f"no table with {header}")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Neither detection AUC nor pixels are looked at here, and they would take the time."""

    def two_trees(n_estimators, **options):
        return RandomForestClassifier(n_estimators=2, **options)

    monkeypatch.setattr(_fidelity, "RandomForestClassifier", two_trees)
    monkeypatch.setattr(_page, "FIGURE_DPI", 20)


@pytest.fixture
def page(tmp_path):
    """Read a page, which must be one that can be sent to anybody."""

    def read(name="report.html"):
        content = (tmp_path / name).read_text(encoding="utf-8")
        found = Reader(content)
        check_self_contained(content, found)
        check_accessible(found)
        return found

    return read


def check_self_contained(content, found):
    assert not found.of("script")
    assert not found.of("link")
    for _, attributes in found.elements:
        for name in ("src", "href", "srcset", "data", "action"):
            assert attributes.get(name, "#").startswith(("data:image/png;base64,", "#"))
        assert not any(name.startswith("on") for name in attributes)
    assert "url(" not in content
    assert "@import" not in content
    assert "http://" not in content
    assert "https://" not in content


def check_accessible(found):
    assert found.of("html")[0]["lang"] == "en"
    levels = [int(tag[1]) for tag, _ in found.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert set(levels[1:]) == {2}
    anchors = {attributes["id"] for attributes in found.of("h2")}
    assert len(anchors) == len(found.of("h2"))
    assert {attributes["href"][1:] for attributes in found.of("a")} == anchors
    assert all(len(attributes["alt"]) > 20 for attributes in found.of("img"))
    assert all(attributes["scope"] in ("col", "row") for attributes in found.of("th"))
    assert len(found.of("caption")) == len(found.of("table"))


def succeed(result):
    assert result.exit_code == 0, result.output
    return result


def test_comparison_of_a_mixed_table(run, save, frame, page):
    save(frame)
    words = ("in.csv", *COMPARE, "--categorical", "colour,code", *FAST, "--report", "report.html")
    succeed(run("compare", *words))
    found = page()
    assert set(found.text_of("h2")) == COMPARE_SECTIONS
    balance = found.table("class", "all rows")
    assert balance["after SMOTE"][:2].tolist() == ["20", "20 (15 synthetic)"]
    assert balance["training part, as it is"].tolist() == ["20", "5", "1 : 4"]
    fidelity = found.table("coverage", "intrusion")
    assert fidelity["rows of"].tolist() == ["SMOTE", "GLGAN", "training rows"]
    assert fidelity["real rows"].unique().tolist() == ["5"]
    assert len(found.of("img")) == 3
    assert found.table("real rows recognised")["class"].tolist() == ["rare"]
    code = found.text_of("code")
    assert " ".join(map(str, ("imbgen compare", *words))) in code
    assert "not given" in code
    assert any(text.startswith("SMOTENC(") and "k_neighbors=4" in text for text in code)
    assert any(text.startswith("LinearSVC(") for text in code)
    assert any(text.startswith("3.") for text in found.text_of("dd"))


def test_the_scores_are_those_that_are_printed(run, save, numeric, page):
    save(numeric)
    words = ("--folds", 2, "--classifiers", "linear-svc,adaboost", "--methods", "none,smote")
    result = run("compare", "in.csv", "--target", "label", *words, "--report", "report.html")
    printed = re.findall(r"\d\.\d{3} ± \d\.\d{3}", succeed(result).stdout)
    found = page()
    tables = [table for table in found.tables if "MCC" in table[0]]
    cells = [
        cell.removesuffix("(best)") for table in tables for _, *row, _ in table[1:] for cell in row
    ]
    # the page has a table for each classifier, the screen one for all
    assert cells[:6] == printed[:6]
    assert sorted(cells) == sorted(printed)
    scores = pd.DataFrame(tables[0][1:], columns=tables[0][0])
    best = scores["MCC"].str.contains("best")
    means = scores["MCC"].str[:5].astype(float)
    assert best.tolist() == (means == means.max()).tolist()
    assert sum("(best)" in text for text in found.text_of("span")) == len(found.of("strong"))


def test_scores_of_each_class(run, save, numeric, page):
    save(numeric)
    succeed(run("compare", "in.csv", *COMPARE, "--methods", "none", "--report", "report.html"))
    found = page()
    of_class = found.table("precision", "recall", "F1")
    assert of_class["class"].tolist() == ["rare", "common"]
    assert of_class["rows tested"].tolist() == ["10", "40"]
    recall = of_class["recall"].str[:5].astype(float).mean()
    balanced = float(found.table("MCC")["balanced accuracy"][0][:5])
    assert recall == pytest.approx(balanced, abs=0.001)
    # no method made rows: nothing to show, and nothing is best of one
    assert not found.of("img")
    assert not found.of("strong")


def test_names_are_text(run, save, frame, page):
    renamed = frame.rename(columns={"size": EVIL, "colour": "<b>colour", "label": '"><i>'})
    renamed['"><i>'] = np.where(frame["label"] == "rare", f"$5 {EVIL}", "common")
    save(renamed, "in<i>.csv")
    options = ("--target", '"><i>', "--categorical", "<b>colour,code", "--quiet")
    compare = ("--folds", 2, "--classifiers", "linear-svc", *FAST, "--report", "report.html")
    succeed(run("compare", "in<i>.csv", *options, *compare))
    found = page()
    assert not found.of("i")
    assert not found.of("b")
    assert f"$5 {EVIL}" in found.table("precision")["class"].tolist()
    assert any("in<i>.csv" in text for text in found.text_of("p"))
    output = ("-o", "out.csv", "--method", "smote", "--report", "resampled.html")
    succeed(run("resample", "in<i>.csv", *options, *output))
    found = page("resampled.html")
    assert not found.of("i")
    assert EVIL in found.table("column", "original mean")["column"].tolist()
    assert "<b>colour" in found.table("column", "original shares")["column"].tolist()


def test_several_classes_and_common_maps(run, save, numeric, page):
    label = np.where(np.arange(50) % 7 == 1, "third", numeric["label"])
    save(numeric.assign(label=label))
    words = (*COMPARE, "--methods", "random,smote", "--report", "report.html")
    succeed(run("compare", "in.csv", *words))
    found = page()
    sizes = numeric.assign(label=label)["label"].value_counts()
    order = sizes.sort_values(kind="stable").index.tolist()
    assert found.table("precision")["class"].unique().tolist() == order
    assert set(found.table("coverage")["class"]) == set(order[:-1])
    assert "No method has a latent space; the maps above share one projection." in found.text_of(
        "p"
    )
    assert len(found.of("img")) == 2


def test_digits_are_shown_as_images_and_on_a_common_map(run, page):
    words = ("--folds", 2, "--classifiers", "linear-svc", "--methods", "smote")
    succeed(run("compare", *words, "--quiet", "--report", "report.html"))
    found = page()
    pictures = found.of("img")
    assert pictures[0]["alt"].startswith("Strips of images: originals of class 7")
    assert pictures[1]["alt"].startswith("Map of 86 synthetic rows of SMOTE")
    for picture in pictures:
        content = base64.b64decode(picture["src"].partition(",")[2], validate=True)
        assert content.startswith(b"\x89PNG")


@pytest.mark.parametrize("method", ["smote", "glgan"])
def test_resampled_table(method, run, save, frame, page):
    save(frame)
    options = ("--method", method, "--categorical", "colour,code", "--report", "report.html")
    succeed(run("resample", "in.csv", *RESAMPLE, *options))
    found = page()
    assert set(found.text_of("h2")) == RESAMPLE_SECTIONS
    assert found.table("before")[f"after {'SMOTE' if method == 'smote' else 'GLGAN'}"].tolist() == [
        *("40", "40 (30 synthetic)", "1 : 1")
    ]
    assert any("which the method has learned from" in text for text in found.text_of("p"))
    made = pd.read_csv("out.csv")[50:]
    numbers = found.table("original mean").set_index("column")
    assert float(numbers.loc["count", "synthetic mean"]) == pytest.approx(
        made["count"].mean(), rel=1e-3
    )
    assert (
        numbers.loc["count", "synthetic range"] == f"{made['count'].min()} to {made['count'].max()}"
    )
    shares = found.table("original shares").set_index("column")
    red = (frame.loc[frame["label"] == "rare", "colour"] == "red").mean()
    assert f"red {100 * red:.0f}\xa0%" in shares.loc["colour", "original shares"]
    assert len(found.of("img")) == (2 if method == "glgan" else 1)


def test_copies_are_those_of_rows_learned_from(run, save, numeric, page):
    save(numeric)
    words = (*COMPARE, "--methods", "random,smote", "--report", "report.html")
    succeed(run("compare", "in.csv", *words))
    copies = page().table("copies").set_index("rows of")["copies"]
    assert copies["Random"] == "1.00"
    assert float(copies["SMOTE"]) < 0.5
    assert copies["training rows"] == "-"


def test_table_that_is_balanced_already(run, save, frame, page):
    save(frame.assign(label=np.arange(50) % 2))
    words = ("--categorical", "colour,code", "--method", "smote", "--report", "report.html")
    succeed(run("resample", "in.csv", *RESAMPLE, *words))
    found = page()
    assert "No class was to grow, so no rows were made." in found.text_of("p")
    assert not found.of("img")


def test_class_with_one_row(run, save, numeric, page):
    few = pd.concat([numeric[numeric.label == "common"], numeric[numeric.label == "rare"][:1]])
    save(few)
    words = ("--method", "random", "--report", "report.html")
    succeed(run("resample", "in.csv", *RESAMPLE, *words))
    assert any("no figures of Random" in text for text in page().text_of("p"))


def test_many_columns_are_cut_down_and_the_page_says_so(run, save, numeric, page, monkeypatch):
    monkeypatch.setattr(_resample_report, "SHOWN_COLUMNS", 1)
    monkeypatch.setattr(_resample_report, "SHOWN_CATEGORIES", 1)
    rng = np.random.RandomState(0)
    save(numeric.assign(shape=rng.choice(list("abc"), 50), kind=rng.choice(list("abc"), 50)))
    words = ("--method", "smote", "--categorical", "shape,kind", "--report", "report.html")
    succeed(run("resample", "in.csv", *RESAMPLE, *words))
    found = page()
    assert found.text_of("p").count("The 1 columns of 2 that differ most.") == 2
    assert len(found.table("original mean")) == 1
    assert "2 others" in found.table("original shares")["original shares"][0]


def test_warnings_are_listed(run, save, numeric, page):
    save(numeric[numeric.label.eq("common") | (numeric.index < 21)])
    words = ("--methods", "smote", "--report", "report.html")
    result = succeed(run("compare", "in.csv", *COMPARE, *words))
    assert "FewSamplesWarning" in result.stderr
    found = page()
    warned = [text for text in found.text_of("dt") if "Warning" in text]
    assert all(text.startswith("FewSamplesWarning, ") for text in warned)
    assert {text.partition(" in ")[2] for text in warned} == {"2 fits", "the picture"}
    assert any(text.startswith("SMOTE uses k_neighbors=") for text in found.text_of("dd"))


def test_the_folder_is_made(run, save, numeric, page):
    save(numeric)
    words = ("--method", "smote", "--report", "new/folder/report.html")
    succeed(run("resample", "in.csv", *RESAMPLE, *words))
    page("new/folder/report.html")


@pytest.mark.parametrize("command", ["compare", "resample"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("report.pdf", "report.pdf: a report is an .html file"),
        ("folder.html", "is a folder"),
        ("in.csv/report.html", "File exists"),
        ("link.html", "and --report are the same file"),
    ],
)
def test_bad_report(command, name, text, fails, save, numeric, tmp_path):
    save(numeric)
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "link.html").symlink_to(tmp_path / "in.csv")
    options = RESAMPLE if command == "resample" else COMPARE
    assert text in fails(command, "in.csv", *options, "--report", name)


def test_folder_that_cannot_be_written_to(fails, save, numeric, monkeypatch):
    save(numeric)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    line = fails("resample", "in.csv", *RESAMPLE, "--report", "report.html")
    assert "cannot be written to" in line


def test_a_page_appears_completely_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("before")

    def refuse(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_page.os, "replace", refuse)
    with pytest.raises(Exception, match="cannot be written"):
        write_page(Page("title", "lead", [Section("One", [Text("text")])]), path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
