"""What the server for people does, in numbers; see `mien.server.metrics`.

Frames and pictures are counted at the engine, which all of them pass: live sockets, cameras, the interfaces of other
systems, uploads.
"""

from __future__ import annotations

import threading
from collections import Counter as Tally
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from mien.core.settings import Wants
from mien.core.types import Frame, FrameResult
from mien.live.engine import Engine
from mien.live.session import Analysed, Outcome, Session
from mien.server.metrics import Metrics, PresentBase, labelled

if TYPE_CHECKING:
    from mien.server.services import Services

FATES: Final = ("received", "analysed", "failed", "dropped")


class MeteredEngine:
    """An engine whose frames and pictures are counted; see `mien.live.engine.Engine`.

    Args:
        engine: does the work.
        metrics: where its times go.
    """

    def __init__(self, engine: Engine, metrics: Metrics) -> None:
        self._engine, self._metrics = engine, metrics
        self._lock = threading.Lock()
        self._sessions: list[Session] = []
        self._ended: Tally[str] = Tally()

    def open(self, deliver: Callable[[Outcome], None], source: str = "stream") -> Session:
        """Return a new stream; see `Engine.open`."""

        def measured(outcome: Outcome) -> None:
            if isinstance(outcome, Analysed):
                self._metrics.frame(outcome.waited_ms, outcome.server_ms, outcome.result)
            deliver(outcome)

        session = self._engine.open(measured, source)
        with self._lock:
            self._settle()
            self._sessions.append(session)
        return session

    def analyze(self, frame: Frame, wants: Wants | None = None) -> Future[FrameResult]:
        """Analyse a single picture; see `Engine.analyze`."""
        future = self._engine.analyze(frame, wants)
        future.add_done_callback(self._metrics.picture)
        return future

    def close(self, timeout: float = 5.0) -> bool:
        """Finish; see `Engine.close`."""
        return self._engine.close(timeout)

    def frames(self) -> tuple[dict[str, int], int]:
        """Return how many live frames met which fate since the start, and how many streams are open."""
        with self._lock:
            self._settle()
            total = Tally(self._ended)
            for session in self._sessions:
                total.update(_fates(session))
            return {fate: total[fate] for fate in FATES}, len(self._sessions)

    def _settle(self) -> None:
        """Keep the numbers of streams that have ended, not the streams."""
        for session in [session for session in self._sessions if session.closed]:
            self._ended.update(_fates(session))
            self._sessions.remove(session)


class Present(PresentBase):
    """What is known of the server for people beside that.

    Args:
        services: of the server.
    """

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._services = services

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics."""
        yield from super().collect()
        services = self._services
        frames, streams = ({}, 0) if services.engine is None else services.engine.frames()
        yield GaugeMetricFamily("mien_streams", "Live streams open now, cameras included", streams)
        yield labelled(CounterMetricFamily, "mien_frames", "Live frames by fate", ("fate",), frames)
        states = Tally(camera.state.name for camera in services.cameras.all())
        yield labelled(GaugeMetricFamily, "mien_cameras", "Cameras by state", ("state",), states)
        ended = dict(services.decoding.ended)
        yield labelled(CounterMetricFamily, "mien_decoders_ended", "Decoders killed or dead", ("reason",), ended)


def _fates(session: Session) -> dict[str, int]:
    return {fate: getattr(session, fate) for fate in FATES}
