"""Views of landmark faces: cut out as the product cuts them, shaken, changed in light, blurred, covered.

A whole batch at a time, on whatever device the batch is on.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mien.core.types import Faces, FloatArray, Image
from mien.models.landmarks import MIRROR, five_points
from mien.models.spec import InputSpec
from mien.training.emotion.augment import light, uniform

BY_POINTS: Final = 0.7
"""Share of views cut out by the five points; the others by the box, as for a detector that gives no points."""


@dataclasses.dataclass(frozen=True, slots=True)
class Shake:
    """How far a view strays from the exact cut: ±degrees, scale factor (and its inverse), ±share of the side."""

    angle: float
    scale: float
    shift: float


BY_POINTS_SHAKE: Final = Shake(angle=15, scale=1.2, shift=0.08)
BY_BOX_SHAKE: Final = Shake(angle=30, scale=1.25, shift=0.1)
MIRROR_OFFSET: Final = 2.8
"""Pixels of a 160-pixel crop. The data set's labels lie 1.4 px to the right of where the faces' own symmetry puts them
(median over 301 upright frontal training faces, ±0.06), so a mirrored label must move twice that to lie so again."""


@dataclasses.dataclass(frozen=True, slots=True)
class Views:
    """Faces on a device and the transforms that cut them out; index 1 of the second axis is the mirrored face.

    Attributes:
        images: uint8 ``[n, 1, h, w]``.
        landmarks: float ``[n, 2, 68, 2]`` in pixels.
        by_points: float ``[n, 2, 2, 3]``, pixels of the picture → pixels of the input.
        by_box: float ``[2, 3]``, the same for all.
        size: width and height of the input.
    """

    images: Tensor
    landmarks: Tensor
    by_points: Tensor
    by_box: Tensor
    size: tuple[int, int]

    @classmethod
    def of(cls, images: Image, landmarks: FloatArray, spec: InputSpec, box: FloatArray, where: torch.device) -> Views:
        """Prepare grey ``images`` ``[n, h, w]`` with ``landmarks`` ``[n, 68, 2]`` and the face's ``box`` ``[4]``."""
        mirrored = mirror(landmarks, images.shape[2])
        both = np.stack([landmarks, mirrored], 1)
        boxes = np.tile(box, (len(images), 1))
        cuts = [spec.transforms(Faces.from_boxes(boxes, points=five_points(side))) for side in (landmarks, mirrored)]
        by_box = spec.transforms(Faces.from_boxes(box[None]))[0]
        return cls(
            images=torch.from_numpy(images[:, None]).to(where),
            landmarks=torch.from_numpy(both).to(where),
            by_points=torch.from_numpy(np.stack(cuts, 1)).to(where),
            by_box=torch.from_numpy(by_box).to(where),
            size=(spec.width, spec.height),
        )


def mirror(landmarks: FloatArray, width: int) -> FloatArray:
    """Return the landmarks ``[n, 68, 2]`` of the mirrored pictures of ``width`` pixels."""
    mirrored = landmarks[:, MIRROR].copy()
    mirrored[..., 0] = width - 1 + MIRROR_OFFSET * width / 160 - mirrored[..., 0]
    return mirrored


def draw(views: Views, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return augmented inputs 0–1 ``[k, 1, height, width]`` of these faces and their landmarks ``[k, 68, 2]``.

    Landmarks are fractions of the input.
    """
    n, where = len(rows), rows.device
    flip = torch.rand(n, device=where) < 0.5
    pointed = torch.rand(n, device=where) < BY_POINTS
    side = flip.long()
    base = torch.where(pointed[:, None, None], views.by_points[rows, side], views.by_box)
    cut = compose(shake(pointed, views.size), base)
    images = sample(views.images[rows].float() / 255, cut, flip, views.size)
    places = views.landmarks[rows, side]
    targets = torch.einsum("nij,nkj->nki", cut[:, :, :2], places) + cut[:, None, :, 2]
    images = cover(degrade(light(images))).clamp(0, 1)
    return images, targets / torch.tensor(views.size, device=where)


def shake(pointed: Tensor, size: tuple[int, int]) -> Tensor:
    """Return random similarity transforms ``[n, 2, 3]`` about the middle of the input, in its pixels."""
    n = len(pointed)
    like = pointed.float()
    turn, zoom, shift = (
        torch.where(pointed, getattr(BY_POINTS_SHAKE, name), getattr(BY_BOX_SHAKE, name))
        for name in ("angle", "scale", "shift")
    )
    angle = uniform(n, -1, 1, like) * turn * (math.pi / 180)
    scale = torch.exp(uniform(n, -1, 1, like) * torch.log(zoom))
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    linear = torch.stack([cos, -sin, sin, cos], 1).view(n, 2, 2)
    extent = torch.tensor(size, dtype=torch.float32, device=pointed.device)
    middle = extent / 2
    moved = torch.stack([uniform(n, -1, 1, like), uniform(n, -1, 1, like)], 1) * shift[:, None] * extent
    offset = middle + moved - linear @ middle
    return torch.cat([linear, offset[:, :, None]], 2)


def compose(second: Tensor, first: Tensor) -> Tensor:
    """Return the affine transforms ``[n, 2, 3]`` that do ``first``, then ``second``."""
    linear = second[:, :, :2] @ first[:, :, :2]
    offset = (second[:, :, :2] @ first[:, :, 2:]) + second[:, :, 2:]
    return torch.cat([linear, offset], 2)


def sample(images: Tensor, cut: Tensor, flip: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut views out of (mirrored) pictures as `mien.core.geometry.warp` does: bilinear, edges repeated."""
    height, width = images.shape[2:]
    inverse = torch.linalg.inv(cut[:, :, :2])
    ys, xs = (torch.arange(length, dtype=torch.float32, device=images.device) for length in (size[1], size[0]))
    grid = torch.stack(torch.meshgrid(xs, ys, indexing="xy"), -1)
    source = torch.einsum("nij,hwnj->nhwi", inverse, grid[:, :, None] - cut[:, :, 2])
    extent = torch.tensor([width - 1, height - 1], dtype=torch.float32, device=images.device)
    places = source / extent * 2 - 1
    places[..., 0] = torch.where(flip[:, None, None], -places[..., 0], places[..., 0])
    return F.grid_sample(images, places, mode="bilinear", padding_mode="border", align_corners=True)


def degrade(images: Tensor) -> Tensor:
    """Lower the resolution of a quarter of the batch, blur an eighth in one direction, add noise to a quarter."""
    n, _, height, width = images.shape
    images = images.clone()
    rows = torch.randperm(n, device=images.device)
    for factor, part in zip((0.25, 0.35, 0.5, 0.7), rows[: n // 4].tensor_split(4), strict=True):
        low = F.interpolate(images[part], scale_factor=factor, mode="bilinear", antialias=True, align_corners=False)
        images[part] = F.interpolate(low, size=(height, width), mode="bilinear", align_corners=False)
    streaked = rows[n // 4 : n // 4 + n // 8]
    for kernel, part in zip(streaks(images.device), streaked.tensor_split(4), strict=True):
        padded = F.pad(images[part], (3, 3, 3, 3), mode="replicate")
        images[part] = F.conv2d(padded, kernel[None, None])
    noisy = rows[-(n // 4) :]
    images[noisy] += torch.randn_like(images[noisy]) * uniform(len(noisy), 0.01, 0.06, images).view(-1, 1, 1, 1)
    return images


def streaks(where: torch.device) -> Tensor:
    """Return kernels ``[4, 7, 7]`` of motion blur: across, down, and the two diagonals."""
    line = torch.full((7,), 1 / 7, device=where)
    across = torch.zeros(7, 7, device=where)
    across[3] = line
    return torch.stack([across, across.T, torch.diag(line), torch.diag(line).flip(0)])


def cover(images: Tensor) -> Tensor:
    """Put a rectangle of noise, of one grey, or of another face over half of the batch."""
    n, _, height, width = images.shape
    like = images
    w, h = uniform(n, 0.12, 0.42, like) * width, uniform(n, 0.12, 0.42, like) * height
    left, top = uniform(n, -0.1, 0.9, like) * width, uniform(n, -0.1, 0.9, like) * height
    xs, ys = torch.arange(width, device=images.device)[None], torch.arange(height, device=images.device)[None]
    in_x = (xs >= left[:, None]) & (xs < (left + w)[:, None])
    in_y = (ys >= top[:, None]) & (ys < (top + h)[:, None])
    chosen = torch.rand(n, device=images.device) < 0.5
    mask = (in_y[:, :, None] & in_x[:, None, :] & chosen[:, None, None])[:, None]
    kind = torch.rand(n, 1, 1, 1, device=images.device)
    grey = torch.rand(n, 1, 1, 1, device=images.device).expand_as(images)
    filling = torch.where(kind < 0.4, images.roll(1, 0), torch.where(kind < 0.7, grey, torch.rand_like(images)))
    return torch.where(mask, filling, images)
