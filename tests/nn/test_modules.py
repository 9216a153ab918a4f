"""Networks, and the equations of chapter 2 against numbers worked out by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_imbgen.nn import (
    build_module,
    check_output_shape,
    classification_loss,
    cluster_loss,
    multilayer_perceptron,
    realness_loss,
    reconstruction_loss,
    torch_generator,
    weight_penalty,
)


def test_reconstruction_is_the_mean_squared_distance_per_row():
    X = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    reconstructed = torch.tensor([[3.0, 4.0], [1.0, 0.0]])
    # (9 + 16 + 0 + 1) / 2 rows
    assert reconstruction_loss(reconstructed, X).item() == pytest.approx(13.0)


def cluster(latent, codes, n_classes=2, **options):
    settings = {"majority": 0, "minority_weight": 1.0, "separation_weight": 1.0, "margin": None}
    return cluster_loss(
        torch.tensor(latent), torch.tensor(codes), n_classes, **{**settings, **options}
    ).item()


# majority at x = 0 and 2 (centre 1, scatter 1), minority at x = 10 and 16 (centre 13, scatter 9)
LATENT, CODES = [[0.0], [2.0], [10.0], [16.0]], [0, 0, 1, 1]


def test_cluster_loss_of_two_classes_is_equation_2_2():
    assert cluster(LATENT, CODES) == pytest.approx(1 + 9 - 144)
    assert cluster(LATENT, CODES, minority_weight=2.0) == pytest.approx(1 + 18 - 144)
    assert cluster(LATENT, CODES, separation_weight=0.5) == pytest.approx(1 + 9 - 72)


def test_margin_bounds_the_separation():
    assert cluster(LATENT, CODES, margin=5.0) == pytest.approx(1 + 9 - 25)
    assert cluster(LATENT, CODES, margin=20.0) == pytest.approx(1 + 9 - 144)


def test_cluster_loss_of_three_classes_averages_minorities_and_pairs():
    latent = [[0.0], [2.0], [10.0], [16.0], [4.0]]
    codes = [0, 0, 1, 1, 2]
    # scatter: 1 + mean(9, 0); squared distances of centres 1, 13, 4: 144, 9, 81
    assert cluster(latent, codes, n_classes=3) == pytest.approx(1 + 4.5 - 78)


def test_a_class_absent_from_the_batch_is_left_out():
    assert cluster(LATENT, CODES, n_classes=3) == pytest.approx(cluster(LATENT, CODES))
    assert cluster([[0.0], [2.0]], [1, 1]) == pytest.approx(1.0)


def test_cluster_loss_has_gradients_when_a_class_has_one_row():
    latent = torch.tensor([[0.0], [2.0], [5.0]], requires_grad=True)
    cluster_loss(
        latent,
        torch.tensor([0, 0, 1]),
        2,
        majority=0,
        minority_weight=1.0,
        separation_weight=1.0,
        margin=None,
    ).backward()
    # d/dz of scatter (z - 1)^2 / 2 each, and of -(1 - 5)^2 through the centres
    assert latent.grad.flatten().tolist() == pytest.approx([-1 + 4, 1 + 4, -8])


def test_realness_is_the_squared_distance_of_the_probability():
    logits = torch.tensor([[0.0], [torch.log(torch.tensor(3.0))]])
    # probabilities 1/2 and 3/4
    assert realness_loss(logits, 1.0).item() == pytest.approx((0.25 + 0.0625) / 2)
    assert realness_loss(logits, 0.0).item() == pytest.approx((0.25 + 0.5625) / 2)


def test_classification_is_the_squared_distance_to_the_one_hot_label():
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25]]))
    loss = classification_loss(logits, torch.tensor([1])).item()
    assert loss == pytest.approx(0.25 + 0.5625 + 0.0625)


def test_weight_penalty_counts_weights_but_not_biases():
    parameters = [torch.tensor([[1.0, -2.0]]), torch.tensor([10.0])]
    assert weight_penalty(parameters).item() == 5.0


def test_networks_follow_the_generator_and_leave_the_global_rng_alone():
    before = torch.get_rng_state()
    networks = [
        multilayer_perceptron([3, 4, 2], torch_generator(np.random.RandomState(0)))
        for _ in range(2)
    ]
    assert torch.equal(networks[0][0].weight, networks[1][0].weight)
    assert torch.equal(before, torch.get_rng_state())
    assert [type(layer) for layer in networks[0]] == [nn.Linear, nn.ReLU, nn.Linear]


class Sized(nn.Linear):
    def __init__(self, n_features, latent_dim):
        super().__init__(n_features, latent_dim)


def test_a_module_class_gets_the_sizes_it_takes_and_an_instance_is_copied():
    built = build_module(Sized, "encoder", n_features=5, latent_dim=2)
    assert built.weight.shape == (2, 5)
    assert isinstance(build_module(nn.Identity, "encoder", n_features=5), nn.Identity)
    copied = build_module(built, "encoder", n_features=5, latent_dim=2)
    assert copied is not built
    with pytest.raises(TypeError, match=r"encoder must be a torch\.nn\.Module class or instance"):
        build_module("conv", "encoder")


def test_wrong_shapes_are_reported_with_the_parameter():
    with pytest.raises(ValueError, match=r"encoder maps .*\(2, 5\) to \(2, 4\).*give \(2, 3\)"):
        check_output_shape(nn.Linear(5, 4), 5, 3, "encoder")
    with pytest.raises(ValueError, match="decoder cannot take rows of 4 values"):
        check_output_shape(nn.Linear(5, 4), 4, 4, "decoder")
