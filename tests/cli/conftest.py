from inspect import signature

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from sklearn_imbgen.cli._app import app
from sklearn_imbgen.cli._resample import METHODS, Method
from sklearn_imbgen.over_sampling import GLGAN, LatentSMOTE

# click before 8.2 mixes stderr into stdout unless told otherwise
OLD_CLICK = "mix_stderr" in signature(CliRunner).parameters
SEPARATE = {"mix_stderr": False} if OLD_CLICK else {}


def small_glgan(settings):
    return GLGAN(
        sampling_strategy=settings.strategy,
        latent_smote=LatentSMOTE(steps_per_epoch=2, hidden_dims=(8,)),
        categorical_features=list(settings.categorical),
        max_epochs=1,
        autoencoder_epochs=1,
        latent_dim=2,
        random_state=settings.seed,
    )


@pytest.fixture(autouse=True)
def small_budget(monkeypatch):
    for name in ("glgan", "latent-smote", "conditional-gan"):
        monkeypatch.setitem(METHODS, name, Method("GLGAN", small_glgan, streams=True))


@pytest.fixture
def frame():
    """40 rows of class "common", 10 of class "rare", one column of each kind."""
    rng = np.random.RandomState(0)
    rare = np.arange(50) % 5 == 0
    return pd.DataFrame(
        {
            "size": rng.normal(size=50) + 2 * rare,
            "label": np.where(rare, "rare", "common"),
            "count": rng.randint(0, 9, size=50) + 5 * rare,
            "new": rng.rand(50) < 0.5,
            "colour": rng.choice(["red", "blue"], size=50),
            "code": rng.choice(["007", "042"], size=50),
        }
    )


@pytest.fixture
def numeric(frame):
    return frame[["size", "count", "label"]]


@pytest.fixture
def save(tmp_path):
    """Write a frame as tmp_path/in.csv or another name and give the path."""

    def write(frame, name="in.csv"):
        path = tmp_path / name
        if name.endswith(".parquet"):
            frame.to_parquet(path)
        else:
            frame.to_csv(path, index=False)
        return path

    return write


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command line in tmp_path."""
    monkeypatch.chdir(tmp_path)

    def invoke(*words):
        return CliRunner(**SEPARATE).invoke(app, [str(word) for word in words], prog_name="imbgen")

    return invoke


@pytest.fixture
def fails(run, tmp_path):
    """Run a command that must fail cleanly and give its one line."""

    def invoke(*words):
        before = sorted(tmp_path.rglob("*"))
        result = run(*words)
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        assert result.stderr.startswith("imbgen: error: ")
        assert result.stderr.count("\n") == 1
        assert sorted(tmp_path.rglob("*")) == before
        return result.stderr

    return invoke
