"""The picture of a comparison: originals beside what every method made of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sklearn_imbgen.cli._compare import Study, settings_of
from sklearn_imbgen.cli._messages import CommandError, explained, one_line
from sklearn_imbgen.cli._methods import METHODS, NO_METHOD, build_sampler
from sklearn_imbgen.cli._tables import atomic_path
from sklearn_imbgen.utils import import_extra

__all__ = ["check_picture", "draw"]

FORMATS = (".png", ".pdf", ".svg")


def check_picture(path: Path) -> None:
    """Refuse a picture that cannot be drawn or saved, before any work is done.

    The folder is made if it does not exist.
    """
    if path.suffix.lower() not in FORMATS:
        raise CommandError(f"{path}: unknown extension; a picture is one of {', '.join(FORMATS)}")
    if path.is_dir():
        raise CommandError(f"{path}: is a folder, not a file")
    try:
        import_extra("matplotlib", "cli", "The picture")
        path.parent.mkdir(parents=True, exist_ok=True)
    except (ImportError, OSError) as error:
        raise CommandError(one_line(error)) from error


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
    import matplotlib

    # no window is opened, so no screen is needed
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

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
    try:
        with atomic_path(path) as temporary:
            display.figure_.savefig(temporary, format=path.suffix[1:].lower(), dpi=150)
    finally:
        plt.close(display.figure_)
    return True
