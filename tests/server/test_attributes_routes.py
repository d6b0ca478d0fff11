"""Age and gender over the API: off unless the server allows them, then for those who ask."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any, Final

import httpx2
import numpy as np
import pytest
import socketio
from attributing import stand_in
from compat.seeing import data_url, jpeg
from serving import WAIT, MakeServer, Running, start
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from mien.core.errors import SettingsError
from mien.core.settings import Wants
from mien.core.types import Faces, Frame, FrameResult
from mien.live.fake import CountingAnalyzer, CountingStream, FakeEngine
from mien.live.local import LocalEngine
from mien.live.session import FrameStream
from mien.models.attributes import OFF
from mien.server.schemas import Face
from mien.server.services import Backend
from mien.server.settings import load

ON: Final = {"attributes": True}


class Asked:
    """Sees a face in the middle of every picture, and of whom age and gender are asked for."""

    def __init__(self) -> None:
        self.wants: list[tuple[str, ...]] = []

    def analyze(self, image: Frame, wants: Wants | None = None) -> FrameResult:
        result = CountingAnalyzer().analyze(image)
        return self.fill(result, wants)

    def fill(self, result: FrameResult, wants: Wants | None) -> FrameResult:
        asked = () if wants is None else wants.attributes
        self.wants.append(asked)
        faces: Faces = result.faces
        if "age" in asked:
            faces = faces.replace(age=[31.2], age_low=[25.7], age_high=[38.1], age_uncertain=[True])
        if "gender" in asked:
            faces = faces.replace(gender=[0.6], gender_uncertain=[True])
        return FrameResult(result.index, result.timestamp, result.width, result.height, faces, result.source)

    def stream(self) -> FrameStream:
        return AskedStream(self)


class AskedStream(CountingStream):
    def __init__(self, analyzer: Asked) -> None:
        super().__init__()
        self._analyzer = analyzer

    def analyze(self, frame: Frame) -> FrameResult:
        return self._analyzer.fill(super().analyze(frame), self.wants)


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


def test_of_videos(running: Running) -> None:
    assert httpx2.get(f"{running.http}/api/v1/videos", timeout=WAIT).json()["attributes"] == ["age", "gender"]
    mp4 = b"\0\0\0\x18ftypisom" + bytes(500)
    path = f"{running.http}/api/v1/videos"
    answer = httpx2.post(path, params={"attributes": "gender,age"}, content=mp4, timeout=WAIT)
    assert answer.status_code == 201, answer.text
    assert answer.json()["options"]["attributes"] == ["age", "gender"]
    assert httpx2.delete(f"{path}/{answer.json()['id']}", timeout=WAIT).status_code == 204


PREDICT: Final = "/v1/models/age_gender_model:predict"


def predictions(running: Running, instances: Any, path: str = PREDICT) -> httpx2.Response:
    return httpx2.post(
        running.http + path, json={"signature_name": "serving_default", "instances": instances}, timeout=WAIT
    )


@pytest.mark.parametrize("path", [PREDICT, "/v1/models/age_gender_model/versions/1:predict"])
def test_s5_7_age_and_gender_per_instance(running: Running, path: str) -> None:
    faces = np.zeros((2, 64, 64, 3), int)
    faces[0], faces[1] = 102, [0, 153, 255]  # blue first
    answer = predictions(running, faces.tolist(), path)
    assert answer.status_code == 200, answer.text
    grey, red = answer.json()["predictions"]
    assert grey["dense"] == pytest.approx([0.5, 0.5], abs=1e-6)
    assert red["dense"][0] > 0.99, "female first"
    for face, age in ((grey, 40), (red, 53)):
        assert len(face["dense_1"]) == 101
        assert sum(face["dense_1"]) == pytest.approx(1, abs=1e-4)
        assert np.arange(101) @ face["dense_1"] == pytest.approx(age, abs=1)
    scaled = predictions(running, (faces / 255).tolist(), path).json()["predictions"]
    assert scaled[1]["dense"] == pytest.approx(red["dense"], abs=1e-5)


def test_s5_7_age_and_gender_status(running: Running, server: Running) -> None:
    (version,) = httpx2.get(running.http + "/v1/models/age_gender_model").json()["model_version_status"]
    assert (version["version"], version["state"]) == ("1", "AVAILABLE")
    off = predictions(server, np.zeros((1, 64, 64, 3)).tolist())
    refusal = f"Servable not found for request: Latest(age_gender_model): {OFF}"
    assert (off.status_code, off.json()) == (404, {"error": refusal})


@pytest.mark.parametrize(
    "instances",
    [None, [], "x", [[0] * 64], np.zeros((1, 48, 48, 1)).tolist(), np.full((1, 64, 64, 3), 256).tolist(), [["a"]]],
)
def test_s5_7_age_and_gender_of_nonsense(running: Running, instances: Any) -> None:
    answer = predictions(running, instances)
    assert (answer.status_code, list(answer.json())) == (400, ["error"]), answer.text


@pytest.mark.parametrize(("allowed", "expected"), [(True, ("age", "gender")), (False, ())])
def test_s5_3_asks_where_it_is_allowed(make_server: MakeServer, allowed: bool, expected: tuple[str, ...]) -> None:
    analyzer = Asked()
    backend = Backend(LocalEngine(analyzer, 1), {})
    running = make_server(loader=lambda _: backend, attributes=allowed)
    with socketio.SimpleClient() as client:
        client.connect(running.http, namespace="/compute_age_gender_route")
        client.emit("analyze_age_gender_request", {"data": data_url("fear")})
        answers = dict(client.receive(timeout=WAIT) for _ in range(2))
    assert analyzer.wants == [expected]
    if allowed:
        assert answers["age_model_response"] == {"data": 31, "range": [26, 38], "uncertain": True}
        assert answers["gender_model_response"] == {"data": "uncertain"}
    else:
        assert "mien serve --attributes" in answers["age_model_response"]["error"]
