"""What a face's inner marks look like on a picture: five points, 68 landmarks, the direction of the head."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.core.errors import SettingsError
from mien.core.types import Faces, Image

MARKS: Final = ("points", "landmarks", "pose")
"""What can be drawn beside the box, where it was computed."""

_LINES: Final = (
    (0, 17, False),  # jaw
    (17, 22, False),  # brows
    (22, 27, False),
    (27, 31, False),  # bridge and base of the nose
    (31, 36, False),
    (36, 42, True),  # eyes
    (42, 48, True),
    (48, 60, True),  # lips, outer and inner
    (60, 68, True),
)
_LIGHT: Final = (255, 255, 255)
_DARK: Final = (33, 27, 23)
_AXES: Final = ((54, 64, 214), (142, 197, 63), (237, 111, 47))
"""BGR: red to the face's side, green down, blue where it looks."""
_FINE: Final = 4
"""Bits after the point in OpenCV's drawing coordinates: smooth motion in a video."""

_RIMMED: Final = 96
"""Smaller faces, in pixels of the canvas, get marks without a dark rim, under which they could not be seen."""


def check(marks: Collection[str]) -> None:
    """Refuse what cannot be drawn.

    Raises:
        SettingsError: names the mark and the known ones.
    """
    unknown = sorted(set(marks) - set(MARKS))
    if unknown:
        raise SettingsError(f"unknown mark {unknown[0]!r}: use {', '.join(MARKS)}")


def draw_marks(canvas: Image, faces: Faces, row: int, marks: Collection[str], scale: NDArray[Any]) -> None:
    """Draw a face's marks onto ``canvas`` (BGR uint8, changed in place).

    Args:
        canvas: the picture.
        faces: what was seen, in pixels of the picture that was analysed.
        row: which of the faces.
        marks: some of `MARKS`; those that were not computed are left out.
        scale: x and y, from pixels of the analysed picture to those of ``canvas``.
    """
    size = max(1.0, float(faces.sizes[row]) * float(scale.min()))
    line = max(1, round(size / 120))
    rim = 1 if size >= _RIMMED else 0
    if "landmarks" in marks and faces.landmarks is not None:
        _landmarks(canvas, faces.landmarks[row] * scale, line, rim)
    if "points" in marks:
        _points(canvas, faces.points[row] * scale, line)
    if "pose" in marks and faces.pose is not None:
        _pose(canvas, faces.pose[row], (faces.boxes[row].reshape(2, 2) * scale).mean(0), 0.4 * size, line, rim)


def _fine(points: NDArray[Any]) -> NDArray[np.int32]:
    return np.asarray(np.rint(np.clip(points, -1e5, 1e5) * (1 << _FINE)), np.int32)


def _landmarks(canvas: Image, points: NDArray[Any], line: int, rim: int) -> None:
    if not np.isfinite(points).all():
        return
    fine = _fine(points)
    paths = [(fine[a:b].reshape(-1, 1, 2), closed) for a, b, closed in _LINES]
    for colour, width in ((_DARK, line + 2), (_LIGHT, line))[1 - rim :]:
        for path, closed in paths:
            cv2.polylines(canvas, [path], closed, colour, width, cv2.LINE_AA, _FINE)


def _points(canvas: Image, points: NDArray[Any], line: int) -> None:
    for x, y in _fine(points[np.isfinite(points).all(1)]).tolist():
        for colour, radius in ((_DARK, 2 * line + 1), (_LIGHT, 2 * line)):
            cv2.circle(canvas, (x, y), radius << _FINE, colour, cv2.FILLED, cv2.LINE_AA, _FINE)


def _pose(canvas: Image, pose: NDArray[Any], centre: NDArray[Any], length: float, line: int, rim: int) -> None:
    """Draw the head's axes, seen from afar: to its side, down, and where it looks."""
    if not np.isfinite(pose).all():
        return
    start = _fine(centre).tolist()
    for (dx, dy), colour in zip(axes(*(float(v) for v in pose)), _AXES, strict=True):
        end = _fine(centre + length * np.array([dx, dy])).tolist()
        for shade, width in ((_DARK, line + 3), (colour, line + rim))[1 - rim :]:
            cv2.line(canvas, start, end, shade, width, cv2.LINE_AA, _FINE)


def axes(yaw: float, pitch: float, roll: float) -> list[tuple[float, float]]:
    """Return where a head's side, its chin and its gaze point in the picture, each x y; at most 1 long.

    The angles are in degrees, with the signs of the results: yaw > 0 to the picture's right, pitch > 0 up, roll > 0
    clockwise.
    """
    a, b, c = np.radians((yaw, pitch, roll))
    turn = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    nod = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    tilt = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    side, down, back = (turn @ nod @ tilt).T
    return [(float(v[0]), float(v[1])) for v in (side, down, -back)]
