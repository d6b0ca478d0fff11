from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mien.core.labels import EMOTIONS
from mien.core.types import EVENTS, Event, Faces
from mien.tracking.events import RULES, EventWatch, away
from mien.tracking.eyes import BlinkCounter

HAPPY = EMOTIONS.index("happiness")


def faces(*tracks: int, happy: float = 0.05, **columns: float | list[float]) -> Faces:
    """Faces of these tracks, all alike."""
    n = len(tracks)
    emotion = np.full((n, 8), (1 - happy) / 7)
    emotion[:, HAPPY] = happy
    table: dict[str, Any] = {name: np.array([value] * n, np.float32) for name, value in columns.items()}
    if "pose" in table:
        table["pose"] = table["pose"].reshape(n, 3)
    return Faces.from_boxes(np.zeros((n, 4))).replace(tracks=tracks, emotion=emotion, **table)


def watch(face: Callable[[float], Faces], seconds: float, fps: float) -> list[Event]:
    """Watch a stream in which identity 1 is kept throughout."""
    watcher = EventWatch()
    return [e for i in range(int(seconds * fps)) for e in watcher.update(face(i / fps), [1], i / fps)]


def test_every_kind_is_named() -> None:
    assert set(RULES) | {"blink", "face lost"} == set(EVENTS)


OPEN: dict[str, Any] = {"eyes_open": 0.9, "mouth_open": 0.05, "pose": [0.0, 0.0, 0.0]}


@pytest.mark.parametrize("fps", [5, 10, 15, 30])
@pytest.mark.parametrize(
    ("kind", "during", "length"),
    [
        ("smile", {"happy": 0.9}, 2.0),
        ("eyes closed", {"eyes_open": 0.05}, 1.5),
        ("yawn", {"mouth_open": 0.9}, 3.0),
        ("looks away", {"pose": [45.0, 5.0, 0.0]}, 2.0),
        ("looks away", {"pose": [5.0, -40.0, 0.0]}, 2.0),
    ],
)
def test_an_event_has_a_start_and_an_end(kind: str, during: dict[str, Any], length: float, fps: float) -> None:
    def face(t: float) -> Faces:
        return faces(1, **({**OPEN, **during} if 2.0 <= t < 2.0 + length - 1e-9 else OPEN))

    events = watch(face, 8, fps)
    assert {e.kind for e in events} == {kind}
    assert [e.end is None for e in events] == [True, False], "told when it begins and when it ends"
    assert events[0].track == 1
    assert events[1].start == events[0].start == pytest.approx(2.0, abs=1 / fps)
    assert events[1].end == pytest.approx(2.0 + length, abs=1.01 / fps)


@pytest.mark.parametrize("fps", [10, 15, 30])
def test_blinks_are_told_once_when_over(fps: float) -> None:
    def face(t: float) -> Faces:
        shut = any(a <= t < a + 0.21 for a in (1.0, 2.5, 4.0))
        return faces(1, **{**OPEN, "eyes_open": 0.05 if shut else 0.9})

    counter, watcher = BlinkCounter(), EventWatch()
    events: list[Event] = []
    for i in range(int(6 * fps)):
        seen = face(i / fps)
        counter.update([1], seen.eyes_open, i / fps)
        events += watcher.update(seen, [1], i / fps, counter.ended)
    assert [e.kind for e in events] == ["blink"] * 3
    assert [e.start for e in events] == pytest.approx([1.0, 2.5, 4.0], abs=1.01 / fps)
    assert all(e.end is not None and 0.1 <= e.end - e.start <= 0.45 for e in events)


@pytest.mark.parametrize(
    ("during", "length"),
    [
        pytest.param({"happy": 0.9}, 0.2, id="a flash of a smile"),
        pytest.param({"happy": 0.55}, 3.0, id="not much of a smile"),
        pytest.param({"mouth_open": 0.9}, 1.0, id="a word"),
        pytest.param({"pose": [45.0, 0.0, 0.0]}, 0.4, id="a glance"),
        pytest.param({"pose": [25.0, 0.0, 0.0]}, 3.0, id="a little to the side"),
        pytest.param({"eyes_open": 0.4}, 3.0, id="half closed"),
        pytest.param({"pose": [float("nan")] * 3, "eyes_open": float("nan")}, 3.0, id="unknown"),
        pytest.param({"happy": 0.9, "quality": 0.05}, 3.0, id="a smile on a poor face"),
    ],
)
def test_these_are_none(during: dict[str, Any], length: float) -> None:
    columns = {**OPEN, "quality": 0.9}

    def face(t: float) -> Faces:
        return faces(1, **({**columns, **during} if 2.0 <= t < 2.0 + length - 1e-9 else columns))

    assert watch(face, 7, 10) == []


def test_a_face_so_far_turned_that_its_quality_is_poor_looks_away() -> None:
    def face(t: float) -> Faces:
        return faces(
            1, **{**OPEN, "pose": [60.0, 0.0, 0.0], "quality": 0.02} if 2 <= t < 4 else {**OPEN, "quality": 1.0}
        )

    assert [e.kind for e in watch(face, 6, 10)] == ["looks away"] * 2


def test_a_laugh_is_no_yawn() -> None:
    events = watch(lambda t: faces(1, **{**OPEN, "mouth_open": 0.9, "happy": 0.9 if t > 1 else 0.05}), 5, 10)
    assert [e.kind for e in events] == ["smile"]


def test_without_landmarks_there_are_smiles_alone() -> None:
    events = watch(lambda t: faces(1, happy=0.9 if 1 <= t < 3 else 0.1), 5, 10)
    assert {e.kind for e in events} == {"smile"}


def test_the_shown_probabilities_count() -> None:
    def face(t: float) -> Faces:
        return faces(1, happy=0.9).replace(baseline=np.full((1, 8), 1 / 8))

    assert watch(face, 3, 10) == []


@pytest.mark.parametrize("fps", [5, 10, 15, 30])
def test_a_lost_face_is_told_and_its_return(fps: float) -> None:
    events = watch(lambda t: faces() if 1.0 <= t < 1.8 - 1e-9 else faces(1), 3, fps)
    assert [(e.kind, e.track) for e in events] == [("face lost", 1)] * 2
    assert events[0].end is None
    assert events[0].start == events[1].start == pytest.approx(1.0, abs=1.01 / fps)
    assert events[1].end == pytest.approx(1.8, abs=1.01 / fps)


def test_a_face_missed_for_a_moment_is_not_lost() -> None:
    assert watch(lambda t: faces() if 1.0 <= t < 1.25 else faces(1), 3, 20) == []


def test_a_face_that_is_given_up_is_lost_without_an_end_and_what_went_on_has_ended() -> None:
    watcher = EventWatch()
    events: list[Event] = []
    for i in range(20):
        events += watcher.update(faces(1, 2, happy=0.9), [1, 2], i / 10)
    assert [(e.kind, e.track) for e in events] == [("smile", 1), ("smile", 2)]
    left = watcher.update(faces(2, happy=0.9), [2], 2.0)
    assert left == (Event("smile", 1, 0.0, 1.9), Event("face lost", 1, 1.9, None))
    assert watcher.update(faces(2, happy=0.9), [2], 2.1) == ()


def test_two_people_are_apart() -> None:
    watcher = EventWatch()
    events: list[Event] = []
    for i in range(60):
        pair = faces(1, 2, **OPEN)
        assert pair.emotion is not None
        pair.emotion[1, :] = np.eye(8)[HAPPY] if 20 <= i < 40 else np.eye(8)[0]
        events += watcher.update(pair, [1, 2], i / 10)
    assert [(e.kind, e.track, e.start, e.end) for e in events] == [
        ("smile", 2, 2.0, None),
        ("smile", 2, 2.0, 4.0),
    ]


def test_recent_counts_within_a_minute() -> None:
    watcher = EventWatch()
    for i in range(900):
        t = i / 10
        watcher.update(faces(1, **{**OPEN, "mouth_open": 0.9 if t % 30 < 3 else 0.0}), [1], t)
    assert watcher.recent([1, 2], "yawn", 89.9).tolist() == [2, 0]
    assert watcher.recent([1], "smile", 89.9).tolist() == [0]
    assert watcher.recent([1], "yawn", 500.0).tolist() == [0]


def test_reset_forgets() -> None:
    watcher = EventWatch()
    for i in range(10):
        watcher.update(faces(1, happy=0.9), [1], i / 10)
    watcher.reset()
    assert watcher.update(faces(), [], 1.0) == ()


def test_faces_without_tracks_are_refused() -> None:
    with pytest.raises(ValueError, match="tracks"):
        EventWatch().update(Faces.empty(), [], 0.0)


def test_away_is_the_angle_to_the_camera() -> None:
    got = away([[0, 0, 90], [30, 0, 0], [0, -30, 0], [90, 0, 0], [np.nan, 0, 0]])
    assert got[:4] == pytest.approx([0, 30, 30, 90], abs=0.05)
    assert np.isnan(got[4])


@pytest.mark.parametrize(("length", "closed"), [(0.3, False), (0.45, False), (0.6, True), (2.0, True)])
def test_a_closure_is_a_blink_or_closed_eyes_and_never_both(length: float, closed: bool) -> None:
    def face(t: float) -> Faces:
        return faces(1, eyes_open=0.05 if 1.0 <= t < 1.0 + length - 1e-9 else 0.9)

    counter = BlinkCounter()
    blinks = sum(len(counter.ended) for i in range(100) if counter.update([1], face(i / 20).eyes_open, i / 20))
    assert blinks == (not closed)
    assert {e.kind for e in watch(face, 5, 20)} == ({"eyes closed"} if closed else set())
