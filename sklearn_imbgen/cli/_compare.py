"""The command ``compare``: over-samplers in front of the same classifiers, cross-validated."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from imblearn.pipeline import make_pipeline
from numpy.typing import NDArray
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits
from sklearn.ensemble import AdaBoostClassifier
from sklearn.metrics import precision_recall_fscore_support
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed
from tqdm.auto import tqdm

from sklearn_imbgen.cli import CommandError, Tally, collect_warnings, explained
from sklearn_imbgen.cli._page import plain_text, save_figure, without_screen
from sklearn_imbgen.cli._resample import METHODS, NO_METHOD, Settings, build_sampler
from sklearn_imbgen.cli._tables import Table, describe_counts

Split = tuple[NDArray[np.intp], NDArray[np.intp]]

CLASSIFIERS: dict[str, Callable[..., Any]] = {
    "linear-svc": LinearSVC,
    "adaboost": AdaBoostClassifier,
    "mlp": MLPClassifier,
}

# column of the printed table: scikit-learn's name of the score
SCORES = {
    "MCC": "matthews_corrcoef",
    "macro F1": "f1_macro",
    "balanced accuracy": "balanced_accuracy",
}
CLASS_SCORES = ("precision", "recall", "F1")

# the dissertation's case study, section 2.4
MAJORITY_DIGIT, MINORITY_DIGIT = 4, 7


@dataclass(frozen=True)
class Study:
    """Rows, the folds as pairs of training and test row numbers, and how both came about.

    ``title`` and ``protocol`` go into the header; ``image_shape`` is set if a row is a picture.
    """

    X: Any
    y: NDArray[Any]
    splits: list[Split]
    seed: int
    title: str
    protocol: str
    categorical: Sequence[str] = ()
    image_shape: tuple[int, int] | None = None

    def rows(self, index: NDArray[np.intp]) -> Any:
        """Rows of ``X`` by number."""
        return self.X.iloc[index] if isinstance(self.X, pd.DataFrame) else self.X[index]


class Comparison(NamedTuple):
    """Scores per method, classifier and fold, also by class, and the warnings by kind and text."""

    scores: pd.DataFrame
    per_class: pd.DataFrame
    warned: Tally


def digits_study(ratio: float = 0.05, n_folds: int = 5, seed: int = 0) -> Study:
    """Two handwritten digits, made imbalanced as in section 2.4.1.1 of the dissertation.

    Only the training part of each fold loses minority rows; the test part stays
    balanced, so that both classes weigh the same in every score.
    """
    digits = load_digits()
    chosen = np.isin(digits.target, (MAJORITY_DIGIT, MINORITY_DIGIT))
    X, y = digits.data[chosen], digits.target[chosen]
    random_state = check_random_state(seed)
    splits = [
        (_thin(train, y, ratio, random_state), test) for train, test in _folds(y, n_folds, seed)
    ]
    kept = Counter(y[splits[0][0]].tolist())
    protocol = (
        f"{n_folds} stratified folds; training parts thinned to {ratio:g} "
        f"({kept[MINORITY_DIGIT]} rows of class {MINORITY_DIGIT} beside {kept[MAJORITY_DIGIT]} of "
        f"class {MAJORITY_DIGIT} in the first), test parts left balanced"
    )
    title = f"scikit-learn's digits {MAJORITY_DIGIT} and {MINORITY_DIGIT}, 8 x 8 pixels"
    return Study(X, y, splits, seed, title, protocol, image_shape=(8, 8))


def table_study(table: Table, title: str, n_folds: int = 5, seed: int = 0) -> Study:
    """Stratified folds of a table as it is."""
    splits = _folds(table.y, n_folds, seed)
    protocol = f"{n_folds} stratified folds of the rows as they are"
    return Study(table.X, table.y, splits, seed, title, protocol, table.categorical)


def _folds(y: NDArray[Any], n_folds: int, seed: int) -> list[Split]:
    for label, count in Counter(y.tolist()).items():
        if count < n_folds:
            raise CommandError(
                f"class {label!s} has {count} row(s), fewer than the {n_folds} folds; "
                "lower --folds, or add rows"
            )
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return list(folds.split(np.zeros(len(y)), y))


def _thin(
    train: NDArray[np.intp], y: NDArray[Any], ratio: float, random_state: np.random.RandomState
) -> NDArray[np.intp]:
    majority = train[y[train] == MAJORITY_DIGIT]
    minority = train[y[train] == MINORITY_DIGIT]
    n_kept = round(ratio * len(majority))
    if n_kept < 2:
        raise CommandError(
            f"--ratio {ratio:g} leaves {n_kept} of {len(minority)} minority rows in a fold; "
            "at least 2 are needed"
        )
    return np.sort(np.concatenate([majority, random_state.permutation(minority)[:n_kept]]))


def compare(
    study: Study,
    methods: Sequence[str],
    classifiers: Sequence[str],
    n_jobs: int = 1,
    quiet: bool = False,
) -> Comparison:
    """Score every method with every classifier in every fold, in ``n_jobs`` processes.

    The pipelines differ in nothing but the sampler, and in a fold all get the
    same seed.
    """
    seeds = check_random_state(study.seed).randint(2**31 - 1, size=len(study.splits))
    tasks = [
        (method, classifier, fold)
        for fold in range(len(study.splits))
        for method in methods
        for classifier in classifiers
    ]
    runs = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_score)(study, *task, seed=int(seeds[task[2]])) for task in tasks
    )
    rows: list[dict[str, Any]] = []
    class_rows: list[dict[str, Any]] = []
    warned: Tally = Counter()
    with tqdm(total=len(tasks), desc="comparing", unit="fit", disable=quiet) as bar:
        for row, of_classes, tally in runs:
            rows.append(row)
            class_rows += of_classes
            warned.update(tally)
            bar.update()
    return Comparison(pd.DataFrame(rows), pd.DataFrame(class_rows), warned)


def check_training_rows(study: Study, methods: Sequence[str]) -> None:
    """Refuse folds that leave a class too small for one of the methods."""
    least, method = max((METHODS[name].least_rows, name) for name in methods)
    for train, _ in study.splits:
        for label, count in Counter(study.y[train].tolist()).items():
            if count < least:
                raise CommandError(
                    f"class {label!s} has {count} row in the training part of a fold and "
                    f"{METHODS[method].title} needs {least}; add rows, or raise --folds"
                )


def _score(
    study: Study, method: str, classifier: str, fold: int, seed: int
) -> tuple[dict[str, Any], list[dict[str, Any]], Tally]:
    """One pipeline in one fold; the warnings are counted, errors name the pipeline."""
    doing = f"{METHODS[method].title} with {classifier}, fold {fold + 1}"
    with collect_warnings() as tally, explained(doing):
        result = cross_validate(
            _pipeline(study, method, classifier, fold, seed),
            study.X,
            study.y,
            cv=[study.splits[fold]],
            scoring=list(SCORES.values()),
            error_score="raise",
            return_estimator=True,
        )
        of_classes = _class_scores(study, fold, result["estimator"][0])
    scores = {column: result[f"test_{name}"][0] for column, name in SCORES.items()}
    place = {"method": method, "classifier": classifier, "fold": fold}
    row = place | scores | {"seconds": result["fit_time"][0]}
    return row, [place | one for one in of_classes], tally


def _class_scores(study: Study, fold: int, fitted: Any) -> list[dict[str, Any]]:
    """Precision, recall and F1 of each class in the test part of a fold."""
    test = study.splits[fold][1]
    labels = np.unique(study.y)
    figures = precision_recall_fscore_support(
        # a class that is never predicted has precision 0, as in macro F1
        *(study.y[test], fitted.predict(study.rows(test))),
        labels=labels,
        zero_division=0,
    )
    return [
        {"class": label} | dict(zip((*CLASS_SCORES, "rows"), values, strict=True))
        for label, *values in zip(labels.tolist(), *figures, strict=True)
    ]


def _pipeline(study: Study, method: str, classifier: str, fold: int, seed: int) -> Any:
    sampler = build_sampler(method, settings_of(study, fold, seed))
    model = CLASSIFIERS[classifier](random_state=seed)
    if study.categorical:
        # samplers see the raw table, classifiers its numbers
        return make_pipeline(sampler, _encoder(study), model)
    return make_pipeline(StandardScaler(), sampler, model)


def settings_of(study: Study, fold: int, seed: int) -> Settings:
    """What a sampler is told about the training part of a fold."""
    counts = Counter(study.y[study.splits[fold][0]].tolist())
    return Settings(
        seed=seed,
        smallest=min(counts.values()),
        categorical=study.categorical,
        n_columns=study.X.shape[1],
    )


def _encoder(study: Study) -> Any:
    """Categories as 0/1 columns, numbers with unit variance."""
    categorical = list(study.categorical)
    return make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), categorical),
        (StandardScaler(), [name for name in study.X.columns if name not in categorical]),
    )


def pipeline_steps(study: Study) -> str:
    """The steps that every row goes through, in words."""
    if study.categorical:
        return "sampler, one-hot and StandardScaler, classifier"
    return "StandardScaler, sampler, classifier"


def describe(study: Study) -> str:
    """Header of the table: the data, the rows per class, the protocol."""
    counts = describe_counts(dict(Counter(study.y.tolist()).most_common()))
    return "\n".join(
        [
            f"data      {study.title} ({len(study.y)} rows, {study.X.shape[1]} features)",
            f"classes   {counts}",
            f"protocol  {study.protocol}",
            f"pipeline  {pipeline_steps(study)}; seed {study.seed}",
            "values    mean ± standard deviation over folds; seconds to resample and fit a fold",
        ]
    )


def summarise(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean and spread over folds as text: methods averaged over classifiers, then each pair."""
    mean, spread = mean_and_spread(scores, [*SCORES, "seconds"])
    text = {
        column: [f"{m:.3f} ± {s:.3f}" for m, s in zip(mean[column], spread[column], strict=True)]
        for column in SCORES
    }
    text["seconds"] = [f"{m:.2f}" for m in mean["seconds"]]
    return pd.DataFrame(text, index=mean.index.rename([None, None]))


def mean_and_spread(
    scores: pd.DataFrame, columns: list[str], by: Sequence[str] = ("method",)
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mean and standard deviation over folds, averaged over the classifiers first, then for each.

    The index is ``by`` and the classifier; "mean of n" stands for the average.
    """
    keys = [*by, "classifier"]
    n_classifiers = scores["classifier"].nunique()
    per_fold = scores.groupby([*by, "fold"], sort=False)[columns].mean().reset_index()
    per_fold["classifier"] = f"mean of {n_classifiers}"
    blocks = [per_fold, scores] if n_classifiers > 1 else [scores]
    groups = [block.groupby(keys, sort=False)[columns] for block in blocks]
    return pd.concat([g.mean() for g in groups]), pd.concat([g.std() for g in groups])


class WithRows(NamedTuple):
    """A fitted sampler and what its ``fit_resample`` returned: originals, then new rows."""

    sampler: Any
    X: Any
    y: NDArray[Any]


def resample_first_fold(study: Study, methods: Sequence[str]) -> dict[str, WithRows]:
    """Resample the training part of the first fold by every method but "none"; by title."""
    train = study.splits[0][0]
    X, y = study.rows(train), study.y[train]
    resampled = {}
    for name in methods:
        if name == NO_METHOD:
            continue
        with explained(f"{METHODS[name].title}, for the picture"):
            sampler = build_sampler(name, settings_of(study, 0, study.seed))
            resampled[METHODS[name].title] = WithRows(sampler, *sampler.fit_resample(X, y))
    return resampled


def draw(study: Study, resampled: Mapping[str, WithRows], path: Path) -> Any:
    """Save a picture of the smallest class, original and synthetic; None if no method made rows."""
    train = study.splits[0][0]
    labels, counts = np.unique(study.y[train], return_counts=True)
    if not resampled or counts.min() == counts.max():
        return None
    without_screen()
    from sklearn_imbgen.inspection import ResamplingDisplay

    with plain_text():
        display = ResamplingDisplay.from_resampled(
            study.rows(train),
            study.y[train],
            {title: (made.X, made.y) for title, made in resampled.items()},
            label=labels[np.argmin(counts)],
            image_shape=study.image_shape,
            random_state=study.seed,
        )
        save_figure(display.figure_, path)
    return display
