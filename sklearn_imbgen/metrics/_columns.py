"""Reports of several columns."""

from typing import Any

from numpy.typing import NDArray


class ColumnReport(dict[str, NDArray[Any]]):
    """Columns by name; prints as a table, and ``pandas.DataFrame(report)`` takes it as it is.

    >>> import numpy as np
    >>> print(ColumnReport(worker=np.array(["ann", "bo"]), accuracy=np.array([0.5, 1.0])))
    worker  accuracy
       ann     0.500
        bo     1.000
    """

    def __str__(self) -> str:
        columns = [[name, *map(_cell, values)] for name, values in self.items()]
        widths = [max(map(len, column)) for column in columns]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
            for line in zip(*columns, strict=True)
        )


def _cell(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
