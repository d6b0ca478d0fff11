from __future__ import annotations

import asyncio
import json
import math
import socket
import struct
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serving import WAIT, MakeServer, Running
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from mien import __version__
from mien.core.codec import LIVE
from mien.core.labels import EMOTIONS
from mien.core.types import Event, Faces, Frame, FrameResult
from mien.live.fake import CountingAnalyzer, CountingStream, FakeEngine
from mien.live.local import LocalEngine
from mien.live.session import FrameStream, StreamOptions
from mien.server.routes.stream import COMMAND_BURST, MAX_EVENTS, MAX_MESSAGE, Outbox
from mien.server.services import Backend
from mien.server.settings import ServerSettings


class Client:
    """A connected client and the server's side of it."""

    def __init__(self, running: Running, socket: ClientConnection) -> None:
        self.socket = socket
        assert self.receive()["type"] == "ready"
        self.engine = running.engine
        self.session = running.engine.sessions[-1]

    def put(self, *messages: bytes) -> None:
        """Send frames and wait until the server has taken each of them."""
        for message in messages:
            expected = self.session.received + 1
            self.socket.send(message)
            self.engine.wait_until(lambda expected=expected: self.session.received == expected)  # type: ignore[misc]

    def analyse(self, message: bytes) -> dict[str, Any]:
        """Send a frame, let it be analysed, return the answer."""
        self.put(message)
        assert self.engine.step()
        return self.receive()

    def receive(self) -> dict[str, Any]:
        return receive(self.socket)


@contextmanager
def open_stream(running: Running, **options: Any) -> Iterator[Client]:
    with connect(running.ws, subprotocols=["mien.v1"], open_timeout=WAIT, **options) as socket:  # type: ignore[list-item]
        yield Client(running, socket)


def refusal(url: str, **options: Any) -> tuple[int, str]:
    """Try to connect; return the status and the error's code."""
    with pytest.raises(InvalidStatus) as refused, connect(url, **options):
        pass
    return refused.value.response.status_code, json.loads(refused.value.response.body)["error"]["code"]


def closing_code(socket: ClientConnection) -> int | None:
    """Wait for the server to close; return its code."""
    with pytest.raises(ConnectionClosed):
        socket.recv(timeout=WAIT)
    return socket.close_code


def receive(socket: ClientConnection) -> dict[str, Any]:
    message = json.loads(socket.recv(timeout=WAIT))
    assert isinstance(message, dict)
    return message


def frame(seq: int, picture: bytes, captured_ms: float | None = None) -> bytes:
    return struct.pack("<Id", seq, seq * 40.0 if captured_ms is None else captured_ms) + picture


def tracks(result: dict[str, Any]) -> list[int]:
    return [face["track"] for face in result["faces"]]


def test_greeting(server: Running) -> None:
    with connect(server.ws, subprotocols=["mien.v1"]) as client:  # type: ignore[list-item]
        assert client.subprotocol == "mien.v1"
        ready = receive(client)
        assert len(ready.pop("stream")) == 32
        assert ready == {
            "type": "ready",
            "version": __version__,
            "protocol": "mien.v1",
            "emotions": list(EMOTIONS),
            "max_frame_bytes": LIVE.max_bytes,
            "attributes": [],
        }


def test_every_socket_is_another_stream(server: Running) -> None:
    with connect(server.ws) as one, connect(server.ws) as other:
        assert receive(one)["stream"] != receive(other)["stream"]


def test_a_client_that_names_no_protocol_is_served(server: Running) -> None:
    with connect(server.ws) as client:
        assert client.subprotocol is None
        assert receive(client)["type"] == "ready"


def test_a_frame_and_its_result(server: Running, jpeg: bytes) -> None:
    with open_stream(server) as client:
        result = client.analyse(frame(7, jpeg, 1234.5))
    assert list(result) == ["type", "seq", "captured_ms", "server_ms", "dropped", "width", "height", "faces"]
    assert (result["type"], result["seq"], result["captured_ms"], result["dropped"]) == ("result", 7, 1234.5, 0)
    assert (result["width"], result["height"]) == (64, 48)
    assert result["server_ms"] > 0
    (face,) = result["faces"]
    assert face["track"] == 1
    assert face["box"] == [0, 0, 64, 48]
    assert face["points"] is None
    assert face["emotion"]["label"] == "happiness"
    assert list(face["emotion"]["probabilities"]) == list(EMOTIONS)


def test_newest_wins_and_drops_are_counted(server: Running, jpeg: bytes) -> None:
    with open_stream(server) as client:
        client.put(*(frame(seq, jpeg) for seq in range(5)))
        assert server.engine.step()
        assert not server.engine.step(), "the older four must be gone"
        result = client.receive()
    assert (result["seq"], result["dropped"]) == (4, 4)


def test_clients_do_not_see_each_other(server: Running, jpeg: bytes) -> None:
    with open_stream(server) as one, open_stream(server) as two:
        for seq, (client, expected) in enumerate([(one, 1), (one, 2), (two, 1), (one, 3)]):
            result = client.analyse(frame(seq, jpeg))
            assert (result["seq"], tracks(result)) == (seq, [expected])


def test_reset_forgets_this_client_alone(server: Running, jpeg: bytes) -> None:
    with open_stream(server) as one, open_stream(server) as two:
        assert [tracks(client.analyse(frame(1, jpeg))) for client in (one, two)] == [[1], [1]]
        one.socket.send(json.dumps({"type": "reset"}))
        assert [tracks(client.analyse(frame(2, jpeg))) for client in (one, two)] == [[1], [2]]


def test_options_change_what_is_sent_and_add_up(server: Running, jpeg: bytes) -> None:
    with open_stream(server) as client:
        client.socket.send(json.dumps({"type": "options", "min_score": 0.5}))
        client.socket.send(json.dumps({"type": "options", "max_faces": 3}))
        client.put(frame(1, jpeg))
        assert server.engine.step()
    assert client.session.options == StreamOptions(min_score=0.5, max_faces=3)


def test_calibrate(server: Running, jpeg: bytes) -> None:
    with open_stream(server) as client:
        client.socket.send(json.dumps({"type": "options", "signals": True}))
        client.socket.send(json.dumps({"type": "calibrate"}))
        client.analyse(frame(1, jpeg))
        assert client.session.options == StreamOptions(baseline=True, signals=True)


class EventfulStream(CountingStream):
    def analyze(self, frame: Frame) -> FrameResult:
        result = super().analyze(frame)
        return replace(result, events=(Event("blink", 1, self.count - 0.2, float(self.count)),))


class EventfulAnalyzer(CountingAnalyzer):
    def stream(self) -> FrameStream:
        return EventfulStream()


def test_events_come_with_their_frame(make_server: MakeServer, jpeg: bytes) -> None:
    with open_stream(make_server(FakeEngine(EventfulAnalyzer()))) as client:
        result = client.analyse(frame(1, jpeg))
    assert result["events"] == [{"event": "blink", "track": 1, "start": 0.8, "end": 1.0}]


def test_events_of_a_result_that_was_replaced_are_not_lost() -> None:
    async def scenario() -> list[dict[str, Any]]:
        outbox, got = Outbox(), []
        outbox.result({"seq": 1, "events": ["a"]})
        outbox.result({"seq": 2})
        outbox.result({"seq": 3, "events": ["b"]})
        got.append(await outbox.next())
        for seq in range(2 * MAX_EVENTS):
            outbox.result({"seq": seq, "events": [seq]})
        got.append(await outbox.next())
        outbox.result({"seq": 4})
        return [*got, await outbox.next()]

    first, second, third = asyncio.run(scenario())
    assert first == {"seq": 3, "events": ["a", "b"]}
    assert second["events"] == list(range(MAX_EVENTS, 2 * MAX_EVENTS))
    assert third == {"seq": 4}


BAD_TEXT = {
    "no JSON": ("hello", "bad_message"),
    "not an object": ("[1]", "bad_message"),
    "no type": ("{}", "bad_message"),
    "type that is no text": ('{"type": 3}', "bad_message"),
    "empty": ("", "bad_message"),
    "very long": ('{"type": "reset", "x": "' + "x" * 70000 + '"}', "bad_message"),
    "unknown type": ('{"type": "dance"}', "unknown_message"),
    "unknown option": ('{"type": "options", "speed": 3}', "unknown_option"),
    "senseless option": ('{"type": "options", "min_score": 7}', "bad_option"),
    "option of the wrong type": ('{"type": "options", "max_faces": "all"}', "bad_option"),
}


@pytest.mark.parametrize("case", BAD_TEXT)
def test_bad_text_is_answered_and_the_socket_stays_open(server: Running, jpeg: bytes, case: str) -> None:
    text, code = BAD_TEXT[case]
    with open_stream(server) as client:
        client.socket.send(text)
        error = client.receive()
        assert list(error) == ["type", "code", "message", "seq"]
        assert (error["type"], error["code"], error["seq"]) == ("error", code, None)
        assert client.analyse(frame(1, jpeg))["type"] == "result"


def test_a_flood_of_messages_is_not_read(server: Running, jpeg: bytes) -> None:
    with open_stream(server) as client:
        for _ in range(int(COMMAND_BURST)):
            client.socket.send('{"type": "options", "max_faces": 3}')
        for _ in range(200):
            client.socket.send('{"type": "options", "max_faces": 0}')
        error = client.receive()
        while error["code"] != "rate_limited":  # time passes: a few more are read
            assert error["code"] == "bad_option"
            error = client.receive()
        client.put(frame(1, jpeg))
        assert server.engine.step()
        while (answer := client.receive())["type"] == "error":
            assert answer["code"] in ("rate_limited", "bad_option")
        assert answer["seq"] == 1
        assert client.session.options.max_faces == 3


BAD_FRAMES = {
    "nothing": (b"", "bad_message", None),
    "less than a header": (b"\1\0\0\0abc", "bad_message", None),
    "picture of no bytes": (frame(9, b""), "empty", 9),
    "text for a picture": (frame(9, b"hello there"), "unsupported_type", 9),
    "cut short": (frame(9, b"\xff\xd8\xff\xe0" + bytes(40)), "truncated", 9),
    "too many bytes": (frame(9, bytes(LIVE.max_bytes + 1)), "too_large", 9),
}


@pytest.mark.parametrize("case", BAD_FRAMES)
def test_a_bad_frame_is_answered_and_the_socket_stays_open(server: Running, jpeg: bytes, case: str) -> None:
    message, code, seq = BAD_FRAMES[case]
    with open_stream(server) as client:
        if code in ("bad_message", "too_large"):  # refused before it is anybody's turn
            client.socket.send(message)
            error = client.receive()
        else:
            error = client.analyse(message)
        assert (error["type"], error["code"], error["seq"]) == ("error", code, seq)
        assert client.analyse(frame(10, jpeg))["seq"] == 10


def test_a_message_far_too_large_closes_the_socket(server: Running, jpeg: bytes) -> None:
    def send_too_much(client: Client) -> None:
        client.socket.send(bytes(MAX_MESSAGE + 1))
        client.socket.recv(timeout=WAIT)

    # Whether the client still reads the reason (1009) depends on how much of the message was on its way.
    with open_stream(server) as client, pytest.raises(ConnectionClosed):
        send_too_much(client)
    server.wait_streams(0)
    with open_stream(server) as client:
        assert client.analyse(frame(1, jpeg))["type"] == "result"


@pytest.mark.parametrize("captured_ms", [math.nan, math.inf, -5.0, 1e300])
def test_senseless_capture_times_do_no_harm(server: Running, jpeg: bytes, captured_ms: float) -> None:
    with open_stream(server) as client:
        for seq in (1, 2):
            result = client.analyse(frame(seq, jpeg, captured_ms))
            assert result["captured_ms"] == (captured_ms if math.isfinite(captured_ms) else None)


class BrokenStream(CountingStream):
    def analyze(self, frame: Frame) -> FrameResult:
        if frame.index == 1:
            raise RuntimeError("a secret of the inside")
        return super().analyze(frame)


class BrokenAnalyzer(CountingAnalyzer):
    def stream(self) -> FrameStream:
        return BrokenStream()


def test_a_fault_of_ours_is_told_without_details(
    make_server: MakeServer, jpeg: bytes, log_lines: list[MutableMapping[str, Any]]
) -> None:
    with open_stream(make_server(FakeEngine(BrokenAnalyzer()))) as client:
        error = client.analyse(frame(1, jpeg))
        assert (error["code"], error["seq"]) == ("internal", 1)
        assert "secret" not in error["message"]
        assert client.analyse(frame(2, jpeg))["type"] == "result"
        assert client.socket.response is not None
        shown = client.socket.response.headers["x-request-id"]
    assert [line["source"] for line in log_lines if line["event"] == "frame failed"] == [f"stream {shown}"]


class CrowdStream(CountingStream):
    def analyze(self, frame: Frame) -> FrameResult:
        emotion = np.full((64, 8), 1 / 8, np.float32)
        faces = Faces.from_boxes(np.tile([0.0, 0, 9, 9], (64, 1))).replace(
            tracks=np.arange(64), emotion=emotion, label=np.zeros(64)
        )
        return FrameResult(frame.index, frame.timestamp, frame.width, frame.height, faces)


class CrowdAnalyzer(CountingAnalyzer):
    def stream(self) -> FrameStream:
        return CrowdStream()


def test_a_slow_reader_gets_the_newest_result_not_a_queue(make_server: MakeServer, jpeg: bytes) -> None:
    running = make_server(FakeEngine(CrowdAnalyzer()))
    count = 150
    narrow = socket.create_connection(("127.0.0.1", running.port), timeout=WAIT)
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    with open_stream(running, sock=narrow, max_queue=1, close_timeout=0) as client:
        for seq in range(count):
            client.put(frame(seq, jpeg))
            assert running.engine.step()
        results = [client.receive()]
        while results[-1]["seq"] != count - 1:
            results.append(client.receive())
    assert len(results) < count / 4, "results were queued for a client that did not read"
    assert results[-1]["dropped"] == count - len(results)
    assert [result["seq"] for result in results] == sorted({result["seq"] for result in results})


@pytest.mark.parametrize(
    ("origin", "settings", "served"),
    [
        (None, {}, True),
        ("SELF", {}, True),
        ("http://evil.example", {}, False),
        ("null", {}, False),
        ("http://127.0.0.1:1", {}, False),
        ("https://good.example", {"allowed_origins": "https://good.example"}, True),
        ("https://evil.example", {"allowed_origins": "https://good.example"}, False),
        ("https://evil.example", {"allowed_origins": "*"}, True),
    ],
)
def test_origin(make_server: MakeServer, origin: str | None, settings: dict[str, Any], served: bool) -> None:
    running = make_server(**settings)
    shown: Any = running.http if origin == "SELF" else origin
    if not served:
        assert refusal(running.ws, origin=shown) == (403, "origin_refused")
        return
    with connect(running.ws, origin=shown) as socket:
        assert receive(socket)["type"] == "ready"


def test_a_foreign_host_name_is_refused(server: Running) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT) as plain:
        url = f"ws://rebound.example:{server.port}/api/v1/stream"
        assert refusal(url, sock=plain) == (400, "host_refused")


def test_a_foreign_protocol_is_refused(server: Running) -> None:
    assert refusal(server.ws, subprotocols=["mien.v9"]) == (400, "unsupported_protocol")


def test_the_key_is_needed_when_there_is_one(make_server: MakeServer) -> None:
    running = make_server(api_key="open sesame")
    assert refusal(running.ws) == (401, "key_required")
    assert refusal(running.ws, additional_headers={"x-api-key": "open"}) == (401, "wrong_key")
    assert refusal(running.ws, additional_headers={"cookie": "mien_login=9.9"}) == (401, "key_required")
    for headers in ({"x-api-key": "open sesame"}, {"authorization": "Bearer open sesame"}):
        with connect(running.ws, additional_headers=headers) as socket:
            assert receive(socket)["type"] == "ready"


def test_too_many_streams_are_told_to_try_later(make_server: MakeServer) -> None:
    running = make_server(max_streams=1)
    with open_stream(running), connect(running.ws) as second:
        assert receive(second)["code"] == "busy"
        assert closing_code(second) == 1013


def test_a_stream_that_ends_makes_room(make_server: MakeServer) -> None:
    running = make_server(max_streams=1)
    for _ in range(3):
        with open_stream(running) as client:
            client.socket.close()
            running.wait_streams(0)


def test_before_the_models_are_there_clients_are_told_to_try_later(make_server: MakeServer) -> None:
    loaded = threading.Event()

    def slow(settings: ServerSettings) -> Backend:
        assert loaded.wait(WAIT)
        return Backend(FakeEngine(), {})

    running = make_server(loader=slow, ready=False)
    try:
        with connect(running.ws, open_timeout=WAIT) as socket:
            assert receive(socket)["code"] == "loading"
            assert closing_code(socket) == 1013
    finally:
        loaded.set()


def test_the_server_stops_while_clients_are_connected(make_server: MakeServer, jpeg: bytes) -> None:
    running = make_server()
    with open_stream(running) as client:
        client.put(frame(1, jpeg))
        running.stop()
        assert closing_code(client.socket) == 1012
    assert client.session.closed


def test_sockets_elsewhere_are_refused(server: Running) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(f"ws://127.0.0.1:{server.port}/elsewhere"):
        pass
    assert refused.value.response.status_code == 403


def test_the_example_in_the_description_works(
    make_server: MakeServer,
    jpeg: bytes,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = LocalEngine(CountingAnalyzer(), 1)
    running = make_server(loader=lambda settings: Backend(engine, {}))
    text = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
    code = text.split("```python\n")[1].split("```")[0].replace("127.0.0.1:8000", f"127.0.0.1:{running.port}")
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(jpeg)
    monkeypatch.setattr("sys.argv", ["example", str(tmp_path / "a.jpg"), str(tmp_path / "b.jpg")])
    exec(compile(code, "docs/protocol.md", "exec"), {})
    ready, first, second = capsys.readouterr().out.splitlines()
    assert "'ready'" in ready
    assert "'seq': 0" in first
    assert "'track': 2" in second


def test_a_client_that_does_not_read_cannot_hold_up_the_end(make_server: MakeServer, jpeg: bytes) -> None:
    running = make_server(FakeEngine(CrowdAnalyzer()))
    narrow = socket.create_connection(("127.0.0.1", running.port), timeout=WAIT)
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    with open_stream(running, sock=narrow, max_queue=1, close_timeout=0) as client:
        for seq in range(40):
            client.put(frame(seq, jpeg))
            assert running.engine.step()
        running.stop()
