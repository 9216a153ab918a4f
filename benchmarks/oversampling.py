"""Over-samplers before three classifiers, by the protocol of the dissertation's section 2.4.1.

Per repeat: a random pair of classes, 80 % of the rows to train on, the minority
thinned to --ratio of the majority, a balanced test part. Every method gets the
same split and seed and runs at its defaults, and so does every classifier.
Naturally imbalanced sets are split 80/20, stratified, and standardised. The
dissertation's numbers stand beside ours where the set is the same (its class
pairs are not stated, so they are a guide, not a target).

    python benchmarks/oversampling.py                       # digits, which ship with scikit-learn
    python benchmarks/oversampling.py --sets usps --data-dir DIR --ratio 0.01
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from data import NATURAL, SETS, load
from imblearn.over_sampling import SMOTE, RandomOverSampler
from joblib import Parallel, delayed
from sklearn.ensemble import AdaBoostClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import f1_score, matthews_corrcoef
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklearn_imbgen.datasets import make_binary_imbalance
from sklearn_imbgen.over_sampling import GLGAN, ConditionalGAN, LatentSMOTE
from sklearn_imbgen.utils import FewSamplesWarning

CLASSIFIERS = (MLPClassifier, LinearSVC, AdaBoostClassifier)

# MCC in tables 2.2, 2.4 and 2.5 of the dissertation, classifiers in the order above
DISSERTATION = {
    ("usps", "none"): (0.6232, 0.7346, 0.6689),
    ("usps", "SMOTE"): (0.7823, 0.7510, 0.6662),
    ("usps", "GLGAN"): (0.7990, 0.7913, 0.7942),
    ("gas_drift", "none"): (0.1077, 0.7511, 0.0689),
    ("gas_drift", "SMOTE"): (0.6832, 0.8610, 0.0690),
    ("gas_drift", "GLGAN"): (0.7782, 0.9391, 0.2181),
    ("madelon", "none"): (0.0, -0.0439, 0.0034),
    ("madelon", "SMOTE"): (0.0120, 0.0, 0.0),
    ("madelon", "GLGAN"): (0.0640, 0.0657, 0.0092),
}


def methods(seed: int, n_minority: int) -> dict:
    """Every method at its defaults; SMOTE's neighbors only as low as its rows force."""
    return {
        "none": None,
        "RandomOverSampler": RandomOverSampler(random_state=seed),
        "SMOTE": SMOTE(random_state=seed, k_neighbors=min(5, n_minority - 1)),
        "ConditionalGAN": ConditionalGAN(random_state=seed),
        "LatentSMOTE": LatentSMOTE(random_state=seed),
        "GLGAN": GLGAN(random_state=seed),
    }


def split_rows(name: str, X: np.ndarray, y: np.ndarray, ratio: float, seed: int) -> tuple:
    """Training and test rows of one repeat."""
    if name not in NATURAL:
        split = make_binary_imbalance(X, y, ratio=ratio, random_state=seed)
        return split.X_train, split.X_test, split.y_train, split.y_test
    parts = train_test_split(X, y, test_size=0.2, stratify=y, random_state=seed)
    scaler = StandardScaler().fit(parts[0])
    return scaler.transform(parts[0]), scaler.transform(parts[1]), *parts[2:]


def run_repeat(name: str, X: np.ndarray, y: np.ndarray, ratio: float, seed: int) -> list[dict]:
    """Scores of every method and classifier on one split."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.simplefilter("ignore", FewSamplesWarning)
    X_train, X_test, y_train, y_test = split_rows(name, X, y, ratio, seed)
    n_minority = int(np.unique(y_train, return_counts=True)[1].min())
    rows = []
    for method, sampler in methods(seed, n_minority).items():
        start = time.perf_counter()
        resampled = (
            (X_train, y_train) if sampler is None else sampler.fit_resample(X_train, y_train)
        )
        seconds = time.perf_counter() - start
        for classifier in CLASSIFIERS:
            predicted = classifier(random_state=seed).fit(*resampled).predict(X_test)
            rows.append(
                {
                    "set": name,
                    "method": method,
                    "classifier": classifier.__name__,
                    "repeat": seed,
                    "MCC": matthews_corrcoef(y_test, predicted),
                    "macro F1": f1_score(y_test, predicted, average="macro"),
                    "micro F1": f1_score(y_test, predicted, average="micro"),
                    "seconds": seconds,
                }
            )
    return rows


def summary(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation over repeats, the dissertation's MCC beside ours."""
    order = {"sort": False}
    groups = scores.groupby(["set", "classifier", "method"], **order)
    table = pd.DataFrame()
    for measure in ("MCC", "macro F1", "micro F1"):
        mean, spread = groups[measure].mean(), groups[measure].std(ddof=0)
        table[measure] = mean.map("{:.3f}".format) + " ± " + spread.map("{:.3f}".format)
    table["seconds"] = groups["seconds"].mean().map("{:.2f}".format)
    names = [classifier.__name__ for classifier in CLASSIFIERS]
    published = {
        (name, classifier, method): f"{value:.3f}"
        for (name, method), values in DISSERTATION.items()
        for classifier, value in zip(names, values, strict=True)
    }
    table["MCC, dissertation"] = [published.get(key, "") for key in table.index]
    return table.sort_index(level=["set", "classifier"], sort_remaining=False, kind="stable")


def overall(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean MCC over classifiers, per set and over all sets, with the wins over SMOTE."""
    table = scores.pivot_table(index="method", columns="set", values="MCC", sort=False)
    table["all sets"] = table.mean(axis=1)
    cells = scores.pivot_table(
        index=["set", "classifier", "repeat"], columns="method", values="MCC", sort=False
    )
    table["wins / losses against SMOTE"] = [
        f"{(cells[m] > cells['SMOTE']).sum()} / {(cells[m] < cells['SMOTE']).sum()}"
        for m in table.index
    ]
    return table.round(3)


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["digits"])
    parser.add_argument("--ratio", type=float, default=0.05)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    jobs = []
    for name in options.sets:
        X, y = load(name, options.data_dir)
        jobs += [
            delayed(run_repeat)(name, X, y, options.ratio, seed) for seed in range(options.repeats)
        ]
    results = Parallel(n_jobs=options.jobs, verbose=1)(jobs)
    scores = pd.DataFrame([row for rows in results for row in rows])
    print(f"ratio {options.ratio}, {options.repeats} repeats, mean ± standard deviation\n")
    print(summary(scores).to_string(), end="\n\n")
    print("Mean MCC\n" + overall(scores).to_string())


if __name__ == "__main__":
    main()
