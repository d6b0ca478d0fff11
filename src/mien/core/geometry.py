"""Boxes, and the one way in which a face is brought into the frame that a model reads.

Alignment is a similarity transform (rotation, one scale, shift) from five points to a template, found in closed form
by least squares (Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns").
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mien.core.types import FloatArray, Image


def iou(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the intersection over union of every box in ``a`` ``[n, 4]`` with every box in ``b`` ``[m, 4]``.

    Returns:
        ``[n, m]`` float32, 0–1.
    """
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inside = np.prod(np.maximum(high - low, 0), axis=2)
    union = area(a)[:, None] + area(b)[None] - inside
    return np.where(union > 0, inside / np.maximum(union, 1e-9), 0).astype(np.float32)


def area(boxes: FloatArray) -> FloatArray:
    """Return ``[n]`` areas in square pixels; a box turned inside out has none."""
    wh = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return np.asarray(wh[:, 0] * wh[:, 1], dtype=np.float32)


def nms(boxes: FloatArray, scores: FloatArray, max_iou: float) -> list[int]:
    """Greedy non-maximum suppression: indices of the kept boxes, best score first."""
    rest = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(rest):
        best, rest = rest[0], rest[1:]
        kept.append(int(best))
        rest = rest[iou(boxes[[best]], boxes[rest])[0] <= max_iou]
    return kept


def similarity(points: Any, template: Any) -> FloatArray:
    """Return the 2×3 similarity transform that brings ``points`` ``[k, 2]`` nearest to ``template`` ``[k, 2]``.

    Rotation, one scale and shift; never a mirror image. Points that all coincide give a transform of scale 1.
    """
    src, dst = np.asarray(points, np.float64), np.asarray(template, np.float64)
    src_mean, dst_mean = src.mean(0), dst.mean(0)
    a, b = src - src_mean, dst - dst_mean
    spread = float((a * a).sum())
    if spread < 1e-9:
        cos, sin = 1.0, 0.0
    else:
        cos = float((a * b).sum()) / spread
        sin = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / spread
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([linear, dst_mean - linear @ src_mean]).astype(np.float32)


def box_transform(box: Any, place: Any, width: int, height: int) -> FloatArray:
    """Return the 2×3 transform that brings ``box`` to ``place`` (both x1 y1 x2 y2; place as fractions of the crop).

    One scale for both axes, taken from the box's area, so that faces are not squeezed; centres coincide.
    """
    x1, y1, x2, y2 = (float(v) for v in box)
    px1, py1, px2, py2 = (float(v) for v in place)
    want = np.sqrt((px2 - px1) * width * (py2 - py1) * height)
    scale = want / max(np.sqrt(max(x2 - x1, 1e-3) * max(y2 - y1, 1e-3)), 1e-3)
    centre = np.array([(px1 + px2) / 2 * width, (py1 + py2) / 2 * height])
    shift = centre - scale * np.array([(x1 + x2) / 2, (y1 + y2) / 2])
    return np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], dtype=np.float32)


def warp(image: Image, transform: FloatArray, width: int, height: int, grey: bool = False) -> Image:
    """Cut the crop of ``width`` × ``height`` that ``transform`` (picture → crop, pixels) describes.

    Averages over pixels when it shrinks a lot, so that large faces do not alias; what lies outside is the nearest
    edge pixel.

    Args:
        image: BGR uint8 ``[H, W, 3]``.
        transform: ``[2, 3]``.
        width: of the crop.
        height: of the crop.
        grey: make the crop grey, ``[height, width]``; first of all, so that the rest has a third of the work.
    """
    import cv2  # only here: a model server, which is sent tensors, has no use for its 17 MB

    scale = float(np.hypot(transform[0, 0], transform[1, 0]))
    cut, transform = _cut(image, transform, width, height)
    if grey:
        cut = np.asarray(cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY), np.uint8)
    if scale < 0.5:
        factor = min(1.0, 2 * scale)
        sides = (max(1, round(cut.shape[1] * factor)), max(1, round(cut.shape[0] * factor)))
        small = np.asarray(cv2.resize(cut, sides, interpolation=cv2.INTER_AREA), np.uint8)
        shrink = np.diag([cut.shape[1] / small.shape[1], cut.shape[0] / small.shape[0], 1.0])
        cut, transform = small, (np.vstack([transform, [0, 0, 1]]) @ shrink)[:2].astype(np.float32)
    out = cv2.warpAffine(cut, transform, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, dtype=np.uint8)


def _cut(image: Image, transform: FloatArray, width: int, height: int) -> tuple[Image, FloatArray]:
    """Cut the part of ``image`` that the crop reads, so that shrinking costs what the face costs, not the picture."""
    h, w = image.shape[:2]
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], np.float64)
    inverse = np.linalg.inv(np.vstack([transform, [0, 0, 1]]))
    where = (corners @ inverse.T)[:, :2]
    low = np.clip(np.floor(where.min(0)) - 2, 0, [w - 1, h - 1]).astype(int)
    high = np.clip(np.ceil(where.max(0)) + 2, low + 1, [w, h]).astype(int)
    moved = np.asarray(transform, np.float64).copy()
    moved[:, 2] += moved[:, :2] @ low
    return image[low[1] : high[1], low[0] : high[0]], moved.astype(np.float32)
