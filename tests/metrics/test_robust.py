"""Accuracy under attack, by numbers that are known beforehand."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_imbgen.metrics import robust_accuracy_score, robust_scorer
from sklearn_imbgen.robust import AdversarialClassifier
from tests.metrics.line import X_LINE, Y_LINE, Fooled, Linear, line


@pytest.mark.parametrize(
    ("epsilon", "share"), [(0, 7 / 8), (0.15, 6 / 8), (0.5, 5 / 8), (1.5, 3 / 8), (9, 0)]
)
def test_the_share_that_stays_right(epsilon, share):
    assert robust_accuracy_score(line(), X_LINE, Y_LINE, epsilon=epsilon) == share


def test_epsilon_of_the_training_is_the_default():
    clf = line(epsilon=1.5)
    assert robust_accuracy_score(clf, X_LINE, Y_LINE) == 3 / 8
    assert clf.asked_["epsilon"] == 1.5


def test_a_row_that_is_wrong_unattacked_never_counts():
    clf = Fooled().fit(X_LINE, Y_LINE)
    assert robust_accuracy_score(clf, X_LINE, Y_LINE, epsilon=1) == 7 / 8
    assert robust_accuracy_score(clf, X_LINE, 1 - Y_LINE, epsilon=1) == 1 / 8


def test_macro_is_the_mean_over_classes():
    # at 0.15 three of class 0's four rows stay, and of class 1's first two one
    X, y = X_LINE[[0, 1, 2, 3, 4, 7]], Y_LINE[[0, 1, 2, 3, 4, 7]]
    score = robust_accuracy_score(line(), X, y, epsilon=0.15, average="macro")
    assert score == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert robust_accuracy_score(line(), X, y, epsilon=0.15) == pytest.approx(4 / 6)


def test_only_rows_that_are_right_are_attacked_with_the_given_options():
    clf = line()
    robust_accuracy_score(clf, X_LINE, Y_LINE, epsilon=1, n_steps=7, norm="l2", loss="margin")
    assert clf.asked_["n_rows"] == 7
    assert (clf.asked_["n_steps"], clf.asked_["norm"], clf.asked_["loss"]) == (7, "l2", "margin")


def test_a_class_that_the_net_has_never_seen_is_wrong():
    y = np.where(X_LINE[:, 0] > 4, 2, Y_LINE)
    assert robust_accuracy_score(line(), X_LINE, y, epsilon=0.15) == 5 / 8


def test_a_net_with_text_labels(net, two_classes):
    X, y = two_classes
    scores = [robust_accuracy_score(net, X, y, epsilon=e, n_steps=5) for e in (0, 1.0, 3.0)]
    assert scores[0] == net.score(X, y)
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[1] > scores[2]


def test_raw_and_net_units_agree_for_a_net_behind_a_scaler(two_classes):
    X, y = two_classes
    pipeline = make_pipeline(
        StandardScaler(), AdversarialClassifier(max_epochs=5, n_steps=2, random_state=0)
    ).fit(X * [1, 10, 0.1], y)
    shares = pipeline[0].scale_
    raw = robust_accuracy_score(
        pipeline, X * [1, 10, 0.1], y, epsilon=0.5, units="raw", feature_scale=shares
    )
    assert raw == robust_accuracy_score(pipeline, X * [1, 10, 0.1], y, epsilon=0.5)
    assert raw < pipeline.score(X * [1, 10, 0.1], y)


def test_raw_units_of_a_lone_net_set_its_scale_aside(two_classes):
    X, y = two_classes
    settings = {"max_epochs": 3, "n_steps": 2, "random_state": 0}
    net = AdversarialClassifier(attack__feature_scale="std", **settings).fit(X, y)
    raw = robust_accuracy_score(net, X, y, epsilon=0.8, units="raw")
    assert raw == robust_accuracy_score(net, X, y, epsilon=0.8, feature_scale=None)


def test_data_frames_keep_their_columns(two_classes):
    X, y = two_classes
    frame, labels = pd.DataFrame(X, columns=list("abc")), pd.Series(y)
    pipeline = make_pipeline(
        StandardScaler(), AdversarialClassifier(max_epochs=2, n_steps=2, random_state=0)
    ).fit(frame, labels)
    expected = robust_accuracy_score(pipeline.fit(X, y), X, y, epsilon=0.3)
    for scaler in (StandardScaler(), StandardScaler().set_output(transform="pandas")):
        pipeline.steps[0] = ("standardscaler", scaler)
        pipeline.fit(frame, labels)
        for units in ("net", "raw"):
            score = robust_accuracy_score(pipeline, frame, labels, epsilon=0.3, units=units)
            assert 0 < score <= 1
            if units == "net":
                assert score == expected


def test_a_repeated_score_is_the_same_and_numpy_goes_on_as_it_was(net, two_classes):
    before = np.random.get_state()[1].copy()
    one, two = (robust_accuracy_score(net, *two_classes, epsilon=0.8) for _ in range(2))
    assert one == two
    assert (np.random.get_state()[1] == before).all()


def test_a_search_by_the_scorer(two_classes):
    X, y = two_classes
    pipeline = make_pipeline(StandardScaler(), AdversarialClassifier(n_steps=2, random_state=0))
    scorer = robust_scorer(epsilon=0.3, n_steps=3, average="macro")
    search = GridSearchCV(
        pipeline,
        {"adversarialclassifier__max_epochs": [1, 4]},
        scoring=scorer,
        cv=2,
        error_score="raise",
    ).fit(X, y)
    by_hand = robust_accuracy_score(
        search.best_estimator_, X, y, epsilon=0.3, n_steps=3, average="macro"
    )
    assert search.score(X, y) == by_hand
    assert search.cv_results_["mean_test_score"].shape == (2,)


def test_the_scorer_survives_pickling_and_stands_beside_others():
    scorer = pickle.loads(pickle.dumps(robust_scorer(epsilon=1.5, loss="margin")))
    assert repr(scorer) == "robust_scorer(epsilon=1.5, loss='margin')"
    assert scorer(line(), X_LINE, Y_LINE) == 3 / 8
    scores = cross_validate(
        Linear(), X_LINE, Y_LINE, cv=2, scoring={"robust": scorer, "plain": "accuracy"}
    )
    assert (scores["test_robust"] <= scores["test_plain"]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epsilon": -1}, "epsilon must be a number of at least 0; got -1"),
        ({"epsilon": np.nan}, "epsilon must be"),
        ({"norm": "l1"}, "norm must be one of"),
        ({"units": "cm"}, "units must be one of"),
        ({"n_steps": -1}, "n_steps must be"),
        ({"average": "none"}, "average must be one of"),
        ({"units": "raw"}, 'epsilon is needed with units="raw": that of the training, 0.5'),
        ({"units": "raw", "epsilon": 1, "feature_scale": "std"}, "feature_scale must hold numbers"),
    ],
)
def test_errors_name_the_parameter(options, message):
    with pytest.raises(ValueError, match=message):
        robust_accuracy_score(line(), X_LINE, Y_LINE, **options)


def test_the_scorer_checks_when_it_is_made():
    for options in ({"norm": "l1"}, {"average": "none"}, {"units": "cm"}):
        with pytest.raises(ValueError, match=f"{next(iter(options))} must be one of"):
            robust_scorer(**options)


def test_errors_say_what_to_do():
    logistic = LogisticRegression().fit(X_LINE, Y_LINE)
    with pytest.raises(TypeError, match=r'LogisticRegression .* use attack="black_box"'):
        robust_accuracy_score(logistic, X_LINE, Y_LINE, epsilon=0.1)
    with pytest.raises(ValueError, match="epsilon is needed: LogisticRegression"):
        robust_accuracy_score(logistic, X_LINE, Y_LINE, attack="black_box")
    with pytest.raises(ValueError, match="8 rows and y has 3"):
        robust_accuracy_score(line(), X_LINE, Y_LINE[:3])
    with pytest.raises(ValueError, match=r"No label of y \('0', '1'\)"):
        robust_accuracy_score(line(), X_LINE, Y_LINE.astype(str))
