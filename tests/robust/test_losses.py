import math

import pytest
import torch
from torch.nn import functional

from sklearn_imbgen.robust import (
    balanced_softmax_loss,
    cross_entropy_loss,
    focal_loss,
    ldam_loss,
    ldam_margins,
    separation_loss,
)
from sklearn_imbgen.robust._losses import weighted_mean

LOG_3 = math.log(3)
COUNTS = torch.tensor([81, 16, 1])


def logits_of(*rows):
    """Logits whose softmax has exactly these probabilities."""
    return torch.tensor(rows, dtype=torch.float64).log()


def some_logits(n_rows=8, n_classes=3):
    return torch.randn(n_rows, n_classes, generator=torch.Generator().manual_seed(0))


def some_features(n_rows=7, n_features=4):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n_rows, n_features, generator=generator, dtype=torch.float64)


# -- weights -------------------------------------------------------------------------------------


def test_the_weighted_mean_divides_by_the_weights_of_the_batch():
    losses, y = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([0, 0, 1])
    assert weighted_mean(losses, y, None).item() == pytest.approx(7 / 3)
    # (1 + 2 + 3 * 4) / (1 + 1 + 3)
    assert weighted_mean(losses, y, torch.tensor([1.0, 3.0])).item() == 3.0


def test_a_batch_of_a_class_without_weight_has_no_loss():
    logits = torch.zeros(2, 2, requires_grad=True)
    loss = cross_entropy_loss(logits, torch.tensor([0, 0]), class_weight=torch.tensor([0.0, 1.0]))
    loss.backward()
    assert loss.item() == 0
    assert (logits.grad == 0).all()


def test_rows_have_weights_of_their_own_on_top_of_those_of_their_class():
    losses, y = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([0, 0, 1])
    rows = torch.tensor([1.0, 0.0, 0.5])
    # (1 + 0 + 0.5 * 4) / (1 + 0 + 0.5)
    assert weighted_mean(losses, y, None, rows).item() == 2.0
    # (1 + 0 + 3 * 0.5 * 4) / (1 + 0 + 3 * 0.5)
    assert weighted_mean(losses, y, torch.tensor([1.0, 3.0]), rows).item() == pytest.approx(2.8)
    assert weighted_mean(losses, y, None, torch.zeros(3)).item() == 0


def test_cross_entropy_is_that_of_torch():
    logits, y = some_logits(), torch.tensor([0, 1, 2, 0, 1, 2, 0, 0])
    weight = torch.tensor([0.5, 1.0, 2.0])
    torch.testing.assert_close(cross_entropy_loss(logits, y), functional.cross_entropy(logits, y))
    torch.testing.assert_close(
        cross_entropy_loss(logits, y, class_weight=weight),
        functional.cross_entropy(logits, y, weight=weight),
    )


# -- focal loss ----------------------------------------------------------------------------------


def test_focal_loss_by_hand():
    logits, y = logits_of([0.9, 0.1], [0.5, 0.5]), torch.tensor([0, 1])
    sure, unsure = -(0.1**2) * math.log(0.9), -(0.5**2) * math.log(0.5)
    assert focal_loss(logits, y).item() == pytest.approx((sure + unsure) / 2)
    weighted = focal_loss(logits, y, class_weight=torch.tensor([1.0, 3.0], dtype=torch.float64))
    assert weighted.item() == pytest.approx((sure + 3 * unsure) / 4)


def test_focal_loss_without_gamma_is_the_cross_entropy():
    logits, y = some_logits(), torch.tensor([0, 1, 2, 0, 1, 2, 0, 0])
    torch.testing.assert_close(focal_loss(logits, y, gamma=0.0), cross_entropy_loss(logits, y))


def test_the_gradient_of_the_focal_loss_is_that_of_its_formula():
    logits = some_logits().double().requires_grad_()
    y = torch.tensor([0, 1, 2, 0, 1, 2, 0, 0])
    assert torch.autograd.gradcheck(lambda z: focal_loss(z, y, gamma=0.5), logits)


# -- LDAM, balanced softmax ----------------------------------------------------------------------


def test_ldam_margins_by_hand():
    # 1/3, 1/2 and 1, brought to a largest one of 0.6
    torch.testing.assert_close(ldam_margins(COUNTS, 0.6), torch.tensor([0.2, 0.3, 0.6]))


def test_a_class_without_rows_has_the_margin_of_a_single_row():
    torch.testing.assert_close(ldam_margins(torch.tensor([16, 0])), torch.tensor([0.25, 0.5]))


def test_ldam_loss_by_hand():
    # class 1 has the margin 0.3, times the scale 10: its logit of 3 is lowered to 0
    loss = ldam_loss(
        torch.tensor([[0.0, 3.0, 0.0]]),
        torch.tensor([1]),
        class_counts=COUNTS,
        max_margin=0.6,
        scale=10.0,
    )
    assert loss.item() == pytest.approx(LOG_3)


def test_ldam_without_margin_is_the_cross_entropy():
    logits, y = some_logits(), torch.tensor([0, 1, 2, 0, 1, 2, 0, 0])
    loss = ldam_loss(logits, y, class_counts=COUNTS, max_margin=0.0)
    torch.testing.assert_close(loss, cross_entropy_loss(logits, y))


def test_balanced_softmax_by_hand():
    # softmax of the logarithms of the counts is their share
    loss = balanced_softmax_loss(torch.zeros(2, 3), torch.tensor([0, 2]), class_counts=COUNTS)
    assert loss.item() == pytest.approx(-(math.log(81 / 98) + math.log(1 / 98)) / 2)


def test_balanced_softmax_of_equal_classes_is_the_cross_entropy():
    logits, y = some_logits(), torch.tensor([0, 1, 2, 0, 1, 2, 0, 0])
    loss = balanced_softmax_loss(logits, y, class_counts=torch.tensor([5, 5, 5]))
    torch.testing.assert_close(loss, cross_entropy_loss(logits, y))


# -- separation loss -----------------------------------------------------------------------------


def loop_of_equation_4_12(features, y, temperature):
    """Eq. 4.12 as it is written, one row after the other."""
    n_rows, total = len(y), 0.0
    for i in range(n_rows):
        others = [a for a in range(n_rows) if a != i]
        denominator = sum(math.exp(features[i] @ features[a] / temperature) for a in others)
        positive = [p for p in others if y[p] == y[i]]
        for p in positive:
            share = math.exp(features[i] @ features[p] / temperature) / denominator
            total -= math.log(share) / len(positive)
    return total / n_rows


@pytest.mark.parametrize("labels", [[0, 0, 1, 1, 1, 2, 0], [0, 1, 1, 0, 1, 0, 1], [0] * 7])
@pytest.mark.parametrize("temperature", [0.1, 1.0])
@pytest.mark.parametrize("normalize", [True, False])
def test_the_separation_loss_is_equation_4_12(labels, temperature, normalize):
    features, y = some_features(), torch.tensor(labels)
    loss = separation_loss(features, y, temperature=temperature, normalize=normalize)
    plain = functional.normalize(features, dim=1) if normalize else features
    expected = loop_of_equation_4_12(plain.numpy(), labels, temperature)
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_the_separation_loss_by_hand():
    # rows of a class agree, those of different ones are orthogonal: log(e + 1 + 1) - 1 for each
    features = torch.tensor([[2.0, 0.0], [1.0, 0.0], [0.0, 3.0], [0.0, 1.0]])
    loss = separation_loss(features, torch.tensor([0, 0, 1, 1]), temperature=1.0)
    assert loss.item() == pytest.approx(math.log(math.e + 2) - 1)


def test_a_lone_row_has_no_term_but_pushes_the_others():
    features = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], requires_grad=True)
    pair = separation_loss(features[:2], torch.tensor([0, 0]), temperature=1.0)
    loss = separation_loss(features, torch.tensor([0, 0, 1]), temperature=1.0)
    assert pair.item() == pytest.approx(0.0, abs=1e-6)
    # two rows of log(1 + 1/e), of three
    assert loss.item() == pytest.approx(2 / 3 * math.log1p(math.exp(-1)))
    loss.backward()
    # away from the first axis
    assert features.grad[2, 0] > 0


@pytest.mark.parametrize("n_rows", [1, 2, 5])
def test_rows_that_are_all_alone_have_no_loss_and_a_finite_gradient(n_rows):
    features = some_features(n_rows).requires_grad_()
    loss = separation_loss(features, torch.arange(n_rows))
    loss.backward()
    assert loss.item() == 0
    assert (features.grad == 0).all()


def test_the_separation_loss_does_not_ask_for_order_names_or_lengths():
    features, y = some_features(), torch.tensor([0, 0, 1, 1, 1, 2, 0])
    loss = separation_loss(features, y)
    order = torch.tensor([6, 2, 0, 5, 1, 4, 3])
    torch.testing.assert_close(separation_loss(features[order], y[order]), loss)
    torch.testing.assert_close(separation_loss(features, (y + 1) % 3), loss)
    torch.testing.assert_close(separation_loss(features * torch.arange(1, 8)[:, None], y), loss)
    rotation, _ = torch.linalg.qr(some_features(4, 4))
    torch.testing.assert_close(separation_loss(features @ rotation, y), loss)


def test_separated_features_have_the_smaller_loss():
    y = torch.tensor([0, 0, 1, 1])
    apart = torch.tensor([[1.0, 0.0], [1.0, 0.1], [-1.0, 0.0], [-1.0, 0.1]])
    assert separation_loss(apart, y) < separation_loss(apart[[0, 2, 1, 3]], y)


def test_the_separation_loss_of_features_that_are_all_zero_is_finite():
    # three others, equally near
    features = torch.zeros(4, 3, requires_grad=True)
    loss = separation_loss(features, torch.tensor([0, 0, 1, 1]))
    loss.backward()
    assert loss.item() == pytest.approx(LOG_3)
    assert features.grad.isfinite().all()


# -- extremes ------------------------------------------------------------------------------------

LOSSES = {
    "ce": cross_entropy_loss,
    "focal": focal_loss,
    "focal, gamma 0.5": lambda logits, y, **w: focal_loss(logits, y, gamma=0.5, **w),
    "focal, gamma 0": lambda logits, y, **w: focal_loss(logits, y, gamma=0.0, **w),
    "ldam": lambda logits, y, **w: ldam_loss(logits, y, class_counts=COUNTS, **w),
    "balanced": lambda logits, y, **w: balanced_softmax_loss(logits, y, class_counts=COUNTS, **w),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("class_weight", [None, torch.tensor([0.5, 1.0, 4.0])])
def test_a_row_of_weight_2_is_two_rows_and_of_weight_0_none(name, class_weight):
    logits, y = some_logits(), torch.tensor([0, 1, 2, 0, 1, 2, 0, 0])
    row_weight = torch.tensor([1.0, 2, 1, 0, 1, 2, 0, 1])
    weighted = LOSSES[name](logits, y, class_weight=class_weight, row_weight=row_weight)
    repeated = torch.repeat_interleave(torch.arange(8), row_weight.long())
    plain = LOSSES[name](logits[repeated], y[repeated], class_weight=class_weight)
    torch.testing.assert_close(weighted, plain)
    # only their ratios count
    halved = LOSSES[name](logits, y, class_weight=class_weight, row_weight=row_weight / 2)
    torch.testing.assert_close(halved, weighted)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("class_weight", [None, torch.tensor([0.1, 1.0, 3.0])])
@pytest.mark.parametrize("true", [0, 1])
def test_gradients_stay_finite_for_extreme_logits(name, class_weight, true):
    # the true class has the probability 1, or 0
    logits = torch.tensor([[1e4, 0.0, -1e4]], requires_grad=True)
    loss = LOSSES[name](logits, torch.tensor([true]), class_weight=class_weight)
    loss.backward()
    assert loss.item() == pytest.approx(0.0 if true == 0 else 1e4, rel=1e-2)
    assert logits.grad.isfinite().all()
    assert logits.grad[0, true].item() == pytest.approx(0.0 if true == 0 else -1.0)


def test_the_separation_loss_stays_finite_for_extreme_features():
    features = (1e4 * some_features()).float().requires_grad_()
    y = torch.tensor([0, 0, 1, 1, 1, 2, 0])
    for normalize in (True, False):
        loss = separation_loss(features, y, temperature=1e-3, normalize=normalize)
        (gradient,) = torch.autograd.grad(loss, features)
        assert loss.isfinite()
        assert gradient.isfinite().all()
