"""Synthetic rows, warm-up groups and cross-fitting of ICED, by hand numbers."""

import numpy as np
import pytest
import torch

from sklearn_imbgen.aggregation import check_label_matrix
from sklearn_imbgen.crowd._alternation import warm_up_groups
from sklearn_imbgen.crowd._cross_fitting import Ensemble, Member, deal_out
from sklearn_imbgen.crowd._network import build_classifier
from sklearn_imbgen.crowd._synthetic import (
    Offspring,
    append_rows,
    certainty_step,
    draw_offspring,
    labels_like_neighbors,
    missing_mass,
)


def draw(embedding, posterior, **changes):
    settings = {"share": 1.0, "k_neighbors": 2, "noise": 0.0}
    return draw_offspring(
        embedding,
        posterior,
        np.ones(len(posterior)),
        random_state=np.random.RandomState(0),
        **{**settings, **changes},
    )


def test_points_lie_nearer_to_the_certain_parent():
    # eq. 3.5: 9 / (1 + 9) of the way from an uncertain row to a certain one
    step = certainty_step(np.array([1.0, 9.0]), noise=0.0)
    np.testing.assert_allclose(
        step(np.array([0, 1]), np.array([1, 0]), np.random.RandomState(0)), [0.9, 0.1]
    )


def test_noise_never_leaves_the_segment():
    step = certainty_step(np.ones(2), noise=5.0)
    base = np.zeros(200, dtype=int)
    steps = step(base, base + 1, np.random.RandomState(0))
    assert steps.min() == 0.0
    assert steps.max() == 1.0


def test_offspring_lie_between_rows_of_the_rare_class():
    embedding = np.array([[0.0], [1.0], [2.0], [3.0], [10.0], [12.0]])
    posterior = np.eye(2)[[0, 0, 0, 0, 1, 1]]
    pairs = draw(embedding, posterior)
    assert pairs.code.tolist() == [1, 1]
    assert set(pairs.base) | set(pairs.neighbor) == {4, 5}
    np.testing.assert_allclose(pairs.blend(embedding), 11.0)
    np.testing.assert_allclose(pairs.blend(posterior), [[0, 1], [0, 1]])


def test_soft_parents_give_soft_labels():
    pairs = Offspring(np.array([0]), np.array([1]), np.array([0.25]), np.array([1]))
    posterior = np.array([[0.4, 0.6], [0.0, 1.0]])
    np.testing.assert_allclose(pairs.blend(posterior), [[0.3, 0.7]])


def test_the_share_says_how_much_of_the_gap_is_filled():
    posterior = np.eye(3)[[0] * 10 + [1] * 4 + [2] * 2]
    assert missing_mass(posterior, 1.0).tolist() == [0, 6, 8]
    assert missing_mass(posterior, 0.5).tolist() == [0, 3, 4]


@pytest.mark.parametrize("rare", [[], [1]])
def test_a_class_of_fewer_than_two_rows_gets_none(rare):
    posterior = np.eye(2)[[0] * 5 + rare]
    assert not len(draw(np.arange(len(posterior))[:, None].astype(float), posterior).code)


def test_synthetic_labels_are_copied_worker_by_worker():
    embedding = np.array([[0.0], [1.0], [50.0]])
    codes = np.array([[0, 1, -1], [0, -1, -1], [1, 1, 1]])
    answers = labels_like_neighbors(
        np.array([[0.5], [0.4]]),
        embedding,
        codes,
        k_neighbors=2,
        random_state=np.random.RandomState(0),
    )
    # the second worker labelled one of the two near rows, the third none
    assert answers.tolist() == [[0, 1, -1], [0, 1, -1]]


def test_workers_who_disagree_with_themselves_are_copied_in_proportion():
    codes = np.array([[0], [0], [1]])
    answers = labels_like_neighbors(
        np.zeros((600, 1)),
        np.zeros((3, 1)),
        codes,
        k_neighbors=3,
        random_state=np.random.RandomState(0),
    )
    assert answers.mean() == pytest.approx(1 / 3, abs=0.05)


def test_appended_rows_come_after_the_real_ones():
    labels = check_label_matrix([["a", None], ["b", "a"]])
    both = append_rows(labels, np.array([[-1, 1]]))
    assert both.to_codes().tolist() == [[0, -1], [1, 0], [-1, 1]]


def test_warm_up_groups_by_value_of_certainty():
    certainty = np.array([4.0, 3.0, 3.0, 2.0, 1.0, 0.5])
    groups = [group.tolist() for group in warm_up_groups(certainty, "graded")]
    assert groups == [[3], [1, 2], [0]]
    assert warm_up_groups(certainty, "certain")[0].tolist() == [0, 1, 2, 3]
    assert warm_up_groups(certainty, "all")[0].tolist() == [0, 1, 2, 3, 4, 5]


def test_unanimous_rows_only_are_one_group():
    assert [g.tolist() for g in warm_up_groups(np.full(3, 2.0), "graded")] == [[0, 1, 2]]


def test_parts_are_alike_in_their_classes():
    codes = np.repeat([0, 1], [90, 10])
    parts = deal_out(codes, 5, np.random.RandomState(0))
    assert [np.bincount(codes[parts == p]).tolist() for p in range(5)] == [[18, 2]] * 5


def networks(n_networks):
    return [
        build_classifier(
            None,
            n_features=3,
            hidden=(4,),
            latent_dim=2,
            n_classes=2,
            generator=torch.Generator().manual_seed(seed),
            start_scale=0.4,
        )
        for seed in range(n_networks)
    ]


def test_an_ensemble_averages_probabilities():
    members = networks(2)
    X = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    expected = torch.stack([torch.softmax(member(X), dim=1) for member in members]).mean(dim=0)
    ensemble = Ensemble(members)
    torch.testing.assert_close(torch.softmax(ensemble(X), dim=1), expected)
    assert ensemble.encoder(X).shape == (5, 4)


def test_a_perfect_residual_gives_points_between_the_raw_rows():
    network = networks(1)[0]
    decoder = torch.nn.Linear(2, 3)
    X = torch.tensor([[0.0, 0.0, 0.0], [4.0, 2.0, 0.0]])
    member = Member(network, decoder, np.arange(2), np.arange(2))
    pairs = Offspring(np.array([0]), np.array([1]), np.array([0.25]), np.array([1]))
    # a linear decoder and the whole residual: the error of the decoder cancels out
    rows = member.decode(member.embed(X), X, pairs, weight=1.0)
    torch.testing.assert_close(rows, torch.tensor([[1.0, 0.5, 0.0]]))
    without = member.decode(member.embed(X), X, pairs, weight=0.0)
    assert not torch.allclose(without, rows)
