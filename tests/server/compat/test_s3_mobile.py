"""System S3, row by row, as its mobile app and its browser pages would see it."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import httpx2
import numpy as np
import pytest
from compat.seeing import BOXES, HEIGHT, WIDTH, SeeingAnalyzer, jpeg, paint, probabilities, seeing_server, started
from following import follow
from serving import WAIT, MakeServer, Running

from mien.core.types import Faces, FrameResult
from mien.server.compat.s3_mobile import EMOTIONS, LEAST, Reading, read_steady

SEVEN = {"Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"}


@pytest.fixture(scope="module")
def running(_clean_environment: None) -> Iterator[Running]:
    with started() as server:
        yield server


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second with a happy face on the left."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    picture = paint("happiness", None)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(25):
            frame = av.VideoFrame.from_ndarray(picture, "bgr24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def watching(_clean_environment: None, clip: Path) -> Iterator[Running]:
    with started(cameras=(str(clip),)) as server:
        yield server


def seen_by_the_camera(watching: Running) -> list[dict[str, Any]]:
    """Wait until the camera has given something, and return it."""
    until = time.monotonic() + WAIT
    while True:
        answer = httpx2.get(watching.http + "/emotion_data")
        assert answer.status_code == 200
        found = answer.json()
        assert isinstance(found, list)
        if found:
            return found
        assert time.monotonic() < until, "the camera gives nothing"
        time.sleep(0.01)


def test_s3_1_video_feed(watching: Running) -> None:
    with follow(watching, "/video_feed") as feed:
        assert feed.response.getheader("content-type") == "multipart/x-mixed-replace; boundary=frame"
        pictures = [feed.picture() for _ in range(3)]
    for data in pictures:
        picture = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)).astype(int)
        assert picture.shape == (HEIGHT, WIDTH, 3)
        drawn = np.abs(picture - paint("happiness", None)).max(axis=2) > 60
        assert drawn[60:180, 36:44].any(axis=1).mean() > 0.9, "no box"
        assert drawn[35:56, 40:140].sum() > 150, "no words"


def test_s3_1_words() -> None:
    assert Reading(3, 0.934, (0, 0, 1, 1)).words == "Happy (0.93)"


def test_s3_2_emotion_data_with_nobody_watching(watching: Running) -> None:
    (face,) = seen_by_the_camera(watching)
    assert face == {"emotion": "Happy", "confidence": 0.82, "box": [40, 60, 80, 120]}


@pytest.mark.parametrize("path", ["/video_feed", "/emotion_data"])
def test_s3_1_and_s3_2_without_a_camera(running: Running, path: str) -> None:
    answer = httpx2.get(running.http + path)
    assert answer.status_code == 404
    assert "mien serve --camera" in answer.json()["error"]


def test_s3_2_nothing_is_told_while_there_are_no_pictures(make_server: MakeServer, tmp_path: Path) -> None:
    running = seeing_server(make_server, cameras=(str(tmp_path / "missing.mp4"),))
    answer = httpx2.get(running.http + "/emotion_data")
    assert (answer.status_code, answer.json()) == (200, [])


def test_s3_3_ping(running: Running) -> None:
    answer = httpx2.get(running.http + "/ping")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def as_json(value: Any) -> dict[str, Any]:
    return {"json": {"image": value}}


WAYS: dict[str, Callable[[bytes], dict[str, Any]]] = {
    "base64": lambda data: as_json(base64.b64encode(data).decode()),
    "data URL": lambda data: as_json("data:image/jpeg;base64," + base64.b64encode(data).decode()),
    "bytes": lambda data: as_json(list(data)),
    "form": lambda data: {"files": {"image": ("me.jpg", data, "image/jpeg")}},
    "form, field file": lambda data: {"files": {"file": ("me.jpg", data, "image/jpeg")}},
    "form with text": lambda data: {"data": {"image": base64.b64encode(data).decode()}, "files": {"x": ("x", b"")}},
    "body": lambda data: {"content": data, "headers": {"content-type": "image/jpeg"}},
}


@pytest.mark.parametrize("way", WAYS)
def test_s3_4_and_s3_5_every_way_to_send_a_picture(running: Running, way: str) -> None:
    answer = httpx2.post(running.http + "/detect_emotion", **WAYS[way](jpeg("sadness", "happiness")))
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "status": "success",
        "emotion": "Sad",
        "confidence": 0.82,
        "emotions": [
            {"emotion": "Sad", "confidence": 0.82, "box": [40, 60, 80, 120]},
            {"emotion": "Happy", "confidence": 0.82, "box": [200, 60, 80, 120]},
        ],
    }


def test_s3_4_nobody_on_the_picture(running: Running) -> None:
    answer = httpx2.post(running.http + "/detect_emotion", **WAYS["base64"](jpeg(None)))
    assert (answer.status_code, answer.json()["status"]) == (200, "success")
    assert (answer.json()["emotion"], answer.json()["confidence"], answer.json()["emotions"]) == (None, 0.0, [])


BAD: dict[str, dict[str, Any]] = {
    "no JSON": {"content": b"{"},
    "no object": {"json": []},
    "no picture": {"json": {"img": "x"}},
    "null": as_json(None),
    "junk": as_json("!!!"),
    "text": as_json(base64.b64encode(b"hello").decode()),
    "cut short": as_json(base64.b64encode(jpeg("fear")[:-300]).decode()),
    "numbers too large": as_json([255, 256]),
    "empty": {"content": b""},
    "form without a picture": {"files": {"other": ("a.jpg", b"x")}},
    "form of garbage": {"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=x"}},
    "empty file": {"files": {"image": ("a.jpg", b"")}},
}


@pytest.mark.parametrize("case", BAD)
def test_s3_4_bad_input_is_400_with_an_error(running: Running, case: str) -> None:
    answer = httpx2.post(running.http + "/detect_emotion", **BAD[case])
    assert (answer.status_code, list(answer.json())) == (400, ["error"]), answer.text
    assert isinstance(answer.json()["error"], str)


def frame(index: int, *faces: tuple[int, str]) -> FrameResult:
    """Return a camera's result: tracks and what was seen on each."""
    boxes = np.array([BOXES[0]] * len(faces)).reshape(-1, 4)
    emotion = probabilities([emotion for _, emotion in faces])
    tracks = np.array([track for track, _ in faces], np.int64)
    return FrameResult(
        index, index / 25, WIDTH, HEIGHT, Faces.from_boxes(boxes).replace(emotion=emotion, tracks=tracks)
    )


def test_s3_6_majority_of_the_last_frames_of_each_person() -> None:
    before = [frame(0, (1, "happiness"), (2, "fear")), frame(1, (1, "happiness")), frame(2, (2, "fear"))]
    told = read_steady(frame(3, (1, "happiness"), (2, "fear")), before)
    assert [EMOTIONS[reading.emotion] for reading in told] == ["Happy", "Fear"]
    (newest,) = read_steady(frame(1, (1, "anger")), [frame(0, (1, "happiness"))])
    assert EMOTIONS[newest.emotion] == "Angry", "of two equally frequent ones the newer counts"


def test_s3_6_what_is_hardly_probable_is_not_told() -> None:
    before = [frame(index, (1, "happiness")) for index in range(9)]
    assert read_steady(frame(9, (1, "sadness")), before) == [], f"happy is the most frequent, but now below {LEAST}"
    assert len(read_steady(frame(9, (1, "happiness")), before)) == 1


@pytest.mark.parametrize("emotion", ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"])
def test_s3_7_labels(running: Running, emotion: str) -> None:
    answer = httpx2.post(running.http + "/detect_emotion", **WAYS["bytes"](jpeg(emotion))).json()
    assert answer["emotion"] in SEVEN
    assert answer["emotion"][:3].lower() == emotion[:3]
    assert set(EMOTIONS) == SEVEN


def test_s3_8_cors(make_server: MakeServer) -> None:
    running = seeing_server(make_server, allowed_origins="capacitor://localhost,http://localhost:8081")
    for origin in ("capacitor://localhost", "http://localhost:8081"):
        ask = {
            "origin": origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type",
        }
        assert httpx2.options(running.http + "/detect_emotion", headers=ask).status_code == 200
        answer = httpx2.post(
            running.http + "/detect_emotion", **WAYS["base64"](jpeg("fear")), headers={"origin": origin}
        )
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin)


def test_a_key_is_needed_where_one_is_set(make_server: MakeServer, clip: Path) -> None:
    running = seeing_server(make_server, SeeingAnalyzer(), api_key="a key that is long enough", cameras=(str(clip),))
    for method, path in (("POST", "/detect_emotion"), ("GET", "/video_feed"), ("GET", "/emotion_data")):
        answer = httpx2.request(method, running.http + path)
        assert (answer.status_code, list(answer.json())) == (401, ["error"]), path
