"""Age and gender over the API: off unless the server allows them, then for those who ask."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any, Final

import httpx2
import pytest
from asking import Asked
from attributing import stand_in
from compat.seeing import jpeg
from serving import WAIT, MakeServer, Running, start
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from mien.core.errors import SettingsError
from mien.live.fake import FakeEngine
from mien.live.local import LocalEngine
from mien.server.schemas import Face
from mien.server.services import Backend
from mien.server.settings import load

ON: Final = {"attributes": True}


@pytest.fixture(scope="module")
def running(_clean_environment: None) -> Iterator[Running]:
    """A server that allows both."""
    backend = Backend(LocalEngine(Asked(), 1), {}, attributes=stand_in())
    server = start(FakeEngine(), lambda _: backend, True, dict(ON))
    yield server
    server.stop()


def about(face: dict[str, Any]) -> dict[str, Any]:
    Face.model_validate({**face, "points": None})
    return {name: value for name, value in face.items() if name.startswith(("age", "gender"))}


BOTH: Final = {
    "age": 31.2,
    "age_range": [26, 38],
    "age_uncertain": True,
    "gender": {"label": "uncertain", "confidence": 0.6},
}


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("age,gender", ("age", "age_range", "age_uncertain", "gender")),
        ("age", ("age", "age_range", "age_uncertain")),
        ("gender", ("gender",)),
        ("", ()),
    ],
)
def test_of_a_picture(running: Running, asked: str, names: tuple[str, ...]) -> None:
    path = f"{running.http}/api/v1/analyze"
    answer = httpx2.post(path, params={"attributes": asked}, content=jpeg("fear"), timeout=WAIT)
    (face,) = answer.json()["faces"]
    assert about(face) == {name: BOTH[name] for name in names}


def test_whether_they_may_be_asked_for_is_told(running: Running, make_server: MakeServer) -> None:
    assert httpx2.get(f"{running.http}/api/v1/analyze").json() == {"attributes": ["age", "gender"]}
    assert httpx2.get(f"{make_server(FakeEngine()).http}/api/v1/analyze").json() == {"attributes": []}


def test_other_names_are_refused(running: Running) -> None:
    path = f"{running.http}/api/v1/analyze"
    answer = httpx2.post(path, params={"attributes": "race"}, content=jpeg("fear"), timeout=WAIT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_option")
    assert "age, gender" in answer.json()["error"]["message"]


def talk(running: Running, *messages: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Send options and a frame; return what came first, and then until the result."""
    with connect(running.ws, subprotocols=[Subprotocol("mien.v1")]) as socket:
        ready = json.loads(socket.recv(timeout=WAIT))
        for message in messages:
            socket.send(json.dumps(message))
        socket.send(struct.pack("<Id", 0, 0.0) + jpeg("fear"))
        answers = [json.loads(socket.recv(timeout=WAIT))]
        while answers[-1]["type"] != "result":
            answers.append(json.loads(socket.recv(timeout=WAIT)))
    return ready, answers


def test_of_a_stream(running: Running) -> None:
    ready, (result,) = talk(running, {"type": "options", "attributes": ["age", "gender"]})
    assert ready["attributes"] == ["age", "gender"]
    assert about(result["faces"][0]) == BOTH
    _, (result,) = talk(running, {"type": "options", "attributes": ["age"]}, {"type": "options", "attributes": []})
    assert about(result["faces"][0]) == {}
    _, (error, result) = talk(running, {"type": "options", "attributes": ["race"]})
    assert (error["code"], about(result["faces"][0])) == ("bad_option", {})


def test_a_server_that_does_not_allow_them(make_server: MakeServer) -> None:
    analyzer = Asked()
    engine = LocalEngine(analyzer, 1)
    off = make_server(loader=lambda _: Backend(engine, {}), allow_camera_changes=True)
    for path, body in (
        ("analyze?attributes=age", {"content": jpeg("fear")}),
        ("videos?attributes=gender", {"content": b"a video"}),
        ("cameras", {"json": {"address": "0", "options": {"attributes": ["age"]}}}),
    ):
        answer = httpx2.post(f"{off.http}/api/v1/{path}", timeout=WAIT, **body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "attributes_off"), answer.text
        assert "mien serve --attributes" in answer.json()["error"]["message"]
    assert httpx2.get(f"{off.http}/api/v1/videos", timeout=WAIT).json()["attributes"] == []
    ready, (error, result) = talk(off, {"type": "options", "attributes": ["age"], "min_score": 0.0})
    assert ready["attributes"] == []
    assert (error["code"], about(result["faces"][0])) == ("attributes_off", {})
    assert set(analyzer.wants) == {()}, "nothing below was asked"
    engine.close()


def test_cameras_cannot_ask_for_them_unless_allowed() -> None:
    options = {"camera_options": {"attributes": ["age"]}, "cameras": ("a=0",)}
    with pytest.raises(SettingsError, match="mien serve --attributes"):
        load(**options)
    (spec,) = load(attributes=True, **options).camera_specs
    assert spec.options.attributes == ("age",)


def test_the_analysis_is_told_whether_they_are_allowed() -> None:
    assert load().analyzer.attributes_allowed is False
    assert load(attributes=True).analyzer.attributes_allowed is True
    assert load(attributes=True).analyzer.attributes == (), "and nobody is read who did not ask"


def test_of_a_camera_that_was_added(make_server: MakeServer) -> None:
    engine = LocalEngine(Asked(), 1)
    server = make_server(
        loader=lambda _: Backend(engine, {}, attributes=stand_in()), attributes=True, allow_camera_changes=True
    )
    new = {"address": "/nowhere.mp4", "options": {"attributes": ["gender", "age"]}}
    added = httpx2.post(f"{server.http}/api/v1/cameras", json=new, timeout=WAIT)
    assert (added.status_code, added.json()["options"]) == (201, {"attributes": ["age", "gender"]})
    (listed,) = httpx2.get(f"{server.http}/api/v1/cameras", timeout=WAIT).json()["cameras"]
    assert listed["options"] == {"attributes": ["age", "gender"]}
    engine.close()


def test_of_videos(running: Running) -> None:
    assert httpx2.get(f"{running.http}/api/v1/videos", timeout=WAIT).json()["attributes"] == ["age", "gender"]
    mp4 = b"\0\0\0\x18ftypisom" + bytes(500)
    path = f"{running.http}/api/v1/videos"
    answer = httpx2.post(path, params={"attributes": "gender,age"}, content=mp4, timeout=WAIT)
    assert answer.status_code == 201, answer.text
    assert answer.json()["options"]["attributes"] == ["age", "gender"]
    assert httpx2.delete(f"{path}/{answer.json()['id']}", timeout=WAIT).status_code == 204
