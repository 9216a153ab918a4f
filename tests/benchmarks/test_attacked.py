"""The benchmark of attacked test rows: its attack, and its table by numbers put in."""

import sys

import attacked
import numpy as np
import pandas as pd
import pytest
from data import load
from splits import split_rows


@pytest.fixture
def split():
    return split_rows("digits", *load("digits", None), "0.05", 0)


def test_rows_stay_within_the_radius_of_each_column(split):
    rows = attacked.attacked_rows(split, seed=0)
    assert list(rows) == [0.0, 0.1, 0.3]
    np.testing.assert_array_equal(rows[0.0], split.X_test)
    for radius in (0.1, 0.3):
        moved = np.abs(rows[radius] - split.X_test)
        reach = radius * split.X_train.std(axis=0)
        assert (moved <= reach + 1e-3).all()
        assert moved.max() > 0.5 * reach.max()


def test_the_table_has_the_mean_over_the_sets():
    scores = pd.DataFrame(
        [
            {"set": name, "method": "SMOTE", "epsilon": 0.1, "MCC": mcc}
            for name, mcc in (("a", 0.2), ("a", 0.4), ("b", 0.5))
        ]
    )
    found = attacked.table(scores)[0.1]
    assert found["a", "SMOTE"] == pytest.approx(0.3)
    assert found["(mean)", "SMOTE"] == pytest.approx(0.4)


def test_the_script_prints_a_line_per_method(monkeypatch, capsys):
    words = ["attacked.py", "--methods", "none", "RandomOverSampler", "--repeats", "1"]
    monkeypatch.setattr(sys, "argv", words)
    attacked.main()
    assert "RandomOverSampler" in capsys.readouterr().out
