"""Mini-batches of a skorch net without a loop over rows."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from skorch.utils import data_from_dataset
from torch import Tensor

__all__ = ["TensorBatches"]


class TensorBatches:
    """Iterator for ``iterator_train`` and ``iterator_valid`` that indexes tensors in memory.

    In place of torch's DataLoader, which fetches and stacks single rows. A last batch of a
    single row, of which batch normalisation has no statistics, is joined to the one before it.

    Parameters
    ----------
    dataset : skorch Dataset, or a torch Subset of one
        What skorch makes of X and y.
    batch_size : int, default=128
    shuffle : bool, default=False
        A new order in each pass.
    generator : torch.Generator, default=None
        Of the order; None takes torch's global one.
    device : str or torch.device, default="cpu"
        Where the whole data are kept.
    class_weight : Tensor of shape (n_classes,), default=None
        Draw each row with a probability proportional to the weight of its class code, with
        repetition, as many as there are.
    part, n_parts : int, default=0 and 1
        Give only the part-th slice of each batch, for one of several processes.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 128,
        shuffle: bool = False,
        generator: torch.Generator | None = None,
        device: str | torch.device = "cpu",
        class_weight: Tensor | None = None,
        part: int = 0,
        n_parts: int = 1,
    ) -> None:
        X, y = data_from_dataset(dataset)
        self.X = _tensor(X).to(device)
        # skorch's placeholder where there are no labels
        self.y = torch.zeros(len(self.X)).to(device) if y is None else _tensor(y).to(device)
        self.batch_size, self.shuffle, self.generator = batch_size, shuffle, generator
        self.class_weight = class_weight
        self.part, self.n_parts = part, n_parts

    def __len__(self) -> int:
        return len(self._bounds())

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = self._order()
        for start, stop in self._bounds():
            rows = slice(start, stop) if order is None else order[start:stop]
            X, y = self.X[rows], self.y[rows]
            if self.n_parts > 1:
                X, y = (t.tensor_split(self.n_parts)[self.part] for t in (X, y))
            yield X, y

    def _order(self) -> Tensor | None:
        if self.class_weight is not None:
            weight = self.class_weight.cpu()[self.y.long().cpu()]
            drawn = torch.multinomial(weight, len(self.X), True, generator=self.generator)
            return drawn.to(self.X.device)
        if self.shuffle:
            return torch.randperm(len(self.X), generator=self.generator).to(self.X.device)
        return None

    def _bounds(self) -> list[tuple[int, int]]:
        starts = list(range(0, len(self.X), self.batch_size))
        if len(starts) > 1 and len(self.X) - starts[-1] < 2 * self.n_parts:
            starts.pop()
        # without rows there is an end but no start
        return list(zip(starts, [*starts[1:], len(self.X)], strict=False))


def _tensor(values: Any) -> Tensor:
    if isinstance(values, Tensor):
        return values
    array = np.asarray(values)
    # torch warns of arrays that it must not write to
    return torch.from_numpy(array if array.flags.writeable else array.copy())
