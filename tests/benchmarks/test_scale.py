import pandas as pd
import pytest
import scale


def test_a_table_has_twenty_columns_and_its_share_of_the_minority(tmp_path, monkeypatch):
    monkeypatch.setattr(scale, "BATCH_ROWS", 1000)
    scale.write_table(tmp_path / "t.parquet", 3500, 0.1)
    table = pd.read_parquet(tmp_path / "t.parquet")
    assert table.shape == (3500, 21)
    assert table["label"].eq("rare").mean() == pytest.approx(0.1, abs=0.02)
    assert table.dtypes.astype(str).value_counts().to_dict() == {
        "float64": 14, "int64": 4, "category": 2, "str": 1,
    }  # fmt: skip


def test_measuring_runs_the_command_and_leaves_nothing(tmp_path):
    words = ["--method", "swim", "--max-training-rows", "1000"]
    cost = scale.measure(2000, 0.1, tmp_path, words)
    assert cost.rows == 2000
    assert 3400 < cost.rows_out < 3800
    assert cost.cpu > 0
    assert cost.megabytes > 100
    assert not list(tmp_path.iterdir())


def test_a_failing_command_is_told(tmp_path):
    source = tmp_path / "in.parquet"
    scale.write_table(source, 50, 0.1)
    with pytest.raises(SystemExit, match="status 2"):
        scale.resample(source, tmp_path / "out.parquet", ["--method", "none"])


def test_the_cost_of_a_row_is_told_apart_from_that_of_a_table():
    costs = [scale.Cost(n, 2 * n, 1.0, 5 + 8e-6 * n, 500.0) for n in (10**6, 2 * 10**6)]
    assert "CPU seconds: 5.0 + 4.00 per million rows" in scale.describe(costs)
