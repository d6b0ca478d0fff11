from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx2
import pytest
from serving import WAIT, MakeClient, MakeServer, Running
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from mien.server import rates
from mien.server.limits import LOOPBACK, Limits, identity
from mien.server.rates import RateLimiter
from mien.server.settings import ServerSettings


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_and_then_so_many_a_second() -> None:
    clock = Clock()
    limiter = RateLimiter(2.0, 5, clock)
    assert [limiter.take("a") for _ in range(5)] == [0.0] * 5
    assert limiter.take("a") == pytest.approx(0.5)
    assert limiter.take("a") == pytest.approx(0.5), "who is refused need not wait longer for having asked"
    assert limiter.take("b") == 0.0
    clock.now += 0.5
    assert limiter.take("a") == 0.0
    assert limiter.take("a") == pytest.approx(0.5)
    clock.now += 100
    assert [limiter.take("a") for _ in range(6)] == [0.0] * 5 + [pytest.approx(0.5)]


def test_in_the_long_run_the_rate_holds() -> None:
    clock = Clock()
    limiter = RateLimiter(10.0, 20, clock)
    taken = 0
    for _ in range(1000):
        clock.now += 0.01
        taken += limiter.take("a") == 0.0
    assert taken == pytest.approx(10 * 10 + 20, abs=1)


def test_a_scale_for_some() -> None:
    limiter = RateLimiter(1.0, 2, Clock())
    assert sum(limiter.take("local", 10.0) == 0.0 for _ in range(100)) == 20
    assert sum(limiter.take("other") == 0.0 for _ in range(100)) == 2


def test_no_limit() -> None:
    limiter = RateLimiter(0.0, 0.0, Clock())
    assert not any(limiter.take("a") for _ in range(1000))
    assert len(limiter) == 0


def test_who_has_gone_takes_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    limiter = RateLimiter(1.0, 2, clock)
    for number in range(100):
        limiter.take(str(number))
    assert len(limiter) == 100
    clock.now += 10
    for _ in range(60):
        limiter.take("a")
    assert len(limiter) == 1
    monkeypatch.setattr(rates, "MAX_CLIENTS", 50)
    for number in range(200):
        limiter.take(str(number))
    assert len(limiter) == 50, "however many addresses somebody has"


@pytest.mark.parametrize(
    ("host", "who", "scale"),
    [
        ("203.0.113.9", "203.0.113.9", 1.0),
        ("::ffff:203.0.113.9", "203.0.113.9", 1.0),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", 1.0),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64", 1.0),
        ("fe80::1%eth0", "fe80::/64", 1.0),
        ("127.0.0.1", "loopback", LOOPBACK),
        ("127.9.9.9", "loopback", LOOPBACK),
        ("::1", "loopback", LOOPBACK),
        ("", "", 1.0),
        ("testclient", "testclient", 1.0),
    ],
)
def test_who_an_address_stands_for(host: str, who: str, scale: float) -> None:
    assert identity(host) == (who, scale)


def test_a_live_page_meets_no_limit() -> None:
    """One address: three pages, each loaded twice, a socket each, uploads four times a second, for a minute."""
    clock = Clock()
    limits = Limits(ServerSettings(), clock)
    with ExitStack() as stack:
        for _ in range(3):
            for _ in range(2):
                assert all(limits.request("203.0.113.9") is None for _ in range(25))
                assert limits.opening("203.0.113.9") is None
            stack.enter_context(limits.open_socket("203.0.113.9"))
        for _ in range(600):
            clock.now += 0.1
            assert limits.request("203.0.113.9") is None
            assert limits.request("203.0.113.9") is None
    assert limits.refused == 0


def test_sockets_are_counted_while_they_are_open() -> None:
    limits = Limits(ServerSettings(max_client_sockets=2))
    with limits.open_socket("203.0.113.9"), limits.open_socket("203.0.113.9"):
        refusal = limits.opening("203.0.113.9")
        assert refusal is not None
        assert (refusal.status_code, refusal.code) == (429, "too_many_sockets")
        assert limits.opening("203.0.113.10") is None
    assert limits.opening("203.0.113.9") is None
    assert not limits.sockets


def test_too_many_requests_are_told_when_to_try_again(make_client: MakeClient, jpeg: bytes) -> None:
    client = make_client(request_rate=0.001)  # one, and the next after a quarter of an hour
    answers = [client.post("/api/v1/analyze", content=jpeg) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    error = answers[-1].json()["error"]
    assert (error["code"], error["request_id"]) == ("rate_limited", answers[-1].headers["x-request-id"])
    assert "try again in" in error["message"]
    assert 900 <= int(answers[-1].headers["retry-after"]) <= 1000
    assert client.get("/healthz").status_code == 200, "probes are free"
    assert client.get("/api/v1/nothing").status_code == 429


def test_the_own_computer_is_limited_too_but_generously(make_server: MakeServer) -> None:
    running = make_server(request_rate=0.001)
    with httpx2.Client(base_url=running.http) as client:
        answers = [client.get("/openapi.json").status_code for _ in range(40)]
    assert answers == [200] * int(LOOPBACK) + [429] * (40 - int(LOOPBACK))


@contextmanager
def stream(running: Running) -> Iterator[None]:
    with connect(running.ws, open_timeout=WAIT) as socket:
        assert json.loads(socket.recv(timeout=WAIT))["type"] == "ready"
        yield


def refused(running: Running) -> tuple[int, str, bool]:
    with pytest.raises(InvalidStatus) as caught, connect(running.ws, open_timeout=WAIT):
        pass
    response = caught.value.response
    return response.status_code, json.loads(response.body)["error"]["code"], "retry-after" in response.headers


def test_new_sockets_are_limited(make_server: MakeServer) -> None:
    running = make_server(socket_rate=0.002)  # from this computer: ten at once, the next after fifty seconds
    for _ in range(int(LOOPBACK)):
        with stream(running):
            pass
    assert refused(running) == (429, "rate_limited", True)


def test_open_sockets_are_limited(make_server: MakeServer) -> None:
    running = make_server(max_client_sockets=1)
    with ExitStack() as opened:
        for _ in range(int(LOOPBACK)):
            opened.enter_context(stream(running))
        assert refused(running) == (429, "too_many_sockets", True)
    running.wait_streams(0)
    with stream(running):
        pass
