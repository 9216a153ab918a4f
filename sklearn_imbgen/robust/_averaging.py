"""Stochastic weight averaging of a skorch net."""

from collections.abc import Iterable
from itertools import chain, islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, update_bn

__all__ = ["WeightAverage"]

NORMALISED = (nn.modules.batchnorm._BatchNorm,)


class WeightAverage:
    """Mean of the weights at the ends of epochs (section 5.3.3), by torch's own class.

    Parameters
    ----------
    module : Module
        The network in training.
    """

    def __init__(self, module: nn.Module) -> None:
        self._average = AveragedModel(module)

    @property
    def n_averaged(self) -> int:
        """Epochs in the mean."""
        count: Tensor = self._average.n_averaged
        return int(count)

    def update(self, module: nn.Module) -> None:
        """Take the weights as they are now into the mean."""
        self._average.update_parameters(module)

    def put_into(self, module: nn.Module, batches: Iterable[Tensor]) -> None:
        """Give the network the mean weights, and batch normalisation the statistics of those.

        Parameters
        ----------
        module : Module
        batches : iterable of Tensor
            One pass of the rows that the network is trained on; only drawn from where the
            network normalises batches.
        """
        with torch.no_grad():
            pairs = zip(module.parameters(), self._average.module.parameters(), strict=True)
            for own, mean in pairs:
                own.copy_(mean)
        if any(isinstance(layer, NORMALISED) for layer in module.modules()):
            rest = iter(batches)
            # drawn before the old statistics are forgotten: an attack that makes a batch needs some
            first = list(islice(rest, 1))
            update_bn(chain(first, rest), module)

    def state_dict(self) -> dict[str, Any]:
        """The mean, for a checkpoint."""
        return self._average.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved mean."""
        self._average.load_state_dict(state)
