from __future__ import annotations

import pytest
from serving import MakeClient
from starlette.testclient import TestClient

from mien.core.settings import Wants
from mien.core.types import Frame, FrameResult
from mien.live.fake import CountingAnalyzer, FakeEngine
from mien.server.guard import host_allowed, origin_allowed

NAMES = ("localhost", "mien.example.org", "*.lab.example.org")


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("localhost", True),
        ("LOCALHOST:8000", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("192.168.1.7:8000", True),
        ("mien.example.org", True),
        ("a.lab.example.org:443", True),
        ("lab.example.org", False),
        ("evillab.example.org", False),
        ("rebound.example", False),
        ("localhost.rebound.example", False),
        ("127.0.0.1.rebound.example", False),
        ("", False),
        ("localhost/x", False),
        ("user@localhost", False),
        ("localhost:port", False),
        ("[::1", False),
    ],
)
def test_host(host: str, allowed: bool) -> None:
    assert host_allowed(host, NAMES) is allowed


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("http://localhost:8000", "localhost:8000", True),
        ("https://mien.example.org", "mien.example.org", True),
        ("http://mien.example.org", "mien.example.org:80", True),
        ("http://localhost:3000", "localhost:8000", False),
        ("http://127.0.0.1:8000", "localhost:8000", False),
        ("null", "localhost:8000", False),
        ("", "localhost:8000", False),
        ("file://", "localhost:8000", False),
        ("http://localhost:8000.evil.example", "localhost:8000", False),
        ("https://good.example", "localhost:8000", True),
        ("https://good.example.evil.example", "localhost:8000", False),
    ],
)
def test_origin(origin: str, host: str, allowed: bool) -> None:
    assert origin_allowed(origin, host, ("https://good.example",)) is allowed


def test_a_foreign_name_is_refused_in_the_one_form(client: TestClient) -> None:
    answer = client.get("/ping", headers={"host": "rebound.example"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "host_refused")


def test_a_foreign_page_may_look_but_not_act(client: TestClient, jpeg: bytes) -> None:
    foreign = {"origin": "https://evil.example"}
    assert client.get("/ping", headers=foreign).status_code == 200
    answer = client.post("/api/v1/analyze", content=jpeg, headers=foreign)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin_refused")
    own = {"origin": "http://127.0.0.1:8000"}
    assert client.post("/api/v1/analyze", content=jpeg, headers=own).status_code == 200


def test_an_allowed_page_gets_cors_headers(make_client: MakeClient, jpeg: bytes) -> None:
    client = make_client(allowed_origins="https://good.example, https://other.example/")
    good = {"origin": "https://good.example"}
    ask = client.options("/api/v1/analyze", headers={**good, "access-control-request-method": "POST"})
    assert ask.status_code == 200
    answer = client.post("/api/v1/analyze", content=jpeg, headers=good)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://good.example"


def test_refusals_carry_cors_headers_too(make_client: MakeClient) -> None:
    client = make_client(allowed_origins="https://good.example", request_rate=0.1, max_body=1024)
    good = {"origin": "https://good.example"}
    large = client.post("/api/v1/analyze", content=bytes(1025), headers=good)
    often = client.get("/api/v1/cameras", headers=good)
    assert (large.status_code, often.status_code) == (413, 429)
    for answer in (large, often):
        assert answer.headers["access-control-allow-origin"] == "https://good.example"
        assert "Retry-After" in answer.headers["access-control-expose-headers"]
    ask = client.options("/api/v1/analyze", headers={**good, "access-control-request-method": "POST"})
    assert ask.status_code == 200, "a page may ask what it may do, however often it did"


class Broken(CountingAnalyzer):
    def analyze(self, image: Frame, wants: Wants | None = None) -> FrameResult:
        raise RuntimeError("a fault")


def test_a_fault_can_be_read_by_an_allowed_page(
    make_client: MakeClient, jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr("mien.live.videos.videos.Videos.add", fail)
    client = make_client(FakeEngine(Broken()), allowed_origins="https://good.example")
    video = {"file": ("a.mp4", b"no video", "video/mp4")}
    for answer in (
        client.post("/api/v1/analyze", content=jpeg, headers={"origin": "https://good.example"}),
        client.post("/api/v1/videos", files=video, headers={"origin": "https://good.example"}),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")
        assert answer.headers["access-control-allow-origin"] == "https://good.example"
        assert answer.headers["x-request-id"] == answer.json()["error"]["request_id"]
    other = client.post("/api/v1/analyze", content=jpeg)
    assert other.status_code == 500
    assert "access-control-allow-origin" not in other.headers


def test_a_name_that_is_refused_is_told_to_an_allowed_page(make_client: MakeClient) -> None:
    client = make_client(allowed_origins="https://good.example")
    answer = client.get("/ping", headers={"host": "evil.example", "origin": "https://good.example"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "host_refused")
    assert answer.headers["access-control-allow-origin"] == "https://good.example"


def test_a_configured_name_is_served(make_client: MakeClient) -> None:
    client = make_client(allowed_hosts="mien.example.org")
    assert client.get("/ping", headers={"host": "mien.example.org"}).status_code == 200
