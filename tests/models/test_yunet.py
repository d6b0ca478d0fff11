"""What stands between OpenCV's YuNet and Mien; OpenCV's own part is replaced, since its weights do not come with us."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.core.settings import AnalyzerSettings
from mien.core.types import FloatArray, Image
from mien.models.detector import create

ROW = [10, 20, 30, 40, 15, 30, 35, 31, 25, 42, 17, 50, 33, 51, 0.9]
"""A face as OpenCV reports it: x, y, w, h, five points, score."""


class Recorder:
    """Answers like ``cv2.FaceDetectorYN`` and keeps what it was asked."""

    made: list[tuple[str, float, float]]
    rows: FloatArray | None

    def __init__(self) -> None:
        self.made, self.sizes, self.rows = [], list[tuple[int, int]](), None

    def create(self, path: str, config: str, size: tuple[int, int], score: float, iou: float) -> Recorder:
        self.made.append((path, score, iou))
        return self

    def setInputSize(self, size: tuple[int, int]) -> None:
        self.sizes.append(size)

    def detect(self, image: Image) -> tuple[int, FloatArray | None]:
        assert image.shape[1::-1] == self.sizes[-1]
        return 1, self.rows


@pytest.fixture
def opencv(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(cv2, "FaceDetectorYN", recorder)
    return recorder


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "yunet.onnx"
    path.write_bytes(b"weights")
    return path


def test_coordinates_are_those_of_the_picture(opencv: Recorder, weights: Path) -> None:
    larger = [100, 20, 90, 90, *([0.0] * 10), 0.7]
    opencv.rows = np.array([ROW, larger], np.float32)
    detector = create(AnalyzerSettings(detector="yunet", detect_size=320, weights=weights))
    faces = detector.detect(np.zeros((480, 640, 3), np.uint8))
    assert opencv.sizes == [(320, 240)]
    assert opencv.made == [(str(weights), 0.6, 0.3)]
    np.testing.assert_allclose(faces.boxes, [[200, 40, 380, 220], [20, 40, 80, 120]])
    np.testing.assert_allclose(faces.points[1], np.array(ROW[4:14]).reshape(5, 2) * 2)
    np.testing.assert_allclose(faces.scores, [0.7, 0.9])


def test_no_faces(opencv: Recorder, weights: Path) -> None:
    detector = create(AnalyzerSettings(detector="yunet", min_score=0.8, weights=weights))
    assert len(detector.detect(np.zeros((1, 900, 3), np.uint8))) == 0
    assert opencv.sizes == [(320, 1)]
    assert opencv.made[0][1] == 0.8


def test_no_more_faces_than_asked(opencv: Recorder, weights: Path) -> None:
    opencv.rows = np.array([ROW] * 3, np.float32)
    detector = create(AnalyzerSettings(detector="yunet", max_faces=2, weights=weights))
    assert len(detector.detect(np.zeros((240, 320, 3), np.uint8))) == 2
