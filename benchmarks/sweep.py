"""Runs the cells of a question: in parallel, kept in a file as they end, and gone on with."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from joblib import Parallel, delayed, parallel_config
from tqdm.auto import tqdm

from benchmarks.question import Question, Row, Run, Settings
from sklearn_imbgen.utils import import_extra, whole_file

CELL = ["set", "seed", "method"]
ABOUT = ["question", "settings"]


def columns_of(question: Question) -> list[str]:
    """Columns of a question's file."""
    return [*ABOUT, *CELL, *question.labels, *question.measures, "seconds", "refusal"]


def run_cell(run: Run, method: str, name: str, seed: int, settings: Settings) -> list[Row]:
    """Rows of a method on one seed of a set."""
    about = {"set": name, "seed": seed, "method": method, "refusal": ""}
    return [{**about, **row} for row in run(method, name, seed, settings)]


def sweep(
    asked: str,
    question: Question,
    *,
    sets: Iterable[str],
    methods: Iterable[str],
    seeds: Iterable[int],
    settings: Settings,
    jobs: int = 1,
    cluster: str | None = None,
    output: Path | None = None,
) -> pd.DataFrame:
    """Rows of all cells in the order of sets, seeds and methods; those in the file are kept."""
    scores = Scores(asked, question, settings, output)
    wanted = [(name, seed, method) for name in sets for seed in seeds for method in methods]
    known = scores.cells
    todo = [
        delayed(run_cell)(question.run, method, name, seed, settings)
        for name, seed, method in wanted
        if (name, seed, method) not in known
    ]
    with running_on(cluster):
        # in the order of ending, so that a long cell keeps no short one from the file
        ended = Parallel(n_jobs=jobs, return_as="generator_unordered")(todo)
        for rows in tqdm(ended, total=len(todo), unit="cell"):
            scores.add(rows)
    return scores.in_order_of(wanted)


class Scores:
    """Rows so far, in memory and in a file that is whole whenever the run is stopped."""

    def __init__(
        self, asked: str, question: Question, settings: Settings, path: Path | None
    ) -> None:
        self.columns = columns_of(question)
        self.about = {"question": asked, "settings": str(settings)}
        self.path = path
        self.text = pd.DataFrame(columns=self.columns).to_csv(index=False)
        if path is not None and path.exists():
            self._read(path)
        elif path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)

    @property
    def frame(self) -> pd.DataFrame:
        """All rows as they are read from the file."""
        texts = [*ABOUT, "set", "method", "refusal"]
        return pd.read_csv(
            io.StringIO(self.text),
            dtype=dict.fromkeys(texts, str),
            keep_default_na=False,
            na_values={name: [""] for name in self.columns if name not in texts},
        )

    @property
    def cells(self) -> set[tuple[str, int, str]]:
        """The cells that have their rows."""
        return set(self.frame[CELL].itertuples(index=False, name=None))

    def add(self, rows: list[Row]) -> None:
        """Add the rows of one cell; the file gets all of them or none."""
        frame = pd.DataFrame([{**self.about, **row} for row in rows])
        self.text += frame.reindex(columns=self.columns).to_csv(index=False, header=False)
        if self.path is not None:
            with whole_file(self.path, str(self.path)) as unfinished:
                unfinished.write_text(self.text, encoding="utf-8")

    def in_order_of(self, wanted: list[tuple[str, int, str]]) -> pd.DataFrame:
        """The rows of these cells, in their order."""
        frame = self.frame
        place = {cell: number for number, cell in enumerate(wanted)}
        places = [place.get(cell, -1) for cell in frame[CELL].itertuples(index=False, name=None)]
        frame = frame.assign(place=places).query("place >= 0")
        return (
            frame.sort_values("place", kind="stable").drop(columns="place").reset_index(drop=True)
        )

    def _read(self, path: Path) -> None:
        try:
            self.text = path.read_text(encoding="utf-8")
            known = self.frame
        except ValueError:
            # not text, or no table
            known = pd.DataFrame()
        if list(known.columns) != self.columns:
            raise SystemExit(
                f"{path} has other columns than this question writes; name another --output"
            )
        for name, own in self.about.items():
            for other in set(known[name]) - {own}:
                raise SystemExit(
                    f"{path} has the {name} {other!r}, this run {own!r}; name another --output"
                )


@contextmanager
def running_on(address: str | None) -> Iterator[None]:
    """Run joblib's tasks inside the block on a dask cluster; None is this machine.

    The workers import these modules, and read the sets' files, from the same paths as here.
    """
    if address is None:
        yield
        return
    distributed = import_extra("distributed", "distributed", "--cluster")
    with distributed.Client(address), parallel_config(backend="dask"):
        yield
