"""Blinks and closed eyes over time, per track, in seconds and not in frames.

`BlinkCounter` counts short dips of how far the eyes are open (Soukupová & Čech 2016: a blink takes 0.1–0.4 s).
`Perclos` gives the share of time with the eyes closed: P80 of Wierwille & Ellsworth 1994, "Evaluation of driver
drowsiness by trained raters", as defined by Dinges & Grace 1998, "PERCLOS: a valid psychophysiological measure of
alertness": closed by at least 80%.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from mien.core.types import FloatArray, IntArray
from mien.tracking.clock import checked

CLOSED: Final = 0.2
"""Eyes open by less than this are closed: P80."""
DROP: Final = 0.15
"""A blink is a dip at least this deep. Landmarks follow a blink only in part: on a clip of 20 s the five blinks dipped
by 0.17–0.37 and nothing else by more than 0.12."""
REOPENED: Final = 0.5
"""A dip ends when this share of it is made up for."""
LONGEST_BLINK: Final = 0.5
"""Seconds; eyes that stay closed for longer do not blink."""
STALE: Final = 1.0
"""Seconds without an observation after which what happened in between is unknown."""


@dataclass(slots=True)
class _Lid:
    """One track: what was seen of late (since its last blink), blinks so far and of late."""

    seen: deque[tuple[float, float]] = field(default_factory=deque)
    count: int = 0
    recent: deque[float] = field(default_factory=deque)

    def blinked(self, value: float, now: float) -> float | None:
        """Take in an observation; return when the blink began that ends with it, if one does."""
        if self.seen and not 0 <= now - self.seen[-1][0] <= STALE:
            self.seen.clear()
        self.seen.append((now, value))
        while now - self.seen[0][0] > 2 * LONGEST_BLINK:
            self.seen.popleft()
        began = _dip(list(self.seen))
        if began is not None:
            self.seen.clear()
            self.seen.append((now, value))
        return began


def _dip(seen: list[tuple[float, float]]) -> float | None:
    """Return where the dip began that ends with the last of these (time, value): deep, short, mostly made up for.

    The level before it is the median of the three largest values: one that is too large by chance is no level.
    """
    low = min(range(len(seen)), key=lambda k: seen[k][1])
    (bottom, least), (now, value) = seen[low], seen[-1]
    before = [(time, v) for time, v in seen[:low] if bottom - time <= LONGEST_BLINK]
    if not before or low == len(seen) - 1:
        return None
    level = statistics.median(sorted(v for _, v in before)[-3:])
    if level - least < DROP:
        return None
    needed = least + REOPENED * (level - least)
    began = max((time for time, v in before if v >= needed), default=-math.inf)
    return began if value >= needed and now - began <= LONGEST_BLINK else None


class BlinkCounter:
    """Counts the blinks of every track of one stream.

    A blink is a dip by at least `DROP` that is made up for within `LONGEST_BLINK`; its time is measured between the
    frames that show the eyes as open as before, so a blink that falls between two frames is not seen, and below about
    10 frames/s many are not.

    Args:
        window: seconds over which the rate is taken.

    Attributes:
        ended: track, beginning and end of every blink that ended with the last update, in seconds.
    """

    def __init__(self, window: float = 60.0) -> None:
        self.ended: tuple[tuple[int, float, float], ...] = ()
        self._window = window
        self._lids: dict[int, _Lid] = {}

    def reset(self) -> None:
        """Forget all tracks."""
        self.ended = ()
        self._lids.clear()

    def forget(self, active: Iterable[int]) -> None:
        """Forget every track that is not in ``active``."""
        wanted = {int(track) for track in active}
        self._lids = {track: lid for track, lid in self._lids.items() if track in wanted}

    def update(self, tracks: Any, eyes_open: Any, timestamp: float) -> tuple[IntArray, IntArray]:
        """Take in one frame.

        Args:
            tracks: ``[n]`` identities.
            eyes_open: ``[n]`` 0 closed – 1 open; NaN where unknown, which is as if the face was not seen.
            timestamp: presentation time in seconds.

        Returns:
            Blinks since the track began ``[n]``, and within the window ``[n]``.
        """
        now = checked(timestamp)
        self.ended = ()
        counts = [self._one(int(track), float(value), now) for track, value in zip(tracks, eyes_open, strict=True)]
        table = np.array(counts, np.int64).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    def _one(self, track: int, value: float, now: float) -> tuple[int, int]:
        lid = self._lids.setdefault(track, _Lid())
        began = lid.blinked(value, now) if np.isfinite(value) else None
        if began is not None:
            self.ended += ((track, began, now),)
            lid.count += 1
            lid.recent.append(now)
        while lid.recent and not 0 <= now - lid.recent[0] <= self._window:
            lid.recent.popleft()
        return lid.count, len(lid.recent)


@dataclass(slots=True)
class _Record:
    """One track's last observation, and the observed intervals in the window: end, seconds, closed."""

    seen: float
    closed: bool
    spans: deque[tuple[float, float, bool]] = field(default_factory=deque)
    total: float = 0.0
    shut: float = 0.0

    def add(self, end: float, seconds: float) -> None:
        self.spans.append((end, seconds, self.closed))
        self.total += seconds
        self.shut += seconds * self.closed

    def drop_before(self, start: float) -> None:
        while self.spans and self.spans[0][0] <= start:
            _, seconds, closed = self.spans.popleft()
            self.total -= seconds
            self.shut -= seconds * closed
        if not self.spans:
            self.total = self.shut = 0.0

    def share(self) -> float:
        # What subtracting left behind must not lead beyond the ends.
        return min(max(self.shut / self.total, 0.0), 1.0)


class Perclos:
    """The share of time with closed eyes, of every track of one stream.

    The time between two observations counts as the first of them looked; a gap of more than `STALE` seconds without
    an observation counts for neither side.

    Args:
        window: seconds looked back; drowsiness is judged over one to three minutes.
        least: seconds that must have been observed before there is a value.
    """

    def __init__(self, window: float = 60.0, least: float = 10.0) -> None:
        self._window, self._least = window, least
        self._records: dict[int, _Record] = {}

    def reset(self) -> None:
        """Forget all tracks."""
        self._records.clear()

    def forget(self, active: Iterable[int]) -> None:
        """Forget every track that is not in ``active``."""
        wanted = {int(track) for track in active}
        self._records = {track: record for track, record in self._records.items() if track in wanted}

    def update(self, tracks: Any, eyes_open: Any, timestamp: float) -> FloatArray:
        """Take in one frame; arguments as for `BlinkCounter.update`.

        Returns:
            ``[n]`` share of the observed time, 0–1; NaN while too little was observed.
        """
        now = checked(timestamp)
        shares = [self._one(int(track), float(value), now) for track, value in zip(tracks, eyes_open, strict=True)]
        return np.array(shares, np.float32)

    def _one(self, track: int, value: float, now: float) -> float:
        record = self._records.get(track)
        if np.isfinite(value):
            closed = value <= CLOSED
            if record is None or now < record.seen:
                record = self._records[track] = _Record(now, closed)
            elif now - record.seen <= STALE:
                record.add(now, now - record.seen)
            record.seen, record.closed = now, closed
        if record is None:
            return float("nan")
        record.drop_before(now - self._window)
        return record.share() if record.total >= max(self._least, 1e-9) else float("nan")
