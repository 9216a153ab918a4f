"""The network whose gradients point to adversarial rows: trained here, or a user's."""

import copy
import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from torch import Tensor, nn

from sklearn_imbgen._typing import Array
from sklearn_imbgen.exceptions import DivergenceError, DivergenceWarning
from sklearn_imbgen.nn import apply_in_chunks, check_logits
from sklearn_imbgen.robust import ImbMixClassifier
from sklearn_imbgen.utils import TableCodec, plain

# Most mini-batches of an epoch.
STEPS_PER_EPOCH = 16
# Standard deviations of a column beyond which its values count by their logarithm.
INPUT_BOUND = 5.0
# How often a diverging training begins again, and at what share of the learning rate.
MAX_RECOVERIES = 3
RECOVERY_FACTOR = 0.25


class OnEncodedRows(nn.Module):
    """A network for rows in their own units, given encoded ones.

    ``slope`` (n_numeric,) is how much an encoded column grows by one unit of X, 0 for a constant
    one; ``at_zero`` the value in X of an encoded 0. ``columns`` says where each encoded column
    stands in X: the numeric ones, then those of one-hot blocks, which are encoded as they are.
    """

    unit: Tensor
    at_zero: Tensor
    places: Tensor

    def __init__(
        self, network: nn.Module, slope: Array, at_zero: Array, columns: NDArray[np.intp]
    ) -> None:
        super().__init__()
        self.network = network
        unit = np.divide(1.0, slope, out=np.zeros_like(slope), where=slope > 0)
        n_one_hot = len(columns) - len(slope)
        unit = np.pad(unit, (0, n_one_hot), constant_values=1.0)
        at_zero = np.pad(at_zero, (0, n_one_hot))
        self.register_buffer("places", torch.from_numpy(np.argsort(columns)))
        self.register_buffer("unit", torch.tensor(unit, dtype=torch.float32))
        self.register_buffer("at_zero", torch.tensor(at_zero, dtype=torch.float32))

    def forward(self, X: Tensor) -> Tensor:
        """Logits of encoded rows, of shape (n_samples, n_classes)."""
        return self.network((self.at_zero + X * self.unit)[:, self.places])


def column_slopes(codec: TableCodec, encoded: NDArray[np.float32]) -> tuple[Array, Array]:
    """The straight line between the numeric columns of a table and their encoded ones.

    Returns ``slope`` and ``at_zero`` of :class:`OnEncodedRows`; ``encoded`` are all rows that
    the codec was fitted on.
    """
    numeric = encoded[:, : len(codec.numeric_)].astype(np.float64)
    low, high = numeric.min(axis=0), numeric.max(axis=0)
    # halves before the difference: max - min may overflow
    half = codec.maximum_ / 2 - codec.minimum_ / 2
    slope = np.divide((high - low) / 2, half, out=np.zeros_like(half), where=half > 0)
    steps = np.divide(low, slope, out=np.zeros_like(low), where=slope > 0)
    return slope, codec.minimum_ - steps


def column_units(feature_scale: Any, codec: TableCodec, encoded: NDArray[np.float32]) -> Array:
    """The unit of each encoded column in which an attack is measured, shape (n_encoded,).

    ``feature_scale`` is "std", "range", numbers in the units of X, or None: 1 in those units.
    Constant columns and those of categories, which stay as they are, get 0. ``encoded`` are all
    rows that the codec was fitted on. ValueError at another shape or a value below 0.
    """
    n_numeric = len(codec.numeric_)
    units = np.zeros(encoded.shape[1])
    numeric = encoded[:, :n_numeric].astype(np.float64)
    if isinstance(feature_scale, str):
        measure = np.std if feature_scale == "std" else np.ptp
        units[:n_numeric] = measure(numeric, axis=0)
        return units
    slope, _ = column_slopes(codec, encoded)
    if feature_scale is None:
        units[:n_numeric] = slope
        return units
    given = np.asarray(feature_scale, dtype=np.float64)
    if given.shape != (codec.n_features_,):
        raise ValueError(
            f"feature_scale has the shape {given.shape}; it must hold one number for each of the "
            f"{codec.n_features_} columns of X."
        )
    if not np.isfinite(given).all() or (given < 0).any():
        raise ValueError("feature_scale must hold finite numbers of at least 0.")
    units[:n_numeric] = given[codec.numeric_] * slope
    return units


def thinned_rows(
    codes: NDArray[np.intp], most: int, random_state: np.random.RandomState
) -> NDArray[np.intp]:
    """Sorted rows to train on, at most about ``most``: the largest classes give up rows first.

    Each class keeps at least two, if it has them.
    """
    if len(codes) <= most:
        return np.arange(len(codes))
    counts = np.bincount(codes)
    bound, left = len(codes), most
    for position, size in enumerate(np.sort(counts)):
        share = left // (len(counts) - position)
        if size > share:
            bound = max(2, share)
            break
        left -= size
    shuffled = random_state.permutation(len(codes))
    by_class = shuffled[np.argsort(codes[shuffled], kind="stable")]
    rank = np.arange(len(codes)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(by_class[rank < bound])


def to_be_trained(estimator: Any) -> BaseEstimator | None:
    """A clone of the net to train; None for a network that is used as it is."""
    if estimator is None:
        return ImbMixClassifier()
    known = estimator.get_params(deep=False) if isinstance(estimator, BaseEstimator) else {}
    if "epsilon" not in known or hasattr(estimator, "module_"):
        return None
    return clone(estimator)


def train_surrogate(
    net: Any, encoded: NDArray[np.float32], codes: NDArray[np.intp]
) -> tuple[nn.Module, list[float], bool]:
    """Train a net on encoded rows, or on as many as STEPS_PER_EPOCH mini-batches hold.

    Returns the network, on the CPU, the loss of each whole epoch, and whether Ctrl-C has cut
    off the training.
    """
    if net.module is None and "module__bound" not in net.get_params(deep=False):
        # a nearly constant column may lie dozens of standard deviations from its mean
        net.set_params(module__bound=INPUT_BOUND)
    draws = np.random.RandomState(net.random_state)
    batch_size = len(codes) if net.batch_size == -1 else net.batch_size
    rows = thinned_rows(codes, STEPS_PER_EPOCH * batch_size, draws)
    lr = net.lr
    for attempt in range(MAX_RECOVERIES + 1):
        net.set_params(lr=lr * RECOVERY_FACTOR**attempt)
        try:
            net.fit(encoded[rows], codes[rows])
            break
        except DivergenceError as error:
            if attempt == MAX_RECOVERIES:
                raise
            warnings.warn(
                f"Training of the surrogate diverged ({str(error).partition('. ')[0]}). It begins "
                f"again at {RECOVERY_FACTOR} times the learning rate.",
                DivergenceWarning,
                stacklevel=2,
            )
    losses = [float(row["train_loss"]) for row in net.history if "train_loss" in row]
    # callbacks may end a training early too, but only after a whole epoch
    wanted = len(net.history) if net.callbacks else net.max_epochs
    return net.module_.cpu().eval(), losses, len(losses) < wanted


def on_encoded_rows(
    estimator: Any, classes: Array, codec: TableCodec, encoded: NDArray[np.float32]
) -> OnEncodedRows:
    """A user's network, given encoded rows; see :func:`network_of`.

    ``encoded`` are all rows that the codec was fitted on. ValueError, naming ``estimator``, if
    it does not fit the data, or naming a row for which its logits are not finite.
    """
    n_categorical = len(codec.categorical)
    network = network_of(estimator, classes, codec.n_features_, n_categorical)
    columns = np.concatenate([codec.numeric_, codec.one_hot_columns])
    surrogate = OnEncodedRows(network, *column_slopes(codec, encoded), columns)
    check_finite_logits(surrogate, encoded)
    return surrogate


def network_of(estimator: Any, classes: Array, n_features: int, n_categorical: int) -> nn.Module:
    """A copy of the network of a module or of a fitted net, on the CPU and checked.

    ValueError, naming ``estimator``, if it is not fitted, or knows other classes or widths.
    """
    if n_categorical:
        raise ValueError(
            f"estimator takes rows of numbers, but {n_categorical} of the {n_features} columns "
            "hold categories (categorical_features). Leave estimator=None, which trains a "
            "network on the encoded rows, or encode the categories as numbers before."
        )
    network = estimator if isinstance(estimator, nn.Module) else getattr(estimator, "module_", None)
    if not isinstance(network, nn.Module):
        raise ValueError(
            "estimator must be a robust classifier, an instance of torch.nn.Module, or a fitted "
            "net with the attribute module_: call its fit before, and where the sampler is cloned, "
            f"put it into sklearn.frozen.FrozenEstimator. Got {estimator!r}."
        )
    known = getattr(estimator, "classes_", None)
    found = [plain(label) for label in classes]
    if known is not None and [plain(label) for label in known] != found:
        raise ValueError(
            f"estimator was fitted on the classes {[plain(label) for label in known]}; "
            f"y holds {found}."
        )
    network = copy.deepcopy(network).cpu()
    check_logits(network, (n_features,), len(classes), "estimator")
    return network.eval()


def check_finite_logits(network: nn.Module, encoded: NDArray[np.float32]) -> None:
    """Raise a ValueError naming ``estimator`` and a row for which its logits are not finite."""
    finite = torch.isfinite(apply_in_chunks(network, torch.from_numpy(encoded))).all(dim=1)
    if not finite.all():
        row = int(torch.nonzero(~finite)[0])
        raise ValueError(
            f"estimator gives logits that are not finite, for row {row} of X among others. Give X "
            "on the scale that it was trained on, or leave estimator=None."
        )
