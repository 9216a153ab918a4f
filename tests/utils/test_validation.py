import numpy as np
import pytest

from sklearn_imbgen.utils import encode_labels

NEW = "the net was not fitted on"


@pytest.mark.parametrize(
    ("labels", "classes", "expected"),
    [
        (["b", "a", "b"], ["a", "b"], [1, 0, 1]),
        # as numbers are sorted, not as text
        ([10, 2, 10], [2, 10], [1, 0, 1]),
        # a class that no row has keeps its place
        ([3, 1], [1, 2, 3], [2, 0]),
        # a number is what it is, of whatever type
        ([1.0, 0.0], [0, 1], [1, 0]),
        ([True, False], [0, 1], [1, 0]),
        ([], [0, 1], []),
    ],
)
def test_labels_become_positions_among_the_classes(labels, classes, expected):
    codes = encode_labels(np.array(labels), np.array(classes), NEW)
    assert codes.dtype == np.int64
    assert codes.tolist() == expected
    assert encode_labels(labels, classes, NEW).tolist() == expected


def test_text_as_objects_is_text():
    texts = np.array(["b", "a"])
    objects = texts.astype(object)
    for labels, classes in ((texts, np.sort(objects)), (objects, np.sort(texts))):
        assert encode_labels(labels, classes, NEW).tolist() == [1, 0]


def test_dates_are_labels():
    days = np.array(["2026-01-02", "2026-01-01"], dtype="datetime64[ns]")
    assert encode_labels(days, np.sort(days), NEW).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        (["new", "a"], ["a", "b"], "y holds 'new', which the net was not fitted on; "),
        ([7, 8, 0, 7], [0, 1], "y holds 7, 8, which the net was not fitted on; known are 0, 1"),
        (range(9), [0], "y holds 1, 2, 3, 4, 5 and 3 more, which"),
        ([0], range(1, 10), r"known are 1, 2, 3, 4, 5 and 4 more\."),
        ([0.5], [0, 1], "y holds 0.5, which"),
    ],
)
def test_unknown_labels_are_named_beside_the_known_ones(labels, classes, message):
    with pytest.raises(ValueError, match=message):
        encode_labels(np.array(labels), np.array(classes), NEW)


@pytest.mark.parametrize("n_classes", [2, 30])
def test_a_number_written_as_text_is_another_label(n_classes):
    numbers = np.arange(n_classes)
    for labels, classes in ((["1"], numbers), ([1], np.sort(numbers.astype(str)))):
        with pytest.raises(ValueError, match=f"y holds {labels[0]!r}, which"):
            encode_labels(np.array(labels), classes, NEW)
