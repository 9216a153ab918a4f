import numpy as np
import pytest
import torch
from torch import nn

from sklearn_imbgen.nn import (
    build_module,
    check_output_shape,
    isolated_rng,
    limited_threads,
    multilayer_perceptron,
    resolve_device,
    torch_generator,
)


def test_isolated_rng_seeds_inside_and_gives_the_state_back():
    before = torch.get_rng_state()
    with isolated_rng(5):
        first = torch.rand(3)
    with isolated_rng(5):
        assert torch.equal(first, torch.rand(3))
    assert torch.equal(before, torch.get_rng_state())


def test_networks_follow_the_generator_and_leave_the_global_rng_alone():
    before = torch.get_rng_state()
    networks = [
        multilayer_perceptron([3, 4, 2], torch_generator(np.random.RandomState(0)))
        for _ in range(2)
    ]
    assert torch.equal(networks[0][0].weight, networks[1][0].weight)
    assert torch.equal(before, torch.get_rng_state())
    assert [type(layer) for layer in networks[0]] == [nn.Linear, nn.ReLU, nn.Linear]


def test_threads_are_limited_inside_the_block_only():
    before = torch.get_num_threads()
    with limited_threads(1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_devices_are_resolved_or_refused_by_name():
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device("auto").type in ("cpu", "cuda", "mps")
    with pytest.raises(ValueError, match="device='abacus' is not available"):
        resolve_device("abacus")


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
