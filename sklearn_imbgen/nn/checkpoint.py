"""A file from which a killed training goes on."""

import glob
import hashlib
import io
import numbers
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sklearn_imbgen.utils import whole_file

# Of these, one may change without making the run another one.
FREE_PARAMETERS = (
    "checkpoint",
    "verbose",
    "callbacks",
    "device",
    "warm_start",
    "accelerator",
    "unwrap_after_train",
)


class Checkpoint:
    """State of a net after its last whole epoch, in one file.

    The file is written beside its name and then renamed, so that it is whole whenever the
    process dies. It holds tensors, numbers and text only, and is read as such: loading it
    runs no code.

    Parameters
    ----------
    path : str or path-like
    """

    def __init__(self, path: Any) -> None:
        self.path = Path(path)

    def open(self, net: Any, X: NDArray[Any], codes: NDArray[np.int64]) -> dict[str, Any] | None:
        """Put the saved state into an initialised net; None if there is no file yet.

        ValueError if the file is of other data or parameters, or cannot be read; OSError if its
        folder does not exist or cannot be written to.
        """
        self.fingerprint = _fingerprint(net, X, codes)
        if not self.path.parent.is_dir():
            raise FileNotFoundError(
                f"checkpoint={str(self.path)!r}: there is no folder {str(self.path.parent)!r}."
            )
        self._remove_leftovers()
        if not self.path.exists():
            return None
        state = self._read()
        if state.get("fingerprint") != self.fingerprint:
            raise ValueError(
                f"checkpoint={str(self.path)!r} is of a run with other data or parameters. "
                "Delete the file to begin anew, or name another one."
            )
        net.module_.load_state_dict(state["module"])
        net.criterion_.load_state_dict(state["criterion"])
        net.optimizer_.load_state_dict(state["optimizer"])
        net.history_.extend(state["history"])
        net._restore_state(state["more"])
        net._seed = state["seed"]
        return state

    def save(self, net: Any, *, stopped: bool = False) -> None:
        """Write the state of a net after an epoch; ``stopped`` if a callback ends the training."""
        state = {
            "fingerprint": self.fingerprint,
            "module": net.module_.state_dict(),
            "criterion": net.criterion_.state_dict(),
            "optimizer": net.optimizer_.state_dict(),
            "more": net._more_state(),
            "history": [plain_history(row) for row in net.history],
            "seed": net._seed,
            "stopped": stopped,
        }
        name = f"checkpoint={str(self.path)!r}"
        with whole_file(self.path, name) as unfinished:
            try:
                torch.save(state, unfinished)
            except RuntimeError as error:
                # torch reports a full disk so
                raise OSError(str(error)) from error

    def _remove_leftovers(self) -> None:
        """Remove what processes that were killed while writing have left."""
        for unfinished in self.path.parent.glob(f"{glob.escape(self.path.name)}.*.part"):
            process = unfinished.name.removeprefix(f"{self.path.name}.").partition("-")[0]
            if process.isdigit() and not _is_running(int(process)):
                unfinished.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any]:
        # torch reports some damaged files as an OSError
        content = io.BytesIO(self.path.read_bytes())
        try:
            state: dict[str, Any] = torch.load(content, map_location="cpu", weights_only=True)
        except Exception as error:
            raise ValueError(
                f"checkpoint={str(self.path)!r} is damaged, or no checkpoint of this library. "
                "Delete the file to begin anew, or name another one."
            ) from error
        return state if isinstance(state, dict) else {}


def _is_running(process: int) -> bool:
    if os.name != "posix":
        # where asking would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # of another user
        return True
    return True


def plain_history(row: Any) -> Any:
    """History without numpy's types, which the safe reader refuses."""
    if isinstance(row, dict):
        return {str(key): plain_history(value) for key, value in row.items()}
    if isinstance(row, list | tuple):
        return [plain_history(value) for value in row]
    return row.tolist() if isinstance(row, np.generic | np.ndarray) else row


def _fingerprint(net: Any, X: NDArray[Any], codes: NDArray[np.int64]) -> str:
    """Digest of the data and of the parameters that decide the result."""
    digest = hashlib.sha256()
    for array in (X, codes):
        digest.update(str(array.shape).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    parameters = net.get_params(deep=False)
    for name in sorted(parameters):
        if name.partition("__")[0] in FREE_PARAMETERS:
            continue
        value = parameters[name]
        if name == "random_state" and not isinstance(value, numbers.Integral):
            # a state moves on with every draw; the file knows the seed that was drawn
            value = type(value).__name__
        digest.update(f"{name}=".encode() + _describe(value) + b";")
    return digest.hexdigest()


def _describe(value: Any) -> bytes:
    """What a parameter is, alike in the next process."""
    if isinstance(value, torch.nn.Module):
        weights = [_describe(part) for part in value.state_dict().values()]
        return b"".join([str(value).encode(), *weights])
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray) and value.dtype != object:
        # the text of a long array leaves out its middle
        return f"{value.shape}{value.dtype}".encode() + np.ascontiguousarray(value).tobytes()
    if isinstance(value, list | tuple):
        return b"[" + b",".join(_describe(part) for part in value) + b"]"
    if isinstance(value, numbers.Integral):
        value = int(value)
    text = getattr(value, "__qualname__", None) or repr(value)
    if text.startswith("<") and hasattr(value, "__dict__"):
        # such as skorch's ValidSplit, whose text is an address
        text = f"{type(value).__qualname__}{vars(value)}"
    return re.sub(" at 0x[0-9a-f]+", "", text).encode()
