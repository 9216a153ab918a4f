"""What GLGAN and LatentSMOTE do beyond the contract."""

import numpy as np
import pytest
import torch
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE, KMeansSMOTE
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from torch import nn

from sklearn_imbgen.exceptions import DivergenceError, DivergenceWarning, FewSamplesWarning
from sklearn_imbgen.over_sampling import GLGAN, LatentSMOTE
from tests.registry import SAMPLERS, tuned


@pytest.fixture
def gl_gan():
    return clone(SAMPLERS["GLGAN"])


@pytest.fixture(params=["GLGAN", "LatentSMOTE"])
def latent_sampler(request):
    return clone(SAMPLERS[request.param])


def test_the_players_start_from_the_autoencoder(gl_gan, imbalanced):
    gl_gan.set_params(max_epochs=0).fit_resample(*imbalanced)
    autoencoder = gl_gan.encoder_.state_dict()
    for player in (gl_gan.discriminator_, gl_gan.classifier_):
        for name, weights in player.encoder.state_dict().items():
            assert torch.equal(weights, autoencoder[name])
    for name, weights in gl_gan.generator_.state_dict().items():
        assert torch.equal(weights, gl_gan.decoder_.state_dict()[name])


def test_the_adversarial_stage_moves_the_players_but_not_the_autoencoder(gl_gan, imbalanced):
    before = gl_gan.set_params(max_epochs=0).fit(*imbalanced).encoder_.state_dict()
    gl_gan.set_params(max_epochs=2).fit(*imbalanced)
    for name, weights in gl_gan.encoder_.state_dict().items():
        assert torch.equal(weights, before[name])
    first = next(iter(before))
    assert not torch.equal(gl_gan.discriminator_.encoder.state_dict()[first], before[first])


def test_without_adversarial_rounds_gl_gan_is_latent_smote(gl_gan, imbalanced):
    stage = clone(gl_gan.latent_smote).set_params(autoencoder_epochs=2, random_state=0)
    expected = stage.fit(*imbalanced)
    trained = gl_gan.set_params(max_epochs=0).fit(*imbalanced)
    np.testing.assert_array_equal(trained.encode(imbalanced[0]), expected.encode(imbalanced[0]))
    for rows in (trained.latent_smote_.sample(3, label=1), trained.sample(3, label=1)):
        assert rows.shape == (3, 6)


def test_history_names_every_term_of_the_equations(gl_gan, imbalanced):
    gl_gan.fit_resample(*imbalanced)
    terms = {network: set(losses) for network, losses in gl_gan.history_.items()}
    assert terms == {
        "autoencoder": {"reconstruction", "cluster", "regularization", "total"},
        "discriminator": {"real", "generated", "total"},
        "classifier": {"real", "generated", "total"},
        "generator": {"reconstruction", "adversarial", "classification", "total"},
    }


def test_weights_compose_the_total_of_equation_2_3(latent_sampler, imbalanced):
    tuned(latent_sampler, cluster_weight=0.5, weight_regularization=0.25).fit(*imbalanced)
    losses = {k: np.array(v) for k, v in latent_sampler.history_["autoencoder"].items()}
    np.testing.assert_allclose(
        losses["total"],
        losses["reconstruction"] + 0.5 * losses["cluster"] + 0.25 * losses["regularization"],
        rtol=1e-5,
    )


def test_weights_compose_the_total_of_equation_2_6(gl_gan, imbalanced):
    gl_gan.set_params(adversarial_weight=0.5, classification_weight=3.0).fit(*imbalanced)
    losses = {k: np.array(v) for k, v in gl_gan.history_["generator"].items()}
    np.testing.assert_allclose(
        losses["total"],
        losses["reconstruction"] + 0.5 * losses["adversarial"] + 3 * losses["classification"],
        rtol=1e-5,
    )


def test_the_cluster_loss_pulls_the_classes_apart(imbalanced):
    X, y = imbalanced

    def separation(weight):
        sampler = LatentSMOTE(
            cluster_weight=weight,
            hidden_dims=(64,),
            latent_dim=8,
            batch_size=64,
            autoencoder_epochs=15,
            random_state=0,
        )
        Z = sampler.fit(X, y).encode(X)
        return np.linalg.norm(Z[y == 0].mean(0) - Z[y == 1].mean(0)) / Z[y == 0].std()

    assert separation(1.0) > 2 * separation(0.0)


def test_the_discriminator_tells_real_rows_from_noise(imbalanced):
    X, y = imbalanced
    stage = LatentSMOTE(hidden_dims=(64,), latent_dim=8, batch_size=32, autoencoder_epochs=15)
    sampler = GLGAN(latent_smote=stage, max_epochs=20, random_state=0).fit(X, y)
    noise = np.random.RandomState(0).uniform(X.min(0), X.max(0), size=(200, X.shape[1]))
    real, fake = sampler.score_samples(X), sampler.score_samples(noise)
    assert real.shape == (100,)
    assert ((real >= 0) & (real <= 1)).all()
    assert roc_auc_score(np.repeat([1, 0], [100, 200]), np.r_[real, fake]) > 0.6


@pytest.mark.parametrize("method", ["encode", "score_samples"])
def test_inference_before_training_is_refused(gl_gan, imbalanced, method):
    with pytest.raises(NotFittedError):
        getattr(gl_gan, method)(imbalanced[0])


def test_encode_gives_the_latent_space(latent_sampler, imbalanced):
    latent_sampler.fit_resample(*imbalanced)
    latent = latent_sampler.encode(imbalanced[0])
    assert latent.shape == (100, 4)
    with pytest.raises(ValueError, match="6 features"):
        latent_sampler.encode(np.zeros((2, 3)))


@pytest.mark.parametrize(
    "interpolator", [SMOTE(k_neighbors=3), BorderlineSMOTE(k_neighbors=3), ADASYN(), KMeansSMOTE()]
)
@pytest.mark.filterwarnings("ignore:.*made .* latent points:UserWarning")
def test_any_interpolator_gives_the_rows_asked_for(latent_sampler, imbalanced, interpolator):
    tuned(latent_sampler, interpolator=interpolator)
    _, y_resampled = latent_sampler.fit_resample(*imbalanced)
    assert np.bincount(y_resampled).tolist() == [90, 90]
    again, _ = clone(latent_sampler).fit_resample(*imbalanced)
    np.testing.assert_array_equal(again, clone(latent_sampler).fit_resample(*imbalanced)[0])


def test_an_interpolator_that_falls_short_is_completed_with_a_warning(imbalanced):
    class Lazy(SMOTE):
        def _fit_resample(self, X, y):
            return X, y

    sampler = clone(SAMPLERS["LatentSMOTE"]).set_params(interpolator=Lazy(k_neighbors=3))
    with pytest.warns(UserWarning, match="Lazy made 0 of 80 latent points of class 1"):
        _, y_resampled = sampler.fit_resample(*imbalanced)
    assert np.bincount(y_resampled).tolist() == [90, 90]


def test_an_interpolator_with_too_many_neighbors_is_lowered_with_a_warning(imbalanced):
    X, y = imbalanced
    sampler = clone(SAMPLERS["LatentSMOTE"]).set_params(interpolator=SMOTE(k_neighbors=20))
    with pytest.warns(FewSamplesWarning, match="Class 1 has 10 rows.* from 20 to 9"):
        sampler.fit_resample(X, y)


def test_a_neighbors_estimator_is_lowered_like_an_integer(latent_sampler, imbalanced):
    latent_sampler.set_params(k_neighbors=NearestNeighbors(n_neighbors=30))
    with pytest.warns(FewSamplesWarning, match="from 29 to 9"):
        latent_sampler.fit_resample(*imbalanced)
    assert latent_sampler.k_neighbors.n_neighbors == 30


class ConvolutionalEncoder(nn.Sequential):
    def __init__(self, latent_dim):
        super().__init__(
            nn.Unflatten(1, (1, 4, 4)),
            nn.Conv2d(1, 3, 3, padding=1),
            nn.BatchNorm2d(3),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Flatten(),
            nn.Linear(48, latent_dim),
        )


@pytest.fixture
def images():
    X = np.random.RandomState(0).uniform(size=(60, 16))
    return X, np.repeat([0, 1], [50, 10])


def test_custom_modules_as_class_and_instance(latent_sampler, images):
    tuned(latent_sampler, encoder=ConvolutionalEncoder, decoder=nn.Linear(4, 16))
    before = torch.get_rng_state()
    first, _ = latent_sampler.fit_resample(*images)
    assert isinstance(latent_sampler.encoder_, ConvolutionalEncoder)
    again, _ = clone(latent_sampler).fit_resample(*images)
    np.testing.assert_array_equal(first, again)
    assert torch.equal(before, torch.get_rng_state())


def test_an_instance_is_never_trained_in_place(latent_sampler, images):
    decoder = nn.Linear(4, 16)
    before = decoder.weight.detach().clone()
    tuned(latent_sampler, decoder=decoder).fit_resample(*images)
    assert torch.equal(before, decoder.weight)
    assert getattr(latent_sampler, "latent_smote", latent_sampler).decoder is decoder


def test_custom_modules_of_the_wrong_shape_are_refused(latent_sampler, images):
    tuned(latent_sampler, encoder=nn.Linear(16, 9))
    with pytest.raises(ValueError, match=r"encoder maps .* to \(2, 9\); it must give \(2, 4\)"):
        latent_sampler.fit_resample(*images)
    tuned(latent_sampler, encoder=None, decoder=nn.Linear(7, 16))
    with pytest.raises(ValueError, match="decoder cannot take rows of 4 values"):
        latent_sampler.fit_resample(*images)


def test_the_unbounded_cluster_loss_is_detected(imbalanced):
    sampler = LatentSMOTE(
        cluster_margin=None,
        cluster_weight=100.0,
        learning_rate=0.1,
        autoencoder_epochs=500,
        random_state=0,
    )
    with (
        pytest.warns(DivergenceWarning, match="cluster loss|total loss"),
        pytest.raises(DivergenceError, match="set cluster_margin to a number"),
    ):
        sampler.fit_resample(*imbalanced)


def interrupt_in(monkeypatch, title):
    """Make Ctrl-C arrive in the second epoch of a training stage."""
    from sklearn_imbgen.nn import trainer

    run_step = trainer._Loop._run_step

    def interrupted(self, step, optimizer):
        if self.bar.desc == title and self.epoch == 2:
            raise KeyboardInterrupt
        return run_step(self, step, optimizer)

    monkeypatch.setattr(trainer._Loop, "_run_step", interrupted)


@pytest.mark.parametrize("stage", ["autoencoder", "GAN"])
def test_ctrl_c_leaves_a_usable_sampler(gl_gan, imbalanced, monkeypatch, stage):
    from sklearn_imbgen.nn import trainer

    # a disabled progress bar has no description
    init = trainer._Loop.__init__

    def named(self, *args):
        init(self, *args)
        self.bar.desc = args[4]

    monkeypatch.setattr(trainer._Loop, "__init__", named)
    interrupt_in(monkeypatch, stage)
    with pytest.raises(KeyboardInterrupt):
        gl_gan.set_params(max_epochs=3, autoencoder_epochs=3).fit_resample(*imbalanced)
    assert gl_gan.sample(5, label=1).shape == (5, 6)
    assert gl_gan.encode(imbalanced[0]).shape == (100, 4)
    assert gl_gan.score_samples(imbalanced[0]).shape == (100,)
    assert "autoencoder" in gl_gan.history_


def test_verbose_shows_a_bar_per_stage(gl_gan, imbalanced, capsys):
    gl_gan.set_params(verbose=1).fit_resample(*imbalanced)
    shown = capsys.readouterr().err
    assert "autoencoder" in shown
    assert "GAN" in shown
