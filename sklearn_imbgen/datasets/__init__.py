"""Imbalanced versions of balanced data, and the sets of the tables; imports no torch."""

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
    "fetch_gas_drift",
    "fetch_gisette",
    "fetch_madelon",
    "fetch_sensorless",
    "fetch_usps",
    "make_binary_imbalance",
    "make_exponential_imbalance",
    "make_step_imbalance",
]
