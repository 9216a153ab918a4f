"""What the over-samplers with networks share: tensors, batches, device, history, docs."""

import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval
from torch import Tensor, nn

from sklearn_imbgen.nn import (
    Schedule,
    apply_in_chunks,
    balanced_batches,
    compute_settings,
    draw_seed,
    hidden_widths,
    plain_batches,
    resolve_device,
    thread_share,
    torch_generator,
)
from sklearn_imbgen.over_sampling import _base
from sklearn_imbgen.over_sampling._base import (
    POSITIVE,
    POSITIVE_REAL,
    BaseTableOverSampler,
    TrainingRows,
)
from sklearn_imbgen.over_sampling._input import check_rows

_BATCHES = """
batch_size : int, default=128
        Rows of a mini-batch, at least 2.

    steps_per_epoch : int, default=16
        Mini-batches of an epoch. Batches are drawn, not dealt, so an epoch has
        the same length whatever the number of rows.

    balanced_batches : bool, default=True
        Draw the classes of a mini-batch in equal parts. False draws rows alike.

    learning_rate : float, default=1e-3
        Of the Adam optimizers.
"""

_MACHINE = """
device : str or torch.device, default="auto"
        Where to train: "auto" takes a GPU if there is one. The trained networks
        are moved to the CPU, where they pickle and sample.

    random_state : int, RandomState instance or None, default=None
        Seed of initialisation, batches and interpolation. The global RNGs of
        torch are never touched, those of numpy only with None.

    verbose : int, default=0
        1 shows a progress bar per stage.
"""

_HISTORY = """
history_ : dict
        ``history_[network][term]``: a list with one mean loss per epoch.
"""

_STOPPING = """
n_iter_no_change : int or None, default=10
        Stop the autoencoder's training after this many epochs in which its loss
        has not fallen by a thousandth; the best state is kept in any case. None
        never stops early.
"""

PARAMETERS = {
    **_base.PARAMETERS,
    "batch_parameters": _BATCHES.strip(),
    "n_iter_no_change": _STOPPING.strip(),
    "machine_parameters": _MACHINE.strip(),
    "shared_attributes": f"{_base.PARAMETERS['table_attributes']}\n\n    {_HISTORY.strip()}",
}


@dataclass
class TrainingTensors:
    """The encoded training rows on their device, and what draws from them."""

    X: Tensor
    codes: Tensor
    counts: NDArray[np.intp]
    random_state: np.random.RandomState
    generator: torch.Generator
    device: torch.device
    blocks: list[slice]

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.counts)


class BaseGenerativeOverSampler(BaseTableOverSampler):
    """Base of the over-samplers that train networks to make new rows.

    As for any child of :class:`BaseTableOverSampler`, but ``_learn`` gets tensors,
    ``_draw`` returns one, and the networks named by ``_learned_names`` go to the CPU.

    Warning: This class should not be used directly.
    """

    _parameter_constraints: dict[str, Any] = {
        **BaseTableOverSampler._parameter_constraints,
        "hidden_dims": ["array-like"],
        "latent_dim": [POSITIVE],
        "batch_size": [Interval(numbers.Integral, 2, None, closed="left")],
        "steps_per_epoch": [POSITIVE],
        "balanced_batches": ["boolean"],
        "learning_rate": [POSITIVE_REAL],
        "device": [str, torch.device],
        "verbose": ["verbose"],
    }
    # set before the first epoch, so that an interrupted training can be sampled from
    history_: dict[str, dict[str, list[float]]]
    _learned = "trained networks"

    def _run_learn(self, rows: TrainingRows) -> None:
        settings = self._settings()
        device = resolve_device(settings.device)
        data = TrainingTensors(
            X=torch.from_numpy(rows.X).to(device),
            codes=torch.from_numpy(rows.codes),
            counts=rows.counts,
            random_state=rows.random_state,
            generator=torch_generator(rows.random_state),
            device=device,
            blocks=self._codec.blocks_,
        )
        self.history_ = {}
        # drawn also where nothing needs it: the draws after it stay the same
        seed = draw_seed(rows.random_state)
        # a user's module may draw from the global RNG
        modules = (getattr(settings, name, None) for name in ("encoder", "decoder"))
        own_seed = seed if any(module is not None for module in modules) else None
        with compute_settings(device, own_seed):
            try:
                self._learn(data)
            finally:
                # a sampler trained on a GPU pickles and samples anywhere
                for name in self._learned_names:
                    network = getattr(self, name, None)
                    if isinstance(network, nn.Module):
                        network.cpu()

    def _run_draw(
        self, code: int, n_rows: int, random_state: np.random.RandomState
    ) -> NDArray[np.floating[Any]]:
        with thread_share():
            return self._draw(code, n_rows, random_state).numpy()

    def _hidden_widths(self) -> list[int]:
        return hidden_widths(self._settings().hidden_dims)

    def _schedule(
        self,
        max_epochs: int,
        n_iter_no_change: int | None = None,
        advice: str = "lower learning_rate",
    ) -> Schedule:
        settings = self._settings()
        return Schedule(
            max_epochs=max_epochs,
            learning_rate=settings.learning_rate,
            n_iter_no_change=n_iter_no_change,
            advice=advice,
            verbose=int(settings.verbose),
        )

    def _draw_batches(self, data: TrainingTensors, codes: Tensor) -> Tensor:
        """Row indices of one epoch over rows with the given class codes."""
        settings = self._settings()
        shape = settings.steps_per_epoch, settings.batch_size
        if settings.balanced_batches:
            index = balanced_batches(codes, *shape, data.generator)
        else:
            index = plain_batches(len(codes), *shape, data.generator)
        return index.to(data.device)

    def _encode_new(self, X: Any) -> Tensor:
        """Validated and encoded rows for the trained networks."""
        self._check_trained()
        rows = check_rows(self, X, categorical=self.categorical_features_, reset=False)
        return torch.from_numpy(self._codec.encode(rows))


class BaseLatentOverSampler(BaseGenerativeOverSampler):
    """Base of the over-samplers whose ``encoder_`` maps encoded rows to a latent space.

    Warning: This class should not be used directly.
    """

    encoder_: nn.Module

    def encode(self, X: Any) -> np.ndarray:
        """Map rows to the latent space.

        The method is not called ``transform`` because imbalanced-learn's
        Pipeline refuses a step that has both ``transform`` and ``fit_resample``.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, latent_dim)
            Latent representations, float32.
        """
        rows = self._encode_new(X)
        return apply_in_chunks(self.encoder_, rows).numpy()
