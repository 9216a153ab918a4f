"""Robust classifiers: chapters 4 and 5."""
