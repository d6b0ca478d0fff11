from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mien.core.types import REASONS, Faces
from mien.models.quality import quality

Picture = NDArray[np.uint8]
BOX = np.array([[170, 60, 280, 200]], np.float32)
"""Around the face of the portrait."""


def named(reasons: NDArray[np.int64]) -> list[str]:
    return ["" if reason < 0 else REASONS[reason] for reason in reasons]


def judge(image: Picture, box: NDArray[np.float32] = BOX, score: float = 0.95) -> tuple[float, str]:
    values, reasons = quality(image, Faces.from_boxes(box, scores=[score]))
    return float(values[0]), named(reasons)[0]


def shrunk(image: Picture, factor: float) -> tuple[Picture, NDArray[np.float32]]:
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), BOX * np.float32(factor)


def test_a_good_portrait_is_good(portrait: Picture) -> None:
    value, reason = judge(portrait)
    assert value > 0.9
    assert reason == ""


@pytest.mark.parametrize("factor", [2.0, 1.0, 0.6, 0.45])
def test_resolution_does_not_matter_while_there_is_enough(portrait: Picture, factor: float) -> None:
    image = cv2.resize(
        portrait, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    )
    assert judge(np.asarray(image, np.uint8), BOX * np.float32(factor))[0] > 0.85


def falling(values: list[float]) -> bool:
    return all(b <= a + 0.01 for a, b in itertools.pairwise(values)) and values[-1] < 0.5 * values[0]


def test_blur_lowers_it(portrait: Picture) -> None:
    seen = [judge(np.asarray(cv2.GaussianBlur(portrait, (0, 0), s), np.uint8)) for s in (0.5, 1, 2, 4, 6, 9)]
    assert falling([value for value, _ in seen])
    assert seen[0][1] == ""
    assert seen[-1][1] == "blurred"


def test_darkness_lowers_it(portrait: Picture) -> None:
    seen = [judge((portrait * f).astype(np.uint8)) for f in (1, 0.7, 0.4, 0.25, 0.15, 0.08)]
    assert falling([value for value, _ in seen])
    assert seen[-1][1] == "too dark"


def test_overexposure_lowers_it(portrait: Picture) -> None:
    seen = [judge(np.clip(portrait + np.float32(add), 0, 255).astype(np.uint8)) for add in (0, 40, 80, 120, 160, 200)]
    assert falling([value for value, _ in seen])
    assert seen[-1][1] == "too bright"


def test_smallness_lowers_it(portrait: Picture) -> None:
    seen = [judge(*shrunk(portrait, f)) for f in (0.5, 0.35, 0.25, 0.2, 0.15)]
    assert falling([value for value, _ in seen])
    assert seen[-1][1] == "too small"


def test_turning_away_lowers_it(portrait: Picture) -> None:
    faces = Faces.from_boxes(np.repeat(BOX, 6, 0))
    pose = np.array([[0, 0, 0], [20, 0, 90], [-45, 10, 0], [50, -20, 0], [80, 0, 0], [np.nan] * 3], np.float32)
    values, reasons = quality(portrait, faces, pose)
    assert falling(values[:5].tolist())
    assert values[0] == values[1] == values[5], "roll does not matter, an unknown pose neither"
    assert values[4] == 0
    assert named(reasons)[4] == "turned away"


def test_an_unsure_detector_lowers_it(portrait: Picture) -> None:
    seen = [judge(portrait, score=score) for score in (0.9, 0.6, 0.4, 0.2)]
    assert falling([value for value, _ in seen])
    assert seen[-1][1] == "unsure"


def test_noise_of_a_dark_sensor_is_no_sharpness(portrait: Picture) -> None:
    rng = np.random.default_rng(0)
    blurred = cv2.GaussianBlur(portrait, (0, 0), 8)
    noisy = np.clip(blurred + rng.normal(0, 6, blurred.shape), 0, 255).astype(np.uint8)
    assert judge(noisy)[1] == "blurred"


def test_boxes_beyond_the_picture_and_no_faces(portrait: Picture) -> None:
    boxes = np.array([[600, 600, 700, 700], [-80, -80, 60, 60], [10, 10, 10, 10]], np.float32)
    values, reasons = quality(portrait, Faces.from_boxes(boxes))
    assert values[0] == values[2] == 0
    assert np.isfinite(values).all()
    assert len(reasons) == 3
    values, reasons = quality(portrait, Faces.empty())
    assert values.shape == (0,)
    assert reasons.shape == (0,)
