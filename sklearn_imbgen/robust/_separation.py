"""The feature separation loss as a part of a net."""

import numbers
from typing import Any

from sklearn.utils._param_validation import Interval
from torch import Tensor, nn

from sklearn_imbgen.nn import FeatureCapture, find_layer, gather_rows, last_linear
from sklearn_imbgen.robust._base import BaseAdversarialClassifier
from sklearn_imbgen.robust._losses import separation_loss

__all__ = ["BaseSeparatingClassifier"]


class BaseSeparatingClassifier(BaseAdversarialClassifier):
    """Base of the nets that can add the feature separation loss to theirs (eq. 4.13).

    Warning: This class should not be used directly.
    """

    _parameter_constraints: dict[str, Any] = {
        **BaseAdversarialClassifier._parameter_constraints,
        "separation_weight": [Interval(numbers.Real, 0, None, closed="left")],
        "temperature": [Interval(numbers.Real, 0, None, closed="neither")],
        "feature_layer": [str, None],
    }

    separation_weight: float
    temperature: float
    feature_layer: str | None

    def _head_name(self, module: nn.Module) -> str:
        if self.feature_layer is None:
            return last_linear(module)
        find_layer(module, self.feature_layer)
        return self.feature_layer

    def infer(self, x: Any, **fit_params: Any) -> Any:
        """Logits of a batch; in a training step the features behind them are kept."""
        if not (self.separation_weight and self.module_.training):
            return super().infer(x, **fit_params)
        with FeatureCapture(self._feature_layer(), compiled=bool(self.compile)) as capture:
            logits = super().infer(x, **fit_params)
        self._features: Tensor | None = capture.features
        return logits

    def _batch_loss(self, logits: Tensor, y: Tensor, training: bool) -> Tensor:
        loss = self._prediction_loss(logits, y, training)
        if not (training and self.separation_weight):
            return loss
        assert self._features is not None
        # pairs are looked for in the whole batch, of which a process may hold a part
        accelerator = getattr(self, "accelerator", None)
        features = gather_rows(self._features, accelerator)
        classes = gather_rows(self._separated_classes(y), accelerator)
        separation = separation_loss(features, classes, temperature=self.temperature)
        self._features = None
        self.history.record_batch("prediction_loss", loss.item())
        self.history.record_batch("separation_loss", separation.item())
        # eq. 4.13
        return loss + self.separation_weight * separation

    def _prediction_loss(self, logits: Tensor, y: Tensor, training: bool) -> Tensor:
        """L of eq. 4.13."""
        return super()._batch_loss(logits, y, training)

    def _separated_classes(self, y: Tensor) -> Tensor:
        """The class of each row of the batch whose features are separated."""
        return y
