"""What stands in a fitted Pipeline: transformers, and who predicts behind them."""

from typing import Any, NamedTuple

from sklearn.exceptions import NotFittedError


class PipelineParts(NamedTuple):
    """Steps of a Pipeline that act in prediction, and whether a sampler stood before ``last``."""

    transformers: tuple[Any, ...]
    last: Any
    resamples: bool

    def transform(self, X: Any) -> Any:
        """Rows as the last step gets them."""
        for transformer in self.transformers:
            X = transformer.transform(X)
        return X


def split_pipeline(estimator: Any) -> PipelineParts:
    """The parts of a Pipeline, of any nesting, or a lone estimator; a search gives its best.

    Samplers are left out, as imbalanced-learn's Pipeline leaves them out of prediction.
    """
    estimator = getattr(estimator, "best_estimator_", estimator)
    if not hasattr(estimator, "steps"):
        return PipelineParts((), estimator, False)
    *before, last = (step for _, step in estimator.steps)
    acting = [step for step in before if step is not None and step != "passthrough"]
    transformers = tuple(step for step in acting if not hasattr(step, "fit_resample"))
    inner = split_pipeline(last)
    return PipelineParts(
        transformers + inner.transformers,
        inner.last,
        len(transformers) < len(acting) or inner.resamples,
    )


def fitted_part(estimator: Any, attribute: str) -> Any:
    """The estimator that inferred labels, also inside a search, a Pipeline or AggregateThenFit.

    ``NotFittedError`` if it has no such ``attribute``.
    """
    part = split_pipeline(estimator).last
    part = getattr(part, "aggregator_", part)
    if not hasattr(part, attribute):
        raise NotFittedError(
            f"This {type(part).__name__} has no {attribute}: fit it first, if it infers labels "
            "as DawidSkene and ICEDClassifier do."
        )
    return part
