import math
import warnings

import pytest
import torch
from torch import nn

from sklearn_imbgen.exceptions import DivergenceError, DivergenceWarning
from sklearn_imbgen.nn import Schedule, Step, balanced_batches, plain_batches, train


class Scalar(nn.Module):
    """One number to optimise."""

    def __init__(self, value=0.0):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value))


def draw():
    return (torch.zeros(2, 1, dtype=torch.long),)


def monitor(row):
    return row["model"]["total"]


def fit(step, *, title="model", **schedule):
    settings = {"max_epochs": 50, "learning_rate": 0.1, **schedule}
    return train([step], draw, Schedule(**settings), monitor=monitor, title=title)


def test_training_minimises_the_total():
    model = Scalar()
    history = fit(Step("model", model, lambda _: {"total": (model.value - 1) ** 2}), max_epochs=200)
    assert model.value.item() == pytest.approx(1, abs=0.05)
    assert len(history["model"]["total"]) == 200


def test_early_stopping_ends_a_flat_training():
    model = Scalar()
    history = fit(Step("model", model, lambda _: {"total": 0 * model.value}), n_iter_no_change=3)
    assert len(history["model"]["total"]) == 4


def test_the_best_state_is_kept():
    model, seen = Scalar(), []

    def loss(_):
        # falls for three epochs of two batches, then climbs
        seen.append(model.value.item())
        slope = -1 if len(seen) <= 6 else 1
        return {"total": slope * model.value + (0 if slope < 0 else 10)}

    fit(Step("model", model, loss), max_epochs=10)
    assert model.value.item() == pytest.approx(0.6, abs=1e-4)


def test_without_a_monitor_all_epochs_run_and_the_last_state_is_kept():
    model = Scalar()
    history = train(
        [Step("model", model, lambda _: {"total": -model.value})],
        draw,
        Schedule(max_epochs=5, learning_rate=0.1, n_iter_no_change=1, tol=10.0),
        monitor=None,
        title="model",
    )
    assert len(history["model"]["total"]) == 5
    assert model.value.item() == pytest.approx(1.0, abs=1e-4)


def test_without_a_monitor_a_divergence_goes_back_to_the_last_sound_epoch():
    model, epochs = Scalar(), []

    def loss(_):
        epochs.append(model.value.item())
        return {"total": model.value * (math.nan if len(epochs) == 7 else -1)}

    with pytest.warns(DivergenceWarning):
        train(
            [Step("model", model, loss)],
            draw,
            Schedule(max_epochs=5, learning_rate=0.1),
            monitor=None,
            title="model",
        )
    # three epochs of two steps of 0.1, then the fourth fails and one is left at 0.01
    assert model.value.item() == pytest.approx(0.62, abs=1e-4)


def test_steps_alternate_and_move_only_their_own_network():
    first, second, order = Scalar(1.0), Scalar(1.0), []

    def loss_of(name, moved, other):
        def loss(_):
            order.append(name)
            return {"total": (moved.value * other.value) ** 2}

        return loss

    train(
        [
            Step("model", first, loss_of("a", first, second), n_epochs=2),
            Step("other", second, loss_of("b", second, first), n_epochs=0),
        ],
        draw,
        Schedule(max_epochs=2, learning_rate=0.1),
        monitor=monitor,
        title="pair",
    )
    assert order == ["a"] * 8
    assert second.value.item() == 1.0
    assert second.value.grad is None


def test_an_unbounded_loss_is_refused_with_advice():
    model = Scalar(1.0)
    step = Step("model", model, lambda _: {"total": -torch.exp(model.value)})
    with (
        pytest.warns(DivergenceWarning, match="the total loss of the model is"),
        pytest.raises(DivergenceError, match=r"Training of the model diverged.*drink tea"),
    ):
        fit(step, max_epochs=10**5, learning_rate=1.0, advice="drink tea")


def test_a_divergence_is_recovered_from_at_a_lower_learning_rate():
    model = Scalar(1.0)

    def loss(_):
        # not a number once a step is too large
        return {"total": (model.value - 1.05) ** 2 + 0 * torch.sqrt(1.5 - model.value)}

    with pytest.warns(DivergenceWarning, match="is nan in epoch 1"):
        history = fit(Step("model", model, loss), learning_rate=1.0, max_epochs=100)
    assert model.value.item() == pytest.approx(1.05, abs=0.02)
    assert all(math.isfinite(value) for value in history["model"]["total"])


def test_ctrl_c_restores_the_best_state_and_is_passed_on():
    model, calls = Scalar(), []

    def loss(_):
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return {"total": (model.value - 1) ** 2}

    history = {}
    with pytest.raises(KeyboardInterrupt):
        train(
            [Step("model", model, loss)],
            draw,
            Schedule(max_epochs=9, learning_rate=0.1),
            monitor=monitor,
            title="model",
            history=history,
        )
    # two epochs of two batches were finished, a fifth batch was not
    assert len(history["model"]["total"]) == 2
    assert model.value.item() == pytest.approx(0.4, abs=0.01)
    assert not model.training


def test_progress_is_silent_unless_asked_for(capsys):
    model = Scalar()
    step = Step("model", model, lambda _: {"total": (model.value - 1) ** 2})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="tqdm")
        fit(step, max_epochs=2)
        assert capsys.readouterr().err == ""
        fit(step, max_epochs=2, verbose=1)
        assert "model" in capsys.readouterr().err


def test_weight_decay_shrinks_what_the_loss_leaves_alone():
    model = Scalar(1.0)
    step = Step("model", model, lambda _: {"total": 0 * model.value})
    schedule = Schedule(max_epochs=5, learning_rate=0.1, weight_decay=0.5)
    train([step], draw, schedule, monitor=None, title="model")
    # five epochs of two batches, each of which takes a twentieth
    assert model.value.item() == pytest.approx(0.95**10)


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
