"""What computes: many live streams and single pictures, fairly, on whatever machinery lies behind."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

import structlog

from mien.core.errors import MienError
from mien.core.settings import Wants
from mien.core.types import Frame, FrameResult
from mien.live.session import FrameStream, Outcome, Session

log = structlog.get_logger()


class EngineClosedError(MienError):
    """The engine is shutting down and takes no more work."""

    code = "shutting_down"


class AnalysisError(MienError):
    """A stage ended in a way that it must not; a fault of ours."""

    code = "internal"


class FrameAnalyzer(Protocol):
    """What an engine computes with; `mien.pipeline.Analyzer` is one."""

    def analyze(self, image: Frame, wants: Wants | None = None) -> FrameResult: ...

    def stream(self) -> FrameStream: ...


class Engine(Protocol):
    """Analyses many streams and single pictures.

    Promises: streams and pictures are served in turn; a stream is never analysed by two threads at once; an error
    stays with the stream or picture that caused it.
    """

    def open(self, deliver: Callable[[Outcome], None], source: str = "stream") -> Session:
        """Return a new stream; ``deliver`` gets its outcomes, on a thread of the engine's.

        Raises:
            EngineClosedError: the engine is shutting down.
        """
        ...

    def analyze(self, frame: Frame, wants: Wants | None = None) -> Future[FrameResult]:
        """Analyse a single picture; ``wants`` says what to read beside the expressions.

        Raises:
            EngineClosedError: the engine is shutting down.
        """
        ...

    def close(self, timeout: float = 5.0) -> bool:
        """Finish what is being computed, cancel what waits, take nothing new.

        Returns:
            Whether everything came to rest within ``timeout`` seconds.
        """
        ...


class Job:
    """A single picture in the line; ``run`` by one thread, once."""

    def __init__(self, analyzer: FrameAnalyzer, frame: Frame, wants: Wants | None = None) -> None:
        self.future: Future[FrameResult] = Future()
        self._analyzer = analyzer
        self._frame = frame
        self._wants = wants

    def run(self) -> None:
        """Compute the result, unless nobody wants it any more; an error becomes the future's."""
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self._analyzer.analyze(self._frame, self._wants)
        except Exception as error:  # noqa: BLE001  whoever awaits the future gets it
            self.future.set_exception(error)
        except BaseException:
            # A stage that would end the thread (SystemExit) may end neither the worker nor who awaits the future.
            log.exception("picture failed", source=self._frame.source)
            self.future.set_exception(AnalysisError("the server failed on this picture; it was logged"))
        else:
            self.future.set_result(result)
