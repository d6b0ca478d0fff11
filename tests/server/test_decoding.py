from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any

import cv2
import httpx2
import numpy as np
import pytest
from hostile import jpeg_of_many_scans, noise, save
from serving import WAIT, MakeServer, Running, services_of_app

from mien.core import codec
from mien.core.errors import PictureError
from mien.server.decode_child import ANSWER, PIXELS, REFUSED, refusal
from mien.server.decoding import DecoderError, Decoders

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stops processes by signals that Windows lacks")
ANALYZE = "/api/v1/analyze"


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    made = Decoders(WAIT)
    yield made
    made.close()


def in_thread(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Do ``work`` in a thread; what it returns or raises comes to be in the list."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(work())
        except Exception as error:  # noqa: BLE001  the test looks at it
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def wait_for(reached: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT
    while not reached():
        assert time.monotonic() < until
        time.sleep(0.005)


def stopped(decoders: Decoders, jpeg: bytes) -> int:
    """Start the child and stop it, so that it hangs at its next picture; return its process id."""
    decoders.decode(jpeg)
    (child,) = decoders.children
    os.kill(child.process.pid, signal.SIGSTOP)
    return child.process.pid


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_same_pixels_as_in_this_process(decoders: Decoders, kind: str) -> None:
    data = save(noise(), kind)
    assert (decoders.decode(data) == codec.decode(data)).all()


def test_errors_come_back_as_they_are(decoders: Decoders, jpeg: bytes) -> None:
    with pytest.raises(PictureError, match=r"^höliday\.jpg is cut short") as refused:
        decoders.decode(save(noise(), "JPEG")[:-300], "höliday.jpg")
    assert refused.value.code == "truncated"
    assert decoders.decode(jpeg).shape == (48, 64, 3)
    assert len(decoders.children) == 1


def test_nothing_is_started_before_it_is_needed_and_children_are_used_again(decoders: Decoders, jpeg: bytes) -> None:
    assert decoders.children == []
    for _ in range(3):
        decoders.decode(jpeg)
    assert len(decoders.children) == 1


def test_a_hanging_decode_is_killed_and_the_child_replaced(jpeg: bytes) -> None:
    decoders = Decoders(0.3)
    first = stopped(decoders, jpeg)
    with pytest.raises(PictureError, match=r"longer than 0\.3 s") as given_up:
        decoders.decode(jpeg)
    assert given_up.value.code == "too_complex"
    assert decoders.ended == {"timeout": 1}
    assert decoders.children == []
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    assert decoders.decode(jpeg).shape == (48, 64, 3)
    decoders.close()


def test_a_picture_that_takes_too_long_is_given_up() -> None:
    decoders = Decoders(0.05)
    with pytest.raises(PictureError, match=r"longer than 0\.05 s"):
        decoders.decode(jpeg_of_many_scans(80, 1200, 1200))
    decoders.close()


def test_a_child_killed_at_work_fails_its_picture_alone(decoders: Decoders, jpeg: bytes) -> None:
    victim = stopped(decoders, jpeg)
    thread, outcome = in_thread(lambda: decoders.decode(jpeg, "me.jpg"))
    wait_for(lambda: not decoders._idle)
    assert decoders.decode(jpeg).shape == (48, 64, 3), "others go on meanwhile"
    os.kill(victim, signal.SIGKILL)
    thread.join(WAIT)
    assert isinstance(outcome[0], DecoderError)
    assert "me.jpg" in str(outcome[0])
    assert decoders.ended == {"died": 1}
    assert decoders.decode(jpeg).shape == (48, 64, 3)


def test_a_child_that_died_in_its_sleep_is_not_noticed(decoders: Decoders, jpeg: bytes) -> None:
    decoders.decode(jpeg)
    (child,) = decoders.children
    os.kill(child.process.pid, signal.SIGKILL)
    child.process.wait()
    assert decoders.decode(jpeg).shape == (48, 64, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps to RLIMIT_AS")
def test_memory_is_limited(jpeg: bytes) -> None:
    decoders = Decoders(WAIT, memory=32 * 2**20)
    blank = bytes(cv2.imencode(".png", np.zeros((6000, 6000, 3), np.uint8))[1])
    with pytest.raises(PictureError, match="memory") as refused:
        decoders.decode(blank)
    assert refused.value.code == "too_complex"
    assert decoders.decode(jpeg).shape == (48, 64, 3)
    decoders.close()


def test_out_of_memory_is_told_apart_from_damage() -> None:
    error = PictureError("a is damaged", "truncated")
    assert refusal(error, "a") == ("truncated", "a is damaged")
    error.__cause__ = MemoryError()
    assert refusal(error, "a")[0] == "too_complex"


def test_closing_ends_everybody(jpeg: bytes) -> None:
    decoders = Decoders(WAIT)
    stopped(decoders, jpeg)
    thread, outcome = in_thread(lambda: decoders.decode(jpeg))
    wait_for(lambda: not decoders._idle)
    decoders.close()
    thread.join(WAIT)
    assert isinstance(outcome[0], DecoderError)
    assert decoders.children == []
    with pytest.raises(DecoderError, match="shutting down"):
        decoders.decode(jpeg)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_children_know_no_secrets(decoders: Decoders, jpeg: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_API_KEY", "open sesame")
    decoders.decode(jpeg)
    (child,) = decoders.children
    seen = Path(f"/proc/{child.process.pid}/environ").read_bytes()
    assert b"OMP_NUM_THREADS=1" in seen
    assert b"sesame" not in seen


@pytest.mark.parametrize(
    "answer",
    [ANSWER.pack(PIXELS, 2**31, 2**31), ANSWER.pack(REFUSED, 2**31, 0), ANSWER.pack(REFUSED, 2, 0) + b"{}", b"", b"no"],
)
def test_a_child_that_lies_is_not_believed(decoders: Decoders, jpeg: bytes, answer: bytes) -> None:
    decoders.decode(jpeg)
    (child,) = decoders.children
    child._answers.close()
    child._answers = BufferedReader(BytesIO(answer))
    with pytest.raises(DecoderError):
        decoders.decode(jpeg)
    assert decoders.children == []
    assert decoders.decode(jpeg).shape == (48, 64, 3)


def test_over_http_a_killed_decoder_is_one_error_and_nothing_more(
    make_server: MakeServer, jpeg: bytes, log_lines: list[MutableMapping[str, Any]]
) -> None:
    running: Running = make_server()
    decoding = services_of_app(running.app).decoding
    victim = stopped(decoding, jpeg)
    thread, outcome = in_thread(lambda: httpx2.post(running.http + ANALYZE, content=jpeg, timeout=WAIT))
    wait_for(lambda: not decoding._idle)
    os.kill(victim, signal.SIGKILL)
    thread.join(WAIT)
    assert (outcome[0].status_code, outcome[0].json()["error"]["code"]) == (503, "decoder_died")
    assert httpx2.post(running.http + ANALYZE, content=jpeg, timeout=WAIT).status_code == 200
    assert [line["reason"] for line in log_lines if line["event"] == "decoder ended"] == ["died"]


def test_over_http_a_hanging_decoder_is_too_complex(make_server: MakeServer, jpeg: bytes) -> None:
    running: Running = make_server(decode_timeout=0.3)
    stopped(services_of_app(running.app).decoding, jpeg)
    answer = httpx2.post(running.http + ANALYZE, content=jpeg, timeout=WAIT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "too_complex")
    assert httpx2.post(running.http + ANALYZE, content=jpeg, timeout=WAIT).status_code == 200
