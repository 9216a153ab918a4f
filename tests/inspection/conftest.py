import sys

import matplotlib
import pytest
from sklearn.ensemble import RandomForestClassifier

from sklearn_imbgen import GLGAN
from sklearn_imbgen.metrics import _fidelity

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    if sys.modules.get("matplotlib") is not None:
        from matplotlib import pyplot

        pyplot.close("all")


@pytest.fixture
def without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)


@pytest.fixture(scope="session")
def small_sampler(imbalanced):
    """A sampler trained for an epoch on the 90 and 10 rows."""
    sampler = GLGAN(max_epochs=1, autoencoder_epochs=1, random_state=0)
    return sampler.fit(*imbalanced)


@pytest.fixture(autouse=True, scope="module")
def _few_trees():
    """A quick classifier for the report of fidelity, whose own tests train the usual one."""

    def few(n_estimators, **options):
        return RandomForestClassifier(n_estimators=3, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_fidelity, "RandomForestClassifier", few)
        yield
