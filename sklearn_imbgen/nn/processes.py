"""What the processes of one training share."""

from typing import Any

import torch
from torch import Tensor, distributed
from torch.nn import functional

__all__ = ["gather_rows"]


def gather_rows(rows: Tensor, accelerator: Any) -> Tensor:
    """Rows of a batch from all processes, in the order of their ranks.

    A loss of the gathered rows that every process computes has the gradients of a single
    process: each gets back the sum over the processes, and their mean is taken afterwards, as
    distributed training does.

    Parameters
    ----------
    rows : Tensor of shape (n_rows, ...)
        Of this process; their number may differ between processes.
    accelerator : accelerate.Accelerator or None
        None, or one of a single process, gives the rows themselves.

    Returns
    -------
    Tensor of shape (n_rows of all processes, ...)
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
