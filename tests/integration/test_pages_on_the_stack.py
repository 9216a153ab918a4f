"""The code of the pages on calibration and on containers runs from top to bottom."""

import numpy as np

from tests.integration.test_readme import run_blocks


def test_page_on_calibration(capsys):
    namespace = run_blocks("docs/calibration.md")
    share, X = namespace["y_test"].mean(), namespace["X_test"]
    means = {n: m.predict_proba(X)[:, 1].mean() for n, m in namespace["models"].items()}
    assert means.pop("resampled") > 3 * share
    np.testing.assert_allclose(list(means.values()), share, atol=0.01)
    calibrated, same = (namespace[name].predict_proba(X) for name in ("calibrated", "same"))
    np.testing.assert_array_equal(calibrated, same)
    assert "log loss" in capsys.readouterr().out


def test_page_on_containers(capsys):
    namespace = run_blocks("docs/data_containers.md")
    resampled = namespace["table_resampled"]
    assert resampled.iloc[:200].equals(namespace["table"])
    assert set(resampled["city"]) == {"Bonn", "Lyon", "Oslo"}
    assert namespace["leaves_resampled"].dtype == namespace["leaves"].dtype
    weights, sampler = namespace["weights"], namespace["sampler"]
    mean = weights[180:].mean()
    np.testing.assert_allclose(sampler.sample_weight_, np.r_[weights, np.full(160, mean)])
    assert namespace["pipeline"][0].sample_weight_.shape == (360,)
    assert namespace["net"][-1].input_shape_ == (1, 8, 8)
    assert "(360,)" in capsys.readouterr().out
