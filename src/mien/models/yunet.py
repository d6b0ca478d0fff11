"""The YuNet detector behind the detector protocol, for who supplies its ONNX file.

Wu, Peng and Yu 2023, "YuNet: a tiny millisecond-level face detector"; run by OpenCV's ``FaceDetectorYN``.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from mien.core.errors import ModelError
from mien.core.settings import AnalyzerSettings
from mien.core.types import Faces, Image

MIN_SCORE: Final = 0.6
MAX_IOU: Final = 0.3


class YuNetDetector:
    """Finds faces with five points.

    Safe to share between threads: OpenCV's object holds the input size, so every thread gets its own.

    Args:
        settings: ``detect_size`` (long side in pixels), ``min_score`` (None takes 0.6) and ``max_faces`` are used.
        weights: the ONNX file, as published in OpenCV's model zoo.

    Raises:
        ModelError: the file is missing or is no YuNet.
    """

    name = "yunet"
    interval = 0.0

    def __init__(self, settings: AnalyzerSettings, weights: Path) -> None:
        self._settings, self._weights = settings, weights
        self.min_score = MIN_SCORE if settings.min_score is None else settings.min_score
        self._local = threading.local()
        if not weights.is_file():
            raise ModelError(f"there is no detector file {weights}: give the path of a YuNet ONNX file")
        self._detector()

    def detect(
        self,
        image: Image,
        streaming: bool = False,  # noqa: ARG002  its file has one threshold
        closer: bool = False,  # noqa: ARG002  it has one size
    ) -> Faces:
        """Find the faces on ``image`` (BGR uint8 ``[H, W, 3]``), largest first, coordinates in its pixels."""
        height, width = image.shape[:2]
        factor = self._settings.look_at(width, height) / max(height, width)
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        small = cv2.resize(image, size, interpolation=way)
        detector = self._detector()
        detector.setInputSize(size)
        rows = detector.detect(small)[1]
        if rows is None:
            return Faces.empty()
        table = np.asarray(rows, np.float32)
        # Each row: x, y, w, h, then five points from the left of the picture to the right, then the score.
        back = np.array([width / size[0], height / size[1]], np.float32)
        low, high = table[:, :2], table[:, :2] + table[:, 2:4]
        faces = Faces(np.hstack([low * back, high * back]), table[:, 14], table[:, 4:14].reshape(-1, 5, 2) * back)
        return faces[np.argsort(-faces.sizes, kind="stable")[: self._settings.max_faces]]

    def _detector(self) -> cv2.FaceDetectorYN:
        """Return this thread's detector."""
        detector: cv2.FaceDetectorYN | None = getattr(self._local, "detector", None)
        if detector is None:
            try:
                detector = cv2.FaceDetectorYN.create(str(self._weights), "", (320, 320), self.min_score, MAX_IOU)
            except cv2.error as error:
                raise ModelError(f"{self._weights} cannot be read as a YuNet ONNX file: {error}") from error
            self._local.detector = detector
        return detector
