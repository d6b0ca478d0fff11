from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from mien.core.errors import InputError
from mien.training.loops import Average, Budget, Run, learning_rate


def test_progress_by_epochs_and_by_time() -> None:
    budget = Budget(epochs=10)
    budget.epoch = 5
    assert budget.progress() == 0.5
    timed = Budget(epochs=10, minutes=1)
    timed.spent = 45
    assert 0.75 <= timed.progress() < 0.76
    timed.epoch = 9
    assert timed.progress() == 0.9
    timed.spent = 1000
    assert timed.progress() == 1


def test_a_restored_budget_counts_on() -> None:
    budget = Budget(epochs=4, minutes=1)
    budget.restore({"epoch": 1, "spent": 30})
    assert budget.epoch == 1
    assert 30 <= budget.elapsed() < 31


def test_the_rate_warms_up_and_anneals() -> None:
    rates = [learning_rate(p / 100, 1.0) for p in range(101)]
    assert rates[0] < 0.05
    assert max(rates) == pytest.approx(1, abs=0.01)
    assert rates[100] == pytest.approx(0, abs=1e-9)
    peak = rates.index(max(rates))
    assert rates[peak:] == sorted(rates[peak:], reverse=True)


def test_the_average_follows_weights_and_statistics() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    average = Average(net)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(3.0)
        net[1].running_mean.fill_(5.0)  # type: ignore[operator]
    for _ in range(3000):
        average.update(net)
    state = average.net.state_dict()
    assert state["0.weight"].numpy() == pytest.approx(3, abs=0.2)
    assert state["1.running_mean"].numpy() == pytest.approx(5, abs=0.3)
    assert not any(p.requires_grad for p in average.net.parameters())


def test_a_run_saves_and_loads_and_refuses_another_recipe(tmp_path: Path) -> None:
    run = Run(tmp_path, {"arch": "a", "epochs": 3})
    assert run.load() is None
    run.save(value=7)
    run.log(epoch=1)
    run.log(epoch=2)
    state = Run(tmp_path, {"arch": "a", "epochs": 3}).load()
    assert state is not None
    assert state["value"] == 7
    assert [line["epoch"] for line in Run.history_of(tmp_path)] == [1, 2]
    with pytest.raises(InputError, match="arch"):
        Run(tmp_path, {"arch": "b", "epochs": 3}).load()
