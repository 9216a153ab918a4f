"""Strategies for tables and labels as strange as users' ones, and what is asked of every call."""

import random
from contextlib import contextmanager

import numpy as np
import pandas as pd
import torch
from hypothesis import strategies as st

from sklearn_imbgen.exceptions import DivergenceError

# -- columns ---------------------------------------------------------------------------------------

COLUMNS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "huge": lambda rng, n: rng.uniform(-1e300, 1e300, size=n),
    "widest": lambda rng, n: rng.choice([-1.0, 1.0], size=n) * np.finfo(float).max,
    "tiny": lambda rng, n: rng.normal(size=n) * 1e-300,
    "subnormal": lambda rng, n: rng.randint(0, 9, size=n) * 5e-324,
    "offset": lambda rng, n: 1e12 + rng.normal(size=n),
    "outlier": lambda rng, n: np.r_[rng.normal(size=n - 1), 1e30],
    "constant": lambda rng, n: np.full(n, 3.7),
    "zero": lambda rng, n: np.zeros(n),
    "duplicates": lambda rng, n: rng.choice([0.5, 1.5], size=n),
    "counts": lambda rng, n: rng.randint(0, 100, size=n).astype(float),
}
NOT_FINITE = {
    "nan": lambda rng, n: np.r_[np.nan, rng.normal(size=n - 1)],
    "infinite": lambda rng, n: np.r_[rng.normal(size=n - 1), -np.inf],
}
DTYPES = ["float64", "float32", "int64", "int8", "uint8", "bool", "object"]


@st.composite
def tables(draw, n_rows, columns=tuple(COLUMNS)):
    """A table of ``n_rows``: columns of mixed scales in one dtype and memory order."""
    kinds = draw(st.lists(st.sampled_from(columns), min_size=1, max_size=4))
    rng = np.random.RandomState(draw(st.integers(0, 99)))
    X = np.column_stack([(COLUMNS | NOT_FINITE)[kind](rng, n_rows) for kind in kinds])
    if draw(st.booleans()):
        X[n_rows // 2] = X[0]
    dtype = draw(st.sampled_from(DTYPES))
    with np.errstate(all="ignore"):
        X = X.astype(dtype, order=draw(st.sampled_from("CF")))
    X.flags.writeable = draw(st.booleans())
    return X


# -- labels ----------------------------------------------------------------------------------------

LABELS = {
    "integers": [0, 1, 2],
    "negative": [-7, -1, 3],
    "large": [2**62, -(2**62), 0],
    "small type": np.array([3, 200, 7], dtype=np.uint8),
    "64 bits without a sign": np.array([2**64 - 1, 3], dtype=np.uint64),
    "whole floats": [-1.0, 0.0, 2.0],
    "negative zero": [-0.0, 1.0],
    "booleans": [False, True],
    "text": ["common", "rare", ""],
    "words for nothing": ["NA", "None", "nan"],
    "lengths": ["a", "a much longer name", "ab"],
    "unicode": ["häufig", "稀", "🦆"],
    "objects": np.array(["common", "rare", "rarest"], dtype=object),
    "dates": np.array(["2026-01-01", "2026-01-02", "1969-12-31"], dtype="datetime64[D]"),
    "spans": np.array([1, 2, 5], dtype="timedelta64[ns]"),
}
# by some, of which scikit-learn is one
REFUSED = {
    "bytes": [b"common", b"rare", b"rarest"],
    "fractions": [0.1, 0.2, 0.3],
    "infinite": [0.0, np.inf, 1.0],
    "mixed": np.array(["common", 1, 2], dtype=object),
}
# by all
MISSING = {
    "none": np.array(["common", None, "rare"], dtype=object),
    "nan": [0.0, np.nan, 1.0],
    "nat": np.array(["2026-01-01", "NaT", "1969-12-31"], dtype="datetime64[s]"),
    "NA": np.array(["common", pd.NA, "rare"], dtype=object),
}


@st.composite
def labels(draw, kinds=tuple(LABELS)):
    """Labels of two or three classes, the smallest of which has as few as two rows."""
    names = np.asarray(LABELS[draw(st.sampled_from(kinds))])
    n_classes = draw(st.integers(2, len(names))) if len(names) > 2 else 2
    sizes = [draw(st.integers(12, 24)), *(draw(st.integers(2, 6)) for _ in range(n_classes - 1))]
    y = np.repeat(names[:n_classes], sizes)
    return y[np.random.RandomState(draw(st.integers(0, 9))).permutation(len(y))]


@st.composite
def labelled_tables(draw, columns=tuple(COLUMNS), kinds=tuple(LABELS)):
    y = draw(labels(kinds))
    return draw(tables(len(y), columns)), y


# -- what is asked of every call -------------------------------------------------------------------

# where checks of input stand; deeper, an error tells a user nothing
CHECKS = ("sklearn_imbgen", "sklearn/utils", "sklearn/base", "imblearn/utils", "imblearn/base")


def _states():
    return torch.random.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()


@contextmanager
def harmless(*arrays):
    """Global generators and the arrays are afterwards as they were before."""
    copies = [repr(array.tolist()) for array in arrays]
    torch_state, numpy_state, python_state = _states()
    yield
    after = _states()
    assert torch.equal(after[0], torch_state)
    np.testing.assert_array_equal(after[1], numpy_state)
    assert after[2] == python_state
    for array, copy in zip(arrays, copies, strict=True):
        assert repr(array.tolist()) == copy


def answer(call, *arrays):
    """What a call gives; None if it refuses its input, which must be by a sentence of a check."""
    with harmless(*arrays):
        try:
            return call()
        except (ValueError, TypeError, DivergenceError) as error:
            refusal = error
    assert_is_sentence(refusal)
    return None


def refusal(call, *arrays):
    """The sentence by which a call refuses its input."""
    with harmless(*arrays):
        try:
            call()
        except (ValueError, TypeError) as error:
            found = error
        else:
            raise AssertionError("it was not refused")
    assert_is_sentence(found)
    return str(found)


def assert_is_sentence(error):
    assert len(str(error)) > 20, error
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    where = trace.tb_frame.f_code.co_filename.replace("\\", "/")
    if not any(place in where for place in CHECKS):
        raise AssertionError(f"raised in {where}") from error
