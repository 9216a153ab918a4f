"""Every robust classifier under the common checks; a new one needs a row here."""

from sklearn_imbgen.robust import AdversarialClassifier, ImbMixClassifier, SRATClassifier

SMALL = {"n_steps": 2, "batch_size": 32, "random_state": 0}

ROBUST_CLASSIFIERS = {
    "AdversarialClassifier": AdversarialClassifier(max_epochs=20, **SMALL),
    # weights that set in late, at a falling learning rate, cannot turn a net round in 20 epochs
    "SRATClassifier": SRATClassifier(max_epochs=20, reweight_start=0.2, **SMALL),
    "ImbMixClassifier": ImbMixClassifier(max_epochs=20, reweight_start=0.2, **SMALL),
}
