from __future__ import annotations

import threading

import pytest
from serving import MakeClient
from starlette.testclient import TestClient

from mien import __version__
from mien.core.errors import ModelError
from mien.live.fake import FakeEngine
from mien.server.services import Backend
from mien.server.settings import ServerSettings


def test_ping_says_who_is_there(client: TestClient) -> None:
    assert client.get("/ping").json() == {"status": "ok", "name": "mien", "version": __version__}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_of_a_ready_server(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_alive_but_not_ready_while_the_models_are_loaded(make_client: MakeClient, jpeg: bytes) -> None:
    loaded = threading.Event()

    def slow(settings: ServerSettings) -> Backend:
        assert loaded.wait(20)
        return Backend(FakeEngine(), {})

    client = make_client(loader=slow, ready=False)
    try:
        assert client.get("/healthz").status_code == 200
        for answer in (client.get("/readyz"), client.post("/api/v1/analyze", content=jpeg)):
            assert answer.status_code == 503
            assert answer.json()["error"]["code"] == "loading"
            assert answer.headers["retry-after"] == "1"
    finally:
        loaded.set()


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [(ModelError("the file was altered"), "bad_model", "altered"), (RuntimeError("odd"), "error", "odd")],
)
def test_a_failure_to_load_is_told(make_client: MakeClient, error: Exception, code: str, said: str) -> None:
    def broken(settings: ServerSettings) -> Backend:
        raise error

    answer = make_client(loader=broken).get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == code
    assert said in answer.json()["error"]["message"]
