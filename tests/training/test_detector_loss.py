"""Losses against values worked out by hand, and the way from maps to a table."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mien.core.types import FloatArray
from mien.models.detector import decode
from mien.training.detector.assign import cells
from mien.training.detector.augment import Scene
from mien.training.detector.data import Batch, collate
from mien.training.detector.loss import (
    BETA,
    BOX_WEIGHT,
    POINT_WEIGHT,
    decode_boxes,
    detector_loss,
    extended_iou_loss,
    flatten,
    ignore_mask,
)
from mien.training.detector.net import STRIDES

EMPTY = -12.0
"""A logit of a cell that is sure to be empty: its loss, 6e-6, is nothing."""


def scene(
    boxes: list[list[float]], points: FloatArray | None = None, ignored: list[list[float]] | None = None
) -> Scene:
    return Scene(
        np.zeros((64, 64, 3), np.uint8),
        np.array(boxes, np.float32).reshape(-1, 4),
        np.full((len(boxes), 5, 2), np.nan, np.float32) if points is None else points,
        np.array(ignored or [], np.float32).reshape(-1, 4),
    )


def empty_maps(pictures: int = 1) -> list[torch.Tensor]:
    maps = [torch.zeros(pictures, 16, 64 // s, 64 // s) for s in STRIDES]
    for m in maps:
        m[:, :2] = EMPTY
        m[:, 2:4] = 100  # boxes that no face overlaps, so that no cell is chosen by accident
    return maps


@pytest.mark.parametrize(
    ("predicted", "wanted", "loss"),
    [
        ([0, 0, 4, 4], [0, 0, 4, 4], 0.0),
        ([0, 0, 4, 4], [0, 0, 4, 2], 0.5 - 0.05),  # IoU 8/16
        ([0, 0, 10, 10], [0, 0, 10, 9.5], 0.5 * 0.05**2 / 0.1),  # IoU 0.95: in the smooth part
        # Apart in x and y. Outer corner (0, 0), "inner" corners (4, 4) and (2, 2):
        # overlap 2·2 + 2·2 − 4·4 − 4·4 = −24, union 4 + 4 + 24.
        ([0, 0, 2, 2], [4, 4, 6, 6], 1 + 24 / 32 - 0.05),
        # Apart in x alone: x from 4 back to 2, y from 0 to 2: overlap 2·2 + 2·0 − 4·2 − 4·0 = −4, union 4 + 4 + 4.
        ([0, 0, 2, 2], [4, 0, 6, 2], 1 + 4 / 12 - 0.05),
    ],
)
def test_box_loss_by_hand(predicted: list[float], wanted: list[float], loss: float) -> None:
    a, b = torch.tensor([predicted], dtype=torch.float64), torch.tensor([wanted], dtype=torch.float64)
    assert extended_iou_loss(a, b).item() == pytest.approx(loss, abs=1e-6)
    assert extended_iou_loss(b, a).item() == pytest.approx(loss, abs=1e-6)


def test_box_loss_draws_distant_boxes_together() -> None:
    box = torch.tensor([[0.0, 0, 2, 2]], requires_grad=True)
    extended_iou_loss(box, torch.tensor([[10.0, 0, 12, 2]])).sum().backward()
    assert box.grad is not None
    assert (box.grad[0, [0, 2]] < 0).any(), "moving right must lower the loss"


def test_the_table_agrees_with_what_the_product_decodes() -> None:
    maps = [torch.randn(1, 16, 64 // s, 96 // s, generator=torch.Generator().manual_seed(s)) for s in STRIDES]
    grid, raw = cells(64, 96, STRIDES), flatten(maps)
    boxes = decode_boxes(raw[..., 2:6], grid)[0].numpy()
    points = (raw[0, :, 6:].reshape(-1, 5, 2) * grid[:, None, 2:] + grid[:, None, :2]).numpy()
    scores = (raw[0, :, 0].sigmoid() * raw[0, :, 1].sigmoid()).sqrt().numpy()
    got = decode({f"out_{s}": m.numpy() for s, m in zip(STRIDES, maps, strict=True)}, 0.0)
    for ours, theirs in zip(got, (boxes, scores, points), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3)


def test_all_parts_by_hand() -> None:
    """One face, known to one cell: IoU 0.5, cls 0, obj 0, points off by half a stride, one of them unknown."""
    points = np.full((1, 5, 2), 20, np.float32)
    points[0, 4] = np.nan
    batch = collate([scene([[16, 16, 48, 48]], points)])
    maps = empty_maps()
    cell = maps[1][0, :, 2, 2]  # stride 16: the cell at (32, 32)
    cell[:2] = 0
    cell[2:4] = 0
    cell[4], cell[5] = math.log(32 / 16), math.log(16 / 16)  # as wide as the face, half as high
    cell[6:] = torch.tensor([(20 - 32) / 16] * 10) + 0.5
    losses = {name: value.item() for name, value in detector_loss(maps, batch).items()}
    assert losses["obj"] == pytest.approx(math.log(2), abs=1e-3)
    assert losses["cls"] == pytest.approx(math.log(2), abs=1e-5)
    assert losses["box"] == pytest.approx(BOX_WEIGHT * (0.5 - 0.05), abs=1e-5)
    assert losses["points"] == pytest.approx(POINT_WEIGHT * 8 * (0.5 - BETA / 2), abs=1e-5)


def test_ignored_areas_cost_nothing() -> None:
    maps = empty_maps()
    maps[0][0, 1, 1, 1] = 5  # a loud cell at (8, 8)
    loud = detector_loss(maps, collate([scene([])]))["obj"].item()
    quiet = detector_loss(maps, collate([scene([], ignored=[[4, 4, 12, 12]])]))["obj"].item()
    assert loud == pytest.approx(5, abs=0.02)
    assert quiet == pytest.approx(0, abs=0.02)


def test_ignored_areas_belong_to_their_picture() -> None:
    batch = collate([scene([]), scene([], ignored=[[0, 0, 8, 8]])])
    mask = ignore_mask(cells(64, 64, (8,)), batch).reshape(2, 8, 8)
    assert not mask[0].any()
    assert mask[1].nonzero().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]


def test_a_batch_without_faces_has_a_finite_gradient() -> None:
    maps = [m.requires_grad_() for m in empty_maps(2)]
    losses = detector_loss(maps, collate([scene([]), scene([])]))
    torch.stack(list(losses.values())).sum().backward()
    assert losses["box"].item() == losses["points"].item() == losses["cls"].item() == 0
    for m in maps:
        assert m.grad is not None
        assert m.grad.isfinite().all()


def test_collate_numbers_the_pictures() -> None:
    batch = collate([scene([[0, 0, 8, 8], [1, 1, 9, 9]]), scene([]), scene([[2, 2, 9, 9]], ignored=[[0, 0, 1, 1]])])
    assert isinstance(batch, Batch)
    assert batch.owner.tolist() == [0, 0, 2]
    assert batch.ignored_owner.tolist() == [2]
    assert batch.images.shape == (3, 64, 64, 3)
    assert batch.boxes[:, 0].tolist() == [0, 1, 2]
    x = batch.inputs(127.5, 1 / 127.5)
    assert x.shape == (3, 3, 64, 64)
    assert (x == -1).all()
