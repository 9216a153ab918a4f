r"""What each part of GLGAN is worth: its defaults against one change at a time.

Same splits, seeds and classifiers as ``oversampling``.

    python -m benchmarks glgan-parts
    python -m benchmarks glgan-parts --sets usps-0.01 --data-dir DIR --jobs 2
"""

from functools import partial
from typing import Any

import pandas as pd

from benchmarks.oversampling.scoring import CLASSIFIER_NAMES, MEASURES, run, with_sampler
from benchmarks.oversampling.sets import check
from benchmarks.question import Question
from benchmarks.tables import seeds_of, titled
from sklearn_imbgen.over_sampling import GLGAN, LatentSMOTE

DEFAULTS = "defaults"
# what the setting is called -> parameters that differ from the defaults
PARTS: dict[str, dict[str, Any]] = {
    DEFAULTS: {},
    "no shared variation": {"shared_variation": 0.0},
    "no residuals": {"residual_weight": 0.0},
    "no choice among candidates": {"candidates_per_row": 1},
    "none of these three": {
        "shared_variation": 0.0,
        "residual_weight": 0.0,
        "candidates_per_row": 1,
    },
    # without a trained classifier there is no choice among candidates either
    "no adversarial stage, no choice": {"max_epochs": 0},
    "no cluster loss": {"latent_smote": LatentSMOTE(cluster_weight=0.0)},
    "plain batches": {"latent_smote": LatentSMOTE(balanced_batches=False)},
    "trained twice as long": {"autoencoder_epochs": 60, "max_epochs": 20},
}


def make_glgan(parameters: dict[str, Any], seed: int, n_minority: int) -> GLGAN:
    """GLGAN with some parameters changed."""
    return GLGAN(random_state=seed, **parameters)


METHODS = {
    name: partial(with_sampler, partial(make_glgan, parameters))
    for name, parameters in PARTS.items()
}


def difference_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean MCC by set and setting, and in brackets its difference from the defaults."""
    means = scores.pivot_table(
        index=["set", "method"], columns="classifier", values="MCC", sort=False
    )[list(CLASSIFIER_NAMES)]
    # of the three, and not taken for a fourth classifier
    means["mean"] = means.mean(axis=1)
    base = means.xs(DEFAULTS, level="method").reindex(means.index, level="set")
    differences = (means - base).map(" ({:+.3f})".format)
    differences.loc[means.index.get_level_values("method") == DEFAULTS] = ""
    return means.map("{:.3f}".format) + differences


def report(scores: pd.DataFrame) -> str:
    """The table of differences, or plain means where the defaults were not asked for."""
    if DEFAULTS not in scores["method"].to_numpy():
        raise SystemExit(f"the differences are from {DEFAULTS!r}; name it among --methods")
    title = f"Mean MCC over {seeds_of(scores)}, in brackets less that of the defaults"
    return titled(title, difference_table(scores))


QUESTIONS = {
    "glgan-parts": Question(
        about=__doc__ or "",
        run=partial(run, METHODS),
        methods=METHODS,
        measures=MEASURES,
        report=report,
        sets=("digits-0.05",),
        check=check,
        labels=("classifier",),
    )
}
