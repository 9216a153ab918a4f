"""What ImbMix does beyond the contract."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback
from torch import nn

from sklearn_imbgen.exceptions import DivergenceError, DivergenceWarning
from sklearn_imbgen.over_sampling import ImbMix, _adversarial_mixing, _surrogate
from sklearn_imbgen.over_sampling._adversarial_mixing import (
    Partners,
    favouring_shares,
    least_favouring_share,
)
from sklearn_imbgen.over_sampling._surrogate import OnEncodedRows, column_slopes, thinned_rows
from sklearn_imbgen.robust import AdversarialClassifier, ImbMixClassifier
from sklearn_imbgen.utils import TableCodec
from tests.registry import SAMPLERS


@pytest.fixture
def imb_mix():
    return clone(SAMPLERS["ImbMix"])


@pytest.fixture
def unmixed():
    """The attack alone, every row moved by all of it."""
    return ImbMix(
        estimator=straight(),
        mixing=None,
        n_supplementary=0,
        epsilon=0.2,
        n_steps=1,
        clip=False,
        max_epochs=1,
        random_state=0,
    )


def straight(module=None, **parameters):
    """A net whose attack goes to the border of the ball in one step from the row itself."""
    return AdversarialClassifier(
        module, attack__random_start=False, attack__step_size=1.0, **parameters
    )


def linear_network(weights):
    """Logits ``(0, X @ weights)``: class 1 lies where the product is large."""
    network = nn.Linear(len(weights), 2, bias=False)
    with torch.no_grad():
        network.weight.copy_(torch.tensor([[0.0] * len(weights), weights]))
    return network


def made(sampler, X, y):
    return sampler.fit_resample(X, y)[0][len(X) :]


def nearest_distance(rows, known):
    """Largest column difference of each row to the nearest known one."""
    return np.abs(rows[:, None] - known[None]).max(axis=2).min(axis=1)


# -- shares (eqs. 5.3 and 5.4) -------------------------------------------------------------


@pytest.mark.parametrize(
    ("tau", "expected"),
    # common against rare, even, rare against common
    [
        (0.5, [0.5, 0.5, 0.5]),
        (0.8, [0.8, 0.5, 0.2]),
        (0.2, [0.5, 0.5, 0.5]),
        (1.0, [1.0, 0.5, 0.0]),
    ],
)
def test_from_which_share_on_a_label_favours_the_own_class(tau, expected):
    own, partner = torch.tensor([30.0, 10.0, 10.0]), torch.tensor([10.0, 11.0, 30.0])
    least = least_favouring_share(own, partner, kappa=3.0, tau=tau)
    np.testing.assert_allclose(least, expected)


def test_equal_classes_at_kappa_one_keep_to_the_first_line_of_the_equation():
    size = torch.tensor([10.0])
    assert least_favouring_share(size, size, kappa=1.0, tau=0.7).item() == 0.7


@pytest.mark.parametrize("concentration", [0.2, 1.0, 4.0])
@pytest.mark.parametrize("least", [0.0, 0.3, 0.5, 0.9])
def test_shares_follow_the_beta_distribution_above_the_least(concentration, least):
    generator = torch.Generator().manual_seed(0)
    shares = favouring_shares(torch.full((4000,), least), concentration, generator).numpy()
    assert shares.min() >= least - 1e-7
    law = stats.beta(concentration, concentration)
    position = (law.cdf(shares) - law.cdf(least)) / law.sf(least)
    assert stats.kstest(position, "uniform").pvalue > 0.01


def test_a_least_share_of_one_is_met():
    assert favouring_shares(torch.ones(3), 1.0).tolist() == [1.0, 1.0, 1.0]


# -- partners ------------------------------------------------------------------------------


def partners_of(X, codes, own, partner_codes, k_neighbors):
    own, partner_codes = np.asarray(own), np.asarray(partner_codes)
    rows = np.asarray(X, dtype=np.float32)[:, None]
    search = Partners(rows, np.asarray(codes), own, k_neighbors)
    return search.draw(own, partner_codes, np.random.RandomState(0))


def test_partners_are_near_rows_of_the_class_asked_for():
    X, codes = [0.0, 1.0, 2.0, 9.0, 1.5, 8.0, 20.0], [0, 0, 0, 0, 1, 1, 1]
    own, asked = np.repeat([0, 3], 40), np.tile([0, 1], 40)
    found = partners_of(X, codes, own, asked, k_neighbors=2)
    assert set(found[(own == 0) & (asked == 0)]) == {1, 2}
    assert set(found[(own == 0) & (asked == 1)]) == {4, 5}
    assert set(found[(own == 3) & (asked == 0)]) == {1, 2}
    assert set(found[(own == 3) & (asked == 1)]) == {4, 5}


def test_partners_of_small_classes_and_of_duplicates():
    # two rows: each other's only neighbor; one row: its own partner
    assert partners_of([0, 1, 5], [0, 0, 1], [0, 1, 2], [0, 0, 1], 5).tolist() == [1, 0, 2]
    # three equal rows: never the row itself
    own = np.repeat([0, 1, 2], 20)
    found = partners_of([7, 7, 7], [0, 0, 0], own, own * 0, 1)
    assert not (found == own).any()


def test_without_neighbors_any_row_of_the_class_is_a_partner():
    found = partners_of(np.arange(6), [0, 0, 0, 1, 1, 1], [0] * 60, [1] * 60, None)
    assert set(found) == {3, 4, 5}


# -- mixing --------------------------------------------------------------------------------


def test_soft_labels_are_one_hot_for_originals_and_favour_the_label_of_new_rows(imb_mix):
    X = np.random.RandomState(0).normal(size=(90, 3))
    y = np.repeat(["b", "c", "a"], [60, 20, 10])
    _, y_resampled, soft, weight = imb_mix.fit_resample_soft(X, y)
    assert imb_mix.classes_.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(soft[:90], y[:, None] == imb_mix.classes_)
    np.testing.assert_allclose(soft.sum(axis=1), 1.0)
    np.testing.assert_array_equal(imb_mix.classes_[soft.argmax(axis=1)], y_resampled)
    np.testing.assert_array_equal(weight, soft.max(axis=1))
    assert (weight[:90] == 1).all()
    assert 0.5 <= weight[90:].min() < 0.6
    assert soft is imb_mix.soft_labels_
    assert weight is imb_mix.sample_weight_


def test_soft_labels_go_with_fit_resample_only(imb_mix, imbalanced):
    imb_mix.fit_resample(*imbalanced)
    before = imb_mix.soft_labels_
    imb_mix.sample(4, label=1)
    assert imb_mix.soft_labels_ is before
    assert not hasattr(imb_mix.fit(*imbalanced), "soft_labels_")


def test_balanced_classes_train_nothing_and_have_plain_labels(imb_mix, imbalanced):
    X, _ = imbalanced
    y = np.arange(len(X)) % 2
    _, _, soft, weight = imb_mix.fit_resample_soft(X, y)
    np.testing.assert_array_equal(soft, np.eye(2)[y])
    assert (weight == 1).all()
    assert not hasattr(imb_mix, "surrogate_")


@pytest.fixture
def line():
    """Ten rows at 0 and two at 1."""
    return np.repeat([[0.0], [1.0]], [10, 2], axis=0), np.repeat([0, 1], [10, 2])


def test_labels_of_rows_mixed_with_a_common_class(line):
    settings = {"epsilon": 0, "own_class_share": 0.0, "k_neighbors": None, "random_state": 0}

    def values_and_shares(**more):
        sampler = ImbMix(sampling_strategy={1: 400}, **settings, **more)
        X, _, soft, _ = sampler.fit_resample_soft(*line)
        return X[12:, 0], soft[12:, 1]

    # "auto": classes of one size, so the label is the share of the features
    values, shares = values_and_shares()
    mixed = values < 1
    np.testing.assert_allclose(values[mixed], shares[mixed], rtol=1e-5)
    assert 0.4 < mixed.mean() < 0.6
    # 10 to 2 reaches kappa: the rarer class takes all of it
    values, shares = values_and_shares(n_supplementary=0)
    assert (shares == 1).all()
    assert 0.5 <= values.min() < 0.6
    # with tau even of rows that are mostly of the other class
    values, shares = values_and_shares(n_supplementary=0, tau=0.9)
    assert (shares == 1).all()
    assert 0.1 <= values.min() < 0.2
    # mixup knows no sizes
    values, shares = values_and_shares(n_supplementary=0, mixing="mixup")
    np.testing.assert_allclose(values[values < 1], shares[values < 1], rtol=1e-5)
    # eleven supplementary examples for each of two rows: 24 rows against 10
    values, _ = values_and_shares(n_supplementary=11)
    assert 0.2 < (values < 1).mean() < 0.4


def test_partners_of_the_own_class_alone_give_rows_between_its_rows(imbalanced):
    X, y = imbalanced
    sampler = ImbMix(epsilon=0, own_class_share=1.0, random_state=0)
    _, _, soft, _ = sampler.fit_resample_soft(X, y)
    assert (soft[100:, 1] == 1).all()


def test_concentration_keeps_rows_purer(imbalanced):
    def distance(concentration):
        sampler = ImbMix(epsilon=0, mixing_concentration=concentration, random_state=0)
        return nearest_distance(made(sampler, *imbalanced), imbalanced[0]).mean()

    assert distance(0.1) < 0.5 * distance(5.0)


def test_without_attack_and_mixing_rows_are_copies_taken_in_turn(imbalanced):
    X, y = imbalanced
    new = made(ImbMix(epsilon=0, mixing=None, random_state=0), X, y)
    _, counts = np.unique(new, axis=0, return_counts=True)
    assert counts.tolist() == [8] * 10


@pytest.mark.parametrize("nothing", [{"epsilon": 0}, {"n_steps": 0}])
def test_no_network_is_trained_where_nothing_is_attacked(imb_mix, imbalanced, nothing):
    imb_mix.set_params(**nothing).fit_resample(*imbalanced)
    assert imb_mix.surrogate_ is None
    assert imb_mix.history_ == {}


def test_many_rows_are_made_in_parts(imb_mix, imbalanced, monkeypatch):
    monkeypatch.setattr(_adversarial_mixing, "CHUNK_ROWS", 7)
    _, _, soft, _ = imb_mix.fit_resample_soft(*imbalanced)
    assert soft.shape == (180, 2)


# -- attack (eq. 5.2) ----------------------------------------------------------------------


def test_rows_move_against_the_gradient_of_their_class(unmixed):
    X, y = np.random.RandomState(0).normal(size=(60, 3)) * [1, 10, 100], np.repeat([0, 1], [50, 10])
    network = linear_network([0.01, -0.01, 0.005])
    # fitted, so that it is used as it is
    unmixed.set_params(estimator=straight(network, max_epochs=0).fit(X, y))
    new = made(unmixed, X, y)
    # epsilon standard deviations away from where class 1 lies
    expected = X[y == 1] + 0.2 * X.std(axis=0) * [-1, 1, -1]
    assert nearest_distance(new / X.std(axis=0), expected / X.std(axis=0)).max() < 1e-4


@pytest.mark.parametrize(
    ("feature_scale", "units"),
    [
        ("std", lambda X: X.std(axis=0)),
        ("range", lambda X: np.ptp(X, axis=0)),
        ([0.5, 0.0, 2.0], lambda X: np.array([0.5, 0.0, 2.0])),
    ],
)
def test_epsilon_is_in_units_of_the_feature_scale(unmixed, feature_scale, units):
    X, y = np.random.RandomState(0).normal(size=(60, 3)) * [1, 2, 3], np.repeat([0, 1], [50, 10])
    network = linear_network([1.0, 1.0, 1.0])
    net = straight(network, max_epochs=0, attack__feature_scale=feature_scale)
    unmixed.set_params(estimator=net.fit(X, y))
    new = made(unmixed, X, y)
    assert nearest_distance(new, X[y == 1] - 0.2 * units(X)).max() < 1e-4


def test_supplementary_examples_stay_in_the_ball_and_differ(unmixed, imbalanced):
    X, y = imbalanced
    unmixed.set_params(n_supplementary="auto", noise_scale=3.0)
    new = made(unmixed, X, y)
    moves = nearest_distance(new / X.std(axis=0), X[y == 1] / X.std(axis=0))
    assert moves.max() <= 0.2 + 1e-4
    assert len(np.unique(new, axis=0)) > 60
    # none of them: only what the attack made of each row
    few = made(clone(unmixed).set_params(n_supplementary=0), X, y)
    assert len(np.unique(few.round(6), axis=0)) == 10


def test_progress_is_shown_if_asked_for(unmixed, imbalanced, capsys):
    unmixed.set_params(max_epochs=2).fit(*imbalanced)
    assert capsys.readouterr().out == ""
    unmixed.set_params(verbose=1).fit(*imbalanced)
    assert "train_loss" in capsys.readouterr().out


def test_norm_of_l2_bounds_the_length(unmixed, imbalanced):
    X, y = imbalanced
    unmixed.set_params(estimator=ImbMixClassifier(norm="l2"), scaling="per_feature")
    new = made(unmixed, X, y) / X.std(axis=0)
    known = X[y == 1] / X.std(axis=0)
    lengths = np.linalg.norm(new[:, None] - known[None], axis=2).min(axis=1)
    np.testing.assert_allclose(lengths, 0.2, rtol=1e-3)


@pytest.mark.parametrize("bounded", [True, False])
def test_a_value_that_both_rows_have_is_kept_if_so_asked(bounded, imbalanced):
    X, y = imbalanced
    X = np.column_stack([X, np.r_[np.arange(90) % 2, np.zeros(10)]])
    sampler = ImbMix(
        own_class_share=1.0, bound_by_pair=bounded, clip=False, max_epochs=1, random_state=0
    )
    assert np.allclose(made(sampler, X * 1e6, y)[:, 6], 0, atol=1e-9) == bounded


def test_categories_are_never_attacked(unmixed):
    rng = np.random.RandomState(0)
    frame = pd.DataFrame({"x": np.arange(60.0), "k": pd.Categorical(rng.choice(list("ab"), 60))})
    y = np.repeat([0, 1], [50, 10])
    # moves of less than half the distance between rows tell which row was moved
    unmixed.set_params(estimator__attack__feature_scale=[1.0, 1.0])
    new = made(unmixed, frame, y)
    source = frame.iloc[new["x"].round().astype(int)]
    assert new["k"].tolist() == source["k"].tolist()


@pytest.mark.parametrize(
    ("feature_scale", "message"),
    [([1.0], "feature_scale has the shape"), ([-1.0] * 6, "at least 0"), ([np.nan] * 6, "finite")],
)
def test_a_wrong_feature_scale_is_refused(imb_mix, imbalanced, feature_scale, message):
    imb_mix.set_params(estimator__attack__feature_scale=feature_scale)
    with pytest.raises(ValueError, match=message):
        imb_mix.fit_resample(*imbalanced)


# -- surrogate -----------------------------------------------------------------------------


def test_the_largest_classes_give_up_rows_first():
    codes = np.repeat([0, 1, 2], [500, 300, 9])

    def kept(most):
        return np.bincount(codes[thinned_rows(codes, most, np.random.RandomState(0))]).tolist()

    assert kept(809) == [500, 300, 9]
    assert kept(709) == [400, 300, 9]
    assert kept(109) == [50, 50, 9]
    assert kept(12) == [4, 4, 4]
    assert kept(1) == [2, 2, 2]


def test_a_network_on_encoded_rows_sees_the_rows():
    X = np.random.RandomState(0).normal(size=(20, 3)) * [1, 1e-6, 1e6] + [0, 5, 1e7]
    X[:, 1] = 7.0
    codec = TableCodec().fit(X)
    encoded = codec.encode(X)
    seen = OnEncodedRows(nn.Identity(), *column_slopes(codec, encoded), codec.numeric_)(
        torch.from_numpy(encoded)
    )
    np.testing.assert_allclose(seen.numpy(), X, rtol=1e-5, atol=1e-5)


class Watched(ImbMixClassifier):
    """Notes what it is fitted on."""

    seen = []

    def fit(self, X, y=None, **fit_params):
        self.seen.append((self.get_params(deep=False), np.bincount(y).tolist()))
        return super().fit(X, y, **fit_params)


def test_a_net_brings_its_own_training_and_is_bounded_in_its_steps():
    X, y = np.random.RandomState(0).normal(size=(500, 2)), np.repeat([0, 1], [480, 20])
    estimator = Watched(batch_size=4, lr=0.003, n_steps=9, mixing__tau=0.1)
    ImbMix(
        estimator=estimator, max_epochs=1, n_steps=1, kappa=2.0, noise_scale=0.5, random_state=0
    ).fit_resample(X, y)
    ((given, sizes),) = Watched.seen
    assert sizes == [44, 20]
    assert (given["lr"], given["batch_size"], given["n_steps"]) == (0.003, 4, 1)
    assert (given["mixing__kappa"], given["mixing__tau"]) == (2.0, 0.5)
    assert given["supplementary__noise_scale"] == 0.5
    # as a clone: the parameter is left as it was
    assert (estimator.n_steps, estimator.mixing__tau) == (9, 0.1)
    assert not hasattr(estimator, "module_")


class Interrupt(Callback):
    def on_batch_end(self, net, **kwargs):
        if len(net.history) == 2:
            raise KeyboardInterrupt


def test_an_interrupted_training_leaves_a_usable_sampler(imb_mix, imbalanced):
    imb_mix.set_params(max_epochs=5, estimator__callbacks=[Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        imb_mix.fit_resample(*imbalanced)
    assert imb_mix.sample(3, label=1).shape == (3, 6)
    assert len(imb_mix.history_["surrogate"]["total"]) == 1


def test_nearly_constant_columns_do_not_make_the_training_diverge():
    # pixels that are rarely set, dozens of standard deviations away where they are
    X = (np.random.RandomState(0).uniform(size=(300, 784)) < 0.004).astype(float)
    X = StandardScaler().fit_transform(X[:, X.any(axis=0)])
    y = np.repeat([0, 1], [280, 20])
    sampler = ImbMix(max_epochs=6, random_state=0).fit(X, y)
    losses = sampler.history_["surrogate"]["total"]
    assert np.abs(X).max() > 15
    assert losses[-1] < 0.5 * losses[0]
    assert sampler.surrogate_.standardize.bound == 5


@pytest.mark.filterwarnings("ignore::sklearn_imbgen.exceptions.DivergenceWarning")
def test_a_training_that_diverges_begins_again_with_smaller_steps(imb_mix, imbalanced, monkeypatch):
    imb_mix.set_params(estimator=ImbMixClassifier(lr=1e12), max_epochs=2)
    with pytest.raises(DivergenceError, match="Lower lr"):
        imb_mix.fit_resample(*imbalanced)
    monkeypatch.setattr(_surrogate, "RECOVERY_FACTOR", 1e-13)
    with pytest.warns(DivergenceWarning, match=r"surrogate diverged .*1e-13 times the learning"):
        X, _ = imb_mix.fit_resample(*imbalanced)
    assert np.isfinite(X).all()


def test_neighbors_may_be_looked_for_by_an_estimator(imb_mix, imbalanced):
    # it counts the row itself
    same = made(imb_mix.set_params(k_neighbors=NearestNeighbors(n_neighbors=4)), *imbalanced)
    np.testing.assert_array_equal(same, made(imb_mix.set_params(k_neighbors=3), *imbalanced))
    near = NearestNeighbors(n_neighbors=4, metric="l1")
    assert not np.array_equal(same, made(imb_mix.set_params(k_neighbors=near), *imbalanced))


# -- a user's network ----------------------------------------------------------------------


@pytest.fixture
def net(imbalanced):
    return AdversarialClassifier(max_epochs=1, random_state=0).fit(*imbalanced)


def test_a_fitted_net_takes_the_place_of_the_training(imb_mix, imbalanced, net):
    first = made(imb_mix.set_params(estimator=net), *imbalanced)
    assert imb_mix.history_ == {}
    by_module = made(imb_mix.set_params(estimator=net.module_), *imbalanced)
    np.testing.assert_array_equal(first, by_module)
    # a clone would fit the net anew; frozen, it stays
    frozen = clone(imb_mix.set_params(estimator=FrozenEstimator(net)))
    np.testing.assert_array_equal(first, made(frozen, *imbalanced))
    assert clone(imb_mix.set_params(estimator=net)).fit(*imbalanced).history_ != {}


def test_a_module_is_left_as_it_is(imb_mix, imbalanced):
    module = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 2))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    imb_mix.set_params(estimator=module).fit_resample(*imbalanced)
    assert module.training
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert all(parameter.grad is None for parameter in module.parameters())


def test_a_module_gives_the_same_rows_for_the_same_seed(imb_mix, imbalanced):
    imb_mix.set_params(estimator=nn.Sequential(nn.Dropout(), nn.Linear(6, 2)))
    state = torch.get_rng_state()
    np.testing.assert_array_equal(made(imb_mix, *imbalanced), made(imb_mix, *imbalanced))
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (nn.Linear(5, 2), r"estimator cannot take rows of shape \(6,\)"),
        (nn.Linear(6, 3), r"estimator maps 2 rows to \(2, 3\).*2 classes"),
        (nn.LSTM(6, 2), "estimator maps 2 rows to tuple"),
        (nn.Linear, "estimator must be a robust classifier"),
        (LogisticRegression(), "estimator must be .*call its fit before"),
    ],
)
def test_an_estimator_that_does_not_fit_is_refused(imb_mix, imbalanced, estimator, message):
    imb_mix.fit_resample(*imbalanced)
    with pytest.raises(ValueError, match=message):
        imb_mix.set_params(estimator=estimator).fit_resample(*imbalanced)
    with pytest.raises(NotFittedError, match="last fit failed"):
        imb_mix.sample(1, label=1)


def test_an_estimator_of_other_classes_is_refused(imb_mix, imbalanced, net):
    X, y = imbalanced
    with pytest.raises(ValueError, match=r"estimator was fitted on the classes \[0, 1\].*'rare'"):
        imb_mix.set_params(estimator=net).fit_resample(X, np.where(y == 1, "rare", "common"))


def test_an_estimator_takes_no_categories(imb_mix):
    X, y = np.column_stack([np.arange(60) % 3, np.arange(60)]), np.repeat([0, 1], [50, 10])
    imb_mix.set_params(estimator=nn.Linear(2, 2), categorical_features=[0])
    with pytest.raises(ValueError, match=r"estimator takes .*1 of the 2 columns.*categor"):
        imb_mix.fit_resample(X, y)


def test_a_network_without_finite_logits_is_named(imb_mix, imbalanced):
    class Roots(nn.Module):
        def forward(self, X):
            return torch.stack([X[:, 0], torch.sqrt(X[:, 1] - 1e6)], dim=1)

    with pytest.raises(ValueError, match="estimator gives logits that are not finite, for row 0"):
        imb_mix.set_params(estimator=Roots()).fit_resample(*imbalanced)
