from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from mien.core.errors import SourceError
from mien.sources.rtsp import Backlog, RtspCamera

TALK = Callable[[socket.socket, threading.Event], None]


@contextmanager
def peer(talk: TALK) -> Iterator[int]:
    """Listen on a port and let ``talk`` speak with whoever connects."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                talk(connection, over)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            thread.join(20)
            assert not thread.is_alive()


def silent(connection: socket.socket, over: threading.Event) -> None:
    over.wait()


def trickling(connection: socket.socket, over: threading.Event) -> None:
    """Send an answer that never ends, a byte at a time, so that no single wait is long."""
    connection.sendall(b"RTSP/1.0 200 OK\r\nX: ")
    while not over.wait(0.02):
        try:
            connection.sendall(b"x")
        except OSError:
            return


def babbling(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(1000))


def leaving(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(100)


def sending_elsewhere(connection: socket.socket, over: threading.Event) -> None:
    """Point to another protocol."""
    connection.recv(10_000)
    connection.sendall(b"RTSP/1.0 302 Found\r\nCSeq: 1\r\nLocation: http://127.0.0.1:1/geheim\r\n\r\n")
    over.wait()


@pytest.mark.parametrize("talk", [silent, trickling, babbling, leaving, sending_elsewhere])
def test_a_peer_that_is_no_camera_is_given_up_in_time(talk: TALK) -> None:
    with peer(talk) as port, pytest.raises(SourceError, match=r"^a door ") as error:
        RtspCamera(f"rtsp://me:geheim@127.0.0.1:{port}/x", "a door", timeout=0.3)
    assert "geheim" not in str(error.value)


def judged(steps: list[tuple[float, float]], backlog: Backlog | None = None) -> list[bool]:
    """Return the judgement after each step of (seconds between readings, seconds between pictures)."""
    backlog = backlog or Backlog()
    now, pts, found = 1000.0, 5.0, [False]
    backlog.behind(now, pts)
    for passed, shown in steps:
        now, pts = now + passed, pts + shown
        found.append(backlog.behind(now, pts))
    return found


def test_a_steady_stream_is_never_old() -> None:
    assert not any(judged([(0.04, 0.04)] * 1000))


def test_jitter_is_not_age() -> None:
    assert not any(judged([(0.3, 0.04), (0.0, 0.04), (0.0, 0.04), (0.0, 0.18)] * 100))


def test_what_is_read_too_slowly_grows_old_and_then_new_again() -> None:
    found = judged([(0.1, 0.04)] * 30 + [(0.01, 0.04)] * 60)
    assert found.index(True) == 26, "0.06 s more with each"
    assert found[26:30] == [True] * 4
    assert found[-1] is False
    assert found[26:].index(False) > 40, "not before it is nearly in time again"


def test_a_clock_that_was_set_is_not_age() -> None:
    for jump in (-3600.0, 3600.0):
        assert not any(judged([(0.04, 0.04)] * 10 + [(0.04, jump)] + [(0.04, 0.04)] * 100))


def test_a_gap_in_the_network_is_not_age() -> None:
    assert not any(judged([(0.04, 0.04)] * 10 + [(5.0, 0.04)] + [(0.001, 0.04)] * 125 + [(0.04, 0.04)] * 100))


def test_clocks_that_run_apart_are_not_age() -> None:
    assert not any(judged([(0.04, 0.04 * (1 - 5e-5))] * 100_000))
