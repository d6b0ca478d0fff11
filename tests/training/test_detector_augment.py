"""Boxes and points must follow the pixels, whatever is done to them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mien.core.types import FloatArray, Image
from mien.training.detector import augment
from mien.training.detector.augment import MIRRORED, Picture, Scene

COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [255, 0, 255]], np.uint8)


def marked(width: int = 200, height: int = 160) -> Picture:
    """A grey picture whose one face is a lighter rectangle with a disc of its own colour at each of the five points."""
    image = np.full((height, width, 3), 90, np.uint8)
    box = np.array([[60, 40, 130, 120]], np.float32)
    image[40:120, 60:130] = 140
    points = np.array([[[78, 62], [112, 62], [95, 80], [80, 102], [110, 102]]], np.float32)
    y, x = np.mgrid[:height, :width]
    for (px, py), colour in zip(points[0], COLOURS, strict=True):
        image[(x - px) ** 2 + (y - py) ** 2 <= 36] = colour
    return Picture(image, box, points)


def drawer(rng: np.random.Generator, pictures: list[Picture]) -> Callable[[], Picture]:
    return lambda: pictures[rng.integers(len(pictures))]


def centroid(image: Image, colour: FloatArray) -> FloatArray | None:
    """Where a colour is; None where little of it is to be seen."""
    near = np.abs(image.astype(int) - colour.astype(int)).max(2) < 60
    if near.sum() < 12:
        return None
    y, x = np.nonzero(near)
    if min(x.min(), y.min()) == 0 or x.max() == image.shape[1] - 1 or y.max() == image.shape[0] - 1:
        return None  # cut off: its middle is not the disc's
    return np.array([x.mean(), y.mean()], np.float32)


def check_points(scene: Scene, order: tuple[int, ...] = (0, 1, 2, 3, 4)) -> int:
    """Compare each known point with where its disc is; return how many could be compared."""
    compared = 0
    for face in scene.points:
        for point, colour in zip(face, COLOURS[list(order)], strict=True):
            seen = centroid(scene.image, colour)
            if seen is not None and np.isfinite(point).all():
                np.testing.assert_allclose(point, seen, atol=1.0)
                compared += 1
    return compared


Way = Callable[[np.random.Generator], Scene]
WAYS: dict[str, Way] = {
    "aimed": lambda rng: augment.aimed(rng, marked(), 192, least=0.2),
    "cropped": lambda rng: augment.cropped(rng, marked(), 192),
}


@pytest.mark.parametrize("way", WAYS)
def test_points_follow_the_pixels(way: str) -> None:
    compared = sum(check_points(WAYS[way](np.random.default_rng(seed))) for seed in range(60))
    assert compared > 100


def test_points_follow_in_a_mosaic() -> None:
    blank = Picture(np.full((150, 150, 3), 90, np.uint8), np.empty((0, 4), np.float32), np.empty((0, 5, 2), np.float32))
    compared = 0
    for seed in range(40):
        drawn = iter([blank, marked(), blank, blank])
        scene = augment.mosaic(np.random.default_rng(seed), drawn.__next__, 256, tiles=2)
        assert scene.image.shape == (256, 256, 3)
        compared += check_points(scene)
    assert compared > 60


def test_boxes_follow_the_pixels() -> None:
    compared = 0
    for seed in range(60):
        scene = augment.place(
            np.random.default_rng(seed), marked(), 256, 256, 1.5, np.array([95.0, 80]), np.array([128.0, 128])
        )
        lit = np.abs(scene.image.astype(int) - 140).max(2) < 3
        y, x = np.nonzero(lit)
        seen = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1])
        tilted = not np.isclose(scene.points[0, 0, 1], scene.points[0, 1, 1], atol=0.1)
        if not tilted:
            np.testing.assert_allclose(scene.boxes[0], seen, atol=1.5)
            compared += 1
        else:
            np.testing.assert_allclose(scene.boxes[0, :2] + scene.boxes[0, 2:], seen[:2] + seen[2:], atol=3)
            np.testing.assert_allclose(scene.boxes[0, 2:] - scene.boxes[0, :2], [105, 120], atol=0.1)
    assert 30 < compared < 60


def test_mirror_swaps_left_and_right() -> None:
    scene = augment.sort_out(*(getattr(marked(), name) for name in ("image", "boxes", "points")))
    mirrored = augment.mirror(scene)
    assert check_points(mirrored, MIRRORED) == 5
    assert mirrored.points[0, 0, 0] < mirrored.points[0, 1, 0], "the left eye stays at the left"
    assert mirrored.points[0, 3, 0] < mirrored.points[0, 4, 0]
    np.testing.assert_array_equal(mirrored.boxes, [[70, 40, 140, 120]])
    again = augment.mirror(mirrored)
    np.testing.assert_array_equal(again.image, scene.image)
    np.testing.assert_array_equal(again.boxes, scene.boxes)
    np.testing.assert_array_equal(again.points, scene.points)


def test_faces_that_cannot_be_taught_are_set_aside() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    boxes = np.array(
        [
            [10, 10, 40, 50],
            [10, 10, 15, 15],
            [-30, 10, 20, 50],
            [-60, 10, 30, 50],
            [200, 10, 240, 50],
            [60, 60, 110, 120],
        ],
        np.float32,
    )
    points = np.full((6, 5, 2), 30, np.float32)
    points[0, 2], points[5, 1] = np.nan, (110, 70)
    scene = augment.sort_out(image, boxes, points)
    np.testing.assert_array_equal(scene.boxes, [[10, 10, 40, 50], [60, 60, 100, 100]])
    np.testing.assert_array_equal(scene.ignored, [[10, 10, 15, 15], [0, 10, 20, 50], [0, 10, 30, 50]])
    assert np.isnan(scene.points[0, 2]).all()
    assert np.isnan(scene.points[1, 1]).all(), "a point outside the scene is not known"
    assert np.isfinite(scene.points[1, [0, 2, 3, 4]]).all()


def test_scenes_are_sound_and_repeatable() -> None:
    pictures = [marked(), marked(80, 80 + 60), Picture(np.zeros((90, 120, 3), np.uint8), *empty())]
    sizes = []
    for seed in range(120):
        scenes = []
        for _ in range(2):
            rng = np.random.default_rng(seed)
            zoomed = seed % 4 == 0
            scenes.append(augment.compose(rng, drawer(rng, pictures), 320 if zoomed else 128, zoomed=zoomed))
        first, second = scenes
        np.testing.assert_array_equal(first.image, second.image)
        np.testing.assert_array_equal(first.boxes, second.boxes)
        side = first.image.shape[0]
        assert first.image.dtype == np.uint8
        assert len(first.boxes) == len(first.points)
        for boxes in (first.boxes, first.ignored):
            assert ((boxes >= 0) & (boxes <= side)).all()
            assert (boxes[:, 2:] > boxes[:, :2]).all()
        sizes += list(np.sqrt((first.boxes[:, 2:] - first.boxes[:, :2]).prod(1)) / side)
    assert min(sizes) < 0.1
    assert max(sizes) > 0.8, "some faces must fill the picture"


def empty() -> tuple[FloatArray, FloatArray]:
    return np.empty((0, 4), np.float32), np.empty((0, 5, 2), np.float32)


def test_a_tiny_picture_does_no_harm() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        tiny = Picture(np.full((3, 2, 3), 7, np.uint8), *empty())
        assert augment.compose(rng, drawer(rng, [tiny]), 64).image.shape == (64, 64, 3)
