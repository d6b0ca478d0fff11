"""What every training run shares: time budget, schedule, weight average, checkpoints, log.

A run owns a folder: ``checkpoint.pt`` (rewritten each epoch, so that the same command goes on where it stopped),
``log.jsonl`` (a line per epoch), ``command.txt``.
"""

from __future__ import annotations

import copy
import json
import math
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mien.core.errors import InputError


@dataclass
class Budget:
    """How far a run is, 0–1: by epochs, or by time where ``minutes`` is given (counted over resumes).

    The learning rate is a function of this progress, so that a run of any length ends fully annealed.
    """

    epochs: int
    minutes: float | None = None
    epoch: float = 0.0
    spent: float = 0.0
    _started: float = field(default_factory=time.monotonic)

    def elapsed(self) -> float:
        """Return the seconds of training so far, earlier parts of a resumed run included."""
        return self.spent + time.monotonic() - self._started

    def progress(self) -> float:
        """Return how much of the run is done, 0–1."""
        by_epoch = self.epoch / self.epochs
        by_time = 0.0 if self.minutes is None else self.elapsed() / (60 * self.minutes)
        return min(1.0, max(by_epoch, by_time))

    def state(self) -> dict[str, float]:
        return {"epoch": self.epoch, "spent": self.elapsed()}

    def restore(self, state: dict[str, float]) -> None:
        self.epoch, self.spent, self._started = state["epoch"], state["spent"], time.monotonic()


def learning_rate(progress: float, peak: float, warmup: float = 0.04) -> float:
    """Return the rate at ``progress`` (0–1): linear warm-up, then a cosine to zero."""
    if progress < warmup:
        return peak * max(progress / warmup, 0.01)
    return peak * 0.5 * (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup)))


class Average:
    """Exponential moving average of a network's weights (and of its batch-norm statistics).

    The decay grows with the number of steps, so that the early weights do not linger in a short run.
    """

    def __init__(self, net: nn.Module, decay: float = 0.999) -> None:
        self.net = copy.deepcopy(net).eval()
        for parameter in self.net.parameters():
            parameter.requires_grad_(False)
        self.decay, self.steps = decay, 0

    @torch.no_grad()
    def update(self, net: nn.Module) -> None:
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        ours, theirs = self.net.state_dict(), net.state_dict()
        floats = [k for k, v in ours.items() if v.is_floating_point()]
        torch._foreach_lerp_([ours[k] for k in floats], [theirs[k] for k in floats], 1 - decay)
        for key, value in ours.items():
            if not value.is_floating_point():
                value.copy_(theirs[key])


def device() -> torch.device:
    """Return the accelerator if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def to_device(net: nn.Module, where: torch.device) -> nn.Module:
    """Move a network and lay its weights out channels last, which convolutions on both kinds of device prefer."""
    return net.to(where, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


class Run:
    """A training run's folder: checkpoints that survive a kill, and a log.

    Args:
        folder: where the run lives; made if it is not there.
        config: what defines the run; resuming with another one is refused.
    """

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.folder, self.config = folder, config
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "command.txt").open("a") as file:
            file.write(shlex.join(sys.argv) + "\n")

    def load(self) -> dict[str, Any] | None:
        """Return the last checkpoint, or None in a fresh folder.

        Raises:
            InputError: the folder holds a run with another configuration.
        """
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return None
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if state["config"] != self.config:
            changed = sorted(k for k in self.config if state["config"].get(k) != self.config[k])
            raise InputError(
                f"{self.folder} holds a run with other settings ({', '.join(changed)}): "
                "repeat its command to go on with it, or choose another folder with --out"
            )
        return state

    def save(self, **state: Any) -> None:
        """Write the checkpoint in one step: a kill leaves the old one or the new one, never half of one."""
        part = self.folder / "checkpoint.part"
        torch.save({"config": self.config, **state}, part)
        part.replace(self.folder / "checkpoint.pt")

    def log(self, **values: Any) -> None:
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(values) + "\n")

    @staticmethod
    def history_of(folder: Path) -> list[dict[str, Any]]:
        """Return the lines of a run's log."""
        path = folder / "log.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def parameter_groups(net: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Return an optimiser's groups: weight decay for the kernels alone, on biases and batch norms it only slows."""
    kernels = [p for p in net.parameters() if p.ndim > 1]
    rest = [p for p in net.parameters() if p.ndim <= 1]
    return [{"params": kernels, "weight_decay": decay}, {"params": rest, "weight_decay": 0.0}]


@dataclass
class Trainee:
    """What is trained, as a checkpoint holds it: network, average, optimiser, how far it is, random numbers."""

    net: nn.Module
    average: Average
    optimiser: torch.optim.Optimizer
    budget: Budget

    def resume(self, run: Run) -> None:
        """Go on from the run's checkpoint where there is one."""
        if state := run.load():
            self.net.load_state_dict(state["net"])
            self.average.net.load_state_dict(state["average"])
            self.average.steps = state["steps"]
            self.optimiser.load_state_dict(state["optimiser"])
            self.budget.restore(state["budget"])
            torch.set_rng_state(state["random"])

    def save(self, run: Run) -> None:
        """Write the run's checkpoint."""
        run.save(
            net=self.net.state_dict(),
            average=self.average.net.state_dict(),
            steps=self.average.steps,
            optimiser=self.optimiser.state_dict(),
            budget=self.budget.state(),
            random=torch.get_rng_state(),
        )

    def step(self, loss: torch.Tensor, rate: float, most_gradient: float | None = None) -> None:
        """Take one step of the optimiser down ``loss`` and move the average."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if most_gradient is not None:
            nn.utils.clip_grad_norm_(self.net.parameters(), most_gradient)
        self.optimiser.step()
        self.average.update(self.net)


def one_epoch(
    trainee: Trainee,
    pictures: torch.Tensor,
    batch: int,
    loss_of: Callable[[torch.Tensor], torch.Tensor],
    peak: float,
    most_gradient: float | None = None,
) -> float:
    """Show every picture once, in a fresh order; return the mean loss. Ends early when the run's time is over.

    Args:
        trainee: takes the steps; its budget moves on by one epoch.
        pictures: ``[n, …]``, of which only number and device count.
        batch: pictures per step; what is left over at the end of the order waits for another epoch.
        loss_of: returns the loss of some rows.
        peak: learning rate that the schedule is a share of.
        most_gradient: length to which the gradient is cut.
    """
    budget, where = trainee.budget, pictures.device
    trainee.net.train()
    batches = torch.randperm(len(pictures)).to(where).split(batch)
    total, start, done = torch.zeros((), device=where), budget.epoch, 0
    for rows in batches:
        if len(rows) < batch and len(batches) > 1:
            continue
        loss = loss_of(rows)
        trainee.step(loss, learning_rate(budget.progress(), peak), most_gradient)
        total += loss.detach()
        done += 1
        budget.epoch = start + done / len(batches)
        if budget.progress() >= 1:
            break
    budget.epoch = round(start + 1)
    return float(total / max(done, 1))


def finished(folder: Path) -> dict[str, Any]:
    """Return what a finished run left in ``model.pt``: the averaged weights as ``state``, and what they fit.

    Raises:
        InputError: the run has not finished.
    """
    path = folder / "model.pt"
    if not path.exists():
        raise InputError(f"{folder} holds no finished run: repeat its mien train command to go on with it")
    saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return saved


def begin_with(net: nn.Module, arch: str, folder: Path) -> None:
    """Fill a network of the architecture ``arch`` with the weights of a finished run.

    Raises:
        InputError: the run has not finished, or trained another architecture.
    """
    saved = finished(folder)
    if saved["arch"] != arch:
        raise InputError(f"{folder} holds a {saved['arch']}, and this run trains a {arch}")
    net.load_state_dict(saved["state"])
