from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mien.models.landmarks import MIRROR, five_points
from mien.models.pose import (
    EAR_CLOSED,
    EAR_OPEN,
    MEAN_FACE,
    STEADY,
    angles_of,
    coarse_pose,
    eye_aspect_ratios,
    eyes_open,
    head_pose,
    mouth_open,
    rotation_of,
)

FloatArray = NDArray[np.float32]
ANGLES = [
    (0, 0, 0),
    (30, 0, 0),
    (-55, 0, 0),
    (0, 25, 0),
    (0, -30, 0),
    (0, 0, 35),
    (10, 5, -80),
    (25, -15, 20),
    (-40, 20, -30),
    (5, 5, 170),
]


def render(
    yaw: float, pitch: float, roll: float, *, distance: float = 8.0, width: int = 640, height: int = 480
) -> FloatArray:
    """The mean face at these angles before a camera, ``[1, 68, 2]``; eyes about 80 px apart."""
    body = (MEAN_FACE - MEAN_FACE[list(STEADY)].mean(0)) @ rotation_of(yaw, pitch, roll).T + [0, 0, distance]
    focal = max(width, height)
    return np.asarray(body[:, :2] / body[:, 2:] * focal + [width / 2, height / 2], np.float32)[None]


@pytest.mark.parametrize("angles", ANGLES)
def test_the_angles_of_a_rendered_head_are_found(angles: tuple[float, float, float]) -> None:
    assert head_pose(render(*angles), 640, 480)[0] == pytest.approx(angles, abs=0.5)


@pytest.mark.parametrize("angles", ANGLES[:-1])
def test_angles_and_rotations_are_inverse(angles: tuple[float, float, float]) -> None:
    assert angles_of(rotation_of(*angles)) == pytest.approx(angles, abs=1e-6)


def test_signs_are_those_of_the_picture() -> None:
    still = render(0, 0, 0)[0]
    nose = 30
    assert render(20, 0, 0)[0, nose, 0] > still[nose, 0] + 5, "yaw > 0: to the picture's right"
    assert render(0, 20, 0)[0, nose, 1] < still[nose, 1] - 5, "pitch > 0: up"
    left, right = render(0, 0, 20)[0, [36, 45], 1]
    assert right > left + 5, "roll > 0: clockwise, so that the eye at the right sinks"


def test_it_does_not_matter_where_in_the_picture_the_face_is() -> None:
    face = render(20, 10, 5)
    assert head_pose(face + np.float32(200), 640, 480) == pytest.approx(head_pose(face, 640, 480), abs=0.01)


def test_noise_and_another_camera_cost_a_few_degrees() -> None:
    rng = np.random.default_rng(0)
    wanted, found = [], []
    for _ in range(60):
        angles = rng.uniform([-40, -20, -30], [40, 20, 30])
        # A head of another distance, so that the assumed focal length is not the true one.
        noisy = render(*angles, distance=rng.uniform(4, 20))
        size = np.linalg.norm(noisy[0, 36] - noisy[0, 45])
        found.append(head_pose((noisy + rng.normal(0, 0.02 * size, noisy.shape)).astype(np.float32), 900, 480)[0])
        wanted.append(angles)
    error = np.abs(np.array(found) - wanted).mean(0)
    assert error[0] < 4
    assert error[1] < 6
    assert error[2] < 2


def test_the_mean_face_is_symmetric_and_looks_at_the_viewer() -> None:
    assert MEAN_FACE[list(MIRROR)] * [-1, 1, 1] == pytest.approx(MEAN_FACE)
    assert MEAN_FACE[[36, 45]].tolist() == [[-0.5, 0, 0], [0.5, 0, 0]]
    assert MEAN_FACE[[48, 54], 2] == pytest.approx(0)
    assert MEAN_FACE[30, 2] == MEAN_FACE[:, 2].min()


@pytest.mark.parametrize(
    "landmarks",
    [
        np.full((68, 2), np.nan),
        np.full((68, 2), 40.0),
        np.stack([np.linspace(0, 90, 68)] * 2, 1),
        np.where(np.arange(68)[:, None] == 33, np.inf, render(0, 0, 0)[0]),
    ],
    ids=["unknown", "one place", "a line", "one point at infinity"],
)
def test_what_is_no_face_has_no_pose(landmarks: NDArray[np.float64]) -> None:
    both = np.stack([landmarks.astype(np.float32), render(20, 0, 0)[0]])
    pose = head_pose(both, 640, 480)
    assert np.isnan(pose[0]).all()
    assert pose[1, 0] == pytest.approx(20, abs=0.5)


def test_no_faces_give_empty_columns() -> None:
    none = np.empty((0, 68, 2), np.float32)
    assert head_pose(none, 10, 10).shape == (0, 3)
    assert eyes_open(none).shape == mouth_open(none).shape == (0,)
    assert eye_aspect_ratios(none).shape == (0, 2)


def with_eyes(left: float, right: float) -> FloatArray:
    """A face whose eyes are 20 px wide and have these aspect ratios."""
    face = render(0, 0, 0)
    for start, ratio, x in ((36, left, 100), (42, right, 160)):
        high = 10 * ratio
        face[0, start : start + 6] = np.array(
            [
                [x, 50],
                [x + 6, 50 - high],
                [x + 14, 50 - high],
                [x + 20, 50],
                [x + 14, 50 + high],
                [x + 6, 50 + high],
            ]
        )
    return face


def test_the_aspect_ratio_by_hand() -> None:
    assert eye_aspect_ratios(with_eyes(0.25, 0.1))[0] == pytest.approx([0.25, 0.1], abs=1e-5)


@pytest.mark.parametrize(
    ("left", "right", "wanted"),
    [
        (EAR_CLOSED, EAR_CLOSED, 0.0),
        (0.02, 0.02, 0.0),
        (EAR_OPEN, EAR_OPEN, 1.0),
        (0.6, 0.6, 1.0),
        ((EAR_CLOSED + EAR_OPEN) / 2, (EAR_CLOSED + EAR_OPEN) / 2, 0.5),
        (EAR_CLOSED, EAR_OPEN, 0.5),
    ],
)
def test_how_far_eyes_are_open(left: float, right: float, wanted: float) -> None:
    assert eyes_open(with_eyes(left, right))[0] == pytest.approx(wanted, abs=1e-3)


def test_turning_the_head_does_not_open_the_eyes() -> None:
    straight, turned = render(0, 0, 0), render(40, 0, 0)
    pose = head_pose(turned, 640, 480)
    wanted = eyes_open(straight)[0]
    assert abs(eyes_open(turned, pose)[0] - wanted) < abs(eyes_open(turned)[0] - wanted)
    assert eyes_open(turned, np.full((1, 3), np.nan, np.float32))[0] == eyes_open(turned)[0]


@pytest.mark.parametrize(("gap", "wanted"), [(0.0, 0.0), (0.35, 0.5), (0.6, 1.0), (1.4, 1.0)])
def test_how_far_the_mouth_is_open(gap: float, wanted: float) -> None:
    face = render(0, 0, 0)
    high = 20 * gap
    upper, lower = [[x, 50 - high] for x in (10, 20, 30)], [[x, 50 + high] for x in (30, 20, 10)]
    face[0, 60:68] = np.array([[0.0, 50.0], *upper, [40.0, 50.0], *lower])
    assert mouth_open(face)[0] == pytest.approx(wanted, abs=1e-3)


def test_eyes_and_mouths_without_width_are_unknown() -> None:
    flat = np.full((1, 68, 2), 7, np.float32)
    assert np.isnan(eyes_open(flat)).all()
    assert np.isnan(mouth_open(flat)).all()
    assert np.isnan(eye_aspect_ratios(flat)).all()


@pytest.mark.parametrize(("yaw", "pitch", "roll"), [(0, 0, 0), (30, 0, 0), (-40, 10, 5), (0, -25, -20), (50, 0, 90)])
def test_five_points_tell_where_a_rendered_head_looks(yaw: float, pitch: float, roll: float) -> None:
    model = five_points(MEAN_FACE[None].astype(np.float32))[0]
    seen = (model @ rotation_of(yaw, pitch, roll).T)[:, :2] * 60 + [200, 100]
    unknown = np.full((5, 2), np.nan)
    found = coarse_pose(np.array([seen, unknown, np.zeros((5, 2))], np.float32))
    assert found[0] == pytest.approx([yaw, pitch, roll], abs=0.5)
    assert np.isnan(found[1:]).all()
