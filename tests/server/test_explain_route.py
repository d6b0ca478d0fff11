from __future__ import annotations

import base64
from dataclasses import replace

import cv2
import numpy as np
from serving import MakeClient
from starlette.testclient import TestClient

from mien.core.heat import Heat
from mien.core.settings import Wants
from mien.core.types import Frame, FrameResult
from mien.live.fake import CountingAnalyzer, FakeEngine
from mien.server.schemas import Analysis

ANALYZE = "/api/v1/analyze"


class Explaining(CountingAnalyzer):
    """Sees one face that fills the picture, and can say why."""

    def analyze(self, image: Frame, wants: Wants | None = None) -> FrameResult:
        result = super().analyze(image, wants)
        if wants is None or not wants.explain:
            return result
        whole = np.array([[[1 / image.width, 0, 0], [0, 1 / image.height, 0]]], np.float32)
        return replace(result, heat=Heat(np.array([1]), np.array([[[9.0, -9.0]]], np.float32), whole))


def test_each_face_says_why(make_client: MakeClient, jpeg: bytes) -> None:
    client = make_client(FakeEngine(Explaining()))
    answer = client.post(ANALYZE, params={"explain": "true"}, content=jpeg)
    assert answer.status_code == 200, answer.text
    face = Analysis.model_validate(answer.json()).faces[0]
    assert face.explain is not None
    assert face.explain.label == face.emotion.label == "happiness"
    assert face.explain.box == [0, 0, 64, 48]
    kind, data = face.explain.image.split(",")
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_UNCHANGED)
    assert kind == "data:image/png;base64"
    assert picture is not None
    assert picture.shape == (48, 64, 4)
    assert picture[24, 2, 3] > 100


def test_nothing_is_explained_unasked(make_client: MakeClient, jpeg: bytes) -> None:
    client = make_client(FakeEngine(Explaining()))
    assert "explain" not in client.post(ANALYZE, content=jpeg).json()["faces"][0]


def test_a_wish_that_is_neither_yes_nor_no_is_refused(client: TestClient, jpeg: bytes) -> None:
    answer = client.post(ANALYZE, params={"explain": "perhaps"}, content=jpeg)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_request"
