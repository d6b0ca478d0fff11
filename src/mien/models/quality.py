"""How fit a face is for analysis: large enough, in focus, well lit, towards the camera, surely a face.

Each of these gives a share between 0 (hopeless) and 1 (as good as it needs to be), linear in between:

| share | 0 at | 1 at | measured on |
|---|---|---|---|
| size | 16 px | 48 px | square root of the box's area |
| light, dark side | 15 | 55 | 75th percentile of the grey levels in the box |
| light, bright side | 245 | 205 | 25th percentile of the grey levels in the box |
| sharpness | 0.0015 | 0.02 | variance of the Laplacian over the variance of the grey levels, at 64 px |
| view | 65° | 30° | angle between the face's direction and the camera's, from yaw and pitch |
| score | 0 | 0.6 | the detector's score |

The quality is their product. Sharpness is scaled logarithmically. The measure of focus is Pech-Pacheco et al. 2000,
"Diatom autofocusing in brightfield microscopy", divided by the contrast so that light does not count twice; on 64 px
it tells whether detail of the size that the networks read is there, whatever the picture's resolution.
"""

from __future__ import annotations

import math
from typing import Any, Final

import cv2
import numpy as np

from mien.core.types import REASONS, Faces, FloatArray, Image, IntArray

SIDE: Final = 64
POOR: Final = 0.5
"""A share below this is named as the reason; where several are, the least."""


def quality(image: Image, faces: Faces, pose: FloatArray | None = None) -> tuple[FloatArray, IntArray]:
    """Judge the faces on a picture.

    Args:
        image: BGR uint8 ``[H, W, 3]``.
        faces: boxes and scores are used.
        pose: ``[n, 3]`` yaw, pitch, roll in degrees; without it, and where it is NaN, the view counts as good.

    Returns:
        Quality ``[n]`` 0–1, and what is poorest ``[n]`` as an index into `REASONS`, -1 when nothing is poor.
    """
    shares = np.ones((len(faces), len(REASONS)), np.float32)
    shares[:, 0] = _ramp(faces.sizes, 16, 48)
    for row, box in enumerate(faces.boxes):
        shares[row, 1:4] = _picture_shares(image, box)
    if pose is not None:
        away = np.degrees(np.arccos(np.cos(np.radians(pose[:, 0])) * np.cos(np.radians(pose[:, 1]))))
        shares[:, 4] = np.where(np.isfinite(away), _ramp(away, 65, 30), 1)
    shares[:, 5] = _ramp(faces.scores, 0, 0.6)
    reasons = np.where(shares.min(1) < POOR, shares.argmin(1), -1)
    return np.asarray(shares.prod(1), np.float32), np.asarray(reasons, np.int64)


def _picture_shares(image: Image, box: FloatArray) -> tuple[float, float, float]:
    """Return the shares of dark light, bright light and sharpness in a box; 0 for a box beyond the picture."""
    crop = _crop(image, box)
    if crop is None:
        return 0.0, 0.0, 0.0
    ranks = np.bincount(crop.ravel(), minlength=256).cumsum()
    low, high = (float(level) for level in np.searchsorted(ranks, (0.25 * crop.size, 0.75 * crop.size)))
    # A touch of blur first: the noise of a dark sensor is no detail.
    calm = cv2.GaussianBlur(crop.astype(np.float32), (3, 3), 0)
    contrast = max(_variance(calm), 1.0)
    sharpness = _variance(cv2.Laplacian(calm, cv2.CV_32F)) / contrast
    focus = _share(math.log(max(sharpness, 1e-9)), math.log(0.0015), math.log(0.02))
    return _share(high, 15, 55), _share(low, 245, 205), focus


def _crop(image: Image, box: FloatArray) -> Image | None:
    """Return a square as large as the box around its middle, grey ``[SIDE, SIDE]``; None beyond the picture.

    It is halved while it is at least twice as large as needed, and interpolated then: detail does not alias, and each
    step is one that OpenCV has fast code for. (Its averaging by other factors takes five times as long.)
    """
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (float(v) for v in box)
    x1, y1, x2, y2 = max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))
    if x2 - x1 < 1 or y2 - y1 < 1:
        return None
    half = math.sqrt((x2 - x1) * (y2 - y1)) / 2
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    left, top = max(round(x - half), 0), max(round(y - half), 0)
    right, bottom = max(round(x + half), left + 1), max(round(y + half), top + 1)
    grey = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_BGR2GRAY)
    while min(grey.shape) >= 2 * SIDE:
        rows, columns = grey.shape[0] // 2, grey.shape[1] // 2
        grey = cv2.resize(grey[: 2 * rows, : 2 * columns], (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.uint8)


def _variance(values: Any) -> float:
    _, deviation = cv2.meanStdDev(values)  # a seventh of the time of NumPy's
    return float(deviation[0, 0]) ** 2


def _share(value: float, zero: float, one: float) -> float:
    """Return `_ramp` of one number."""
    return min(max((value - zero) / (one - zero), 0.0), 1.0)


def _ramp(value: FloatArray, zero: float, one: float) -> FloatArray:
    """Return 0 at ``zero``, 1 at ``one`` (either may be the larger), linear between, clipped."""
    return np.asarray(np.clip((value - zero) / (one - zero), 0, 1), np.float32)
