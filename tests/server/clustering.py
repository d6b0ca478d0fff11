"""A server on a Ray of this machine, in processes of its own."""

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
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

KEY: Final = "a key that is long enough"
HEADERS: Final = {"x-api-key": KEY}
LONG: Final = 400.0
"""Seconds that a busy machine may take to start a Ray, or a replica anew."""

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="there is no Ray for this Python")
finds_processes = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds processes by /proc")


@dataclass(frozen=True)
class Cluster:
    """One that runs."""

    process: subprocess.Popen[str]
    port: int

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def replicas(self) -> list[int]:
        """The process ids of its replicas; they may not be ready yet."""
        return replicas(self.process.pid)


@contextlib.contextmanager
def cluster_serve(folder: Path, *options: str, **environment: str) -> Iterator[Cluster]:
    """Run ``mien cluster serve``; what it says goes into ``folder``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-W", "ignore", "-c", "from mien.cli.main import main; main()", "cluster", "serve"]
    command += ["--port", str(port), "--log-level", "warning", *options]
    log = folder / "log"
    with log.open("w") as err:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
            env={**os.environ, "MIEN_API_KEY": KEY, "OMP_NUM_THREADS": "1", **environment},
            start_new_session=True,
        )
        try:
            wait(lambda: process.poll() is not None or "ready at" in log.read_text(), "the cluster did not start")
            assert process.poll() is None, log.read_text()
            yield Cluster(process, port)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=60)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def wait(reached: Callable[[], bool], otherwise: str) -> None:
    """Wait until something is so."""
    until = time.monotonic() + LONG
    while not reached():
        assert time.monotonic() < until, otherwise
        time.sleep(0.05)


def replicas(root: int) -> list[int]:
    """Return the process ids of the replicas among the descendants of ``root``, those included that load models."""
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


def hear(ws: ClientConnection, kind: str) -> dict[str, Any]:
    """Return the next message of a type; those of others are passed over, but for errors."""
    while True:
        message = json.loads(ws.recv(timeout=LONG))
        assert isinstance(message, dict)
        assert message["type"] in (kind, "result", "recording"), message
        if message["type"] == kind:
            return message


def look(ws: ClientConnection, seq: int, jpeg: bytes) -> dict[str, Any]:
    """Send a frame; return its result."""
    ws.send(struct.pack("<Id", seq, seq * 100.0) + jpeg)
    message = hear(ws, "result")
    assert message["seq"] == seq
    return message


@contextlib.contextmanager
def stream(port: int) -> Iterator[tuple[ClientConnection, dict[str, Any]]]:
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
