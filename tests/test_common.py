"""The contract of scikit-learn and imbalanced-learn, checked for every estimator."""

import warnings

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

from sklearn_imbgen.exceptions import FewSamplesWarning
from tests.registry import SAMPLERS, expected_failures

pytestmark = [
    # the checks feed tiny classes, unnamed arrays and sparse arrays on purpose
    pytest.mark.filterwarnings("ignore::sklearn_imbgen.exceptions.FewSamplesWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:imblearn"),
]


@parametrize_with_checks(list(SAMPLERS.values()), expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@parametrize_with_imblearn_checks(list(SAMPLERS.values()), expected_failed_checks=expected_failures)
def test_imbalanced_learn_checks(estimator, check):
    check(estimator)


def test_parameter_constraints(sampler):
    check_param_validation(type(sampler).__name__, sampler)


def test_dataframe_column_names(sampler):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FewSamplesWarning)
        check_dataframe_column_names_consistency(type(sampler).__name__, clone(sampler))
