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

from mien.core.errors import InputError, SettingsError
from mien.core.settings import AnalyzerSettings
from mien.core.types import Image, IntArray
from mien.evaluation import emotion_data
from mien.evaluation.emotion_data import EmotionSet
from mien.evaluation.metrics import confusion
from mien.models import detector as detectors
from mien.models.spec import InputSpec
from mien.training.emotion import unlabelled
from mien.training.emotion.augment import augment, clear, flipped
from mien.training.emotion.distil import TAUGHT, Lessons, load_teachers, taught_loss
from mien.training.emotion.framing import reframe
from mien.training.emotion.net import EmotionNet, build
from mien.training.loops import (
    Average,
    Budget,
    Run,
    Trainee,
    begin_with,
    device,
    one_epoch,
    parameter_groups,
    to_device,
)

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
        arch: one of `net.ARCHS`, or of `teachers.TEACHERS`.
        epochs: length of the schedule, unless ``minutes`` ends it earlier.
        minutes: time budget; the schedule anneals fully within it.
        batch: pictures per step.
        rate: peak learning rate of SGD with Nesterov momentum.
        decay: weight decay.
        dropout: before the heads.
        fer_weight: weight of the seven-class head's part of the loss.
        seed: of everything random.
        teachers: folders of finished runs that teach this one.
        views: augmented views of the set that the teachers speak about; see `distil`.
        start: folder of a finished run of the same architecture whose weights this one begins with.
        framing: ``raw`` reads the pictures as they are, ``aligned`` as the live path would frame their faces.
        webcam: show some pictures as bad webcams would: blurred, noisy, dark.
        unlabelled: Parquet files of pictures whose faces are shown too, with what the teachers say of them.
    """

    arch: str = "fer-s"
    epochs: int = 240
    minutes: float | None = None
    batch: int = 256
    rate: float = 0.1
    decay: float = 5e-4
    dropout: float | None = None
    fer_weight: float = 0.5
    seed: int = 0
    teachers: tuple[str, ...] = ()
    views: int = 20
    start: str | None = None
    framing: str = "raw"
    webcam: bool = True
    unlabelled: tuple[str, ...] = ()


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

    def joined(self, faces: Image) -> Tensors:
        """Return this set with ``faces`` (``[n, 48, 48]``), which have no labels, behind it."""
        new = torch.from_numpy(faces[:, None]).to(self.images.device)
        return Tensors(
            torch.cat([self.images, new]),
            torch.cat([self.votes, self.votes.new_zeros(len(new), 8)]),
            torch.cat([self.voted, self.voted.new_zeros(len(new))]),
            torch.cat([self.fer, self.fer.new_full((len(new),), -1)]),
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
        InputError: nothing to train on, a teacher has not finished, or ``out`` holds a run with another recipe.
        SettingsError: there is no such framing, or there are unlabelled faces and no teacher.
    """
    run = Run(out, _config(recipe))
    torch.manual_seed(recipe.seed)
    where = device()
    kept = train_set.rows(~train_set.leave_out)
    if not len(kept):
        raise InputError(f"{train_set.name} holds no rows to train on once near-duplicates are left out")
    data, dev = (Tensors.of(_framed(part, recipe.framing), where) for part in (kept, dev_set))
    if recipe.unlabelled:
        data = data.joined(_unlabelled(recipe))
    lessons = _lessons(recipe, data)
    trainee = _trainee(recipe, where)
    trainee.resume(run)
    budget = trainee.budget
    while budget.progress() < 1:
        loss = teach(trainee, data, lessons, recipe)
        values = {
            "epoch": int(budget.epoch),
            "seconds": round(budget.elapsed(), 1),
            "progress": round(budget.progress(), 4),
            "train_loss": round(loss, 4),
            **{f"dev_{k}": round(v, 4) for k, v in scores(trainee.average.net, dev).items()},
        }
        run.log(**values)
        trainee.save(run)
        tell(values)
    torch.save({"arch": recipe.arch, "state": trainee.average.net.state_dict()}, out / "model.pt")
    return trainee.average.net  # type: ignore[return-value]


def _framed(data: EmotionSet, framing: str) -> EmotionSet:
    if framing not in ("raw", "aligned"):
        raise SettingsError(f"framing must be raw or aligned, got {framing!r}")
    if framing == "raw":
        return data
    framed, found = reframe(data, detectors.create(AnalyzerSettings()), SPEC)
    if found == 0:
        raise InputError(f"no face was found in {data.name}: train with --framing raw")
    return framed


def _unlabelled(recipe: Recipe) -> Image:
    if not recipe.teachers:
        raise SettingsError("faces without labels need a --teacher to say what is seen on them")
    return unlabelled.read(map(Path, recipe.unlabelled), detectors.create(AnalyzerSettings()), SPEC)


def _config(recipe: Recipe) -> dict[str, Any]:
    """The recipe as a checkpoint keeps it: plain lists, so that it compares equal after loading."""
    return {name: list(v) if isinstance(v, tuple) else v for name, v in dataclasses.asdict(recipe).items()}


def _trainee(recipe: Recipe, where: torch.device) -> Trainee:
    net = build(recipe.arch, recipe.dropout)
    if recipe.start is not None:
        begin_with(net, recipe.arch, Path(recipe.start))
    to_device(net, where)
    groups = parameter_groups(net, recipe.decay)
    optimiser = torch.optim.SGD(groups, lr=recipe.rate, momentum=0.9, nesterov=True)
    return Trainee(net, Average(net), optimiser, Budget(recipe.epochs, recipe.minutes))


def _lessons(recipe: Recipe, data: Tensors) -> Lessons | None:
    if not recipe.teachers:
        return None
    nets = load_teachers([Path(run) for run in recipe.teachers], data.images.device)
    return Lessons(data.images, nets, recipe.views, recipe.seed, _change(recipe), normalise)


def _change(recipe: Recipe) -> Callable[[Tensor], Tensor]:
    return augment if recipe.webcam else clear


def teach(trainee: Trainee, data: Tensors, lessons: Lessons | None, recipe: Recipe) -> float:
    """Show every picture once; return the mean loss."""
    view = None if lessons is None else lessons.view(round(trainee.budget.epoch))

    def loss(rows: Tensor) -> Tensor:
        shown, change = (data.images, _change(recipe)) if view is None else (view.images, flipped)
        images = change(shown[rows].float() / 255)
        with torch.autocast(images.device.type, torch.bfloat16):
            eight, seven = trainee.net(normalise(images).contiguous(memory_format=torch.channels_last))
        labelled = loss_of((eight, seven), data.votes[rows], data.voted[rows], data.fer[rows], recipe.fer_weight)
        if view is None:
            return labelled
        taught = taught_loss(eight, view.eight[rows]) + recipe.fer_weight * taught_loss(seven, view.seven[rows])
        return (1 - TAUGHT) * labelled + TAUGHT * taught

    return one_epoch(trainee, data.images, recipe.batch, loss, recipe.rate)
