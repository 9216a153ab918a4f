import data
import numpy as np
import pytest


def test_sets_of_the_folder_need_the_option():
    with pytest.raises(SystemExit, match="--sets usps needs --data-dir"):
        data.load("usps", None)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SystemExit, match=r"madelon needs the file .*madelon\.npz"):
        data.load("madelon", tmp_path)


def test_gisette_without_network_fails_in_one_line(monkeypatch):
    def offline(**arguments):
        raise ConnectionError("Gisette is not cached, and OpenML could not be reached")

    monkeypatch.setattr(data, "fetch_gisette", offline)
    with pytest.raises(SystemExit, match="Gisette is not cached") as caught:
        data.load("gisette", None)
    assert "\n" not in str(caught.value)


def test_pixels_are_scaled_and_one_class_stands_against_the_rest(tmp_path):
    X = np.array([[0, 1000], [2000, 500]], dtype=np.uint16)
    np.savez(tmp_path / "usps.npz", X=X, y=np.array([3, 4]))
    np.savez(tmp_path / "satimage.npz", X=X, y=np.array([4, 7]))
    assert data.load("usps", tmp_path)[0].tolist() == [[0.0, 0.5], [1.0, 0.25]]
    X_whole, y = data.load("satimage", tmp_path)
    assert X_whole.dtype == np.float64
    assert y.tolist() == [1, 0]


def test_car_becomes_columns_of_zero_and_one(tmp_path):
    import gzip

    with gzip.open(tmp_path / "car_vgood.csv.gz", "wt") as file:
        file.write("Doors,Safety,Class\n2,low,negative\n5more,high,positive\n")
    X, y = data.load("car_vgood", tmp_path)
    assert X.tolist() == [[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]]
    assert y.tolist() == [0, 1]


def test_only_the_named_sets_are_standardised():
    X = np.array([[0.0], [10.0]])
    assert data.prepare("digits", X, X)[1] is X
    prepared = data.prepare("abalone19", X, X + 10)
    assert prepared[0].ravel().tolist() == [-1.0, 1.0]
    assert prepared[1].ravel().tolist() == [1.0, 3.0]
    assert data.SETS.keys() >= data.STANDARDISED
