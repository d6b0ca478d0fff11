from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from mien.core.labels import EMOTIONS
from mien.core.types import SIGNALS, Faces, FloatArray
from mien.tracking.kalman import Double
from mien.tracking.signals import LEAST, SATISFACTION, Signals, drowsiness, facing, satisfaction

NEUTRAL, HAPPY, CONTEMPT = (EMOTIONS.index(name) for name in ("neutral", "happiness", "contempt"))
AHEAD = [0.0, 0.0, 0.0]


def one(name: str) -> Double:
    return np.asarray(np.eye(8)[EMOTIONS.index(name)])


def run(
    emotion: Callable[[float], Double],
    seconds: float,
    fps: float = 10,
    pose: Callable[[float], list[float]] | None = None,
    eyes: Callable[[float], float] = lambda t: 1.0,
) -> tuple[FloatArray, list[str]]:
    """Return the signals ``[frames, 4]`` and dominant emotions of one track."""
    signals, rows, names = Signals(), [], []
    for i in range(int(seconds * fps)):
        t = i / fps
        face = Faces.from_boxes([[0, 0, 9, 9]]).replace(tracks=[1], emotion=emotion(t)[None])
        if pose is not None:
            face = face.replace(pose=[pose(t)], eyes_open=[eyes(t)], perclos=[0.0 if t >= 10 else np.nan])
        table, dominant = signals.update(face, [0], [0], t)
        rows.append(table[0])
        names.append(EMOTIONS[dominant[0]])
    return np.array(rows), names


@pytest.mark.parametrize(("name", "points"), list(SATISFACTION.items()))
def test_satisfaction_of_each_emotion(name: str, points: float) -> None:
    assert satisfaction(one(name))[0] == pytest.approx(points)


def test_satisfaction_is_the_mean_without_contempt() -> None:
    row = np.zeros(8)
    row[[NEUTRAL, HAPPY, CONTEMPT]] = 0.3, 0.3, 0.4
    assert satisfaction(row)[0] == pytest.approx(75)
    assert satisfaction(one("contempt"))[0] == 50


@pytest.mark.parametrize(
    ("pose", "eyes", "wanted"),
    [
        (AHEAD, 1.0, 1.0),
        ([15, 0, 30], 0.5, 1.0),
        ([30, 0, 0], 1.0, 0.5),
        ([0, -60, 0], 1.0, 0.0),
        (AHEAD, 0.1, 0.0),
        (AHEAD, 0.35, 0.5),
        ([np.nan] * 3, 1.0, np.nan),
        (AHEAD, np.nan, np.nan),
    ],
)
def test_facing(pose: list[float], eyes: float, wanted: float) -> None:
    assert facing([pose], [eyes])[0] == pytest.approx(wanted, abs=1e-3, nan_ok=True)


@pytest.mark.parametrize(
    ("perclos", "closures", "yawns", "wanted"),
    [
        (0.0, 0, 0, 0.0),
        (0.075, 0, 0, 0.0),
        (0.15, 0, 0, 1.0),
        (0.0, 3, 0, 1.0),
        (0.0, 0, 2, 0.5),
        (0.1125, 0, 1, 0.625),
    ],
)
def test_drowsiness(perclos: float, closures: int, yawns: int, wanted: float) -> None:
    assert drowsiness([perclos], [closures], [yawns])[0] == pytest.approx(wanted)


def test_drowsiness_needs_perclos() -> None:
    assert np.isnan(drowsiness([np.nan], [3], [2])[0])
    table, _ = run(lambda t: one("neutral"), 12, pose=lambda t: AHEAD)
    assert np.isnan(table[:90, SIGNALS.index("drowsiness")]).all()
    assert table[-1, SIGNALS.index("drowsiness")] == 0


def test_without_landmarks_attention_and_drowsiness_are_absent() -> None:
    table, _ = run(lambda t: one("neutral"), 3)
    assert np.isfinite(table[-1]).tolist() == [True, False, False, True]


@pytest.mark.parametrize("fps", [5, 10, 30])
def test_attention_follows_within_seconds_and_hardly_sees_blinks(fps: float) -> None:
    column = SIGNALS.index("attention")
    table, _ = run(lambda t: one("neutral"), 8, fps, lambda t: AHEAD if t < 4 else [60.0, 0.0, 0.0])
    assert table[int(4 * fps) - 1, column] == pytest.approx(1, abs=1e-3)
    assert table[int(5 * fps) - 1, column] == pytest.approx(np.exp(-1), abs=0.12)
    assert table[-1, column] < 0.05
    table, _ = run(lambda t: one("neutral"), 8, fps, lambda t: AHEAD, lambda t: 0.0 if 4 <= t < 4.2 else 1.0)
    assert table[:, column].min() > 0.7


def test_attention_outlives_a_moment_without_pose_but_no_more() -> None:
    column = SIGNALS.index("attention")
    table, _ = run(lambda t: one("neutral"), 5, 10, lambda t: AHEAD if t < 2 else [np.nan] * 3)
    assert table[25, column] == pytest.approx(1)
    assert np.isnan(table[40, column])


@pytest.mark.parametrize("fps", [5, 10, 30])
def test_expressiveness_is_of_the_person_and_not_of_the_frame_rate(fps: float) -> None:
    column = SIGNALS.index("expressiveness")
    still, _ = run(lambda t: one("neutral"), 20, fps)
    lively, _ = run(lambda t: one("neutral") if t % 2 < 1 else one("happiness"), 20, fps)
    assert np.isnan(still[: int(LEAST * fps) - 1, column]).all()
    assert still[-1, column] == pytest.approx(0, abs=1e-6)
    assert lively[-1, column] == pytest.approx(0.5, abs=0.08)


def test_the_dominant_emotion_is_that_of_the_last_ten_seconds() -> None:
    _, names = run(lambda t: one("neutral") if t < 10 else one("happiness"), 25)
    assert names[0] == names[105] == "neutral"
    assert names[-1] == "happiness"
    assert sum(a != b for a, b in pairwise(names)) == 1


def test_tracks_are_apart_and_forgotten_apart() -> None:
    signals = Signals()
    both = np.stack([one("neutral"), one("happiness")])
    for i in range(40):
        face = Faces.from_boxes(np.zeros((2, 4))).replace(tracks=[1, 2], emotion=both)
        table, dominant = signals.update(face, [0, 0], [0, 0], i / 10)
    assert dominant.tolist() == [NEUTRAL, HAPPY]
    assert np.isfinite(table[:, 3]).all()
    signals.forget([2])
    table, _ = signals.update(face, [0, 0], [0, 0], 4.0)
    assert np.isnan(table[0, 3])
    assert np.isfinite(table[1, 3])
    signals.reset()
    assert np.isnan(signals.update(face, [0, 0], [0, 0], 4.1)[0][:, 3]).all()


def test_baseline_goes_before_emotion() -> None:
    face = Faces.from_boxes([[0, 0, 9, 9]]).replace(tracks=[1], emotion=[one("anger")], baseline=[one("neutral")])
    table, dominant = Signals().update(face, [0], [0], 0.0)
    assert table[0, 0] == 50
    assert dominant.tolist() == [NEUTRAL]


@pytest.mark.parametrize("times", [[0.0] * 30, [0.0, 1e6, 3.0, 2.0, 2.5, -5.0]])
def test_any_clock_will_do(times: list[float]) -> None:
    signals = Signals()
    for time in times:
        face = Faces.from_boxes([[0, 0, 9, 9]]).replace(
            tracks=[1], emotion=[one("fear")], pose=[AHEAD], eyes_open=[1.0]
        )
        table, _ = signals.update(face, [0], [0], time)
        assert table[0, :2] == pytest.approx([17, 1])


def test_faces_without_tracks_are_refused() -> None:
    with pytest.raises(ValueError, match="tracks and emotions"):
        Signals().update(Faces.empty(), [], [], 0.0)
