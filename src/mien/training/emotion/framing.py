"""Training pictures framed as the live path frames faces: found by the detector, aligned by its five points."""

from __future__ import annotations

import dataclasses
from typing import Final

import cv2
import numpy as np

from mien.core.types import Faces, Image
from mien.evaluation.emotion_data import EmotionSet
from mien.models.detector import Detector
from mien.models.spec import InputSpec

SIDE: Final = 192
"""A crop is shown to the detector at this many pixels, in the middle of a picture of `CANVAS`: faces that fill a
picture to its edges are rare in what it learned from."""
CANVAS: Final = 320


def reframe(data: EmotionSet, detector: Detector, spec: InputSpec) -> tuple[EmotionSet, float]:
    """Return the set with every picture aligned as ``spec`` says, and the share in which a face was found.

    A picture without a found face stays as it is.

    Args:
        data: grey pictures ``[n, h, w]``.
        detector: finds the face; the largest counts.
        spec: of the network that will read the pictures.
    """
    framed = data.images.copy()
    found = 0
    for row, image in enumerate(data.images):
        faces = find(image, detector)
        if len(faces):
            found += 1
            colour = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
            framed[row] = spec.align(colour, faces)[0]
    return dataclasses.replace(data, images=framed), found / max(len(data), 1)


def find(image: Image, detector: Detector) -> Faces:
    """Return the largest face on a grey crop, in its pixels, or no face."""
    large = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    edge = (CANVAS - SIDE) // 2
    canvas = cv2.copyMakeBorder(large, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
    faces = detector.detect(np.asarray(cv2.cvtColor(canvas, cv2.COLOR_GRAY2BGR), np.uint8))[:1]
    scale = SIDE / image.shape[0]
    # Both scales are between places, the points and boxes of both pictures count from their upper left corners.
    boxes, points = (faces.boxes - edge) / scale, (faces.points - edge + 0.5) / scale - 0.5
    return faces.replace(boxes=boxes, points=points)
