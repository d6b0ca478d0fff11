from __future__ import annotations

import json

import numpy as np
import pytest

from mien.core.labels import EMOTIONS
from mien.core.types import BASELINE_STATES, SIGNALS, Event, Faces, FrameResult
from mien.outputs.json import face_to_json, result_to_json, shown_emotion, shown_gender


def faces(**columns: object) -> Faces:
    return Faces.from_boxes([[10.04, 20.06, 30.123, 44.987]], [0.98768], np.arange(10).reshape(1, 5, 2) + 0.26).replace(
        **columns
    )


PROBABILITIES = np.array([[0.0200049, 0.93, 0.01, 0.01, 0.01, 0.01, 0.005, 0.0049951]])


def test_smallest_face() -> None:
    assert face_to_json(faces(), 0) == {
        "box": [10.0, 20.1, 30.1, 45.0],
        "score": 0.9877,
        "points": [[0.3, 1.3], [2.3, 3.3], [4.3, 5.3], [6.3, 7.3], [8.3, 9.3]],
    }


def test_unknown_points_are_null() -> None:
    assert face_to_json(Faces.from_boxes([[0, 0, 1, 1]]), 0)["points"] is None
    points = np.zeros((1, 5, 2))
    points[0, 3, 1] = np.nan
    assert face_to_json(faces(points=points), 0)["points"] is None


def test_emotion() -> None:
    value = face_to_json(faces(emotion=PROBABILITIES, label=[1], uncertain=[False], tracks=[7]), 0)
    assert list(value) == ["track", "box", "score", "points", "emotion"]
    assert value["track"] == 7
    assert value["emotion"]["label"] == "happiness"
    assert value["emotion"]["confidence"] == 0.93
    assert value["emotion"]["uncertain"] is False
    assert list(value["emotion"]["probabilities"]) == list(EMOTIONS)
    assert value["emotion"]["probabilities"]["neutral"] == 0.02


def test_shown_label_may_lag_behind_the_largest_probability() -> None:
    value = face_to_json(faces(emotion=PROBABILITIES, label=[0], uncertain=[True]), 0)["emotion"]
    assert (value["label"], value["confidence"], value["uncertain"]) == ("neutral", 0.02, True)


def test_without_a_label_the_largest_probability_is_shown() -> None:
    label, confidence = shown_emotion(faces(emotion=PROBABILITIES), 0)
    assert EMOTIONS[label] == "happiness"
    assert confidence == pytest.approx(0.93)
    with pytest.raises(ValueError, match="no emotions"):
        shown_emotion(faces(), 0)


def test_optional_columns() -> None:
    value = face_to_json(
        faces(
            landmarks=np.zeros((1, 68, 2)),
            pose=[[-4.13, 2.0, 0.26]],
            eyes_open=[0.51239],
            mouth_open=[np.nan],
            age=[31.24],
            gender=[0.1],
            quality=[0.8],
        ),
        0,
    )
    assert value["pose"] == {"yaw": -4.1, "pitch": 2.0, "roll": 0.3}
    assert len(value["landmarks"]) == 68
    assert (value["eyes_open"], value["mouth_open"], value["age"], value["quality"]) == (0.512, None, 31.2, 0.8)
    assert value["gender"] == {"label": "male", "confidence": 0.9}
    assert face_to_json(faces(gender=[0.9]), 0)["gender"] == {"label": "female", "confidence": 0.9}


def test_age_and_gender() -> None:
    known = {"age": [31.24], "age_low": [25.6], "age_high": [38.4], "age_uncertain": [False]}
    value = face_to_json(faces(**known, gender=[0.9], gender_uncertain=[False]), 0)
    assert list(value)[3:] == ["age", "age_range", "gender"]
    assert (value["age"], value["age_range"]) == (31.2, [26, 38])
    assert value["gender"] == {"label": "female", "confidence": 0.9}
    doubtful = known | {"age_uncertain": [True]}
    value = face_to_json(faces(**doubtful, gender=[0.4], gender_uncertain=[True]), 0)
    assert (value["age"], value["age_range"], value["age_uncertain"]) == (31.2, [26, 38], True)
    assert value["gender"] == {"label": "uncertain", "confidence": 0.6}
    with pytest.raises(ValueError, match="not estimated"):
        shown_gender(faces(), 0)


def test_result() -> None:
    result = FrameResult(12, 0.50050012, 640, 360, faces(emotion=PROBABILITIES), source="a.mp4")
    value = result_to_json(result)
    assert list(value) == ["source", "frame", "time", "width", "height", "faces"]
    assert (value["source"], value["frame"], value["time"]) == ("a.mp4", 12, 0.5005)
    assert (value["width"], value["height"], len(value["faces"])) == (640, 360, 1)
    assert json.loads(json.dumps(value, allow_nan=False)) == value


def test_result_without_faces_and_with_warnings() -> None:
    value = result_to_json(FrameResult(0, 0.0, 4, 3, Faces.empty(), warnings=("too dark",)))
    assert value["faces"] == []
    assert value["warnings"] == ["too dark"]


def test_with_a_baseline_the_corrected_emotion_is_shown_and_the_other_is_beside_it() -> None:
    corrected = np.roll(PROBABILITIES, -1, axis=1)
    value = face_to_json(
        faces(emotion=PROBABILITIES, baseline=corrected, label=[0], baseline_state=[BASELINE_STATES.index("learned")]),
        0,
    )
    assert value["emotion"]["label"] == "neutral"
    assert value["emotion"]["confidence"] == value["emotion"]["probabilities"]["neutral"] == 0.93
    assert value["emotion"]["uncorrected"]["happiness"] == 0.93
    assert value["baseline"] == "learned"
    assert "uncorrected" not in face_to_json(faces(emotion=PROBABILITIES), 0)["emotion"]


def test_signals() -> None:
    value = face_to_json(faces(signals=[[71.23456, 0.5, np.nan, 0.25]], dominant=[1]), 0)["signals"]
    assert list(value) == [*SIGNALS, "dominant"]
    assert list(value.values()) == [71.235, 0.5, None, 0.25, "happiness"]


def test_events_are_there_when_something_happened() -> None:
    quiet = FrameResult(0, 0.0, 640, 360, Faces.empty())
    assert "events" not in result_to_json(quiet)
    events = (Event("smile", 3, 0.12345678), Event("blink", 3, 1.0, 1.2))
    assert result_to_json(FrameResult(0, 0.0, 640, 360, Faces.empty(), events=events))["events"] == [
        {"event": "smile", "track": 3, "start": 0.123457, "end": None},
        {"event": "blink", "track": 3, "start": 1.0, "end": 1.2},
    ]
