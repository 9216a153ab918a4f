"""ICED: labels of imbalanced crowds, inferred and learned from at once (chapter 3)."""

import numbers
from typing import Any

import numpy as np
from imblearn.utils import Substitution
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions
from tqdm.auto import tqdm

from sklearn_imbgen.aggregation import (
    balancing_weights,
    certainty_of_votes,
    majority_codes,
    mean_posterior,
    vote_proportions,
)
from sklearn_imbgen.crowd._alternation import CHAPTER, WARM_UPS, Alternation, Procedure
from sklearn_imbgen.crowd._cross_fitting import CrossFitting, Member, deal_out
from sklearn_imbgen.crowd._docs import PARAMETERS
from sklearn_imbgen.crowd._inference import PRIORS, LabelInference
from sklearn_imbgen.crowd._network import BaseCrowdClassifier, CrowdData
from sklearn_imbgen.nn import multilayer_perceptron

Floats = NDArray[np.float64]

# A part of fewer rows than this is not held out: it is missed more than it tells.
ROWS_PER_NETWORK = 10

# Factor of the weights at the start: small weights first learn what many rows have in
# common, large ones fit single wrong labels.
SMALL_START = 0.4

# Epsilon of eq. 3.4: the certainty of unanimous rows is its inverse.
EPSILON = 0.1

POSITIVE = Interval(numbers.Integral, 1, None, closed="left")
COUNT = Interval(numbers.Integral, 0, None, closed="left")
SHARE = Interval(numbers.Real, 0, 1, closed="both")
WEIGHT = Interval(numbers.Real, 0, None, closed="left")


@Substitution(**PARAMETERS)
class ICEDClassifier(BaseCrowdClassifier):
    """Infer true labels from an imbalanced crowd and learn a classifier, each helping the other.

    Networks are warmed up on the votes. Then, round by round, EM infers the true
    labels from the workers' answers and from what the networks say of each row,
    synthetic rows of the rare classes are interpolated in the networks' embedding
    and decoded, and the networks train on both. Some last epochs, with a balanced
    loss, make the classifier that predicts.

    Parameters
    ----------
    {network_parameters}

    n_networks : int, default=5
        Networks that are trained, each without one of as many parts of the rows.
        EM asks the network that has not seen a row: one that has seen it repeats
        the labels it was trained on. They predict together, by the mean of their
        probabilities. 1 is a single network that judges its own rows, as in the
        chapter; there is at most one for every ten rows.

    prior : {{"classifier", "estimated", "uniform"}}, default="classifier"
        Prior of a row's label in eq. 3.2. "classifier": the networks'
        probabilities, to the power that explains the workers' labels best.
        "estimated": the share of each class, as in the chapter, where an imbalanced
        and noisy start feeds on itself. "uniform": all classes alike.

    difficulty_levels : array-like of float, default=(0.0, 0.25, 0.5, 0.75)
        Probabilities that a worker guesses; each row is of one of these levels,
        which EM infers too. ``(0.0,)`` is eq. 3.2, in which all rows are equally
        hard.

    smoothing : float, default=2.0
        Labels that each worker is taken to have given beforehand in each class,
        spread as those of all workers together.

    warm_up : {{"all", "graded", "certain"}}, default="all"
        Rows of the warm-up. "all": every row at once (Trad-I in table 3.3).
        "graded": those of the third, second and highest certainty one after another
        (ICED-w, algorithm 3.1); the last group may hold rows of one class only. Which is
        better differs from set to set (``python -m benchmarks crowd-warm-up``).
        "certain": the three groups at once (Trad-II).

    warm_up_epochs : int, default=15
        Epochs of the warm-up, divided among its groups.

    max_epochs : int, default=8
        Epochs of the rounds, between warm-up and balanced epochs. With few of them
        the networks keep what the votes of many similar rows agree on, and do not
        learn single wrong labels.

    balanced_epochs : int, default=15
        Last epochs, on the final labels, with a loss weighted by ``class_weight``.

    class_weight : "balanced", dict or None, default="balanced"
        Weights in the last epochs. "balanced" weighs rows, by how rare the classes
        are that they were inferred to be of. A dictionary weighs classes, also those
        that a row is of with some probability only, as costs should.

    synthetic_share : float, default=0.0
        Synthetic rows of each class, as a share of what it lacks to the largest
        one: 1 balances the classes as in the chapter, 0 makes none. Made anew in
        every round. None by default: with ``class_weight`` the loss is balanced
        already, and rows made of wrongly inferred parents spread the mistakes. On
        some crowds they help, on others they harm (``python -m benchmarks
        crowd-parts``). Their labels are the probabilities of both parents, interpolated
        like the rows.

    targets : {{"soft", "hard"}}, default="soft"
        Train on the probabilities of the classes, or on the likeliest class alone
        as in the chapter.

    {machine_parameters}

    Attributes
    ----------
    {fitted_attributes}

    certainty_ : ndarray of shape (n_samples,)
        Label certainty of each training row (eq. 3.4).

    See Also
    --------
    DawidSkene : EM on the labels alone.
    AggregateThenFit : One label per row first, then any classifier.
    CrowdLayerClassifier : One network for rows and workers.

    Notes
    -----
    ``history_["inference"]`` has a value for the start and one per round: "changed",
    the share of rows with another label than before; "prior of <label>"; and
    "accuracy" of the inferred labels where the truth was given beside
    ``crowd_labels``. The truth is only recorded.

    ``transform`` gives the embeddings of all networks side by side, with
    ``n_networks * latent_dim`` columns.

    References
    ----------
    W. Wang, "Learning from Imbalanced Data Distribution", Michigan State University,
    2023, chapter 3. Beyond it: any number of classes, missing labels, networks that
    judge rows they have not seen, rows of different difficulty, and the loss that
    stays balanced. :meth:`as_in_chapter` switches all of that off.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import make_blobs
    >>> from sklearn_imbgen.crowd import ICEDClassifier
    >>> X, truth = make_blobs([150, 15], random_state=0)
    >>> wrong = np.random.RandomState(0).uniform(size=(165, 5)) < [0.2, 0.2, 0.3, 0.4, 0.5]
    >>> worker_labels = np.where(wrong, 1 - truth[:, None], truth[:, None])
    >>> classifier = ICEDClassifier(random_state=0).fit(X, worker_labels)
    >>> bool((classifier.labels_ == truth).mean() > 0.9)
    True
    """

    _parameter_constraints: dict[str, Any] = {
        **BaseCrowdClassifier._parameter_constraints,
        "n_networks": [POSITIVE],
        "prior": [StrOptions(set(PRIORS))],
        "difficulty_levels": ["array-like"],
        "smoothing": [WEIGHT],
        "warm_up": [StrOptions(set(WARM_UPS))],
        "warm_up_epochs": [COUNT],
        "max_epochs": [COUNT],
        "balanced_epochs": [COUNT],
        "synthetic_share": [SHARE],
        "targets": [StrOptions({"soft", "hard"})],
    }

    _procedure = Procedure()

    def __init__(
        self,
        *,
        hidden_dims: Any = (128,),
        latent_dim: int = 32,
        module: Any = None,
        n_networks: int = 5,
        prior: str = "classifier",
        difficulty_levels: Any = (0.0, 0.25, 0.5, 0.75),
        smoothing: float = 2.0,
        warm_up: str = "all",
        warm_up_epochs: int = 15,
        max_epochs: int = 8,
        balanced_epochs: int = 15,
        class_weight: Any = "balanced",
        synthetic_share: float = 0.0,
        targets: str = "soft",
        missing_label: Any = -1,
        device: Any = "auto",
        verbose: Any = 0,
        random_state: Any = None,
    ) -> None:
        self.hidden_dims = hidden_dims
        self.latent_dim = latent_dim
        self.module = module
        self.n_networks = n_networks
        self.prior = prior
        self.difficulty_levels = difficulty_levels
        self.smoothing = smoothing
        self.warm_up = warm_up
        self.warm_up_epochs = warm_up_epochs
        self.max_epochs = max_epochs
        self.balanced_epochs = balanced_epochs
        self.class_weight = class_weight
        self.synthetic_share = synthetic_share
        self.targets = targets
        self.missing_label = missing_label
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    @classmethod
    def as_in_chapter(cls, **parameters: Any) -> "ICEDClassifier":
        """ICED by algorithms 3.1 and 3.2, for comparison.

        One network judges its own rows, EM has one prior for all of them, and synthetic
        rows with worker labels balance the classes. What is left of the difference to
        the text: the M-step counts posteriors, not the likeliest labels alone; EM stops
        after 50 steps in a round, mostly before it converges; ``warm_up_epochs`` are
        divided among the groups of algorithm 3.1; rounds end when no label in a thousand
        changes; epsilon of eq. 3.4 is 0.1; the optimizer is AdamW with weight decay.

        Parameters
        ----------
        **parameters
            Override the chapter's settings or add others.

        Returns
        -------
        ICEDClassifier
            Not fitted.

        Examples
        --------
        >>> ICEDClassifier.as_in_chapter(random_state=0).n_networks
        1
        """
        chapter: dict[str, Any] = {
            "n_networks": 1,
            "prior": "estimated",
            "difficulty_levels": (0.0,),
            "smoothing": 0.0,
            "warm_up": "graded",
            "max_epochs": 30,
            "balanced_epochs": 0,
            "class_weight": None,
            "synthetic_share": 1.0,
            "targets": "hard",
        }
        return ChapterICEDClassifier(**{**chapter, **parameters})

    def _fit(self, data: CrowdData) -> None:
        labels = data.labels
        self.certainty_ = certainty_of_votes(vote_proportions(labels), epsilon=EPSILON)
        inference = LabelInference(
            labels,
            prior=self.prior,
            levels=self._checked_levels(),
            smoothing=self.smoothing,
            n_steps=self._procedure.em_steps,
        )
        # a wrong dictionary is found before the work
        balancing_weights(np.ones(labels.n_classes), self.class_weight, labels.classes)
        networks = self._build_networks(data)
        self.module_ = networks.ensemble()
        n_epochs = self.warm_up_epochs + self.max_epochs + self.balanced_epochs
        with tqdm(
            total=n_epochs, desc="ICED", unit="epoch", disable=not self.verbose, leave=False
        ) as bar:
            try:
                Alternation(self, self._procedure, data, networks, inference, bar).run()
            finally:
                self.module_ = networks.ensemble()
                posterior = inference.posterior
                self._store_inference(posterior, inference.confusion, mean_posterior(posterior))

    def _build_networks(self, data: CrowdData) -> CrossFitting:
        labels = data.labels
        n_networks = max(1, min(self.n_networks, labels.n_samples // ROWS_PER_NETWORK))
        part = deal_out(majority_codes(labels), n_networks, data.random_state)
        members = []
        for place in range(n_networks):
            held_out = np.flatnonzero(part == place)
            rows = np.flatnonzero(part != place) if n_networks > 1 else held_out
            network, decoder = self._build_classifier(data, SMALL_START), None
            if self.synthetic_share:
                widths = [self.latent_dim, *reversed(self._hidden), data.X.shape[1]]
                decoder = multilayer_perceptron(widths, data.generator).to(data.device)
            members.append(Member(network, decoder, rows, held_out))
        return CrossFitting(members, self._procedure.dropout, data.generator)

    def _checked_levels(self) -> list[float]:
        levels: list[float] = np.ravel(self.difficulty_levels).tolist()
        if not all(isinstance(level, int | float) for level in levels):
            levels = []
        if not levels or not all(0 <= level <= 1 for level in levels) or min(levels) == 1:
            raise ValueError(
                "difficulty_levels must hold probabilities between 0 and 1, at least one of "
                f"them below 1; got {self.difficulty_levels!r}."
            )
        return levels

    @property
    def _n_features_out(self) -> int:
        return self.latent_dim * len(self.module_.members)


class ChapterICEDClassifier(ICEDClassifier):
    """ICED by the procedure of chapter 3, as :meth:`ICEDClassifier.as_in_chapter` makes it.

    In every round EM runs for up to 50 steps, on the label matrix with synthetic rows
    added to it, and networks train for one epoch, without dropout. Synthetic rows are
    what the decoder gives. All else is said by parameters.
    """

    _procedure = CHAPTER
