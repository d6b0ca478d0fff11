"""System S5's model server, as its front end would see it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import httpx2
import numpy as np
import pytest
from serving import MakeServer, Running, start

from mien.core.types import FloatArray, Image
from mien.live.fake import FakeEngine
from mien.models import zoo
from mien.models.attributes import OFF
from mien.models.emotion import EmotionModel
from mien.server.compat.s5_panels import EMOTIONS
from mien.server.services import Backend

PREDICT = "/v1/models/emotion_model:predict"


@pytest.fixture(scope="module")
def running(_clean_environment: None) -> Iterator[Running]:
    """A server with the real emotion model."""
    backend = Backend(FakeEngine(), {}, EmotionModel(zoo.load("emotion")).probabilities)
    server = start(FakeEngine(), lambda _: backend, True, {})
    yield server
    server.stop()


@pytest.fixture(scope="module")
def face(portrait: Image) -> FloatArray:
    """The portrait's face, cut as a face detector would: grey 0–1, 48 by 48; she smiles."""
    grey = cv2.cvtColor(portrait[60:190, 165:290], cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(grey, (48, 48), interpolation=cv2.INTER_AREA) / 255, np.float32)


def ask(running: Running, instances: Any, path: str = PREDICT, **more: Any) -> httpx2.Response:
    message = {"signature_name": "serving_default", "instances": instances, **more}
    return httpx2.post(running.http + path, json=message, timeout=20)


def predictions(answer: httpx2.Response) -> FloatArray:
    assert answer.status_code == 200, answer.text
    return np.array(answer.json()["predictions"], np.float32)


@pytest.mark.parametrize("path", [PREDICT, "/v1/models/emotion_model/versions/1:predict"])
def test_s5_7_seven_probabilities_per_instance(running: Running, path: str) -> None:
    noise = np.random.default_rng(3).random((3, 48, 48, 1))
    found = predictions(ask(running, noise.tolist(), path))
    assert found.shape == (3, 7)
    assert found.sum(1) == pytest.approx(1, abs=1e-4)
    assert (found >= 0).all()


def test_s5_7_any_scale_and_shape_gives_the_same(running: Running, face: FloatArray) -> None:
    expected = predictions(ask(running, face[None, :, :, None].tolist()))
    assert predictions(ask(running, face[None].tolist())) == pytest.approx(expected, abs=1e-5)
    bytes_ = np.rint(face * 255)[None].tolist()
    assert predictions(ask(running, bytes_)) == pytest.approx(expected, abs=1e-5)
    assert predictions(ask(running, face[None].tolist(), signature_name="")) == pytest.approx(expected, abs=1e-5)


def test_s5_10_a_smiling_face_is_happy(running: Running, face: FloatArray) -> None:
    (found,) = predictions(ask(running, face[None].tolist()))
    assert EMOTIONS[int(found.argmax())] == "happy"


def test_s5_7_status(running: Running) -> None:
    (version,) = httpx2.get(running.http + "/v1/models/emotion_model").json()["model_version_status"]
    assert (version["version"], version["state"]) == ("1", "AVAILABLE")


@pytest.mark.parametrize(("name", "why"), [("nothing", ""), ("age_gender_model", f": {OFF}")])
def test_s5_7_a_model_that_is_not_there(running: Running, name: str, why: str) -> None:
    answer = ask(running, [[[0] * 48] * 48], f"/v1/models/{name}:predict")
    refusal = f"Servable not found for request: Latest({name}){why}"
    assert (answer.status_code, answer.json()) == (404, {"error": refusal})
    assert httpx2.get(f"{running.http}/v1/models/{name}").status_code == 404
    other = ask(running, [[[0] * 48] * 48], "/v1/models/emotion_model/versions/2:predict")
    assert (other.status_code, other.json()["error"][:17]) == (404, "Servable not foun")


BLANK = [[0.5] * 48] * 48
BAD: dict[str, Any] = {
    "no instances": {"signature_name": "serving_default"},
    "none": {"instances": []},
    "no list": {"instances": "x"},
    "ragged": {"instances": [[[0.5] * 48] * 47 + [[0.5] * 3]]},
    "texts": {"instances": [[["a"] * 48] * 48]},
    "another size": {"instances": [[[0.5] * 64] * 64]},
    "in colour": {"instances": [[[[0.5] * 3] * 48] * 48]},
    "below 0": {"instances": [[[-1.0] * 48] * 48]},
    "above 255": {"instances": [[[256] * 48] * 48]},
    "huge": {"instances": [[[1e39] * 48] * 48]},
    "too many": {"instances": [[[0]]] * 300},
    "another signature": {"signature_name": "other", "instances": [BLANK]},
    "no object": [],
}


@pytest.mark.parametrize("case", BAD)
def test_s5_7_bad_input_is_400_with_an_error(running: Running, case: str) -> None:
    answer = httpx2.post(running.http + PREDICT, json=BAD[case], timeout=20)
    assert (answer.status_code, list(answer.json())) == (400, ["error"]), answer.text
    assert predictions(ask(running, [BLANK])).shape == (1, 7)


def test_s5_7_a_key_is_needed_where_one_is_set(make_server: MakeServer) -> None:
    running = make_server(api_key="a key that is long enough")
    assert ask(running, [BLANK]).status_code == 401
