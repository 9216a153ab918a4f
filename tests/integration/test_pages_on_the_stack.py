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
