from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mien.core.settings import AnalyzerSettings
from mien.evaluation.crops import find
from mien.evaluation.emotion_data import EmotionSet
from mien.models.detector import create
from mien.training.emotion.framing import reframe
from mien.training.emotion.train import SPEC


def crop(portrait: NDArray[np.uint8], angle: float = 0.0, shift: float = 0.0) -> NDArray[np.uint8]:
    """The astronaut's face, 48×48 grey, turned by degrees and moved by a share of its width."""
    turn = cv2.getRotationMatrix2D((224.0, 118.0), angle, 48 / 150)
    turn[:, 2] += 24 - np.array([224.0, 118.0]) + [48 * shift, 0]
    small = cv2.warpAffine(portrait, turn, (48, 48), flags=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)


def test_turned_and_shifted_faces_come_to_lie_alike(portrait: NDArray[np.uint8]) -> None:
    images = np.stack([crop(portrait), crop(portrait, 12), crop(portrait, -8, 0.08), np.full((48, 48), 90, np.uint8)])
    data = EmotionSet("faces", images, np.zeros(4, np.int64), None, None, np.zeros(4, bool))
    detector = create(AnalyzerSettings())
    framed, found = reframe(data, detector, SPEC)
    assert found == 0.75
    assert (framed.images[3] == images[3]).all(), "without a face nothing is changed"

    def far(a: int, pictures: NDArray[np.uint8]) -> float:
        middle = np.s_[10:40, 10:38]
        return float(np.abs(pictures[a][middle].astype(float) - pictures[0][middle]).mean())

    for a in (1, 2):
        assert far(a, framed.images) < 0.7 * far(a, images)


def test_points_are_those_of_the_crop(portrait: NDArray[np.uint8]) -> None:
    detector = create(AnalyzerSettings())
    straight = find(crop(portrait), detector).points[0]
    moved = find(crop(portrait, shift=0.1), detector).points[0]
    assert (moved - straight).mean(0) == pytest.approx([4.8, 0], abs=1)
    assert ((straight > 5) & (straight < 43)).all()
