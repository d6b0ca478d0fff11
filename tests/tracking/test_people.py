from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mien.core.labels import EMOTIONS
from mien.core.settings import TrackingSettings, Wants
from mien.core.types import BASELINE_STATES, Event, Faces
from mien.tracking.baseline import RESTING
from mien.tracking.kalman import Double
from mien.tracking.people import People

NEUTRAL, HAPPY, SAD = (EMOTIONS.index(name) for name in ("neutral", "happiness", "sadness"))
ALL = Wants(landmarks=True, baseline=True, signals=True)


def mood(**odds: float) -> Double:
    e = np.array(RESTING)
    for name, more in odds.items():
        e[EMOTIONS.index(name)] += more
    return np.asarray(np.exp(e) / np.exp(e).sum())


def face(row: Double, **columns: Any) -> Faces:
    return Faces.from_boxes([[0, 0, 90, 90]]).replace(tracks=[1], emotion_raw=[row], **columns)


def film(people: People, row: Double, wants: Wants, start: float, seconds: float, **columns: Any) -> list[Faces]:
    """Show one face the same for some time, 10 frames per second."""
    count = round(seconds * 10)
    return [people.update(face(row, **columns), [1], start + i / 10, wants)[0] for i in range(count)]


@pytest.fixture
def people() -> People:
    return People(TrackingSettings())


def test_nothing_that_was_not_asked_for(people: People) -> None:
    found, events = people.update(face(mood()), [1], 0.0, Wants())
    assert found.emotion is not None
    assert found.label is not None
    others = ("baseline", "baseline_state", "blinks", "perclos", "signals", "dominant")
    assert [getattr(found, name) for name in others] == [None] * 6
    assert events == ()


def test_label_follows_what_is_shown(people: People) -> None:
    drooping = mood(sadness=3.0)
    people.calibrate()
    seen = film(people, drooping, Wants(baseline=True), 0.0, 4)
    states = [BASELINE_STATES[int(f.baseline_state[0])] for f in seen if f.baseline_state is not None]
    assert states[0] == "calibrating"
    assert states[-1] == "calibrated"
    labels = [int(f.label[0]) for f in seen if f.label is not None]
    assert labels[0] == SAD
    assert labels[-1] == NEUTRAL
    last = seen[-1]
    assert last.emotion is not None
    assert last.shown is not None
    assert last.emotion[0].argmax() == SAD, "what is read without it stays beside it"
    assert last.shown[0].argmax() == NEUTRAL
    off = film(people, drooping, Wants(), 4.0, 1)[-1]
    assert off.label is not None
    assert off.label[0] == SAD
    assert off.baseline is None


def test_all_that_is_followed(people: People) -> None:
    columns = {"eyes_open": [0.9], "mouth_open": [0.1], "pose": [[0, 0, 0]], "quality": [0.9]}
    seen = film(people, mood(), ALL, 0.0, 12, **columns)[-1]
    assert seen.blinks is not None
    assert seen.blinks.tolist() == [0]
    assert seen.signals is not None
    assert np.isfinite(seen.signals).all()
    assert seen.dominant is not None
    assert seen.dominant.tolist() == [NEUTRAL]


def events_of(people: People, steps: list[tuple[float, bool, Wants]]) -> list[Event]:
    """Watch a smiling face; steps are (time, in the picture, wants)."""
    events: list[Event] = []
    for time, here, wants in steps:
        faces = face(mood(happiness=9))
        events += people.update(faces if here else faces[[]], [1], time, wants)[1]
    return events


def test_events_of_a_lost_face(people: People) -> None:
    steps = [(i / 10, not 10 <= i < 16, ALL) for i in range(20)]
    assert events_of(people, steps) == [
        Event("smile", 1, 0.0, None),
        Event("face lost", 1, 0.9, None),
        Event("face lost", 1, 0.9, 1.6),
    ]


def test_who_was_not_watched_for_a_while_was_not_lost(people: People) -> None:
    steps = [(i / 10, True, ALL) for i in range(10)] + [(1 + i / 10, True, Wants()) for i in range(30)]
    events = events_of(people, [*steps, (4.0, False, ALL), (4.1, False, ALL)])
    assert [e.kind for e in events] == ["smile"]


def test_who_is_given_up_is_forgotten(people: People) -> None:
    people.calibrate()
    film(people, mood(sadness=3.0), ALL, 0.0, 4)
    people.update(face(mood())[[]], [], 4.0, ALL)
    again = film(people, mood(sadness=3.0), ALL, 4.1, 1)[-1]
    assert again.baseline_state is not None
    assert BASELINE_STATES[int(again.baseline_state[0])] in ("none", "learning")
    people.reset()
    assert film(people, mood(), ALL, 0.0, 0.1)[0].baseline_state is not None
