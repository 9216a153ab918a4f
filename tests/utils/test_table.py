import numpy as np
import pytest
from scipy import sparse

from sklearn_imbgen.utils import TableCodec


def test_per_feature_scaling_gives_zero_mean_and_unit_variance():
    X = np.array([[0.0, 100.0], [2.0, 300.0]])
    encoded = TableCodec(scaling="per_feature").fit(X).encode(X)
    np.testing.assert_allclose(encoded, [[-1, -1], [1, 1]])
    assert encoded.dtype == np.float32


def test_global_scaling_keeps_proportions():
    X = np.array([[0.0, 0.0], [2.0, 6.0]])
    codec = TableCodec(scaling="global").fit(X)
    # standard deviations 1 and 3, their root mean square sqrt(5)
    expected = np.array([[-1, -3], [1, 3]]) / np.sqrt(5)
    np.testing.assert_allclose(codec.encode(X), expected, rtol=1e-6)
    np.testing.assert_allclose(codec.decode(codec.encode(X)), X, atol=1e-6)


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [([1, 1, 1], "global"), ([1, 3, 5], "global"), ([1, 1, 50], "per_feature"),
     ([1, 1, 1e-6], "per_feature"), ([0.01, 1, 1], "global")],
)  # fmt: skip
def test_auto_scaling_asks_whether_features_share_a_unit(ranges, expected):
    X = np.array([[0.0] * 3, ranges])
    assert TableCodec().fit(X).scaling_ == expected


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_round_trip_at_any_scale(scale):
    X = np.random.RandomState(0).normal(size=(50, 3)) * scale
    codec = TableCodec().fit(X)
    np.testing.assert_allclose(codec.decode(codec.encode(X)), X, rtol=1e-4, atol=1e-6 * scale)


def test_decoded_values_are_clipped_to_the_range_exactly():
    X = np.array([[0.1, -7.0], [0.3, 11.0]])
    codec = TableCodec().fit(X)
    far = np.array([[99.0, -99.0]], dtype=np.float32)
    np.testing.assert_array_equal(codec.decode(far), [[0.3, -7.0]])


def test_integers_are_rounded_not_truncated():
    X = np.array([[0], [10]])
    codec = TableCodec(scaling="global").fit(X)
    middle = codec.encode(np.array([[6.7]]))
    assert codec.decode(middle).tolist() == [[7]]


def test_integer_columns_of_a_float_table_keep_to_their_type_without_clip():
    X = np.array([[0.0, 0.5], [255.0, 1.5]])
    codec = TableCodec(clip=False, integer_bounds={0: (0.0, 255.0)}).fit(X)
    decoded = codec.decode(np.array([[9.0, 9.0]], dtype=np.float32))
    assert decoded[0, 0] == 255
    assert decoded[0, 1] > 1.5


def test_the_largest_integers_do_not_wrap_round():
    limits = np.iinfo(np.int64)
    X = np.array([[limits.min], [limits.max]])
    codec = TableCodec().fit(X)
    low, high = codec.decode(np.array([[-9.0], [9.0]], dtype=np.float32)).ravel()
    assert low < 0 < high


def test_categories_become_one_hot_blocks_and_come_back():
    X = np.array([["a", 1.0], ["b", 2.0], ["c", 3.0]], dtype=object)
    codec = TableCodec(categorical=[0]).fit(X)
    encoded = codec.encode(X)
    assert codec.blocks_ == [slice(1, 4)]
    np.testing.assert_array_equal(encoded[:, 1:], np.eye(3))
    soft = np.array([[0.0, 0.2, 0.5, 0.3]], dtype=np.float32)
    assert codec.decode(soft)[0].tolist() == ["b", 2.0]


def test_sparse_columns_get_their_zeros_back():
    X = sparse.csr_array(np.array([[0.0, 5.0], [4.0, 6.0], [2.0, 7.0]]))
    codec = TableCodec(scaling="per_feature").fit(X)
    near_zero = codec.encode(np.array([[0.9, 5.1], [1.1, 5.1]]))
    np.testing.assert_allclose(codec.decode(near_zero), [[0.0, 5.1], [1.1, 5.1]], rtol=1e-5)
