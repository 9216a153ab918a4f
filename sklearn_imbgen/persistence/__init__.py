"""Models in files that run no code when they are read: skops and safetensors."""

from sklearn_imbgen.persistence._model import load_model, save_model
from sklearn_imbgen.persistence._trust import trusted_types
from sklearn_imbgen.persistence._weights import load_weights, save_weights

__all__ = ["load_model", "load_weights", "save_model", "save_weights", "trusted_types"]
