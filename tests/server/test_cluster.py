"""The server on a Ray of two replicas, in processes of its own, one of which is killed."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import cv2
import httpx2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from mien.cli.main import main
from mien.core.errors import SettingsError
from mien.core.types import Image
from mien.server.cluster import Scale
from mien.server.replica import ReplicaSettings, create_replica_app, replica_settings
from mien.server.services import Backend
from mien.server.settings import ServerSettings

KEY: Final = "a key that is long enough"
HEADERS: Final = {"x-api-key": KEY}
LONG: Final = 240.0
"""Seconds that a busy machine may take to start a Ray, or a replica anew."""

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="there is no Ray for this Python")


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def cluster(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """Two replicas on a Ray of this machine; what Ray writes goes where the test's files go."""
    command = [sys.executable, "-W", "ignore", "-c", "from mien.cli.main import main; main()", "cluster", "serve"]
    options = ["--port", str(port), "--replicas", "2", "--max-replicas", "2", "--log-level", "warning"]
    log = tmp_path_factory.mktemp("cluster") / "log"
    environment = {**os.environ, "MIEN_API_KEY": KEY, "OMP_NUM_THREADS": "1"}
    with log.open("w") as err:
        process = subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=err, text=True, env=environment, start_new_session=True
        )
        try:
            _wait(lambda: process.poll() is not None or "ready at" in log.read_text(), "the cluster did not start")
            assert process.poll() is None, log.read_text()
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=60)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def _wait(reached: Callable[[], bool], otherwise: str) -> None:
    until = time.monotonic() + LONG
    while not reached():
        assert time.monotonic() < until, otherwise
        time.sleep(0.05)


def _replicas(root: int) -> list[int]:
    """Return the process ids of the replicas among the descendants of ``root``."""
    parents: dict[int, int] = {}
    titles: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(fields[1])
            titles[int(folder.name)] = (folder / "cmdline").read_text()

    def ours(pid: int) -> bool:
        while pid in parents and pid != root:
            pid = parents[pid]
        return pid == root

    return [pid for pid, title in titles.items() if "ServeReplica:mien" in title and ours(pid)]


def _look(ws: ClientConnection, seq: int, jpeg: bytes) -> dict[str, Any]:
    ws.send(struct.pack("<Id", seq, seq * 100.0) + jpeg)
    message = json.loads(ws.recv(timeout=LONG))
    assert isinstance(message, dict)
    assert (message["type"], message["seq"]) == ("result", seq)
    return message


@contextlib.contextmanager
def _stream(port: int) -> Iterator[tuple[ClientConnection, dict[str, Any]]]:
    """Connect, again and again if need be, as the web app does."""
    until = time.monotonic() + LONG
    address = f"ws://127.0.0.1:{port}/api/v1/stream"
    while True:
        with contextlib.ExitStack() as trying:
            try:
                ws = trying.enter_context(connect(address, additional_headers=HEADERS, open_timeout=LONG))
                ready = json.loads(ws.recv(timeout=LONG))
            except (OSError, ConnectionClosed):
                assert time.monotonic() < until, "no replica takes a stream"
                time.sleep(0.1)
                continue
            opened = trying.pop_all()
            break
    with opened:
        yield ws, ready


@needs_ray
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds processes by /proc")
def test_pictures_streams_and_the_loss_of_a_replica(cluster: subprocess.Popen[str], port: int, portrait: Image) -> None:
    jpeg = bytes(cv2.imencode(".jpg", portrait)[1])
    http = f"http://127.0.0.1:{port}"
    assert httpx2.post(f"{http}/api/v1/analyze", content=jpeg, timeout=LONG).status_code == 401
    (face,) = httpx2.post(f"{http}/api/v1/analyze", content=jpeg, headers=HEADERS, timeout=LONG).json()["faces"]
    assert face["emotion"]["label"] == "happiness"
    gone = httpx2.get(f"{http}/api/v1/cameras", headers=HEADERS, timeout=LONG)
    assert (gone.status_code, gone.json()["error"]["code"]) == (501, "not_in_cluster")
    elsewhere = {**HEADERS, "origin": "https://elsewhere.example"}
    assert httpx2.post(f"{http}/api/v1/analyze", headers=elsewhere, timeout=LONG).status_code == 403

    with _stream(port) as (one, first), _stream(port) as (other, second):
        before = {first["stream"], second["stream"]}
        for ws in (one, other):
            assert [_look(ws, seq, jpeg)["faces"][0]["track"] for seq in range(3)] == [1, 1, 1]
        replicas = _replicas(cluster.pid)
        assert len(replicas) == 2
        codes: list[int | None] = [None, None]
        while codes == [None, None]:  # Ray spreads the streams, so that the first time is the last; but it need not
            os.kill(replicas.pop(), signal.SIGKILL)
            codes = [_code_or_none(ws, jpeg) for ws in (one, other)]
    # The web app connects again after any end.
    assert {1000, 1001, 1006, 1011, 1012} & set(codes)

    with _stream(port) as (ws, again):
        assert again["stream"] not in before
        assert _look(ws, 10, jpeg)["faces"][0]["track"] == 1
    (face,) = httpx2.post(f"{http}/api/v1/analyze", content=jpeg, headers=HEADERS, timeout=LONG).json()["faces"]
    assert face["emotion"]["label"] == "happiness"


def _code_or_none(ws: ClientConnection, jpeg: bytes) -> int | None:
    """Return the code with which a socket was closed; None when it goes on."""
    try:
        assert len(_look(ws, 5, jpeg)["faces"]) == 1
    except ConnectionClosed:
        return ws.close_code
    return None


def test_replicas_answer_only_when_they_are_ready_and_keep_nothing() -> None:
    settings = ReplicaSettings()
    with pytest.raises(SettingsError, match="MIEN_DATABASE_URL"):
        settings.archive.open()
    assert settings.archive.present() is None
    shared = ReplicaSettings(database_url="postgresql://a:b@db/mien")  # type: ignore[arg-type]
    assert shared.archive.shown.endswith("//a:***@db/mien")


def test_a_replica_whose_models_cannot_be_loaded_does_not_start() -> None:
    from starlette.testclient import TestClient

    def broken(settings: ServerSettings) -> Backend:
        raise SettingsError("no such model server")

    app = create_replica_app(replica_settings({"log_level": "error"}), broken)
    with pytest.raises(SettingsError, match="no such model server"), TestClient(app):
        pass


@needs_ray
@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        ([], {}, "MIEN_API_KEY"),
        (["--replicas", "5"], {"MIEN_API_KEY": KEY}, "--max-replicas"),
        ([], {"MIEN_API_KEY": KEY, "MIEN_CAMERAS": "0"}, "mien serve"),
    ],
)
def test_what_cannot_work_is_told_before_ray_starts(
    options: list[str],
    environment: dict[str, str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main(["cluster", "serve", *options])
    assert (ended.value.code, said in capsys.readouterr().err) == (2, True)


@pytest.mark.parametrize("numbers", [(0, 1), (2, 1)])
def test_numbers_of_replicas_that_make_no_sense(numbers: tuple[int, int]) -> None:
    with pytest.raises(SettingsError, match="--max-replicas"):
        Scale(*numbers)
