"""The age and gender training run.

Age is learned as a distribution (Gao et al. 2017, "Deep label distribution learning with label ambiguity"): a normal
one of `SPREAD` years around the annotated age, and the absolute error of its mean; gender as one logit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mien.core.errors import InputError
from mien.evaluation.attribute_data import AttributeSet, read
from mien.models.spec import InputSpec
from mien.training.attributes.augment import augment
from mien.training.attributes.net import AGES, SIDE, AttributeNet, build
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

SPEC: Final = InputSpec(
    width=SIDE,
    height=SIDE,
    colour="rgb",
    mean=127.5,
    scale=1 / 63.75,
    template=((0.314, 0.3035), (0.686, 0.3035), (0.5, 0.519), (0.34, 0.697), (0.66, 0.697)),
    box=(0.086, -0.131, 0.911, 0.978),
)
"""What the network reads; export writes it into the manifest and nothing else defines it.

Template (made symmetric) and box are medians of what our detector finds on the training pictures, which are aligned
already: 800 of 800 found, the points within 1.4–2.7% of the width."""
SPREAD: Final = 2.5
"""Standard deviation in years of the age that is taught."""
INFANT: Final = 3
"""Younger faces hardly show a gender: their labels count for `INFANT_WEIGHT`."""
INFANT_WEIGHT: Final = 0.2


@dataclasses.dataclass(frozen=True, slots=True)
class Recipe:
    """What defines a run.

    Attributes:
        arch: one of `net.ARCHS`.
        epochs: length of the schedule, unless ``minutes`` ends it earlier.
        minutes: time budget; the schedule anneals fully within it.
        batch: faces per step.
        rate: peak learning rate of AdamW.
        decay: weight decay.
        years: weight of the absolute error of the mean age, per year.
        gender: weight of the gender's loss.
        start: folder of a finished run of the same architecture whose weights this one begins with.
        seed: of everything random.
    """

    arch: str = "ag-m"
    epochs: int = 120
    minutes: float | None = None
    batch: int = 128
    rate: float = 2e-3
    decay: float = 0.05
    years: float = 0.5
    gender: float = 1.0
    start: str | None = None
    seed: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Tensors:
    """A labelled set on a device: RGB uint8 ``[n, 3, h, w]``, years ``[n]``, 1 for female ``[n]``."""

    images: Tensor
    age: Tensor
    gender: Tensor

    @classmethod
    def of(cls, data: AttributeSet, where: torch.device) -> Tensors:
        if data.images.shape[1:3] != (SIDE, SIDE):
            raise InputError(f"{data.name}: the pictures must be {SIDE}×{SIDE}, got {data.images.shape[1:3]}")
        rgb = np.ascontiguousarray(SPEC.recolour(data.images).transpose(0, 3, 1, 2))
        return cls(
            torch.from_numpy(rgb).to(where),
            torch.from_numpy(data.age).to(where).clamp(max=AGES - 1),
            torch.from_numpy(data.gender).to(where).float(),
        )


def splits(data: Path) -> tuple[AttributeSet, AttributeSet]:
    """Return the training and the development set below the folder ``data``."""
    return read(data / "train.parquet"), read(data / "dev.parquet")


def normalise(images: Tensor) -> Tensor:
    """Turn 0–1 into the network's input, by the one spec."""
    return ((images * 255 - SPEC.mean) * SPEC.scale).contiguous(memory_format=torch.channels_last)


def taught_ages(age: Tensor) -> Tensor:
    """Return the distribution over years ``[n, 101]`` that is taught for ages ``[n]``."""
    years = torch.arange(AGES, device=age.device)
    return torch.softmax(-((years - age[:, None]) ** 2) / (2 * SPREAD**2), 1)


def mean_age(logits: Tensor) -> Tensor:
    """Return the mean of the distribution, in years."""
    return logits.softmax(1) @ torch.arange(AGES, device=logits.device, dtype=logits.dtype)


def loss_of(
    age_logits: Tensor, gender_logits: Tensor, age: Tensor, gender: Tensor, years: float, gendered: float = 1.0
) -> Tensor:
    """Divergence of the age distribution, absolute error of its mean, and cross-entropy of the gender.

    Args:
        age_logits: ``[n, 101]``.
        gender_logits: ``[n, 1]`` of "female".
        age: in years ``[n]``.
        gender: 1 for female ``[n]``.
        years: weight of the absolute error, per year.
        gendered: weight of the gender's part.
    """
    wanted = taught_ages(age)
    divergence = F.kl_div(age_logits.log_softmax(1), wanted, reduction="batchmean")
    error = (mean_age(age_logits) - age).abs().mean()
    weight = torch.where(age < INFANT, INFANT_WEIGHT, 1.0)
    entropy = F.binary_cross_entropy_with_logits(gender_logits[:, 0], gender, weight, reduction="sum") / weight.sum()
    return divergence + years * error + gendered * entropy


@torch.no_grad()
def scores(net: nn.Module, data: Tensors) -> dict[str, float]:
    """Mean absolute error in years and share of right genders, without augmentation."""
    net.eval()
    off, right = [], []
    for rows in torch.arange(len(data.images), device=data.images.device).split(256):
        age, gender = net(normalise(data.images[rows].float() / 255))
        off.append((mean_age(age.float()) - data.age[rows]).abs())
        right.append(((gender[:, 0] > 0) == (data.gender[rows] > 0)).float())
    return {"age_mae": float(torch.cat(off).mean()), "gender": float(torch.cat(right).mean())}


def train(
    recipe: Recipe, train_set: AttributeSet, dev_set: AttributeSet, out: Path, tell: Callable[[dict[str, Any]], None]
) -> AttributeNet:
    """Train, going on from ``out``'s checkpoint where there is one, and return the averaged network.

    Args:
        recipe: what defines the run.
        train_set: aligned faces of 96×96 pixels.
        dev_set: scored after each epoch; nothing is selected on it: the final average is what is kept.
        out: the run's folder.
        tell: called with each epoch's values.

    Raises:
        InputError: ``out`` holds a run with another recipe, or the pictures have another size.
    """
    run = Run(out, dataclasses.asdict(recipe))
    torch.manual_seed(recipe.seed)
    where = device()
    data, dev = Tensors.of(train_set, where), Tensors.of(dev_set, where)
    net = build(recipe.arch)
    if recipe.start is not None:
        begin_with(net, recipe.arch, Path(recipe.start))
    to_device(net, where)
    optimiser = torch.optim.AdamW(parameter_groups(net, recipe.decay), lr=recipe.rate)
    trainee = Trainee(net, Average(net), optimiser, Budget(recipe.epochs, recipe.minutes))
    trainee.resume(run)
    budget, shown = trainee.budget, partial(_loss, trainee, data, recipe)
    while budget.progress() < 1:
        loss = one_epoch(trainee, data.images, recipe.batch, shown, recipe.rate, most_gradient=5.0)
        values: dict[str, Any] = {
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


def _loss(trainee: Trainee, data: Tensors, recipe: Recipe, rows: Tensor) -> Tensor:
    images = augment(data.images[rows].float() / 255)
    with torch.autocast(images.device.type, torch.bfloat16):
        age, gender = trainee.net(normalise(images))
    return loss_of(age.float(), gender.float(), data.age[rows], data.gender[rows], recipe.years, recipe.gender)
