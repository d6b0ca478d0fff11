"""An engine for tests: nothing happens until it is told to, then one thing at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

import numpy as np

from mien.core.settings import Wants
from mien.core.types import Faces, Frame, FrameResult
from mien.live.engine import EngineClosedError, Job
from mien.live.schedule import RoundRobin
from mien.live.session import FrameStream, Outcome, Session


class CountingAnalyzer:
    """Sees one face on every frame; in a stream its track is the number of frames since the stream began."""

    def analyze(self, image: Frame, wants: Wants | None = None) -> FrameResult:  # noqa: ARG002
        """Return one face that fills the picture."""
        return _result(image, None)

    def stream(self) -> FrameStream:
        """Return a stream that starts counting at 1."""
        return CountingStream()


class CountingStream:
    """Counts frames, from 1 again after ``reset``.

    Attributes:
        count: frames since the beginning.
        calibrations: how often it was asked to calibrate.
    """

    def __init__(self) -> None:
        self.count = 0
        self.calibrations = 0
        self.wants = Wants()
        self.interval = 0.0

    def analyze(self, frame: Frame) -> FrameResult:
        """Return one face whose track is the count."""
        self.count += 1
        return _result(frame, self.count)

    def calibrate(self) -> None:
        """Count that it was asked for."""
        self.calibrations += 1

    def reset(self) -> None:
        """Count from 1 again."""
        self.count = 0


class FakeEngine:
    """Keeps the promises of `Engine` without threads of its own: ``step`` serves whose turn it is.

    Args:
        analyzer: defaults to a `CountingAnalyzer`.
        hold: keep single pictures waiting for a ``step`` as well; else they are analysed at once.
    """

    def __init__(self, analyzer: CountingAnalyzer | None = None, hold: bool = False) -> None:
        self.sessions: list[Session] = []
        self._analyzer = analyzer or CountingAnalyzer()
        self._hold = hold
        self._line: RoundRobin[Session | Job] = RoundRobin()
        self._change = threading.Condition()
        self._closed = False

    def open(self, deliver: Callable[[Outcome], None], source: str = "stream") -> Session:
        """Return a new stream; see `Engine.open`."""
        if self._closed:
            raise EngineClosedError("closed")
        session = Session(self._analyzer.stream(), deliver, self._enqueue, source)
        with self._change:
            self.sessions.append(session)
            self._change.notify_all()
        return session

    def analyze(self, frame: Frame, wants: Wants | None = None) -> Future[FrameResult]:
        """Analyse a picture at once, or hold it; see `Engine.analyze`."""
        if self._closed:
            raise EngineClosedError("closed")
        job = Job(self._analyzer, frame, wants)
        if self._hold:
            self._enqueue(job)
        else:
            job.run()
        return job.future

    def close(self, timeout: float = 5.0) -> bool:  # noqa: ARG002  nothing here takes time
        """Take nothing new and cancel what waits; see `Engine.close`."""
        with self._change:
            self._closed = True
            left = self._line.drain()
        for task in left:
            if isinstance(task, Job):
                task.future.cancel()
        return True

    @property
    def waiting(self) -> int:
        """Streams and pictures that wait for a step."""
        return len(self._line)

    def step(self) -> bool:
        """Serve whose turn it is, on the calling thread; False when nobody waits."""
        with self._change:
            task = self._line.take()
        if task is None:
            return False
        try:
            task.run()
        finally:
            with self._change:
                self._line.done(task)
        return True

    def wait_until(self, reached: Callable[[], bool], timeout: float = 10.0) -> None:
        """Wait until ``reached`` holds; looked at whenever work or a stream comes in.

        Raises:
            TimeoutError: it did not come to hold.
        """
        with self._change:
            if not self._change.wait_for(reached, timeout):
                raise TimeoutError(f"did not happen within {timeout} s")

    def _enqueue(self, task: Session | Job) -> None:
        with self._change:
            self._line.offer(task)
            self._change.notify_all()


def _result(frame: Frame, track: int | None) -> FrameResult:
    emotion = np.zeros((1, 8), np.float32)
    emotion[0, 1] = 1
    faces = Faces.from_boxes([[0, 0, frame.width, frame.height]]).replace(
        tracks=None if track is None else np.array([track]),
        emotion=emotion,
        emotion_raw=emotion,
        label=np.array([1]),
        uncertain=np.array([False]),
    )
    return FrameResult(frame.index, frame.timestamp, frame.width, frame.height, faces, frame.source)
