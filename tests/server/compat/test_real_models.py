"""The interfaces with the models that are shipped, on a real face."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import cv2
import httpx2
import numpy as np
import pytest
import socketio
from serving import WAIT, Running, start
from websockets.sync.client import connect

from mien.core.types import Image
from mien.live.fake import FakeEngine
from mien.server.compat.s5_panels import EMOTIONS
from mien.server.schemas import Analysis
from mien.server.services import load_backend

FACE = (178, 76, 265, 185)
"""Where the portrait's face is, about."""


@pytest.fixture(scope="module", params=["mien", "haar"])
def running(_clean_environment: None, request: pytest.FixtureRequest) -> Iterator[Running]:
    server = start(FakeEngine(), load_backend, True, {"detector": request.param, "workers": 1})
    yield server
    server.stop()


@pytest.fixture(scope="module")
def picture(portrait: Image) -> str:
    return base64.b64encode(cv2.imencode(".jpg", portrait)[1].tobytes()).decode()


def overlap(x: float, y: float, width: float, height: float) -> float:
    """Return the intersection over union with the portrait's face."""
    x1, y1, x2, y2 = FACE
    inside = max(0.0, min(x + width, x2) - max(x, x1)) * max(0.0, min(y + height, y2) - max(y, y1))
    return inside / (width * height + (x2 - x1) * (y2 - y1) - inside)


def test_s1_5_either_detector_by_http_and_socket(running: Running, picture: str) -> None:
    answers = [httpx2.post(running.http + "/detect-emotion", json={"image": picture}, timeout=WAIT).json()]
    with connect(running.http.replace("http", "ws") + "/ml") as socket:
        socket.send(json.dumps({"image": picture}))
        answers.append(json.loads(socket.recv(timeout=WAIT)))
    for answer in answers:
        assert answer["result"][0]["emotion"] == "happy"
        assert overlap(*answer["result"][0]["box"]) > 0.5


def test_s2_1_a_real_face(running: Running, picture: str) -> None:
    frame = {"capturedFrame": f"data:image/jpeg;base64,{picture}", "clearGlobals": True}
    answer = httpx2.post(running.http + "/api/emotion-detection", json=frame, timeout=WAIT).json()
    assert answer["detectedEmotionsOnFaces"][0] == {"id": 0, "emotion": "happy"}


def test_s3_4_a_real_face(running: Running, picture: str) -> None:
    answer = httpx2.post(running.http + "/detect_emotion", json={"image": picture}, timeout=WAIT).json()
    assert (answer["emotion"], answer["confidence"] > 0.5) == ("Happy", True)


def test_s5_3_a_real_face(running: Running, picture: str) -> None:
    with socketio.SimpleClient() as client:
        client.connect(running.http, namespace="/compute_bb")
        client.emit("compute_bb_event", {"data": f"data:image/jpeg;base64,{picture}"})
        _, box = client.receive(timeout=WAIT)
    assert overlap(*(float(box[name]) for name in ("bb_x", "bb_y", "bb_width", "bb_height"))) > 0.5


def test_s5_7_the_models_own_server_agrees(running: Running, portrait: Image) -> None:
    x1, y1, x2, y2 = FACE
    crop: Any = cv2.resize(cv2.cvtColor(portrait[y1:y2, x1:x2], cv2.COLOR_BGR2GRAY), (48, 48)) / 255
    message = {"signature_name": "serving_default", "instances": crop.reshape(1, 48, 48, 1).tolist()}
    answer = httpx2.post(running.http + "/v1/models/emotion_model:predict", json=message, timeout=WAIT).json()
    assert EMOTIONS[int(np.argmax(answer["predictions"][0]))] == "happy"


@pytest.fixture(scope="module")
def allowing(_clean_environment: None) -> Iterator[Running]:
    """A server that allows age and gender."""
    server = start(FakeEngine(), load_backend, True, {"attributes": True, "workers": 1})
    yield server
    server.stop()


def test_s5_10_plausible_age_and_gender(allowing: Running, picture: str) -> None:
    with socketio.SimpleClient() as client:
        client.connect(allowing.http, namespace="/compute_age_gender_route")
        client.emit("analyze_age_gender_request", {"data": f"data:image/jpeg;base64,{picture}"})
        answers = dict(client.receive(timeout=WAIT) for _ in range(2))
    age = answers["age_model_response"]
    assert 25 < age["data"] < 45
    assert age["range"][0] < 36 < age["range"][1]
    assert answers["gender_model_response"]["data"] in ("female", "uncertain")


def test_the_answer_is_as_described(allowing: Running, picture: str) -> None:
    path = f"{allowing.http}/api/v1/analyze"
    both = {"landmarks": "true", "explain": "true", "attributes": "age,gender"}
    answer = httpx2.post(path, params=both, json={"image": picture}, timeout=WAIT)
    result = Analysis.model_validate(answer.json())
    assert result.models.attributes_version
    assert result.faces[0].age_range is not None


def test_s5_10_shapes_and_plausible_values_of_the_model(allowing: Running, portrait: Image) -> None:
    x1, y1, x2, y2 = FACE
    crop: Any = cv2.resize(portrait[y1:y2, x1:x2], (64, 64), interpolation=cv2.INTER_AREA)
    message = {"signature_name": "serving_default", "instances": [crop.tolist(), crop[:, ::-1].tolist()]}
    answer = httpx2.post(allowing.http + "/v1/models/age_gender_model:predict", json=message, timeout=WAIT)
    for prediction in answer.json()["predictions"]:
        assert (len(prediction["dense"]), len(prediction["dense_1"])) == (2, 101)
        assert sum(prediction["dense"]) == pytest.approx(1, abs=1e-5)
        assert sum(prediction["dense_1"]) == pytest.approx(1, abs=1e-3)
        assert 20 < np.arange(101) @ prediction["dense_1"] < 55
        assert prediction["dense"][0] > 0.3, "surely no man, though the crop leaves out her hair"
