"""The landmark training run: direct regression of 68 points."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from mien.core.errors import InputError
from mien.core.types import FloatArray
from mien.evaluation.landmarks import FACE_IN_CROP, LandmarkSet, nme, predict, read
from mien.models.landmarks import COUNT, locate
from mien.models.spec import InputSpec
from mien.training.landmarks.augment import Views, draw
from mien.training.landmarks.loss import opening_loss, wing_loss
from mien.training.landmarks.net import SIDE, LandmarkNet, build
from mien.training.loops import Average, Budget, Run, Trainee, device, one_epoch, parameter_groups, to_device

TEMPLATE: Final = ((0.356, 0.298), (0.644, 0.298), (0.5, 0.47), (0.383, 0.619), (0.617, 0.619))
"""Where the five points of the training faces lie on average (made symmetric) when the middle 132 of a crop's 160
pixels fill the input. The landmarks then take up 70% of it: room for turned faces and for a detector's errors."""
FACE_BOX: Final = (0.19, -0.03, 0.82, 0.84)
"""Where a detector's box lies when its five points lie on `TEMPLATE`: median over the detection training data."""
SPEC: Final = InputSpec(
    width=SIDE, height=SIDE, colour="grey", mean=127.5, scale=1 / 63.75, template=TEMPLATE, box=FACE_BOX
)
"""What the network reads; export writes it into the manifest and nothing else defines it."""
MOST_GRADIENT: Final = 5.0
CHECK_EVERY: Final = 5
"""Epochs between two measurements on the development set; the last epoch is measured too."""


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
        wing: width in pixels of the loss's logarithmic part.
        curvature: of that part, in pixels.
        eyes: weight of the squared error of how far the eyes are open.
        mouth: weight of the same of the mouth.
        seed: of everything random.
    """

    arch: str = "lm-m"
    epochs: int = 200
    minutes: float | None = None
    batch: int = 64
    rate: float = 2e-3
    decay: float = 0.05
    wing: float = 10.0
    curvature: float = 2.0
    eyes: float = 7.5
    mouth: float = 0.5
    seed: int = 0


def splits(data: Path) -> tuple[LandmarkSet, LandmarkSet]:
    """Return the training and the development set below the folder ``data``."""
    return read(data / "train.parquet"), read(data / "dev.parquet")


def views_of(data: LandmarkSet, where: torch.device) -> Views:
    """Prepare a set for `draw`.

    Raises:
        InputError: its pictures differ in size.
    """
    shapes = {image.shape[:2] for image in data.images}
    if len(shapes) != 1:
        raise InputError(f"{data.name}: the pictures must all have one size, found {len(shapes)}")
    height, width = shapes.pop()
    grey = np.stack([cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) for image in data.images]).astype(np.uint8)
    box = np.array(FACE_IN_CROP, np.float32) * [width, height, width, height]
    return Views.of(grey, data.landmarks, SPEC, box.astype(np.float32), where)


def runner(net: nn.Module) -> Callable[[FloatArray], Mapping[str, FloatArray]]:
    """Return what `mien.models.landmarks.locate` calls to run a torch network."""
    where = next(net.parameters()).device

    @torch.inference_mode()
    def run(x: FloatArray) -> Mapping[str, FloatArray]:
        tensor = torch.from_numpy(x).to(where, memory_format=torch.channels_last)
        return {"landmarks": net.eval()(tensor).float().cpu().numpy()}

    return run


def score(net: nn.Module, data: LandmarkSet) -> float:
    """Return the error in percent, measured as `mien evaluate landmarks` does."""
    run = runner(net)
    found, _ = predict(lambda image, faces: locate(run, SPEC, image, faces), data)
    return float(nme(found, data.landmarks).mean())


def train(
    recipe: Recipe, train_set: LandmarkSet, dev_set: LandmarkSet, out: Path, tell: Callable[[dict[str, Any]], None]
) -> LandmarkNet:
    """Train, going on from ``out``'s checkpoint where there is one, and return the averaged network.

    Args:
        recipe: what defines the run.
        train_set: square crops of one size, a face in each.
        dev_set: scored every `CHECK_EVERY` epochs; nothing is selected on it: the final average is what is kept.
        out: the run's folder.
        tell: called with each epoch's values.

    Raises:
        InputError: ``out`` holds a run with another recipe, or the pictures differ in size.
    """
    run = Run(out, dataclasses.asdict(recipe))
    torch.manual_seed(recipe.seed)
    where = device()
    views = views_of(train_set, where)
    net = build(recipe.arch)
    net.start_at(mean_shape(views))
    to_device(net, where)
    optimiser = torch.optim.AdamW(parameter_groups(net, recipe.decay), lr=recipe.rate)
    trainee = Trainee(net, Average(net), optimiser, Budget(recipe.epochs, recipe.minutes))
    trainee.resume(run)
    budget, shown = trainee.budget, partial(_loss, trainee, views, recipe)
    while budget.progress() < 1:
        loss = one_epoch(trainee, views.images, recipe.batch, shown, recipe.rate, MOST_GRADIENT)
        values: dict[str, Any] = {
            "epoch": int(budget.epoch),
            "seconds": round(budget.elapsed(), 1),
            "progress": round(budget.progress(), 4),
            "train_loss": round(loss, 4),
        }
        if values["epoch"] % CHECK_EVERY == 0 or values["progress"] == 1:
            values["dev_nme"] = round(score(trainee.average.net, dev_set), 3)
        run.log(**values)
        trainee.save(run)
        tell(values)
    torch.save({"arch": recipe.arch, "state": trainee.average.net.state_dict()}, out / "model.pt")
    return trainee.average.net  # type: ignore[return-value]


def ramp(progress: float) -> float:
    """Return the share of the weight that openings have at ``progress`` (0–1).

    None in the first quarter of the run, all from its middle on: they are differences between landmarks, and while the
    places themselves are far off they only drown them (measured: 5.9% against 5.1% error in the middle of the run).
    """
    return min(max((progress - 0.25) / 0.25, 0.0), 1.0)


def mean_shape(views: Views) -> Tensor:
    """Return the mean landmarks ``[68, 2]`` (fractions of the input) of the faces and their mirror images."""
    cut = views.by_points.flatten(0, 1)
    placed = torch.einsum("nij,nkj->nki", cut[:, :, :2], views.landmarks.flatten(0, 1)) + cut[:, None, :, 2]
    return (placed.mean(0) / torch.tensor(views.size, device=cut.device)).cpu()


def _loss(trainee: Trainee, views: Views, recipe: Recipe, rows: Tensor) -> Tensor:
    net = cast(LandmarkNet, trainee.net)
    images, wanted = draw(views, rows)
    x = ((images * 255 - SPEC.mean) * SPEC.scale).contiguous(memory_format=torch.channels_last)
    with torch.autocast(x.device.type, torch.bfloat16):
        features = net.features(x)
    found, wanted = net.place(features.float()).view(-1, COUNT, 2) * SIDE, wanted * SIDE
    share = ramp(trainee.budget.progress())
    openings = opening_loss(found, wanted, share * recipe.eyes, share * recipe.mouth)
    return wing_loss(found, wanted, recipe.wing, recipe.curvature) + openings
