"""A server that computes with a fake engine: in process for requests, on a real port for sockets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from mien.live.fake import FakeEngine
from mien.server.app import create_app
from mien.server.run import Server, bind, config
from mien.server.services import Backend, Loader, Services
from mien.server.settings import ServerSettings

MODELS = {"detector": "fake", "emotion": "fake", "emotion_version": "0", "precision": "int8"}
BASE = "http://127.0.0.1:8000"
WAIT = 20.0


def fake_loader(engine: FakeEngine) -> Loader:
    return lambda settings: Backend(engine, dict(MODELS))


def services_of_app(app: FastAPI) -> Services:
    services = app.state.services
    assert isinstance(services, Services)
    return services


@dataclass
class Running:
    """A server on a real port."""

    port: int
    engine: FakeEngine
    server: Server
    thread: threading.Thread
    app: FastAPI

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}/api/v1/stream"

    def wait_streams(self, count: int) -> None:
        """Wait until the server counts so many open streams."""
        services = services_of_app(self.app)
        until = time.monotonic() + WAIT
        while services.streams != count:
            assert time.monotonic() < until, f"{services.streams} streams are open, not {count}"
            time.sleep(0.005)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(WAIT)
        assert not self.thread.is_alive(), "the server did not stop"


def open_client(engine: FakeEngine, loader: Loader | None, settings: dict[str, Any]) -> TestClient:
    """Return a client of a server in this process, to be entered."""
    app = create_app(ServerSettings(**settings), loader or fake_loader(engine))
    return TestClient(app, base_url=BASE, raise_server_exceptions=False, follow_redirects=False)


def wait_ready(client: TestClient) -> None:
    """Wait until the models of an entered client's server are loaded."""
    assert client.portal is not None
    assert isinstance(client.app, FastAPI)
    client.portal.call(services_of_app(client.app).ready.wait)


def start(engine: FakeEngine, loader: Loader | None, ready: bool, settings: dict[str, Any]) -> Running:
    """Start a server on a free port."""
    listening = bind("127.0.0.1", 0)
    app = create_app(ServerSettings(**settings), loader or fake_loader(engine))
    announced = threading.Event()
    server = Server(config(app), lambda: services_of_app(app), announced.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    if ready:
        assert announced.wait(WAIT), "the server did not get ready"
    return Running(listening.getsockname()[1], engine, server, thread, app)


MakeClient = Callable[..., TestClient]
MakeServer = Callable[..., Running]
