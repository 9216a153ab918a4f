"""The code of the page on saving and loading runs."""

import re
import sys
from pathlib import Path
from types import ModuleType

PAGE = Path(__file__).parents[2] / "docs" / "persistence.md"


def test_page_on_persistence(capsys, monkeypatch):
    # in a module, for its class is looked for under its name
    page = ModuleType("page_on_persistence")
    monkeypatch.setitem(sys.modules, page.__name__, page)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), vars(page))
    written = sorted(file.name for file in page.folder.iterdir())
    endings = {"digits": ["joblib", "skops"], "glgan": ["joblib", "safetensors", "skops"]}
    endings["net"] = ["skops"]
    assert written == [f"{name}.{ending}" for name in endings for ending in endings[name]]
    printed = capsys.readouterr().out
    assert printed.count("True") == 2
    assert printed.count("kB") == 2
    assert "not trusted: page_on_persistence.Extractor" in printed
    assert page.loaded.predict(page.split.X_test).shape == page.split.y_test.shape
