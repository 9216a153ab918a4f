"""The tensors of a fitted estimator's networks in a plain safetensors file."""

import os
from pathlib import Path
from typing import Any

import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from sklearn_imbgen import __version__
from sklearn_imbgen.utils import import_extra, whole_file


def save_weights(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Write the tensors of the networks, and nothing else, as safetensors.

    Their names are those of attribute and layer: "generator.0.weight" is
    ``sampler.generator_[0].weight``. Any program that reads safetensors can use them.

    Parameters
    ----------
    estimator : estimator
        A fitted one with networks.
    path : str or path-like
        Overwritten if it exists; usually ends with ``.safetensors``.

    Raises
    ------
    ImportError
        If safetensors is not installed: ``pip install "sklearn-imbgen[persistence]"``.
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If it has no networks of its own.
    OSError
        If the file cannot be written. A file that was there before is kept then.

    Examples
    --------
    >>> import tempfile, os
    >>> import numpy as np
    >>> from sklearn_imbgen.over_sampling import ConditionalGAN
    >>> from sklearn_imbgen.persistence import load_weights, save_weights
    >>> X, y = np.random.RandomState(0).normal(size=(40, 3)), np.repeat([0, 1], [30, 10])
    >>> sampler = ConditionalGAN(max_epochs=1, random_state=0).fit(X, y)
    >>> path = os.path.join(tempfile.mkdtemp(), "gan.safetensors")
    >>> save_weights(sampler, path)
    >>> other = ConditionalGAN(max_epochs=1, random_state=1).fit(X, y)
    >>> load_weights(other, path).generator_ is other.generator_
    True
    """
    safetensors = import_extra("safetensors.torch", "persistence", "saving weights")
    tensors = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in _tensors_of(estimator).items()
    }
    about = {"sklearn_imbgen": __version__, "estimator": type(estimator).__name__}
    content = safetensors.save(tensors, metadata={"format": "pt", **about})
    with whole_file(path, f"the weights {str(path)!r}") as unfinished:
        unfinished.write_bytes(content)


def load_weights(estimator: Any, path: str | os.PathLike[str]) -> Any:
    """Put tensors from a safetensors file into the networks of a fitted estimator.

    Only the networks change. What else the estimator has learned, such as scales, classes
    and the encoded rows of a sampler, stays: it should be fitted on the same table.

    Parameters
    ----------
    estimator : estimator
        Fitted, with networks of the same layers as those saved.
    path : str or path-like

    Returns
    -------
    estimator
        The one given.

    Raises
    ------
    ImportError
        If safetensors is not installed: ``pip install "sklearn-imbgen[persistence]"``.
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If it has no networks of its own.
    OSError
        If the file cannot be read.
    ValueError
        If the file is damaged, or its tensors do not fit. The first one that differs is
        named, and no network has been changed then.

    Examples
    --------
    See :func:`save_weights`.
    """
    safetensors = import_extra("safetensors.torch", "persistence", "loading weights")
    expected = _tensors_of(estimator)
    content = Path(path).read_bytes()
    try:
        found: dict[str, Tensor] = safetensors.load(content)
    except Exception as error:
        raise ValueError(f"{str(path)!r} is no safetensors file, or damaged: {error}") from error
    problem = _first_difference(found, expected)
    if problem is not None:
        raise ValueError(f"{str(path)!r} does not fit this {type(estimator).__name__}: {problem}.")
    with torch.no_grad():
        for name, tensor in expected.items():
            tensor.copy_(found[name])
    return estimator


def _tensors_of(estimator: Any) -> dict[str, Tensor]:
    """The parameters and buffers of all networks by name, live ones."""
    if isinstance(estimator, type) or not isinstance(estimator, BaseEstimator):
        raise TypeError(f"weights are those of an estimator; got {estimator!r}.")
    check_is_fitted(estimator)
    losses = {f"{name}_" for name in getattr(estimator, "_criteria", [])}
    tensors: dict[str, Tensor] = {}
    for attribute, network in vars(estimator).items():
        if isinstance(network, nn.Module) and attribute.endswith("_") and attribute not in losses:
            network = getattr(network, "_orig_mod", network)
            for name, tensor in network.state_dict().items():
                tensors[f"{attribute[:-1]}.{name}"] = tensor
    if not tensors:
        raise TypeError(
            f"{type(estimator).__name__} has no networks of its own; of a Pipeline or a wrapper "
            "give the step or the estimator that has."
        )
    return tensors


def _first_difference(found: dict[str, Tensor], expected: dict[str, Tensor]) -> str | None:
    for name, tensor in expected.items():
        if name not in found:
            return f"it has no {name!r}"
        for what in ("shape", "dtype"):
            theirs, ours = (getattr(one, what) for one in (found[name], tensor))
            if theirs != ours:
                theirs, ours = (tuple(s) if what == "shape" else s for s in (theirs, ours))
                return f"{name!r} has the {what} {theirs} in the file and {ours} in the estimator"
    for name in found:
        if name not in expected:
            return f"it has {name!r}, which the estimator has not"
    return None
