"""Every public estimator with small settings; a new one needs a row here, not new tests."""

from sklearn_imbgen.over_sampling import BAGAN, GLGAN, SWIM, ConditionalGAN, ImbMix, LatentSMOTE
from sklearn_imbgen.robust import ImbMixClassifier

TINY = {"hidden_dims": (16,), "latent_dim": 4, "batch_size": 16, "steps_per_epoch": 2}

SAMPLERS = {
    "GLGAN": GLGAN(
        latent_smote=LatentSMOTE(**TINY), autoencoder_epochs=2, max_epochs=1, random_state=0
    ),
    "LatentSMOTE": LatentSMOTE(autoencoder_epochs=2, random_state=0, **TINY),
    "ConditionalGAN": ConditionalGAN(max_epochs=2, random_state=0, **TINY),
    "BAGAN": BAGAN(autoencoder_epochs=2, max_epochs=1, random_state=0, **TINY),
    "SWIM": SWIM(random_state=0),
    "ImbMix": ImbMix(
        estimator=ImbMixClassifier(module__hidden_dims=(16,)),
        max_epochs=2,
        n_steps=2,
        random_state=0,
    ),
}
NETWORK_SAMPLERS = [name for name in SAMPLERS if name != "SWIM"]

# check name -> reason; an expected failure that passes is an error (strict)
EXPECTED_FAILURES: dict[str, dict[str, str]] = {}


def expected_failures(estimator):
    return EXPECTED_FAILURES.get(type(estimator).__name__, {})


def tuned(sampler, **settings):
    """The sampler with parameters changed, some of them in the estimator that it holds."""
    own = sampler.get_params(deep=False)
    part = "latent_smote" if "latent_smote" in own else "estimator"
    return sampler.set_params(
        **{name if name in own else f"{part}__{name}": value for name, value in settings.items()}
    )
