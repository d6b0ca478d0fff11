from __future__ import annotations

import json
import struct
import threading
from collections.abc import MutableMapping
from concurrent.futures import Future
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from serving import WAIT, MakeClient, MakeServer, Running, services_of_app
from starlette.testclient import TestClient
from websockets.sync.client import connect

from mien.core.types import Faces, FrameResult
from mien.live.fake import FakeEngine
from mien.server.metered import MeteredEngine
from mien.server.metrics import Metrics, route_of
from mien.server.services import Backend
from mien.server.settings import ServerSettings

ANALYZE = "/api/v1/analyze"
Numbers = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def parse(text: str) -> Numbers:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape(running: Running) -> Numbers:
    answer = httpx2.get(running.http + "/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return parse(answer.text)


def value(numbers: Numbers, name: str, **labels: str) -> float:
    return numbers[name, tuple(sorted(labels.items()))]


def frame(seq: int, picture: bytes) -> bytes:
    return struct.pack("<Id", seq, seq * 40.0) + picture


def test_frames_by_fate(make_server: MakeServer, jpeg: bytes) -> None:
    running = make_server()
    engine = running.engine
    with connect(running.ws, open_timeout=WAIT) as socket:
        assert json.loads(socket.recv(timeout=WAIT))["type"] == "ready"
        session = engine.sessions[-1]
        for seq, picture in enumerate((jpeg, jpeg, jpeg, b"junk")):
            socket.send(frame(seq, picture))
            engine.wait_until(lambda seq=seq: session.received == seq + 1)  # type: ignore[misc]
            if seq != 0:  # the first is replaced by the second
                assert engine.step()
                socket.recv(timeout=WAIT)
        numbers = scrape(running)
        assert value(numbers, "mien_streams") == 1
        assert value(numbers, "mien_open_sockets") == 1
    running.wait_streams(0)
    after = scrape(running)
    for seen in (numbers, after):
        fates = {fate: value(seen, "mien_frames_total", fate=fate) for fate in ("received", "analysed", "failed")}
        assert fates == {"received": 4, "analysed": 2, "failed": 1}
        assert value(seen, "mien_frames_total", fate="dropped") == 1
        assert value(seen, "mien_frame_seconds_count") == 2
        assert value(seen, "mien_frame_wait_seconds_count") == 2
    assert value(after, "mien_streams") == 0
    assert value(after, "mien_requests_total", method="WS", route="/api/v1/stream", status="101") == 1


def test_requests_by_route_and_status(make_server: MakeServer, jpeg: bytes) -> None:
    running = make_server()
    for path in ("/ping", "/ping", "/nothing/1", "/nothing/2", "/api/v1/cameras/a", "/api/v1/cameras/b"):
        httpx2.get(running.http + path)
    httpx2.post(running.http + ANALYZE, content=jpeg)
    httpx2.post(running.http + ANALYZE, content=b"junk")
    httpx2.request("BREW", running.http + "/ping")
    numbers = scrape(running)

    def requests(method: str, route: str, status: int) -> float:
        return value(numbers, "mien_requests_total", method=method, route=route, status=str(status))

    assert requests("GET", "/ping", 200) == 2
    assert requests("GET", "other", 404) == 2
    assert requests("GET", "/api/v1/cameras/{camera_id}", 404) == 2
    assert requests("POST", ANALYZE, 200) == 1
    assert requests("POST", ANALYZE, 415) == 1
    assert requests("other", "/ping", 405) == 1
    assert value(numbers, "mien_request_seconds_count", route=ANALYZE) == 2
    assert value(numbers, "mien_pictures_total", outcome="analysed") == 1
    assert value(numbers, "mien_ready") == 1


def test_no_client_can_make_labels(make_server: MakeServer) -> None:
    running = make_server()
    first = len([key for key in scrape(running) if key[0].startswith("mien_requests")])
    for number in range(30):
        httpx2.request(f"X{number}", f"{running.http}/a{number}", headers={"host": "127.0.0.1"})
        httpx2.get(f"{running.http}/api/v1/cameras/{number}")
    after = len([key for key in scrape(running) if key[0].startswith("mien_requests")])
    assert after - first <= 8


def test_stages_are_timed() -> None:
    metrics = Metrics()
    done: Future[FrameResult] = Future()
    done.set_result(FrameResult(0, 0.0, 8, 8, Faces.empty(), stages_ms={"detect": 2.0}))
    metrics.picture(done)
    broken: Future[FrameResult] = Future()
    broken.set_exception(ValueError("no"))
    metrics.picture(broken)
    gone: Future[FrameResult] = Future()
    gone.cancel()
    metrics.picture(gone)
    sample = metrics.registry.get_sample_value
    assert sample("mien_stage_seconds_sum", {"stage": "detect"}) == pytest.approx(0.002)
    assert [sample("mien_pictures_total", {"outcome": o}) for o in ("analysed", "failed", "cancelled")] == [1, 1, 1]


def test_streams_that_ended_take_no_memory_and_are_not_forgotten(jpeg: bytes) -> None:
    engine = MeteredEngine(FakeEngine(), Metrics())
    for _ in range(100):
        engine.open(lambda outcome: None).close()
    assert len(engine._sessions) <= 1
    assert engine.frames() == ({"received": 0, "analysed": 0, "failed": 0, "dropped": 0}, 0)


def test_before_the_models_are_there(make_client: MakeClient) -> None:
    loaded = threading.Event()

    def slow(settings: ServerSettings) -> Backend:
        assert loaded.wait(WAIT)
        return Backend(FakeEngine(), {})

    client = make_client(loader=slow, ready=False)
    try:
        assert value(parse(client.get("/metrics").text), "mien_ready") == 0
    finally:
        loaded.set()


def test_the_numbers_need_the_key(make_client: MakeClient) -> None:
    client = make_client(api_key="open sesame")
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"authorization": "Bearer open sesame"}).status_code == 200


def test_refusals_and_cameras_are_counted(make_client: MakeClient) -> None:
    client = make_client(request_rate=0.001)
    for _ in range(2):
        client.get("/openapi.json")
    services = services_of_app(client.app)  # type: ignore[arg-type]
    assert services.metrics.registry.get_sample_value("mien_limited_total") == 1
    assert [family.name for family in services.metrics.registry.collect()].count("mien_cameras") == 1


def test_a_route_that_is_none() -> None:
    assert route_of({"type": "http", "path": "/x"}) == "other"


def test_sockets_and_their_log_lines_share_an_id(
    make_server: MakeServer, log_lines: list[MutableMapping[str, Any]]
) -> None:
    running = make_server()
    with connect(running.ws, open_timeout=WAIT) as socket:
        assert socket.response is not None
        shown = socket.response.headers["x-request-id"]
        socket.recv(timeout=WAIT)
    running.wait_streams(0)
    running.stop()
    ended = [line for line in log_lines if line["event"] == "stream ended"]
    assert [line["request_id"] for line in ended] == [shown]


def test_openmetrics_for_who_asks_for_it(client: TestClient) -> None:
    answer = client.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
