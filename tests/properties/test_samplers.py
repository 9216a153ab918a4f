"""Every over-sampler on tables and labels of any kind."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from sklearn.base import clone

from tests.properties.tables import (
    NOT_FINITE,
    answer,
    labelled_tables,
    refusal,
)
from tests.registry import SAMPLERS, tuned

pytestmark = pytest.mark.filterwarnings("ignore::sklearn_imbgen.exceptions.FewSamplesWarning")
TINY = {"hidden_dims": (8,), "steps_per_epoch": 1}


def small(name):
    sampler = clone(SAMPLERS[name])
    return sampler if name in ("SWIM", "ImbMix") else tuned(sampler, **TINY)


@pytest.mark.parametrize("name", SAMPLERS)
@given(data=labelled_tables())
def test_rows_are_added_and_nothing_else_happens(name, data):
    X, y = data
    found = answer(lambda: small(name).fit_resample(X, y), X, y)
    if found is None:
        return
    X_resampled, y_resampled = found
    # numbers in objects become floats, as everywhere in scikit-learn
    assert X_resampled.dtype == (float if X.dtype == object else X.dtype)
    assert y_resampled.dtype == y.dtype
    assert len(set(Counter(y_resampled.tolist()).values())) == 1
    assert X_resampled.shape == (len(y_resampled), X.shape[1])
    np.testing.assert_array_equal(X_resampled[: len(X)], X)
    np.testing.assert_array_equal(y_resampled[: len(y)], y)
    new = X_resampled[len(X) :].astype(float)
    assert np.isfinite(new).all()
    assert (new >= X.astype(float).min(axis=0)).all()
    assert (new <= X.astype(float).max(axis=0)).all()
    again, _ = small(name).fit_resample(X, y)
    np.testing.assert_array_equal(again, X_resampled)


@pytest.mark.parametrize("name", SAMPLERS)
@given(data=labelled_tables(columns=tuple(NOT_FINITE)))
def test_what_is_not_finite_is_refused(name, data):
    X, y = data
    if X.dtype.kind not in "fO":
        return
    assert "Input X contains" in refusal(lambda: small(name).fit_resample(X, y), X)
