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

from typing import Final

import cv2
import numpy as np

from mien.core.geometry import box_transform, warp
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
    height, width = image.shape[:2]
    x1, y1 = np.maximum(box[:2], 0)
    x2, y2 = np.minimum(box[2:], [width, height])
    if x2 - x1 < 1 or y2 - y1 < 1:
        return 0.0, 0.0, 0.0
    crop = warp(image, box_transform((x1, y1, x2, y2), (0, 0, 1, 1), SIDE, SIDE), SIDE, SIDE, grey=True)
    ranks = np.bincount(crop.ravel(), minlength=256).cumsum()
    low, high = (float(np.searchsorted(ranks, share * ranks[-1])) for share in (0.25, 0.75))
    # A touch of blur first: the noise of a dark sensor is no detail.
    calm = cv2.GaussianBlur(np.asarray(crop, np.float32), (3, 3), 0)
    contrast = max(float(calm.var()), 1.0)
    sharpness = float(cv2.Laplacian(calm, cv2.CV_32F).var()) / contrast
    focus = _ramp(np.log(max(sharpness, 1e-9)), np.log(0.0015), np.log(0.02))
    return float(_ramp(high, 15, 55)), float(_ramp(low, 245, 205)), float(focus)


def _ramp(value: FloatArray | float, zero: float, one: float) -> FloatArray:
    """Return 0 at ``zero``, 1 at ``one`` (either may be the larger), linear between, clipped."""
    return np.asarray(np.clip((np.asarray(value) - zero) / (one - zero), 0, 1), np.float32)
