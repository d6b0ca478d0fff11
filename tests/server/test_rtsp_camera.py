"""A network camera over real RTSP: unplugged, plugged in again, frozen."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from functools import partial
from typing import Any

import httpx2
import pytest
from following import follow
from rtsp_peer import RtspPeer
from serving import MakeServer

from mien.core.errors import SourceError
from mien.live.camera_values import CameraRules
from mien.live.fake import CountingAnalyzer
from mien.live.local import LocalEngine
from mien.live.retry import RetryRule
from mien.server import services
from mien.server.services import Backend
from mien.sources.camera import open_camera, parse_address

SECRET = "geheim"


@pytest.fixture(scope="module")
def peer() -> Iterator[RtspPeer]:
    peer = RtspPeer("me", SECRET)
    yield peer
    peer.unplug()


@pytest.mark.parametrize("path", ["/h264", "/mjpeg"])
def test_frames_of_a_network_camera(peer: RtspPeer, path: str) -> None:
    source = open_camera(parse_address(peer.url(path, f"me:{SECRET}@")))
    try:
        frames = []
        for frame in source:
            frames.append(frame)
            if len(frames) == 5:
                source.stop()
    finally:
        source.close()
    assert [frame.index for frame in frames] == list(range(5))
    assert all(frame.image.shape == (120, 160, 3) for frame in frames)
    assert frames[0].timestamp == 0
    assert 0.19 < frames[4].timestamp < 5, "20 frames a second, unless the computer is too busy for that"
    assert frames[0].image.max() > 200, "the ball is white"
    assert frames[0].source == peer.url(path)


@pytest.mark.parametrize(
    ("path", "login", "message"),
    [
        ("/h264", f"you:{SECRET}@", "refuses the user name or password"),
        ("/h264", "", "refuses the user name or password"),
        (f"/x?{SECRET}", f"me:{SECRET}@", "has nothing at this path"),
    ],
)
def test_refusals_are_told_without_the_password(peer: RtspPeer, path: str, login: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as error:
        open_camera(parse_address(peer.url(path, login)))
    told: BaseException | None = error.value
    while told is not None:
        assert SECRET not in str(told)
        told = told.__cause__ or told.__context__


def test_unplugged_replugged_and_frozen(
    peer: RtspPeer, make_server: MakeServer, monkeypatch: pytest.MonkeyPatch, log_lines: list[MutableMapping[str, Any]]
) -> None:
    quick = RetryRule(first=0.1, most=0.2)
    monkeypatch.setattr(services, "CameraRules", partial(CameraRules, retry=quick))
    engine = LocalEngine(CountingAnalyzer(), 1)
    address = peer.url("/mjpeg", f"me:{SECRET}@")
    running = make_server(loader=lambda settings: Backend(engine, {}), cameras=(f"door={address}",), camera_timeout=2.5)
    with follow(running, "/api/v1/cameras/door/events") as events:
        events.until("live")
        first = events.result()
        assert (first["width"], first["height"]) == (160, 120)

        peer.unplug()
        assert events.until("waiting")["retry_in"] is not None
        while "refuses the connection" not in events.until("waiting")["reason"]:
            pass
        peer.plug()
        events.until("live")
        second = events.result()
        assert second["frame"] > first["frame"]
        assert second["time"] > first["time"]
        assert second["faces"][0]["track"] > first["faces"][0]["track"], "one stream all along"

        peer.freeze()
        assert events.until("stalled", "waiting")["reason"]
        peer.thaw()
        events.until("live")
        events.result()

        shown = httpx2.get(f"{running.http}/api/v1/cameras/door").json()
        assert shown["opened"] >= 3
        assert shown["address"] == peer.url("/mjpeg")
        peer.freeze()
        running.stop()
        peer.thaw()
        events.text += events.response.read().decode()
    assert engine.close()
    assert any(line.get("state") == "live" for line in log_lines)
    assert SECRET not in events.text + str(shown) + str(log_lines)
