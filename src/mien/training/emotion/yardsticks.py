"""The networks that others use, trained as they train them: what ours is measured against.

``mini-xception`` is that of Arriaga, Plöger & Valdenegro 2017, "Real-time convolutional neural networks for emotion and
gender classification"; ``cnn-guide`` is the three-block network of many tutorials. They learn the seven hard labels
only, with Adam, a rate that falls when the loss on the development set stands still, and an early end: so, unlike ours,
they are chosen on the set that they are then measured on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mien.core.errors import InputError
from mien.core.labels import EMOTIONS, FER2013, FER2013_IN_EMOTIONS
from mien.evaluation.emotion_data import EmotionSet
from mien.training.blocks import Point
from mien.training.emotion.augment import plain
from mien.training.emotion.train import Tensors, normalise, scores
from mien.training.loops import Average, Budget, Run, Trainee, device, parameter_groups, to_device

CONTEMPT: Final = -15.0
"""Logit of what these networks do not know."""
LEAST_RATE: Final = 1e-6


@dataclasses.dataclass(frozen=True, slots=True)
class Recipe:
    """What defines a run.

    Attributes:
        arch: one of `YARDSTICKS`.
        epochs: at most so many.
        minutes: at most so long; the rate does not follow it.
        batch: pictures per step.
        rate: of Adam, at first.
        decay: weight decay of the kernels.
        patience: epochs without a better loss on the development set after which the rate falls to a tenth; after
            four times as many the run ends.
        seed: of everything random.
    """

    arch: str = "mini-xception"
    epochs: int = 300
    minutes: float | None = None
    batch: int = 32
    rate: float = 1e-3
    decay: float = 1e-4
    patience: int = 12
    seed: int = 0


class Separable(nn.Sequential):
    """Depthwise 3×3, pointwise 1×1, batch norm."""

    def __init__(self, inputs: int, outputs: int) -> None:
        depthwise = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
        super().__init__(depthwise, nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))


class Module(nn.Module):
    """Two separable convolutions and a maximum, beside a convolution of stride 2."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.skip = nn.Sequential(Point(inputs, outputs, 2), nn.BatchNorm2d(outputs))
        self.body = nn.Sequential(
            Separable(inputs, outputs), nn.ReLU(), Separable(outputs, outputs), nn.MaxPool2d(3, 2, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x) + self.skip(x)
        return y


def mini_xception() -> nn.Sequential:
    """Return the network for 64×64 grey: 58 thousand parameters, logits ``[n, 7]``."""
    stem: list[nn.Module] = []
    for inputs in (1, 8):
        stem += [nn.Conv2d(inputs, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU()]
    modules = [Module(inputs, outputs) for inputs, outputs in ((8, 16), (16, 32), (32, 64), (64, 128))]
    head = [nn.Conv2d(128, len(FER2013), 3, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*stem, *modules, *head)


def cnn_guide() -> nn.Sequential:
    """Return the tutorials' network for 48×48 grey: blocks of 32-64-128, 128 units, logits ``[n, 7]``."""
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25)]
    layers += [nn.Flatten(), nn.Linear(128 * 6 * 6, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, len(FER2013))]
    return nn.Sequential(*layers)


YARDSTICKS: Final[dict[str, tuple[Callable[[], nn.Module], int]]] = {
    "mini-xception": (mini_xception, 64),
    "cnn-guide": (cnn_guide, 48),
}
"""How each is made, and the side in pixels of what it sees."""


class Yardstick(nn.Module):
    """Grey ``[n, 1, 48, 48]`` → logits ``[n, 8]`` and ``[n, 7]`` as of `EmotionNet`; it never sees contempt."""

    spread: Tensor
    unknown: Tensor

    def __init__(self, arch: str) -> None:
        super().__init__()
        make, self.side = YARDSTICKS[arch]
        self.net = make()
        spread = torch.zeros(len(FER2013), len(EMOTIONS))
        spread[range(len(FER2013)), list(FER2013_IN_EMOTIONS)] = 1
        self.register_buffer("spread", spread)
        self.register_buffer("unknown", CONTEMPT * (1 - spread.sum(0)))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if x.shape[-1] != self.side:
            x = F.interpolate(x, size=(self.side, self.side), mode="bilinear", align_corners=False)
        seven: Tensor = self.net(x)
        return seven @ self.spread + self.unknown, seven


class Plateau:
    """Lowers the rate when the loss stands still, ends the run when it goes on standing; keeps the best weights."""

    def __init__(self, rate: float, patience: int) -> None:
        self.rate, self.patience = rate, patience
        self.best, self.since, self.waited = float("inf"), 0, 0

    def take(self, loss: float) -> bool:
        """Take in an epoch's loss; whether it is the best so far."""
        if loss < self.best - 1e-4:
            self.best, self.since, self.waited = loss, 0, 0
            return True
        self.since, self.waited = self.since + 1, self.waited + 1
        if self.waited >= self.patience:
            self.rate, self.waited = max(self.rate / 10, LEAST_RATE), 0
        return False

    @property
    def over(self) -> bool:
        """Whether it stood still for too long."""
        return self.since >= 4 * self.patience


def train(
    recipe: Recipe, train_set: EmotionSet, dev_set: EmotionSet, out: Path, tell: Callable[[dict[str, Any]], None]
) -> Yardstick:
    """Train, going on from ``out``'s checkpoint where there is one; return the network of the best epoch.

    Args and errors as of `mien.training.emotion.train.train`; the best epoch is that with the least loss on the
    development set, as the originals choose it.
    """
    run = Run(out, dataclasses.asdict(recipe))
    torch.manual_seed(recipe.seed)
    where = device()
    kept = train_set.rows(~train_set.leave_out & (train_set.fer_label >= 0))
    if not len(kept):
        raise InputError(f"{train_set.name} holds no rows with one of the seven labels to train on")
    data, dev = Tensors.of(kept, where), Tensors.of(dev_set, where)
    net = Yardstick(recipe.arch)
    to_device(net, where)
    optimiser = torch.optim.Adam(parameter_groups(net, recipe.decay), lr=recipe.rate)
    # The "average" holds the best epoch's weights.
    trainee = Trainee(net, Average(net), optimiser, Budget(recipe.epochs, recipe.minutes))
    trainee.resume(run)
    plateau = Plateau(recipe.rate, recipe.patience)
    for line in Run.history_of(out):
        plateau.take(line["dev_loss"])
    while trainee.budget.progress() < 1 and not plateau.over:
        loss = _epoch(trainee, data, plateau.rate, recipe.batch)
        found = measure(net, dev)
        if plateau.take(found["loss"]):
            trainee.average.net.load_state_dict(net.state_dict())
        line = {
            "epoch": int(trainee.budget.epoch),
            "seconds": round(trainee.budget.elapsed(), 1),
            "progress": 1.0 if plateau.over else round(trainee.budget.progress(), 4),
            "rate": plateau.rate,
            "train_loss": round(loss, 4),
            **{f"dev_{name}": round(value, 4) for name, value in found.items()},
        }
        run.log(**line)
        trainee.save(run)
        tell(line)
    torch.save({"arch": recipe.arch, "state": trainee.average.net.state_dict()}, out / "model.pt")
    return trainee.average.net  # type: ignore[return-value]


@torch.no_grad()
def measure(net: nn.Module, dev: Tensors) -> dict[str, float]:
    """Return accuracy on both label sets, and the loss on the seven labels, which the schedule follows."""
    found = scores(net, dev)
    logits = [net.eval()(normalise(images.float() / 255))[1].float() for images in dev.images.split(512)]
    return {**found, "loss": float(F.cross_entropy(torch.cat(logits), dev.fer, ignore_index=-1))}


def _epoch(trainee: Trainee, data: Tensors, rate: float, batch: int) -> float:
    where = data.images.device
    trainee.net.train()
    total, done = torch.zeros((), device=where), 0
    for group in trainee.optimiser.param_groups:
        group["lr"] = rate
    for rows in torch.randperm(len(data.images)).to(where).split(batch):
        if len(rows) < 2:
            continue
        images = plain(data.images[rows].float() / 255)
        with torch.autocast(where.type, torch.bfloat16):
            _, seven = trainee.net(normalise(images).contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(seven.float(), data.fer[rows])
        trainee.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        trainee.optimiser.step()
        total += loss.detach()
        done += 1
    trainee.budget.epoch += 1
    return float(total / max(done, 1))
