"""Imb-Mix as a sampler: adversarial rows of rare classes, mixed with others."""

import numbers
from typing import Any

import numpy as np
import torch
from imblearn.utils import Substitution
from numpy.typing import NDArray
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from torch import nn

from sklearn_imbgen._typing import Array
from sklearn_imbgen.nn import (
    compute_settings,
    draw_seed,
    hidden_widths,
    resolve_device,
    torch_generator,
)
from sklearn_imbgen.over_sampling._adversarial_mixing import AdversarialMixing
from sklearn_imbgen.over_sampling._base import (
    COUNT,
    POSITIVE,
    POSITIVE_REAL,
    WEIGHT,
    TrainingRows,
)
from sklearn_imbgen.over_sampling._generative import PARAMETERS
from sklearn_imbgen.over_sampling._soft_labels import BaseMixingOverSampler
from sklearn_imbgen.over_sampling._surrogate import (
    column_units,
    on_encoded_rows,
    thinned_rows,
    training_losses,
)
from sklearn_imbgen.robust import (
    ImbMixClassifier,
    Threat,
    supplementary_counts,
)
from sklearn_imbgen.utils import fewer_neighbors, under_represented

__all__ = ["ImbMix"]

# Parameters by what takes them: the attack, chapter 5's mixing, the draw of pairs, the training.
ATTACK = ("step_size", "n_steps", "random_start")
MIXING = ("noise_scale", "mixing", "mixing_concentration", "kappa", "tau")
PAIRING = ("own_class_share", "k_neighbors", "bound_by_pair")
TRAINING = ("n_supplementary", "epsilon", "norm", "max_epochs", "batch_size", "lr")


@Substitution(**PARAMETERS)
class ImbMix(BaseMixingOverSampler):
    """Over-sample with adversarial rows, each mixed with a partner.

    A network learns the classes by algorithm 5.1. Each new row starts from an existing one
    of its class: the network's gradients move it to where it is hardest to tell, noise
    varies the move, and the result is mixed with a row that was treated alike and that may
    belong to any class. Classifiers that learn from such rows withstand small changes of
    their input better.

    Read more in the dissertation, chapter 5; :class:`~sklearn_imbgen.robust.ImbMixClassifier`
    is the method itself, which mixes anew in each mini-batch.

    Parameters
    ----------
    {sampling_strategy}

    estimator : torch.nn.Module or fitted net with ``module_``, default=None
        Whose gradients show the way, in place of a network trained here: it maps the
        numeric columns of X, in their order and units and as float32, to one logit per
        class, in the sorted order of the labels. A copy is used. Where scikit-learn clones
        the sampler, a fitted net stays fitted inside
        :class:`sklearn.frozen.FrozenEstimator`.

    n_supplementary : int or "auto", default="auto"
        t of section 5.3.2.1: of the adversarial examples of a rare row, t out of t + 1 are
        varied by noise. It also sets the sizes that the classes have in eq. 5.4 and in the
        draw of partners. "auto" gives each class the size of the largest.

    noise_scale : float, default=1.0
        alpha of eq. 5.2: how much the move is varied.

    mixing : {{"remix", "mixup"}} or None, default="remix"
        "remix" labels by eq. 5.4, "mixup" by the share of the features; None does not mix.

    mixing_concentration : float, default=1.0
        gamma of the beta distribution of eq. 5.3; 1 is uniform, less keeps rows purer.

    kappa : float, default=3.0
        From this ratio of class sizes on, the rarer class can take the whole label.

    tau : float, default=0.5
        It does where the other class has less than this share of the features.

    own_class_share : float, default=0.0
        How many of the partners are drawn from the row's own class; the others are of any
        class, by the sizes of the classes. 0 is the dissertation's draw. More of them keep
        new rows out of other classes; with 1, none is mixed with another class, which is
        what makes classifiers withstand attacks.

    k_neighbors : int or None, default=5
        A partner is one of that many rows of its class that lie nearest to the row. None
        is any row of the class, as in the dissertation.

    bound_by_pair : bool, default=True
        Change a column by no more than the two rows of a pair differ in it. Otherwise new
        rows leave the values that a column always or often has, such as 0, and a classifier
        may take that alone for the class. False is the dissertation's attack.

    epsilon : float, default=0.2
        Radius of the ball around a row in which it moves, in units of ``feature_scale``.
        0 moves nothing and trains no network: what is left is mixing (Remix).

    step_size : float, default=None
        Of an attack's step, in the same units. None is ``2.5 * epsilon / n_steps``.

    n_steps : int, default=10
        Gradient steps of the attack. 0 is the same as ``epsilon=0``.

    norm : {{"linf", "l2"}}, default="linf"
        Of the ball.

    random_start : bool, default=True
        Begin each attack at a random point of the ball.

    feature_scale : {{"std", "range"}}, array-like of shape (n_features,) or None, default="std"
        Unit of each column: its standard deviation or range, which suits columns of
        different size, or the numbers given. None is the unit of X. Columns with
        categories are not attacked.

    hidden_dims : sequence of int, default=(128, 64)
        Widths of the network's hidden layers.

    {table_parameters}

    max_epochs : int, default=20
        Passes of the network's training.

    batch_size : int, default=64
        Rows of a mini-batch, at least 2.

    steps_per_epoch : int, default=16
        Most mini-batches of an epoch. Where a table has more rows, as many as they hold
        are drawn once, and the largest classes give up rows first.

    lr : float, default=0.02
        Learning rate.

    device : str or torch.device, default="auto"
        Where to train the network: "auto" takes a GPU if there is one. It is moved to the
        CPU afterwards, where it attacks.

    random_state : int, RandomState instance or None, default=None
        Seed of the training, the attacks and the mixing. The global RNGs of torch are never
        touched, those of numpy only with None.

    verbose : int, default=0
        1 prints a line per epoch.

    Attributes
    ----------
    {shared_attributes}
        The network is called "surrogate"; empty where none was trained.

    soft_labels_ : ndarray of shape (n_samples_new, n_classes)
        After ``fit_resample``: the mixed labels of all rows it returned, columns in the
        order of ``classes_``; 1 for the class of an original row. Its largest share says
        how much a row belongs to the label it has: ``sample_weight_`` is multiplied by it.

    surrogate_ : torch.nn.Module or None
        Maps encoded rows to logits; None where nothing is attacked.

    supplementary_counts_ : ndarray of shape (n_classes,)
        t of each class.

    Warns
    -----
    FewSamplesWarning
        If a class has fewer rows than neighbors are asked for.

    See Also
    --------
    sklearn_imbgen.robust.ImbMixClassifier : The method as a classifier.
    GLGAN : New rows from a generator.
    imblearn.over_sampling.SMOTE : Mixes unmoved rows of one class.

    Notes
    -----
    A moved row stays in the ball of radius ``epsilon`` around where it was; with ``clip``, a
    new row stays in the range of the training data. The rows of the class serve in turn. Of
    the beta distribution, only the shares are drawn at which the mixed label favours the
    class, so the label of a new row is the one that its mixed label favours. A column with
    categories takes the category of the row with the larger share.

    Two things go beyond the dissertation, and each can be switched off: ``k_neighbors`` and
    ``bound_by_pair``. The chapter trains a network on all rows attacked; a sampler returns
    the original rows as they are, so whatever an attack leaves on new rows alone tells a
    classifier which class they were made for.

    The time of the training does not depend on the number of rows; encoding and the search
    for neighbors grow with it. The sampler keeps all encoded rows (float64).

    References
    ----------
    W. Wang, "Learning from Imbalanced Data Distribution", PhD dissertation,
    Michigan State University, 2023, chapter 5.

    Examples
    --------
    >>> from collections import Counter
    >>> from sklearn.datasets import make_classification
    >>> from sklearn_imbgen.over_sampling import ImbMix
    >>> X, y = make_classification(n_samples=200, weights=[0.9], random_state=0)
    >>> sampler = ImbMix(max_epochs=5, random_state=0)
    >>> X_resampled, y_resampled = sampler.fit_resample(X, y)
    >>> sorted(Counter(y_resampled.tolist()).items())
    [(0, 180), (1, 180)]
    >>> sampler.soft_labels_.shape, bool(sampler.sample_weight_.min() >= 0.5)
    ((360, 2), True)
    """

    _parameter_constraints: dict[str, Any] = {
        **BaseMixingOverSampler._parameter_constraints,
        "estimator": [HasMethods("forward"), HasMethods("predict"), None],
        "n_supplementary": [COUNT, StrOptions({"auto"})],
        "noise_scale": [WEIGHT],
        "mixing": [StrOptions({"remix", "mixup"}), None],
        "mixing_concentration": [POSITIVE_REAL],
        "kappa": [Interval(numbers.Real, 1, None, closed="left")],
        "tau": [Interval(numbers.Real, 0, 1, closed="both")],
        "own_class_share": [Interval(numbers.Real, 0, 1, closed="both")],
        "k_neighbors": [POSITIVE, None],
        "bound_by_pair": ["boolean"],
        "epsilon": [WEIGHT],
        "step_size": [POSITIVE_REAL, None],
        "n_steps": [COUNT],
        "norm": [StrOptions({"linf", "l2"})],
        "random_start": ["boolean"],
        "feature_scale": [StrOptions({"std", "range"}), "array-like", None],
        "hidden_dims": ["array-like"],
        "max_epochs": [COUNT],
        "batch_size": [Interval(numbers.Integral, 2, None, closed="left")],
        "steps_per_epoch": [POSITIVE],
        "lr": [POSITIVE_REAL],
        "device": [str, torch.device],
        "verbose": ["verbose"],
    }
    _learned = "surrogate"
    _learned_names = ("history_", "surrogate_", "supplementary_counts_", "_mixing")

    def __init__(
        self,
        *,
        sampling_strategy: Any = "auto",
        estimator: Any = None,
        n_supplementary: Any = "auto",
        noise_scale: float = 1.0,
        mixing: str | None = "remix",
        mixing_concentration: float = 1.0,
        kappa: float = 3.0,
        tau: float = 0.5,
        own_class_share: float = 0.0,
        k_neighbors: int | None = 5,
        bound_by_pair: bool = True,
        epsilon: float = 0.2,
        step_size: float | None = None,
        n_steps: int = 10,
        norm: str = "linf",
        random_start: bool = True,
        feature_scale: Any = "std",
        hidden_dims: Any = (128, 64),
        categorical_features: Any = "auto",
        scaling: str = "auto",
        clip: bool = True,
        max_epochs: int = 20,
        batch_size: int = 64,
        steps_per_epoch: int = 16,
        lr: float = 0.02,
        device: Any = "auto",
        random_state: Any = None,
        verbose: Any = 0,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.estimator = estimator
        self.n_supplementary = n_supplementary
        self.noise_scale = noise_scale
        self.mixing = mixing
        self.mixing_concentration = mixing_concentration
        self.kappa = kappa
        self.tau = tau
        self.own_class_share = own_class_share
        self.k_neighbors = k_neighbors
        self.bound_by_pair = bound_by_pair
        self.epsilon = epsilon
        self.step_size = step_size
        self.n_steps = n_steps
        self.norm = norm
        self.random_start = random_start
        self.feature_scale = feature_scale
        self.hidden_dims = hidden_dims
        self.categorical_features = categorical_features
        self.scaling = scaling
        self.clip = clip
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.steps_per_epoch = steps_per_epoch
        self.lr = lr
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _prepare(self, X: Any, y: Array) -> TrainingRows:
        prepared = super()._prepare(X, y)
        self._rows = X
        return prepared

    def _learn(self, data: TrainingRows) -> None:
        try:
            self._learn_to_mix(data.X, data.codes, data.random_state)
        finally:
            del self._rows

    def _learn_to_mix(
        self,
        encoded: NDArray[np.float32],
        codes: NDArray[np.intp],
        random_state: np.random.RandomState,
    ) -> None:
        device = resolve_device(self.device)
        widths = hidden_widths(self.hidden_dims)
        units = column_units(self.feature_scale, self._codec, encoded)
        self._warn_of_few_rows()
        self.supplementary_counts_ = supplementary_counts(
            self.n_supplementary, self._counts, under_represented(self._counts)
        )
        self.history_: dict[str, dict[str, list[float]]] = {}
        self.surrogate_: nn.Module | None = None
        # drawn also where nothing needs it: the draws after it stay the same
        seed = draw_seed(random_state)
        try:
            if self.estimator is not None:
                self.surrogate_ = on_encoded_rows(
                    self.estimator, self.classes_, self._codec, encoded
                )
            elif self.epsilon and self.n_steps:
                self._train_surrogate(encoded, codes, units, widths, device, seed)
        except KeyboardInterrupt:
            # the sampler stays usable with what it has learned until then
            if self.surrogate_ is not None:
                self._make_mixing(codes, units)
            raise
        self._make_mixing(codes, units)

    def _warn_of_few_rows(self) -> None:
        if self.mixing is None or self.k_neighbors is None:
            return
        for label, n_new in self.sampling_strategy_.items():
            if n_new:
                count = int(self._counts[self._code_of(label)])
                fewer_neighbors(self.k_neighbors, count, label, warn=True)

    def _train_surrogate(
        self,
        encoded: NDArray[np.float32],
        codes: NDArray[np.intp],
        units: Array,
        widths: list[int],
        device: torch.device,
        seed: int,
    ) -> None:
        most = self.steps_per_epoch * self.batch_size
        rows = thinned_rows(codes, most, np.random.RandomState(seed))
        net = ImbMixClassifier(
            **self._named(*ATTACK, *MIXING, *TRAINING),
            feature_scale=units,
            module__hidden_dims=widths,
            device=str(device),
            verbose=int(self.verbose),
            random_state=seed,
        )
        try:
            net.fit(encoded[rows], codes[rows])
        finally:
            if net.initialized_:
                self.surrogate_ = net.module_.cpu().eval()
                self.history_["surrogate"] = {"total": training_losses(net)}

    def _make_mixing(self, codes: NDArray[np.intp], units: Array) -> None:
        scale = torch.tensor(units, dtype=torch.float32)
        self._mixing = AdversarialMixing(
            # float32 would leave its rounding on new rows, which tells them from real ones
            self._codec.encode(self._rows, np.float64),
            codes,
            supplementary=self.supplementary_counts_,
            threat=Threat(float(self.epsilon), self.norm, scale),
            attack=self._named(*ATTACK),
            surrogate=self.surrogate_,
            **self._named(*MIXING, *PAIRING),
        )

    def _named(self, *names: str) -> dict[str, Any]:
        return {name: getattr(self, name) for name in names}

    def _draw(
        self, code: int, n_rows: int, random_state: np.random.RandomState
    ) -> NDArray[np.floating[Any]]:
        generator = torch_generator(random_state)
        seed = draw_seed(random_state)
        with compute_settings(torch.device("cpu"), None if self.estimator is None else seed):
            rows, soft = self._mixing.draw(code, n_rows, random_state, generator)
        self._keep_soft_labels(soft)
        return rows
