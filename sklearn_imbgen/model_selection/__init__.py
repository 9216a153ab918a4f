"""Cross-validation and scores of models that learn from crowd labels; imports no torch."""

from sklearn_imbgen.model_selection._crowd_scorer import crowd_scorer
from sklearn_imbgen.model_selection._crowd_split import CrowdStratifiedKFold

__all__ = ["CrowdStratifiedKFold", "crowd_scorer"]
