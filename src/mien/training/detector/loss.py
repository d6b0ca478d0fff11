"""What the detector is taught: objectness, box quality, boxes, points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import smooth_l1_loss

from mien.training.detector.assign import assign, cells, iou
from mien.training.detector.data import Batch
from mien.training.detector.net import CHANNELS, STRIDES

BOX_WEIGHT: Final = 5.0
POINT_WEIGHT: Final = 0.1
"""Of the recipe that the boxes want; to sharpen the points of a finished run, more (`train`'s ``point_weight``)."""
BETA: Final = 1 / 9
MAX_LOG_SIZE: Final = 6.0


def flatten(maps: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the output maps as one float32 table ``[b, n, 16]`` in the order of `cells`."""
    return torch.cat([m.float().flatten(2).transpose(1, 2) for m in maps], 1)


def decode_boxes(raw: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    """Return boxes ``[b, n, 4]``: centre = p·s + cell, size = exp(p)·s."""
    stride = grid[:, 2:]
    centre = raw[..., :2] * stride + grid[:, :2]
    half = raw[..., 2:].clamp(max=MAX_LOG_SIZE).exp() * stride / 2
    return torch.cat([centre - half, centre + half], -1)


def extended_iou_loss(predicted: torch.Tensor, wanted: torch.Tensor, smooth: float = 0.1) -> torch.Tensor:
    """Return ``[k]``: smooth extended IoU loss of box pairs ``[k, 4]``.

    Boxes that do not meet have a negative overlap, so that they are drawn together. Peng and Yu 2021, "A systematic
    IoU-related method: beyond simplified regression for better localization", as used by YuNet.
    """
    outer = torch.minimum(predicted[:, :2], wanted[:, :2])
    low = torch.maximum(predicted[:, :2], wanted[:, :2]) - outer
    high = torch.minimum(predicted[:, 2:], wanted[:, 2:]) - outer
    least, most = torch.minimum(low, high), torch.maximum(low, high)
    overlap = high.prod(1) + least.prod(1) - low[:, 0] * most[:, 1] - most[:, 0] * low[:, 1]
    union = (predicted[:, 2:] - predicted[:, :2]).prod(1) + (wanted[:, 2:] - wanted[:, :2]).prod(1) - overlap
    loss = 1 - overlap / (union + 1e-7)
    return torch.where(loss < smooth, 0.5 * loss**2 / smooth, loss - 0.5 * smooth)


def ignore_mask(grid: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Return ``[b, n]``: True for cells that lie in an ignored area of their picture."""
    x, y = grid[:, 0], grid[:, 1]
    mask = torch.zeros(len(batch.images), len(grid), dtype=torch.int32, device=grid.device)
    if len(batch.ignored):
        x1, y1, x2, y2 = (v[:, None] for v in batch.ignored.unbind(1))
        inside = (x >= x1) & (x <= x2) & (y >= y1) & (y <= y2)
        mask.index_add_(0, batch.ignored_owner, inside.int())
    return mask > 0


def detector_loss(
    maps: Sequence[torch.Tensor], batch: Batch, point_weight: float = POINT_WEIGHT
) -> dict[str, torch.Tensor]:
    """Return the parts of the loss, each already weighted and per assigned cell; their sum is what is minimised.

    Args:
        maps: the network's three outputs.
        batch: the scenes' faces, on the same device.
        point_weight: of the five points' part.
    """
    height, width = batch.images.shape[1:3]
    grid = cells(height, width, STRIDES, batch.images.device)
    raw = flatten(maps)
    assert raw.shape[1:] == (len(grid), CHANNELS)
    cls, obj = raw[..., 0], raw[..., 1]
    predicted = decode_boxes(raw[..., 2:6], grid)
    matched = assign(grid, cls, obj, predicted, batch.boxes, batch.owner)
    hit = matched >= 0
    count = hit.sum().clamp(min=1)
    counts = hit | ~ignore_mask(grid, batch)
    losses = {"obj": (bce(obj, hit.float(), reduction="none") * counts).sum() / count}

    picture, cell = hit.nonzero(as_tuple=True)
    face = matched[hit]
    boxes, place = predicted[picture, cell], grid[cell]
    wanted = batch.boxes[face]
    losses["cls"] = bce(cls[hit], iou(boxes.detach(), wanted), reduction="sum") / count
    losses["box"] = BOX_WEIGHT * extended_iou_loss(boxes, wanted).sum() / count

    points = batch.points[face]
    known = points.isfinite()
    target = (points - place[:, None, :2]) / place[:, None, 2:]
    guess = raw[picture, cell, 6:].reshape(-1, 5, 2)
    error = smooth_l1_loss(guess, target.where(known, guess.detach()), reduction="none", beta=BETA)
    losses["points"] = point_weight * error.sum() / count
    return losses
