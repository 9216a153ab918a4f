import warnings

import numpy as np
import pytest
import torch
from skorch.dataset import Dataset
from torch.utils.data import Subset

from sklearn_imbgen.nn.skorch_batches import CodedDataset, TensorBatches


def batches(n_rows=10, **options):
    """Batches of rows and labels that are both their own position."""
    rows = np.arange(n_rows)
    return TensorBatches(Dataset(rows[:, None].astype(np.float32), rows), **options)


def sizes(**options):
    return [len(X) for X, _ in batches(**options)]


def order(found):
    return [int(label) for _, y in found for label in y]


def test_batches_cover_all_rows_in_order():
    found = batches(batch_size=4)
    assert order(found) == list(range(10))
    assert all(torch.equal(X[:, 0], y.float()) for X, y in found)
    assert sizes(batch_size=4) == [4, 4, 2]


def test_shuffled_rows_keep_their_labels_and_their_number():
    found = list(batches(batch_size=4, shuffle=True, generator=torch.Generator().manual_seed(0)))
    assert order(found) != list(range(10))
    assert sorted(order(found)) == list(range(10))
    assert all(torch.equal(X[:, 0], y.float()) for X, y in found)


def test_each_pass_has_a_new_order_that_the_generator_decides():
    state = torch.get_rng_state()
    first = batches(shuffle=True, generator=torch.Generator().manual_seed(0))
    again = batches(shuffle=True, generator=torch.Generator().manual_seed(0))
    passes = [order(first), order(first)]
    assert passes[0] != passes[1]
    assert passes == [order(again), order(again)]
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("n_rows", "batch_size", "expected"),
    [
        (33, 32, [33]),
        (9, 4, [4, 5]),
        (8, 4, [4, 4]),
        (3, 1, [1, 2]),
        (2, 1, [2]),
        (1, 4, [1]),
        (1, 1, [1]),
        (0, 4, []),
        (3, 100, [3]),
    ],
)
def test_a_last_single_row_joins_the_batch_before(n_rows, batch_size, expected):
    assert sizes(n_rows=n_rows, batch_size=batch_size) == expected
    assert len(batches(n_rows, batch_size=batch_size)) == len(expected)


def test_processes_share_each_batch():
    generators = [torch.Generator().manual_seed(0) for _ in range(2)]
    whole = [
        y.tolist() for _, y in batches(20, batch_size=8, shuffle=True, generator=generators[0])
    ]
    halves = [
        [
            y.tolist()
            for _, y in batches(
                20,
                batch_size=8,
                shuffle=True,
                generator=generators[1].manual_seed(0),
                part=part,
                n_parts=2,
            )
        ]
        for part in range(2)
    ]
    assert [first + second for first, second in zip(*halves, strict=True)] == whole
    assert [len(part) for part in halves[0]] == [4, 4, 2]


def test_each_process_gets_two_rows_at_least():
    # the last batch of three would give one of them a single row
    assert [len(X) for X, _ in batches(11, batch_size=8, part=1, n_parts=2)] == [5]


def test_subsets_as_a_validation_split_makes_them():
    data = Dataset(np.arange(10, dtype=np.float32)[:, None], np.arange(10))
    assert order(TensorBatches(Subset(data, [7, 2, 5]))) == [7, 2, 5]


def test_rows_without_labels_get_zeros():
    (batch,) = TensorBatches(Dataset(np.ones((3, 2), dtype=np.float32)))
    assert batch[1].tolist() == [0, 0, 0]


def test_read_only_arrays_are_taken_without_a_warning():
    rows = np.ones((4, 2), dtype=np.float32)
    rows.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ((X, _),) = TensorBatches(Dataset(rows, np.zeros(4, dtype=np.int64)))
    X += 1
    assert (rows == 1).all()


def test_a_batch_is_no_part_of_the_rows():
    # a module that works in place would change them
    rows, y = torch.ones(4, 2), torch.zeros(4, dtype=torch.long)
    ((X, _),) = TensorBatches(Dataset(rows, y))
    X.sub_(1)
    assert (rows == 1).all()


def test_labels_become_codes_and_a_dataset_without_arrays_is_refused():
    data = Dataset(np.zeros((3, 1), dtype=np.float32), np.array(["b", "a", "b"]))
    coded = CodedDataset(data, lambda y: np.searchsorted(["a", "b"], y))
    ((_, y),) = TensorBatches(coded)
    assert y.tolist() == [1, 0, 1]
    assert [coded[i][1] for i in range(3)] == [1, 0, 1]
    assert CodedDataset(data, None)[0][1] == 0
    with pytest.raises(TypeError, match="must hold all rows and labels in memory"):
        TensorBatches(range(3))


# -- drawing by class ----------------------------------------------------------------------------


def drawn(y, weight, seed=0, **options):
    """Positions of the rows of one pass in which classes are drawn by weight."""
    rows = np.arange(len(y))[:, None].astype(np.float32)
    found = TensorBatches(
        Dataset(rows, np.asarray(y)),
        class_weight=torch.tensor(weight),
        generator=torch.Generator().manual_seed(seed),
        **options,
    )
    return [(X[:, 0].long().tolist(), labels.tolist()) for X, labels in found]


def test_rows_are_drawn_by_the_weight_of_their_class():
    y = [0] * 9000 + [1] * 1000
    ((rows, labels),) = drawn(y, [1.0, 9.0], batch_size=10_000)
    assert len(rows) == 10_000
    assert all(y[row] == label for row, label in zip(rows, labels, strict=True))
    # half of them; the standard deviation is 50
    assert sum(labels) == pytest.approx(5000, abs=200)
    # within a class, each row alike: 5 times a rare one, in the mean
    repeats = np.bincount(rows, minlength=10_000)
    assert repeats[9000:].mean() == pytest.approx(5, abs=0.2)
    assert repeats[9000:].var() == pytest.approx(5, abs=1)
    assert repeats.max() < 25


def test_a_class_without_weight_is_never_drawn():
    for _, labels in drawn([0, 1, 2] * 20, [1.0, 0.0, 3.0], batch_size=7):
        assert 1 not in labels


def test_drawn_batches_have_the_usual_sizes():
    found = drawn([0, 1] * 17, [1.0, 1.0], batch_size=11)
    assert [len(rows) for rows, _ in found] == [11, 11, 12]


def test_each_pass_is_drawn_anew_and_the_generator_decides():
    state = torch.get_rng_state()
    first, again, other = (drawn([0, 1] * 20, [1.0, 1.0], seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first != other
    batch = batches(20, class_weight=torch.ones(20), generator=torch.Generator().manual_seed(0))
    assert order(batch) != order(batch)
    assert torch.equal(torch.get_rng_state(), state)


def test_processes_share_drawn_batches():
    whole = drawn([0, 1] * 10, [1.0, 4.0], batch_size=8)
    halves = [drawn([0, 1] * 10, [1.0, 4.0], batch_size=8, part=k, n_parts=2) for k in range(2)]
    joined = [one[0] + other[0] for one, other in zip(*halves, strict=True)]
    assert joined == [rows for rows, _ in whole]
