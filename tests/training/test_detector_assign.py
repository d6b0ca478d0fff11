"""SimOTA against a slow, obvious implementation."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mien.training.detector.assign import IOU_WEIGHT, OUTSIDE, RADIUS, TOP, assign, cells, iou

STRIDES = (8, 16, 32)


def slow_iou(a: list[float], b: list[float]) -> float:
    w = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    h = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h
    return w * h / max(union, 1e-6)


def slow_assign(
    grid: list[list[float]], cls: list[float], obj: list[float], predicted: list[list[float]], boxes: list[list[float]]
) -> list[int]:
    """One picture; a loop over faces and cells, as the paper tells it."""
    best: dict[int, tuple[float, int]] = {}
    for face, box in enumerate(boxes):
        costs, overlaps = [], []
        for index, (x, y, stride) in enumerate(grid):
            inside = box[0] < x < box[2] and box[1] < y < box[3]
            near = abs(x - (box[0] + box[2]) / 2) < RADIUS * stride and abs(y - (box[1] + box[3]) / 2) < RADIUS * stride
            if not inside and not near:
                continue
            score = math.sqrt(1 / (1 + math.exp(-cls[index])) / (1 + math.exp(-obj[index])))
            overlap = slow_iou(predicted[index], box)
            cost = -math.log(score) - IOU_WEIGHT * math.log(overlap + 1e-8)
            costs.append((cost + (0 if inside and near else OUTSIDE), index))
            overlaps.append(overlap)
        k = max(1, int(sum(sorted(overlaps, reverse=True)[:TOP])))
        for cost, index in sorted(costs)[:k]:
            if index not in best or cost < best[index][0]:
                best[index] = (cost, face)
    return [best[i][1] if i in best else -1 for i in range(len(grid))]


def scene(seed: int, pictures: int, faces: int) -> tuple[torch.Tensor, ...]:
    """Random predictions, some of them near the faces, so that the dynamic k is above one now and then."""
    rng = np.random.default_rng(seed)
    grid = cells(64, 96, STRIDES)
    n = len(grid)
    centre = rng.uniform(0, (96, 64), (faces, 2))
    half = np.exp(rng.uniform(np.log(3), np.log(40), (faces, 1))) * rng.uniform(0.8, 1.2, (faces, 2))
    boxes = np.hstack([centre - half, centre + half])
    owner = np.sort(rng.integers(0, pictures, faces))
    predicted = np.empty((pictures, n, 4))
    for picture in range(pictures):
        own = boxes[owner == picture]
        source = own if len(own) else np.array([[10.0, 10, 40, 40]])
        predicted[picture] = source[rng.integers(0, len(source), n)] + rng.normal(0, 4, (n, 4))
    predicted[..., 2:] = np.maximum(predicted[..., 2:], predicted[..., :2] + 1)
    logits = rng.normal(0, 2, (2, pictures, n))
    return grid, *(torch.from_numpy(v).double() for v in (*logits, predicted, boxes)), torch.from_numpy(owner)


@pytest.mark.parametrize("seed", range(12))
def test_agrees_with_the_slow_one(seed: int) -> None:
    grid, cls, obj, predicted, boxes, owner = scene(seed, pictures=3, faces=9)
    matched = assign(grid.double(), cls, obj, predicted, boxes, owner)
    several = 0
    for picture in range(3):
        rows = torch.nonzero(owner == picture)[:, 0]
        expected = slow_assign(
            grid.tolist(),
            cls[picture].tolist(),
            obj[picture].tolist(),
            predicted[picture].tolist(),
            boxes[rows].tolist(),
        )
        assert matched[picture].tolist() == [-1 if e < 0 else int(rows[e]) for e in expected]
        several += sum(e >= 0 for e in expected) > len(rows)
    assert several, "the case must exercise a dynamic k above one"


def test_no_faces_no_cells() -> None:
    grid = cells(32, 32, STRIDES)
    n = len(grid)
    none = torch.empty(0, dtype=torch.int64)
    matched = assign(grid, torch.zeros(2, n), torch.zeros(2, n), torch.zeros(2, n, 4), torch.empty(0, 4), none)
    assert (matched == -1).all()
    assert matched.shape == (2, n)


def test_cells_are_in_the_order_of_flattened_maps() -> None:
    grid = cells(32, 64, (16, 32))
    expected = [[x * 16, y * 16, 16] for y in range(2) for x in range(4)] + [[0, 0, 32], [32, 0, 32]]
    assert grid.tolist() == expected


def test_iou_by_hand() -> None:
    a = torch.tensor([[0.0, 0, 4, 4]])
    b = torch.tensor([[2.0, 0, 6, 4], [8, 8, 9, 9], [0, 0, 4, 4]])
    torch.testing.assert_close(iou(a, b), torch.tensor([8 / 24, 0, 1]))
