"""Imbalanced data, simulated workers, and the sets of the tables; imports no torch."""

from sklearn_imbgen.datasets._crowd import make_crowd_labels
from sklearn_imbgen.datasets._difficulty import estimate_difficulty
from sklearn_imbgen.datasets._imbalance import (
    make_binary_imbalance,
    make_exponential_imbalance,
    make_step_imbalance,
)
from sklearn_imbgen.datasets._openml import (
    fetch_gas_drift,
    fetch_gisette,
    fetch_madelon,
    fetch_sensorless,
    fetch_usps,
)

__all__ = [
    "estimate_difficulty",
    "fetch_gas_drift",
    "fetch_gisette",
    "fetch_madelon",
    "fetch_sensorless",
    "fetch_usps",
    "make_binary_imbalance",
    "make_crowd_labels",
    "make_exponential_imbalance",
    "make_step_imbalance",
]
