"""Which cell of the output maps learns which face: SimOTA.

Ge et al. 2021, "YOLOX: exceeding YOLO series in 2021", section 2: a cell is a candidate for a face when it lies in the
face's box or near its centre; each face takes the cheapest candidates, as many as the predictions are good.
"""

from __future__ import annotations

from typing import Final

import torch
from torch.nn.functional import softplus

RADIUS: Final = 2.5
"""A cell is near a centre when it is less than this many strides away, in x and in y."""
TOP: Final = 10
IOU_WEIGHT: Final = 3.0
OUTSIDE: Final = 1e5
"""Added to the cost of a cell that is near the centre but not in the box, or in the box but not near its centre."""


def cells(height: int, width: int, strides: tuple[int, ...], device: torch.device | None = None) -> torch.Tensor:
    """Return ``[n, 3]`` x, y, stride of every cell of an input of this size, in the order of the flattened maps."""
    parts = []
    for stride in strides:
        y, x = torch.meshgrid(
            torch.arange(height // stride, device=device), torch.arange(width // stride, device=device), indexing="ij"
        )
        parts.append(torch.stack([x * stride, y * stride, torch.full_like(x, stride)], -1).reshape(-1, 3))
    return torch.cat(parts).float()


def iou(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the intersection over union of boxes ``[..., 4]`` with boxes of the same (or a broadcast) shape."""
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    inside = (high - low).clamp(min=0).prod(-1)
    return inside / ((a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - inside).clamp(min=1e-6)


@torch.no_grad()
def assign(
    grid: torch.Tensor,
    cls: torch.Tensor,
    obj: torch.Tensor,
    predicted: torch.Tensor,
    boxes: torch.Tensor,
    owner: torch.Tensor,
) -> torch.Tensor:
    """Assign faces to cells.

    Args:
        grid: ``[n, 3]`` as from `cells`.
        cls: ``[b, n]`` logits.
        obj: ``[b, n]`` logits.
        predicted: ``[b, n, 4]`` decoded boxes, x1 y1 x2 y2.
        boxes: ``[g, 4]`` the faces of all pictures.
        owner: ``[g]`` the picture of each face.

    Returns:
        ``[b, n]`` int64: the face that the cell learns, −1 for none.
    """
    batch, n = cls.shape
    matched = torch.full((batch * n,), -1, dtype=torch.int64, device=cls.device)
    if not len(boxes):
        return matched.reshape(batch, n)
    x, y, stride = grid.unbind(1)
    x1, y1, x2, y2 = (v[:, None] for v in boxes.unbind(1))
    inside = (x > x1) & (x < x2) & (y > y1) & (y < y2)
    near = ((x - (x1 + x2) / 2).abs() < RADIUS * stride) & ((y - (y1 + y2) / 2).abs() < RADIUS * stride)
    candidate = inside | near
    # All that follows is about the pairs (face, cell) that are candidates: far fewer than all pairs.
    face, cell = candidate.nonzero(as_tuple=True)
    at = owner[face] * n + cell
    overlap = iou(predicted.reshape(-1, 4)[at], boxes[face])
    price = 0.5 * (softplus(-cls) + softplus(-obj)).reshape(-1)[at]
    price = price - IOU_WEIGHT * (overlap + 1e-8).log() + OUTSIDE * ~(inside & near)[face, cell]
    cost = price.new_full(candidate.shape, torch.inf)
    cost[face, cell] = price
    quality = torch.zeros_like(cost)
    quality[face, cell] = overlap
    top = min(TOP, n)
    wanted = quality.topk(top, dim=1).values.sum(1).int().clamp(min=1)
    cheapest, where = cost.topk(top, dim=1, largest=False)
    chosen = (torch.arange(top, device=cls.device) < wanted[:, None]) & cheapest.isfinite()
    # A cell that several faces want goes to the one for which it is cheapest.
    flat = (owner[:, None] * n + where)[chosen]
    offer, bidder = cheapest[chosen], chosen.nonzero()[:, 0]
    best = torch.full((batch * n,), torch.inf, device=cls.device, dtype=offer.dtype)
    best.scatter_reduce_(0, flat, offer, "amin")
    wins = offer == best[flat]
    matched[flat[wins]] = bidder[wins]
    return matched.reshape(batch, n)
