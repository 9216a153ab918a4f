import torch

from sklearn_imbgen.nn import balanced_batches, plain_batches


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_every_balanced_batch_holds_the_classes_in_equal_parts():
    codes = torch.tensor([0] * 97 + [2] * 3)
    batches = balanced_batches(codes, 5, 8, generator())
    assert batches.shape == (5, 8)
    assert [(codes[batch] == 2).sum().item() for batch in batches] == [4] * 5


def test_balanced_batches_reach_every_row_and_follow_the_seed():
    codes = torch.arange(40) % 4
    first = balanced_batches(codes, 50, 16, generator())
    assert set(first.flatten().tolist()) == set(range(40))
    assert torch.equal(first, balanced_batches(codes, 50, 16, generator()))
    assert not torch.equal(first, balanced_batches(codes, 50, 16, generator(1)))


def test_classes_outnumbering_the_batch_take_turns():
    codes = torch.arange(6)
    batches = balanced_batches(codes, 3, 4, generator())
    assert torch.bincount(batches.flatten(), minlength=6).tolist() == [2] * 6


def test_plain_batches_deal_every_row_once_per_pass():
    batches = plain_batches(6, 4, 3, generator())
    assert batches.shape == (4, 3)
    assert torch.bincount(batches.flatten()).tolist() == [2] * 6


def test_plain_batches_are_full_also_with_fewer_rows_than_a_batch():
    assert plain_batches(3, 2, 8, generator()).shape == (2, 8)
