"""The people that one client of system S2 sees: numbers from 0, how long each is missing, smoothed emotions."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from mien.core.settings import TrackingSettings
from mien.core.types import Faces, FloatArray
from mien.server.compat.common import seven
from mien.server.errors import ApiError
from mien.tracking.tracker import Tracker

MISSES: Final = 10
"""Frames without a face after which the person is gone; so long their counter is told."""
MEMORY: Final = 4
"""Frames whose probabilities are averaged."""
QUEUE: Final = 4
"""Frames of one client that may be under way at once."""
KEEP: Final = 60.0
"""Seconds for which the tracker knows a lost face; the frames of this system come slowly, once a second."""


@dataclass(slots=True)
class Person:
    """Somebody who was seen.

    Attributes:
        id: number, from 0 in the order of appearance.
        misses: frames since the last sight.
        recent: probabilities ``[7]`` of the last sights.
    """

    id: int
    misses: int = 0
    recent: deque[FloatArray] = field(default_factory=lambda: deque(maxlen=MEMORY))

    @property
    def emotion(self) -> int:
        """The emotion to show, an index into `mien.core.labels.FER2013`."""
        return int(np.mean(self.recent, axis=0).argmax())


class People:
    """The state of one client; use it within `in_turn`."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting = 0
        self.clear()

    @asynccontextmanager
    async def in_turn(self) -> AsyncIterator[None]:
        """Let frames be taken in one after another, as they came.

        Raises:
            ApiError: 429 ``busy`` when too many of this client's wait already.
        """
        if self._waiting >= QUEUE:
            raise ApiError(429, "busy", f"{QUEUE} frames wait already: send the next when one is answered")
        self._waiting += 1
        try:
            async with self._turn:
                yield
        finally:
            self._waiting -= 1

    def clear(self) -> None:
        """Forget everybody; numbers begin at 0 again."""
        self._tracker = Tracker(TrackingSettings(keep_lost=KEEP))
        self._by_track: dict[int, Person] = {}
        self._next = 0

    def update(self, faces: Faces, now: float) -> list[Person]:
        """Take in the faces of the next frame.

        Args:
            faces: with their emotions.
            now: when the frame came in, in seconds.

        Returns:
            The person of every face, in the same order.
        """
        assert faces.emotion is not None
        tracks = self._tracker.update(faces, now).tracks
        assert tracks is not None
        seen = []
        for track, probabilities in zip(tracks.tolist(), seven(faces.emotion), strict=True):
            if track not in self._by_track:
                self._by_track[track] = Person(self._next)
                self._next += 1
            person = self._by_track[track]
            person.misses = 0
            person.recent.append(probabilities)
            seen.append(person)
        self._count_misses(set(tracks.tolist()))
        return seen

    def counters(self) -> list[tuple[int, int]]:
        """Return number and misses of everybody who is not gone, also of those who are in view."""
        return sorted((person.id, person.misses) for person in self._by_track.values())

    def _count_misses(self, seen: set[int]) -> None:
        for track, person in list(self._by_track.items()):
            person.misses += track not in seen
            if person.misses > MISSES:
                del self._by_track[track]
