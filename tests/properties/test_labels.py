"""Every kind of label through everything that takes labels."""

import numpy as np
import pytest
from matplotlib import pyplot
from sklearn.dummy import DummyClassifier

from sklearn_imbgen import datasets, inspection, metrics
from sklearn_imbgen.calibration import calibrate_on_real_rows
from sklearn_imbgen.crowd import (
    AggregateThenFit,
    CrowdLayerClassifier,
    DawidSkene,
    MajorityVote,
    annotations_to_matrix,
    label_certainty,
    matrix_to_annotations,
)
from sklearn_imbgen.model_selection import CrowdStratifiedKFold
from sklearn_imbgen.over_sampling import SWIM, LatentSMOTE
from sklearn_imbgen.robust import AdversarialClassifier
from tests.properties.tables import LABELS, MISSING, REFUSED, answer, refusal

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn_imbgen.exceptions.ConfusedLabelsWarning"),
    pytest.mark.filterwarnings("ignore::sklearn_imbgen.exceptions.IdleWorkerWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

CODES = np.repeat([0, 1], [24, 12])
X = np.random.RandomState(0).normal(2 * CODES[:, None], size=(36, 2))
SEED = {"random_state": 0}
QUICK = {"max_epochs": 1, **SEED}


def votes(y):
    return np.column_stack([y, y, np.roll(y, 1)])


def there_and_back(y):
    annotations = matrix_to_annotations(votes(y), missing_label=None)
    return annotations_to_matrix(annotations, missing_label=None).to_numpy()


def net(y):
    return AdversarialClassifier(n_steps=1, **QUICK).fit(X, y)


def resampled(y):
    return {"copies": (np.vstack([X, X[-3:]]), np.append(y, y[-3:]))}


# what is given back of them are labels of y
GIVING_LABELS = {
    "SWIM": lambda y: SWIM(random_state=0).fit_resample(X, y)[1],
    "LatentSMOTE": lambda y: LatentSMOTE(autoencoder_epochs=1, random_state=0).fit_resample(X, y)[
        1
    ],
    "AdversarialClassifier": lambda y: net(y).predict(X),
    "MajorityVote": lambda y: MajorityVote(missing_label=None).fit(votes(y)).labels_,
    "DawidSkene": lambda y: DawidSkene(missing_label=None).fit(votes(y)).labels_,
    "AggregateThenFit": lambda y: (
        AggregateThenFit(aggregator=MajorityVote(missing_label=None)).fit(X, votes(y)).predict(X)
    ),
    "CrowdLayerClassifier": lambda y: (
        CrowdLayerClassifier(missing_label=None, **QUICK).fit(X, votes(y)).predict(X)
    ),
    "long format": there_and_back,
    "annotator_report": lambda y: metrics.annotator_report(votes(y), y, missing_label=None)[
        "most_given"
    ],
    "class_accuracy": lambda y: metrics.class_accuracy(y, y, y, class_counts=[24, 12])["class"][:2],
    "make_step_imbalance": lambda y: datasets.make_step_imbalance(X, y, imbalance_ratio=3, **SEED)[
        1
    ],
    "make_exponential_imbalance": lambda y: datasets.make_exponential_imbalance(
        X, y, imbalance_ratio=2, **SEED
    )[1],
    "make_binary_imbalance": lambda y: (
        datasets.make_binary_imbalance(X, y, ratio=0.2, **SEED).y_train
    ),
    "make_crowd_labels": lambda y: (
        datasets.make_crowd_labels(y, 2, missing_label=None, random_state=0).worker_labels
    ),
}
# and of these it is something else
OTHERS = {
    "krippendorff_alpha": lambda y: metrics.krippendorff_alpha(votes(y), missing_label=None),
    "label_certainty": lambda y: label_certainty(votes(y), missing_label=None),
    "CrowdStratifiedKFold": lambda y: list(
        CrowdStratifiedKFold(2, missing_label=None).split(X, votes(y))
    ),
    "estimate_difficulty": lambda y: datasets.estimate_difficulty(X, y, max_epochs=1, **SEED),
    "calibrate_on_real_rows": lambda y: calibrate_on_real_rows(calibrated(y), X, y),
    "robust_accuracy_score": lambda y: metrics.robust_accuracy_score(
        net(y), X, y, n_steps=1, epsilon=0.1
    ),
    "class_accuracy_report": lambda y: metrics.class_accuracy_report(
        net(y), X, y, n_steps=1, epsilon=0.1
    ),
}
PICTURES = {
    "FeatureSpaceDisplay": lambda y: inspection.FeatureSpaceDisplay.from_features(
        X, y, method="pca"
    ),
    "LatentSpaceDisplay": lambda y: inspection.LatentSpaceDisplay.from_arrays(X, y),
    "ResamplingDisplay": lambda y: inspection.ResamplingDisplay.from_resampled(
        X, y, resampled(y), fidelity=False
    ),
    "LabelInferenceDisplay": lambda y: inspection.LabelInferenceDisplay.from_arrays(
        y, np.linspace(0.5, 1, len(y))
    ),
    "AnnotatorDisplay": lambda y: inspection.AnnotatorDisplay.from_labels(
        votes(y), y, missing_label=None, n_matrices=1
    ),
    "RobustnessDisplay": lambda y: inspection.RobustnessDisplay.from_predictions(
        y, {0: y}, class_counts=[24, 12]
    ),
}
EVERY = GIVING_LABELS | OTHERS | PICTURES


def calibrated(y):
    # fitted on others where these cannot be learned from
    try:
        return DummyClassifier().fit(X, y)
    except (TypeError, ValueError):
        return DummyClassifier().fit(X, CODES)


def of_kind(kind):
    return np.asarray((LABELS | REFUSED | MISSING)[kind])[CODES]


@pytest.mark.parametrize("name", GIVING_LABELS)
@pytest.mark.parametrize("kind", LABELS)
def test_labels_come_back_as_they_were(name, kind):
    y = of_kind(kind)
    found = answer(lambda: GIVING_LABELS[name](y), y)
    if y.dtype.kind in "mM":
        # pandas has units of its own
        found = np.asarray(found).astype(y.dtype)
    found = [label for label in np.asarray(found).ravel().tolist() if label is not None]
    assert found
    assert set(found) <= set(y.tolist())
    assert {isinstance(label, bool) for label in found} == {y.dtype == bool}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_every_kind_are_taken(name, kind):
    y = of_kind(kind)
    assert answer(lambda: OTHERS[name](y), y) is not None


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("kind", ["booleans", "dates"])
def test_labels_are_drawn(name, kind):
    y = of_kind(kind)
    assert answer(lambda: PICTURES[name](y), y) is not None
    pyplot.close("all")


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("kind", MISSING)
def test_missing_labels_are_refused_by_their_row(name, kind):
    y = of_kind(kind)
    assert "row 24" in refusal(lambda: EVERY[name](y), y).replace("row 25", "row 24")


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("kind", REFUSED)
def test_other_labels_are_taken_or_refused_in_a_sentence(name, kind):
    y = of_kind(kind)
    answer(lambda: EVERY[name](y), y)
    pyplot.close("all")
