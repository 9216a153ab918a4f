"""The five real data sets of Table 2.1, through scikit-learn's OpenML client."""

from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from urllib.error import URLError

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.datasets import fetch_openml, get_data_home
from sklearn.utils import Bunch

Result: TypeAlias = Bunch | tuple[NDArray[np.float64], NDArray[Any]]


class _Source(NamedTuple):
    """Where a set is on OpenML, what it must look like and where it came from."""

    query: dict[str, Any]
    shape: tuple[int, int]
    origin: str


_UCI = "https://archive.ics.uci.edu"
_ASU = "http://featureselection.asu.edu/datasets.php"

_SOURCES = {
    "USPS": _Source({"data_id": 41082}, (9298, 256), _ASU),
    "Madelon": _Source({"data_id": 1485}, (2600, 500), _ASU),
    "Gisette": _Source({"data_id": 41026}, (7000, 5000), _ASU),
    "Gas Sensor Array Drift": _Source({"data_id": 1476}, (13910, 128), _UCI),
    # no id is known for certain; the shape check guards the name
    "Sensorless Drive Diagnosis": _Source(
        {"name": "sensorless", "version": 1}, (58509, 48), f"{_UCI}/dataset/325"
    ),
}


def fetch_usps(*, data_home: str | Path | None = None, return_X_y: bool = False) -> Result:
    """Fetch USPS: 9298 images of handwritten digits, 256 pixels, ten classes.

    The first call downloads the set from OpenML; later ones read the cache.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder of the cache; None is scikit-learn's, see
        :func:`sklearn.datasets.get_data_home`.
    return_X_y : bool, default=False
        Return ``(data, target)`` in place of a Bunch.

    Returns
    -------
    Bunch or tuple of ndarray
        ``data`` (float64), ``target`` (integers), ``name`` and ``DESCR``.

    Raises
    ------
    ConnectionError
        If the set is neither cached nor within reach.

    Examples
    --------
    >>> from sklearn_imbgen.datasets import fetch_usps
    >>> usps = fetch_usps()  # doctest: +SKIP
    >>> usps.data.shape  # doctest: +SKIP
    (9298, 256)
    """
    return _fetch("USPS", data_home, return_X_y)


def fetch_madelon(*, data_home: str | Path | None = None, return_X_y: bool = False) -> Result:
    """Fetch Madelon: 2600 artificial rows, 500 features, two classes.

    Parameters
    ----------
    data_home, return_X_y
        As of :func:`fetch_usps`.

    Returns
    -------
    Bunch or tuple of ndarray
        As of :func:`fetch_usps`.

    Examples
    --------
    >>> from sklearn_imbgen.datasets import fetch_madelon
    >>> X, y = fetch_madelon(return_X_y=True)  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (2600, 500)
    """
    return _fetch("Madelon", data_home, return_X_y)


def fetch_gisette(*, data_home: str | Path | None = None, return_X_y: bool = False) -> Result:
    """Fetch Gisette: 7000 handwritten digits 4 and 9, 5000 features, two classes.

    The dense array that is returned takes 280 MB.

    Parameters
    ----------
    data_home, return_X_y
        As of :func:`fetch_usps`.

    Returns
    -------
    Bunch or tuple of ndarray
        As of :func:`fetch_usps`.

    Examples
    --------
    >>> from sklearn_imbgen.datasets import fetch_gisette
    >>> X, y = fetch_gisette(return_X_y=True)  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (7000, 5000)
    """
    return _fetch("Gisette", data_home, return_X_y)


def fetch_gas_drift(*, data_home: str | Path | None = None, return_X_y: bool = False) -> Result:
    """Fetch Gas Sensor Array Drift: 13910 rows, 128 features, six gases.

    Parameters
    ----------
    data_home, return_X_y
        As of :func:`fetch_usps`.

    Returns
    -------
    Bunch or tuple of ndarray
        As of :func:`fetch_usps`.

    Examples
    --------
    >>> from sklearn_imbgen.datasets import fetch_gas_drift
    >>> X, y = fetch_gas_drift(return_X_y=True)  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (13910, 128)
    """
    return _fetch("Gas Sensor Array Drift", data_home, return_X_y)


def fetch_sensorless(*, data_home: str | Path | None = None, return_X_y: bool = False) -> Result:
    """Fetch Sensorless Drive Diagnosis: 58509 rows, 48 features, eleven classes.

    Parameters
    ----------
    data_home, return_X_y
        As of :func:`fetch_usps`.

    Returns
    -------
    Bunch or tuple of ndarray
        As of :func:`fetch_usps`.

    Examples
    --------
    >>> from sklearn_imbgen.datasets import fetch_sensorless
    >>> X, y = fetch_sensorless(return_X_y=True)  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (58509, 48)
    """
    return _fetch("Sensorless Drive Diagnosis", data_home, return_X_y)


def _fetch(name: str, data_home: str | Path | None, return_X_y: bool) -> Result:
    """Download or read a set of the table above and check its shape."""
    source = _SOURCES[name]
    raw = _download(name, source, data_home)
    data = raw.data.toarray() if sparse.issparse(raw.data) else np.asarray(raw.data)
    if data.shape != source.shape:
        raise ValueError(
            f"{name} must have shape {source.shape}, but OpenML's {source.query} has "
            f"{data.shape}: it is another set or another version. The original is at "
            f"{source.origin}."
        )
    data = data.astype(np.float64, copy=False)
    target = _integers_if_numeric(np.asarray(raw.target))
    if return_X_y:
        return data, target
    return Bunch(data=data, target=target, name=name, DESCR=raw.get("DESCR", ""))


def _download(name: str, source: _Source, data_home: str | Path | None) -> Bunch:
    """Ask OpenML's client; say what to do where set or network is missing."""
    # the parser "pandas" needs an optional library and fails on the integer labels of
    # these sets with pandas 3.1 (scikit-learn issue 34892)
    options = {"data_home": data_home, "as_frame": False, "parser": "liac-arff"}
    try:
        return fetch_openml(**source.query, **options)
    except (URLError, ConnectionError, TimeoutError) as error:
        cache = Path(get_data_home(data_home)) / "openml"
        raise ConnectionError(
            f"{name} is not cached in {cache}, and the network or OpenML could not be "
            f"reached ({error}). Run the same call once while online; later calls read "
            "the cache. data_home selects another folder."
        ) from error
    except ValueError as error:
        error.add_note(
            f"While fetching {name} as {source.query} from OpenML. The original is at "
            f"{source.origin}."
        )
        raise


def _integers_if_numeric(target: NDArray[Any]) -> NDArray[Any]:
    """Labels such as "3" or 3.0 as integers; others unchanged."""
    try:
        numbers = target.astype(np.float64)
    except (TypeError, ValueError):
        return target
    whole = np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all()
    return numbers.astype(np.int64) if whole else target
