"""System S1, row by row, as its own clients would see it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx2
import numpy as np
import pytest
import socketio
from compat.seeing import SURE, base64_of, data_url, paint, picture_of, seeing_server, started
from serving import WAIT, MakeServer, Running
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from mien.core.labels import EMOTIONS
from mien.server.compat.s1_annotated import COLOURS, OTHERS, Majority, colour
from mien.server.compat.s1_annotated import EMOTIONS as NAMES

KEY = "a key that is long enough"
KEPT = SURE / (1 - (1 - SURE) / 7)
"""Probability of the emotion that is seen once contempt is left out."""


@pytest.fixture(scope="module")
def running(_clean_environment: None) -> Iterator[Running]:
    with started() as server:
        yield server


def ml(running: Running, **options: Any) -> AbstractContextManager[ClientConnection]:
    opened: AbstractContextManager[ClientConnection]
    opened = connect(running.http.replace("http", "ws") + "/ml", open_timeout=WAIT, **options)
    return opened


def ask(client: ClientConnection, message: Any) -> dict[str, Any]:
    client.send(message if isinstance(message, str) else json.dumps(message))
    answer = json.loads(client.recv(timeout=WAIT))
    assert isinstance(answer, dict)
    return answer


def emotions_of(answer: dict[str, Any]) -> list[str]:
    return [face["emotion"] for face in answer["result"]]


def test_s1_2_a_plain_get_proves_that_it_is_up(running: Running) -> None:
    answer = httpx2.get(running.http + "/hello")
    assert (answer.status_code, answer.text) == (200, "Hello World!")


@pytest.mark.parametrize("write", [base64_of, data_url])
def test_s1_3_a_picture_in_the_annotated_one_out(running: Running, write: Any) -> None:
    with ml(running) as client:
        answer = ask(client, {"image": write("happiness")})
    assert picture_of(answer["image"]).shape == (240, 320, 3)
    assert emotions_of(answer) == ["happy"]
    assert np.abs(picture_of(answer["image"]).astype(int) - paint("happiness")).max() > 60, "nothing was drawn"


BAD = {
    "no base64": {"image": "!!!"},
    "text": {"image": "aGVsbG8="},
    "nothing": {},
    "a number": {"image": 5},
    "no object": [1],
    "no JSON": "{",
}


@pytest.mark.parametrize("case", BAD)
def test_s1_3_a_bad_frame_is_told_and_the_next_is_answered(running: Running, case: str) -> None:
    with ml(running) as client:
        answer = ask(client, BAD[case])
        assert list(answer) == ["error"]
        assert answer["error"]
        assert emotions_of(ask(client, {"image": base64_of("anger")})) == ["angry"]


def test_s1_3_socket_io(running: Running) -> None:
    with socketio.SimpleClient() as client:
        client.connect(running.http, namespace="/ml")
        client.emit("json", {"image": base64_of("sadness", "surprise")})
        event, answer = client.receive(timeout=WAIT)
        assert event == "message"
        assert emotions_of(answer) == ["sad", "surprise"]
        assert picture_of(answer["image"]).shape == (240, 320, 3)
        client.emit("json", {"image": "!!!"})
        event, answer = client.receive(timeout=WAIT)
        assert (event, list(answer)) == ("message", ["error"])
        client.emit("json")
        assert list(client.receive(timeout=WAIT)[1]) == ["error"]
        client.emit("json", {"image": data_url("fear")})
        assert emotions_of(client.receive(timeout=WAIT)[1]) == ["fear"]


@pytest.mark.parametrize("transports", [["polling"], ["websocket"]])
def test_s1_3_socket_io_by_either_transport(running: Running, transports: list[str]) -> None:
    with socketio.SimpleClient() as client:
        client.connect(running.http, namespace="/ml", transports=transports)
        client.emit("json", {"image": base64_of("neutral")})
        assert emotions_of(client.receive(timeout=WAIT)[1]) == ["neutral"]


def test_s1_3_cors_can_be_configured(make_server: MakeServer) -> None:
    running = seeing_server(make_server, allowed_origins="https://good.example")
    handshake = running.http + "/socket.io/?EIO=4&transport=polling"
    good = httpx2.get(handshake, headers={"origin": "https://good.example"})
    assert (good.status_code, good.headers.get_list("access-control-allow-origin")) == (200, ["https://good.example"])
    assert httpx2.get(handshake, headers={"origin": "https://evil.example"}).status_code == 403
    with ml(running, origin="https://good.example") as client:
        assert emotions_of(ask(client, {"image": base64_of("fear")})) == ["fear"]
    with pytest.raises(InvalidStatus) as refused, ml(running, origin="https://evil.example"):
        pass
    assert refused.value.response.status_code == 403


def test_s1_3_a_key_is_needed_where_one_is_set(make_server: MakeServer) -> None:
    running = seeing_server(make_server, api_key=KEY)
    with pytest.raises(InvalidStatus) as refused, ml(running):
        pass
    assert refused.value.response.status_code == 401
    with ml(running, additional_headers={"x-api-key": KEY}) as client:
        assert emotions_of(ask(client, {"image": base64_of("fear")})) == ["fear"]
    client_io = socketio.SimpleClient()
    with pytest.raises(socketio.exceptions.ConnectionError):
        client_io.connect(running.http, namespace="/ml")
    with socketio.SimpleClient() as allowed:
        allowed.connect(running.http, namespace="/ml", headers={"x-api-key": KEY})
        allowed.emit("json", {"image": base64_of("fear")})
        assert emotions_of(allowed.receive(timeout=WAIT)[1]) == ["fear"]
    post = httpx2.post(running.http + "/detect-emotion", json={"image": base64_of("fear")})
    assert (post.status_code, list(post.json())) == (401, ["error"])


def test_s1_3_too_many_clients_are_told(make_server: MakeServer) -> None:
    running = seeing_server(make_server, max_streams=1)
    with ml(running) as first:
        assert emotions_of(ask(first, {"image": base64_of("fear")})) == ["fear"]
        with ml(running) as second:
            assert "already" in json.loads(second.recv(timeout=WAIT))["error"]
            with pytest.raises(ConnectionClosed):
                second.recv(timeout=WAIT)
            assert second.close_code == 1013
        with pytest.raises(socketio.exceptions.ConnectionError), socketio.SimpleClient() as refused:
            refused.connect(running.http, namespace="/ml")
    running.wait_streams(0)
    with ml(running) as again:
        assert emotions_of(ask(again, {"image": base64_of("fear")})) == ["fear"]


def test_s1_3_who_leaves_at_once_leaves_nothing_behind(make_server: MakeServer) -> None:
    running = seeing_server(make_server)
    for _ in range(5):
        with ml(running):
            pass
        with socketio.SimpleClient() as client:
            client.connect(running.http, namespace="/ml")
    running.wait_streams(0)


def test_s1_4_the_same_by_http(running: Running) -> None:
    answer = httpx2.post(running.http + "/detect-emotion", json={"image": data_url("surprise")})
    assert answer.status_code == 200
    assert emotions_of(answer.json()) == ["surprise"]
    assert picture_of(answer.json()["image"]).shape == (240, 320, 3)
    for case in BAD.values():
        content = case if isinstance(case, str) else json.dumps(case)
        bad = httpx2.post(running.http + "/detect-emotion", content=content)
        assert (bad.status_code, list(bad.json())) == (400, ["error"]), bad.text


def test_s1_5_several_faces_and_none(running: Running) -> None:
    with ml(running) as client:
        assert emotions_of(ask(client, {"image": base64_of("anger", "happiness")})) == ["angry", "happy"]
        answer = ask(client, {"image": base64_of(None)})
    assert answer["result"] == []
    assert picture_of(answer["image"]).max() < 30, "nothing may be drawn where nobody is"


def test_s1_6_the_label_is_the_most_frequent_of_the_last_ten_of_this_person(running: Running) -> None:
    with ml(running) as client, ml(running) as other:
        shown = [
            emotions_of(ask(client, {"image": base64_of(left, "fear")}))
            for left in ["happiness"] * 10 + ["sadness"] * 6
        ]
        assert [left for left, _ in shown] == ["happy"] * 14 + ["sad"] * 2
        assert {right for _, right in shown} == {"fear"}, "another person's window was mixed in"
        assert emotions_of(ask(other, {"image": base64_of("neutral")})) == ["neutral"], "another client's was"


def test_s1_6_majority_forgets_who_is_gone_longest() -> None:
    majority = Majority(window=3, most=2)
    assert majority.update([1, 2], [0, 0]) == [0, 0]
    assert majority.update([1], [0]) == [0]
    assert majority.update([3], [5]) == [5]
    assert majority.update([2], [4]) == [4], "2 was forgotten, so its first label counts for nothing"
    assert majority.update([1], [7]) == [7], "and then 1 was"


@pytest.mark.parametrize("emotion", [name for name in EMOTIONS if name != "contempt"])
def test_s1_7_colour_is_the_emotions_times_the_probability(running: Running, emotion: str) -> None:
    with ml(running) as client:
        answer = ask(client, {"image": base64_of(emotion)})
    (face,) = answer["result"]
    x, y, _, height = face["box"]
    expected = np.array(COLOURS.get(face["emotion"], OTHERS)) * KEPT
    drawn = picture_of(answer["image"])[y + height // 2, x]
    assert np.abs(drawn - expected).max() < 60, f"{drawn} is not {expected}: JPEG alone does not change it so much"
    assert colour("angry", 0.5) == (0, 0, 127)
    assert colour("fear", 1.0) == (0, 255, 0)


def test_s1_8_a_probability_for_each_emotion_and_the_crop(running: Running) -> None:
    with ml(running) as client:
        (face,) = ask(client, {"image": base64_of("disgust")})["result"]
    assert list(face["probabilities"]) == list(NAMES)
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert face["probabilities"]["disgust"] == face["probability"] == pytest.approx(KEPT, abs=1e-4)
    assert face["box"] == [40, 60, 80, 120]
    assert face["crop"] == [20, 20, 140, 220]


def test_s1_newest_wins_for_a_client_that_sends_too_fast(make_server: MakeServer) -> None:
    running = make_server()
    with ml(running) as client:
        running.engine.wait_until(lambda: bool(running.engine.sessions))
        client.send(json.dumps({"image": base64_of("fear")}))
        running.engine.wait_until(lambda: running.engine.waiting == 1)
        for _ in range(20):
            client.send(json.dumps({"image": base64_of("fear")}))
        # The pong tells that everything before it has been read.
        assert client.ping().wait(WAIT)
        stop = threading.Event()
        stepping = threading.Thread(target=_step_until, args=(running, stop))
        stepping.start()
        try:
            answers = [json.loads(client.recv(timeout=WAIT)) for _ in range(2)]
        finally:
            stop.set()
            stepping.join(WAIT)
    assert all("image" in answer for answer in answers)
    assert running.engine.sessions[-1].received <= 4, "old frames were queued"


def _step_until(running: Running, stop: threading.Event) -> None:
    while not stop.is_set():
        if not running.engine.step():
            stop.wait(0.002)
