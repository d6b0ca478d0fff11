"""The engine that computes in this process: one pool of threads, sized to the cores.

Decoding and inference release Python's global lock, so threads are enough, and the models are held once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeAlias

import structlog

from mien.core.errors import SettingsError
from mien.core.machine import cores
from mien.core.settings import Wants
from mien.core.types import Frame, FrameResult
from mien.live.engine import EngineClosedError, FrameAnalyzer, Job
from mien.live.schedule import RoundRobin
from mien.live.session import Outcome, Session

log = structlog.get_logger()

Task: TypeAlias = Session | Job


class LocalEngine:
    """Serves every stream and picture in turn with a fixed number of threads.

    Args:
        analyzer: shared by all; its models should use one thread each.
        workers: number of threads; None for one per core.

    Raises:
        SettingsError: ``workers`` is less than 1.
    """

    def __init__(self, analyzer: FrameAnalyzer, workers: int | None = None) -> None:
        count = cores() if workers is None else workers
        if count < 1:
            raise SettingsError(f"workers must be at least 1, got {count}")
        self.analyzer = analyzer
        self._line: RoundRobin[Task] = RoundRobin()
        self._change = threading.Condition()
        self._closed = False
        # Daemons, so that a stage that never returns cannot keep the process alive.
        self._workers = [threading.Thread(target=self._work, name=f"mien-{i}", daemon=True) for i in range(count)]
        for worker in self._workers:
            worker.start()

    def open(self, deliver: Callable[[Outcome], None], source: str = "stream") -> Session:
        """Return a new stream with its own state; see `Engine.open`."""
        if self._closed:
            raise EngineClosedError("the server is shutting down: connect again later")
        return Session(self.analyzer.stream(), deliver, self._enqueue, source)

    def analyze(self, frame: Frame, wants: Wants | None = None) -> Future[FrameResult]:
        """Analyse a single picture when its turn comes; see `Engine.analyze`."""
        job = Job(self.analyzer, frame, wants)
        if not self._enqueue(job):
            raise EngineClosedError("the server is shutting down: try again later")
        return job.future

    def close(self, timeout: float = 5.0) -> bool:
        """Let the threads finish what they are at, cancel what waits; see `Engine.close`."""
        with self._change:
            self._closed = True
            left = self._line.drain()
            self._change.notify_all()
        for task in left:
            if isinstance(task, Job):
                task.future.cancel()
        until = time.monotonic() + timeout
        for worker in self._workers:
            # A worker that closes its own engine (from deliver) cannot wait for itself.
            if worker is not threading.current_thread():
                worker.join(max(0.0, until - time.monotonic()))
        busy = sum(worker.is_alive() for worker in self._workers if worker is not threading.current_thread())
        if busy:
            log.warning("workers still busy at shutdown", workers=busy, waited_s=timeout)
        return not busy

    def _enqueue(self, task: Task) -> bool:
        with self._change:
            if self._closed:
                return False
            self._line.offer(task)
            self._change.notify()
            return True

    def _next(self) -> Task | None:
        with self._change:
            while True:
                if self._closed:
                    return None
                task = self._line.take()
                if task is not None:
                    return task
                self._change.wait()

    def _work(self) -> None:
        while self._serve():
            pass

    def _serve(self) -> bool:
        """Serve whose turn it is; False when the engine closes. A call per task, so that none outlives its turn."""
        task = self._next()
        if task is None:
            return False
        try:
            task.run()
        except BaseException:
            # Sessions and jobs keep their own errors; what comes here is a receiver of results that raised.
            log.exception("delivering a result failed")
        finally:
            with self._change:
                self._line.done(task)
                if len(self._line):
                    self._change.notify()
        return True
