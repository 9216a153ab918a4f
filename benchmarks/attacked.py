r"""Over-samplers before three classifiers whose test rows are attacked.

Splits, methods and classifiers are those of oversampling.py. The attack is a transfer attack:
PGD-10 on a network that was trained apart, naturally and with another seed, on the training rows
with class weights; it knows neither sampler nor classifier. Epsilon is in standard deviations
of each column; "0" are the rows as they are. Printed is the mean MCC over repeats and classifiers.

    python benchmarks/attacked.py                      # digits, which ship with scikit-learn
    python benchmarks/attacked.py --sets yeast_me2 car_vgood page_blocks0 satimage \
        --data-dir DIR --repeats 5
"""

import argparse
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from data import NATURAL, SETS, load
from evaluation import CLASSIFIERS
from robust_networks import one_thread
from samplers import SAMPLERS, resample
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import matthews_corrcoef
from splits import AS_IS, Split, split_rows
from tqdm.auto import tqdm

from sklearn_imbgen.exceptions import FewSamplesWarning, UnreliableSamplesWarning
from sklearn_imbgen.robust import AdversarialClassifier

METHODS = ("none", "RandomOverSampler", "SMOTE", "ImbMix", "GLGAN")
RADII = (0.1, 0.3)
N_STEPS = 10
# the attacker's network does not need all rows of a large majority
ATTACKER_ROWS = 3000
ATTACKER_EPOCHS = 30
# far from the seeds of samplers and classifiers
ATTACKER_SEED = 10_000


def attacker(split: Split, seed: int) -> AdversarialClassifier:
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
    net.fit(split.X_train[rows], split.y_train[rows])
    return net


def attacked_rows(split: Split, seed: int) -> dict[float, np.ndarray]:
    """The test rows, and what the attacker makes of them at each radius."""
    net = attacker(split, seed)
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


def evaluate(split: Split, methods: list[str], seed: int) -> list[dict[str, Any]]:
    """MCC of every method and classifier on the rows of each radius."""
    tested = attacked_rows(split, seed)
    rows = []
    for method in methods:
        X, y = split.X_train, split.y_train
        if method != "none":
            made = resample(SAMPLERS[method], X, y, seed, split.n_minority)
            X, y = made.X, made.y
        for classifier in CLASSIFIERS:
            fitted = classifier(random_state=seed).fit(X, y)
            for radius, X_test in tested.items():
                mcc = matthews_corrcoef(split.y_test, fitted.predict(X_test))
                rows.append({"method": method, "epsilon": radius, "MCC": mcc})
    return rows


def table(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean MCC by set and method, a column for each radius, and the mean over the sets."""
    means = scores.pivot_table(index=["set", "method"], columns="epsilon", values="MCC", sort=False)
    overall = means.groupby("method", sort=False).mean()
    overall.index = pd.MultiIndex.from_product([["(mean)"], overall.index], names=["set", "method"])
    return pd.concat([means, overall])


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of the sets' files")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["digits"], metavar="SET",
                        help=f"any of {', '.join(SETS)}")  # fmt: skip
    parser.add_argument("--ratio", type=float, default=0.05, help="of sets that are thinned")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--methods", nargs="+", choices=("none", *SAMPLERS), default=list(METHODS),
                        metavar="METHOD")  # fmt: skip
    options = parser.parse_args()
    one_thread()
    for category in (ConvergenceWarning, FewSamplesWarning, UnreliableSamplesWarning):
        warnings.simplefilter("ignore", category)
    tables = {name: load(name, options.data_dir) for name in options.sets}
    tasks = [(name, seed) for name in options.sets for seed in range(options.repeats)]
    rows = []
    for name, seed in tqdm(tasks, unit="repeat"):
        ratio = AS_IS if name in NATURAL else str(options.ratio)
        split = split_rows(name, *tables[name], ratio, seed)
        rows += [{"set": name, **row} for row in evaluate(split, options.methods, seed)]
    print(table(pd.DataFrame(rows)).round(3).to_string())


if __name__ == "__main__":
    main()
