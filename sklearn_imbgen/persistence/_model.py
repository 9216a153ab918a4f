"""A fitted estimator in one file that runs no code when it is read."""

import os
import warnings
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator

from sklearn_imbgen import __version__
from sklearn_imbgen.persistence._container import (
    FormatError,
    add_members,
    read_members,
    warn_of_versions,
    with_modules,
)
from sklearn_imbgen.persistence._networks import NETWORKS
from sklearn_imbgen.persistence._records import Packer, Unpacker
from sklearn_imbgen.persistence._trust import Trust, UntrustedError
from sklearn_imbgen.persistence._values import VALUES, check_trees
from sklearn_imbgen.utils import import_extra, whole_file

# the first that fits an object is taken
KINDS = {**NETWORKS, **VALUES}


def save_model(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Write an estimator to a file from which :func:`load_model` makes it again.

    The file is a skops archive with the tensors of all networks as safetensors in it, and
    no pickle. It is written beside ``path`` first and renamed when it is whole.

    Parameters
    ----------
    estimator : estimator
        Any of this library, fitted or not, or a Pipeline of scikit-learn or
        imbalanced-learn that contains some.
    path : str or path-like
        Overwritten if it exists. The ending is up to you; ``.skops`` says what it is.

    Raises
    ------
    ImportError
        If skops or safetensors is not installed: ``pip install "sklearn-imbgen[persistence]"``.
    TypeError
        If the estimator holds something that cannot be stored or would not be loaded again,
        such as a lambda, a class defined in a function or a module with hooks. Its attribute
        is named.
    OSError
        If the file cannot be written. A file that was there before is kept then.

    See Also
    --------
    save_weights : The tensors only, for other programs.

    Examples
    --------
    >>> import tempfile, os
    >>> import numpy as np
    >>> from sklearn_imbgen.over_sampling import SWIM
    >>> from sklearn_imbgen.persistence import load_model, save_model
    >>> X, y = np.random.RandomState(0).normal(size=(40, 3)), np.repeat([0, 1], [30, 10])
    >>> sampler = SWIM(random_state=0).fit(X, y)
    >>> path = os.path.join(tempfile.mkdtemp(), "swim.skops")
    >>> save_model(sampler, path)
    >>> bool((load_model(path).sample(2) == sampler.sample(2)).all())
    True
    """
    skops = import_extra("skops.io", "persistence", "saving a model")
    import_extra("safetensors", "persistence", "saving a model")
    if isinstance(estimator, type) or not isinstance(estimator, BaseEstimator):
        raise TypeError(f"save_model takes an estimator; got {estimator!r}.")
    name = type(estimator).__name__
    packer = Packer(KINDS)
    try:
        archive = skops.dumps(packer.pack(estimator))
        content = add_members(archive, packer.tensors, name, packer.types)
        _check_loads(content)
    except Exception as error:
        raise TypeError(f"this {name} cannot be saved: {error}") from error
    with whole_file(path, f"the model {str(path)!r}") as unfinished:
        unfinished.write_bytes(content)


def load_model(path: str | os.PathLike[str], *, trusted: Any = ()) -> Any:
    """Make an estimator from a file of :func:`save_model`, running no code from the file.

    All tensors come to the CPU, whatever device they were trained on. A net that was trained
    on another one gets ``device="cpu"`` and says so.

    Parameters
    ----------
    path : str or path-like
    trusted : list of str or type, default=()
        Types to be made in addition to :func:`trusted_types`: the classes of your own modules,
        callbacks or estimators, as they are or by their full names. Look at them first: what
        they do when they are made is done.

    Returns
    -------
    estimator

    Raises
    ------
    ImportError
        If skops or safetensors is not installed: ``pip install "sklearn-imbgen[persistence]"``.
    OSError
        If the file cannot be read.
    ValueError
        If the file is damaged or no model, names types that are not trusted, or was written
        in a format that this version does not know. The message says which version is needed.
    TypeError
        If ``trusted`` is no list of types.

    Warns
    -----
    InconsistentVersionWarning
        If the model was saved with another version of scikit-learn.
    DeviceWarning
        If a net was trained on another device than the CPU.

    Examples
    --------
    See :func:`save_model`.
    """
    import_extra("skops.io", "persistence", "loading a model")
    import_extra("safetensors", "persistence", "loading a model")
    trust = Trust(trusted)
    content = Path(path).read_bytes()
    header: dict[str, Any] = {}
    try:
        header, archive, tensors = read_members(content)
        warn_of_versions(header)
        estimator = _make(header, archive, tensors, trust)
    except Warning:
        raise
    except Exception as error:
        raise ValueError(f"{str(path)!r} {_explanation(header, error)}") from error
    return estimator


def _check_loads(content: bytes) -> None:
    """Read what is to be written, so that no file is left that nobody can load."""
    skops = import_extra("skops.io", "persistence", "saving a model")
    header, archive, tensors = read_members(content)
    named = {*skops.get_untrusted_types(data=archive), *header["types"]}
    with warnings.catch_warnings():
        # of the device of a net
        warnings.simplefilter("ignore")
        _make(header, archive, tensors, Trust(sorted(named)))


def _make(header: dict[str, Any], archive: bytes, tensors: Any, trust: Trust) -> Any:
    skops = import_extra("skops.io", "persistence", "loading a model")
    named = header.get("types", [])
    unknown = trust.unknown([*skops.get_untrusted_types(data=archive), *named])
    if unknown:
        raise UntrustedError(
            f"it holds types that are not trusted: {', '.join(unknown)}. If you know what each of "
            f"them does, and trust whoever made the file, pass trusted={unknown}."
        )
    packed = skops.loads(with_modules(archive), trusted=trust.of_skops)
    unpacker = Unpacker(KINDS, tensors, trust)
    estimator = unpacker.unpack(packed)
    check_trees(unpacker.objects())
    if not isinstance(estimator, BaseEstimator):
        raise ValueError("it holds no estimator")
    return estimator


def _explanation(header: dict[str, Any], error: Exception) -> str:
    reason = str(error).rstrip(".") or type(error).__name__
    if isinstance(error, FormatError):
        return f"cannot be loaded: {reason}."
    known = isinstance(error, UntrustedError)
    what = "cannot be loaded" if known else "is damaged, or no model file of sklearn_imbgen"
    writer = header.get("sklearn_imbgen", __version__)
    if writer == __version__:
        return f"{what}: {reason}."
    return (
        f"{what}: {reason}. It was written by sklearn_imbgen {writer}, and this is {__version__}."
    )
