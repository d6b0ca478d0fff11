from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.core.errors import SettingsError
from mien.core.types import Faces, FrameResult
from mien.models.pose import MEAN_FACE, rotation_of
from mien.outputs.marks import MARKS, axes
from mien.outputs.overlay import draw

GREY = np.full((300, 300, 3), 120, np.uint8)


def result(**columns: object) -> FrameResult:
    points = np.array([[[120, 130], [180, 130], [150, 160], [130, 190], [170, 190]]], np.float32)
    faces = Faces.from_boxes([[90.0, 90.0, 210.0, 230.0]], points=points).replace(**columns)
    return FrameResult(0, 0.0, 300, 300, faces)


def inside(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where the middle of the face was drawn on; box and label lie at its edge."""
    return np.asarray((picture[105:215, 105:195] != 120).any(2))


LANDMARKS = (MEAN_FACE[None, :, :2] * 60 + [150, 130]).astype(np.float32)
POSE = np.array([[30.0, 0.0, 0.0]], np.float32)


def test_marks_are_drawn_on_demand() -> None:
    seen = result(landmarks=LANDMARKS, pose=POSE)
    plain = draw(GREY, seen, marks=())
    assert not inside(plain).any()
    amounts = [inside(draw(GREY, seen, marks=[mark])).sum() for mark in MARKS]
    assert min(amounts) > 20
    assert inside(draw(GREY, seen, marks=MARKS)).sum() > max(amounts)


def test_what_was_not_computed_is_left_out() -> None:
    assert not inside(draw(GREY, result(), marks=["landmarks", "pose"])).any()
    nothing = result(landmarks=LANDMARKS * np.nan, pose=POSE * np.nan)
    assert not inside(draw(GREY, nothing, marks=["landmarks", "pose"])).any()


def test_points_lie_on_the_face_in_a_smaller_copy() -> None:
    small = np.full((150, 150, 3), 120, np.uint8)
    picture = draw(small, result(), marks=["points"])
    for x, y in ((60, 65), (90, 65), (75, 80), (65, 95), (85, 95)):
        assert (picture[y, x] == 255).all()
    assert (picture[65, 75] == 120).all()


def test_the_gaze_points_where_the_head_looks() -> None:
    blue = np.array([237, 111, 47])
    picture = draw(GREY, result(pose=POSE), marks=["pose"]).astype(int)
    ys, xs = np.nonzero(np.abs(picture - blue).sum(2) < 60)
    assert xs.max() > 170, "yaw > 0 looks to the picture's right"
    assert abs(ys.mean() - 160) < 3


@pytest.mark.parametrize("angles", [(0, 0, 0), (20, 0, 0), (0, 15, 0), (0, 0, 30), (-25, -10, 15)])
def test_the_axes_are_those_of_the_rotation(angles: tuple[float, float, float]) -> None:
    turned = rotation_of(*angles)
    assert axes(*angles) == [pytest.approx(v[:2].tolist()) for v in (turned[:, 0], turned[:, 1], -turned[:, 2])]


def test_unknown_marks_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"halo.*points"):
        draw(GREY, result(), marks=["halo"])
