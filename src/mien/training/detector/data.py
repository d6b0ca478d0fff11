"""Labelled pictures in memory, and the endless sequence of augmented batches made from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from mien.core.types import FloatArray, Image
from mien.evaluation.detection import LabelledPicture, read
from mien.training.detector.augment import Picture, Scene, compose

WEIGHTS: Final[Mapping[str, float]] = {
    "mtfl": 0.17,
    "udacity": 0.13,
    "lfw": 0.23,
    "newsphoto": 0.17,
    "mask": 0.22,
    "background": 0.08,
}
"""How often a picture comes from each source: crowds (``mask``) and pictures without a face are few, hence favoured."""

LARGE: Final = 2.5
"""Large batches have pictures of this many times the base size …"""
LARGE_SHARE: Final = 0.16
"""… are this share of all batches, and have as many pixels as the others, that is, fewer pictures."""


def load(paths: Iterable[Path], longest: int = 600) -> tuple[list[Picture], list[str]]:
    """Decode labelled pictures once; larger ones are shrunk to ``longest`` pixels on the long side.

    Returns:
        The pictures and, for each, its source.
    """
    pictures, sources = [], []
    for row in read(paths):
        pictures.append(_shrink(row, longest))
        sources.append(row.source)
    return pictures, sources


def _shrink(row: LabelledPicture, longest: int) -> Picture:
    image = row.decode()
    height, width = image.shape[:2]
    factor = min(1.0, longest / max(height, width))
    if factor < 1:
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return Picture(image, row.boxes * np.float32(factor), row.points * np.float32(factor))


PATIENCE: Final = 120.0
"""Seconds after which a worker that sends no batch is taken for dead."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of scenes; the faces of all pictures lie in one table with the number of their picture.

    Attributes:
        images: uint8 ``[b, h, w, 3]``, BGR.
        boxes: ``[g, 4]`` float32, x1 y1 x2 y2 in pixels.
        points: ``[g, 5, 2]``, NaN where unknown.
        owner: ``[g]`` int64, the picture of each face.
        ignored: ``[k, 4]`` areas in which nothing is right or wrong.
        ignored_owner: ``[k]`` int64.
    """

    images: torch.Tensor
    boxes: torch.Tensor
    points: torch.Tensor
    owner: torch.Tensor
    ignored: torch.Tensor
    ignored_owner: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        moved = (getattr(self, name).to(device, non_blocking=True) for name in Batch.__slots__)
        return Batch(*moved)

    def inputs(self, mean: float, scale: float) -> torch.Tensor:
        """Return the network's input, float32 ``[b, 3, h, w]`` (channels last in memory)."""
        return (self.images.permute(0, 3, 1, 2).float() - mean) * scale


def collate(scenes: Sequence[Scene]) -> Batch:
    """Put scenes of one size into a batch."""

    def table(parts: list[FloatArray]) -> tuple[torch.Tensor, torch.Tensor]:
        owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        return torch.from_numpy(np.concatenate(parts)), torch.from_numpy(owner)

    boxes, owner = table([scene.boxes for scene in scenes])
    points, _ = table([scene.points for scene in scenes])
    ignored, ignored_owner = table([scene.ignored for scene in scenes])
    images: Image = np.stack([scene.image for scene in scenes])
    return Batch(torch.from_numpy(images), boxes, points, owner, ignored, ignored_owner)


class Batches(Dataset[Batch]):
    """Batch number ``step`` of a run: made from the seed and the number alone, so a resumed run sees the same ones.

    Args:
        pictures: what to draw from.
        sources: the source of each picture, drawn by `WEIGHTS` (sources not named there weigh 0.1).
        size: base side of the square scenes in pixels, a multiple of 32.
        batch: scenes of the base size in a batch.
        seed: of the run.
    """

    def __init__(self, pictures: Sequence[Picture], sources: Sequence[str], size: int, batch: int, seed: int) -> None:
        self.pictures, self.size, self.batch, self.seed = pictures, size, batch, seed
        names, counts = np.unique(np.array(sources), return_counts=True)
        each = {name: WEIGHTS.get(name, 0.1) / count for name, count in zip(names, counts, strict=True)}
        weights = np.array([each[source] for source in sources])
        self.chance = np.cumsum(weights / weights.sum())

    def __getitem__(self, step: int) -> Batch:
        rng = np.random.default_rng((self.seed, step))
        large = rng.random() < LARGE_SHARE
        side = round(self.size * LARGE / 32) * 32 if large else self.size
        count = max(1, round(self.batch * (self.size / side) ** 2))
        return collate([compose(rng, lambda: self._draw(rng), side, zoomed=large) for _ in range(count)])

    def _draw(self, rng: np.random.Generator) -> Picture:
        return self.pictures[min(int(np.searchsorted(self.chance, rng.random())), len(self.pictures) - 1)]


class _From(Sampler[int]):
    """Counts up from a number without end."""

    def __init__(self, start: int) -> None:
        self.start = start

    def __iter__(self):  # type: ignore[no-untyped-def]
        step = self.start
        while True:
            yield step
            step += 1


def stream(batches: Batches, start: int, workers: int) -> DataLoader[Batch]:
    """Return an endless loader that begins at batch ``start``; ``workers`` processes make batches ahead.

    With workers, OpenCV runs on one thread from here on: its pool of threads does not survive the fork, and a worker
    that inherits the belief in such a pool waits for it for ever.
    """
    if workers:
        cv2.setNumThreads(1)
    ahead = 4 if workers else None
    return DataLoader(
        batches,
        batch_size=None,
        sampler=_From(start),
        num_workers=workers,
        prefetch_factor=ahead,
        timeout=PATIENCE if workers else 0,
    )
