r"""Over-samplers before three classifiers whose test rows are attacked.

Splits, methods and classifiers are those of ``oversampling``. The attack is a transfer attack:
PGD-10 on a network that was trained apart, naturally and with another seed, on the training rows
with class weights; it knows neither sampler nor classifier. Epsilon is in standard deviations
of each column; "0" are the rows as they are. Printed is the mean MCC over seeds and classifiers.

    python -m benchmarks attacked                  # digits, which ship with scikit-learn
    python -m benchmarks attacked --sets yeast_me2 car_vgood page_blocks0 satimage \
        --data-dir DIR --seeds 5
"""

import warnings
from functools import lru_cache

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import matthews_corrcoef

from benchmarks.oversampling.samplers import PACKAGES, SAMPLERS, resample
from benchmarks.oversampling.scoring import CLASSIFIERS
from benchmarks.oversampling.sets import Split, check, split_of
from benchmarks.question import Question, Row, Settings
from benchmarks.robust.networks import one_thread
from benchmarks.tables import seeds_of, titled
from sklearn_imbgen.exceptions import FewSamplesWarning, UnreliableSamplesWarning
from sklearn_imbgen.robust import AdversarialClassifier

METHODS = {"none": None, **SAMPLERS}
SHOWN = ("none", "RandomOverSampler", "SMOTE", "ImbMix", "GLGAN")
RADII = (0.1, 0.3)
N_STEPS = 10
# the attacker's network does not need all rows of a large majority
ATTACKER_ROWS = 3000
ATTACKER_EPOCHS = 30
# far from the seeds of samplers and classifiers
ATTACKER_SEED = 10_000


def attacker(split: Split, seed: int, settings: Settings) -> AdversarialClassifier:
    """A naturally trained network of nobody's."""
    random_state = np.random.RandomState(seed + ATTACKER_SEED)
    rare = split.y_train == split.minority
    common = random_state.permutation(np.flatnonzero(~rare))[:ATTACKER_ROWS]
    rows = np.concatenate([np.flatnonzero(rare), common])
    net = AdversarialClassifier(
        n_steps=0,
        class_weight="balanced",
        max_epochs=ATTACKER_EPOCHS,
        random_state=seed + ATTACKER_SEED,
    )
    return settings.shorten(net).fit(split.X_train[rows], split.y_train[rows])


@lru_cache(maxsize=1)
def attacked_rows(name: str, seed: int, settings: Settings) -> dict[float, np.ndarray]:
    """The test rows, and what the attacker makes of them at each radius."""
    split = split_of(name, settings.data_dir, seed)
    net = attacker(split, seed, settings)
    units = split.X_train.std(axis=0)
    rows = {0.0: split.X_test}
    for radius in RADII:
        rows[radius] = net.perturb(
            split.X_test,
            split.y_test,
            epsilon=radius,
            feature_scale=units,
            n_steps=N_STEPS,
            early_exit=False,
        )
    return rows


def run(method: str, name: str, seed: int, settings: Settings) -> list[Row]:
    """MCC of a method before every classifier on the rows of each radius."""
    one_thread()
    with warnings.catch_warnings():
        for category in (ConvergenceWarning, FewSamplesWarning, UnreliableSamplesWarning):
            warnings.simplefilter("ignore", category)
        tested = attacked_rows(name, seed, settings)
        split = split_of(name, settings.data_dir, seed)
        X, y = split.X_train, split.y_train
        make = METHODS[method]
        if make is not None:
            made = resample(settings.shorten(make(seed, split.n_minority)), X, y)
            X, y = made.X, made.y
        fitted = [settings.shorten(kind(random_state=seed)).fit(X, y) for kind in CLASSIFIERS]
    return [
        {
            "classifier": type(classifier).__name__,
            "epsilon": radius,
            "MCC": matthews_corrcoef(split.y_test, classifier.predict(X_test)),
        }
        for classifier in fitted
        for radius, X_test in tested.items()
    ]


def table(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean MCC by set and method, a column for each radius, and the mean over the sets."""
    means = scores.pivot_table(index=["set", "method"], columns="epsilon", values="MCC", sort=False)
    overall = means.groupby("method", sort=False).mean()
    overall.index = pd.MultiIndex.from_product([["(mean)"], overall.index], names=["set", "method"])
    return pd.concat([means, overall])


def report(scores: pd.DataFrame) -> str:
    """The table under its title."""
    title = f"Mean MCC over classifiers and {seeds_of(scores)}, by epsilon"
    return titled(title, table(scores).round(3))


QUESTIONS = {
    "attacked": Question(
        about=__doc__ or "",
        run=run,
        methods=METHODS,
        default_methods=SHOWN,
        measures=("MCC",),
        report=report,
        sets=("digits-0.05",),
        check=check,
        labels=("classifier", "epsilon"),
        packages=PACKAGES,
    )
}
