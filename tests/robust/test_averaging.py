"""The mean of weights, against numbers worked out by hand."""

import pytest
import torch
from torch import nn

from sklearn_imbgen.robust._mixing import WeightAverage


def set_weights(module, *values):
    with torch.no_grad():
        for parameter, value in zip(module.parameters(), values, strict=True):
            parameter.fill_(value)


def averaged(module, *steps):
    average = WeightAverage(module)
    for values in steps:
        set_weights(module, *values)
        average.update(module)
    return average


def refuse():
    """Batches that nobody may draw."""
    raise AssertionError("a batch was drawn")
    yield


def test_the_mean_of_the_weights_by_hand():
    module = nn.Linear(2, 1)
    average = averaged(module, (1.0, 0.0), (2.0, 0.0), (6.0, 9.0))
    assert average.n_averaged == 3
    # taking part in the mean leaves the network as it is
    assert module.weight.tolist() == [[6.0, 6.0]]
    average.put_into(module, refuse())
    torch.testing.assert_close(module.weight, torch.full((1, 2), 3.0))
    torch.testing.assert_close(module.bias, torch.tensor([3.0]))


def test_a_mean_begins_empty_and_of_one_is_that_one():
    module = nn.Linear(1, 1)
    set_weights(module, 5.0, 5.0)
    average = WeightAverage(module)
    assert average.n_averaged == 0
    # what the network was at the beginning does not count
    set_weights(module, 7.0, 8.0)
    average.update(module)
    set_weights(module, 0.0, 0.0)
    average.put_into(module, refuse())
    assert (module.weight.item(), module.bias.item(), average.n_averaged) == (7.0, 8.0, 1)


@pytest.mark.parametrize("training", [True, False])
def test_batch_normalisation_gets_the_statistics_of_the_mean_weights(training):
    module = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1, momentum=0.3))
    # the weights 1 and 3, so 2; then weight and bias of the normalisation
    average = averaged(module, (1.0, 1.0, 0.0), (3.0, 1.0, 0.0))
    module[1].running_mean.fill_(99.0)
    module.train(training)
    batches = [torch.tensor([[0.0], [2.0]]), torch.tensor([[4.0], [8.0]])]
    average.put_into(module, iter(batches))
    # doubled: 0, 4 and 8, 16 with means 2 and 12, unbiased variances 8 and 32
    assert module[1].running_mean.item() == pytest.approx(7.0)
    assert module[1].running_var.item() == pytest.approx(20.0)
    assert module[1].num_batches_tracked == 2
    assert module[1].momentum == 0.3
    assert module.training is training


def test_the_first_batch_is_drawn_with_the_old_statistics():
    module = nn.Sequential(nn.BatchNorm1d(1, affine=False), nn.Linear(1, 1))
    average = averaged(module, (4.0, 4.0))
    module[0].running_mean.fill_(99.0)
    seen = []

    def batches():
        for value in (1.0, 3.0):
            # as an attack would: it looks at the network
            seen.append((module[1].weight.item(), module[0].running_mean.item()))
            yield torch.tensor([[value], [value + 2]])

    average.put_into(module, batches())
    assert seen == [(4.0, 99.0), (4.0, 2.0)]
    assert module[0].running_mean.item() == 3.0


def test_layers_that_normalise_no_batch_need_no_batch():
    module = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2), nn.Dropout(0.5))
    averaged(module, (1.0, 1.0, 1.0, 1.0)).put_into(module, refuse())


def test_an_average_goes_on_from_its_saved_state():
    module = nn.Linear(1, 1)
    saved = averaged(module, (1.0, 1.0), (2.0, 2.0)).state_dict()
    again = WeightAverage(nn.Linear(1, 1))
    again.load_state_dict(saved)
    assert again.n_averaged == 2
    set_weights(module, 6.0, 9.0)
    again.update(module)
    again.put_into(module, refuse())
    assert module.weight.item() == pytest.approx(3.0)
    assert module.bias.item() == pytest.approx(4.0)
    assert again.n_averaged == 3


def test_a_network_of_another_shape_is_refused():
    average = averaged(nn.Linear(1, 1), (1.0, 1.0))
    with pytest.raises(ValueError, match="zip"):
        average.put_into(nn.Linear(1, 1, bias=False), refuse())
