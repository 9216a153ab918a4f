"""LatentSMOTE: an autoencoder, and new points between neighbors in its latent space."""

import inspect
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from imblearn.utils import Substitution, check_neighbors_object
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors
from sklearn.utils._param_validation import HasMethods
from torch import Tensor, nn

from sklearn_imbgen._typing import Array
from sklearn_imbgen.nn import (
    OneHotBlocks,
    Step,
    apply_in_chunks,
    build_module,
    check_output_shape,
    cluster_loss,
    draw_seed,
    multilayer_perceptron,
    reconstruction_loss,
    train,
    weight_penalty,
)
from sklearn_imbgen.over_sampling._base import COUNT, POSITIVE, POSITIVE_REAL, WEIGHT
from sklearn_imbgen.over_sampling._generative import (
    PARAMETERS,
    BaseLatentOverSampler,
    TrainingTensors,
)
from sklearn_imbgen.utils import (
    draw_pairs,
    fewer_neighbors,
    interpolate,
    neighbor_table,
    plain,
    warn_of_few_rows,
)

# names under which imbalanced-learn's over-samplers count neighbors within a class
NEIGHBOR_PARAMETERS = ("k_neighbors", "n_neighbors")


@Substitution(**PARAMETERS)
class LatentSMOTE(BaseLatentOverSampler):
    """Over-sample by SMOTE in the latent space of an autoencoder.

    An autoencoder with a cluster loss is trained on class-balanced batches; new
    rows are decoded from points between neighbors of a class in its latent
    space. It is the first stage of :class:`GLGAN` without the adversarial one
    ("Auto-only" in section 2.4.3 of the dissertation).

    Parameters
    ----------
    {sampling_strategy}

    latent_dim : int, default=32
        Number of dimensions of the latent space.

    hidden_dims : sequence of int, default=(128, 64)
        Widths of the encoder's hidden layers; the decoder mirrors them. Not
        used where a custom module is given.

    interpolator : over-sampler of imbalanced-learn, default=None
        Makes the latent points of a class, for example
        ``BorderlineSMOTE()``; its ``sampling_strategy`` and ``random_state``
        are set here. None is SMOTE's rule with ``k_neighbors``.

    k_neighbors : int or estimator, default=5
        Number of latent neighbors to interpolate with, or a fitted-by-us
        object with the ``kneighbors`` API whose ``n_neighbors`` counts the row
        itself too. Lowered, with a warning, for a class with fewer rows. An
        integer searches a class of more than 16,384 rows in groups of near
        rows, so that time grows with the rows and not with their square.

    encoder, decoder : torch.nn.Module class or instance, default=None
        Custom networks, for example convolutional ones. The encoder maps
        (n_rows, n_encoded) to (n_rows, latent_dim), the decoder back; for
        images they unflatten inside. A class is called with ``n_features`` and
        ``latent_dim`` if its constructor takes them; an instance is copied.

    autoencoder_epochs : int, default=30
        Most epochs of the autoencoder's training.

    cluster_weight : float, default=0.01
        Lambda_1 of eq. 2.3, the weight of the cluster loss beside the
        reconstruction.

    minority_weight : float, default=1.0
        lambda_1 of eq. 2.2, the weight of the minority classes' scatter.

    separation_weight : float, default=1.0
        lambda_2 of eq. 2.2, the weight of the distance between class centres.

    cluster_margin : float or None, default=10.0
        Distance beyond which class centres are no longer pushed apart. Eq. 2.2
        has no such bound and can run away; None is that equation.

    weight_regularization : float, default=1e-5
        Lambda_2 of eq. 2.3, the weight of the sum of squared weights.

    {table_parameters}

    {batch_parameters}

    {n_iter_no_change}

    {machine_parameters}

    Attributes
    ----------
    {shared_attributes}

    encoder_ : torch.nn.Module
        Maps encoded rows to the latent space.

    decoder_ : torch.nn.Module
        Maps latent points to encoded rows.

    See Also
    --------
    GLGAN : Adds the adversarial stage.
    ConditionalGAN : The adversarial stage alone, from noise.
    imblearn.over_sampling.SMOTE : Interpolates between the rows themselves.

    References
    ----------
    W. Wang, "Learning from Imbalanced Data Distribution", PhD dissertation,
    Michigan State University, 2023, sections 2.3.1 and 2.4.3.

    Examples
    --------
    >>> from collections import Counter
    >>> from sklearn.datasets import make_classification
    >>> from sklearn_imbgen.over_sampling import LatentSMOTE
    >>> X, y = make_classification(n_samples=200, weights=[0.9], random_state=0)
    >>> X_resampled, y_resampled = LatentSMOTE(random_state=0).fit_resample(X, y)
    >>> sorted(Counter(y_resampled.tolist()).items())
    [(0, 180), (1, 180)]
    """

    _parameter_constraints: dict[str, Any] = {
        **BaseLatentOverSampler._parameter_constraints,
        "interpolator": [HasMethods("fit_resample"), None],
        "k_neighbors": [POSITIVE, HasMethods(["kneighbors", "kneighbors_graph"])],
        "encoder": [HasMethods("forward"), None],
        "decoder": [HasMethods("forward"), None],
        "autoencoder_epochs": [COUNT],
        "cluster_weight": [WEIGHT],
        "minority_weight": [WEIGHT],
        "separation_weight": [WEIGHT],
        "cluster_margin": [POSITIVE_REAL, None],
        "weight_regularization": [WEIGHT],
        "n_iter_no_change": [POSITIVE, None],
    }
    _learned_names = ("history_", "encoder_", "decoder_", "_space")

    def __init__(
        self,
        *,
        sampling_strategy: Any = "auto",
        latent_dim: int = 32,
        hidden_dims: Any = (128, 64),
        interpolator: Any = None,
        k_neighbors: Any = 5,
        encoder: Any = None,
        decoder: Any = None,
        autoencoder_epochs: int = 30,
        cluster_weight: float = 0.01,
        minority_weight: float = 1.0,
        separation_weight: float = 1.0,
        cluster_margin: float | None = 10.0,
        weight_regularization: float = 1e-5,
        categorical_features: Any = "auto",
        scaling: str = "auto",
        clip: bool = True,
        batch_size: int = 128,
        steps_per_epoch: int = 16,
        balanced_batches: bool = True,
        learning_rate: float = 1e-3,
        n_iter_no_change: int | None = 10,
        device: Any = "auto",
        random_state: Any = None,
        verbose: Any = 0,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.latent_dim = latent_dim
        self.hidden_dims = hidden_dims
        self.interpolator = interpolator
        self.k_neighbors = k_neighbors
        self.encoder = encoder
        self.decoder = decoder
        self.autoencoder_epochs = autoencoder_epochs
        self.cluster_weight = cluster_weight
        self.minority_weight = minority_weight
        self.separation_weight = separation_weight
        self.cluster_margin = cluster_margin
        self.weight_regularization = weight_regularization
        self.categorical_features = categorical_features
        self.scaling = scaling
        self.clip = clip
        self.batch_size = batch_size
        self.steps_per_epoch = steps_per_epoch
        self.balanced_batches = balanced_batches
        self.learning_rate = learning_rate
        self.n_iter_no_change = n_iter_no_change
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _learn(self, data: TrainingTensors) -> None:
        self._build_autoencoder(data)
        try:
            self._train_autoencoder(data)
        finally:
            # also after Ctrl-C, so that the sampler stays usable
            latent = apply_in_chunks(self.encoder_, data.X).cpu().numpy()
            self._space = LatentSpace(latent, data.codes.numpy())

    def _draw(self, code: int, n_rows: int, random_state: np.random.RandomState) -> Tensor:
        points, _ = self._interpolate(code, n_rows, random_state)
        return apply_in_chunks(self.decoder_, torch.from_numpy(points))

    def _build_autoencoder(self, data: TrainingTensors) -> None:
        """Line 1 of algorithm 2.1; what cannot work is refused here, before any training."""
        self._check_neighbors()
        n_encoded = data.X.shape[1]
        widths = [n_encoded, *self._hidden_widths(), self.latent_dim]
        sizes = {"n_features": n_encoded, "latent_dim": self.latent_dim}
        networks = [
            multilayer_perceptron(layers, data.generator)
            if module is None
            else build_module(module, name, **sizes)
            for name, module, layers in (
                ("encoder", self.encoder, widths),
                ("decoder", self.decoder, widths[::-1]),
            )
        ]
        check_output_shape(networks[0], n_encoded, self.latent_dim, "encoder")
        check_output_shape(networks[1], self.latent_dim, n_encoded, "decoder")
        self.encoder_ = networks[0].to(data.device)
        self.decoder_ = nn.Sequential(networks[1], OneHotBlocks(data.blocks)).to(data.device)

    def _train_autoencoder(self, data: TrainingTensors) -> None:
        """Line 2 of algorithm 2.1."""
        autoencoder = nn.Sequential(self.encoder_, self.decoder_)
        codes = data.codes.to(data.device)

        def loss(index: Tensor) -> dict[str, Tensor]:
            X, labels = data.X[index], codes[index]
            latent = self.encoder_(X)
            # eq. 2.3, its three terms under their names
            terms = {
                "reconstruction": reconstruction_loss(self.decoder_(latent), X),
                "cluster": cluster_loss(
                    latent,
                    labels,
                    data.n_classes,
                    majority=int(np.argmax(data.counts)),
                    minority_weight=self.minority_weight,
                    separation_weight=self.separation_weight,
                    margin=self.cluster_margin,
                ),
                "regularization": weight_penalty(autoencoder.parameters()),
            }
            terms["total"] = (
                terms["reconstruction"]
                + self.cluster_weight * terms["cluster"]
                + self.weight_regularization * terms["regularization"]
            )
            return terms

        train(
            [Step("autoencoder", autoencoder, loss)],
            lambda: (self._draw_batches(data, data.codes),),
            self._schedule(
                self.autoencoder_epochs,
                self.n_iter_no_change,
                "set cluster_margin to a number, or lower cluster_weight or learning_rate",
            ),
            monitor=lambda row: row["autoencoder"]["total"],
            title="autoencoder",
            history=self.history_,
        )

    def _interpolate(
        self,
        code: int,
        n_new: int,
        random_state: np.random.RandomState,
        residuals: Array | None = None,
    ) -> tuple[Array, Array]:
        """New latent points of one class, and the residuals that go with them."""
        made = None
        if self.interpolator is not None:
            made = run_interpolator(
                self.interpolator, self._space, code, n_new, self.classes_[code], random_state
            )
        count = int(self._counts[code])
        neighbors = fewer_neighbors(self.k_neighbors, count)
        return self._space.interpolate(code, n_new, neighbors, random_state, residuals, made)

    def _check_neighbors(self) -> None:
        """Refuse an unusable neighbors object, report a class smaller than it asks for."""
        for name in ("interpolator", "k_neighbors"):
            if inspect.isclass(getattr(self, name)):
                raise TypeError(f"{name} must be an instance, not the class itself.")
        asked = [self.k_neighbors]
        if self.interpolator is not None:
            # its own check is off inside this sampler's fit
            self.interpolator._validate_params()
            known = self.interpolator.get_params(deep=False)
            asked = [known[name] for name in NEIGHBOR_PARAMETERS if name in known]
        check_neighbors_object("k_neighbors", self.k_neighbors, additional_neighbor=1)
        if getattr(self.k_neighbors, "n_neighbors", 2) < 2:
            raise ValueError("k_neighbors counts the row itself: its n_neighbors must be >= 2.")
        for neighbors in asked:
            warn_of_few_rows(neighbors, self._growing_sizes())


@dataclass
class LatentSpace:
    """The training rows in latent space, and new points between neighbors.

    ``neighbors`` has, by class code, those of the classes drawn from so far, looked up once.
    """

    points: Array
    codes: NDArray[np.intp]
    neighbors: dict[int, NDArray[np.intp]] = field(default_factory=dict)

    def interpolate(
        self,
        code: int,
        n_new: int,
        k_neighbors: Any,
        random_state: np.random.RandomState,
        residuals: Array | None = None,
        made: Array | None = None,
    ) -> tuple[Array, Array]:
        """``n_new`` points of one class by SMOTE's rule (section 2.3.1.2), and their residuals.

        ``residuals`` (n_samples, n_encoded), what the decoder leaves out of each row, are
        interpolated along with the points; None stands for columns of which there are none. Points
        that another rule has ``made`` already get the residual of the nearest row of the class.
        """
        own = self.codes == code
        rows = self.points[own]
        made = rows[:0] if made is None else made
        left_out, nearest = rows[:, :0], np.zeros(len(made), dtype=np.intp)
        if residuals is not None:
            left_out, nearest = residuals[own], _nearest(rows, made)
        parts, residual_parts = [made], [left_out[nearest]]
        if len(made) < n_new:
            if code not in self.neighbors:
                self.neighbors[code] = neighbor_table(rows, k_neighbors)
            pairs = draw_pairs(
                rows,
                n_new - len(made),
                k_neighbors=k_neighbors,
                random_state=random_state,
                table=self.neighbors[code],
            )
            for kept, source in ((parts, rows), (residual_parts, left_out)):
                kept.append(interpolate(source[pairs.base], source[pairs.neighbor], pairs.step))
        return np.concatenate(parts), np.concatenate(residual_parts)


def _nearest(rows: Array, points: Array) -> NDArray[np.intp]:
    """Index of the row nearest to each point."""
    if len(points) == 0:
        return np.empty(0, dtype=np.intp)
    search = NearestNeighbors(n_neighbors=1).fit(rows)
    return search.kneighbors(points, return_distance=False)[:, 0]


def run_interpolator(
    interpolator: Any,
    space: LatentSpace,
    code: int,
    n_new: int,
    label: Any,
    random_state: np.random.RandomState,
) -> Array:
    """Up to ``n_new`` latent points of one class by an over-sampler of imbalanced-learn.

    One that finds nothing to do (ADASYN without a majority row near the class) or makes
    too few points is reported by a warning.
    """
    n_rows = int((space.codes == code).sum())
    sampler = clone(interpolator)
    known = sampler.get_params(deep=False)
    settings: dict[str, Any] = {"sampling_strategy": {code: n_rows + n_new}}
    if "random_state" in known:
        settings["random_state"] = draw_seed(random_state)
    for name in NEIGHBOR_PARAMETERS:
        if name in known:
            settings[name] = fewer_neighbors(known[name], n_rows)
    if "m_neighbors" in known:
        settings["m_neighbors"] = fewer_neighbors(known["m_neighbors"], len(space.codes))
    sampler.set_params(**settings)
    try:
        resampled, codes = sampler.fit_resample(space.points, space.codes)
        reason = ""
    except (ValueError, RuntimeError) as error:
        resampled, codes = space.points, space.codes
        reason = f" ({str(error).splitlines()[0]})"
    n_old = len(space.points)
    new = np.flatnonzero(codes[n_old:] == code) + n_old
    if len(new) < n_new:
        warnings.warn(
            f"{type(interpolator).__name__} made {len(new)} of {n_new} latent points of class "
            f"{plain(label)!r}{reason}; the rest is interpolated by SMOTE's rule.",
            UserWarning,
            stacklevel=2,
        )
    chosen = random_state.permutation(new)[:n_new]
    return resampled[chosen].astype(space.points.dtype)
