import math

import pytest
import torch
from torch import nn

from sklearn_imbgen.robust import (
    Threat,
    fast_gradient_sign_method,
    margin_of_error,
    projected_gradient_descent,
)

WEIGHT = torch.tensor([3.0, -4.0, 0.5])
NORMS = ["linf", "l2"]


def linear_logits(X):
    """Class 1 where the row times WEIGHT is positive."""
    score = X @ WEIGHT
    return torch.stack([-score, score], dim=1) / 2


def rows(n_rows=6, n_features=3, seed=0):
    return torch.randn(n_rows, n_features, generator=torch.Generator().manual_seed(seed))


def attack(X, y=None, logits=linear_logits, **options):
    """The steps from the rows themselves, unless told otherwise."""
    y = torch.ones(len(X), dtype=torch.long) if y is None else y
    options = {"threat": Threat(0.1), "random_start": False, **options}
    return projected_gradient_descent(logits, X, y, **options)


def distance(X_adversarial, X, norm):
    order = math.inf if norm == "linf" else 2
    return torch.linalg.vector_norm(X_adversarial - X, order, dim=1)


class Network(nn.Module):
    """Batch normalisation and dropout, of which an attack must not leave a trace."""

    def __init__(self):
        super().__init__()
        self.normalise, self.drop = nn.BatchNorm1d(3), nn.Dropout(0.5)
        self.head = nn.Linear(3, 2)

    def forward(self, X):
        return self.head(self.drop(self.normalise(X)))


# -- the ball ----------------------------------------------------------------------------------


def test_the_random_start_fills_the_linf_ball_evenly():
    X = torch.zeros(4000, 3)
    start = Threat(0.5).random_start(X, torch.Generator().manual_seed(0))
    assert start.abs().max() <= 0.5
    assert start.abs().max() > 0.499
    # mean 0 and variance epsilon ** 2 / 3 in each direction
    assert start.mean(dim=0).abs().max() < 0.02
    torch.testing.assert_close(start.var(dim=0), torch.full((3,), 0.25 / 3), atol=0.004, rtol=0)


@pytest.mark.parametrize("n_features", [1, 2, 5])
def test_the_random_start_fills_the_l2_ball_evenly(n_features):
    X = torch.ones(4000, n_features)
    start = Threat(0.5, "l2").random_start(X, torch.Generator().manual_seed(0)) - X
    share = start.norm(dim=1) / 0.5
    assert share.max() <= 1 + 1e-6
    # the volume inside a radius is uniform between 0 and 1
    volumes = share**n_features
    quantiles = torch.quantile(volumes, torch.tensor([0.25, 0.5, 0.75]))
    torch.testing.assert_close(quantiles, torch.tensor([0.25, 0.5, 0.75]), atol=0.03, rtol=0)
    assert start.mean(dim=0).abs().max() < 0.03


@pytest.mark.parametrize("scale", [torch.tensor([[2.0], [0.0]]), torch.tensor([2.0])])
def test_a_scale_that_broadcasts_keeps_the_l2_start_even(scale):
    X = torch.zeros(4000, 2, 3)
    start = Threat(1.0, "l2", scale=scale).random_start(X, torch.Generator().manual_seed(0))
    n_free = int((scale > 0).expand(2, 3).sum())
    volumes = ((start / 2).flatten(1).norm(dim=1)) ** n_free
    assert volumes.median().item() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("step_size", [None, 0.08, 5.0])
def test_attacked_rows_stay_in_the_ball_and_lose(norm, step_size):
    X = rows(50)
    found = attack(
        X,
        threat=Threat(0.3, norm),
        step_size=step_size,
        random_start=True,
        generator=torch.Generator().manual_seed(1),
    )
    assert distance(found, X, norm).max() <= 0.3 + 1e-6
    assert ((found - X) @ WEIGHT < 0).all()


def test_the_optimum_of_a_linear_model_under_linf():
    X = rows()
    expected = X - 0.1 * WEIGHT.sign()
    torch.testing.assert_close(attack(X), expected)
    started = attack(X, random_start=True, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(started, expected)


def test_the_optimum_of_a_linear_model_under_l2():
    X = rows()
    expected = X - 0.1 * WEIGHT / WEIGHT.norm()
    torch.testing.assert_close(attack(X, threat=Threat(0.1, "l2")), expected)


def test_the_default_steps_reach_the_border_from_its_other_side():
    # ten steps of a quarter of epsilon from the wrong corner, two epsilons away
    X, threat = torch.zeros(1, 3), Threat(1.0)
    moved = WEIGHT.sign()[None]
    for _ in range(10):
        moved = threat.project(threat.step(moved, -WEIGHT[None], 2.5 / 10), X)
    torch.testing.assert_close(moved, -WEIGHT.sign()[None])


@pytest.mark.parametrize("norm", NORMS)
def test_very_sure_rows_are_attacked_too(norm):
    # the gradient is about 1e-26, of which the square is 0 in float32
    X = torch.tensor([[0.5]])
    found = attack(X, logits=lambda X: torch.cat([-60 * X, 60 * X], 1), threat=Threat(0.2, norm))
    assert found.item() == pytest.approx(0.3, abs=1e-6)


def test_images_are_measured_as_a_whole():
    X = torch.zeros(2, 1, 2, 2)

    def logits(images):
        score = images.flatten(1).sum(dim=1)
        return torch.stack([-score, score], dim=1)

    found = attack(X, logits=logits, threat=Threat(1.0, "l2"))
    torch.testing.assert_close(found, torch.full((2, 1, 2, 2), -0.5))


# -- scale, mask, clip -------------------------------------------------------------------------


def test_the_optimum_with_a_unit_per_feature_under_linf():
    scale = torch.tensor([1.0, 0.0, 10.0])
    X = rows()
    found = attack(X, threat=Threat(0.1, scale=scale))
    torch.testing.assert_close(found, X - torch.tensor([0.1, 0.0, 1.0]))


def test_the_optimum_with_a_unit_per_feature_under_l2():
    scale = torch.tensor([1.0, 0.0, 10.0])
    X = rows()
    # in units: the weights are (3, 0, 5), and the step goes along them
    inside = 0.1 * torch.tensor([3.0, 0.0, 5.0]) / math.sqrt(34)
    found = attack(X, threat=Threat(0.1, "l2", scale=scale))
    torch.testing.assert_close(found, X - inside * scale)


@pytest.mark.parametrize("norm", NORMS)
def test_features_of_scale_0_do_not_move(norm):
    X = rows(20)
    threat = Threat(0.5, norm, scale=torch.tensor([0.0, 1.0, 0.0]))
    found = attack(X, threat=threat, random_start=True)
    assert torch.equal(found[:, [0, 2]], X[:, [0, 2]])
    assert (found[:, 1] != X[:, 1]).all()


@pytest.mark.parametrize("norm", NORMS)
def test_nothing_moves_where_every_feature_has_scale_0(norm):
    X = rows()
    threat = Threat(0.5, norm, scale=torch.zeros(3))
    assert torch.equal(attack(X, threat=threat, random_start=True), X)


@pytest.mark.parametrize("norm", NORMS)
def test_projection_puts_a_feature_of_scale_0_back(norm):
    X = torch.zeros(1, 2)
    threat = Threat(1.0, norm, scale=torch.tensor([0.0, 1.0]))
    projected = threat.project(torch.tensor([[5.0, 0.5]]), X)
    torch.testing.assert_close(projected, torch.tensor([[0.0, 0.5]]))


@pytest.mark.parametrize("norm", NORMS)
def test_rows_stay_in_the_valid_range(norm):
    X = torch.tensor([[0.05, 0.95, 0.5]])
    low, high = torch.zeros(3), torch.ones(3)
    found = attack(X, threat=Threat(0.2, norm, low=low, high=high))
    assert ((found >= 0) & (found <= 1)).all()
    assert found[0, 0] == 0
    assert found[0, 1] == 1
    assert 0.2 + 1e-6 >= distance(found, X, norm).item() > 0.05


@pytest.mark.parametrize("norm", NORMS)
def test_a_row_outside_the_range_is_neither_pulled_in_nor_pushed_farther(norm):
    # the attack lowers the first feature and raises the second
    X = torch.tensor([[-0.5, 1.5, 0.5], [1.5, -0.5, 0.5]])
    low, high = torch.zeros(3), torch.ones(3)
    found = attack(X, threat=Threat(0.1, norm, low=low, high=high))
    assert torch.equal(found[0, :2], X[0, :2])
    # inwards it may go, as far as the ball
    assert 1.4 - 1e-6 <= found[1, 0] < 1.5
    assert -0.5 < found[1, 1] <= -0.4 + 1e-6


# -- degenerate inputs, early exit ---------------------------------------------------------------


@pytest.mark.parametrize("options", [{"n_steps": 0}, {"threat": Threat(0.0)}])
def test_no_steps_and_no_ball_give_a_copy(options):
    X = rows()
    found = attack(X, random_start=True, **options)
    assert torch.equal(found, X)
    assert found.data_ptr() != X.data_ptr()


@pytest.mark.parametrize("early_exit", [True, False])
def test_no_rows_give_no_rows(early_exit):
    assert attack(torch.empty(0, 3), early_exit=early_exit, random_start=True).shape == (0, 3)


@pytest.mark.parametrize("norm", NORMS)
def test_early_exit_leaves_misclassified_rows_alone(norm):
    X = rows(40)
    y = torch.ones(40, dtype=torch.long)
    wrong = linear_logits(X).argmax(dim=1) == 0
    found = attack(X, y, threat=Threat(0.3, norm), early_exit=True, random_start=True)
    assert 0 < wrong.sum() < 40
    assert torch.equal(found[wrong], X[wrong])
    assert (found[~wrong] != X[~wrong]).any(dim=1).all()


def test_early_exit_stops_a_row_at_its_first_wrong_point():
    # steps of 0.1 from 0.25: the third lands on the other side
    X = torch.tensor([[0.25]])
    logits = lambda X: torch.cat([-X, X], dim=1)  # noqa: E731
    options = {"logits": logits, "threat": Threat(1.0), "step_size": 0.1, "n_steps": 10}
    assert attack(X, early_exit=True, **options).item() == pytest.approx(-0.05, abs=1e-6)
    assert attack(X, early_exit=False, **options).item() == pytest.approx(-0.75, abs=1e-6)


def test_early_exit_fools_as_many_rows():
    X = rows(60)
    y = torch.ones(60, dtype=torch.long)
    for early_exit in (True, False):
        found = attack(X, y, threat=Threat(0.2), early_exit=early_exit)
        # f falls by epsilon times the sum of the absolute weights
        fooled = linear_logits(found).argmax(dim=1) == 0
        assert torch.equal(fooled, X @ WEIGHT < 0.2 * 7.5)


# -- closed forms --------------------------------------------------------------------------------


def test_the_fast_gradient_sign_method_is_one_signed_step():
    X = rows(5)
    y = torch.tensor([0, 1, 0, 1, 1])
    found = fast_gradient_sign_method(linear_logits, X, y, threat=Threat(0.1))
    # the loss rises against the score for class 1, along it for class 0
    sign = torch.where(y == 1, -1.0, 1.0)[:, None]
    torch.testing.assert_close(found, X + 0.1 * sign * WEIGHT.sign())


def test_the_fast_method_respects_range_and_mask():
    threat = Threat(0.1, scale=torch.tensor([0.0, 1.0, 1.0]), low=torch.zeros(3))
    X = torch.full((1, 3), 0.05)
    y = torch.tensor([1])
    found = fast_gradient_sign_method(linear_logits, X, y, threat=threat)
    torch.testing.assert_close(found, torch.tensor([[0.05, 0.15, 0.0]]))


def test_margin_of_error_by_hand():
    logits = torch.tensor([[1.0, 4.0, 2.0], [1.0, 4.0, 2.0], [3.0, 3.0, 0.0]])
    margins = margin_of_error(logits, torch.tensor([0, 1, 0]))
    assert margins.tolist() == [3.0, -2.0, 0.0]


def test_the_margin_keeps_its_gradient_where_the_cross_entropy_has_none():
    X = torch.tensor([[0.5]])
    huge = lambda X: 1e4 * torch.cat([-X, X], dim=1)  # noqa: E731
    assert attack(X, logits=huge, threat=Threat(0.2)).item() == 0.5
    found = attack(X, logits=huge, threat=Threat(0.2), row_loss=margin_of_error)
    assert found.item() == pytest.approx(0.3)


# -- traces --------------------------------------------------------------------------------------


@pytest.mark.parametrize("early_exit", [True, False])
def test_a_module_is_left_as_it_was(early_exit):
    network = Network()
    network.normalise.eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    attack(rows(), logits=network, early_exit=early_exit, random_start=True)
    assert [part.training for part in network.modules()] == [True, False, True, True]
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_an_attack_on_a_training_network_sees_it_in_evaluation():
    network = Network()
    network(rows(30))
    found = attack(rows(), logits=network)
    assert torch.equal(found, attack(rows(), logits=network.eval()))


def test_flags_are_restored_after_an_error():
    network = Network()
    with pytest.raises(RuntimeError, match="running_mean"):
        attack(rows(n_features=4), logits=network)
    assert all(part.training for part in network.modules())


def test_gradients_of_a_training_step_survive():
    network = Network()
    network(rows()).sum().backward()
    before = network.head.weight.grad.clone()
    attack(rows(), logits=network)
    assert torch.equal(network.head.weight.grad, before)


def test_the_generator_decides_and_the_global_rng_is_not_touched():
    X = rows()
    state = torch.get_rng_state()
    first, again, other = (
        attack(
            X,
            threat=Threat(0.1, "l2"),
            random_start=True,
            generator=torch.Generator().manual_seed(seed),
        )
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)


def test_attacks_work_without_gradients_around_them():
    X = rows().requires_grad_()
    with torch.no_grad():
        found = attack(X)
    assert not found.requires_grad
    torch.testing.assert_close(found, X.detach() - 0.1 * WEIGHT.sign())


# -- surroundings ----------------------------------------------------------------------------------


@pytest.mark.parametrize("early_exit", [True, False])
def test_attacks_work_whatever_mode_the_caller_is_in(early_exit):
    network = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    threat = Threat(0.1, "l2", torch.ones(3))

    def attacked(X, y):
        options = {"threat": threat, "random_start": False, "early_exit": early_exit}
        return projected_gradient_descent(network, X, y, **options)

    rows, labels = torch.randn(5, 3), torch.tensor([0, 1, 0, 1, 0])
    expected = attacked(rows, labels)
    with torch.no_grad():
        assert torch.equal(attacked(rows, labels), expected)
    with torch.inference_mode():
        # tensors of this mode have no gradients
        assert torch.equal(attacked(rows.clone(), labels.clone()), expected)
        moved = fast_gradient_sign_method(network, rows.clone(), labels.clone(), threat=Threat(0.1))
    assert (moved - rows).abs().max().item() == pytest.approx(0.1, rel=1e-5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = attacked(rows, labels)
    assert found.dtype == torch.float32
    assert (found - rows).norm(dim=1).max() <= 0.1 + 1e-6


def test_an_attacked_network_may_work_in_place():
    network = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 2))
    rows = torch.randn(5, 3)
    before = rows.clone()
    labels = torch.tensor([0, 1, 0, 1, 0])
    found = projected_gradient_descent(network, rows, labels, threat=Threat(0.1), n_steps=2)
    assert torch.equal(rows, before)
    assert 0 < (found - rows).abs().max() <= 0.1 + 1e-6
