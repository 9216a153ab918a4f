"""Which rows of a table are learned from and which are made, from its class counts alone."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from imblearn.utils import check_sampling_strategy
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from sklearn_imbgen.exceptions import FewSamplesWarning
from sklearn_imbgen.utils import draw_seed, name_some, plain

Counts = Mapping[Any, int]
Positions = NDArray[np.intp]
Keys = NDArray[np.float64]

# Defaults of resample_partitions, resample_dask and imbgen resample.
MAX_TRAINING_ROWS = 100_000
MAX_MINORITY_ROWS = 250_000
# How many standard deviations more keys than needed are looked at: too few are
# found with a probability below 1e-9.
MARGIN = 6.0


class Batch(NamedTuple):
    """Synthetic rows that are made in one go, with the seed that makes them."""

    label: Any
    n_rows: int
    seed: int


@dataclass(frozen=True)
class RowPlan:
    """What to learn from and what to make, in rows of each class.

    Every row of the table has a random key, which depends on the seed and on the
    number of the row only. Of each class the rows with the smallest keys are
    learned from, so the sample does not depend on how the table is cut into
    partitions, nor on who reads which of them.
    """

    counts: dict[Any, int]
    to_add: dict[Any, int]
    to_learn: dict[Any, int]
    seed: int

    @property
    def n_rows(self) -> int:
        """Rows of the whole table."""
        return sum(self.counts.values())

    @property
    def n_new(self) -> int:
        """Synthetic rows of all classes."""
        return sum(self.to_add.values())

    def candidates(self, codes: Positions, start: int) -> tuple[Positions, Keys]:
        """Positions, ascending, and keys of those rows of a partition that may be learned from.

        ``codes`` are positions of the rows' classes in ``counts``; ``start`` is the number of the
        partition's first row in the whole table.
        """
        # one 64-bit draw per key: the generator can be set to any row
        bits = np.random.PCG64(self.seed).advance(start)
        keys = np.random.Generator(bits).random(len(codes))
        positions = np.flatnonzero(keys < self._bounds()[codes])
        return positions, keys[positions]

    def _bounds(self) -> Keys:
        """Keys above are certainly not among the smallest ones that each class needs."""
        count = np.array(list(self.counts.values()), dtype=float)
        needed = np.array(list(self.to_learn.values()), dtype=float)
        bounds = (needed + MARGIN * np.sqrt(needed) + MARGIN**2) / count
        return np.where(needed == count, 1.0, np.where(needed == 0, 0.0, bounds))

    def chosen(self, codes: Positions, keys: Keys) -> Positions:
        """Of the candidates of all partitions, in the order of their rows, those learned from."""
        kept = []
        for code, needed in enumerate(self.to_learn.values()):
            own = np.flatnonzero(codes == code)
            kept.append(own[np.argsort(keys[own], kind="stable")[:needed]])
        return np.sort(np.concatenate(kept))

    def batches(self, rows_per_batch: int) -> list[Batch]:
        """Synthetic rows class by class, a batch at a time, each with a seed of its own."""
        sizes = [
            (label, min(rows_per_batch, n_new - made))
            for label, n_new in self.to_add.items()
            for made in range(0, n_new, rows_per_batch)
        ]
        seeds = np.random.SeedSequence(self.seed).generate_state(len(sizes))
        return [Batch(*size, int(seed)) for size, seed in zip(sizes, seeds, strict=True)]


def plan_rows(
    counts: Counts,
    sampling_strategy: Any,
    random_state: Any,
    *,
    max_training_rows: int,
    max_minority_rows: int,
) -> RowPlan:
    """Plan of a table with these class counts.

    The limits are those of :func:`~sklearn_imbgen.over_sampling.resample_partitions`.
    """
    counts = dict(sorted(counts.items()))
    to_add = rows_to_add(counts, sampling_strategy)
    growing = {label: counts[label] for label, n_new in to_add.items() if n_new}
    kept = _capped(growing, max_minority_rows)
    _warn_of_left_out(growing, kept, max_minority_rows)
    others = {label: count for label, count in counts.items() if label not in growing}
    largest_kept = max(kept.values(), default=0)
    kept |= _shares(others, max(max_training_rows - sum(kept.values()), largest_kept + 1))
    largest = max(counts, key=lambda label: counts[label])
    # samplers take the most frequent class of the sample for the majority
    kept[largest] = max(kept[largest], min(counts[largest], largest_kept + 1))
    seed = draw_seed(check_random_state(random_state))
    return RowPlan(counts, to_add, {label: kept[label] for label in counts}, seed)


def rows_to_add(counts: Counts, sampling_strategy: Any) -> dict[Any, int]:
    """imbalanced-learn's ``sampling_strategy`` applied to counts instead of labels."""
    labels = list(counts)
    if callable(sampling_strategy):
        # it may look at the labels themselves
        sampling_strategy = sampling_strategy(np.repeat(np.asarray(labels), list(counts.values())))
    if isinstance(sampling_strategy, Mapping):
        unknown = [label for label in sampling_strategy if label not in counts]
        if unknown:
            raise ValueError(
                f"sampling_strategy names {name_some(unknown)}, which the target does not "
                f"hold; its classes are {name_some(labels)}."
            )
        sampling_strategy = {labels.index(label): n for label, n in sampling_strategy.items()}
    # a byte per row, where the labels could be text
    kind = np.min_scalar_type(len(labels))
    codes = np.repeat(np.arange(len(labels), dtype=kind), list(counts.values()))
    to_add = check_sampling_strategy(sampling_strategy, codes, "over-sampling")
    return {labels[int(code)]: int(n_new) for code, n_new in to_add.items()}


def _shares(counts: Counts, limit: int) -> dict[Any, int]:
    """At most ``limit`` rows over classes, in proportion, but two of each where there are."""
    total = sum(counts.values())
    if total <= limit:
        return dict(counts)
    least = {label: min(count, 2) for label, count in counts.items()}
    return {label: max(n * limit // total, least[label]) for label, n in counts.items()}


def _capped(counts: Counts, limit: int) -> dict[Any, int]:
    """At most ``limit`` rows over classes, none of which is cut below a larger one."""
    kept: dict[Any, int] = {}
    for label, count in sorted(counts.items(), key=lambda item: item[1]):
        share = (limit - sum(kept.values())) // (len(counts) - len(kept))
        kept[label] = min(count, max(share, 2))
    return kept


def _warn_of_left_out(growing: Counts, kept: Counts, limit: int) -> None:
    left_out = sum(growing.values()) - sum(kept.values())
    if left_out:
        names = ", ".join(f"{plain(k)!r} ({kept[k]} of {n})" for k, n in growing.items())
        warnings.warn(
            f"The classes that are to grow have {sum(growing.values())} rows, more than "
            f"max_minority_rows={limit}: a random sample of them is learned from, {names}. "
            "Raise max_minority_rows to learn from all, if memory allows.",
            FewSamplesWarning,
            stacklevel=3,
        )
