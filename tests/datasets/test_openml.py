"""The fetchers with a stand-in for OpenML's client and with a cache written by hand."""

import gzip
import hashlib
import json
from urllib.error import URLError

import numpy as np
import pytest
import sklearn.datasets._openml as openml_client
from scipy import sparse
from sklearn.utils import Bunch

from sklearn_imbgen import datasets
from sklearn_imbgen.datasets import _openml

SHAPES = {
    "fetch_usps": (9298, 256),
    "fetch_madelon": (2600, 500),
    "fetch_gisette": (7000, 5000),
    "fetch_gas_drift": (13910, 128),
    "fetch_sensorless": (58509, 48),
}


def answer_with(monkeypatch, data, target):
    """Make the client return this set; gives the list of the calls' arguments."""
    calls = []

    def stand_in(**arguments):
        calls.append(arguments)
        return Bunch(data=data, target=target, DESCR="as told by OpenML")

    monkeypatch.setattr(_openml, "fetch_openml", stand_in)
    return calls


def fail_with(monkeypatch, error):
    def stand_in(**arguments):
        raise error

    monkeypatch.setattr(_openml, "fetch_openml", stand_in)


def expect_shape(monkeypatch, name, shape):
    """Let a small set stand for a real one."""
    changed = _openml._SOURCES[name]._replace(shape=shape)
    monkeypatch.setitem(_openml._SOURCES, name, changed)


def empty_of_shape(shape):
    """An array of that shape that takes no memory."""
    return np.broadcast_to(np.float64(0), shape)


@pytest.mark.parametrize(("function", "shape"), SHAPES.items())
def test_each_set_comes_as_a_bunch_in_its_shape(monkeypatch, tmp_path, function, shape):
    labels = np.array(["1", "2"])[np.arange(shape[0]) % 2]
    calls = answer_with(monkeypatch, empty_of_shape(shape), labels)
    result = getattr(datasets, function)(data_home=tmp_path)
    assert result.data.shape == shape
    assert result.data.dtype == np.float64
    assert result.target.dtype == np.int64
    assert result.target[:3].tolist() == [1, 2, 1]
    assert result.DESCR == "as told by OpenML"
    assert result.name
    assert calls[0]["data_home"] == tmp_path


def test_no_two_fetchers_ask_for_the_same_set(monkeypatch, tmp_path):
    calls = answer_with(monkeypatch, np.zeros((1, 1)), np.zeros(1))
    for function in SHAPES:
        with pytest.raises(ValueError, match="must have shape"):
            getattr(datasets, function)(data_home=tmp_path)
    assert len({str((call.get("data_id"), call.get("name"))) for call in calls}) == 5


def test_data_and_target_come_alone_on_request(monkeypatch, tmp_path):
    expect_shape(monkeypatch, "USPS", (2, 3))
    answer_with(monkeypatch, np.ones((2, 3), dtype=object), np.array(["3", "4"], dtype=object))
    X, y = datasets.fetch_usps(data_home=tmp_path, return_X_y=True)
    np.testing.assert_array_equal(X, np.ones((2, 3)))
    assert y.tolist() == [3, 4]


def test_a_sparse_answer_is_made_dense(monkeypatch, tmp_path):
    expect_shape(monkeypatch, "Gisette", (2, 3))
    answer_with(monkeypatch, sparse.csr_matrix([[0, 1, 0], [2, 0, 0]]), np.array(["-1", "1"]))
    X, y = datasets.fetch_gisette(data_home=tmp_path, return_X_y=True)
    np.testing.assert_array_equal(X, [[0.0, 1.0, 0.0], [2.0, 0.0, 0.0]])
    assert y.tolist() == [-1, 1]


@pytest.mark.parametrize("target", [["ethanol", "acetone"], [0.5, 1.0]])
def test_labels_that_are_no_integers_stay_as_they_are(monkeypatch, tmp_path, target):
    expect_shape(monkeypatch, "Gas Sensor Array Drift", (2, 1))
    answer_with(monkeypatch, np.zeros((2, 1)), np.array(target))
    _, y = datasets.fetch_gas_drift(data_home=tmp_path, return_X_y=True)
    assert y.tolist() == target


def test_a_set_of_another_shape_is_refused_with_both_shapes(monkeypatch, tmp_path):
    answer_with(monkeypatch, np.zeros((5, 2)), np.zeros(5))
    with pytest.raises(ValueError, match=r"Madelon must have shape \(2600, 500\).*\(5, 2\)"):
        datasets.fetch_madelon(data_home=tmp_path)


@pytest.mark.parametrize(
    "error", [URLError("no route"), ConnectionResetError("no route"), TimeoutError("no route")]
)
def test_without_cache_and_network_the_error_says_what_to_do(monkeypatch, tmp_path, error):
    fail_with(monkeypatch, error)
    with pytest.raises(ConnectionError, match="could not be reached") as caught:
        datasets.fetch_usps(data_home=tmp_path)
    message = str(caught.value)
    assert "USPS is not cached" in message
    assert str(tmp_path) in message
    assert "once while online" in message
    assert "no route" in message
    assert caught.value.__cause__ is error


def test_a_full_disk_is_not_called_a_lost_network(monkeypatch, tmp_path):
    fail_with(monkeypatch, OSError(28, "No space left on device"))
    with pytest.raises(OSError, match="No space left") as caught:
        datasets.fetch_usps(data_home=tmp_path)
    assert not isinstance(caught.value, ConnectionError)


def test_a_name_openml_does_not_know_leads_to_the_original(monkeypatch, tmp_path):
    fail_with(monkeypatch, ValueError("Dataset sensorless not found."))
    with pytest.raises(ValueError, match="not found") as caught:
        datasets.fetch_sensorless(data_home=tmp_path)
    assert "archive.ics.uci.edu" in "".join(caught.value.__notes__)


# ------------------------------------------------------- a cache written by hand

ARFF = b"""@relation toy
@attribute a numeric
@attribute b numeric
@attribute class {1,2}
@data
0.5,1,1
1.5,2,2
2.5,3,2
"""


def write_cache(data_home):
    """What scikit-learn's client leaves behind after fetching a toy set as USPS."""
    columns = [("a", "numeric", "false"), ("b", "numeric", "false"), ("class", "nominal", "true")]
    features = [
        {
            "index": str(i),
            "name": name,
            "data_type": kind,
            "is_target": target,
            "is_ignore": "false",
            "is_row_identifier": "false",
            "number_of_missing_values": "0",
        }
        for i, (name, kind, target) in enumerate(columns)
    ]
    description = {
        "id": "41082",
        "name": "toy",
        "version": "1",
        "description": "Three rows.",
        "format": "ARFF",
        "status": "active",
        "url": "https://www.openml.org/data/v1/download/1/toy.arff",
        "md5_checksum": hashlib.md5(ARFF).hexdigest(),
    }
    api = {
        "41082": {"data_set_description": description},
        "features/41082": {"data_features": {"feature": features}},
        "qualities/41082": {
            "data_qualities": {"quality": [{"name": "NumberOfInstances", "value": "3"}]}
        },
    }
    files = {f"api/v1/json/data/{path}": json.dumps(body).encode() for path, body in api.items()}
    files["data/v1/download/1/toy.arff"] = ARFF
    for path, content in files.items():
        file = data_home / "openml" / "openml.org" / f"{path}.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(content))


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*arguments, **options):
        raise URLError("the tests have no network")

    monkeypatch.setattr(openml_client, "urlopen", refuse)
    monkeypatch.setattr(openml_client.time, "sleep", lambda seconds: None)


@pytest.mark.usefixtures("no_network")
def test_a_cached_set_is_read_without_network(monkeypatch, tmp_path):
    write_cache(tmp_path)
    expect_shape(monkeypatch, "USPS", (3, 2))
    usps = datasets.fetch_usps(data_home=tmp_path)
    np.testing.assert_array_equal(usps.data, [[0.5, 1.0], [1.5, 2.0], [2.5, 3.0]])
    assert usps.target.tolist() == [1, 2, 2]
    assert "Three rows." in usps.DESCR


@pytest.mark.usefixtures("no_network")
@pytest.mark.filterwarnings("ignore:A network error occurred:UserWarning")
def test_an_empty_cache_without_network_raises_a_connection_error(tmp_path):
    with pytest.raises(ConnectionError, match="Gisette is not cached"):
        datasets.fetch_gisette(data_home=tmp_path)
