"""The emotion training run: soft votes of FER+ and hard labels of FER2013, two heads on one trunk."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mien.core.errors import InputError
from mien.core.types import IntArray
from mien.evaluation import emotion_data
from mien.evaluation.emotion_data import EmotionSet
from mien.evaluation.metrics import confusion
from mien.models.spec import InputSpec
from mien.training.emotion.augment import augment
from mien.training.emotion.net import EmotionNet, build
from mien.training.loops import Average, Budget, Run, device, learning_rate, to_device

SPEC = InputSpec(
    width=48,
    height=48,
    colour="grey",
    mean=127.5,
    scale=1 / 63.75,
    template=((0.319, 0.388), (0.674, 0.392), (0.491, 0.595), (0.338, 0.755), (0.644, 0.759)),
    box=(0.124, 0.008, 0.883, 1.006),
)
"""What the network reads; export writes it into the manifest and nothing else defines it.

The template and the box are medians of what our detector finds on the training pictures, so that a face cut out of a
frame is framed as they are."""


@dataclasses.dataclass(frozen=True, slots=True)
class Recipe:
    """What defines a run.

    Attributes:
        arch: one of `net.ARCHS`.
        epochs: length of the schedule, unless ``minutes`` ends it earlier.
        minutes: time budget; the schedule anneals fully within it.
        batch: pictures per step.
        rate: peak learning rate of SGD with Nesterov momentum.
        decay: weight decay.
        dropout: before the heads.
        fer_weight: weight of the seven-class cross-entropy beside the soft votes.
        seed: of everything random.
    """

    arch: str = "fer-s"
    epochs: int = 240
    minutes: float | None = None
    batch: int = 256
    rate: float = 0.1
    decay: float = 5e-4
    dropout: float = 0.2
    fer_weight: float = 0.5
    seed: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Tensors:
    """A labelled set on a device: images float 0–1 ``[n, 1, 48, 48]``, soft votes ``[n, 8]``, labels ``[n]``."""

    images: Tensor
    votes: Tensor
    voted: Tensor
    fer: Tensor

    @classmethod
    def of(cls, data: EmotionSet, where: torch.device) -> Tensors:
        votes = np.zeros((len(data), 8), np.float32)
        if data.votes is not None:
            votes = emotion_data.vote_distribution(data.votes)
        return cls(
            torch.from_numpy(data.images[:, None]).to(where),
            torch.from_numpy(votes).to(where),
            torch.from_numpy(votes.sum(1) > 0).to(where),
            torch.from_numpy(data.fer_label).to(where),
        )


def loss_of(logits: tuple[Tensor, Tensor], votes: Tensor, voted: Tensor, fer: Tensor, fer_weight: float) -> Tensor:
    """Cross-entropy against the vote distribution, plus the seven-class one; rows without a label count for nothing."""
    eight, seven = (head.float() for head in logits)
    soft = -(votes * F.log_softmax(eight, 1)).sum(1)
    hard = F.cross_entropy(seven, fer, reduction="none", ignore_index=-1)
    return (soft.sum() / voted.sum().clamp(min=1)) + fer_weight * hard.sum() / (fer >= 0).sum().clamp(min=1)


def normalise(images: Tensor) -> Tensor:
    """Turn 0–1 into the network's input, by the one spec."""
    return (images * 255 - SPEC.mean) * SPEC.scale


@torch.no_grad()
def scores(net: nn.Module, data: Tensors) -> dict[str, float]:
    """Accuracy of both heads and NLL against the votes, without augmentation."""
    net.eval()
    eight, seven = [], []
    for images in data.images.split(512):
        a, b = net(normalise(images.float() / 255).contiguous(memory_format=torch.channels_last))
        eight.append(a.float())
        seven.append(b.float())
    logits8, logits7 = torch.cat(eight), torch.cat(seven)
    kept = data.votes.max(1).values > 0.5
    soft = -(data.votes * F.log_softmax(logits8, 1)).sum(1)[data.voted]
    return {
        "fer2013": float((logits7.argmax(1) == data.fer).float().mean()),
        "ferplus": float((logits8.argmax(1) == data.votes.argmax(1))[kept].float().mean()) if kept.any() else 0.0,
        "loss": float(soft.mean()) if len(soft) else float(F.cross_entropy(logits7, data.fer)),
    }


@torch.no_grad()
def confusion_of(net: nn.Module, data: EmotionSet) -> IntArray:
    """Confusion matrix ``[7, 7]`` of the seven-class head: row is the label, column the prediction."""
    where = next(net.parameters()).device
    images = torch.from_numpy(data.images[:, None]).to(where)
    heads = [net.eval()(normalise(part.float() / 255))[1].argmax(1) for part in images.split(512)]
    return confusion(torch.cat(heads).cpu().numpy(), data.fer_label, 7)


def train(
    recipe: Recipe, train_set: EmotionSet, dev_set: EmotionSet, out: Path, tell: Callable[[dict[str, Any]], None]
) -> EmotionNet:
    """Train, going on from ``out``'s checkpoint where there is one, and return the averaged network.

    Args:
        recipe: what defines the run.
        train_set: rows marked ``leave_out``, and rows that no label is left of, are not used.
        dev_set: scored after each epoch; nothing is selected on it: the final average is what is kept.
        out: the run's folder.
        tell: called with each epoch's values.

    Raises:
        InputError: nothing to train on, or ``out`` holds a run with another recipe.
    """
    run = Run(out, dataclasses.asdict(recipe))
    torch.manual_seed(recipe.seed)
    where = device()
    kept = train_set.rows(~train_set.leave_out)
    if not len(kept):
        raise InputError(f"{train_set.name} holds no rows to train on once near-duplicates are left out")
    data = Tensors.of(kept, where)
    dev = Tensors.of(dev_set, where)
    net = to_device(build(recipe.arch, recipe.dropout), where)
    average = Average(net)
    optimiser = torch.optim.SGD(_groups(net, recipe.decay), lr=recipe.rate, momentum=0.9, nesterov=True)
    budget = Budget(recipe.epochs, recipe.minutes)
    if state := run.load():
        net.load_state_dict(state["net"])
        average.net.load_state_dict(state["average"])
        average.steps = state["steps"]
        optimiser.load_state_dict(state["optimiser"])
        budget.restore(state["budget"])
        torch.set_rng_state(state["random"])
    while budget.progress() < 1:
        loss = _epoch(net, average, optimiser, data, recipe, budget)
        budget.epoch = round(budget.epoch)
        values = {
            "epoch": int(budget.epoch),
            "seconds": round(budget.elapsed(), 1),
            "progress": round(budget.progress(), 4),
            "train_loss": round(loss, 4),
            **{f"dev_{k}": round(v, 4) for k, v in scores(average.net, dev).items()},
        }
        run.log(**values)
        run.save(
            net=net.state_dict(),
            average=average.net.state_dict(),
            steps=average.steps,
            optimiser=optimiser.state_dict(),
            budget=budget.state(),
            random=torch.get_rng_state(),
        )
        tell(values)
    torch.save({"arch": recipe.arch, "state": average.net.state_dict()}, out / "model.pt")
    return average.net  # type: ignore[return-value]


def _groups(net: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Weight decay for the kernels alone: on biases and batch norms it only slows learning."""
    kernels = [p for p in net.parameters() if p.ndim > 1]
    return [{"params": kernels, "weight_decay": decay}, {"params": [p for p in net.parameters() if p.ndim <= 1]}]


def _epoch(
    net: nn.Module, average: Average, optimiser: torch.optim.Optimizer, data: Tensors, recipe: Recipe, budget: Budget
) -> float:
    net.train()
    where = data.images.device
    order = torch.randperm(len(data.images)).to(where)
    total, start = torch.zeros((), device=where), budget.epoch
    batches = order.split(recipe.batch)
    done = 0
    for rows in batches:
        if len(rows) < recipe.batch and len(batches) > 1:
            continue
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(budget.progress(), recipe.rate)
        images = augment(data.images[rows].float() / 255)
        with torch.autocast(where.type, torch.bfloat16):
            logits = net(normalise(images).contiguous(memory_format=torch.channels_last))
        loss = loss_of(logits, data.votes[rows], data.voted[rows], data.fer[rows], recipe.fer_weight)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        average.update(net)
        total += loss.detach()
        done += 1
        budget.epoch = start + done / len(batches)
        if budget.progress() >= 1:
            break
    budget.epoch = start + 1
    return float(total / max(done, 1))
