import pytest
import torch
from torch import nn

from sklearn_imbgen.nn import (
    CosineLinear,
    FeatureCapture,
    ResidualNetwork,
    Standardize,
    TableNetwork,
    evaluation_mode,
    find_layer,
    last_linear,
    replace_layer,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def n_parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def same(first, second):
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_standardize_by_hand():
    layer = Standardize(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 0.5]))
    assert layer(torch.tensor([[3.0, 1.0]])).tolist() == [[1.0, -2.0]]
    assert n_parameters(layer) == 0
    assert set(layer.state_dict()) == {"mean", "scale"}


def test_cosine_logits_by_hand():
    layer = CosineLinear(2, 2, scale=10.0)
    layer.weight.data = torch.tensor([[3.0, 0.0], [1.0, 1.0]])
    logits = layer(torch.tensor([[2.0, 0.0]]))
    torch.testing.assert_close(logits, torch.tensor([[10.0, 10.0 / 2**0.5]]))


def test_cosine_logits_do_not_depend_on_lengths():
    layer, X = CosineLinear(3, 2, generator=generator()), torch.randn(5, 3, generator=generator(1))
    logits = layer(X)
    torch.testing.assert_close(layer(7 * X), logits)
    layer.weight.data *= 5
    torch.testing.assert_close(layer(X), logits)
    assert logits.abs().max() <= 30


def test_a_row_of_zeros_has_cosine_logits_and_a_finite_gradient():
    layer, X = CosineLinear(3, 2), torch.zeros(1, 3, requires_grad=True)
    logits = layer(X)
    logits.sum().backward()
    assert logits.tolist() == [[0.0, 0.0]]
    assert X.grad.isfinite().all()


@pytest.mark.parametrize(
    ("hidden_dims", "expected"),
    [((), 5 * 3 + 3), ((4,), 5 * 4 + 4 + 4 * 3 + 3), ([4, 2], 24 + 10 + 9)],
)
def test_a_table_network_has_the_layers_asked_for(hidden_dims, expected):
    network = TableNetwork(5, 3, hidden_dims)
    assert n_parameters(network) == expected
    assert network(torch.zeros(2, 5)).shape == (2, 3)


def test_a_table_network_without_hidden_layers_is_linear():
    network = TableNetwork(2, 2, ())
    X = torch.eye(2)
    torch.testing.assert_close(network(X[:1] + X[1:]), network(X).sum(0, keepdim=True))


def test_features_of_a_table_network_are_not_negative():
    network = TableNetwork(5, 3, (8,), generator=generator())
    hidden = network.hidden(torch.randn(50, 5, generator=generator()))
    assert hidden.min() == 0
    assert hidden.max() > 0


def test_a_table_network_standardises_inside():
    mean, scale = torch.tensor([10.0, -5.0]), torch.tensor([2.0, 3.0])
    plain = TableNetwork(2, 2, generator=generator())
    inside = TableNetwork(2, 2, mean=mean, scale=scale, generator=generator())
    X = torch.randn(6, 2, generator=generator())
    torch.testing.assert_close(inside(X * scale + mean), plain(X), atol=1e-5, rtol=1e-5)


def test_a_residual_network_halves_the_maps_and_doubles_their_number():
    network = ResidualNetwork(3, 5, width=4, blocks=(1, 2, 1))
    images = torch.zeros(2, 3, 16, 16)
    maps = network.stages(network.first(images))
    assert maps.shape == (2, 16, 4, 4)
    assert network(images).shape == (2, 5)
    assert len(network.stages) == 4


def test_a_stride_in_front_halves_the_maps_once_more():
    network = ResidualNetwork(1, 2, width=2, blocks=(1,), first_stride=2)
    assert network.first(torch.zeros(1, 1, 8, 8)).shape == (1, 2, 4, 4)


def test_the_chapters_residual_network_has_its_size():
    # ResNet-18 for 32 x 32 images and ten classes, as it is usually counted
    network = ResidualNetwork(3, 10, width=64, blocks=(2, 2, 2, 2))
    assert n_parameters(network) == 11_173_962


def test_a_block_past_which_nothing_changes_keeps_its_input():
    network = ResidualNetwork(1, 2, width=2, blocks=(1,)).eval()
    block = network.stages[0]
    nn.init.zeros_(block.way[3].weight)
    maps = torch.rand(1, 2, 5, 5, generator=generator())
    torch.testing.assert_close(block(maps), maps)


@pytest.mark.parametrize("side", [1, 5, 32])
def test_images_of_any_size(side):
    network = ResidualNetwork(1, 3, width=2, blocks=(1, 1)).eval()
    assert network(torch.zeros(2, 1, side, side)).shape == (2, 3)


@pytest.mark.parametrize("kind", [TableNetwork, ResidualNetwork])
def test_first_weights_come_from_the_generator_alone(kind):
    state = torch.get_rng_state()
    networks = [kind(3, 2, generator=generator(seed)) for seed in (0, 0, 1)]
    assert same(networks[0], networks[1])
    assert not same(networks[0], networks[2])
    assert same(kind(3, 2), kind(3, 2))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("kind", [TableNetwork, ResidualNetwork])
def test_networks_are_float32_under_any_default(kind):
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        network = kind(3, 2)
    finally:
        torch.set_default_dtype(before)
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}


# -- a look inside -------------------------------------------------------------------------------


class Tree(nn.Module):
    """A network whose layers lie in parts of parts."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
        self.top = nn.ModuleDict({"drop": nn.Dropout(0.5), "out": nn.Linear(4, 2)})

    def forward(self, X):
        return self.top["out"](self.top["drop"](self.body(X)))


def test_the_last_linear_layer_by_name():
    assert last_linear(Tree()) == "top.out"
    assert last_linear(nn.Sequential(nn.Linear(2, 2), nn.Softplus())) == "0"
    assert last_linear(nn.Sequential(nn.Linear(2, 2), CosineLinear(2, 2))) == "1"
    assert last_linear(nn.Linear(2, 2)) == ""


def test_a_network_without_a_linear_layer_is_refused_with_a_way_out():
    with pytest.raises(ValueError, match=r"module has no torch.nn.Linear.*separation__layer"):
        last_linear(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten()))


def test_layers_are_found_by_name():
    tree = Tree()
    assert find_layer(tree, "body.0") is tree.body[0]
    assert find_layer(tree, "") is tree


def test_an_unknown_layer_is_refused_with_the_known_ones():
    with pytest.raises(
        ValueError, match=r"separation__layer='bodi' is no part.*'body.0'.*'top.out'"
    ):
        find_layer(Tree(), "bodi")


@pytest.mark.parametrize("name", ["top.out", "body.0", "body"])
def test_a_layer_is_replaced_where_it_lies(name):
    tree, layer = Tree(), nn.Identity()
    replace_layer(tree, name, layer)
    assert find_layer(tree, name) is layer


def test_a_capture_keeps_what_enters_the_layer():
    tree, X = Tree().eval(), torch.ones(5, 3)
    with FeatureCapture(tree.top["out"]) as capture:
        logits = tree(X)
    torch.testing.assert_close(capture.features, tree.body(X))
    torch.testing.assert_close(tree.top["out"](capture.features), logits)


def test_captured_features_have_their_gradients():
    tree = Tree().eval()
    with FeatureCapture(tree.top["out"]) as capture:
        tree(torch.ones(5, 3))
    capture.features.sum().backward()
    assert tree.body[0].weight.grad.abs().sum() > 0
    assert tree.top["out"].weight.grad is None


def test_a_capture_flattens_maps_and_ends_with_its_block():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2))
    with FeatureCapture(network[1]) as capture:
        network(torch.zeros(3, 1, 4, 4))
    assert capture.features.shape == (3, 8)
    network(torch.zeros(7, 1, 4, 4))
    assert len(capture.features) == 3
    assert not network[1]._forward_pre_hooks


def test_a_capture_ends_after_an_error_too():
    layer = nn.Linear(3, 2)
    with pytest.raises(RuntimeError), FeatureCapture(layer):
        layer(torch.zeros(1, 4))
    assert not layer._forward_pre_hooks


def test_a_capture_sees_what_a_compiled_network_does():
    network = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    compiled = torch.compile(network, backend="eager")
    X = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    # the graph of this pass knows of no hook
    logits = compiled(X)
    with FeatureCapture(network[2], compiled=True) as capture:
        assert torch.equal(compiled(X), logits)
    assert torch.equal(capture.features, network[1](network[0](X)))
    assert torch.equal(compiled(X), logits)


def test_evaluation_mode_gives_each_part_its_own_mode_back():
    tree = Tree().train()
    tree.top["drop"].eval()
    before = [part.training for part in tree.modules()]
    with evaluation_mode(tree):
        assert not any(part.training for part in tree.modules())
    assert [part.training for part in tree.modules()] == before
    assert not tree.top["drop"].training


def test_evaluation_mode_ends_after_an_error():
    tree = Tree().train()
    with pytest.raises(KeyError), evaluation_mode(tree):
        raise KeyError
    assert all(part.training for part in tree.modules())


def test_evaluation_mode_of_a_function_is_nothing():
    with evaluation_mode(None):
        pass
