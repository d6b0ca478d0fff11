"""OpenCV's frontal face cascade behind the detector protocol: the baseline that older systems use.

Viola and Jones 2001, "Rapid object detection using a boosted cascade of simple features"; the file
``haarcascade_frontalface_default.xml`` comes with OpenCV.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

import cv2
import cv2.data
import numpy as np

from mien.core.errors import ModelError
from mien.core.settings import AnalyzerSettings
from mien.core.types import Faces, Image

LONG_SIDE: Final = 512
"""Larger pictures are shrunk to this many pixels first; smaller ones are searched as they are."""

SCALE_STEP: Final = 1.1
NEIGHBOURS: Final = 5
LEAST_FACE: Final = 30
FACE_IN_WINDOW: Final = (0.11, -0.03, 0.90, 1.07)
"""Where the face lies in the cascade's square window: medians over 401 labelled faces of the training pictures.

Without it the cascade's boxes would be a third larger than everybody else's and would frame another crop.
"""


class HaarDetector:
    """Finds upright frontal faces; gives boxes, no points (they are NaN).

    The score is 1 − 2^(−k/5) where k is the number of overlapping windows that agreed on the face: the five that are
    the least for a hit give 0.5, thirty give 0.98. It ranks faces of one picture; it is no probability.

    Safe to share between threads: a cascade object is not, so every thread gets its own.

    Args:
        settings: ``min_score`` (None keeps all) and ``max_faces`` are used.
    """

    name = "haar"
    interval = 0.2

    def __init__(self, settings: AnalyzerSettings) -> None:
        self.min_score = settings.min_score or 0.0
        self._max_faces = settings.max_faces
        self._local = threading.local()
        self._cascade()

    def detect(
        self,
        image: Image,
        streaming: bool = False,  # noqa: ARG002  it cannot tell
        closer: bool = False,  # noqa: ARG002  it has one size
    ) -> Faces:
        """Find the faces on ``image`` (BGR uint8 ``[H, W, 3]``), largest first, boxes in its pixels."""
        height, width = image.shape[:2]
        factor = min(1.0, LONG_SIDE / max(height, width))
        if factor < 1:
            size = (max(1, round(width * factor)), max(1, round(height * factor)))
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        found, agreeing = self._cascade().detectMultiScale2(
            grey, scaleFactor=SCALE_STEP, minNeighbors=NEIGHBOURS, minSize=(LEAST_FACE, LEAST_FACE)
        )
        if not len(found):
            return Faces.empty()
        windows = np.asarray(found, np.float32).reshape(-1, 4)
        boxes = np.tile(windows[:, :2], 2) + np.tile(windows[:, 2:], 2) * np.array(FACE_IN_WINDOW, np.float32)
        boxes *= np.array([width / grey.shape[1], height / grey.shape[0]] * 2, np.float32)
        scores = 1 - np.exp2(-np.asarray(agreeing, np.float32).reshape(-1) / NEIGHBOURS)
        faces = Faces.from_boxes(boxes, scores)[scores >= self.min_score]
        return faces[np.argsort(-faces.sizes, kind="stable")[: self._max_faces]]

    def _cascade(self) -> cv2.CascadeClassifier:
        """Return this thread's cascade."""
        cascade: cv2.CascadeClassifier | None = getattr(self._local, "cascade", None)
        if cascade is None:
            path = Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"
            cascade = cv2.CascadeClassifier(str(path))
            if cascade.empty():
                raise ModelError(f"OpenCV's face cascade cannot be read from {path}: reinstall opencv-python-headless")
            self._local.cascade = cascade
        return cascade
