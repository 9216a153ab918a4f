"""The first module of GL-GAN: an autoencoder, and new points in its latent space."""

import inspect
import numbers
from typing import Any

import numpy as np
from imblearn.utils import check_neighbors_object
from numpy.typing import NDArray
from sklearn.utils._param_validation import HasMethods, Interval
from torch import Tensor, nn

from sklearn_imbgen._typing import Array
from sklearn_imbgen.nn import (
    OneHotBlocks,
    Step,
    apply_in_chunks,
    build_module,
    check_output_shape,
    cluster_loss,
    multilayer_perceptron,
    reconstruction_loss,
    train,
    weight_penalty,
)
from sklearn_imbgen.over_sampling._base import (
    COUNT,
    POSITIVE,
    POSITIVE_REAL,
    WEIGHT,
)
from sklearn_imbgen.over_sampling._generative import BaseGenerativeOverSampler
from sklearn_imbgen.over_sampling._latent_interpolation import interpolate_class, warn_of_few_rows
from sklearn_imbgen.over_sampling._training import TrainingData


class BaseLatentOverSampler(BaseGenerativeOverSampler):
    """Base of the samplers that interpolate in the latent space of an autoencoder.

    Warning: This class should not be used directly.
    """

    _parameter_constraints: dict[str, Any] = {
        **BaseGenerativeOverSampler._parameter_constraints,
        "interpolator": [HasMethods("fit_resample"), None],
        "k_neighbors": [POSITIVE, HasMethods(["kneighbors", "kneighbors_graph"])],
        "encoder": [HasMethods("forward"), None],
        "decoder": [HasMethods("forward"), None],
        "autoencoder_epochs": [COUNT],
        "cluster_weight": [WEIGHT],
        "minority_weight": [WEIGHT],
        "separation_weight": [WEIGHT],
        "cluster_margin": [POSITIVE_REAL, None],
        "weight_regularization": [Interval(numbers.Real, 0, None, closed="left")],
    }

    interpolator: Any
    k_neighbors: Any
    encoder: Any
    decoder: Any
    latent_dim: int
    autoencoder_epochs: int
    cluster_weight: float
    minority_weight: float
    separation_weight: float
    cluster_margin: float | None
    weight_regularization: float

    def encode(self, X: Any) -> np.ndarray:
        """Map rows to the latent space.

        The method is not called ``transform`` because imbalanced-learn's
        Pipeline refuses a step that has both ``transform`` and ``fit_resample``.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, latent_dim)
            Latent representations, float32.
        """
        rows = self._encode_new(X)
        latent: np.ndarray = apply_in_chunks(self.encoder_, rows).numpy()
        return latent

    def _learned_names(self) -> tuple[str, ...]:
        return (*super()._learned_names(), "_latent", "_codes", "_neighbors")

    def _custom_modules(self) -> bool:
        return self.encoder is not None or self.decoder is not None

    def _pretrain_autoencoder(self, data: TrainingData) -> None:
        """Line 2 of algorithm 2.1; also after Ctrl-C the latent space is usable."""
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
                    majority=data.majority,
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

        try:
            train(
                [Step("autoencoder", autoencoder, loss)],
                lambda: (self._draw_batches(data, data.codes),),
                self._schedule(
                    self.autoencoder_epochs,
                    "set cluster_margin to a number, or lower cluster_weight or learning_rate",
                ),
                monitor=lambda row: row["autoencoder"]["total"],
                title="autoencoder",
                history=self.history_,
            )
        finally:
            self._latent = apply_in_chunks(self.encoder_, data.X).cpu().numpy()
            self._codes = data.codes.numpy()
            # neighbors in the latent space, looked up once per class
            self._neighbors: dict[int, NDArray[np.intp]] = {}

    def _build_autoencoder(self, data: TrainingData) -> None:
        """Line 1 of algorithm 2.1; what cannot work is refused here, before any training."""
        self._check_neighbors()
        n_encoded = data.X.shape[1]
        hidden = self._hidden_widths()
        sizes = {"n_features": n_encoded, "latent_dim": self.latent_dim}
        self.encoder_: nn.Module
        if self.encoder is None:
            widths = [n_encoded, *hidden, self.latent_dim]
            self.encoder_ = multilayer_perceptron(widths, data.generator)
        else:
            self.encoder_ = build_module(self.encoder, "encoder", **sizes)
        if self.decoder is None:
            widths = [self.latent_dim, *hidden[::-1], n_encoded]
            decoder: nn.Module = multilayer_perceptron(widths, data.generator)
        else:
            decoder = build_module(self.decoder, "decoder", **sizes)
        check_output_shape(self.encoder_, n_encoded, self.latent_dim, "encoder")
        check_output_shape(decoder, self.latent_dim, n_encoded, "decoder")
        self.decoder_ = nn.Sequential(decoder, OneHotBlocks(data.blocks)).to(data.device)
        self.encoder_.to(data.device)

    def _interpolate(
        self,
        code: int,
        n_new: int,
        random_state: np.random.RandomState,
        residuals: Array | None = None,
    ) -> tuple[Array, Array]:
        """New latent points of one class, and the residuals that go with them."""
        return interpolate_class(
            self._latent,
            self._codes,
            code,
            n_new,
            label=self.classes_[code],
            interpolator=self.interpolator,
            k_neighbors=self.k_neighbors,
            random_state=random_state,
            residuals=residuals,
            tables=self._neighbors,
        )

    def _check_neighbors(self) -> None:
        """Refuse an unusable neighbors object, report a class smaller than it asks for."""
        for name in ("interpolator", "k_neighbors"):
            if inspect.isclass(getattr(self, name)):
                raise TypeError(f"{name} must be an instance, not the class itself.")
        if self.interpolator is not None:
            # its own check is off inside this sampler's fit
            self.interpolator._validate_params()
        check_neighbors_object("k_neighbors", self.k_neighbors, additional_neighbor=1)
        if getattr(self.k_neighbors, "n_neighbors", 2) < 2:
            raise ValueError("k_neighbors counts the row itself: its n_neighbors must be >= 2.")
        for label, n_new in self.sampling_strategy_.items():
            if n_new:
                count = int(self._counts[self._code_of(label)])
                warn_of_few_rows(self.interpolator, self.k_neighbors, count, label)
