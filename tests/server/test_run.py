from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from serving import WAIT
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from mien.cli.main import main
from mien.core.errors import SettingsError
from mien.server.run import address, bind
from mien.server.settings import load


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mien_serve(*options: str) -> Iterator[subprocess.Popen[str]]:
    """Run ``mien serve`` in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-c", "from mien.cli.main import main; main()", "serve", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ})
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_says_when_it_is_ready_and_stops_at_a_signal(number: signal.Signals) -> None:
    port = free_port()
    with mien_serve("--port", str(port), "--detector", "haar", "--log-level", "warning") as process:
        assert process.stderr is not None
        assert process.stderr.readline() == f"mien: ready at http://127.0.0.1:{port} (Ctrl-C stops)\n"
        assert httpx2.get(f"http://127.0.0.1:{port}/readyz").json() == {"status": "ready"}
        process.send_signal(number)
        out, rest = process.communicate(timeout=WAIT)
    assert (process.returncode, out, rest) == (0, "", "")


def test_at_sigterm_open_requests_are_answered_and_sockets_told(jpeg: bytes) -> None:
    port = free_port()
    with mien_serve("--port", str(port), "--detector", "haar", "--log-level", "warning") as process:
        assert process.stderr is not None
        process.stderr.readline()
        with (
            connect(f"ws://127.0.0.1:{port}/api/v1/stream", open_timeout=WAIT) as stream,
            socket.create_connection(("127.0.0.1", port), timeout=WAIT) as request,
        ):
            assert json.loads(stream.recv(timeout=WAIT))["type"] == "ready"
            head = f"POST /api/v1/analyze HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(jpeg)}\r\n"
            request.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
            assert request.recv(100).startswith(b"HTTP/1.1 100 ")  # from now on the request is being served
            process.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionClosed):
                stream.recv(timeout=WAIT)
            assert stream.close_code == 1012
            request.sendall(jpeg)
            answer = b"".join(iter(lambda: request.recv(65536), b""))
        out, rest = process.communicate(timeout=WAIT)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"faces"' in answer
    assert (process.returncode, out, rest) == (0, "", "")


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--host", "0.0.0.0"], "MIEN_API_KEY"), (["--port", "99999"], "port"), (["--port", "TAKEN"], "in use")],
)
def test_what_cannot_work_is_told_in_one_line(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mien.server.logs.configure", lambda level: None)
    with bind("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(SystemExit) as ended:
            main(["serve", *(port if option == "TAKEN" else option for option in options)])
    out, message = capsys.readouterr()
    assert (ended.value.code, out, message.count("\n")) == (2, "", 1)
    assert message.startswith("mien: ")
    assert said in message


def test_models_that_cannot_be_loaded_end_the_server() -> None:
    with mien_serve("--port", str(free_port()), "--detector", "nobody", "--log-level", "error") as process:
        out, message = process.communicate(timeout=WAIT)
    assert (process.returncode, out) == (2, "")
    assert message.strip().splitlines()[-1].startswith("mien: unknown detector 'nobody'")
    assert "Traceback" not in message


def test_a_taken_port() -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port} is in use: .*--port"):
            bind("127.0.0.1", port)


@pytest.mark.parametrize("host", ["203.0.113.9", "no such host"])
def test_an_address_of_another_computer(host: str) -> None:
    with pytest.raises(SettingsError, match="--host"):
        bind(host, 0)


def test_connections_inherit_a_small_send_buffer() -> None:
    with bind("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 128 * 1024


def test_address() -> None:
    assert address(load(port=81)) == "http://127.0.0.1:81"
    assert address(load(host="::1")) == "http://[::1]:8000"
