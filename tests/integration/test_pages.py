"""The Python code of the README and of every page runs once, from top to bottom."""

import re
import sys
from pathlib import Path
from types import ModuleType

import matplotlib.pyplot as plt
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
# long derivations, which have tests of their own that call run_blocks
APART = {"docs/mixing_theory.md", "docs/reweighting_theory.md"}


def blocks_of(page):
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), flags=re.DOTALL)


def run_blocks(page, monkeypatch=None):
    """Run the code blocks one after the other and give what they have defined."""
    # a module, for classes that a page saves are looked for under its name
    module = ModuleType(f"page_on_{Path(page).stem.lower()}")
    if monkeypatch is not None:
        monkeypatch.setitem(sys.modules, module.__name__, module)
    for block in blocks_of(page):
        exec(compile(block, page, "exec"), vars(module))
    plt.close("all")
    return vars(module)


def check_readme(page, printed):
    assert page["new_sevens"].shape == (100, 64)
    assert page["table_resampled"]["city"].dtype == "category"
    assert np.unique(page["churn_resampled"], return_counts=True)[1].tolist() == [270, 270]
    assert "latent_dim" in printed


def check_calibration(page, printed):
    share, X = page["y_test"].mean(), page["X_test"]
    means = {n: m.predict_proba(X)[:, 1].mean() for n, m in page["models"].items()}
    assert means.pop("resampled") > 3 * share
    np.testing.assert_allclose(list(means.values()), share, atol=0.01)
    calibrated, same = (page[name].predict_proba(X) for name in ("calibrated", "same"))
    np.testing.assert_array_equal(calibrated, same)
    assert "log loss" in printed


def check_crowd_labels(page, printed):
    truth = page["truth"]
    assert page["report"]["looks_like"].tolist()[7] == "adversary"
    # better than to call everything "other"
    assert (page["labels"] == truth).mean() > (truth == "other").mean()
    assert len(page["watched"].history_["inference"]["accuracy"])
    assert page["scores"].shape == (3,)
    assert (page["result"]["test_score"] > 0.5).all()
    assert page["resampled"].score(page["X"], truth) > 0.5
    assert "looks_like" in printed


def check_data_containers(page, printed):
    resampled = page["table_resampled"]
    assert resampled.iloc[:200].equals(page["table"])
    assert set(resampled["city"]) == {"Bonn", "Lyon", "Oslo"}
    assert page["leaves_resampled"].dtype == page["leaves"].dtype
    weights, sampler = page["weights"], page["sampler"]
    mean = weights[180:].mean()
    np.testing.assert_allclose(sampler.sample_weight_, np.r_[weights, np.full(160, mean)])
    assert page["pipeline"][0].sample_weight_.shape == (360,)
    assert page["net"][-1].input_shape_ == (1, 8, 8)
    assert "X and y are indexed differently: row 0 is" in printed
    assert (page["churn_of_shuffled"].index == page["shuffled"].index).all()
    assert page["report"]["feature_distance_max"] < 0.5
    assert "(360,)" in printed


def check_persistence(page, printed):
    written = sorted(file.name for file in page["folder"].iterdir())
    endings = {"digits": ["joblib", "skops"], "glgan": ["joblib", "safetensors", "skops"]}
    endings["net"] = ["skops"]
    assert written == [f"{name}.{ending}" for name in endings for ending in endings[name]]
    assert printed.count("True") == 2
    assert printed.count("kB") == 2
    assert "not trusted: page_on_persistence.Extractor" in printed
    assert page["loaded"].predict(page["split"].X_test).shape == page["split"].y_test.shape


def check_robust_training(page, printed):
    clf, X, y = page["clf"], page["X_test"], page["y_test"]
    assert 0 < page["in_pixels"] <= clf.score(X, y)
    assert "under-represented" in printed


def check_scale(page, printed):
    counts = page["resampled"]["fraud"].value_counts().compute()
    assert counts[True] == int(0.2 * counts[False])
    assert page["n_rows"] == counts.sum()
    assert page["resampled"].npartitions == 12 + 1
    assert "debit" in printed


CHECKS = {
    "README.md": check_readme,
    "docs/calibration.md": check_calibration,
    "docs/crowd_labels.md": check_crowd_labels,
    "docs/data_containers.md": check_data_containers,
    "docs/persistence.md": check_persistence,
    "docs/robust_training.md": check_robust_training,
    "docs/scale.md": check_scale,
}
PAGES = ["README.md", *(str(p.relative_to(ROOT)) for p in sorted((ROOT / "docs").rglob("*.md")))]


@pytest.mark.parametrize("page", [page for page in PAGES if page not in APART and blocks_of(page)])
def test_page(page, tmp_path, monkeypatch, capsys):
    # what a page writes goes to an empty folder
    monkeypatch.chdir(tmp_path)
    defined = run_blocks(page, monkeypatch)
    if page in CHECKS:
        CHECKS[page](defined, capsys.readouterr().out)


def test_every_checked_page_is_there():
    assert set(CHECKS) | APART <= set(PAGES)
