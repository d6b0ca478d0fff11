from __future__ import annotations

import numpy as np

from mien.core.types import Event, Faces, FrameResult
from mien.outputs.json import result_to_json
from mien.outputs.reading import result_from_json


def full(n: int, seed: int = 0) -> Faces:
    """Faces with every column; the second one's points are unknown."""
    random = np.random.default_rng(seed)
    points = random.random((n, 5, 2)) * 100
    points[1:2] = np.nan
    return Faces.from_boxes(random.random((n, 4)) * 100, random.random(n), points).replace(
        tracks=np.arange(n) + 3,
        emotion=random.dirichlet(np.ones(8), n),
        label=np.arange(n) % 8,
        uncertain=np.arange(n) % 2 == 0,
        baseline=random.dirichlet(np.ones(8), n),
        baseline_state=np.arange(n) % 5,
        landmarks=random.random((n, 68, 2)) * 100,
        pose=random.normal(size=(n, 3)) * 20,
        eyes_open=random.random(n),
        mouth_open=random.random(n),
        blinks=np.arange(n),
        perclos=np.where(np.arange(n) == 0, np.nan, 0.2),
        signals=random.random((n, 4)),
        dominant=np.arange(n) % 8,
        age=random.random(n) * 80,
        age_low=random.random(n) * 30,
        age_high=30 + random.random(n) * 50,
        age_uncertain=np.arange(n) % 3 == 0,
        gender=np.where(np.arange(n) % 2 == 0, 0.25, 0.75),
        gender_uncertain=np.arange(n) % 3 == 1,
        quality=random.random(n),
        reason=np.arange(n) % 4 - 1,
    )


def test_what_is_read_back_says_the_same() -> None:
    events = (Event("smile", 3, 1.0, 1.5), Event("blink", 4, 1.2))
    result = FrameResult(7, 1.25, 640, 360, full(6), "a.mp4", warnings=("dark",), events=events)
    value = result_to_json(result)
    assert result_to_json(result_from_json(value)) == value


def test_plain_faces_and_none() -> None:
    emotion = np.eye(8, dtype=np.float32)[:2]
    plain = Faces.from_boxes([[0, 0, 10, 10], [5, 5, 9, 9]]).replace(emotion=emotion)
    for faces in (plain, Faces.empty()):
        value = result_to_json(FrameResult(0, 0.0, 64, 48, faces))
        assert result_to_json(result_from_json(value)) == value
