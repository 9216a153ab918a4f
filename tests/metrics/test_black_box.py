"""Attacks that see answers only."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from torch import nn

from sklearn_imbgen.metrics import robust_accuracy_score
from sklearn_imbgen.metrics._attack import Attack, AttackedRows
from sklearn_imbgen.robust import AdversarialClassifier
from tests.metrics.line import X_LINE, Y_LINE


@pytest.fixture(scope="module")
def logistic(two_classes):
    """A pipeline whose distances to the border are known, and fifteen rows."""
    X, y = two_classes
    X = X * [1, 10, 0.1] + [0, 1e6, 0]
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    return pipeline, X[::4], y[::4]


@pytest.mark.parametrize(("norm", "order"), [("linf", 1), ("l2", 2)])
def test_black_box_distances_are_nearly_those_of_a_line(logistic, norm, order):
    pipeline, X, y = logistic
    rows = AttackedRows(pipeline, X, y, Attack(norm, attack="black_box", units="net"))
    exact = np.abs(pipeline.decision_function(X)) / np.linalg.norm(pipeline[-1].coef_[0], order)
    median = np.median(exact)
    masks = rows.withstand_each([1e-3, median])
    unsure = np.abs(exact - median) < 0.03 * median
    right = pipeline.predict(X) == y
    assert (masks[0] == right).all()
    assert (masks[1] == (right & (exact > median)))[~unsure].all()
    assert (rows._distances[right] >= exact[right] * (1 - 1e-6)).all()
    assert (rows._distances[right] <= exact[right] * 1.03).all()


def test_black_box_is_repeatable_and_leaves_numpy_alone(logistic):
    pipeline, X, y = logistic
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    options = {"attack": "black_box", "n_steps": 4, "units": "raw"}
    options["feature_scale"] = pipeline[0].scale_
    one = robust_accuracy_score(pipeline, X, y, epsilon=1.5, **options)
    np.random.seed(6)
    two = robust_accuracy_score(pipeline, X, y, epsilon=1.5, **options)
    np.random.seed(5)
    assert (np.random.get_state()[1] == before).all()
    assert one == two
    assert 0 < one < pipeline.score(X, y)
    # behind the scaler, the same ball
    options |= {"units": "net", "feature_scale": None}
    assert robust_accuracy_score(pipeline, X, y, epsilon=1.5, **options) == one


def test_black_box_in_raw_units_of_a_frame_and_text_labels():
    frame = pd.DataFrame({"a": X_LINE[:, 0], "b": 0.0})
    y = np.array(["no", "yes"])[Y_LINE]
    tree = make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=1)).fit(frame, y)
    border = tree[0].mean_[0] + tree[0].scale_[0] * tree[1].tree_.threshold[0]
    signed = (frame["a"] - border) * np.where(Y_LINE == 1, 1, -1)
    for epsilon in (0.3, 1.0):
        options = {"attack": "black_box", "n_steps": 3, "units": "raw"}
        score = robust_accuracy_score(tree, frame, y, epsilon=epsilon, **options)
        assert score == np.mean(signed > epsilon)


def test_black_box_respects_fixed_features_and_the_valid_range():
    X = np.column_stack([X_LINE[:, 0], -X_LINE[:, 0]])
    tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(X[:, :1], Y_LINE)
    pipeline = make_pipeline(FunctionTransformer(lambda Z: Z[:, :1]), tree)
    pipeline.fit(X, Y_LINE)
    options = {"attack": "black_box", "n_steps": 3, "units": "raw", "epsilon": 9.0}
    plain = pipeline.score(X, Y_LINE)
    assert robust_accuracy_score(pipeline, X, Y_LINE, **options) == 0
    fixed = robust_accuracy_score(pipeline, X, Y_LINE, feature_scale=[0, 1], **options)
    assert fixed == plain
    # class 1 is above the border, where no row may be pushed
    border = tree.tree_.threshold[0]
    kept = robust_accuracy_score(pipeline, X, Y_LINE, clip_values=(-9, border - 0.01), **options)
    assert kept == np.mean((pipeline.predict(X) == Y_LINE) & (Y_LINE == 0))


def test_black_box_cannot_break_a_constant():
    X, y = np.zeros((4, 2)), np.array([0, 0, 0, 1])
    X[3] = 1
    tree = DecisionTreeClassifier(max_depth=1, min_samples_leaf=3).fit(X[[0, 1, 2, 3, 0]], [0] * 5)
    score = robust_accuracy_score(tree, X, y, epsilon=0.5, attack="black_box", n_steps=2)
    assert score == 3 / 4


def test_the_nets_too_can_be_attacked_by_answers_only(net, two_classes):
    X, y = two_classes[0][::8], two_classes[1][::8]
    gradients = robust_accuracy_score(net, X, y, epsilon=1.2)
    answers = robust_accuracy_score(net, X, y, epsilon=1.2, attack="black_box", n_steps=3)
    assert 0 <= answers <= net.score(X, y)
    assert abs(answers - gradients) <= 2 / len(X)


def test_columns_of_text_are_named():
    frame = pd.DataFrame({"size": X_LINE[:, 0], "colour": list("rgrgrgrg")})
    tree = make_pipeline(OneHotEncoder(), DecisionTreeClassifier()).fit(frame, Y_LINE)
    options = {"epsilon": 0.1, "attack": "black_box", "units": "raw"}
    with pytest.raises(ValueError, match="column 'colour' of X does not hold numbers"):
        robust_accuracy_score(tree, frame, Y_LINE, **options)


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "art", None)
    tree = DecisionTreeClassifier().fit(X_LINE, Y_LINE)
    with pytest.raises(ImportError, match=r"black_box.*sklearn-imbgen\[robust\]"):
        robust_accuracy_score(tree, X_LINE, Y_LINE, epsilon=0.1, attack="black_box")


class OfFirst(nn.Linear):
    """A network that looks at the first column alone."""

    def forward(self, X):
        return super().forward(X[:, :1])


def test_what_the_net_was_trained_against_holds_for_answers_too():
    X, y = np.array([[-3.0, 0.0], [5.0, 0.0]]), np.array([0, 1])
    options = {"epsilon": 9.0, "attack": "black_box", "n_steps": 1, "init_eval": 2, "max_eval": 4}

    def score(units="net", **trained):
        given = {f"attack__{name}": value for name, value in trained.items()}
        net = AdversarialClassifier(OfFirst(1, 2), max_epochs=60, n_steps=0, **given)
        fitted = (net if units == "net" else make_pipeline(StandardScaler(), net)).fit(X, y)
        assert fitted.score(X, y) == 1
        return robust_accuracy_score(fitted, X, y, units=units, **options)

    assert score() == 0
    assert score(feature_mask=[False, True]) == 1
    assert score(feature_scale=[0.0, 1.0]) == 1
    # where only larger values are valid, the row of the class that has the larger ones stays right
    assert score(clip_values=(6, 7)) == 0.5
    assert score(units="raw", feature_mask=[False, True]) == 1
    assert score(units="raw", clip_values=(6, 7)) == 0.5


def test_known_attacks_are_named():
    with pytest.raises(
        ValueError, match=r"'pgd', 'fgsm', 'autoattack', 'black_box', or a callable"
    ):
        Attack(attack="deepfool").check()
