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
from sklearn_imbgen.nn import compute_settings, draw_seed, resolve_device, torch_generator
from sklearn_imbgen.over_sampling._adversarial_mixing import AdversarialMixing
from sklearn_imbgen.over_sampling._base import (
    COUNT,
    POSITIVE,
    POSITIVE_REAL,
    WEIGHT,
    BaseTableOverSampler,
    TrainingRows,
)
from sklearn_imbgen.over_sampling._generative import PARAMETERS
from sklearn_imbgen.over_sampling._surrogate import (
    column_units,
    on_encoded_rows,
    to_be_trained,
    train_surrogate,
)
from sklearn_imbgen.robust import Threat, supplementary_counts
from sklearn_imbgen.utils import under_represented, warn_of_few_rows

# Parameters of chapter 5's mixing, and of the draw of pairs.
MIXING = ("noise_scale", "mixing", "mixing_concentration", "kappa", "tau")
PAIRING = ("own_class_share", "k_neighbors", "bound_by_pair")


@Substitution(**PARAMETERS)
class ImbMix(BaseTableOverSampler):
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

    estimator : robust classifier, torch.nn.Module or fitted net with ``module_``, default=None
        Whose gradients show the way. None is an
        :class:`~sklearn_imbgen.robust.ImbMixClassifier`. One that is not fitted is cloned and
        trained here, on encoded rows and with this sampler's ``epsilon``, ``n_steps``,
        ``max_epochs``, mixing, device, seed and ``verbose``; the rest, such as
        ``module__hidden_dims``, ``lr``, ``batch_size``, ``norm`` or
        ``attack__step_size``, is its own. A module or a fitted net is used as it is (a copy):
        it maps the numeric columns of X, in their order and units and as float32, to one
        logit per class, in the sorted order of the labels. Where scikit-learn clones the
        sampler, a fitted net stays fitted inside :class:`sklearn.frozen.FrozenEstimator`.

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

    k_neighbors : int, estimator or None, default=5
        A partner is one of that many rows of its class that lie nearest to the row. Of an
        object with the ``kneighbors`` API, such as ``NearestNeighbors(metric="l1")``,
        ``n_neighbors`` counts the row itself too. None is any row of the class, as in the
        dissertation.

    bound_by_pair : bool, default=True
        Change a column by no more than the two rows of a pair differ in it. Otherwise new
        rows leave the values that a column always or often has, such as 0, and a classifier
        may take that alone for the class. False is the dissertation's attack.

    epsilon : float, default=0.2
        Radius of the ball around a row in which it moves, in standard deviations of each
        column, or in units of the estimator's ``attack__feature_scale`` (of which an array
        is in the units of X). 0 moves nothing and trains no network: what is left is mixing
        (Remix). Columns with categories are not attacked.

    n_steps : int, default=10
        Gradient steps of the attack. 0 is the same as ``epsilon=0``.

    max_epochs : int, default=20
        Passes of the network's training, of at most 16 mini-batches each: where a table has
        more rows, as many as they hold are drawn once, and the largest classes give up rows
        first.

    {table_parameters}

    device : str or torch.device, default="auto"
        Where to train the network: "auto" takes a GPU if there is one. It is moved to the
        CPU afterwards, where it attacks.

    random_state : int, RandomState instance or None, default=None
        Seed of the training, the attacks and the mixing. The global RNGs of torch are never
        touched, those of numpy only with None.

    verbose : int, default=0
        1 prints a line per epoch of the training.

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
        **BaseTableOverSampler._parameter_constraints,
        "estimator": [HasMethods("forward"), HasMethods("predict"), None],
        "n_supplementary": [COUNT, StrOptions({"auto"})],
        "noise_scale": [WEIGHT],
        "mixing": [StrOptions({"remix", "mixup"}), None],
        "mixing_concentration": [POSITIVE_REAL],
        "kappa": [Interval(numbers.Real, 1, None, closed="left")],
        "tau": [Interval(numbers.Real, 0, 1, closed="both")],
        "own_class_share": [Interval(numbers.Real, 0, 1, closed="both")],
        "k_neighbors": [POSITIVE, HasMethods(["kneighbors", "kneighbors_graph"]), None],
        "bound_by_pair": ["boolean"],
        "epsilon": [WEIGHT],
        "n_steps": [COUNT],
        "verbose": ["verbose"],
        "max_epochs": [COUNT],
        "device": [str, torch.device],
    }
    _learned = "surrogate"
    _learned_names = ("history_", "surrogate_", "supplementary_counts_", "_mixing")

    # of the rows drawn so far, during a fit_resample
    _soft_parts: list[Array] | None = None
    soft_labels_: Array

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
        k_neighbors: Any = 5,
        bound_by_pair: bool = True,
        epsilon: float = 0.2,
        n_steps: int = 10,
        categorical_features: Any = "auto",
        scaling: str = "auto",
        clip: bool = True,
        max_epochs: int = 20,
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
        self.n_steps = n_steps
        self.categorical_features = categorical_features
        self.scaling = scaling
        self.clip = clip
        self.max_epochs = max_epochs
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def fit_resample_soft(
        self, X: Any, y: Any, sample_weight: Any = None
    ) -> tuple[Any, Any, Array, Array]:
        """Resample as ``fit_resample`` does, and give the mixed labels and weights too.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows to resample.
        y : array-like of shape (n_samples,)
            Their labels.
        sample_weight : array-like of shape (n_samples,), default=None
            As ``fit_resample`` takes it.

        Returns
        -------
        X_resampled, y_resampled
            As ``fit_resample`` gives them.
        soft_labels : ndarray of shape (n_samples_new, n_classes)
            ``soft_labels_``.
        sample_weight : ndarray of shape (n_samples_new,)
            ``sample_weight_``, which classifiers take for the weights of rows.
        """
        X_resampled, y_resampled = self.fit_resample(X, y, sample_weight)
        return X_resampled, y_resampled, self.soft_labels_, self.sample_weight_

    def _reset(self) -> None:
        super()._reset()
        self.__dict__.pop("soft_labels_", None)

    def _fit_resample(self, X: Any, y: Array) -> tuple[Any, Array]:
        self._soft_parts = []
        try:
            made: tuple[Any, Array] = super()._fit_resample(X, y)
            drawn = self._soft_parts
        finally:
            self._soft_parts = None
        self.classes_ = np.unique(y)
        self.soft_labels_ = np.concatenate([np.empty((0, len(self.classes_))), *drawn])
        return made

    def _record_rows(self, y: Array, new_y: Array, weights: NDArray[np.float64] | None) -> None:
        super()._record_rows(y, new_y, weights)
        originals = np.eye(len(self.classes_))[np.searchsorted(self.classes_, y)]
        self.soft_labels_ = np.concatenate([originals, self.soft_labels_])
        self.sample_weight_ = self.sample_weight_ * self.soft_labels_.max(axis=1)

    def _prepare(self, X: Any, y: Array) -> TrainingRows:
        prepared = super()._prepare(X, y)
        # float32 would leave its rounding on new rows, which tells them from real ones
        self._exact = self._codec.encode(X, np.float64)
        return prepared

    def _learn(self, data: TrainingRows) -> None:
        encoded, codes, random_state = data.X, data.codes, data.random_state
        exact = self.__dict__.pop("_exact")
        device = resolve_device(self.device)
        scale = getattr(self.estimator, "attack__feature_scale", None)
        units = column_units("std" if scale is None else scale, self._codec, encoded)
        norm = getattr(self.estimator, "norm", "linf")
        if self.mixing is not None and self.k_neighbors is not None:
            warn_of_few_rows(self.k_neighbors, self._growing_sizes())
        self.supplementary_counts_ = supplementary_counts(
            self.n_supplementary, self._counts, under_represented(self._counts)
        )
        self.history_: dict[str, dict[str, list[float]]] = {}
        self.surrogate_: nn.Module | None = None
        # drawn also where nothing needs it: the draws after it stay the same
        seed = draw_seed(random_state)
        net = to_be_trained(self.estimator)
        interrupted = False
        if net is None:
            self.surrogate_ = on_encoded_rows(self.estimator, self.classes_, self._codec, encoded)
        elif self.epsilon and self.n_steps:
            net.set_params(**self._training_parameters(net, units, device, seed))
            self.surrogate_, losses, interrupted = train_surrogate(net, encoded, codes)
            self.history_["surrogate"] = {"total": losses}
        self._mixing = AdversarialMixing(
            exact,
            codes,
            supplementary=self.supplementary_counts_,
            threat=Threat(float(self.epsilon), norm, torch.tensor(units, dtype=torch.float32)),
            attack={
                "n_steps": self.n_steps,
                "step_size": getattr(self.estimator, "attack__step_size", None),
                "random_start": getattr(self.estimator, "attack__random_start", True),
            },
            surrogate=self.surrogate_,
            **{name: getattr(self, name) for name in MIXING + PAIRING},
        )
        if interrupted:
            # by Ctrl-C: the sampler stays usable with what it has learned until then
            raise KeyboardInterrupt

    def _training_parameters(
        self, net: Any, units: Array, device: torch.device, seed: int
    ) -> dict[str, Any]:
        names = ["epsilon", "n_steps", "max_epochs"]
        given: dict[str, Any] = {name: getattr(self, name) for name in names}
        if "n_supplementary" in net.get_params(deep=False):
            given |= {
                "n_supplementary": self.n_supplementary,
                "supplementary__noise_scale": self.noise_scale,
                "mixing": self.mixing,
                "mixing__concentration": self.mixing_concentration,
                "mixing__kappa": self.kappa,
                "mixing__tau": self.tau,
            }
        given |= {"attack__feature_scale": units, "device": str(device), "random_state": seed}
        given["verbose"] = int(self.verbose)
        return given

    def _draw(
        self, code: int, n_rows: int, random_state: np.random.RandomState
    ) -> NDArray[np.floating[Any]]:
        generator = torch_generator(random_state)
        seed = draw_seed(random_state)
        # a user's network may draw from torch's global RNG
        own = self.estimator is None
        with compute_settings(torch.device("cpu"), None if own else seed):
            rows, soft = self._mixing.draw(code, n_rows, random_state, generator)
        if self._soft_parts is not None:
            self._soft_parts.append(soft)
        return rows
