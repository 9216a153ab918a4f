"""Probabilities of classifiers that were trained on resampled rows; imports no torch."""

from sklearn_imbgen.calibration._real_rows import calibrate_on_real_rows

__all__ = ["calibrate_on_real_rows"]
