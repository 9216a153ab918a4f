"""Mini-batches of a skorch net without a loop over rows, and what several processes share."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from skorch.dataset import unpack_data
from skorch.utils import data_from_dataset
from torch import Tensor, distributed
from torch.nn import functional
from torch.utils.data import Dataset, Subset, TensorDataset

Encode = Callable[[Any], NDArray[np.int64]]


def arrays_of(dataset: Any) -> tuple[Any, Any]:
    """Rows and labels of a dataset that holds them in memory; ``TypeError`` if it does not."""
    if isinstance(dataset, TensorDataset) and len(dataset.tensors) == 2:
        return dataset.tensors
    try:
        X, y = data_from_dataset(dataset)
    except AttributeError as error:
        raise TypeError(
            f"a dataset must hold all rows and labels in memory, as skorch's Dataset(X, y) does; "
            f"{type(dataset).__name__} does not. Pass arrays X and y."
        ) from error
    return X, y


class CodedDataset(Dataset[tuple[Any, Any]]):
    """A dataset as a network takes it: the rows as they are, codes in place of labels.

    Datasets hold the labels as the user has them, and so what skorch's callbacks see of them.
    An ``encode`` of None gives 0 for each row, for predictions. ``row_weight``, of the rows of
    the whole dataset, is given beside the codes, as a pair.
    """

    def __init__(
        self, dataset: Any, encode: Encode | None, row_weight: NDArray[np.float32] | None = None
    ) -> None:
        self.dataset, self.encode = dataset, encode
        self.row_weight = None if row_weight is None else _of_subset(row_weight, dataset)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        X, y = unpack_data(self.dataset[index])
        code = 0 if self.encode is None else int(self.encode(np.array([y]))[0])
        return X, code if self.row_weight is None else (code, self.row_weight[index])

    def arrays(self) -> tuple[Any, NDArray[np.int64]]:
        """All rows, and all codes."""
        X, y = arrays_of(self.dataset)
        if self.encode is None or y is None:
            return X, np.zeros(len(self), dtype=np.int64)
        return X, self.encode(np.asarray(y))


def _of_subset(row_weight: NDArray[np.float32], dataset: Any) -> NDArray[np.float32]:
    """Weights of the rows that a split has left."""
    if isinstance(dataset, Subset):
        return _of_subset(row_weight, dataset.dataset)[np.asarray(dataset.indices)]
    if len(dataset) != len(row_weight):
        raise ValueError(
            f"sample_weight has {len(row_weight)} weights, and the dataset that train_split gives "
            f"for training {len(dataset)} rows: it must be a torch Subset of the rows."
        )
    return row_weight


class TensorBatches:
    """Iterator for ``iterator_train`` and ``iterator_valid`` that indexes tensors in memory.

    In place of torch's DataLoader, which fetches and stacks single rows. A last batch of a
    single row, of which batch normalisation has no statistics, is joined to the one before it.

    Parameters
    ----------
    dataset : Dataset that holds its rows in memory, or a torch Subset of one
    batch_size : int, default=128
    shuffle : bool, default=False
        A new order in each pass.
    generator : torch.Generator, default=None
        Of the order; None takes torch's global one.
    device : str or torch.device, default="cpu"
        Where the whole data are kept.
    class_weight : Tensor of shape (n_classes,), default=None
        Draw each row with a probability proportional to the weight of its class code, with
        repetition, as many as there are. A net also takes ``"effective"`` as
        ``iterator_train__class_weight``.
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
        X, y = dataset.arrays() if isinstance(dataset, CodedDataset) else arrays_of(dataset)
        self.X = _tensor(X).to(device)
        # skorch's placeholder where there are no labels
        self.y = torch.zeros(len(self.X)).to(device) if y is None else _tensor(y).to(device)
        weight = getattr(dataset, "row_weight", None)
        self.row_weight = None if weight is None else _tensor(weight).to(device)
        self.batch_size, self.shuffle, self.generator = batch_size, shuffle, generator
        self.class_weight = class_weight
        self.part, self.n_parts = part, n_parts

    def __len__(self) -> int:
        return len(self._bounds())

    def __iter__(self) -> Iterator[tuple[Tensor, Any]]:
        order = self._order()
        for start, stop in self._bounds():
            rows = slice(start, stop) if order is None else order[start:stop]
            X, y = self.X[rows], self.y[rows]
            if order is None:
                # a module that works in place must not reach the caller's rows
                X = X.clone()
            found = [X, y] if self.row_weight is None else [X, y, self.row_weight[rows]]
            if self.n_parts > 1:
                found = [t.tensor_split(self.n_parts)[self.part] for t in found]
            X, y, *weight = found
            yield X, (y, *weight) if weight else y

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


def gather_rows(rows: Tensor, accelerator: Any) -> Tensor:
    """Rows of a batch from all processes, in the order of their ranks; each may have its number.

    A loss of the gathered rows that every process computes has the gradients of a single
    process: each gets back the sum over the processes, and their mean is taken afterwards, as
    distributed training does.
    """
    if accelerator is None or accelerator.num_processes == 1:
        return rows
    from torch.distributed.nn.functional import all_gather

    own = torch.tensor([len(rows)], device=rows.device)
    counts = [torch.empty_like(own) for _ in range(accelerator.num_processes)]
    distributed.all_gather(counts, own)
    # processes can only exchange tensors of one shape
    missing = int(max(counts)) - len(rows)
    padded = functional.pad(rows, (0, 0) * (rows.ndim - 1) + (0, missing))
    parts = all_gather(padded)
    return torch.cat([part[: int(count)] for part, count in zip(parts, counts, strict=True)])
