"""The gallery: every example by what it says, the two quickest of the new ones by running."""

import ast
import re
import runpy
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
# what draws; "_plot" and the like of other libraries are not used
DRAWING = re.compile(r"Display\.from_\w+\(|Display\(.*\)\.plot\(|plt\.show\(\)", re.DOTALL)
NETWORK = {"urllib", "requests", "http", "socket", "ftplib"}
# quick ones, and a line they must print
QUICK = {
    "plot_mixed_table.py": "GLGAN keeps the dtypes: True",
    "plot_latent_space.py": "GLGAN: distance to the nearest unseen 8",
}

pytest.importorskip("matplotlib")


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def source(request):
    return request.param.read_text(encoding="utf-8")


def cells(source):
    return source.split("\n# %%\n")


def test_the_gallery_is_found():
    names = {path.name for path in EXAMPLES}
    assert set(QUICK) <= names
    assert all(name.startswith("plot_") for name in names), "sphinx-gallery runs only plot_*.py"


def test_docstring_has_a_title(source):
    title, line, empty, *text = ast.get_docstring(ast.parse(source)).splitlines()
    assert line == "=" * len(title)
    assert not empty
    assert any(text), "a title alone says too little"


def test_each_cell_begins_with_text(source):
    assert len(cells(source)) > 1
    for cell in cells(source)[1:]:
        assert re.match(r"# \w", cell), f"no text before this cell:\n{cell[:80]}"


def test_last_cell_draws(source):
    assert DRAWING.search(cells(source)[-1])


def test_nothing_is_fetched(source):
    tree = ast.parse(source)
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None), *(alias.name for alias in node.names)]
        if name
    }
    assert not {name for name in imported if name.startswith("fetch_")}
    assert not NETWORK & {name.split(".")[0] for name in imported}
    # private helpers are no way to show a library
    assert not {name for name in imported if "._" in name}


@pytest.mark.parametrize("name", QUICK)
def test_quick_examples_run(name, capsys, monkeypatch):
    pytest.importorskip("pandas")
    import matplotlib
    import matplotlib.pyplot as plt

    backend = matplotlib.get_backend()
    plt.switch_backend("agg")
    monkeypatch.setattr(plt, "show", lambda: None)
    path = next(path for path in EXAMPLES if path.name == name)
    try:
        runpy.run_path(str(path), run_name="__main__")
        figures = [plt.figure(number) for number in plt.get_fignums()]
        assert figures
        for figure in figures:
            # what matplotlib warns of when it lays out is an error here
            figure.draw_without_rendering()
            assert all(ax.get_xlabel() and ax.has_data() for ax in figure.axes)
    finally:
        plt.close("all")
        plt.switch_backend(backend)
    assert QUICK[name] in capsys.readouterr().out
