"""What a server does, in numbers for Prometheus. No label's values can be chosen by a client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import Scope

from mien import __version__
from mien.core.types import FrameResult

if TYPE_CHECKING:
    from mien.server.base import Base

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WS"})
FAST: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
SLOW: Final = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 15.0)


class Metrics:
    """One server's numbers.

    Attributes:
        registry: what `/metrics` shows.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "mien_requests",
            "Requests and sockets by route and status",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._request_time = self._histogram("mien_request_seconds", "Time to answer a request", SLOW, ("route",))
        self._stage_time = self._histogram("mien_stage_seconds", "Time of one stage for one frame", FAST, ("stage",))
        self._waiting = self._histogram("mien_frame_wait_seconds", "From a live frame's arrival to its turn", SLOW)
        self._latency = self._histogram("mien_frame_seconds", "From a live frame's arrival to its result", SLOW)
        self._pictures = Counter("mien_pictures", "Single pictures by outcome", ("outcome",), registry=self.registry)
        self._inference_time = self._histogram(
            "mien_inference_seconds", "Time of one network asked by itself, waiting included", SLOW, ("model",)
        )
        ProcessCollector(registry=self.registry)

    def request(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request that was answered, or a socket that ended."""
        socket = scope["type"] == "websocket"
        method, route = "WS" if socket else scope["method"], route_of(scope)
        self._requests.labels(method if method in METHODS else "other", route, status).inc()
        if not socket:
            self._request_time.labels(route).observe(seconds)

    def frame(self, waited_ms: float, server_ms: float, result: FrameResult) -> None:
        """Note the times of a live frame that was analysed: until its turn, and until its result."""
        self._waiting.observe(waited_ms / 1000)
        self._latency.observe(server_ms / 1000)
        self._stages(result)

    def picture(self, future: Future[FrameResult]) -> None:
        """Note what became of a single picture."""
        if future.cancelled():
            self._pictures.labels("cancelled").inc()
        elif future.exception() is not None:
            self._pictures.labels("failed").inc()
        else:
            self._pictures.labels("analysed").inc()
            self._stages(future.result())

    def inference(self, model: str, seconds: float) -> None:
        """Note how long a network took that was asked by itself; ``model`` is the name of one of ours."""
        self._inference_time.labels(model).observe(seconds)

    def _stages(self, result: FrameResult) -> None:
        for stage, ms in result.stages_ms.items():
            self._stage_time.labels(stage).observe(ms / 1000)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], labels: Iterable[str] = ()) -> Histogram:
        return Histogram(name, text, tuple(labels), buckets=buckets, registry=self.registry)


def route_of(scope: Scope) -> str:
    """Return the route's pattern, ``/api/v1/cameras/{camera_id}`` for one; ``other`` for what no route answers."""
    route = scope.get("route")
    path = getattr(route, "path", None) if route is not None else None
    return path if isinstance(path, str) and path else "other"


class PresentBase(Collector):
    """What is known of every app at the moment of asking: read off its parts, not counted along.

    Args:
        base: of the app.
    """

    def __init__(self, base: Base) -> None:
        self._base = base

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics."""
        base = self._base
        yield labelled(GaugeMetricFamily, "mien_info", "What runs", ("version",), {__version__: 1})
        loaded = base.ready.is_set() and base.failure is None
        yield GaugeMetricFamily("mien_ready", "Whether the models are loaded", float(loaded))
        yield GaugeMetricFamily("mien_open_sockets", "WebSockets open now", base.limits.sockets.total())
        yield CounterMetricFamily("mien_limited", "Requests and sockets refused by rate limits", base.limits.refused)
        yield GaugeMetricFamily("mien_pictures_inside", "Single pictures being read or analysed", base.gate.inside)


def labelled(kind: type[Any], name: str, text: str, labels: tuple[str], values: Mapping[Any, int]) -> Metric:
    """Return a metric with a value per label."""
    family: Metric = kind(name, text, labels=labels)
    for label, value in values.items():
        family.add_metric((label,), value)  # type: ignore[attr-defined]
    return family
