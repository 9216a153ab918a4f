"""What the over-samplers with networks share: training, batches, device, history."""

import numbers
from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval
from torch import Tensor, nn

from sklearn_imbgen.nn import (
    Schedule,
    balanced_batches,
    compute_settings,
    draw_seed,
    hidden_widths,
    plain_batches,
    resolve_device,
    thread_share,
    torch_generator,
)
from sklearn_imbgen.over_sampling._base import (
    POSITIVE,
    POSITIVE_REAL,
    WEIGHT,
    BaseTableOverSampler,
)
from sklearn_imbgen.over_sampling._training import TrainingData


class BaseGenerativeOverSampler(BaseTableOverSampler):
    """Base of the over-samplers that train networks to make new rows.

    A child trains its networks in ``_train_networks`` and makes encoded rows of
    one class in ``_draw``.

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
        "n_iter_no_change": [POSITIVE, None],
        "tol": [WEIGHT],
        "device": [str, torch.device],
        "verbose": ["verbose"],
    }

    _learned = "trained networks"
    # attributes that only exist once networks have been trained
    _network_names: tuple[str, ...] = ()

    # set by the children's constructors
    hidden_dims: Any
    batch_size: int
    steps_per_epoch: int
    balanced_batches: bool
    learning_rate: float
    n_iter_no_change: int | None
    tol: float
    device: Any
    verbose: Any

    def _learn(
        self,
        encoded: NDArray[np.float32],
        codes: NDArray[np.intp],
        random_state: np.random.RandomState,
    ) -> None:
        device = resolve_device(self.device)
        data = TrainingData(
            X=torch.from_numpy(encoded).to(device),
            codes=torch.from_numpy(codes),
            counts=self._counts,
            device=device,
            generator=torch_generator(random_state),
            random_state=random_state,
            blocks=self._codec.blocks_,
        )
        self.history_: dict[str, dict[str, list[float]]] = {}
        # drawn also where nothing needs it: the draws after it stay the same
        seed = draw_seed(random_state)
        with compute_settings(device, seed if self._custom_modules() else None):
            try:
                self._train_networks(data)
            finally:
                # a sampler trained on a GPU pickles and samples anywhere
                for name in self._network_names:
                    network = getattr(self, name, None)
                    if isinstance(network, nn.Module):
                        network.cpu()

    @abstractmethod
    def _train_networks(self, data: TrainingData) -> None:
        """Build and train the networks; set the attributes of ``_network_names``."""

    @abstractmethod
    def _draw(self, code: int, n_rows: int, random_state: np.random.RandomState) -> Tensor:
        """Encoded new rows of one class, shape (n_rows, n_encoded)."""

    def _draw_encoded(
        self, code: int, n_rows: int, random_state: np.random.RandomState
    ) -> NDArray[np.floating[Any]]:
        with thread_share():
            rows: NDArray[np.floating[Any]] = self._draw(code, n_rows, random_state).numpy()
        return rows

    def _learned_names(self) -> tuple[str, ...]:
        # before the first epoch, so that an interrupted training can be sampled from
        return ("history_", *self._network_names)

    def _custom_modules(self) -> bool:
        """Whether a user's module, which may draw from the global RNG, is trained."""
        return False

    def _hidden_widths(self) -> list[int]:
        return hidden_widths(self.hidden_dims)

    def _schedule(self, max_epochs: int, advice: str = "lower learning_rate") -> Schedule:
        return Schedule(
            max_epochs=max_epochs,
            learning_rate=self.learning_rate,
            n_iter_no_change=self.n_iter_no_change,
            tol=self.tol,
            advice=advice,
            verbose=int(self.verbose),
        )

    def _draw_batches(self, data: TrainingData, codes: Tensor) -> Tensor:
        """Row indices of one epoch over rows with the given class codes."""
        if self.balanced_batches:
            index = balanced_batches(codes, self.steps_per_epoch, self.batch_size, data.generator)
        else:
            index = plain_batches(len(codes), self.steps_per_epoch, self.batch_size, data.generator)
        return index.to(data.device)

    def _encode_new(self, X: Any) -> Tensor:
        """Validated and encoded rows for the trained networks."""
        self._check_trained()
        return torch.from_numpy(self._codec.encode(self._validate_rows(X, reset=False)))
