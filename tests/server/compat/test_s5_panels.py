"""System S5, row by row, as its page would see it."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
import socketio
from compat.seeing import BOXES, SeeingAnalyzer, data_url, jpeg, seeing_server, started
from serving import WAIT, MakeServer, Running
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from mien.core.settings import Wants
from mien.core.types import Faces, Frame, FrameResult
from mien.server.compat.common import FAILED
from mien.server.compat.s5_panels import NO_FACE, OFF, place
from mien.server.compat.sockets import BACKLOG, MAX_MESSAGE

BB, EMOTION, AGE_GENDER = "/compute_bb", "/compute_emotion_route", "/compute_age_gender_route"


@pytest.fixture(scope="module")
def running(_clean_environment: None) -> Iterator[Running]:
    with started() as server:
        yield server


@contextmanager
def connected(running: Running, namespace: str, **options: Any) -> Iterator[socketio.SimpleClient]:
    with socketio.SimpleClient() as client:
        client.connect(running.http, namespace=namespace, **options)
        yield client


def ask(client: socketio.SimpleClient, event: str, message: Any, answers: int = 1) -> dict[str, Any]:
    client.emit(event, message)
    return dict(client.receive(timeout=WAIT) for _ in range(answers))


def test_s5_3_the_box(running: Running) -> None:
    with connected(running, BB) as client:
        answer = ask(client, "compute_bb_event", {"data": data_url("fear")})
    assert answer == {"bb_response": {"bb_x": "40", "bb_y": "60", "bb_width": "80", "bb_height": "120"}}


def test_s5_3_the_box_of_nobody_is_all_zeros(running: Running) -> None:
    with connected(running, BB) as client:
        answer = ask(client, "compute_bb_event", {"data": data_url(None)})
    assert answer == {"bb_response": {"bb_x": "0", "bb_y": "0", "bb_width": "0", "bb_height": "0"}}


@pytest.mark.parametrize(
    ("emotion", "word"), [("fear", "scared"), ("surprise", "surprised"), ("neutral", "neutral"), ("anger", "angry")]
)
def test_s5_3_the_emotion(running: Running, emotion: str, word: str) -> None:
    with connected(running, EMOTION) as client:
        answer = ask(client, "analyze_emotion_request", {"data": data_url(emotion)})
    assert answer == {"emotion_model_response": {"data": word}}


def test_s5_3_age_and_gender(make_server: MakeServer) -> None:
    running = seeing_server(make_server, SeeingAnalyzer(age=31.4, female=0.2))
    with connected(running, AGE_GENDER) as client:
        answer = ask(client, "analyze_age_gender_request", {"data": data_url("fear")}, answers=2)
    assert answer == {"age_model_response": {"data": 31}, "gender_model_response": {"data": "male"}}


def test_s5_3_age_and_gender_are_off_unless_asked_for(running: Running) -> None:
    with connected(running, AGE_GENDER) as client:
        answer = ask(client, "analyze_age_gender_request", {"data": data_url("fear")}, answers=2)
    off = {"data": None, "error": OFF}
    assert answer == {"age_model_response": off, "gender_model_response": off}


def test_s5_3_nobody_there(running: Running) -> None:
    nobody = {"data": None, "error": NO_FACE}
    with connected(running, EMOTION) as client:
        answer = ask(client, "analyze_emotion_request", {"data": data_url(None)})
        assert answer == {"emotion_model_response": nobody}
    with connected(running, AGE_GENDER) as client:
        answer = ask(client, "analyze_age_gender_request", {"data": data_url(None)}, answers=2)
        assert answer == {"age_model_response": nobody, "gender_model_response": nobody}


BAD: dict[str, Any] = {
    "nothing": None,
    "no picture": {},
    "text": "x",
    "junk": {"data": "data:image/jpeg;base64,!!"},
    "cut short": {"data": data_url("fear")[:-400]},
}


@pytest.mark.parametrize("case", BAD)
def test_s5_3_a_bad_frame_is_told_and_the_next_is_answered(running: Running, case: str) -> None:
    with connected(running, EMOTION) as client:
        (answer,) = ask(client, "analyze_emotion_request", BAD[case]).values()
        assert (answer["data"], bool(answer["error"])) == (None, True)
        good = ask(client, "analyze_emotion_request", {"data": data_url("fear")})
        assert good == {"emotion_model_response": {"data": "scared"}}
    with connected(running, BB) as client:
        (answer,) = ask(client, "compute_bb_event", BAD[case]).values()
        assert (answer["bb_width"], bool(answer["error"])) == ("0", True)


def test_s5_4_the_asker_alone_is_answered(running: Running) -> None:
    with connected(running, EMOTION) as asking, connected(running, EMOTION) as other:
        assert ask(asking, "analyze_emotion_request", {"data": data_url("fear")})
        answer = ask(other, "analyze_emotion_request", {"data": data_url("anger")})
        assert answer == {"emotion_model_response": {"data": "angry"}}, "the first thing it hears is its own"


def test_s5_5_the_client_may_send_the_face_alone(running: Running) -> None:
    """The crop never shows what is around the face; over the panels' namespaces it is simply the picture."""
    with connect(running.ws, subprotocols=[Subprotocol("mien.v1")]) as stream:
        stream.recv(timeout=WAIT)
        stream.send(json.dumps({"type": "options", "crop": True}))
        stream.send(struct.pack("<Id", 0, 0.0) + jpeg("anger"))
        result = json.loads(stream.recv(timeout=WAIT))
    assert result["type"] == "result", result
    assert [face["emotion"]["label"] for face in result["faces"]] == ["anger"]


def test_s5_6_the_largest_face(running: Running) -> None:
    (left, right) = BOXES
    largest_first = Faces.from_boxes([right, left])
    answer = place(FrameResult(0, 0.0, 320, 240, largest_first), None)
    assert answer["bb_response"]["bb_x"] == "200"


def test_no_other_namespace_exists(running: Running) -> None:
    with socketio.SimpleClient() as client, pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(running.http, namespace="/something_else", wait_timeout=WAIT)


def test_a_key_is_needed_where_one_is_set(make_server: MakeServer) -> None:
    key = "a key that is long enough"
    running = seeing_server(make_server, api_key=key)
    assert httpx2.get(running.http + "/socket.io/?EIO=4&transport=polling").status_code == 401
    for transport in ("polling", "websocket"):
        with socketio.SimpleClient() as refused, pytest.raises(socketio.exceptions.ConnectionError):
            refused.connect(running.http, namespace=BB, transports=[transport])
    with connected(running, EMOTION, headers={"authorization": f"Bearer {key}"}) as client:
        answer = ask(client, "analyze_emotion_request", {"data": data_url("fear")})
        assert answer == {"emotion_model_response": {"data": "scared"}}


def test_a_message_that_is_far_too_large_is_refused(running: Running) -> None:
    address = running.http + "/socket.io/?EIO=4&transport=polling"
    session = json.loads(httpx2.get(address).text[1:])
    assert session["maxPayload"] == MAX_MESSAGE
    with connected(running, EMOTION) as other:
        refused = httpx2.post(f"{address}&sid={session['sid']}", content=b"4" * (MAX_MESSAGE + 1))
        assert (refused.status_code, refused.json()["error"]["code"]) == (413, "too_large")
        answer = ask(other, "analyze_emotion_request", {"data": data_url("fear")})
        assert answer == {"emotion_model_response": {"data": "scared"}}


GARBAGE = [
    "hello",
    "4",
    "42",
    "42[]",
    "49",
    "42/compute_bb",
    '42/compute_bb,["compute_bb_event"]',
    "4\x00",
    "40{",
    "45-1[]",
]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_harms_that_session_alone(running: Running, garbage: str) -> None:
    address = running.http + "/socket.io/?EIO=4&transport="
    with connected(running, EMOTION, transports=["websocket"]) as other:
        session = json.loads(httpx2.get(address + "polling").text[1:])["sid"]
        answer = httpx2.post(f"{address}polling&sid={session}", content=garbage.encode(), timeout=WAIT)
        assert answer.status_code in (200, 400, 408), answer.text
        with connect(address.replace("http", "ws") + "websocket") as raw:
            assert raw.recv(timeout=WAIT)
            raw.send(garbage)
            assert raw.ping().wait(WAIT)
        good = ask(other, "analyze_emotion_request", {"data": data_url("fear")})
        assert good == {"emotion_model_response": {"data": "scared"}}


def test_answers_that_nobody_fetches_do_not_pile_up(running: Running) -> None:
    address = running.http + "/socket.io/?EIO=4&transport=polling"
    session = json.loads(httpx2.get(address).text[1:])["sid"]
    address += f"&sid={session}"
    httpx2.post(address, content=f"40{BB},")
    assert httpx2.get(address).text.startswith(f"40{BB},")
    for _ in range(BACKLOG + 8):
        assert httpx2.post(address, content=f'42{BB},["compute_bb_event",{{}}]').status_code == 200
    assert httpx2.get(address, timeout=WAIT).text.count("bb_response") == BACKLOG


class BrokenAnalyzer(SeeingAnalyzer):
    def analyze(self, image: Frame, wants: Wants | None = None) -> FrameResult:
        if image.image.mean() < 15:
            raise RuntimeError("a secret of the inside")
        return super().analyze(image, wants)


def test_a_fault_of_ours_is_told_without_details_and_the_next_is_answered(make_server: MakeServer) -> None:
    running = seeing_server(make_server, BrokenAnalyzer())
    failed = {"emotion_model_response": {"data": None, "error": FAILED}}
    with connected(running, EMOTION) as client:
        assert ask(client, "analyze_emotion_request", {"data": data_url(None)}) == failed
        good = ask(client, "analyze_emotion_request", {"data": data_url("fear", "fear")})
        assert good == {"emotion_model_response": {"data": "scared"}}
    with connected(running, "/ml") as client:
        assert "secret" not in ask(client, "json", {"image": data_url(None)})["message"]["error"]
        assert ask(client, "json", {"image": data_url("fear", "fear")})["message"]["result"]
