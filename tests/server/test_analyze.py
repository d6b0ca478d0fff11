from __future__ import annotations

import base64
import http.client
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, MutableMapping
from typing import Any

import cv2
import httpx2
import numpy as np
import pytest
from serving import MODELS, MakeClient, MakeServer, Running
from skimage.data import astronaut
from starlette.testclient import TestClient

from mien import __version__
from mien.core.codec import UPLOAD
from mien.core.settings import Wants
from mien.core.types import Frame, FrameResult
from mien.live.fake import CountingAnalyzer, FakeEngine
from mien.live.local import LocalEngine
from mien.server.schemas import Analysis
from mien.server.services import Backend, load_backend

ANALYZE = "/api/v1/analyze"


def as_json(value: Any) -> dict[str, Any]:
    return {"json": {"image": value}}


WAYS: dict[str, Callable[[bytes], dict[str, Any]]] = {
    "form": lambda data: {"files": {"file": ("me.jpg", data, "image/jpeg")}},
    "body": lambda data: {"content": data, "headers": {"content-type": "image/jpeg"}},
    "body of no type": lambda data: {"content": data},
    "body of the wrong type": lambda data: {"content": data, "headers": {"content-type": "text/plain"}},
    "curl --data-binary": lambda data: {
        "content": data,
        "headers": {"content-type": "application/x-www-form-urlencoded"},
    },
    "base64": lambda data: as_json(base64.b64encode(data).decode()),
    "data URL": lambda data: as_json("data:image/jpeg;base64," + base64.b64encode(data).decode()),
    "bytes": lambda data: as_json(list(data)),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_send_a_picture(client: TestClient, jpeg: bytes, way: str) -> None:
    answer = client.post(ANALYZE, **WAYS[way](jpeg))
    assert answer.status_code == 200, answer.text
    result = Analysis.model_validate(answer.json())
    assert (result.width, result.height, len(result.faces)) == (64, 48, 1)
    assert result.faces[0].emotion.label == "happiness"
    assert result.source == ("me.jpg" if way == "form" else "picture")
    assert (result.version, result.models.model_dump(exclude_none=True)) == (__version__, MODELS)
    assert "track" not in answer.json()["faces"][0]


def png_of(width: int, height: int) -> bytes:
    """Return a PNG whose header claims a size; one-bit grey, so it is tiny."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def noisy_jpeg() -> bytes:
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    return bytes(cv2.imencode(".jpg", noise)[1])


BOUNDARY = {"content-type": "multipart/form-data; boundary=x"}
BAD: dict[str, tuple[dict[str, Any], int, str]] = {
    "empty body": ({"content": b""}, 422, "empty"),
    "empty file": ({"files": {"file": ("a.jpg", b"")}}, 422, "empty"),
    "text": ({"content": b"hello"}, 415, "unsupported_type"),
    "gif": ({"content": b"GIF89a" + bytes(100)}, 415, "unsupported_type"),
    "truncated": ({"content": noisy_jpeg()[:-300]}, 422, "truncated"),
    "bomb": ({"content": png_of(20000, 20000)}, 413, "too_large"),
    "more bytes than a picture may have": ({"content": bytes(UPLOAD.max_bytes + 1)}, 413, "too_large"),
    "larger than any body may be": ({"content": bytes(UPLOAD.max_bytes * 3 // 2)}, 413, "too_large"),
    "base64 with junk": (as_json("data:image/jpeg;base64,!!!!"), 422, "bad_encoding"),
    "base64 of text": (as_json(base64.b64encode(b"hello").decode()), 415, "unsupported_type"),
    "empty base64": (as_json(""), 422, "empty"),
    "data URL that is not base64": (as_json("data:image/svg+xml,<svg/>"), 422, "bad_encoding"),
    "bytes out of range": (as_json([255, 216, 256]), 422, "bad_encoding"),
    "bytes that are none": (as_json([255, "216"]), 422, "bad_encoding"),
    "null": (as_json(None), 422, "invalid_request"),
    "address": (as_json({"url": "http://example.org/a.jpg"}), 422, "invalid_request"),
    "JSON without picture": ({"json": {"img": "x"}}, 422, "invalid_request"),
    "JSON that is no object": ({"json": [1, 2]}, 422, "invalid_request"),
    "no JSON": ({"content": b"{", "headers": {"content-type": "application/json"}}, 400, "bad_json"),
    "file in another field": ({"files": {"picture": ("a.jpg", b"x")}}, 422, "invalid_request"),
    "text in the field": ({"files": {"x": ("a", b"")}, "data": {"file": "hello"}}, 422, "invalid_request"),
    "two files": ({"files": [("file", ("a", b"1")), ("file", ("b", b"2"))]}, 400, "bad_form"),
    "form without boundary": ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "bad_form"),
    "form of garbage": ({"content": b"garbage", "headers": BOUNDARY}, 400, "bad_form"),
    "form cut short": (
        {"content": b'--x\r\nContent-Disposition: form-data; name="fi', "headers": BOUNDARY},
        422,
        "invalid_request",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_by_name(client: TestClient, case: str) -> None:
    sent, status, code = BAD[case]
    answer = client.post(ANALYZE, **sent)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == code
    assert error["message"]
    assert error["request_id"] == answer.headers["x-request-id"]
    assert client.get("/healthz").status_code == 200


def test_pictures_are_turned_upright_as_their_orientation_says(client: TestClient, jpeg: bytes) -> None:
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 0)
    exif = b"Exif\0\0" + tiff
    turned = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]
    result = client.post(ANALYZE, content=turned).json()
    assert (result["width"], result["height"]) == (48, 64)


class Broken(CountingAnalyzer):
    def analyze(self, image: Frame, wants: Wants | None = None) -> FrameResult:
        raise RuntimeError("a secret of the inside")


def test_a_fault_of_ours_is_500_with_an_id_and_no_details(make_client: MakeClient, jpeg: bytes) -> None:
    client = make_client(FakeEngine(Broken()))
    answer = client.post(ANALYZE, content=jpeg, headers={"x-request-id": "abc-1"})
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal"
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"] == "abc-1"
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


class Quitter(CountingAnalyzer):
    def __init__(self) -> None:
        self.left = 3

    def analyze(self, image: Frame, wants: Wants | None = None) -> FrameResult:
        self.left -= 1
        if self.left >= 0:
            raise SystemExit(1)
        return super().analyze(image, wants)


def test_a_stage_that_would_end_its_thread_fails_its_picture_alone(make_client: MakeClient, jpeg: bytes) -> None:
    client = make_client(loader=lambda settings: Backend(LocalEngine(Quitter(), 1), dict(MODELS)))
    answers = [client.post(ANALYZE, content=jpeg) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [500, 500, 500, 200]
    assert answers[0].json()["error"]["code"] == "internal"


def test_shutting_down_is_told(make_client: MakeClient, jpeg: bytes) -> None:
    engine = FakeEngine()
    client = make_client(engine)
    engine.close()
    answer = client.post(ANALYZE, content=jpeg)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "shutting_down")


def test_a_full_house_is_told_at_once(make_server: MakeServer, jpeg: bytes) -> None:
    running = make_server(FakeEngine(hold=True), workers=1, max_waiting=0)
    first: list[httpx2.Response] = []
    sender = threading.Thread(target=lambda: first.append(httpx2.post(running.http + ANALYZE, content=jpeg)))
    sender.start()
    running.engine.wait_until(lambda: running.engine.waiting == 1)
    refused = httpx2.post(running.http + ANALYZE, content=jpeg)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "busy")
    assert refused.headers["retry-after"] == "1"
    assert running.engine.step()
    sender.join(20)
    assert first[0].status_code == 200


def test_what_takes_too_long_is_given_up(make_client: MakeClient, jpeg: bytes) -> None:
    client = make_client(FakeEngine(hold=True), analyze_timeout=0.05)
    answer = client.post(ANALYZE, content=jpeg)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "timeout")


def test_a_body_without_announced_length_is_cut_off_while_it_is_read(make_server: MakeServer) -> None:
    running = make_server(max_body=4096)
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=20)
    connection.request("POST", ANALYZE, iter([b"x" * 1024] * 5), encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == 413
    assert b'"too_large"' in answer.read()
    connection.close()


def test_who_leaves_before_everything_is_sent_is_no_fault(
    server: Running, log_lines: list[MutableMapping[str, Any]]
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
        plain.sendall(b"POST /api/v1/analyze HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nabc")
    until = time.monotonic() + 20
    while not any(line["event"] == "request" and line["status"] == 0 for line in log_lines):
        assert time.monotonic() < until, log_lines
        time.sleep(0.005)
    assert not [line for line in log_lines if line["log_level"] == "error"]


def test_nothing_of_a_form_is_written_to_disk(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a temporary file was opened")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    noise = np.random.default_rng(1).integers(0, 255, (1200, 1200, 3), dtype=np.uint8)
    data = bytes(cv2.imencode(".png", noise)[1])
    assert len(data) > 4 * 2**20
    assert client.post(ANALYZE, files={"file": ("a.png", data)}).status_code == 200


def test_a_real_face_with_the_real_models(make_client: MakeClient) -> None:
    client = make_client(loader=load_backend, detector="haar", workers=1)
    portrait = np.asarray(astronaut())
    picture = cv2.imencode(".jpg", portrait[..., ::-1])[1].tobytes()
    result = Analysis.model_validate(client.post(ANALYZE, content=picture).json())
    x1, y1, x2, y2 = result.faces[0].box
    assert x1 < 224 < x2
    assert y1 < 110 < y2, "the astronaut's nose is at 224, 110"
    assert result.models.detector == "haar"
    assert sum(result.faces[0].emotion.probabilities.model_dump().values()) == pytest.approx(1, abs=1e-3)


def test_running_server_answers_over_a_real_port(server: Running, jpeg: bytes) -> None:
    assert httpx2.post(server.http + ANALYZE, files={"file": ("a.jpg", jpeg)}).status_code == 200
