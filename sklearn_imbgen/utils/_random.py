"""Seeds for components, drawn from an estimator's random state."""

import numpy as np

__all__ = ["draw_seed"]


def draw_seed(random_state: np.random.RandomState) -> int:
    """An integer seed for a component, drawn from the estimator's random state."""
    return int(random_state.randint(np.iinfo(np.int32).max))
