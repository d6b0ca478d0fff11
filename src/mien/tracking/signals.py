"""What is followed over time, per track: satisfaction, attention, drowsiness, expressiveness, the dominant emotion.

Formulas of what can be seen, and no more: "attention" is a face that points at the camera with open eyes. The formulas,
their sources and their limits are in ``docs/signals.md``; a change here belongs there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mien.core.labels import EMOTIONS
from mien.core.types import SIGNALS, Faces, FloatArray, IntArray
from mien.tracking.clock import checked, elapsed
from mien.tracking.events import away
from mien.tracking.memory import TrackMemory

Double = NDArray[np.float64]

SATISFACTION: Final = {
    "happiness": 100.0,
    "surprise": 67.0,
    "neutral": 50.0,
    "disgust": 43.0,
    "sadness": 33.0,
    "fear": 17.0,
    "anger": 0.0,
}
"""Points of each emotion; contempt has none and is left out of the mean."""

WINDOW: Final = 10.0
"""Time constant in seconds of expressiveness and of the dominant emotion."""
ATTENTION: Final = 1.0
"""Time constant in seconds of attention: blinks hardly count."""
LEAST: Final = 2.0
"""Seconds that must have been seen before expressiveness has a value."""
STALE: Final = 1.0
"""Seconds without pose or eyes after which attention has no value any more."""

_POINTS: Final = np.array([SATISFACTION.get(name, 0.0) for name in EMOTIONS])
_COUNTED: Final = np.array([name in SATISFACTION for name in EMOTIONS], float)


def satisfaction(probabilities: Any) -> Double:
    """Return ``[n]`` the mean points, 0–100, of probabilities ``[n, 8]``; 50 where all is contempt."""
    p = np.asarray(probabilities, np.float64).reshape(-1, len(EMOTIONS))
    total = p @ _COUNTED
    return np.where(total > 1e-6, p @ _POINTS / np.maximum(total, 1e-6), 50.0)


def facing(pose: Any, eyes_open: Any) -> Double:
    """Return ``[n]`` 0–1: 1 for a face within 15° of the camera with open eyes, 0 beyond 45° or with closed eyes."""
    towards = np.clip((45 - away(pose)) / 30, 0, 1)
    return np.asarray(towards * np.clip((np.asarray(eyes_open, np.float64) - 0.2) / 0.3, 0, 1))


def drowsiness(perclos: Any, closures: Any, yawns: Any) -> Double:
    """Return ``[n]`` 0–1 from the last minute; NaN where PERCLOS is.

    Args:
        perclos: ``[n]`` share of time with closed eyes.
        closures: ``[n]`` closures of more than half a second.
        yawns: ``[n]`` yawns.
    """
    share = np.clip((np.asarray(perclos, np.float64) - 0.075) / 0.075, 0, 1)
    often = np.minimum(np.asarray(closures, np.float64) / 3, 1)
    tired = 0.5 * np.minimum(np.asarray(yawns, np.float64) / 2, 1)
    return np.asarray(1 - (1 - share) * (1 - often) * (1 - tired))


class Signals:
    """The signals of one stream's tracks."""

    def __init__(self) -> None:
        k = len(EMOTIONS)
        self._memory = TrackMemory(
            time=(), mean=(k,), movement=(), mass=(), seen=(), attention=(), attended=(), looked=()
        )

    def reset(self) -> None:
        """Forget all tracks."""
        self._memory.reset()

    def forget(self, active: Iterable[int]) -> None:
        """Forget every track that is not in ``active``."""
        self._memory.forget(active)

    def update(self, faces: Faces, closures: Any, yawns: Any, timestamp: float) -> tuple[FloatArray, IntArray]:
        """Take in one frame.

        Args:
            faces: with ``tracks`` and the shown probabilities; ``pose``, ``eyes_open`` and ``perclos`` where known.
            closures: ``[n]`` closures of more than half a second within the last minute.
            yawns: ``[n]`` yawns within the last minute.
            timestamp: presentation time in seconds.

        Returns:
            ``[n, 4]`` in the order of `SIGNALS`, NaN where too little is known; and the dominant emotion ``[n]``, an
            index into `EMOTIONS`.

        Raises:
            ValueError: the faces have no tracks or no emotions.
        """
        now = checked(timestamp)
        if faces.tracks is None or faces.shown is None:
            raise ValueError("signals need faces with tracks and emotions")
        shown = faces.shown.astype(np.float64)
        rows, fresh = self._memory.rows(faces.tracks)
        # What happened while nobody looked counts for no more than a second.
        seconds = np.where(fresh, 0, np.minimum(elapsed(self._memory["time"][rows], now), STALE))
        self._memory["time"][rows] = now
        table = np.full((len(faces), len(SIGNALS)), np.nan)
        table[:, 0] = satisfaction(shown)
        table[:, 1] = self._attend(rows, faces, seconds, now)
        if faces.perclos is not None:
            table[:, 2] = drowsiness(faces.perclos, closures, yawns)
        table[:, 3], dominant = self._move(rows, shown, seconds)
        return table.astype(np.float32), dominant

    def _attend(self, rows: Any, faces: Faces, seconds: Double, now: float) -> Double:
        """Return the smoothed attention; a face whose pose or eyes are unknown keeps its last for `STALE` seconds."""
        memory, n = self._memory, len(faces)
        if faces.pose is None or faces.eyes_open is None:
            return np.full(n, np.nan)
        value = facing(faces.pose, faces.eyes_open)
        known = np.isfinite(value)
        age = now - memory["looked"][rows]
        old = (memory["attended"][rows] > 0) & (age >= 0) & (age <= STALE)
        left = np.where(old, np.exp(-np.where(old, np.maximum(age, seconds), 0) / ATTENTION), 0)
        mixed = left * memory["attention"][rows] + (1 - left) * np.where(known, value, 0)
        memory["attention"][rows] = np.where(known, mixed, memory["attention"][rows])
        memory["looked"][rows] = np.where(known, now, memory["looked"][rows])
        memory["attended"][rows] = known | old
        return np.where(known | old, memory["attention"][rows], np.nan)

    def _move(self, rows: Any, shown: Double, seconds: Double) -> tuple[Double, IntArray]:
        """Return how far the distribution moves about its mean, NaN before enough was seen, and the mean's best."""
        memory = self._memory
        first = memory["mass"][rows] <= 0
        gained = 1 - np.exp(-np.where(first, 1 / 30, seconds) / WINDOW)
        mass = memory["mass"][rows] * (1 - gained) + gained
        share = (gained / mass)[:, None]
        mean = np.where(first[:, None], shown, memory["mean"][rows] + share * (shown - memory["mean"][rows]))
        apart = np.abs(shown - mean).sum(1) / 2
        movement = memory["movement"][rows] + share[:, 0] * (apart - memory["movement"][rows])
        seen = memory["seen"][rows] + seconds
        for name, value in (("mass", mass), ("mean", mean), ("movement", movement), ("seen", seen)):
            memory[name][rows] = value
        return np.where(seen >= LEAST - 1e-9, movement, np.nan), mean.argmax(1).astype(np.int64)
