"""The picture of a comparison: originals beside what every method made of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sklearn_imbgen.cli._compare import Study, settings_of
from sklearn_imbgen.cli._figures import save_figure, without_screen
from sklearn_imbgen.cli._messages import explained
from sklearn_imbgen.cli._methods import METHODS, NO_METHOD, build_sampler

__all__ = ["draw"]


def draw(study: Study, methods: Sequence[str], path: Path) -> bool:
    """Resample the training part of the first fold by every method and save a picture.

    Parameters
    ----------
    study : Study
    methods : sequence of str
        Keys of ``METHODS``; "none" makes no rows and is left out.
    path : Path

    Returns
    -------
    bool
        False if no method makes rows, so that there is nothing to show.
    """
    without_screen()
    from sklearn_imbgen.inspection import ResamplingDisplay

    train = study.splits[0][0]
    X, y = study.rows(train), study.y[train]
    labels, counts = np.unique(y, return_counts=True)
    resampled = {}
    for name in methods:
        if name == NO_METHOD:
            continue
        with explained(f"{METHODS[name].title}, for the picture"):
            sampler = build_sampler(name, settings_of(study, 0, study.seed))
            resampled[METHODS[name].title] = sampler.fit_resample(X, y)
    if not resampled or counts.min() == counts.max():
        return False
    display = ResamplingDisplay.from_resampled(
        X,
        y,
        resampled,
        label=labels[np.argmin(counts)],
        image_shape=study.image_shape,
        random_state=study.seed,
    )
    save_figure(display.figure_, path)
    return True
