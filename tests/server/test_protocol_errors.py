"""Errors at the addresses of public protocols: ``{"error": text}``, whoever refuses, with the status that it is."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import numpy as np
import pytest
import tritonclient.http as triton
from model_serving import model_server
from serving import WAIT, MakeServer
from tritonclient.utils import InferenceServerException

KEY = "a key that is long enough"
SHOWN = {"x-api-key": KEY}
INFER = "/v2/models/emotion/infer"
PREDICT = "/v1/models/emotion:predict"
S5 = "/v1/models/emotion_model:predict"
LARGE = b"[" + b"0," * 4096 + b"0]"


@pytest.fixture(scope="module")
def address(_clean_environment: None) -> Iterator[str]:
    """A model server whose limits are soon reached."""
    with model_server(api_key=KEY, max_body=4096, upload_timeout=0.3) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[triton.InferenceServerClient]:
    client = triton.InferenceServerClient(address.removeprefix("http://"))
    yield client
    client.close()


def in_parts(body: bytes) -> Iterator[bytes]:
    yield from (body[at : at + 1000] for at in range(0, len(body), 1000))


CASES: dict[str, tuple[int, str, str, dict[str, Any]]] = {
    "no key": (401, "POST", INFER, {"headers": {}}),
    "another name": (400, "POST", INFER, {"headers": {"host": "elsewhere.example"}}),
    "another name, metadata": (400, "GET", "/v2", {"headers": {"host": "elsewhere.example"}}),
    "another page": (403, "POST", INFER, {"headers": {**SHOWN, "origin": "https://elsewhere.example"}}),
    "bad JSON": (400, "POST", INFER, {"content": b"{"}),
    "no object": (400, "POST", INFER, {"content": b"[]"}),
    "unknown model": (404, "POST", "/v2/models/telepathy/infer", {"content": b"{}"}),
    "unknown version": (404, "GET", "/v2/models/emotion/versions/9", {}),
    "unknown address": (404, "GET", "/v2/nothing/here", {}),
    "another method": (405, "DELETE", "/v2/models/emotion", {}),
    "announced too large": (413, "POST", INFER, {"content": LARGE}),
    "found too large": (413, "POST", INFER, {"content": in_parts(LARGE)}),
    "TensorFlow, no key": (401, "GET", "/v1/models/emotion", {"headers": {}}),
    "TensorFlow, another name": (400, "GET", "/v1/models/emotion", {"headers": {"host": "elsewhere.example"}}),
    "TensorFlow, bad JSON": (400, "POST", PREDICT, {"content": b"{"}),
    "TensorFlow, unknown model": (404, "GET", "/v1/models/telepathy", {}),
    "TensorFlow, unknown address": (404, "GET", "/v1/models", {}),
    "TensorFlow, another method": (405, "PUT", "/v1/models/emotion", {}),
    "TensorFlow, announced too large": (413, "POST", PREDICT, {"content": LARGE}),
    "TensorFlow, found too large": (413, "POST", PREDICT, {"content": in_parts(LARGE)}),
}


@pytest.mark.parametrize("case", CASES)
def test_every_error_is_a_text(address: str, case: str) -> None:
    status, method, path, more = CASES[case]
    answer = httpx2.request(method, address + path, timeout=WAIT, **{"headers": SHOWN, **more})
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert list(body) == ["error"]
    assert isinstance(body["error"], str)
    assert len(body["error"]) > 10
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("path", [INFER, PREDICT])
def test_a_body_that_never_ends(address: str, path: str) -> None:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=WAIT)
    connection.putrequest("POST", path)
    connection.putheader("x-api-key", KEY)
    connection.putheader("content-length", "100")
    connection.endheaders(b'{"inputs":')
    answer = connection.getresponse()
    assert (answer.status, list(json.load(answer))) == (408, ["error"])
    connection.close()


def test_too_many_requests() -> None:
    with model_server(request_rate=0.01) as address:
        path = f"{address}/v2/models/emotion"
        answer = next(got for got in (httpx2.get(path) for _ in range(100)) if got.status_code != 200)
    assert (answer.status_code, list(answer.json())) == (429, ["error"])
    assert "try again" in answer.json()["error"]


def test_a_fault_of_the_server(make_server: MakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_connection: Any, _role: Any = None) -> None:
        raise RuntimeError("a fault")

    running = make_server()
    monkeypatch.setattr("mien.server.base._admit", broken)
    for path in ("/v2/models", "/v1/models/emotion"):
        answer = httpx2.get(running.http + path)
        assert (answer.status_code, list(answer.json())) == (500, ["error"])
        assert "logged" in answer.json()["error"]


def test_the_other_addresses_keep_their_form(address: str, make_server: MakeServer) -> None:
    for path in ("/metrics", "/v2x", "/v1/modelsx"):
        error = httpx2.get(address + path).json()["error"]
        assert set(error) == {"code", "message", "request_id"}, path
    # System S5's own names among TensorFlow Serving's, asked of mien serve.
    running = make_server(max_body=4096)
    assert list(httpx2.get(f"{running.http}/v2/nothing", headers={"accept": "text/html"}).json()) == ["error"]
    answer = httpx2.post(running.http + S5, content=LARGE, timeout=WAIT)
    assert (answer.status_code, list(answer.json())) == (413, ["error"])


def test_a_public_client_says_what_was_wrong(client: triton.InferenceServerClient, address: str) -> None:
    with pytest.raises(InferenceServerException, match="there is no model 'telepathy'"):
        client.get_model_metadata("telepathy", headers=SHOWN)
    with pytest.raises(InferenceServerException, match="key"):
        client.get_model_metadata("emotion")
    faces = np.zeros((4, 1, 48, 48), np.float32)
    tensor = triton.InferInput("image", list(faces.shape), "FP32")
    tensor.set_data_from_numpy(faces)
    with pytest.raises(InferenceServerException, match="larger than 4096 bytes"):
        client.infer("emotion", [tensor], headers=SHOWN)
    small = triton.InferInput("image", [1, 1, 2, 2], "FP32")
    small.set_data_from_numpy(np.zeros((1, 1, 2, 2), np.float32))
    with pytest.raises(InferenceServerException, match="wants shape"):
        client.infer("emotion", [small], headers=SHOWN)
    other = triton.InferenceServerClient(address.removeprefix("http://"))
    with pytest.raises(InferenceServerException, match="MIEN_ALLOWED_HOSTS"):
        other.get_server_metadata(headers={"Host": "elsewhere.example"})
    other.close()
