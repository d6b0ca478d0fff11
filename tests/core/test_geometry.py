from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.core.geometry import box_transform, iou, nms, similarity, warp

numbers = st.floats(-50, 50)


def test_iou_by_hand() -> None:
    a = np.array([[0, 0, 10, 10]], np.float32)
    b = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30], [10, 0, 20, 10], [3, 3, 3, 3]], np.float32)
    assert iou(a, b)[0] == pytest.approx([1, 1 / 3, 0, 0, 0])


def test_iou_of_nothing() -> None:
    none = np.empty((0, 4), np.float32)
    assert iou(none, np.ones((3, 4), np.float32)).shape == (0, 3)


def test_nms_keeps_the_better_of_two_that_overlap() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10]], np.float32)
    assert nms(boxes, np.array([0.5, 0.9, 0.7], np.float32), 0.4) == [1, 2]
    assert nms(boxes, np.array([0.5, 0.9, 0.7], np.float32), 0.9) == [1, 2, 0]
    assert nms(np.empty((0, 4), np.float32), np.empty(0, np.float32), 0.4) == []


@given(st.floats(0.2, 5), st.floats(-3.1, 3.1), numbers, numbers)
def test_similarity_finds_the_transform_that_was_applied(scale: float, angle: float, x: float, y: float) -> None:
    points = np.array([[1, 2], [9, 1], [5, 6], [2, 9], [8, 10]], np.float64)
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = similarity(points, points @ linear.T + [x, y])
    assert found == pytest.approx(np.column_stack([linear, [x, y]]), abs=1e-3)


def test_similarity_never_mirrors() -> None:
    points = np.array([[1, 2], [9, 1], [5, 6], [2, 9], [8, 10]], np.float64)
    found = similarity(points, points * [-1, 1])
    assert np.linalg.det(found[:, :2]) > 0


def test_similarity_of_one_place_only_shifts() -> None:
    assert similarity(np.full((5, 2), 3.0), np.full((5, 2), 7.0)) == pytest.approx(np.array([[1, 0, 4], [0, 1, 4]]))


@given(numbers, numbers, st.floats(1, 40), st.floats(1, 40))
def test_a_box_comes_to_its_place(x: float, y: float, w: float, h: float) -> None:
    transform = box_transform((x, y, x + w, y + h), (0.25, 0.25, 0.75, 0.75), 48, 48)
    centre = transform @ [x + w / 2, y + h / 2, 1]
    assert centre == pytest.approx([24, 24], abs=1e-2)
    assert np.linalg.det(transform[:, :2]) * w * h == pytest.approx(24 * 24, rel=1e-3)


def smooth_picture(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    waves = 128 + 60 * np.sin(x / width * 6) + 60 * np.cos(y / height * 5)
    return np.repeat(waves[..., None], 3, 2).astype(np.uint8)


@pytest.mark.parametrize("size", [48, 100, 400, 1600])
def test_warp_shrinks_without_moving(size: int) -> None:
    """The same scene at four resolutions, cut by the same relative box, gives the same crop."""
    box = np.array([0.25, 0.25, 0.75, 0.75]) * size
    crop = warp(smooth_picture(size, size), box_transform(box, (0, 0, 1, 1), 24, 24), 24, 24)
    wanted = smooth_picture(2400, 2400)[600:1800:50, 600:1800:50]
    assert np.abs(crop.astype(int) - wanted).mean() < 4


def test_warp_averages_when_it_shrinks() -> None:
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = warp(stripes, box_transform((0, 0, 400, 400), (0, 0, 1, 1), 20, 20), 20, 20)
    assert np.abs(crop[2:-2, 2:-2].astype(int) - 127).max() <= 3


@pytest.mark.parametrize("box", [(-300, -300, -200, -200), (90, 90, 5000, 5000), (1e5, 0, 1e5 + 1, 1)])
def test_warp_outside_the_picture_repeats_its_edge(box: tuple[float, ...]) -> None:
    crop = warp(np.full((100, 100, 3), 77, np.uint8), box_transform(box, (0, 0, 1, 1), 16, 16), 16, 16)
    assert crop.shape == (16, 16, 3)
    assert (crop == 77).all()
