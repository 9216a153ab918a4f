"""What each part of GLGAN is worth: its defaults against one change at a time.

Same splits, seeds and classifiers as oversampling.py, whose options it shares.

    python benchmarks/ablation.py
    python benchmarks/ablation.py --sets usps --data-dir DIR --ratios 0.01 --jobs 2
"""

import argparse
from functools import partial
from typing import Any

import pandas as pd
from data import load
from evaluation import CLASSIFIER_NAMES, Method, with_sampler
from oversampling import protocol_options
from sweep import run_sweep, tasks_of

from sklearn_imbgen.over_sampling import GLGAN, LatentSMOTE

DEFAULTS = "defaults"
# what the setting is called -> parameters that differ from the defaults
SETTINGS: dict[str, dict[str, Any]] = {
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


def methods_of(settings: dict[str, dict[str, Any]]) -> dict[str, Method]:
    """Settings as methods of the protocol."""
    return {
        name: partial(with_sampler, partial(make_glgan, parameters))
        for name, parameters in settings.items()
    }


def difference_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean MCC by set, ratio and setting, and in brackets its difference from the defaults."""
    # the mean of all three must not be taken for a fourth classifier
    means = scores.pivot_table(
        index=["set", "ratio", "method"], columns="classifier", values="MCC", sort=False
    )[list(CLASSIFIER_NAMES)]
    means["mean"] = means.mean(axis=1)
    base = means.xs(DEFAULTS, level="method")
    return pd.DataFrame(
        {
            column: [
                f"{value:.3f}"
                if key[2] == DEFAULTS
                else f"{value:.3f} ({value - base.loc[key[:2], column]:+.3f})"
                for key, value in means[column].items()
            ]
            for column in means
        },
        index=means.index,
    )


def main() -> None:
    """Run every setting and print what it gains or loses."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    protocol_options(parser)
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS),
                        metavar="SETTING", help=f"any of {', '.join(SETTINGS)}")  # fmt: skip
    options = parser.parse_args()
    chosen = {DEFAULTS: {}} | {name: SETTINGS[name] for name in options.settings}
    scores = run_sweep(
        tasks_of(options.sets, options.ratios, options.repeats),
        {name: load(name, options.data_dir) for name in options.sets},
        methods_of(chosen),
        jobs=options.jobs,
        cluster=options.cluster,
        output=options.output,
        resume=options.resume,
    )
    print(f"Mean MCC over {options.repeats} repeat(s), in brackets less that of the defaults")
    print(difference_table(scores).to_string())


if __name__ == "__main__":
    main()
