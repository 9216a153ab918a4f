import numpy as np
import pytest

from sklearn_imbgen.robust import AdversarialClassifier


@pytest.fixture(scope="session")
def two_classes():
    rng = np.random.RandomState(0)
    X = np.concatenate([rng.normal(-1.5, 1, (40, 3)), rng.normal(1.5, 1, (20, 3))])
    return X, np.repeat(["bulk", "rare"], [40, 20])


@pytest.fixture(scope="session")
def net(two_classes):
    return AdversarialClassifier(max_epochs=5, n_steps=2, random_state=0).fit(*two_classes)
