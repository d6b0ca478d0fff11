"""How fast work goes and how long it will take: rules without clocks of their own."""

from __future__ import annotations

from dataclasses import replace

from mien.live.videos.values import VideoJob


class Pace:
    """The pace of one run.

    Args:
        now: seconds, by any clock that grows.
    """

    def __init__(self, now: float) -> None:
        self._began = now
        self._first: float | None = None

    def note(self, job: VideoJob, now: float) -> VideoJob:
        """Return the job with the seconds it will still take; None before a second has passed."""
        if job.progress is None:
            return replace(job, eta=None)
        if self._first is None:
            self._first, self._began = job.progress, now
        done, passed = job.progress - self._first, now - self._began
        if done <= 0 or passed < 1:
            return replace(job, eta=None)
        return replace(job, eta=round(passed / done * (1 - job.progress), 1))


class Seldom:
    """Says when it is time again.

    Args:
        seconds: between two times.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last: float | None = None

    def due(self, now: float) -> bool:
        """Whether so many seconds have passed since it last was; then they begin anew."""
        if self._last is not None and now - self._last < self._seconds:
            return False
        self._last = now
        return True
