"""Training scenes: one or several labelled pictures cut, scaled, mirrored, put together and made worse.

Most pictures of the training data show one face at the middle of a small picture. What a camera shows is something
else: faces that fill the picture, far faces, several, at the edge, dark and blurred. The scenes are made for that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.core.geometry import area
from mien.core.types import FloatArray, Image

MIRRORED: Final = (1, 0, 2, 4, 3)
"""The five points of a mirrored picture, so that left stays left in the picture."""

LEAST_FACE: Final = 6.0
"""Smaller faces (square root of the area, pixels) are neither taught nor punished."""
LEAST_VISIBLE: Final = 0.4
"""So are faces of which less than this share of the box is in the scene."""
MOST_ENLARGED: Final = 9.0

Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Picture:
    """A labelled picture: BGR image, boxes ``[n, 4]`` x1 y1 x2 y2, points ``[n, 5, 2]`` with NaN where unknown."""

    image: Image
    boxes: FloatArray
    points: FloatArray


@dataclass(frozen=True, slots=True)
class Scene:
    """A training picture; `ignored` ``[k, 4]`` holds areas with faces that are not to count."""

    image: Image
    boxes: FloatArray
    points: FloatArray
    ignored: FloatArray


def compose(rng: Random, draw: Callable[[], Picture], side: int, *, zoomed: bool = False) -> Scene:
    """Make a square scene of ``side`` pixels from pictures that ``draw`` gives.

    Args:
        rng: decides everything.
        draw: gives the next picture.
        side: of the scene in pixels.
        zoomed: the scene is larger than the usual ones: show more faces that fill it, more small ones too.
    """
    kind = rng.random()
    if kind < (0.6 if zoomed else 0.35):
        scene = aimed(rng, draw(), side, least=0.25 if zoomed else 0.07)
    elif kind < (0.7 if zoomed else 0.5):
        scene = cropped(rng, draw(), side)
    else:
        scene = mosaic(rng, draw, side, tiles=3 if rng.random() < (0.6 if zoomed else 0.3) else 2)
    if rng.random() < 0.5:
        scene = mirror(scene)
    return Scene(degrade(rng, scene.image), scene.boxes, scene.points, scene.ignored)


def aimed(rng: Random, picture: Picture, side: int, least: float) -> Scene:
    """Show one face of the picture at a size from ``least`` to 1.15 of the scene, evenly on a logarithmic scale."""
    if not len(picture.boxes):
        return cropped(rng, picture, side)
    box = picture.boxes[rng.integers(len(picture.boxes))]
    face = max(float(np.sqrt(area(box[None])[0])), 1.0)
    wanted = float(np.exp(rng.uniform(np.log(least), np.log(1.15)))) * side
    scale = min(wanted / face, MOST_ENLARGED)
    # Faces that fit may lie anywhere, larger ones with their centre near the scene's.
    slack = max(side - face * scale * 0.9, 0.2 * side) / 2
    centre = side / 2 + rng.uniform(-slack, slack, 2)
    return place(rng, picture, side, side, scale, (box[:2] + box[2:]) / 2, centre)


def cropped(rng: Random, picture: Picture, side: int) -> Scene:
    """Show a square of 0.3–2.0 times the picture's short side, from anywhere in it."""
    height, width = picture.image.shape[:2]
    crop = float(rng.uniform(0.3, 2.0)) * min(height, width)
    scale = min(side / crop, MOST_ENLARGED)
    size = np.array([width, height], np.float64)
    room = size - side / scale
    corner = rng.uniform(np.minimum(room, 0), np.maximum(room, 0))
    return place(rng, picture, side, side, scale, corner + side / scale / 2, np.full(2, side / 2))


def mosaic(rng: Random, draw: Callable[[], Picture], side: int, tiles: int) -> Scene:
    """Put ``tiles`` × ``tiles`` pictures side by side, the joints moved at random."""
    cuts = np.linspace(0, side, tiles + 1)
    cuts_x, cuts_y = (np.round(cuts + rng.uniform(-0.3, 0.3, tiles + 1) * side / tiles) for _ in range(2))
    cuts_x[[0, -1]] = cuts_y[[0, -1]] = 0, side
    scenes = []
    for row in range(tiles):
        for column in range(tiles):
            picture = draw()
            x, y = int(cuts_x[column]), int(cuts_y[row])
            width, height = int(cuts_x[column + 1]) - x, int(cuts_y[row + 1]) - y
            long_side = max(picture.image.shape[:2])
            scale = min(max(width, height) / long_side * float(np.exp(rng.uniform(np.log(0.6), np.log(1.8)))), 4.0)
            size = np.array(picture.image.shape[1::-1], np.float64)
            where = rng.uniform(0.35, 0.65, 2) * size
            tile = place(rng, picture, width, height, scale, where, np.array([width, height]) / 2)
            scenes.append((tile, np.array([x, y], np.float32)))
    image = np.empty((side, side, 3), np.uint8)
    for tile, (x, y) in scenes:
        h, w = tile.image.shape[:2]
        image[int(y) : int(y) + h, int(x) : int(x) + w] = tile.image
    return Scene(
        image,
        np.concatenate([tile.boxes + np.tile(shift, 2) for tile, shift in scenes]),
        np.concatenate([tile.points + shift for tile, shift in scenes]),
        np.concatenate([tile.ignored + np.tile(shift, 2) for tile, shift in scenes]),
    )


def place(
    rng: Random, picture: Picture, width: int, height: int, scale: float, where: NDArray[Any], to: NDArray[Any]
) -> Scene:
    """Cut the scene in which the picture's point ``where`` lies at ``to``, scaled; tilted by up to 20° now and then."""
    angle = float(rng.uniform(-20, 20)) if rng.random() < 0.25 else 0.0
    cos, sin = scale * np.cos(np.radians(angle)), scale * np.sin(np.radians(angle))
    linear = np.array([[cos, -sin], [sin, cos]])
    transform = np.column_stack([linear, np.asarray(to) - linear @ np.asarray(where)])
    image = _shrunk_warp(rng, picture.image, transform, scale, width, height)
    # A tilted face keeps the size of its box: faces are rounder than their boxes' corners.
    centres = (picture.boxes[:, :2] + picture.boxes[:, 2:]) / 2 @ linear.T + transform[:, 2]
    half = (picture.boxes[:, 2:] - picture.boxes[:, :2]) * scale / 2
    boxes = np.hstack([centres - half, centres + half]).astype(np.float32)
    points = (picture.points @ linear.T + transform[:, 2]).astype(np.float32)
    return sort_out(image, boxes, points)


def _shrunk_warp(rng: Random, image: Image, transform: FloatArray, scale: float, width: int, height: int) -> Image:
    """Warp; averages over pixels where it shrinks a lot. Outside lie the edge pixels or a plain colour."""
    if scale < 0.6:
        h, w = image.shape[:2]
        small = cv2.resize(image, (max(1, round(w * scale)), max(1, round(h * scale))), interpolation=cv2.INTER_AREA)
        back = np.diag([w / small.shape[1], h / small.shape[0], 1.0])
        # Pixel centres lie at +0.5: what shrinks by a factor keeps its borders, not its first pixel's centre.
        back[:2, 2] = (np.diag(back)[:2] - 1) / 2
        transform = (np.vstack([transform, [0, 0, 1]]) @ back)[:2]
        image = np.asarray(small, np.uint8)
    plain = rng.random() < 0.6
    out = cv2.warpAffine(
        image,
        np.asarray(transform, np.float64),
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT if plain else cv2.BORDER_REPLICATE,
        borderValue=[float(v) for v in rng.integers(0, 256, 3)],
    )
    return np.asarray(out, np.uint8)


def sort_out(image: Image, boxes: FloatArray, points: FloatArray) -> Scene:
    """Clip boxes to the scene, set aside faces that are too small or mostly outside, forget points outside."""
    height, width = image.shape[:2]
    limit = np.array([width, height] * 2, np.float32)
    clipped = np.clip(boxes, 0, limit).astype(np.float32)
    seen, whole = area(clipped), np.maximum(area(boxes), 1e-6)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    good = (seen / whole >= LEAST_VISIBLE) & ((centre > 0) & (centre < limit[:2])).all(1)
    good &= np.sqrt(seen) >= LEAST_FACE
    # A face larger than the scene may be seen in part and still fill it.
    inside = ((points >= 0) & (points < limit[:2])).all(2, keepdims=True)
    known = np.where(inside, points, np.float32(np.nan)).astype(np.float32)
    return Scene(image, clipped[good], known[good], clipped[~good & (seen > 0)])


def mirror(scene: Scene) -> Scene:
    """Mirror left and right; the points change places too, so that the left eye is the one at the left."""
    width = scene.image.shape[1]
    points = scene.points[:, list(MIRRORED)].copy()
    # Pixel centres are at whole numbers for points; boxes are given by their edges on the same scale as the data.
    points[..., 0] = width - 1 - points[..., 0]
    image = np.asarray(cv2.flip(scene.image, 1), np.uint8)
    return Scene(image, _mirror_boxes(scene.boxes, width), points, _mirror_boxes(scene.ignored, width))


def _mirror_boxes(boxes: FloatArray, width: int) -> FloatArray:
    return np.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], 1)


def degrade(rng: Random, image: Image) -> Image:
    """Change light and colour, now and then much: dark, blurred, noisy, grey, compressed."""
    if rng.random() < 0.2:
        image = _blur(rng, image)
    elif rng.random() < 0.2:
        soft = cv2.GaussianBlur(image, (0, 0), 1.5)
        image = np.asarray(cv2.addWeighted(image, 2.0, soft, -1.0, 0), np.uint8)
    dark = rng.random() < 0.12
    image = _relight(rng, image, dark)
    if dark or rng.random() < 0.15:
        noise = np.empty(image.shape, np.int16)
        cv2.setRNGSeed(int(rng.integers(2**31 - 1)))
        cv2.randn(noise, np.zeros(3), np.full(3, rng.uniform(2, 14)))
        image = np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8)
    if rng.random() < 0.1:
        image = np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)
    if rng.random() < 0.1:
        done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 70))])
        assert done
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return image


def _relight(rng: Random, image: Image, dark: bool) -> Image:
    """One table per colour: gamma, contrast, brightness, colour cast."""
    levels = np.arange(256, dtype=np.float32) / 255
    gamma = float(np.exp(rng.uniform(-0.4, 0.4)))
    gain, offset = float(rng.uniform(0.7, 1.35)), float(rng.uniform(-0.12, 0.12))
    if dark:
        gain, offset = gain * float(rng.uniform(0.2, 0.6)), 0.0
    cast = rng.uniform(0.85, 1.15, 3)
    table = (levels[:, None] ** gamma * gain * cast + offset) * 255
    return np.asarray(cv2.LUT(image, np.clip(table, 0, 255).astype(np.uint8)[None]), np.uint8)


def _blur(rng: Random, image: Image) -> Image:
    """Out of focus, in motion, or enlarged from few pixels."""
    side = max(image.shape[:2])
    kind = rng.random()
    if kind < 0.4:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.6, 0.012 * side))), np.uint8)
    if kind < 0.7:
        factor = float(rng.uniform(0.25, 0.6))
        size = image.shape[1::-1]
        small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    length = int(rng.integers(3, max(4, side // 20)))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), float(rng.uniform(0, 180)), 1)
    kernel = np.asarray(cv2.warpAffine(kernel, turn, (length, length)), np.float32)
    return np.asarray(cv2.filter2D(image, -1, kernel / max(float(kernel.sum()), 1e-6)), np.uint8)
