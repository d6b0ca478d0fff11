"""What happened to whom and when: smiles, blinks, yawns, looking away, closed eyes, lost faces.

| event | is told when | begins at | ends below | lasts at least | ends after |
|---|---|---|---|---|---|
| ``smile`` | the shown probability of happiness is high | 0.6 | 0.4 | 0.3 s | 0.3 s |
| ``blink`` | `eyes.BlinkCounter` saw one; told once, when it is over | | | | |
| ``eyes closed`` | eyes stay closed | 80% closed | 65% closed | 0.5 s | at once |
| ``yawn`` | the mouth is wide open and nobody laughs | 0.6 | 0.35 | 1.5 s | 0.5 s |
| ``looks away`` | the face points away from the camera | 30° | 20° | 0.5 s | 0.3 s |
| ``face lost`` | a known face is not found | | | 0.3 s | at once |

Blinks, yawns, closed eyes and looking away need landmarks. A yawn is an open mouth: whoever sings, shouts or is
astonished for 1.5 seconds yawns as well. Faces of too poor a quality tell nothing but that they look away. A lost face
that does not come back has no end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from mien.core.labels import EMOTIONS
from mien.core.types import Event, Faces, FloatArray, IntArray
from mien.tracking.clock import checked
from mien.tracking.eyes import CLOSED, LONGEST_BLINK
from mien.tracking.spells import Rule, Spell

ROUNDING: Final = 1e-6

RULES: Final[dict[str, Rule]] = {
    "smile": Rule(on=0.6, off=0.4, after=0.3, gap=0.3),
    "eyes closed": Rule(on=1 - CLOSED - ROUNDING, off=0.65, after=LONGEST_BLINK),
    "yawn": Rule(on=0.6, off=0.35, after=1.5, gap=0.5),
    "looks away": Rule(on=30.0, off=20.0, after=0.5, gap=0.3),
}
LOST_AFTER: Final = 0.3
"""Seconds for which a face must be missing to be called lost."""
LAUGHS: Final = 0.5
"""Probability of happiness from which an open mouth is no yawn."""
LEAST_QUALITY: Final = 0.1
"""Quality below which a face's expression, eyes and mouth are not read; small sharp faces are above it."""
WINDOW: Final = 60.0
"""Seconds over which `EventWatch.recent` counts."""

_HAPPINESS: Final = EMOTIONS.index("happiness")


def away(pose: Any) -> FloatArray:
    """Return ``[n]`` the angle in degrees between where a face points and the camera; ``pose`` ``[n, 3]``."""
    turned = np.radians(np.asarray(pose, np.float64).reshape(-1, 3))
    towards = np.clip(np.cos(turned[:, 0]) * np.cos(turned[:, 1]), -1, 1)
    return np.asarray(np.degrees(np.arccos(towards)), np.float32)


def measured(faces: Faces) -> dict[str, FloatArray]:
    """Return the value ``[n]`` that each of `RULES` looks at, NaN where unknown; without those that lack a column."""
    values: dict[str, FloatArray] = {}
    shown = faces.shown
    happy = np.zeros(len(faces), np.float32) if shown is None else shown[:, _HAPPINESS]
    if shown is not None:
        values["smile"] = happy
    if faces.eyes_open is not None:
        values["eyes closed"] = 1 - faces.eyes_open
    if faces.mouth_open is not None:
        laughs = np.isfinite(faces.mouth_open) & (happy >= LAUGHS)
        values["yawn"] = np.where(laughs, 0, faces.mouth_open)
    if faces.quality is not None:
        poor = faces.quality < LEAST_QUALITY
        values = {kind: np.where(poor, np.nan, value) for kind, value in values.items()}
    if faces.pose is not None:
        values["looks away"] = away(faces.pose)  # whatever the quality: looking away is what makes it poor
    return values


@dataclass(slots=True)
class _Person:
    """One track: when it was last in the picture, whether it is called lost, its spells, and what ended of late."""

    seen: float
    lost: bool = False
    spells: dict[str, Spell] = field(default_factory=lambda: {kind: Spell(rule) for kind, rule in RULES.items()})
    ended: deque[tuple[str, float]] = field(default_factory=deque)


class EventWatch:
    """Watches the tracks of one stream."""

    def __init__(self) -> None:
        self._people: dict[int, _Person] = {}

    def reset(self) -> None:
        """Forget all tracks; what was going on is not told to have ended."""
        self._people.clear()

    def update(
        self,
        faces: Faces,
        active: Iterable[int],
        timestamp: float,
        blinks: Iterable[tuple[int, float, float]] = (),
    ) -> tuple[Event, ...]:
        """Take in one frame.

        Args:
            faces: with ``tracks``, and what was computed of ``emotion``, ``eyes_open``, ``mouth_open``, ``pose``.
            active: identities that are still kept, in the picture or not; of all others the last is told.
            timestamp: presentation time in seconds.
            blinks: those that ended with this frame: `BlinkCounter.ended`.

        Returns:
            What began with this frame (no end yet) and what ended with it.

        Raises:
            ValueError: the faces have no tracks.
        """
        now = checked(timestamp)
        if faces.tracks is None:
            raise ValueError("events need faces with tracks")
        values = measured(faces)
        events = [Event("blink", track, start, end) for track, start, end in blinks]
        here = [int(track) for track in faces.tracks]
        for row, track in enumerate(here):
            events += self._present(track, {kind: float(v[row]) for kind, v in values.items()}, now)
        kept = {int(track) for track in active} | set(here)
        for track in sorted(set(self._people) - set(here)):
            events += self._absent(track, now, gone=track not in kept)
        return tuple(events)

    def recent(self, tracks: Any, kind: str, timestamp: float) -> IntArray:
        """Return ``[n]`` how many events of a kind ended within the last `WINDOW` seconds."""
        counts = []
        for track in tracks:
            ended = self._people[int(track)].ended if int(track) in self._people else deque[tuple[str, float]]()
            while ended and not 0 <= timestamp - ended[0][1] <= WINDOW:
                ended.popleft()
            counts.append(sum(name == kind for name, _ in ended))
        return np.array(counts, np.int64)

    def _present(self, track: int, values: dict[str, float], now: float) -> list[Event]:
        person = self._people.get(track)
        if person is None:
            person = self._people[track] = _Person(now)
        events = [Event("face lost", track, person.seen, now)] if person.lost else []
        person.seen, person.lost = now, False
        for kind, spell in person.spells.items():
            mark = spell.step(values.get(kind, float("nan")), now)
            if mark is not None:
                events.append(Event(kind, track, mark.start, mark.end))
                if mark.end is not None:
                    person.ended.append((kind, mark.end))
        return events

    def _absent(self, track: int, now: float, gone: bool) -> list[Event]:
        person = self._people[track]
        if gone:
            del self._people[track]
        events = []
        for kind, spell in person.spells.items():
            mark = spell.close() if gone else spell.lapse(now)
            if mark is not None:
                events.append(Event(kind, track, mark.start, mark.end))
        if not person.lost and (gone or now - person.seen >= LOST_AFTER - 1e-9):
            person.lost = True
            events.append(Event("face lost", track, person.seen, None))
        return events
