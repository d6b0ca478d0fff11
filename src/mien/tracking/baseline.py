"""What a person's face looks like at rest, learned per track, and the emotions with that taken off.

Some faces at rest read as sad or angry: lowered brows, drooping corners of the mouth, age. What the network sees on a
resting face beyond what it sees on others at rest belongs to the person and not to the moment. In log-odds against
neutral, ``e_k = log p_k − log p_neutral``, a track's offset is

    ``offset_k = clip(trust · (rest_k − resting_k − MARGIN), 0, limit)``

with ``rest`` the track's mean of ``e`` at rest and ``resting`` that of average faces at rest, and the corrected
probabilities are ``softmax(log p_k − offset_k)``. A face that reads about as neutral at rest as others, or more, is
left as it is, and no class gains on neutral. That offsets add up in log-odds is what holds exactly for a linear network
on top of features that person and expression add to, and a guess beyond that; the limit bounds what a wrong guess
costs: an expression whose odds against neutral exceed ``exp(limit)`` stays ahead of neutral.

Rest is learned in one of two ways:

- by `Baseline.calibrate`: two seconds in which the person is asked to look neutral, trusted at once;
- slowly, by itself, from frames that are calm (near their own running mean), neutral or nearly so, of good quality and
  frontal, with a trust that grows with the seconds seen. Who looks sad for minutes is learned as well, up to the limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mien.core.labels import EMOTIONS
from mien.core.types import BoolArray, FloatArray
from mien.tracking.clock import checked, elapsed
from mien.tracking.memory import TrackMemory

Double = NDArray[np.float64]

RESTING: Final = (0.0, -4.7, -5.2, -2.3, -4.5, -6.2, -6.3, -4.4)
"""Mean log-odds against neutral of the 1,182 faces that most taggers of FER+'s development set call neutral, as our
first network read them; for networks whose manifest entry does not say how they read them (``mien calibrate``)."""

CALIBRATION: Final = 2.0
"""Seconds of usable frames that a calibration takes …"""
PATIENCE: Final = 10.0
"""… and seconds after which it gives up waiting for them."""
CALIBRATED_LIMIT: Final = 1.5
LEARNED_LIMIT: Final = 1.0
"""Largest offsets in log-odds: asked for, and learned unasked. Real people's differ by about 0.8 for sadness and 1.1
for anger (standard deviation); what each limit gains and costs is in ``docs/experiments.md``."""
MARGIN: Final = 1.0
"""Log-odds by which people differ as a rule: of this nothing is taken off, or faint expressions of many would be lost
for a reading at rest that is right as it is."""
HALF_TRUST: Final = 15.0
"""Seconds of rest after which what was learned unasked counts by half."""
SLOW: Final = 60.0
"""Time constant in seconds with which it follows changes, such as of the light."""

CALM: Final = 0.15
"""Largest total variation (0–1) between a calm frame and the running mean …"""
CALM_TIME: Final = 0.5
"""… which has this time constant in seconds."""
LEAST_NEUTRAL: Final = 0.15
"""Least probability of neutral on a frame at rest; neutral must be first or second as well."""
GOOD: Final = 0.5
FRONTAL: Final = 25.0
"""Least quality, and largest yaw and pitch in degrees, of a frame that is learned from."""
LEAST: Final = 1e-4
"""Probabilities below this count as this: the odds between two impossible things are noise."""
LONGEST_STEP: Final = 0.5
"""Seconds that one frame may count for."""


def log_odds(probabilities: Any) -> Double:
    """Return the log-odds of every class against neutral, in the shape of ``probabilities`` ``[…, 8]``."""
    logs = np.log(np.maximum(np.asarray(probabilities, np.float64), LEAST))
    return np.asarray(logs - logs[..., :1])


def offset_of(rest: Any, trust: Any, limit: Any, resting: Any = RESTING) -> Double:
    """Return the offsets of resting faces, see the module.

    Args:
        rest: ``[n, 8]`` mean log-odds at rest.
        trust: ``[n]`` 0–1.
        limit: ``[n]`` largest offset.
        resting: ``[8]`` mean log-odds of average resting faces.
    """
    wanted = np.asarray(trust)[:, None] * (np.asarray(rest) - np.asarray(resting) - MARGIN)
    return np.asarray(np.clip(wanted, 0, np.asarray(limit)[:, None]))


def corrected(probabilities: Any, offset: Any) -> FloatArray:
    """Return ``softmax(log p − offset)`` ``[n, 8]``; without an offset, the probabilities themselves."""
    shifted = np.asarray(probabilities, np.float64) * np.exp(-np.asarray(offset))
    return np.asarray(shifted / shifted.sum(-1, keepdims=True), np.float32)


class Baseline:
    """The resting faces of one stream's tracks.

    Args:
        learn: also learn slowly, without being asked.
        resting: ``[8]`` mean log-odds of average resting faces, as the network reads them.
    """

    def __init__(self, learn: bool = True, resting: Sequence[float] = RESTING) -> None:
        self.learn = learn
        self._resting = np.asarray(resting, np.float64)
        k = len(EMOTIONS)
        self._memory = TrackMemory(
            time=(), mean=(k,), rest=(k,), seconds=(), calibrated=(), left=(), taken=(), total=(k,)
        )
        self._pending = False
        self._until: float | None = None

    def reset(self) -> None:
        """Forget all tracks, and a calibration that was asked for."""
        self._memory.reset()
        self._pending = False

    def forget(self, active: Iterable[int]) -> None:
        """Forget every track that is not in ``active``."""
        self._memory.forget(active)

    def calibrate(self, until: float | None = None) -> None:
        """Take the next two seconds of everybody in the next frame as their resting face.

        Who is in that frame is calibrated when enough good frames of them came in within `PATIENCE` seconds; what was
        known of them before holds until then, and thereafter if they did not come.

        Args:
            until: presentation time at which it gives up, instead of after `PATIENCE`.
        """
        self._pending, self._until = True, until

    def update(
        self, tracks: Any, probabilities: Any, timestamp: float, quality: Any | None = None, pose: Any | None = None
    ) -> FloatArray:
        """Take in one frame and return its probabilities with the resting faces taken off.

        Args:
            tracks: ``[n]`` identities, each once.
            probabilities: ``[n, 8]`` of this frame alone (smoothed ones would lag behind the expression).
            timestamp: presentation time in seconds.
            quality: ``[n]`` 0–1; without it, and where it is NaN, a face counts as good.
            pose: ``[n, 3]`` yaw, pitch, roll in degrees; without it, and where it is NaN, as frontal.

        Returns:
            ``[n, 8]`` corrected probabilities; unchanged for tracks of which nothing is known yet.

        Raises:
            ValueError: shapes do not fit, a value is not finite, or a track occurs twice.
        """
        now, given = checked(timestamp), np.asarray(probabilities, np.float64)
        n = len(np.asarray(tracks))
        if given.shape != (n, len(EMOTIONS)) or not np.isfinite(given).all():
            raise ValueError(f"{n} tracks need finite probabilities {[n, len(EMOTIONS)]}, got {list(given.shape)}")
        memory = self._memory
        rows, fresh = memory.rows(tracks)
        jumped = fresh | (np.abs(now - memory["time"][rows]) > PATIENCE)
        seconds = np.where(jumped, 0, np.minimum(elapsed(memory["time"][rows], now), LONGEST_STEP))
        memory["time"][rows] = now
        left = np.where(jumped, 0, np.exp(-seconds / CALM_TIME))[:, None]
        memory["mean"][rows] = left * memory["mean"][rows] + (1 - left) * given

        usable = _usable(n, quality, pose)
        if self._pending:
            self._begin(rows, now)
        self._calibrate(rows, given, seconds, usable)
        if self.learn:
            calm = np.abs(given - memory["mean"][rows]).sum(1) / 2 <= CALM
            self._learn(rows, given, seconds * (usable & calm & at_rest(given)))
        return corrected(given, self._offsets(rows))

    def states(self, tracks: Any) -> tuple[str, ...]:
        """Return what is known of every track.

        ``none``, ``learning`` (trusted by less than half), ``learned``, ``calibrating`` or ``calibrated``.
        """
        rows, _ = self._memory.rows(tracks)
        names = []
        for row in rows:
            learned = "learned" if self._memory["seconds"][row] >= HALF_TRUST else "learning"
            if self._memory["left"][row] > 0:
                names.append("calibrating")
            elif self._memory["calibrated"][row] > 0:
                names.append("calibrated")
            else:
                names.append(learned if self._memory["seconds"][row] > 0 else "none")
        return tuple(names)

    def _offsets(self, rows: Any) -> Double:
        memory = self._memory
        asked, seconds = memory["calibrated"][rows] > 0, memory["seconds"][rows]
        trust = np.where(asked, 1, seconds / (seconds + HALF_TRUST))
        limit = np.where(asked, CALIBRATED_LIMIT, LEARNED_LIMIT)
        return offset_of(memory["rest"][rows], trust, limit, self._resting)

    def _begin(self, rows: Any, now: float) -> None:
        """Start the calibration of these rows, if there are any; else it waits for somebody to come."""
        memory = self._memory
        patience = PATIENCE if self._until is None else self._until - now
        self._pending = patience > 0 and not len(rows)
        if patience <= 0:
            return
        memory["left"][rows] = patience
        memory["taken"][rows] = 0
        memory["total"][rows] = 0

    def _calibrate(self, rows: Any, given: Double, seconds: Double, usable: BoolArray) -> None:
        """Gather what calibrations that are under way ask for, and end those that have enough or waited too long."""
        memory = self._memory
        running = memory["left"][rows] > 0
        memory["left"][rows] = np.maximum(memory["left"][rows] - seconds, 0)
        took = np.where(running & usable, seconds, 0)
        memory["taken"][rows] += took
        memory["total"][rows] += took[:, None] * log_odds(given)
        done = running & (memory["taken"][rows] >= CALIBRATION - 1e-9)
        at = rows[done]
        memory["rest"][at] = memory["total"][at] / memory["taken"][at][:, None]
        memory["calibrated"][at] = 1
        memory["left"][at] = 0

    def _learn(self, rows: Any, given: Double, seconds: Double) -> None:
        """Move the resting face of tracks that nobody calibrated towards what is seen now."""
        memory = self._memory
        seconds = np.where(memory["calibrated"][rows] > 0, 0, seconds)
        total = memory["seconds"][rows] + seconds
        share = np.divide(seconds, np.minimum(total, SLOW), out=np.zeros_like(total), where=total > 0)[:, None]
        memory["rest"][rows] += share * (log_odds(given) - memory["rest"][rows])
        memory["seconds"][rows] = np.minimum(total, SLOW)


def at_rest(probabilities: Double) -> BoolArray:
    """Return ``[n]`` whether neutral is likely enough, and first or second."""
    neutral = probabilities[:, :1]
    return np.asarray(((probabilities > neutral).sum(1) <= 1) & (neutral[:, 0] >= LEAST_NEUTRAL))


def _usable(n: int, quality: Any | None, pose: Any | None) -> BoolArray:
    """Return ``[n]`` whether a face is good and frontal enough to learn from; what is unknown counts as fit."""
    usable = np.ones(n, bool)
    if quality is not None:
        usable &= ~(np.asarray(quality) < GOOD)
    if pose is not None:
        usable &= ~(np.abs(np.asarray(pose).reshape(n, 3)[:, :2]) > FRONTAL).any(1)
    return usable
