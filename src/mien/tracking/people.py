"""All that is followed per person over time, in the order in which one thing needs the other.

emotions are smoothed → the resting face is taken off → eyes are followed → events are watched → signals are computed
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from mien.core.settings import TrackingSettings, Wants
from mien.core.types import BASELINE_STATES, Event, Faces
from mien.tracking.baseline import RESTING, Baseline
from mien.tracking.events import EventWatch
from mien.tracking.eyes import BlinkCounter, Perclos
from mien.tracking.filters import ProbabilitySmoother
from mien.tracking.signals import Signals


class People:
    """The people of one stream. Holds state; not thread-safe.

    Args:
        settings: of the smoothing.
        resting: how the network reads average resting faces, see `Baseline`; None for what is usual.
    """

    def __init__(self, settings: TrackingSettings, resting: Sequence[float] | None = None) -> None:
        self._smoother, self._smoother_at_rest = ProbabilitySmoother(settings), ProbabilitySmoother(settings)
        self._baseline = Baseline(resting=RESTING if resting is None else resting)
        self._blinks, self._perclos = BlinkCounter(), Perclos()
        self._signals, self._events = Signals(), EventWatch()

    def reset(self) -> None:
        """Forget everybody."""
        for memory in (*self._memories, self._events):
            memory.reset()

    def calibrate(self, until: float | None = None) -> None:
        """Take the next two seconds of everybody in view as their resting faces; see `Baseline.calibrate`."""
        self._baseline.calibrate(until)

    def update(
        self, faces: Faces, active: Iterable[int], timestamp: float, wants: Wants
    ) -> tuple[Faces, tuple[Event, ...]]:
        """Take in one frame.

        Args:
            faces: with ``tracks``, ``emotion_raw`` and whatever else was read off the frame.
            active: identities that are still kept; the others are forgotten.
            timestamp: presentation time in seconds.
            wants: ``baseline`` and ``signals`` are used.

        Returns:
            The faces with ``emotion`` and ``label``; with ``blinks`` and ``perclos`` where eyes were read; with
            ``baseline`` and ``baseline_state``, and with ``signals`` and ``dominant``, where they are wanted. And what
            began or ended.
        """
        active = tuple(active)
        emotion, label = self._smoother.update(faces.tracks, faces.emotion_raw, timestamp)
        faces = faces.replace(emotion=emotion, label=label)
        if wants.baseline:
            faces = self._at_rest(faces, timestamp)
        if faces.eyes_open is not None:
            blinks, _ = self._blinks.update(faces.tracks, faces.eyes_open, timestamp)
            perclos = self._perclos.update(faces.tracks, faces.eyes_open, timestamp)
            faces = faces.replace(blinks=blinks, perclos=perclos)
        events: tuple[Event, ...] = ()
        if wants.signals:
            over = () if faces.eyes_open is None else self._blinks.ended
            events = self._events.update(faces, active, timestamp, over)
            faces = self._follow(faces, timestamp)
        else:
            self._events.reset()  # who goes unwatched for a while was not lost
        for memory in self._memories:
            memory.forget(active)
        return faces, events

    @property
    def _memories(self) -> tuple[ProbabilitySmoother | Baseline | BlinkCounter | Perclos | Signals, ...]:
        return self._smoother, self._smoother_at_rest, self._baseline, self._blinks, self._perclos, self._signals

    def _at_rest(self, faces: Faces, timestamp: float) -> Faces:
        """Fill ``baseline`` and ``baseline_state``; the label follows."""
        fixed = self._baseline.update(faces.tracks, faces.emotion_raw, timestamp, faces.quality, faces.pose)
        baseline, label = self._smoother_at_rest.update(faces.tracks, fixed, timestamp)
        states = [BASELINE_STATES.index(state) for state in self._baseline.states(faces.tracks)]
        return faces.replace(baseline=baseline, label=label, baseline_state=np.array(states, np.int64))

    def _follow(self, faces: Faces, timestamp: float) -> Faces:
        """Fill ``signals`` and ``dominant``."""
        closures = self._events.recent(faces.tracks, "eyes closed", timestamp)
        yawns = self._events.recent(faces.tracks, "yawn", timestamp)
        signals, dominant = self._signals.update(faces, closures, yawns, timestamp)
        return faces.replace(signals=signals, dominant=dominant)
