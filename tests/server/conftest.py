from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack
from typing import Any

import cv2
import numpy as np
import pytest
import structlog
from serving import MakeClient, MakeServer, Running, open_client, start, wait_ready
from starlette.testclient import TestClient

from mien.live.fake import FakeEngine
from mien.server.services import Loader


@pytest.fixture(autouse=True, scope="session")
def _clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("MIEN_")]:
            patch.delenv(name)
        # No test may see, let alone delete, what somebody has recorded on this computer.
        patch.setenv("MIEN_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged during the test."""
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        yield lines


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    """A small picture, 64 wide and 48 high."""
    return bytes(cv2.imencode(".jpg", np.full((48, 64, 3), 127, np.uint8))[1])


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    """Return a maker of clients: ``make_client(engine=…, loader=…, ready=True, **settings)``."""
    with ExitStack() as opened:

        def make(
            engine: FakeEngine | None = None, loader: Loader | None = None, ready: bool = True, **settings: Any
        ) -> TestClient:
            client = opened.enter_context(open_client(engine or FakeEngine(), loader, settings))
            if ready:
                wait_ready(client)
            return client

        yield make


@pytest.fixture(scope="session")
def client(_clean_environment: None) -> Iterator[TestClient]:
    """A client of one server with default settings, for tests that change nothing."""
    with open_client(FakeEngine(), None, {}) as opened:
        wait_ready(opened)
        yield opened


@pytest.fixture
def make_server() -> Iterator[MakeServer]:
    """Return a maker of running servers: ``make_server(engine=…, loader=…, ready=True, **settings)``."""
    running: list[Running] = []

    def make(
        engine: FakeEngine | None = None, loader: Loader | None = None, ready: bool = True, **settings: Any
    ) -> Running:
        running.append(start(engine or FakeEngine(), loader, ready, settings))
        return running[-1]

    yield make
    for made in running:
        made.stop()


@pytest.fixture(scope="session")
def server(_clean_environment: None) -> Iterator[Running]:
    """One server with default settings, for tests that leave it as it is."""
    running = start(FakeEngine(), None, True, {})
    yield running
    running.stop()
