"""Training pictures framed as the live path frames faces: found by the detector, aligned by its five points."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from mien.evaluation.crops import find
from mien.evaluation.emotion_data import EmotionSet
from mien.models.detector import Detector
from mien.models.spec import InputSpec


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
