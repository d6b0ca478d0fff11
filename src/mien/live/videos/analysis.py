"""From a video to its results: every frame through the engine, a line for each, newest state told along the way.

A video is one participant among the engine's streams, with one frame under way at a time. The engine serves whoever
waits in turn, so a video neither holds up live streams for longer than one frame nor is starved by them. It is decoded
in a child process (see `isolated`), at a lower priority.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mien.core.errors import SourceError, StoreError
from mien.core.types import Faces, Frame, FrameResult
from mien.live.engine import Engine
from mien.live.session import Analysed, Outcome, Packet, Session, StreamOptions
from mien.live.videos.folder import VideoFolder
from mien.live.videos.isolated import IsolatedVideo, StoppedError
from mien.live.videos.resume import OVERLAP, Numbers, Written, written
from mien.live.videos.values import VideoJob, VideoRules
from mien.outputs.tables import line

if TYPE_CHECKING:
    from mien.sources.video import VideoInfo

_LOOK: Final = 0.25
"""Seconds between two looks at whether to stop while a frame is analysed."""


@dataclass(frozen=True, slots=True)
class Work:
    """What the work on one video needs.

    Attributes:
        folder: of the video.
        rules: that hold for it.
        stopped: whether the work shall end.
        tell: told how far it is; may be called for every frame.
    """

    folder: VideoFolder
    rules: VideoRules
    stopped: Callable[[], bool]
    tell: Callable[[VideoJob], None]


def analyse(job: VideoJob, work: Work, engine: Engine) -> VideoJob:
    """Analyse a video from where its results end.

    Returns:
        The job with what was found out; its state is the caller's to set.

    Raises:
        SourceError: the video cannot be read, makes the decoder crash or hang, or is longer or larger than the rules
            allow.
        StoreError: the results cannot be written.
        StoppedError: somebody wants it to end; what is written is whole.
    """
    before = _prepare(work.folder)
    start = before.last_time - OVERLAP if before.frames else 0.0
    with IsolatedVideo(work.folder.upload, job.name, work.rules.max_pixels, work.stopped, start) as source:
        _check(source.info, job.name, work.rules)
        job = _described(job, source.info, before)
        work.tell(job)
        one = _OneByOne(engine, job)
        try:
            with work.folder.results.open("ab") as file:
                for result in _new(one.results(source, work.stopped), before):
                    _check_time(result.timestamp, job.name, work.rules)
                    file.write(line(result))
                    file.flush()
                    job = _advanced(job, result)
                    work.tell(job)
        except OSError as error:
            raise StoreError(f"the results cannot be written ({error.strerror}): free some space") from error
        finally:
            one.close()
        return replace(job, warnings=(*job.warnings, *source.warnings), progress=1.0, eta=None)


def _prepare(folder: VideoFolder) -> Written:
    """Cut off half a line that an earlier run left, and return what it wrote."""
    whole = folder.whole_lines()
    if folder.results.exists():
        with folder.results.open("rb+") as file:
            file.truncate(whole)
    return written(folder.values())


def _check(info: VideoInfo, name: str, rules: VideoRules) -> None:
    if info.width * info.height > rules.max_pixels:
        raise SourceError(f"{name} has frames of {info.width}×{info.height} pixels: scale it down")
    _check_time(info.duration or 0.0, name, rules)


def _check_time(seconds: float, name: str, rules: VideoRules) -> None:
    """Refuse what is too long; a container may say too little or nothing, so every frame is looked at."""
    if seconds > rules.max_seconds:
        raise SourceError(f"{name} lasts longer than the {rules.max_seconds:.0f} s that are taken: cut it into parts")


def _described(job: VideoJob, info: VideoInfo, before: Written) -> VideoJob:
    return replace(
        job,
        width=info.width,
        height=info.height,
        fps=info.fps,
        frames=info.frames,
        duration=info.duration,
        analysed=before.frames,
        time=before.last_time,
        warnings=(),
        resumed=(*job.resumed, before.last_time) if before.frames else job.resumed,
        progress=before.frames / info.frames if info.frames else None,
    )


def _advanced(job: VideoJob, result: FrameResult) -> VideoJob:
    progress = min(1.0, (result.index + 1) / job.frames) if job.frames else None
    return replace(job, analysed=job.analysed + 1, time=result.timestamp, progress=progress)


def _new(results: Iterator[FrameResult], before: Written) -> Iterator[FrameResult]:
    """Yield what is not written yet, with the numbers that go on from what is."""
    numbers = Numbers(before)
    for result in results:
        if result.index <= before.last_index:
            numbers.learn(result)
        else:
            yield numbers.apply(result)


class _OneByOne:
    """A stream of the engine's that is given frame after frame and waited for.

    Args:
        engine: that analyses.
        job: the video.
    """

    def __init__(self, engine: Engine, job: VideoJob) -> None:
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._session: Session = engine.open(self._outcomes.put, job.name)
        self._session.options = StreamOptions(**job.options)

    def results(self, source: Iterable[Frame], stopped: Callable[[], bool]) -> Iterator[FrameResult]:
        """Yield a result per frame. The next frame is decoded while one is analysed.

        Raises:
            StoppedError: it shall end.
        """
        waiting: Frame | None = None
        for frame in source:
            if stopped():
                raise StoppedError
            if waiting is not None:
                yield self._result(waiting, stopped)
            self._session.put(Packet(frame.index, frame.timestamp * 1000, frame.image, time.monotonic(), timed=True))
            waiting = frame
        if waiting is not None:
            yield self._result(waiting, stopped)

    def close(self) -> None:
        """Let the engine forget the stream."""
        self._session.close()

    def _result(self, frame: Frame, stopped: Callable[[], bool]) -> FrameResult:
        while True:
            try:
                outcome = self._outcomes.get(timeout=_LOOK)
            except queue.Empty:
                if stopped():
                    raise StoppedError from None
                continue
            if isinstance(outcome, Analysed):
                return replace(outcome.result, index=frame.index, timestamp=frame.timestamp)
            return _failed(frame, outcome.message, self._session.source)


def _failed(frame: Frame, message: str, source: str) -> FrameResult:
    """Return a result for a frame that could not be analysed: no moment is missing."""
    return FrameResult(
        frame.index, frame.timestamp, frame.width, frame.height, Faces.empty(), source, warnings=(message,)
    )
