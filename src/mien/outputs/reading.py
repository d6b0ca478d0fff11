"""Results read back from the JSON that `mien.outputs.json` wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from mien.core.labels import EMOTIONS
from mien.core.types import BASELINE_STATES, REASONS, SIGNALS, Event, Faces, FrameResult

_PLAIN: Final = ("eyes_open", "mouth_open", "blinks", "perclos", "age", "quality")
_ANGLES: Final = ("yaw", "pitch", "roll")


def result_from_json(value: Mapping[str, Any]) -> FrameResult:
    """Return the result that ``value`` was made from, as exact as it was rounded; without ``emotion_raw``.

    Raises:
        KeyError, TypeError, ValueError: ``value`` is not the JSON of a result.
    """
    return FrameResult(
        index=value["frame"],
        timestamp=value["time"],
        width=value["width"],
        height=value["height"],
        faces=faces_from_json(value["faces"]),
        source=value["source"],
        warnings=tuple(value.get("warnings", ())),
        events=tuple(Event(e["event"], e["track"], e["start"], e["end"]) for e in value.get("events", ())),
    )


def faces_from_json(faces: Sequence[Mapping[str, Any]]) -> Faces:
    """Return faces; a column is there when the first face has it."""
    if not faces:
        return Faces.empty()
    first = faces[0]
    columns: dict[str, Any] = {}
    if "track" in first:
        columns["tracks"] = [face["track"] for face in faces]
    if "emotion" in first:
        columns |= _emotions([face["emotion"] for face in faces])
    if "baseline" in first:
        columns["baseline_state"] = [BASELINE_STATES.index(face["baseline"]) for face in faces]
    if "signals" in first:
        columns["signals"] = _numbers([[face["signals"][name] for name in SIGNALS] for face in faces])
        if "dominant" in first["signals"]:
            columns["dominant"] = [EMOTIONS.index(face["signals"]["dominant"]) for face in faces]
    if "landmarks" in first:
        columns["landmarks"] = np.stack([_points(face["landmarks"], 68) for face in faces])
    if "pose" in first:
        columns["pose"] = _numbers([[face["pose"][name] for name in _ANGLES] for face in faces])
    columns |= {name: _numbers([face[name] for face in faces]) for name in _PLAIN if name in first}
    if "age_range" in first:
        columns["age_low"], columns["age_high"] = _numbers([face["age_range"] for face in faces]).T
        columns["age_uncertain"] = [face.get("age_uncertain", False) for face in faces]
    if "gender" in first:
        columns["gender"] = [_female(face["gender"]) for face in faces]
        columns["gender_uncertain"] = [face["gender"]["label"] == "uncertain" for face in faces]
    if any("reason" in face for face in faces):
        columns["reason"] = [REASONS.index(face["reason"]) if "reason" in face else -1 for face in faces]
    points = np.stack([_points(face["points"], 5) for face in faces])
    found = Faces.from_boxes(
        _numbers([face["box"] for face in faces]), _numbers([face["score"] for face in faces]), points
    )
    return found.replace(**columns)


def _emotions(values: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    shown = _numbers([[value["probabilities"][name] for name in EMOTIONS] for value in values])
    columns: dict[str, Any] = {
        "emotion": shown,
        "label": [EMOTIONS.index(value["label"]) for value in values],
        "uncertain": [value["uncertain"] for value in values],
    }
    if "uncorrected" in values[0]:
        columns["baseline"] = shown
        columns["emotion"] = _numbers([[value["uncorrected"][name] for name in EMOTIONS] for value in values])
    return columns


def _numbers(values: Any) -> Any:
    """Return an array in which null has become NaN."""
    return np.array(values, dtype=np.float64)


def _points(points: Any, count: int) -> Any:
    return np.full((count, 2), np.nan) if points is None else _numbers(points)


def _female(gender: Mapping[str, Any]) -> float:
    """Return the probability of "female"; of a gender that was not told, that of either."""
    confidence = float(gender["confidence"])
    return 1 - confidence if gender["label"] == "male" else confidence
