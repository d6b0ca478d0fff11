"""The JSON of a result: the same in ``mien analyze --json``, in tables of lines, in REST and on the WebSocket.

Boxes and points are rounded to 0.1 px, probabilities to four digits, times to the microsecond. A column that was not
computed has no key; a value that is not a number (a point that the detector does not give) is null.
"""

from __future__ import annotations

import math
from typing import Any

from mien.core.labels import EMOTIONS
from mien.core.types import BASELINE_STATES, REASONS, SIGNALS, Event, Faces, FrameResult


def result_to_json(result: FrameResult) -> dict[str, Any]:
    """Return ``source frame time width height faces`` and, when there are any, ``warnings`` and ``events``."""
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
    if result.events:
        value["events"] = [event_to_json(event) for event in result.events]
    return value


def event_to_json(event: Event) -> dict[str, Any]:
    """Return ``event track start end``, times in seconds; ``end`` is null while it goes on."""
    end = None if event.end is None else round(event.end, 6)
    return {"event": event.kind, "track": event.track, "start": round(event.start, 6), "end": end}


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
    if faces.baseline_state is not None:
        value["baseline"] = BASELINE_STATES[faces.baseline_state[row]]
    if faces.signals is not None:
        value["signals"] = _signals(faces, row)
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
    if faces.age_low is not None and faces.age_high is not None:
        value["age_range"] = [round(float(faces.age_low[row])), round(float(faces.age_high[row]))]
    if faces.age_uncertain is not None and faces.age_uncertain[row]:
        value["age_uncertain"] = True
    if faces.gender is not None:
        label, confidence = shown_gender(faces, row)
        value["gender"] = {"label": label, "confidence": number(confidence, 4)}
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
    shown = faces.shown
    if shown is None:
        raise ValueError("these faces have no emotions")
    label = int(shown[row].argmax() if faces.label is None else faces.label[row])
    return label, float(shown[row, label])


def shown_gender(faces: Faces, row: int) -> tuple[str, float]:
    """Return ``female``, ``male`` or ``uncertain``, and the probability of the likelier one.

    Raises:
        ValueError: the faces have no gender.
    """
    if faces.gender is None:
        raise ValueError("the gender of these faces was not estimated")
    female = float(faces.gender[row])
    label = "female" if female >= 0.5 else "male"
    if faces.gender_uncertain is not None and faces.gender_uncertain[row]:
        label = "uncertain"
    return label, max(female, 1 - female)


def plain_text(text: str) -> str:
    """Return ``text`` as valid Unicode: bytes of a file name that are not UTF-8 become U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def number(value: Any, digits: int) -> float | None:
    """Return ``value`` as a rounded Python float; None for what is not a finite number."""
    plain = float(value)
    return round(plain, digits) if math.isfinite(plain) else None


def _emotion(faces: Faces, row: int) -> dict[str, Any]:
    assert faces.emotion is not None
    assert faces.shown is not None
    label, confidence = shown_emotion(faces, row)
    value = {
        "label": EMOTIONS[label],
        "confidence": number(confidence, 4),
        "uncertain": bool(faces.uncertain[row]) if faces.uncertain is not None else False,
        "probabilities": _probabilities(faces.shown[row]),
    }
    if faces.baseline is not None:
        value["uncorrected"] = _probabilities(faces.emotion[row])
    return value


def _probabilities(row: Any) -> dict[str, float | None]:
    return {name: number(p, 4) for name, p in zip(EMOTIONS, row, strict=True)}


def _signals(faces: Faces, row: int) -> dict[str, Any]:
    assert faces.signals is not None
    value: dict[str, Any] = {name: number(v, 3) for name, v in zip(SIGNALS, faces.signals[row], strict=True)}
    if faces.dominant is not None:
        value["dominant"] = EMOTIONS[faces.dominant[row]]
    return value


def _points(points: Any) -> list[list[float | None]] | None:
    rounded = [[number(x, 1), number(y, 1)] for x, y in points]
    return None if any(v is None for point in rounded for v in point) else rounded
