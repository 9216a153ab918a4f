"""The Python code of the README and of pages for users runs from top to bottom."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
# pages whose code other tests, or the tests below, run and look at
APART = {
    "crowd_labels",
    "mixing_theory",
    "persistence",
    "reweighting_theory",
    "robust_training",
    "scale",
}


def blocks_of(page):
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), flags=re.DOTALL)


PAGES = [
    str(path.relative_to(ROOT))
    for path in sorted((ROOT / "docs").rglob("*.md"))
    if path.stem not in APART and blocks_of(path)
]


def run_blocks(page):
    """Run the code blocks one after the other and give what they have defined."""
    blocks = blocks_of(page)
    assert blocks
    namespace = {}
    for block in blocks:
        exec(compile(block, page, "exec"), namespace)
    plt.close("all")
    return namespace


def test_readme(capsys):
    namespace = run_blocks("README.md")
    assert namespace["new_sevens"].shape == (100, 64)
    assert namespace["table_resampled"]["city"].dtype == "category"
    assert np.unique(namespace["churn_resampled"], return_counts=True)[1].tolist() == [270, 270]
    assert "latent_dim" in capsys.readouterr().out


def test_page_on_crowd_labels(capsys):
    namespace = run_blocks("docs/crowd_labels.md")
    truth = namespace["truth"]
    assert namespace["report"]["looks_like"].tolist()[7] == "adversary"
    # better than to call everything "other"
    assert (namespace["labels"] == truth).mean() > (truth == "other").mean()
    assert len(namespace["watched"].history_["inference"]["accuracy"])
    assert namespace["scores"].shape == (3,)
    assert (namespace["result"]["test_score"] > 0.5).all()
    assert namespace["resampled"].score(namespace["X"], truth) > 0.5
    assert "looks_like" in capsys.readouterr().out


def test_page_on_robust_training(capsys):
    namespace = run_blocks("docs/robust_training.md")
    clf, X, y = namespace["clf"], namespace["X_test"], namespace["y_test"]
    assert 0 < namespace["in_pixels"] <= clf.score(X, y)
    assert namespace["baseline"].prediction_loss == "ldam"
    assert "under-represented" in capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES)
def test_page(page, tmp_path, monkeypatch):
    # what a page writes goes to an empty folder
    monkeypatch.chdir(tmp_path)
    assert run_blocks(page)


def test_page_on_scale(capsys):
    namespace = run_blocks("docs/scale.md")
    counts = namespace["resampled"]["fraud"].value_counts().compute()
    assert counts[True] == int(0.2 * counts[False])
    assert namespace["n_rows"] == counts.sum()
    assert namespace["resampled"].npartitions == 12 + 1
    assert "debit" in capsys.readouterr().out
