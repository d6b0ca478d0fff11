from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from mien.core.geometry import iou
from mien.core.settings import AnalyzerSettings
from mien.core.types import Image
from mien.models.haar import HaarDetector

FACE = np.array([[170, 60, 280, 190]], np.float32)
"""Where the portrait's face is, by eye."""


def test_finds_the_portrait(portrait: Image) -> None:
    faces = HaarDetector(AnalyzerSettings()).detect(portrait)
    assert iou(faces.boxes, FACE).max() > 0.5
    assert np.isnan(faces.points).all()
    assert ((faces.scores >= 0.5) & (faces.scores <= 1)).all()
    assert (np.diff(faces.sizes) <= 0).all()


@pytest.mark.parametrize("factor", [0.6, 3.0])
def test_boxes_are_in_the_pixels_of_the_given_picture(portrait: Image, factor: float) -> None:
    image = np.asarray(cv2.resize(portrait, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
    faces = HaarDetector(AnalyzerSettings()).detect(image)
    assert iou(faces.boxes, FACE * np.float32(factor)).max() > 0.5


def test_limits_faces_and_scores(portrait: Image) -> None:
    twice = np.concatenate([portrait, portrait], axis=1)
    assert len(HaarDetector(AnalyzerSettings()).detect(twice)) >= 2
    assert len(HaarDetector(AnalyzerSettings(max_faces=1)).detect(twice)) == 1
    assert len(HaarDetector(AnalyzerSettings(min_score=1.0)).detect(twice)) == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (29, 29), (30, 31)])
def test_small_pictures_have_no_faces(shape: tuple[int, int]) -> None:
    assert len(HaarDetector(AnalyzerSettings()).detect(np.zeros((*shape, 3), np.uint8))) == 0


def test_threads_share_one_detector(portrait: Image) -> None:
    detector = HaarDetector(AnalyzerSettings())
    alone = detector.detect(portrait)
    with ThreadPoolExecutor(4) as pool:
        for faces in pool.map(detector.detect, [portrait] * 8):
            np.testing.assert_array_equal(faces.boxes, alone.boxes)
