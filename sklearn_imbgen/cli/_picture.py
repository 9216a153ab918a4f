"""What every method makes of the first fold, and the picture of it beside the originals."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_imbgen.cli._compare import Study, settings_of
from sklearn_imbgen.cli._figures import plain_text, save_figure, without_screen
from sklearn_imbgen.cli._messages import explained
from sklearn_imbgen.cli._methods import METHODS, NO_METHOD, build_sampler

__all__ = ["Resampled", "draw", "resample_first_fold"]


class Resampled(NamedTuple):
    """A fitted sampler and what its ``fit_resample`` returned: originals, then new rows."""

    sampler: Any
    X: Any
    y: NDArray[Any]


def resample_first_fold(study: Study, methods: Sequence[str]) -> dict[str, Resampled]:
    """Resample the training part of the first fold by every method.

    Parameters
    ----------
    study : Study
    methods : sequence of str
        Keys of ``METHODS``; "none" makes no rows and is left out.

    Returns
    -------
    dict of title to Resampled
    """
    train = study.splits[0][0]
    X, y = study.rows(train), study.y[train]
    resampled = {}
    for name in methods:
        if name == NO_METHOD:
            continue
        with explained(f"{METHODS[name].title}, for the picture"):
            sampler = build_sampler(name, settings_of(study, 0, study.seed))
            resampled[METHODS[name].title] = Resampled(sampler, *sampler.fit_resample(X, y))
    return resampled


def draw(study: Study, resampled: Mapping[str, Resampled], path: Path) -> Any:
    """Save a picture of the smallest class, original and synthetic.

    Parameters
    ----------
    study : Study
    resampled : mapping of title to Resampled
        From ``resample_first_fold``.
    path : Path

    Returns
    -------
    ResamplingDisplay or None
        None if no method made rows, so that there is nothing to show.
    """
    train = study.splits[0][0]
    labels, counts = np.unique(study.y[train], return_counts=True)
    if not resampled or counts.min() == counts.max():
        return None
    without_screen()
    from sklearn_imbgen.inspection import ResamplingDisplay

    with plain_text():
        display = ResamplingDisplay.from_resampled(
            study.rows(train),
            study.y[train],
            {title: (made.X, made.y) for title, made in resampled.items()},
            label=labels[np.argmin(counts)],
            image_shape=study.image_shape,
            random_state=study.seed,
        )
        save_figure(display.figure_, path)
    return display
