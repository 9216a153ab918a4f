"""The contract of scikit-learn and imbalanced-learn, checked for every crowd classifier."""

import pytest
from imblearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
)
from imblearn.utils.estimator_checks import (
    parametrize_with_checks as parametrize_with_imblearn_checks,
)
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests.crowd.registry import CROWD_CLASSIFIERS, expected_failures

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:imblearn"),
    # the checks feed labels at random, and weights of classes that leave one of them only
    pytest.mark.filterwarnings("ignore::sklearn_imbgen.exceptions.ConfusedLabelsWarning"),
]
ESTIMATORS = list(CROWD_CLASSIFIERS.values())

# checks of what has been learned; for the others an epoch will do
LEARNING = {
    "check_class_weight_classifiers",
    "check_classifiers_classes",
    "check_classifiers_train",
    "check_classifiers_with_encoded_labels",
}
BRIEF = {"max_epochs": 1, "n_rounds": 1, "warm_up_epochs": 1, "balanced_epochs": 1}


def brief(estimator, check):
    """The estimator with the budget that a check needs."""
    if check.func.__name__ in LEARNING:
        return estimator
    known = estimator.get_params()
    return clone(estimator).set_params(**{k: v for k, v in BRIEF.items() if k in known})


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator, check):
    check(brief(estimator, check))


@parametrize_with_imblearn_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_imbalanced_learn_checks(estimator, check):
    check(brief(estimator, check))


@pytest.mark.parametrize("name", CROWD_CLASSIFIERS)
def test_parameter_constraints(name):
    check_param_validation(name, clone(CROWD_CLASSIFIERS[name]))


@pytest.mark.parametrize("name", CROWD_CLASSIFIERS)
def test_dataframe_column_names(name):
    check_dataframe_column_names_consistency(name, clone(CROWD_CLASSIFIERS[name]))
