import numpy as np
import pandas as pd
import pytest

from sklearn_imbgen.crowd import label_certainty


def test_certainty_by_hand():
    # 1 - (1/4 + 1/4) and 1 - (4/9 + 1/9)
    certainty = label_certainty([[0, 1, -1], [0, 1, 0], [1, 1, 1]], epsilon=0.5)
    np.testing.assert_allclose(certainty, [1 / 1.0, 1 / (4 / 9 + 0.5), 2.0])


def test_only_shares_count_and_labels_may_be_text():
    frame = pd.DataFrame([["a", "b", None, None], ["b", "b", "a", "a"], ["c", None, None, None]])
    certainty = label_certainty(frame)
    assert certainty[0] == certainty[1] == pytest.approx(2, rel=1e-5)
    assert certainty[2] == pytest.approx(1e6)


def test_more_classes_in_a_tie_are_less_certain():
    two, three = label_certainty([[0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 2]])
    assert two == pytest.approx(2, rel=1e-5)
    assert three == pytest.approx(1.5, rel=1e-5)


@pytest.mark.parametrize(
    ("epsilon", "error"), [(0, ValueError), (-1, ValueError), ("a", TypeError)]
)
def test_epsilon_is_a_number_above_zero(epsilon, error):
    with pytest.raises(error, match="epsilon"):
        label_certainty([[0, 1]], epsilon=epsilon)


def test_rows_without_labels_are_named():
    with pytest.raises(ValueError, match="without any label: row 1"):
        label_certainty([[0, 1], [-1, -1]])
