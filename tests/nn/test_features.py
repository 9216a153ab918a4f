import pytest
import torch
from torch import nn

from sklearn_imbgen.nn import (
    CosineLinear,
    FeatureCapture,
    evaluation_mode,
    find_layer,
    last_linear,
    replace_layer,
)


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
    with pytest.raises(ValueError, match=r"module has no torch.nn.Linear.*feature_layer"):
        last_linear(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten()))


def test_layers_are_found_by_name():
    tree = Tree()
    assert find_layer(tree, "body.0") is tree.body[0]
    assert find_layer(tree, "") is tree


def test_an_unknown_layer_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"feature_layer='bodi' is no part.*'body.0'.*'top.out'"):
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
