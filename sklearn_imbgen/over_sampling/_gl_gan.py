"""GL-GAN: local structure from the latent space, global distribution from a GAN."""

import copy
from typing import Any

import numpy as np
import torch
from imblearn.utils import Substitution
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils._param_validation import StrOptions
from torch import Tensor

from sklearn_imbgen._typing import Array
from sklearn_imbgen.nn import Step, WithHead, apply_in_chunks, thread_share, train
from sklearn_imbgen.over_sampling._base import COUNT, POSITIVE, TABLE_STATE, WEIGHT
from sklearn_imbgen.over_sampling._generative import (
    PARAMETERS,
    BaseLatentOverSampler,
    TrainingTensors,
)
from sklearn_imbgen.over_sampling._latent_smote import LatentSMOTE
from sklearn_imbgen.over_sampling._players import Judgement, Judges, Players, warn_if_unreliable
from sklearn_imbgen.over_sampling._variation import (
    effective_dimension,
    same_class_differences,
    variation_share,
    within_class_covariance,
)

# The classifier may undo a variation if the class has at least as many rows as the latent
# points have dimensions: of fewer it knows too little to say where the class ends.
TRUSTED_SHARE = 0.5


@Substitution(**PARAMETERS)
class GLGAN(BaseLatentOverSampler):
    """Global-and-local aware over-sampling with a generative adversarial network.

    Local structure: an autoencoder with a cluster loss learns a latent space
    with tight, distant classes, in which SMOTE makes minority points. Global
    distribution: a generator, started from the decoder, turns latent points into
    rows against a discriminator (real or generated?) and a classifier (which
    class?), both started from the encoder. Takes the place of
    :class:`imblearn.over_sampling.SMOTE` in a Pipeline, for two or more classes.

    Read more in the dissertation, chapter 2, algorithm 2.1.

    Parameters
    ----------
    {sampling_strategy}

    latent_smote : LatentSMOTE, default=None
        The first stage: its networks, encoding of the table, batches, learning rate and
        neighbors, of which the adversarial stage uses the same. None takes
        ``LatentSMOTE()``. Its ``sampling_strategy``, ``random_state`` and ``verbose``
        are not used; those of this sampler are.

    k_neighbors, latent_dim, autoencoder_epochs : default=None
        Short for these parameters of ``latent_smote``; None leaves them as they are there
        (5, 32 and 30).

    max_epochs : int, default=10
        Rounds of the adversarial stage: each trains the discriminator, then the
        classifier, then the generator. 0 leaves the generator as the decoder.

    discriminator_epochs : int, default=1
        How many epochs the discriminator trains in a round; 0 leaves it out.

    classifier_epochs : int, default=1
        The same for the classifier.

    generator_epochs : int, default=1
        The same for the generator, at least 1.

    adversarial_weight : float, default=10.0
        lambda_1 of eq. 2.6 (Lambda_1 of eq. 2.7): how much the generator tries
        to look real. It stands beside a reconstruction loss that sums over
        columns, while the adversarial loss is at most 1: hence 10.

    classification_weight : float, default=10.0
        lambda_2 of eq. 2.6 (Lambda_2 of eq. 2.7): how much it tries to keep the
        class.

    shared_variation : "auto" or float, default="auto"
        A few rows do not show the shape of their class; all classes, which is
        mostly the largest one, lend theirs. Each new point, and its residual,
        moves by the difference of two random rows of one class, so that it varies
        around the line between two neighbors by this share of the pooled
        within-class covariance. "auto" is ``d / (d + n)`` for a class of n rows
        and latent points of effective rank d: most of it for a handful of rows, a
        few percent for hundreds. A move that leads into another class by the
        classifier is undone, unless the class has fewer rows than d. 0 keeps to
        the lines, as the dissertation does.

    residual_weight : float, default=1.0
        What the generator leaves out of the real rows (noise, fine structure) is
        interpolated along with them and added to the new rows, times this
        weight. Without it new rows are smoother than real ones, which
        classifiers that look at one feature at a time take for the class. 0
        returns what the generator makes, as the dissertation does.

    candidates_per_row : int, default=2
        How many points are drawn for each new row. The classifier of the
        adversarial stage judges them, before they vary, and those are kept that
        are most clearly of their class, so that few new rows stand among the
        majority. 1 keeps all, as the dissertation does; so does a classifier
        that is not trained (``max_epochs=0`` or ``classifier_epochs=0``).

    categorical_features : "auto", array-like or None, default="auto"
        Columns that hold categories: indices, a mask or names; None treats every column
        as numeric. "auto" asks ``latent_smote``, whose own "auto" takes the columns of
        dtype category (pandas), Categorical or Enum (polars).

    device : str or torch.device, default="auto"
        Where to train; "auto" asks ``latent_smote``, whose own "auto" takes a GPU if
        there is one. The trained networks are moved to the CPU.

    random_state : int, RandomState instance or None, default=None
        Seed of initialisation, batches and interpolation. The global RNGs of
        torch are never touched, those of numpy only with None.

    verbose : int, default=0
        1 shows a progress bar per stage.

    Attributes
    ----------
    {shared_attributes}

    latent_smote_ : LatentSMOTE
        The trained first stage, which can itself ``sample``.

    encoder_, decoder_ : torch.nn.Module
        Its autoencoder.

    generator_ : torch.nn.Module
        Maps latent points to encoded rows.

    discriminator_ : torch.nn.Module
        Maps encoded rows to one logit: real if positive.

    classifier_ : torch.nn.Module
        Maps encoded rows to one logit per class, in the order of ``classes_``.

    judgement_ : dict
        What classifier and discriminator say about the rows that
        ``fit_resample`` has made: class to an object with the attributes
        ``recognised`` (share of the real rows that the classifier gives to the
        class), ``candidates_elsewhere``, ``elsewhere`` (shares of the candidates
        and of the new rows that it gives to another) and ``exposed`` (share of
        new rows that look less real to the discriminator than 95 % of the real
        ones; nan for a class of fewer than 20 rows). Empty where a judge has not
        been trained.

    Warns
    -----
    UnreliableSamplesWarning
        If the classifier recognises less than half of a class's real rows, gives
        more than a quarter of its new rows, or of the candidates for them, to
        another class, or more than three quarters of the new rows look less real
        to the discriminator than 95 % of the real ones.

    FewSamplesWarning, DivergenceWarning
        If a class has fewer rows than neighbors are asked for; if a training
        diverged and went on from its best state.

    See Also
    --------
    LatentSMOTE : The first stage alone.
    ConditionalGAN : A generator fed with noise and the class.
    SWIM : New rows from the shape of the majority, without a network.
    BAGAN : Latent normal distributions instead of neighbors.

    Notes
    -----
    Three things go beyond the dissertation, and each can be switched off:
    ``shared_variation``, ``residual_weight`` and ``candidates_per_row``. The
    page "When does it help?" of the documentation measures each of them.

    Each mini-batch holds the classes in equal parts, so that a minority of one
    percent is seen in each.

    Training takes a fixed number of mini-batches, so its time does not depend
    on the number of rows; encoding, the neighbor search and the drawing of rows
    grow with it. The sampler keeps the residuals and latent points of all rows
    (float32), also in a pickle; drawing holds a few arrays of
    ``candidates_per_row`` times the new rows.

    References
    ----------
    W. Wang, "Learning from Imbalanced Data Distribution", PhD dissertation,
    Michigan State University, 2023, chapter 2.

    Examples
    --------
    >>> from collections import Counter
    >>> from sklearn.datasets import make_classification
    >>> from sklearn_imbgen import GLGAN
    >>> X, y = make_classification(n_samples=200, weights=[0.9], random_state=0)
    >>> sampler = GLGAN(random_state=0)
    >>> X_resampled, y_resampled = sampler.fit_resample(X, y)
    >>> sorted(Counter(y_resampled.tolist()).items())
    [(0, 180), (1, 180)]
    >>> sampler.sample(5, label=1).shape
    (5, 20)
    """

    _parameter_constraints: dict[str, Any] = {
        **{
            name: BaseLatentOverSampler._parameter_constraints[name]
            for name in (
                "sampling_strategy",
                "categorical_features",
                "device",
                "random_state",
                "verbose",
            )
        },
        "latent_smote": [LatentSMOTE, None],
        "k_neighbors": [*LatentSMOTE._parameter_constraints["k_neighbors"], None],
        "latent_dim": [POSITIVE, None],
        "autoencoder_epochs": [COUNT, None],
        "max_epochs": [COUNT],
        "discriminator_epochs": [COUNT],
        "classifier_epochs": [COUNT],
        "generator_epochs": [POSITIVE],
        "adversarial_weight": [WEIGHT],
        "classification_weight": [WEIGHT],
        "shared_variation": [WEIGHT, StrOptions({"auto"})],
        "residual_weight": [WEIGHT],
        "candidates_per_row": [POSITIVE],
    }
    _learned_names = (
        "history_",
        "latent_smote_",
        "encoder_",
        "decoder_",
        "generator_",
        "discriminator_",
        "classifier_",
        "judgement_",
        "_dimension",
        "_residuals",
        "_judges",
    )

    def __init__(
        self,
        *,
        sampling_strategy: Any = "auto",
        latent_smote: LatentSMOTE | None = None,
        k_neighbors: Any = None,
        latent_dim: int | None = None,
        autoencoder_epochs: int | None = None,
        max_epochs: int = 10,
        discriminator_epochs: int = 1,
        classifier_epochs: int = 1,
        generator_epochs: int = 1,
        adversarial_weight: float = 10.0,
        classification_weight: float = 10.0,
        shared_variation: Any = "auto",
        residual_weight: float = 1.0,
        candidates_per_row: int = 2,
        categorical_features: Any = "auto",
        device: Any = "auto",
        random_state: Any = None,
        verbose: Any = 0,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.latent_smote = latent_smote
        self.k_neighbors = k_neighbors
        self.latent_dim = latent_dim
        self.autoencoder_epochs = autoencoder_epochs
        self.max_epochs = max_epochs
        self.discriminator_epochs = discriminator_epochs
        self.classifier_epochs = classifier_epochs
        self.generator_epochs = generator_epochs
        self.adversarial_weight = adversarial_weight
        self.classification_weight = classification_weight
        self.shared_variation = shared_variation
        self.residual_weight = residual_weight
        self.candidates_per_row = candidates_per_row
        self.categorical_features = categorical_features
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def score_samples(self, X: Any) -> np.ndarray:
        """Discriminator's probability that each row is real rather than generated.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
            Between 0 (generated) and 1 (real).
        """
        rows = self._encode_new(X)
        with thread_share():
            logits = apply_in_chunks(self.discriminator_, rows)
            return torch.sigmoid(logits).squeeze(1).numpy()

    def _settings(self) -> LatentSMOTE:
        return self.latent_smote_

    def _reset(self) -> None:
        super()._reset()
        self.latent_smote_ = self._first_stage()

    def _first_stage(self) -> LatentSMOTE:
        """The LatentSMOTE to train, with what this sampler says about it."""
        stage = LatentSMOTE() if self.latent_smote is None else clone(self.latent_smote)
        for name in ("k_neighbors", "latent_dim", "autoencoder_epochs"):
            if getattr(self, name) is not None:
                stage.set_params(**{name: getattr(self, name)})
        for name in ("categorical_features", "device"):
            asked = getattr(self, name)
            if not (isinstance(asked, str) and asked == "auto"):
                stage.set_params(**{name: asked})
        stage.set_params(verbose=self.verbose)
        # its own check is off inside this sampler's fit
        stage._validate_params()
        return stage

    def _learn(self, data: TrainingTensors) -> None:
        try:
            self._train_first_stage(data)
        finally:
            # also after Ctrl-C, so that the sampler stays usable
            if hasattr(self.latent_smote_, "_space"):
                self._build_players(data)
                self._judge_real_rows(data)
        try:
            self._train_adversarially(data)
        finally:
            self._judge_real_rows(data)

    def _train_first_stage(self, data: TrainingTensors) -> None:
        """Lines 1 and 2 of algorithm 2.1: train ``latent_smote_`` as its own ``fit`` would."""
        stage = self.latent_smote_
        for name in TABLE_STATE:
            if hasattr(self, name):
                setattr(stage, name, getattr(self, name))
        stage._sampling_random_state = copy.deepcopy(data.random_state)
        stage.history_ = {}
        try:
            stage._learn(data)
        finally:
            self.history_ |= stage.history_
            for name in ("encoder_", "decoder_"):
                if hasattr(stage, name):
                    setattr(self, name, getattr(stage, name))

    def _build_players(self, data: TrainingTensors) -> None:
        """Networks of the second stage, started from the autoencoder (section 2.3.4)."""
        latent_dim = self.latent_smote_.latent_dim
        self.generator_ = copy.deepcopy(self.decoder_)
        self.discriminator_ = WithHead(self.encoder_, latent_dim, 1, data.generator)
        self.classifier_ = WithHead(self.encoder_, latent_dim, data.n_classes, data.generator)
        for network in (self.discriminator_, self.classifier_):
            network.to(data.device)
        space = self.latent_smote_._space
        covariance = within_class_covariance(space.points, space.codes)
        self._dimension = effective_dimension(covariance)

    def _judge_real_rows(self, data: TrainingTensors) -> None:
        """What the generator leaves out of the training rows, and what the judges say."""
        space = self.latent_smote_._space
        latent = torch.from_numpy(space.points).to(data.device)
        left_out = data.X - apply_in_chunks(self.generator_, latent)
        self._residuals: Array = left_out.cpu().numpy()
        self._judges = Judges(self.classifier_, self.discriminator_, data.X, space.codes)
        self.judgement_: dict[Any, Judgement] = {}

    def _train_adversarially(self, data: TrainingTensors) -> None:
        """Lines 3 to 15 of algorithm 2.1."""
        latent, codes = self._balanced_latent(data)
        players = Players(
            self.generator_,
            self.discriminator_,
            self.classifier_,
            data.X,
            latent.to(data.device),
            codes.to(data.device),
            # a judge that never trains has nothing to say
            self.adversarial_weight if self.discriminator_epochs else 0.0,
            self.classification_weight if self.classifier_epochs else 0.0,
        )
        train(
            [
                Step(
                    "discriminator",
                    self.discriminator_,
                    players.discriminator_loss,
                    self.discriminator_epochs,
                ),
                Step(
                    "classifier", self.classifier_, players.classifier_loss, self.classifier_epochs
                ),
                Step("generator", self.generator_, players.generator_loss, self.generator_epochs),
            ],
            lambda: (self._draw_batches(data, data.codes), self._draw_batches(data, codes)),
            self._schedule(
                self.max_epochs,
                self.latent_smote_.n_iter_no_change,
                "lower learning_rate or adversarial_weight",
            ),
            monitor=players.distance_from_convergence,
            title="GAN",
            history=self.history_,
        )

    def _balanced_latent(self, data: TrainingTensors) -> tuple[Tensor, Tensor]:
        """The balanced augmentation set Z in latent space and its codes (line 4)."""
        interpolate = self.latent_smote_._interpolate
        points = [torch.from_numpy(self.latent_smote_._space.points)]
        codes = [data.codes]
        for code, count in enumerate(data.counts):
            n_new = int(data.counts.max() - count)
            if n_new and count > 1:
                made, _ = interpolate(code, n_new, data.random_state)
                points.append(torch.from_numpy(made))
                codes.append(torch.full((n_new,), code))
        return torch.cat(points), torch.cat(codes)

    def _draw(self, code: int, n_rows: int, random_state: np.random.RandomState) -> Tensor:
        choosing = "classifier" in self.history_ and self.candidates_per_row > 1
        n_candidates = n_rows * self.candidates_per_row if choosing else n_rows
        interpolate = self.latent_smote_._interpolate
        latent, residuals = interpolate(code, n_candidates, random_state, self._residuals)
        rows = self._render(latent, residuals)
        if choosing:
            kept = self._judges.choose(rows, code, n_rows)
            latent, residuals, rows = latent[kept], residuals[kept], rows[kept]
        share = self._variation_share(code)
        if share == 0:
            return rows
        space = self.latent_smote_._space
        known = (space.points, self._residuals)
        moves = same_class_differences(known, space.codes, n_rows, share, random_state)
        moved = self._render(latent + moves[0], residuals + moves[1])
        if choosing and share <= TRUSTED_SHARE:
            return self._judges.keep_inside(rows, moved, code)
        return moved

    def _render(self, latent: Array, residuals: Array) -> Tensor:
        """Encoded rows of latent points, with what the generator leaves out."""
        rows = apply_in_chunks(self.generator_, torch.from_numpy(latent))
        return rows + self.residual_weight * torch.from_numpy(residuals)

    def _review(self, code: int, encoded: NDArray[np.floating[Any]]) -> None:
        """Both judges on the new rows, if they have been trained."""
        if not {"classifier", "discriminator"} <= self.history_.keys():
            return
        label = self.classes_[code]
        judgement = self._judges.review(torch.from_numpy(encoded), code)
        self.judgement_[label] = judgement
        warn_if_unreliable(judgement, label, type(self).__name__)

    def _variation_share(self, code: int) -> float:
        if self.shared_variation == "auto":
            return variation_share(self._dimension, int(self._counts[code]))
        return float(self.shared_variation)
