"""Chapter 5 as pure functions: equations 5.2 to 5.4 against numbers worked out by hand."""

import numpy as np
import pytest
import torch
from scipy.stats import beta, kstest
from torch.nn import functional

from sklearn_imbgen.robust import (
    Threat,
    cross_entropy_loss,
    label_mixing_factors,
    mix_rows,
    supplementary_examples,
)
from sklearn_imbgen.robust._mixing import (
    MixedRows,
    augmented_class_counts,
    beta_draws,
    supplementary_counts,
)

UNBOUNDED = Threat(1e9)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def examples_of(X, attacked, per_row, threat=UNBOUNDED, seed=0, **options):
    return supplementary_examples(
        X, attacked, torch.as_tensor(per_row), threat=threat, generator=seeded(seed), **options
    )


# -- how many ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "counts", "under", "expected"),
    [
        (3, [30, 20, 10, 5], [False, False, True, True], [0, 0, 3, 3]),
        (0, [30, 20, 10, 5], [False, False, True, True], [0, 0, 0, 0]),
        ("auto", [30, 20, 10, 5], [False, False, True, True], [0, 0.5, 2, 5]),
        # classes of one size have no minority, also where one of them is called so
        (3, [20, 20], [False, True], [0, 0]),
        ("auto", [20, 20], [False, True], [0, 0]),
        # a class that is not met yet has no row to repeat
        ("auto", [20, 0, 1], [False, True, False], [0, 0, 19]),
        (3, [1, 1000], [True, False], [3, 0]),
    ],
)
def test_supplementary_examples_per_row_of_each_class(wanted, counts, under, expected):
    assert supplementary_counts(wanted, counts, np.array(under)).tolist() == expected


def test_sizes_after_the_supplementary_examples():
    assert augmented_class_counts([30, 5, 0], np.array([0.0, 1.5, 3.0])).tolist() == [30, 12.5, 0]


def test_auto_makes_all_classes_one_size():
    counts = [97, 41, 7, 1]
    per_row = supplementary_counts("auto", counts, np.array([False, False, True, True]))
    np.testing.assert_allclose(augmented_class_counts(counts, per_row), 97)


# -- supplementary examples, eq. 5.2 -------------------------------------------------------------


def test_whole_numbers_of_examples_are_exact_and_say_whose_they_are():
    X = torch.arange(4.0)[:, None]
    examples, source = examples_of(X, X, [0.0, 2.0, 1.0, 3.0])
    assert source.tolist() == [1, 1, 2, 3, 3, 3]
    # an attack that moved nothing leaves nothing to vary
    assert torch.equal(examples, X[source])


def test_fractional_numbers_of_examples_are_right_in_the_mean():
    X = torch.zeros(20_000, 1)
    per_row = torch.tensor([0.25, 2.75]).repeat(10_000)
    _, source = examples_of(X, X, per_row)
    repeats = torch.bincount(source, minlength=20_000).view(-1, 2)
    assert set(repeats[:, 0].tolist()) == {0, 1}
    assert set(repeats[:, 1].tolist()) == {2, 3}
    # the standard error is 0.0043
    torch.testing.assert_close(
        repeats.double().mean(dim=0), torch.tensor([0.25, 2.75]).double(), atol=0.015, rtol=0
    )


def test_no_copies_are_an_empty_batch_of_the_same_kind():
    X = torch.zeros(3, 2, 4, 4, dtype=torch.float64)
    examples, source = examples_of(X, X + 1, torch.zeros(3))
    assert examples.shape == (0, 2, 4, 4)
    assert examples.dtype == torch.float64
    assert source.shape == (0,)
    assert source.dtype == torch.long


def test_the_noise_is_standard_normal_and_its_own_in_each_feature():
    # the factor of each feature, for a perturbation of (2, -0.5, 0)
    change = torch.tensor([[2.0, -0.5, 0.0]])
    X = torch.tensor([[1.0, 2.0, 3.0]])
    examples, _ = examples_of(X, X + change, [20_000.0])
    moved = (examples - X).double()
    assert (moved[:, 2] == 0).all()
    factors = (moved[:, :2] / change[:, :2]).numpy()
    assert kstest(factors[:, 0], "norm").pvalue > 0.01
    assert kstest(factors[:, 1], "norm").pvalue > 0.01
    # one number per row would give 1
    assert abs(np.corrcoef(factors.T)[0, 1]) < 0.03


def test_the_noise_scale_is_a_factor_of_the_noise():
    X, attacked = torch.zeros(5, 3), torch.randn(5, 3, generator=seeded(7))
    once, twice, none = (
        examples_of(X, attacked, torch.full((5,), 2.0), noise_scale=scale)[0]
        for scale in (1.0, 2.0, 0.0)
    )
    torch.testing.assert_close(twice, 2 * once)
    assert once.abs().min() > 0
    assert (none == 0).all()


@pytest.mark.parametrize(("norm", "order"), [("linf", float("inf")), ("l2", 2)])
def test_examples_stay_in_the_ball_in_its_units(norm, order):
    scale = torch.tensor([1.0, 10.0, 0.0])
    threat = Threat(0.3, norm, scale=scale)
    X = torch.randn(50, 3, generator=seeded(1))
    attacked = threat.project(X + torch.randn(50, 3, generator=seeded(2)) * scale, X)
    examples, source = examples_of(X, attacked, torch.full((50,), 8.0), threat, noise_scale=3.0)
    change = examples - X[source]
    assert (change[:, 2] == 0).all()
    lengths = (change[:, :2] / scale[:2]).norm(order, dim=1)
    assert lengths.max() <= 0.3 + 1e-5
    # and the noise brings many of them to its border
    assert (lengths > 0.3 - 1e-5).double().mean() > 0.3


def test_examples_stay_in_the_valid_range():
    threat = Threat(0.5, low=torch.tensor(0.0), high=torch.tensor(1.0))
    X = torch.tensor([[0.1, 0.9], [0.5, 0.5], [1.4, -0.2]])
    examples, source = examples_of(X, X + 0.4, torch.full((3,), 40.0), threat)
    inside = examples[source < 2]
    assert inside.min() == 0
    assert inside.max() == 1
    # a row from outside does not go farther out
    outside = examples[source == 2]
    assert outside[:, 0].max() == X[2, 0]
    assert outside[:, 1].min() == X[2, 1]


def test_the_generator_decides_and_the_inputs_are_left_alone():
    X, attacked = torch.zeros(6, 2), torch.ones(6, 2)
    per_row = torch.full((6,), 1.5)
    state = torch.get_rng_state()
    first, again, other = (examples_of(X, attacked, per_row, seed=seed)[0] for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert first.shape != other.shape or not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)
    assert (X == 0).all()
    assert (attacked == 1).all()


def test_examples_of_images_are_those_of_their_pixels():
    X, attacked = torch.zeros(4, 12), torch.randn(4, 12, generator=seeded(5))
    flat, _ = examples_of(X, attacked, [0.0, 1.0, 2.0, 0.5])
    images, source = examples_of(
        X.view(4, 3, 2, 2), attacked.view(4, 3, 2, 2), [0.0, 1.0, 2.0, 0.5]
    )
    assert images.shape == (len(source), 3, 2, 2)
    assert torch.equal(images.flatten(1), flat)


# -- labels, eq. 5.4 -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "own", "partner", "kappa", "tau", "expected"),
    [
        # the partner is three times rarer: it takes the label below tau, not at it
        (0.49, 30, 10, 3, 0.5, 0.0),
        (0.5, 30, 10, 3, 0.5, 0.5),
        (0.51, 30, 10, 3, 0.5, 0.51),
        (0.0, 30, 10, 3, 0.5, 0.0),
        # the row itself is
        (0.51, 10, 30, 3, 0.5, 1.0),
        (0.5, 10, 30, 3, 0.5, 0.5),
        (0.49, 10, 30, 3, 0.5, 0.49),
        (1.0, 10, 30, 3, 0.5, 1.0),
        # not three times
        (0.1, 29, 10, 3, 0.5, 0.1),
        (0.9, 10, 29, 3, 0.5, 0.9),
        # kappa from elsewhere
        (0.1, 29, 10, 2.9, 0.5, 0.0),
        (0.1, 30, 10, 3.1, 0.5, 0.1),
        # from 1 on, any rarer class
        (0.1, 11, 10, 1, 0.5, 0.0),
        (0.9, 10, 11, 1, 0.5, 1.0),
        # equal ones: whoever has less than half gives its label up
        (0.1, 10, 10, 1, 0.5, 0.0),
        (0.9, 10, 10, 1, 0.5, 1.0),
        (0.5, 10, 10, 1, 0.5, 0.5),
        # both lines hold, and the first counts
        (0.6, 10, 10, 1, 0.9, 0.0),
        # tau 0 never relabels, tau 1 always
        (0.01, 30, 10, 3, 0.0, 0.01),
        (0.99, 10, 30, 3, 0.0, 0.99),
        (0.99, 30, 10, 3, 1.0, 0.0),
        (0.01, 10, 30, 3, 1.0, 1.0),
        # where there is nothing of the other row, there is nothing to relabel
        (1.0, 30, 10, 3, 1.0, 1.0),
        (0.0, 10, 30, 3, 1.0, 0.0),
        (0.3, 30, 10, 3, 0.25, 0.3),
        (0.2, 30, 10, 3, 0.25, 0.0),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_label_mixing_factors_by_hand(share, own, partner, kappa, tau, expected, dtype):
    given = (torch.tensor([value], dtype=dtype) for value in (share, own, partner))
    found = label_mixing_factors(*given, kappa=kappa, tau=tau)
    assert found.dtype == dtype
    assert found.item() == pytest.approx(expected)


def test_label_mixing_factors_do_not_change_the_shares():
    share = torch.tensor([0.1, 0.9])
    label_mixing_factors(share, torch.tensor([9.0, 1.0]), torch.tensor([1.0, 9.0]))
    assert share.tolist() == pytest.approx([0.1, 0.9])


# -- shares and mixed rows, eq. 5.3 --------------------------------------------------------------


@pytest.mark.parametrize("concentration", [0.2, 1.0, 2.0])
def test_shares_have_the_beta_distribution(concentration):
    draws = beta_draws(5000, concentration, seeded())
    assert draws.dtype == torch.float32
    assert kstest(draws.numpy(), beta(concentration, concentration).cdf).pvalue > 0.01


@pytest.mark.parametrize("concentration", [1e-4, 1e4])
def test_shares_stay_shares_at_extreme_concentrations(concentration):
    draws = beta_draws(1000, concentration, seeded())
    assert draws.isfinite().all()
    assert draws.min() >= 0
    assert draws.max() <= 1
    # all to one side, or all to the middle
    from_middle = (draws - 0.5).abs()
    assert from_middle.median() == pytest.approx(0.5 if concentration < 1 else 0.0, abs=0.01)


def read(mixed):
    """Partner of each row and its own share, where row i is the i-th unit vector."""
    own = mixed.diagonal()
    others = mixed - torch.diag(own)
    partner = torch.where(others.amax(dim=1) > 0, others.argmax(dim=1), torch.arange(len(mixed)))
    return partner, own


@pytest.mark.parametrize("concentration", [0.5, 1.0])
def test_features_and_labels_are_mixed_with_the_same_partner(concentration):
    y = torch.arange(40) % 3
    mixed = mix_rows(
        torch.eye(40),
        y,
        class_counts=torch.ones(3),
        rebalanced=False,
        concentration=concentration,
        generator=seeded(),
    )
    partner, own = read(mixed.X)
    # each row is once a partner
    assert sorted(partner.tolist()) == list(range(40))
    assert (partner != torch.arange(40)).sum() > 30
    assert torch.equal(mixed.y, y)
    assert torch.equal(mixed.y_partner, y[partner])
    # lambda_y is lambda_x; with itself a row is mixed by any share
    mixes = partner != torch.arange(40)
    torch.testing.assert_close(mixed.share[mixes], own[mixes])
    torch.testing.assert_close(mixed.X.sum(dim=1), torch.ones(40))


def test_rebalanced_labels_follow_equation_5_4():
    y = torch.arange(60) % 2
    options = {"class_counts": torch.tensor([80, 20]), "kappa": 4.0, "tau": 0.4}
    mixed = mix_rows(torch.eye(60), y, **options, generator=seeded(1))
    partner, own = read(mixed.X)
    for row, other in enumerate(partner.tolist()):
        share = own[row].item()
        if (y[row], y[other]) == (0, 1) and share < 0.4:
            share = 0.0
        elif (y[row], y[other]) == (1, 0) and 1 - share < 0.4:
            share = 1.0
        if row != other:
            assert mixed.share[row].item() == pytest.approx(share, abs=1e-6)
    kinds = {
        "taken": mixed.share == 0,
        "kept": (mixed.share == 1) & (y == 1),
        "mixed": (mixed.share > 0) & (mixed.share < 1),
    }
    assert all(kind.any() for kind in kinds.values())


def test_classes_of_one_size_are_mixed_by_the_features_alone():
    X, y = torch.randn(20, 3, generator=seeded(2)), torch.arange(20) % 2
    plain, remix = (
        mix_rows(X, y, class_counts=torch.tensor([5, 5]), rebalanced=rebalanced, generator=seeded())
        for rebalanced in (False, True)
    )
    assert all(torch.equal(one, other) for one, other in zip(plain, remix, strict=True))


def test_images_are_mixed_as_a_whole():
    X, y = torch.randn(6, 12, generator=seeded(3)), torch.arange(6) % 2
    flat = mix_rows(X, y, class_counts=torch.ones(2), generator=seeded())
    images = mix_rows(X.view(6, 3, 2, 2), y, class_counts=torch.ones(2), generator=seeded())
    assert images.X.shape == (6, 3, 2, 2)
    assert torch.equal(images.X.flatten(1), flat.X)


def test_a_batch_of_one_row_is_mixed_with_itself():
    X = torch.tensor([[1.0, -2.0]])
    mixed = mix_rows(X, torch.tensor([1]), class_counts=torch.ones(2), generator=seeded())
    torch.testing.assert_close(mixed.X, X)
    assert (mixed.y.item(), mixed.y_partner.item(), mixed.dominant.item()) == (1, 1, 1)


def test_the_generator_decides_who_is_mixed_and_how():
    X, y = torch.randn(20, 3, generator=seeded(2)), torch.arange(20) % 2
    state = torch.get_rng_state()
    first, again, other = (
        mix_rows(X, y, class_counts=torch.ones(2), concentration=0.5, generator=seeded(seed)).X
        for seed in (3, 3, 4)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_dominant_class_has_the_larger_share():
    y, partner = torch.tensor([0, 0, 0]), torch.tensor([1, 1, 1])
    mixed = MixedRows(torch.zeros(3, 1), y, partner, torch.tensor([0.6, 0.5, 0.4]), None)
    assert mixed.dominant.tolist() == [0, 0, 1]


def test_the_loss_of_mixed_rows_is_the_cross_entropy_of_their_mixed_labels():
    logits = torch.randn(30, 3, generator=seeded(4))
    y = torch.arange(30) % 3
    mixed = mix_rows(
        torch.eye(30), y, class_counts=torch.tensor([90.0, 9.0, 1.0]), generator=seeded()
    )
    share = mixed.share[:, None]
    soft = share * functional.one_hot(mixed.y) + (1 - share) * functional.one_hot(mixed.y_partner)
    arguments = (
        torch.cat([logits, logits]),
        torch.cat([mixed.y, mixed.y_partner]),
    )
    row_weight = torch.cat([mixed.share, 1 - mixed.share])
    torch.testing.assert_close(
        cross_entropy_loss(*arguments, row_weight=row_weight),
        functional.cross_entropy(logits, soft),
    )
    # torch divides a weighted loss of soft labels by the rows, not by their weights
    weight = torch.tensor([0.5, 1.0, 4.0])
    torch.testing.assert_close(
        cross_entropy_loss(*arguments, class_weight=weight, row_weight=row_weight),
        functional.cross_entropy(logits, soft, weight=weight) / (soft @ weight).mean(),
    )
