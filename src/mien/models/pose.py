"""Where a head looks, how far eyes and mouth are open: geometry on the 68 landmarks.

Angles are in degrees, as seen in the picture: yaw > 0 turns the face to the picture's right, pitch > 0 up, roll > 0
tilts it clockwise. Yaw and pitch are the direction in which the face points, roll is the turn about that direction; a
face that looks into the camera has yaw and pitch 0 wherever it is in the picture. From landmarks alone they are coarse:
a head's depth is a guess from the average of others.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.core.types import FloatArray
from mien.models.landmarks import COUNT, INNER_LIPS, LEFT_EYE, MIRROR, RIGHT_EYE, five_points

# fmt: off
_HALF: Final[dict[int, tuple[float, float, float]]] = {
    0: (-0.920, 0.001, 0.469), 1: (-0.918, 0.215, 0.444), 2: (-0.884, 0.403, 0.448), 3: (-0.834, 0.586, 0.458),
    4: (-0.748, 0.792, 0.445), 5: (-0.608, 0.967, 0.373), 6: (-0.457, 1.088, 0.256), 7: (-0.273, 1.195, 0.120),
    8: (0.000, 1.262, 0.079), 17: (-0.659, -0.170, 0.038), 18: (-0.561, -0.223, -0.081),
    19: (-0.433, -0.238, -0.156), 20: (-0.316, -0.224, -0.197), 21: (-0.210, -0.195, -0.216),
    27: (0.000, 0.031, -0.220), 28: (0.000, 0.177, -0.286), 29: (0.000, 0.314, -0.361), 30: (0.000, 0.430, -0.369),
    31: (-0.142, 0.497, -0.156), 32: (-0.082, 0.517, -0.194), 33: (0.000, 0.536, -0.209),
    36: (-0.500, 0.000, 0.000), 37: (-0.420, -0.021, -0.079), 38: (-0.317, -0.022, -0.082),
    39: (-0.222, 0.016, -0.057), 40: (-0.310, 0.043, -0.072), 41: (-0.417, 0.041, -0.049),
    48: (-0.303, 0.747, 0.000), 49: (-0.201, 0.698, -0.121), 50: (-0.069, 0.668, -0.189),
    51: (0.000, 0.681, -0.193), 55: (0.195, 0.835, -0.077), 56: (0.102, 0.885, -0.113), 57: (0.000, 0.896, -0.125),
    60: (-0.281, 0.744, -0.003), 61: (-0.089, 0.735, -0.132), 62: (0.000, 0.733, -0.149),
    65: (0.089, 0.789, -0.116), 66: (0.000, 0.798, -0.127),
}
# fmt: on


def _mean_face() -> NDArray[np.float64]:
    face = np.zeros((COUNT, 3))
    for index, place in _HALF.items():
        face[index] = place
        face[MIRROR[index]] = np.array(place) * ([1, 1, 1] if MIRROR[index] == index else [-1, 1, 1])
    return face


MEAN_FACE: Final = _mean_face()
"""``[68, 3]`` mean face: x to the right of the picture, y down, z away from the viewer; the outer corners of the eyes
are one apart, with y = z = 0; the plane through them and the corners of the mouth faces the viewer. Made from the
landmark training data by `mien.training.landmarks.shape.mean_face`, and symmetric by construction."""

STEADY: Final = (*range(27, 49), 50, 51, 52, 54)
"""What the pose is read from: nose, eyes, upper lip and corners of the mouth. Brows rise and jaws drop."""
FOCAL: Final = 1.0
"""Focal length in long sides of the picture: a view of 53°, as webcams have; the true one is unknown."""
LEAST_SPREAD: Final = 0.05
"""The steady points must spread across their main direction by this share of what they spread along it."""

EAR_CLOSED, EAR_OPEN = 0.15, 0.33
MAR_CLOSED, MAR_OPEN = 0.10, 0.60


def head_pose(landmarks: FloatArray, width: int, height: int) -> FloatArray:
    """Return yaw, pitch, roll in degrees, ``[n, 3]``; NaN for landmarks that are no face.

    Perspective-n-point on `MEAN_FACE` (SQPnP, Terzakis & Lourakis 2020, refined by Levenberg–Marquardt), for a camera
    turned towards the face: where the picture's own middle was is not known of a picture that was cropped.

    Args:
        landmarks: ``[n, 68, 2]`` x y in pixels.
        width: of the picture in pixels.
        height: of the picture in pixels.
    """
    focal = FOCAL * max(width, height)
    camera = np.diag([focal, focal, 1.0])
    steady = list(STEADY)
    angles = [_one_pose(points[steady].astype(np.float64), MEAN_FACE[steady], camera) for points in landmarks]
    return np.array(angles, np.float32).reshape(-1, 3)


_FIVE: Final = five_points(MEAN_FACE[None].astype(np.float32))[0].astype(np.float64)
_FIVE_SOLVED: Final = np.linalg.pinv(_FIVE - _FIVE.mean(0))
"""``[3, 5]``: brings five centred points of a picture to the axes of a head, by least squares."""


def coarse_pose(points: FloatArray) -> FloatArray:
    """Return yaw, pitch, roll in degrees, ``[n, 3]``, from the detector's five points ``[n, 5, 2]``; NaN as there.

    The scaled orthographic fit of `MEAN_FACE`'s five points (DeMenthon & Davis 1995, "Model-based object pose in 25
    lines of code", its first step), which takes microseconds. Good enough to tell that somebody looks away: a nose is
    a short lever, and mouths open.
    """
    angles = np.full((len(points), 3), np.nan, np.float32)
    for row, face in enumerate(points.astype(np.float64)):
        if not np.isfinite(face).all():
            continue
        left, stretch, right = np.linalg.svd((_FIVE_SOLVED @ (face - face.mean(0))).T, full_matrices=False)
        if stretch[1] > 1e-6:
            axes = left @ right
            angles[row] = angles_of(np.vstack([axes, np.cross(axes[0], axes[1])]))
    return angles


def _one_pose(
    points: NDArray[np.float64], model: NDArray[np.float64], camera: NDArray[np.float64]
) -> tuple[float, float, float]:
    unknown = (np.nan, np.nan, np.nan)
    if not np.isfinite(points).all():
        return unknown
    points = points - points.mean(0)
    along, across = np.linalg.svd(points, compute_uv=False)
    if along < 1e-3 or across < LEAST_SPREAD * along:
        return unknown
    found, turn, shift = cv2.solvePnP(model, points, camera, None, flags=cv2.SOLVEPNP_SQPNP)
    if not found or not shift[2, 0] > 0:
        return unknown
    turn, shift = cv2.solvePnPRefineLM(model, points, camera, None, turn, shift)
    matrix, _ = cv2.Rodrigues(turn)
    return angles_of(np.asarray(matrix)) if np.isfinite(matrix).all() and shift[2, 0] > 0 else unknown


def angles_of(rotation: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return yaw, pitch, roll in degrees of the rotation ``[3, 3]`` that turns `MEAN_FACE` into its place."""
    x, y, z = -rotation[:, 2]
    yaw, pitch = np.arctan2(x, -z), np.arctan2(-y, np.hypot(x, z))
    rest = rotation_of(float(np.degrees(yaw)), float(np.degrees(pitch)), 0.0).T @ rotation
    roll = np.arctan2(rest[1, 0], rest[0, 0])
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))


def rotation_of(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """Return the rotation ``[3, 3]`` of a head at these angles in degrees: `angles_of`, backwards."""
    parts = [np.array([0, -yaw, 0]), np.array([-pitch, 0, 0]), np.array([0, 0, roll])]
    by_yaw, by_pitch, by_roll = (np.asarray(cv2.Rodrigues(np.radians(part.astype(float)))[0]) for part in parts)
    return np.asarray(by_yaw @ by_pitch @ by_roll)


def eye_aspect_ratios(landmarks: FloatArray) -> FloatArray:
    """Return height over width ``[n, 2]`` of the left and the right eye of the picture.

    Soukupová & Čech 2016, "Real-time eye blink detection using facial landmarks": EAR = (|p2 p6| + |p3 p5|) / (2 |p1
    p4|). NaN where an eye has no width.
    """
    heights, widths = _eyes(landmarks)
    return _ratio(heights, widths)


def eyes_open(landmarks: FloatArray, pose: FloatArray | None = None) -> FloatArray:
    """Return how far the eyes are open, ``[n]``: 0 closed, 1 open; NaN where that cannot be told.

    The aspect ratio of both eyes together (sum of heights over sum of widths, so that on a turned head the nearer eye
    counts for more), from `EAR_CLOSED` to `EAR_OPEN`. A wink is half open.

    Args:
        landmarks: ``[n, 68, 2]``.
        pose: ``[n, 3]`` as from `head_pose`: a turned head's eyes look narrow, and its yaw makes up for that.
    """
    heights, widths = _eyes(landmarks)
    ratio = _ratio(heights.sum(1), widths.sum(1)) * _narrowing(pose)
    return _share(ratio, EAR_CLOSED, EAR_OPEN)


def mouth_open(landmarks: FloatArray, pose: FloatArray | None = None) -> FloatArray:
    """Return how far the mouth is open, ``[n]``: 0 closed, 1 wide open; NaN where that cannot be told.

    Mean height over width of the inner lips, from `MAR_CLOSED` to `MAR_OPEN`; ``pose`` as for `eyes_open`.
    """
    lips = landmarks[:, INNER_LIPS]
    height = np.mean([_distance(lips, a, b) for a, b in ((1, 7), (2, 6), (3, 5))], axis=0)
    return _share(_ratio(height, _distance(lips, 0, 4)) * _narrowing(pose), MAR_CLOSED, MAR_OPEN)


def _eyes(landmarks: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean height and width of both eyes, each ``[n, 2]``."""
    eyes = [landmarks[:, eye] for eye in (LEFT_EYE, RIGHT_EYE)]
    heights = [(_distance(eye, 1, 5) + _distance(eye, 2, 4)) / 2 for eye in eyes]
    return np.stack(heights, 1), np.stack([_distance(eye, 0, 3) for eye in eyes], 1)


def _distance(points: FloatArray, a: int, b: int) -> FloatArray:
    return np.asarray(np.linalg.norm(points[:, a] - points[:, b], axis=1), np.float32)


def _ratio(height: FloatArray, width: FloatArray) -> FloatArray:
    return np.where(width > 1e-3, height / np.maximum(width, 1e-3), np.nan).astype(np.float32)


def _narrowing(pose: FloatArray | None) -> FloatArray | float:
    """Return how much narrower a face looks for its yaw; no less than at 60°, where the guess ends."""
    if pose is None:
        return 1.0
    yaw = np.nan_to_num(pose[:, 0])
    return np.asarray(np.cos(np.radians(np.minimum(np.abs(yaw), 60))), np.float32)


def _share(value: FloatArray, low: float, high: float) -> FloatArray:
    return np.asarray(np.clip((value - low) / (high - low), 0, 1), np.float32)
