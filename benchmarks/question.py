"""What a benchmark is: its sets, methods and measures, how a cell is run, how its table reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

Row = dict[str, Any]

# with --quick, whichever of these parameters an estimator has
QUICK = {
    "autoencoder_epochs": 1,
    "warm_up_epochs": 1,
    "balanced_epochs": 1,
    "max_epochs": 1,
    "n_networks": 1,
    "n_steps": 1,
    "hidden_dims": (8,),
    "max_iter": 5,
    "n_estimators": 5,
}


@dataclass(frozen=True)
class Settings:
    """What all cells of a run share."""

    data_dir: Path | None = None
    norm: str = "linf"
    device: str = "cpu"
    quick: bool = False

    def __str__(self) -> str:
        """Those that change the numbers, as the file of scores names them."""
        words = [f"norm {self.norm}"] if self.norm != "linf" else []
        return ", ".join([*words, "quick"] if self.quick else words) or "standard"

    def shorten(self, estimator: Any) -> Any:
        """The estimator, trained for a moment only if the run is a quick one."""
        if self.quick:
            given = estimator.get_params(deep=False)
            shorter = {name: QUICK[name] for name in QUICK.keys() & given.keys()}
            # a part that is switched off stays so
            estimator.set_params(**{k: v for k, v in shorter.items() if given[k] != 0})
        return estimator


# method, set, seed and settings -> rows of scores
Run = Callable[[str, str, int, Settings], list[Row]]


@dataclass(frozen=True)
class Question:
    """One thing that can be asked, by ``python -m benchmarks NAME``.

    Attributes
    ----------
    about : str
        What is asked, how, and example commands.
    run : callable
        Rows of one cell: a method on one seed of a set.
    methods : mapping
        By name; what ``run`` makes of a name is its own business.
    measures : tuple of str
        Columns of numbers.
    report : callable
        The printed tables, of all rows.
    check : callable
        Leaves with one line if a set is unknown or not there.
    labels : tuple of str
        Further columns that tell the rows of a cell apart.
    draw : callable or None
        Draws the figure of --plot.
    flags : tuple of str
        Of ``norm`` and ``device``, those that the question takes.
    alone : bool
        One cell at a time, because times and memory are measured.
    packages : mapping
        The package that must be there for a method, where it is not one of this project's.
    """

    about: str
    run: Run
    methods: Mapping[str, Any]
    measures: tuple[str, ...]
    report: Callable[[pd.DataFrame], str]
    sets: tuple[str, ...]
    check: Callable[[str, Settings], Any]
    seeds: int = 10
    default_methods: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    draw: Callable[[pd.DataFrame, Path], None] | None = None
    flags: tuple[str, ...] = ()
    alone: bool = False
    packages: Mapping[str, str] = field(default_factory=dict)

    def choose(self, asked: list[str] | None) -> tuple[list[str], list[str]]:
        """Methods that can run, and those whose package is not installed."""
        unknown = [name for name in asked or () if name not in self.methods]
        if unknown:
            raise SystemExit(
                f"no method {', '.join(unknown)}; there are: {'; '.join(self.methods)}"
            )
        chosen = asked or list(self.default_methods or self.methods)
        missing = [
            name
            for name in chosen
            if name in self.packages and find_spec(self.packages[name]) is None
        ]
        if len(missing) == len(chosen):
            raise SystemExit(f"not installed: {', '.join(missing)}")
        return [name for name in chosen if name not in missing], missing


def one_of(*names: str) -> Callable[[str, Settings], None]:
    """A ``check`` of sets that need no file."""

    def check(name: str, _: Settings) -> None:
        if name not in names:
            raise SystemExit(f"--sets {name}: a set is one of {', '.join(names)}")

    return check
