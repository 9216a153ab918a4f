"""The README's Python code runs from top to bottom."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

README = Path(__file__).parents[2] / "README.md"


def test_the_code_blocks_run_one_after_the_other(capsys):
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    assert len(blocks) >= 5
    namespace = {}
    for block in blocks:
        exec(compile(block, str(README), "exec"), namespace)
    plt.close("all")
    assert namespace["new_sevens"].shape == (100, 64)
    assert namespace["table_resampled"]["city"].dtype == "category"
    assert np.unique(namespace["churn_resampled"], return_counts=True)[1].tolist() == [270, 270]
    assert "latent_dim" in capsys.readouterr().out
