"""The JSON of a result: the same in ``mien analyze --json``, in tables of lines, in REST and on the WebSocket.

Boxes and points are rounded to 0.1 px, probabilities to four digits, times to the microsecond. A column that was not
computed has no key; a value that is not a number (a point that the detector does not give) is null.
"""

from __future__ import annotations

import math
from typing import Any

from mien.core.labels import EMOTIONS
from mien.core.types import REASONS, Faces, FrameResult


def result_to_json(result: FrameResult) -> dict[str, Any]:
    """Return ``source frame time width height faces`` and, when there are any, ``warnings``."""
    value: dict[str, Any] = {
        "source": plain_text(result.source),
        "frame": result.index,
        "time": round(result.timestamp, 6),
        "width": result.width,
        "height": result.height,
        "faces": [face_to_json(result.faces, row) for row in range(len(result.faces))],
    }
    if result.warnings:
        value["warnings"] = list(result.warnings)
    return value


def face_to_json(faces: Faces, row: int) -> dict[str, Any]:
    """Return the face in ``row``: ``track`` (streams only), ``box score points emotion`` and what else was computed."""
    value: dict[str, Any] = {}
    if faces.tracks is not None:
        value["track"] = int(faces.tracks[row])
    value["box"] = [number(v, 1) for v in faces.boxes[row]]
    value["score"] = number(faces.scores[row], 4)
    value["points"] = _points(faces.points[row])
    if faces.emotion is not None:
        value["emotion"] = _emotion(faces, row)
    if faces.landmarks is not None:
        value["landmarks"] = _points(faces.landmarks[row])
    if faces.pose is not None:
        value["pose"] = {name: number(v, 1) for name, v in zip(("yaw", "pitch", "roll"), faces.pose[row], strict=True)}
    if faces.blinks is not None:
        value["blinks"] = int(faces.blinks[row])
    for name, digits in (("eyes_open", 3), ("mouth_open", 3), ("perclos", 3), ("age", 1)):
        column = getattr(faces, name)
        if column is not None:
            value[name] = number(column[row], digits)
    if faces.gender is not None:
        female = float(faces.gender[row])
        label = "female" if female >= 0.5 else "male"
        value["gender"] = {"label": label, "confidence": number(max(female, 1 - female), 4)}
    if faces.quality is not None:
        value["quality"] = number(faces.quality[row], 3)
    if faces.reason is not None and faces.reason[row] >= 0:
        value["reason"] = REASONS[faces.reason[row]]
    return value


def shown_emotion(faces: Faces, row: int) -> tuple[int, float]:
    """Return the shown emotion as an index into `EMOTIONS`, and its probability.

    Raises:
        ValueError: the faces have no emotions.
    """
    if faces.emotion is None:
        raise ValueError("these faces have no emotions")
    label = int(faces.emotion[row].argmax() if faces.label is None else faces.label[row])
    return label, float(faces.emotion[row, label])


def plain_text(text: str) -> str:
    """Return ``text`` as valid Unicode: bytes of a file name that are not UTF-8 become U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def number(value: Any, digits: int) -> float | None:
    """Return ``value`` as a rounded Python float; None for what is not a finite number."""
    plain = float(value)
    return round(plain, digits) if math.isfinite(plain) else None


def _emotion(faces: Faces, row: int) -> dict[str, Any]:
    assert faces.emotion is not None
    label, confidence = shown_emotion(faces, row)
    return {
        "label": EMOTIONS[label],
        "confidence": number(confidence, 4),
        "uncertain": bool(faces.uncertain[row]) if faces.uncertain is not None else False,
        "probabilities": {name: number(p, 4) for name, p in zip(EMOTIONS, faces.emotion[row], strict=True)},
    }


def _points(points: Any) -> list[list[float | None]] | None:
    rounded = [[number(x, 1), number(y, 1)] for x, y in points]
    return None if any(v is None for point in rounded for v in point) else rounded
