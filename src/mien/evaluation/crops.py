"""Faces on pictures that are nothing but a face, found as the live path would find them."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from mien.core.types import Faces, Image
from mien.models.detector import Detector

SIDE: Final = 192
"""A crop is shown to the detector at this many pixels, in the middle of a picture of `CANVAS`: faces that fill a
picture to its edges are rare in what it learned from."""
CANVAS: Final = 320


def find(image: Image, detector: Detector) -> Faces:
    """Return the largest face on a square crop, grey ``[h, h]`` or BGR ``[h, h, 3]``, in its pixels; or no face."""
    colour = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8) if image.ndim == 2 else image
    large = cv2.resize(colour, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    edge = (CANVAS - SIDE) // 2
    canvas = cv2.copyMakeBorder(large, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
    faces = detector.detect(np.asarray(canvas, np.uint8))[:1]
    scale = SIDE / image.shape[0]
    # Both scales are between places, the points and boxes of both pictures count from their upper left corners.
    boxes, points = (faces.boxes - edge) / scale, (faces.points - edge + 0.5) / scale - 0.5
    return faces.replace(boxes=boxes, points=points)
