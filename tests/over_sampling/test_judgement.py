"""GLGAN's judges: which candidates are kept, and when a user is warned."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import make_classification
from torch import nn

from sklearn_imbgen.exceptions import UnreliableSamplesWarning
from sklearn_imbgen.over_sampling import GLGAN, LatentSMOTE
from sklearn_imbgen.over_sampling._players import (
    Judgement,
    Judges,
    class_margin,
    warn_if_unreliable,
)
from tests.registry import SAMPLERS, tuned

SMALL = LatentSMOTE(hidden_dims=(16,), latent_dim=4, batch_size=32, autoencoder_epochs=12)


@pytest.fixture
def gl_gan():
    return clone(SAMPLERS["GLGAN"])


def test_margin_is_against_the_strongest_other_class():
    logits = np.array([[1.0, 3.0, 2.5], [4.0, 0.0, 1.0]])
    np.testing.assert_allclose(class_margin(logits, 1), [0.5, -4.0])
    np.testing.assert_allclose(class_margin(logits, 0), [-2.0, 3.0])


class Column(nn.Module):
    """Logits of two classes, or one score, read off the columns of the rows."""

    def __init__(self, *columns):
        super().__init__()
        self.columns = list(columns)

    def forward(self, X):
        return X[:, self.columns]


def test_shares_of_the_judgement():
    # columns: logit of class 0, logit of class 1, score
    real = [[0.0, 1.0, 1.0 + i] for i in range(21)]  # the 5 % quantile of the scores is 2
    real[0][1] = real[1][1] = real[2][1] = -1.0
    other = [[5.0, 0.0, 0.0]] * 4
    codes = np.repeat([1, 0], [21, 4])
    judges = Judges(Column(0, 1), Column(2), torch.tensor(real + other), codes)
    candidates = torch.tensor([[0.0, 3.0, 0], [1.0, 0.0, 0], [0.0, 9.0, 0], [0.0, 1.0, 0]])
    assert judges.choose(candidates, 1, 2).tolist() == [0, 2]
    new = torch.tensor([[0.0, 1.0, 1.9], [2.0, 1.0, 2.1], [0.0, 1.0, 0.0], [0.0, 1.0, 30.0]])
    assert judges.review(new, 1) == Judgement(
        recognised=18 / 21, candidates_elsewhere=0.25, elsewhere=0.25, exposed=0.5
    )


def test_a_tiny_class_says_nothing_about_how_real_rows_look():
    codes = np.repeat([1, 0], [19, 5])
    judges = Judges(Column(0, 1), Column(2), torch.zeros(24, 3), codes)
    judgement = judges.review(torch.full((3, 3), -1.0), 1)
    assert np.isnan(judgement.exposed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_if_unreliable(Judgement(1.0, 0.0, 0.0, judgement.exposed), 1, "GLGAN")


def test_a_move_into_another_class_is_undone():
    judges = Judges(Column(0, 1), Column(2), torch.zeros(2, 3), np.array([0, 1]))
    rows = torch.tensor([[0.0, 1.0, 7.0], [0.0, 2.0, 7.0]])
    moved = torch.tensor([[3.0, 1.0, 8.0], [1.0, 2.0, 8.0]])
    assert judges.keep_inside(rows, moved, 1).tolist() == [[0.0, 1.0, 7.0], [1.0, 2.0, 8.0]]
    # and counted, as half of the candidates turned out to stand at the border
    assert judges.candidates_elsewhere == 0.5


@pytest.mark.parametrize(
    ("judgement", "words"),
    [
        (Judgement(0.4, 0.0, 0.0, 0.0), "recognises only 40% of the class's real rows"),
        (Judgement(1.0, 0.26, 0.0, 0.0), "gave 26% of the candidates for new rows to another"),
        (Judgement(1.0, 0.0, 0.3, 0.0), "gives 30% of the new rows to another class"),
        (Judgement(1.0, 0.0, 0.0, 0.8), "80% of the new rows look less real than 95%"),
    ],
)
def test_each_bad_figure_is_named(judgement, words):
    with pytest.warns(UnreliableSamplesWarning, match=words) as caught:
        warn_if_unreliable(judgement, np.str_("ill"), "GLGAN")
    assert "class 'ill' may do harm" in str(caught[0].message)


def test_good_figures_are_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_if_unreliable(Judgement(0.9, 0.1, 0.1, 0.5), 1, "GLGAN")


def test_classes_that_cannot_be_told_apart_are_reported():
    random_state = np.random.RandomState(0)
    X, y = random_state.normal(size=(1200, 2)), np.repeat([0, 1], [1000, 200])
    sampler = GLGAN(latent_smote=SMALL, latent_dim=2, max_epochs=3, random_state=0)
    with pytest.warns(UnreliableSamplesWarning, match="class 1 may do harm"):
        sampler.fit_resample(X, y)


def test_clear_classes_are_not_reported():
    X, y = make_classification(
        300, weights=[0.9], class_sep=3, flip_y=0, n_informative=4, n_redundant=0, random_state=0
    )
    sampler = GLGAN(latent_smote=SMALL, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sampler.fit_resample(X, y)
    assert sampler.judgement_[1].recognised > 0.9
    assert sampler.judgement_[1].elsewhere < 0.1


def test_kept_candidates_are_the_classifiers_surest(gl_gan, imbalanced):
    X, y = imbalanced
    tuned(gl_gan, shared_variation=0.0, max_epochs=4, clip=False)

    def mean_margin(candidates):
        gl_gan.set_params(candidates_per_row=candidates).fit(X, y)
        rows = gl_gan.sample(200, label=1)
        return class_margin(gl_gan._judges._logits(gl_gan._encode_new(rows)), 1).mean()

    assert mean_margin(4) > mean_margin(1)


@pytest.mark.parametrize("setting", [{"max_epochs": 0}, {"classifier_epochs": 0}])
def test_an_untrained_classifier_chooses_nothing(gl_gan, imbalanced, setting):
    one = gl_gan.set_params(**setting, candidates_per_row=1).fit_resample(*imbalanced)[0]
    several = gl_gan.set_params(candidates_per_row=3).fit_resample(*imbalanced)[0]
    np.testing.assert_array_equal(one, several)
    assert gl_gan.judgement_ == {}


def test_sampling_does_not_judge(gl_gan, imbalanced):
    gl_gan.fit(*imbalanced).sample(3)
    assert gl_gan.judgement_ == {}


def test_defaults_leave_few_rows_in_another_class():
    X, y = make_classification(
        400, n_features=10, n_informative=6, weights=[0.92], flip_y=0, class_sep=0.8, random_state=1
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnreliableSamplesWarning)
        sampler = GLGAN(latent_smote=SMALL, random_state=0)
        sampler.fit_resample(X, y)
        moved_freely = GLGAN(latent_smote=SMALL, candidates_per_row=1, random_state=0)
        moved_freely.fit_resample(X, y)
    assert sampler.judgement_[1].elsewhere < moved_freely.judgement_[1].elsewhere
    assert sampler.judgement_[1].elsewhere < 0.05


def test_judgement_is_named_by_the_label_itself(gl_gan, imbalanced):
    X, y = imbalanced
    days = np.array(["2020-01-01", "2021-01-01"], dtype="datetime64[ns]")[y]
    gl_gan.fit_resample(X, days)
    assert list(gl_gan.judgement_) == [days[y == 1][0]]


def test_a_refit_with_nothing_to_make_forgets_the_judgement(gl_gan, imbalanced):
    X, y = imbalanced
    gl_gan.fit_resample(X, y)
    gl_gan.fit_resample(X, np.arange(len(X)) % 2)
    assert not hasattr(gl_gan, "judgement_")
