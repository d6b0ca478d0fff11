"""What was seen but not yet written: gathered frame by frame, handed out as batches of blocks."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mien.core.types import Event, FrameResult
from mien.store import packing
from mien.store.packing import Rows
from mien.store.timeline import BLOCK
from mien.store.values import Batch, FaceBlock

MOST_FRAMES: Final = 18_000
"""Frames that may wait for a disk that does not take them: ten minutes at thirty a second, some tens of megabytes."""
MOST_EVENTS: Final = 4096


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A frame: its place in the count of all, its row of `packing.FRAME`, its people and their rows."""

    number: int
    frame: Rows
    people: NDArray[np.int64]
    rows: Rows


class Gathering:
    """Gathers one recording; `add` from any thread, the rest from one.

    Args:
        duration: seconds that were recorded before.
        frames: that were.
        most_faces: that were seen at once before.
        people: added to every track, so that people of before are not mixed up with those of now.
        limit: see `MOST_FRAMES`; of more the oldest are lost.

    Attributes:
        lost: frames that were lost because too many waited.
    """

    def __init__(
        self,
        duration: float = 0.0,
        frames: int = 0,
        most_faces: int = 0,
        people: int = 0,
        limit: int = MOST_FRAMES,
    ) -> None:
        self.lost = 0
        self._time = round(duration * 1000) if frames else -1
        self._fresh = True
        self._before, self._most_faces, self._offset, self._limit = frames, most_faces, people, limit
        self._most_person = people
        self._count = 0
        self._written: list[_Seen] = []
        self._waiting: deque[_Seen] = deque()
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """Frames that are not written yet."""
        return len(self._waiting)

    def add(self, result: FrameResult, time: float) -> float:
        """Take in a frame; return the time at which it is kept.

        Args:
            result: what was seen on it.
            time: in seconds since the session began; one that is not after the last is moved to right after it.
        """
        with self._lock:
            now = max(round(time * 1000), self._time + 1)
            shown_for = 0 if self._fresh else min(now - self._time, packing.LONGEST)
            shift = now / 1000 - result.timestamp
            self._time, self._fresh = now, False
            rows, tracks = packing.face_rows(result, now, shown_for)
            frame = np.array([now, result.width, result.height, len(result.faces)], np.int32)
            self._waiting.append(_Seen(self._count, frame, tracks + self._offset, rows))
            self._count += 1
            self._most_person = max(self._most_person, int(tracks.max(initial=0)) + self._offset)
            if len(self._waiting) > self._limit:
                self._waiting.popleft()
                self.lost += 1
            for event in result.events:
                end = None if event.end is None else event.end + shift
                moved = replace(event, track=event.track + self._offset, start=max(0.0, event.start + shift), end=end)
                self._events.append(moved)
            self._most_faces = max(self._most_faces, len(result.faces))
            return now / 1000

    def renew(self) -> None:
        """Let the tracks from now on be other people: they come from another stream."""
        with self._lock:
            self._fresh, self._offset = True, self._most_person

    def pause(self) -> None:
        """Let the time until the next frame belong to nobody."""
        self._fresh = True

    def batch(self) -> tuple[Batch, int] | None:
        """Return what waits, and a mark for `written`; None when nothing does.

        The block that was written last is in it once more while it is not full.
        """
        with self._lock:
            if not self._waiting:
                return None
            seen, events = [*self._written, *self._waiting], tuple(self._events)
            time, frames, most = self._time, self._before + self._count - self.lost, self._most_faces
        frame_blocks, face_blocks = [], []
        for part in _windows(seen):
            frame_blocks.append(np.stack([one.frame for one in part]))
            face_blocks += _by_person(part)
        batch = Batch(tuple(frame_blocks), tuple(face_blocks), events, time / 1000, frames, most)
        return batch, seen[-1].number

    def written(self, batch: Batch, mark: int) -> None:
        """Note that what `batch` returned is on disk."""
        with self._lock:
            while self._waiting and self._waiting[0].number <= mark:
                self._written.append(self._waiting.popleft())
            window = self._written[-1].frame[0] // BLOCK
            self._written = [one for one in self._written if one.frame[0] // BLOCK == window]
            for _ in batch.events:
                if self._events:
                    self._events.popleft()


def _windows(seen: list[_Seen]) -> list[list[_Seen]]:
    windows: dict[int, list[_Seen]] = {}
    for one in seen:
        windows.setdefault(int(one.frame[0]) // BLOCK, []).append(one)
    return list(windows.values())


def _by_person(part: list[_Seen]) -> list[FaceBlock]:
    rows = np.concatenate([one.rows for one in part])
    people = np.concatenate([one.people for one in part])
    return [FaceBlock(int(person), rows[people == person]) for person in np.unique(people)]
