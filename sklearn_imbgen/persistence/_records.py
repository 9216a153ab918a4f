"""What stands in a skops archive for what skops does not know."""

from dataclasses import dataclass
from typing import Any

__all__ = ["Stored"]


@dataclass(eq=False)
class Stored:
    """Inert description of an object.

    Parameters
    ----------
    kind : str
        Which function of the reader makes the object.
    content : dict
        What it needs: text, numbers, arrays and other records.
    """

    kind: str
    content: dict[str, Any]
