"""Every crowd classifier under the common checks; a new one needs a row here."""

from sklearn_imbgen.crowd import (
    AggregateThenFit,
    CrowdLayerClassifier,
    ICEDClassifier,
    MBEMClassifier,
)

CROWD_CLASSIFIERS = {
    "AggregateThenFit": AggregateThenFit(),
    "CrowdLayerClassifier": CrowdLayerClassifier(max_epochs=10, learning_rate=0.02, random_state=0),
    "ICEDClassifier": ICEDClassifier(
        n_networks=2, warm_up_epochs=5, max_epochs=2, balanced_epochs=4, random_state=0
    ),
    "MBEMClassifier": MBEMClassifier(max_epochs=6, learning_rate=0.01, random_state=0),
}

# check name -> reason; an expected failure that passes is an error (strict)
EXPECTED_FAILURES = {
    "check_classifier_on_multilabel_or_multioutput_targets": "a 2-D y is a label matrix",
}


def expected_failures(estimator):
    return EXPECTED_FAILURES
