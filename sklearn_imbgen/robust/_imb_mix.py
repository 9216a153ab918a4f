"""Imb-Mix: adversarial minority examples, mixed, algorithm 5.1."""

import numbers
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from imblearn.utils import Substitution
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions
from torch import Tensor

from sklearn_imbgen.robust._base import (
    EPOCH,
    NOT_NEGATIVE,
    POSITIVE,
    BaseAdversarialClassifier,
    TrainingBatch,
    unwrapped,
)
from sklearn_imbgen.robust._chapter import IMB_MIX_METHODS, method_parameters
from sklearn_imbgen.robust._docs import PARAMETERS
from sklearn_imbgen.robust._losses import BalancedSoftmaxLoss, ClassLoss
from sklearn_imbgen.robust._mixing import (
    WeightAverage,
    augmented_class_counts,
    mix_rows,
    supplementary_counts,
    supplementary_examples,
)
from sklearn_imbgen.robust._weights import epoch_of
from sklearn_imbgen.utils import under_represented


@Substitution(**PARAMETERS)
class ImbMixClassifier(BaseAdversarialClassifier):
    """Robust on the rare classes by augmentation: supplementary and mixed adversarial rows.

    Every batch is attacked; rows of minority classes get further adversarial examples
    (eq. 5.2); pairs of them all are mixed, labels in favour of the rarer class (eqs. 5.3
    and 5.4); and the weights at the ends of the last epochs are averaged (algorithm 5.1).
    Every step is a parameter: :meth:`from_chapter` knows the rows of Tables 5.1 to 5.7.

    Parameters
    ----------
    {module_parameter}

    criterion : {{"ce", "focal", "ldam", "balanced_softmax"}} or loss class, \
            default="balanced_softmax"
        l of eq. 5.5, for mixed labels the mean of the losses of both classes by their
        shares. The chapter takes the cross entropy, "ce". A loss class as in
        :class:`AdversarialClassifier`.

    n_supplementary : int or "auto", default=1
        t of section 5.3.2.1: supplementary examples of each minority row (those of the half
        of the classes with the fewest rows). "auto" brings every class to the size of the
        largest: eq. 5.4, which goes by the sizes, then never favours a class. 0 is none.

    mixing : {{"remix", "mixup"}} or None, default="remix"
        "remix" labels by eq. 5.4, "mixup" by the share of the features; None mixes nothing.

    averaging_start : int, float or None, default=0.8
        Epoch from which the weights are averaged; a float is a share of ``max_epochs``.
        None does not average. Scores on a validation set are those of the weights that
        are not averaged yet.

    separation_weight : float, default=0.1
        lambda of eq. 4.13: add SRAT's loss on the features of the mixed rows, each
        counting to the class that its label favours. 0 is chapter 5.

    {attack_parameters}

    class_weight : {{"auto", "effective", "balanced"}}, dict, array-like or None, default="auto"
        Weights of the classes from ``reweight_start`` on, not in chapter 5: "auto" is
        "effective", and None for balanced softmax, which makes up for the sizes of the
        classes by itself; "effective" by the inverse of the effective number of rows,
        "balanced" by the inverse frequency, a dict by label, an array in the order of the
        sorted labels. None is no weights.

    reweight_start : int or float, default=0.8
        Epoch from which ``class_weight`` applies; a float is a share of ``max_epochs``.

    {training_parameters}

    supplementary__noise_scale : float, default=1.0
        alpha of eq. 5.2: how much the perturbation is varied.

    mixing__concentration : float, default=0.3
        gamma of the beta distribution of the shares. 1 is uniform, as in the chapter; less
        keeps rows purer.

    mixing__kappa : float, default=3.0
        From this ratio of class sizes on, the rarer class can take the whole label.

    mixing__tau : float, default=0.5
        It does where the other class has less than this share of the features.

    {separation_parts}

    {attack_parts}

    {rest}

    Attributes
    ----------
    {fitted_attributes}

    supplementary_counts_ : ndarray of shape (n_classes,)
        Supplementary examples per row of each class.

    n_averaged_ : int
        Epochs whose weights are averaged in ``module_``.

    See Also
    --------
    SRATClassifier : Separates features instead.
    sklearn_imbgen.over_sampling.ImbMix : The augmentation as a sampler.

    References
    ----------
    W. Wang, "Learning from Imbalanced Data Distribution", 2023, chapter 5.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn_imbgen.robust import ImbMixClassifier
    >>> X, y = make_classification(weights=[0.9], random_state=0)
    >>> clf = ImbMixClassifier(epsilon=0.1, max_epochs=5, random_state=0).fit(X, y)
    >>> clf.predict(X).shape, clf.n_averaged_
    ((100,), 1)
    """

    _parameter_constraints: dict[str, Any] = {
        **BaseAdversarialClassifier._parameter_constraints,
        "n_supplementary": [Interval(numbers.Integral, 0, None, closed="left"),
                            StrOptions({"auto"})],
        "mixing": [StrOptions({"remix", "mixup"}), None],
        "averaging_start": [*EPOCH, None],
        "separation_weight": [NOT_NEGATIVE],
    }  # fmt: skip
    _rare_constraints: dict[str, Any] = {
        **BaseAdversarialClassifier._rare_constraints,
        "supplementary__noise_scale": [NOT_NEGATIVE],
        "mixing__concentration": [POSITIVE],
        "mixing__kappa": [Interval(numbers.Real, 1, None, closed="left")],
        "mixing__tau": [Interval(numbers.Real, 0, 1, closed="both")],
    }
    prefixes_ = [*BaseAdversarialClassifier.prefixes_, "separation", "supplementary", "mixing"]

    supplementary__noise_scale: float = 1.0
    mixing__concentration: float = 0.3
    mixing__kappa: float = 3.0
    mixing__tau: float = 0.5

    n_supplementary: Any
    mixing: str | None
    averaging_start: Any

    def __init__(
        self,
        module: Any = None,
        *,
        criterion: Any = "balanced_softmax",
        n_supplementary: Any = 1,
        mixing: str | None = "remix",
        averaging_start: Any = 0.8,
        separation_weight: float = 0.1,
        epsilon: float = 0.1,
        norm: str = "linf",
        n_steps: int = 10,
        class_weight: Any = "auto",
        reweight_start: float = 0.8,
        optimizer: Any = torch.optim.SGD,
        lr: float = 0.02,
        max_epochs: int = 100,
        batch_size: int = 64,
        train_split: Any = None,
        callbacks: Any = None,
        warm_start: bool = False,
        checkpoint: Any = None,
        device: Any = "cpu",
        verbose: int = 0,
        random_state: Any = None,
        **kwargs: Any,
    ) -> None:
        self._store_parameters(locals())

    @classmethod
    def from_chapter(cls, method: str, **parameters: Any) -> "ImbMixClassifier":
        """One row of Tables 5.1 to 5.7.

        Parameters
        ----------
        method : str
            "vanilla", "resample", "reweight", "mixup", "remix", "data_aug" (Imb-Mix without
            averaging) or "Imb-Mix".
        **parameters : dict
            Further parameters of the constructor.

        Examples
        --------
        >>> from sklearn_imbgen.robust import ImbMixClassifier
        >>> ImbMixClassifier.from_chapter("remix", epsilon=0.05).n_supplementary
        0
        """
        return cls(**{**method_parameters(method, IMB_MIX_METHODS), **parameters})

    # -- augmentation ----------------------------------------------------------------------

    def _learn_from_data(self, X: NDArray[Any], codes: NDArray[np.int64], *, reset: bool) -> None:
        # of a training that failed before its first epoch
        self.__dict__.pop("_average", None)
        self.supplementary_counts_ = supplementary_counts(
            self.n_supplementary, self.class_counts_, under_represented(self.class_counts_)
        )
        sizes = augmented_class_counts(self.class_counts_, self.supplementary_counts_)
        self._augmented_counts = torch.tensor(sizes, dtype=torch.float32)
        super()._learn_from_data(X, codes, reset=reset)

    def _loss_counts(self, loss: ClassLoss) -> NDArray[Any]:
        if isinstance(loss, BalancedSoftmaxLoss):
            # the frequencies that the network meets; LDAM's margins go by different rows
            return self._augmented_counts.numpy()
        return super()._loss_counts(loss)

    def _augmented(
        self, X: Tensor, attacked: Tensor, y: Tensor, weight: Tensor | None
    ) -> TrainingBatch:
        """The augmented and mixed batch (lines 3 and 4 of algorithm 5.1)."""
        generator = self._device_generator
        if self.n_supplementary != 0:
            per_row = torch.tensor(self.supplementary_counts_, dtype=X.dtype, device=X.device)[y]
            examples, source = supplementary_examples(
                X,
                attacked,
                per_row,
                threat=self._threat,
                noise_scale=self.supplementary__noise_scale,
                generator=generator,
            )
            attacked, y = torch.cat([attacked, examples]), torch.cat([y, y[source]])
            weight = weight if weight is None else torch.cat([weight, weight[source]])
        self._mixed = None
        if self.mixing is not None:
            self._mixed = mix_rows(
                attacked,
                y,
                class_counts=self._augmented_counts,
                rebalanced=self.mixing == "remix",
                concentration=self.mixing__concentration,
                kappa=self.mixing__kappa,
                tau=self.mixing__tau,
                generator=generator,
            )
            attacked = self._mixed.X
        return attacked, y, weight

    def _prediction_loss(
        self, logits: Tensor, y: Tensor, row_weight: Tensor | None, training: bool
    ) -> Tensor:
        if not training or self._mixed is None:
            return super()._prediction_loss(logits, y, row_weight, training)
        mixed = self._mixed
        # eq. 5.5: each row once for each of its classes
        own, other = mixed.share, 1.0 - mixed.share
        if row_weight is not None:
            own, other = own * row_weight, other * row_weight[mixed.partner]
        return self.criterion_(
            torch.cat([logits, logits]),
            torch.cat([mixed.y, mixed.y_partner]),
            torch.cat([own, other]),
        )

    def _separated_classes(self, y: Tensor) -> Tensor:
        return y if self._mixed is None else self._mixed.dominant

    # -- averaging -------------------------------------------------------------------------

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Begin a new mean of the weights, or go on with that of a checkpoint."""
        super().on_train_begin(net, **kwargs)
        if not hasattr(self, "_average"):
            self._average = WeightAverage(unwrapped(self.module_))

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Take the weights into the mean (line 8 of algorithm 5.1)."""
        super().on_epoch_end(net, **kwargs)
        if self.averaging_start is None:
            return
        if len(self.history) > epoch_of(self.averaging_start, self.max_epochs):
            self._average.update(unwrapped(self.module_))

    def on_train_end(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Give the network the mean of the weights."""
        super().on_train_end(net, X=X, y=y, **kwargs)
        average = self.__dict__.pop("_average")
        self.n_averaged_ = average.n_averaged
        if average.n_averaged:
            self._seed_epoch()
            average.put_into(unwrapped(self.module_), self._batches_of_training(X, y))
        # the last batch is no part of a fitted net
        self._mixed = None

    def _batches_of_training(self, X: Any, y: Any) -> Iterator[Tensor]:
        # without the rows that train_split keeps for validation
        dataset, _ = self.get_split_datasets(X, y)
        for batch in self.get_iterator(dataset, training=True):
            yield self._training_rows(*self._on_device(batch))[0]

    def _more_state(self) -> dict[str, Any]:
        return self._average.state_dict()

    def _restore_state(self, state: dict[str, Any]) -> None:
        self._average = WeightAverage(unwrapped(self.module_))
        self._average.load_state_dict(state)
