"""Values that follow a face without flicker and without lag, whatever the frame rate.

`ProbabilitySmoother` for emotions (an exponential mean over time, and a shown label with hysteresis), `OneEuro` for
boxes and points. The rules are pure functions of values and seconds; the two classes hold the state of one stream.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core.labels import EMOTIONS
from mien.core.settings import TrackingSettings
from mien.core.types import FloatArray, IntArray
from mien.tracking.clock import NOMINAL_STEP, checked, elapsed
from mien.tracking.memory import TrackMemory

Double = NDArray[np.float64]

STALE = 1.0
"""Seconds without an observation after which a track's old value says nothing about now."""
FIRST_STEP = 2 * NOMINAL_STEP
"""Seconds that a track's first observation counts for: a new face's first frames are averaged, not believed."""
CLEAR_LEAD = 0.1
"""Lead at which a second of leading counts as a full second; a narrower lead counts for less."""
MIN_WEIGHT = 1e-3
"""Least weight of an observation, so that a track of poor frames alone still has a mean."""


def forgetting(seconds: Any, time_constant: float) -> Double:
    """Return what is left of an old value after ``seconds`` (any shape): 1 at once, 1/e after the time constant."""
    return np.asarray(np.exp(-np.asarray(seconds, np.float64) / max(time_constant, 1e-6)))


def gather_lead(held: Double, lead_before: Double, lead: Double, seconds: Double) -> Double:
    """Return for how long each class has led over the shown one, in seconds of clear lead.

    Leading at both ends of an interval counts for the interval, by the narrower of the two leads, so that a single
    frame never counts, however long; not leading starts anew.

    Args:
        held: ``[n, k]`` seconds so far.
        lead_before: ``[n, k]`` probability minus that of the shown class, at the observation before.
        lead: ``[n, k]`` the same, now.
        seconds: ``[n, 1]`` between the two.
    """
    share = np.clip(np.minimum(lead_before, lead) / CLEAR_LEAD, 0, 1)
    return np.where(lead > 0, held + share * seconds, 0)


class ProbabilitySmoother:
    """Smooths the emotion probabilities of every track of one stream, and says which emotion to show.

    The smoothed value is the exponentially weighted mean of what was seen, over time and not over frames: an
    observation counts for the time since the one before, times its weight. The shown label changes when another class
    has led for ``hold`` seconds (see `gather_lead`) and leads most.

    Args:
        settings: ``smoothing`` and ``hold`` are used.
    """

    def __init__(self, settings: TrackingSettings) -> None:
        self._settings = settings
        k = len(EMOTIONS)
        self._memory = TrackMemory(time=(), label=(), mass=(), mean=(k,), held=(k,))

    def reset(self) -> None:
        """Forget all tracks."""
        self._memory.reset()

    def forget(self, active: Iterable[int]) -> None:
        """Forget every track that is not in ``active``."""
        self._memory.forget(active)

    def update(
        self, tracks: Any, probabilities: Any, timestamp: float, weights: Any | None = None
    ) -> tuple[FloatArray, IntArray]:
        """Take in one frame's probabilities.

        Args:
            tracks: ``[n]`` identities, each once.
            probabilities: ``[n, 8]`` in the order of `EMOTIONS`, each row with sum 1.
            timestamp: presentation time in seconds.
            weights: ``[n]`` 0–1, how far each row is to be trusted (the face's quality); 1 when not given.

        Returns:
            Smoothed probabilities ``[n, 8]`` and the label to show ``[n]``, an index into `EMOTIONS`.

        Raises:
            ValueError: shapes do not fit, a value is not finite, or a track occurs twice.
        """
        now, raw = checked(timestamp), np.asarray(probabilities, np.float64)
        n = len(np.asarray(tracks))
        weight = np.ones(n) if weights is None else np.asarray(weights, np.float64)
        if raw.shape != (n, len(EMOTIONS)) or weight.shape != (n,):
            raise ValueError(
                f"{n} tracks need probabilities {[n, len(EMOTIONS)]} and weights {[n]}, "
                f"got {list(raw.shape)} and {list(weight.shape)}"
            )
        if not np.isfinite(raw).all() or not np.isfinite(weight).all():
            raise ValueError("probabilities and weights must be finite; leave out the faces that have none")
        memory = self._memory
        rows, fresh = memory.rows(tracks)
        fresh = fresh | (np.abs(now - memory["time"][rows]) > STALE)
        seconds = np.where(fresh, FIRST_STEP, elapsed(memory["time"][rows], now))

        left = np.where(fresh, 0, forgetting(seconds, self._settings.smoothing))
        old = left * memory["mass"][rows]
        new = np.clip(weight, MIN_WEIGHT, 1) * (1 - forgetting(seconds, self._settings.smoothing))
        before = memory["mean"][rows]
        mean = (old[:, None] * before + new[:, None] * raw) / (old + new)[:, None]

        shown = np.where(fresh, mean.argmax(1), memory["label"][rows]).astype(np.int64)
        lead_before = before - np.take_along_axis(before, shown[:, None], 1)
        lead = mean - np.take_along_axis(mean, shown[:, None], 1)
        held = gather_lead(np.where(fresh[:, None], 0, memory["held"][rows]), lead_before, lead, seconds[:, None])
        first = mean.argmax(1)
        follow = (first != shown) & (np.take_along_axis(held, first[:, None], 1)[:, 0] >= self._settings.hold)
        shown = np.where(follow, first, shown)
        held[follow] = 0

        for name, value in (("time", now), ("label", shown), ("mass", old + new), ("mean", mean), ("held", held)):
            memory[name][rows] = value
        return mean.astype(np.float32), shown


class OneEuro:
    """The one-euro filter (Casiez et al. 2012, "1€ filter: a simple speed-based low-pass filter") for every track.

    Still faces are filtered strongly, fast ones hardly. Speed is measured in face sizes per second, and jointly for x
    and y, so that near and far faces are filtered alike and a path is not bent. Steps of time are exact
    (``1 - exp(-2π·cutoff·seconds)``), so that frame rates behave alike.

    Args:
        count: points per track; a box is two.
        min_cutoff: cutoff frequency in Hz of a face that does not move.
        beta: Hz added per face size per second; at speed, the lag tends to ``1 / (2π·beta)`` face sizes.
        speed_cutoff: cutoff frequency in Hz of the speed itself.
    """

    def __init__(self, count: int, min_cutoff: float = 1.0, beta: float = 6.0, speed_cutoff: float = 1.5) -> None:
        self._count = count
        self._min_cutoff, self._beta, self._speed_cutoff = min_cutoff, beta, speed_cutoff
        self._memory = TrackMemory(time=(), raw=(count, 2), value=(count, 2), speed=(count, 2))

    def reset(self) -> None:
        """Forget all tracks."""
        self._memory.reset()

    def forget(self, active: Iterable[int]) -> None:
        """Forget every track that is not in ``active``."""
        self._memory.forget(active)

    def update(self, tracks: Any, points: Any, sizes: Any, timestamp: float) -> FloatArray:
        """Filter one frame's points.

        Args:
            tracks: ``[n]`` identities, each once.
            points: ``[n, count, 2]`` x y in pixels, or boxes ``[n, 4]`` for a filter of two points; NaN is unknown.
            sizes: ``[n]`` face sizes in pixels (`Faces.sizes`).
            timestamp: presentation time in seconds.

        Returns:
            Filtered points in the shape given, float32; NaN where they are unknown.

        Raises:
            ValueError: shapes do not fit or a track occurs twice.
        """
        now, n = checked(timestamp), len(np.asarray(tracks))
        given, size = np.asarray(points, np.float64), np.asarray(sizes, np.float64)
        if given.size != n * self._count * 2 or size.shape != (n,):
            raise ValueError(
                f"{n} tracks need points {[n, self._count, 2]} and sizes {[n]}, "
                f"got {list(given.shape)} and {list(size.shape)}"
            )
        raw, unit = given.reshape(n, self._count, 2), np.maximum(size, 1.0)[:, None, None]
        memory = self._memory
        rows, fresh = memory.rows(tracks)
        fresh = fresh | (np.abs(now - memory["time"][rows]) > STALE)
        seconds = elapsed(memory["time"][rows], now)[:, None, None]
        # A point that was unknown has no past: it starts where it is.
        start = fresh[:, None, None] | ~np.isfinite(memory["value"][rows])

        step = np.where(start, 0, (raw - memory["raw"][rows]) / seconds / unit)
        speed = _low_pass(np.where(start, 0, memory["speed"][rows]), step, self._speed_cutoff, seconds)
        cutoff = self._min_cutoff + self._beta * np.linalg.norm(speed, axis=2, keepdims=True)
        value = _low_pass(np.where(start, raw, memory["value"][rows]), raw, cutoff, seconds)

        for name, column in (("time", now), ("raw", raw), ("value", value), ("speed", speed)):
            memory[name][rows] = column
        return value.reshape(given.shape).astype(np.float32)


def _low_pass(old: Double, new: Double, cutoff: Any, seconds: Double) -> Double:
    """Return ``old`` moved towards ``new`` as a first-order low pass with ``cutoff`` in Hz does in ``seconds``."""
    return np.asarray(new + (old - new) * np.exp(-2 * np.pi * np.asarray(cutoff) * seconds))
