"""Tables that are read partition by partition and never held as a whole."""

from sklearn_imbgen.over_sampling._streaming._dask import fit_resample_dask, resample_dask
from sklearn_imbgen.over_sampling._streaming._plan import MAX_MINORITY_ROWS, MAX_TRAINING_ROWS
from sklearn_imbgen.over_sampling._streaming._resample import resample_partitions

__all__ = [
    "MAX_MINORITY_ROWS",
    "MAX_TRAINING_ROWS",
    "fit_resample_dask",
    "resample_dask",
    "resample_partitions",
]
