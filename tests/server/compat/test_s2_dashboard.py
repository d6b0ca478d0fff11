"""System S2, row by row, as its own page would see it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from compat.seeing import BOXES, base64_of, data_url, paint, picture_of, probabilities, seeing_server, started
from serving import MakeServer, Running

from mien.core.types import Faces
from mien.live.fake import FakeEngine
from mien.outputs.overlay import COLOURS
from mien.server.compat.s2_people import MISSES, People

SESSION = {
    "sessionStartTimestamp": "11/20/2026, 2:03:07 PM",
    "duration": 12,
    "maxDetectedFace": 2,
    "mostDetecedEmotion": {"emotion": "suprised", "counter": 9},
}


@pytest.fixture(scope="module")
def running(_clean_environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(data_dir=tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture
def page(running: Running, request: pytest.FixtureRequest) -> Iterator[httpx2.Client]:
    """A browser: keeps cookies."""
    with httpx2.Client(base_url=running.http, headers={"user-agent": request.node.name}) as client:
        yield client


@pytest.fixture
def keeping(make_server: MakeServer, tmp_path: Path) -> Running:
    """A server that has kept nothing yet."""
    return seeing_server(make_server, data_dir=tmp_path / "data")


def send(client: httpx2.Client, *emotions: str | None, clear: bool = False) -> dict[str, Any]:
    answer = client.post("/api/emotion-detection", json={"capturedFrame": data_url(*emotions), "clearGlobals": clear})
    assert answer.status_code == 200, answer.text
    value = answer.json()
    assert isinstance(value, dict)
    return value


def ids(answer: dict[str, Any]) -> list[int]:
    return [face["id"] for face in answer["detectedEmotionsOnFaces"]]


def counters(answer: dict[str, Any]) -> dict[int, int]:
    return {gone["id"]: gone["counter"] for gone in answer["dissapearedFaces"]}


def test_s2_1_a_frame_and_its_answer(page: httpx2.Client) -> None:
    answer = send(page, "surprise", "sadness")
    assert list(answer) == ["frame", "detectedEmotionsOnFaces", "dissapearedFaces"]
    assert answer["detectedEmotionsOnFaces"] == [{"id": 0, "emotion": "suprised"}, {"id": 1, "emotion": "sad"}]
    assert answer["dissapearedFaces"] == [{"id": 0, "counter": 0}, {"id": 1, "counter": 0}]
    assert picture_of(answer["frame"]).shape == (240, 320, 3)


BAD: dict[str, Any] = {
    "cut short": {"capturedFrame": data_url("fear")[:-400], "clearGlobals": False},
    "no picture": {"capturedFrame": None, "clearGlobals": False},
    "a screenshot that was not ready": {"clearGlobals": False},
    "not base64": {"capturedFrame": "data:image/jpeg;base64,!!", "clearGlobals": False},
    "no object": [],
}


@pytest.mark.parametrize("case", BAD)
def test_s2_1_a_bad_frame_is_an_error_and_changes_nothing(page: httpx2.Client, case: str) -> None:
    assert ids(send(page, "fear")) == [0]
    answer = page.post("/api/emotion-detection", json=BAD[case])
    assert (answer.status_code, list(answer.json())) == (200, ["error"])
    assert answer.json()["error"]
    assert ids(send(page, "fear")) == [0]


def test_s2_2_clear_globals_resets_that_client_alone(running: Running, page: httpx2.Client) -> None:
    with httpx2.Client(base_url=running.http, headers=page.headers) as other:
        assert ids(send(page, None, "fear")) == [0]
        assert ids(send(page, "fear", "fear")) == [0, 1]
        assert ids(send(other, "anger")) == [0]
        assert ids(send(other, "anger", "anger")) == [0, 1]
        assert ids(send(page, "fear", clear=True)) == [0], "the face on the left was 1 before"
        assert counters(send(page, "fear")) == {0: 0}
        assert counters(send(other, "anger", "anger")) == {0: 0, 1: 0}


def test_s2_2_a_client_without_cookies_is_known_by_its_address(running: Running) -> None:
    def post(agent: str, *emotions: str | None) -> dict[str, Any]:
        with httpx2.Client(base_url=running.http, headers={"user-agent": agent}) as fresh:
            return send(fresh, *emotions)

    assert ids(post("axios", "fear")) == [0]
    assert ids(post("axios", None, "fear")) == [1]
    assert ids(post("another", None, "fear")) == [0]


def test_s2_3_and_s2_4_a_session_is_saved_and_listed(keeping: Running) -> None:
    with httpx2.Client(base_url=keeping.http) as page:
        assert page.get("/api/get-session-results").json() == {"results": []}
        saved = page.post("/api/save-session-data", json=SESSION)
        assert (saved.status_code, saved.json()) == (200, {"success": "Session saved successfully"})
        page.post("/api/save-session-data", json={**SESSION, "duration": 0, "sessionStartTimestamp": 1795183387})
        assert page.get("/api/get-session-results").json() == {
            "results": [
                [1, "11/20/2026, 2:03:07 PM", 12, 2, "suprised", 9],
                [2, "1795183387", 0, 2, "suprised", 9],
            ]
        }


@pytest.mark.parametrize(
    "change",
    [
        {"mostDetecedEmotion": None},
        {"mostDetecedEmotion": {"emotion": "happy"}},
        {"duration": "long"},
        {"maxDetectedFace": -1},
        {"sessionStartTimestamp": "x" * 1000},
    ],
)
def test_s2_3_what_cannot_be_saved_is_an_error(page: httpx2.Client, change: dict[str, Any]) -> None:
    answer = page.post("/api/save-session-data", json={**SESSION, **change})
    assert (answer.status_code, list(answer.json())) == (200, ["error"])
    assert "Session cannot saved" in answer.json()["error"]
    assert page.get("/api/get-session-results").json() == {"results": []}


def test_s2_3_a_disk_that_fails_is_told(make_server: MakeServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    running = seeing_server(make_server, data_dir=tmp_path / "file")
    answer = httpx2.post(running.http + "/api/save-session-data", json=SESSION)
    assert (answer.status_code, list(answer.json())) == (200, ["error"])
    assert "MIEN_DATA_DIR" in answer.json()["error"]
    listed = httpx2.get(running.http + "/api/get-session-results")
    assert (listed.status_code, list(listed.json())) == (500, ["error"])


def test_s2_5_sqlite_without_a_manual_step(keeping: Running, tmp_path: Path) -> None:
    assert not (tmp_path / "data").exists(), "nothing may be written before there is something to keep"
    httpx2.post(keeping.http + "/api/save-session-data", json=SESSION)
    keeping.stop()
    (path,) = (tmp_path / "data").glob("*.db")
    with sqlite3.connect(path) as database:
        (row,) = database.execute("SELECT start, duration, most_faces, emotion, emotion_count FROM session_results")
    database.close()
    assert row == ("11/20/2026, 2:03:07 PM", 12, 2, "suprised", 9)


def test_s2_7_gone_after_ten_missed_frames(page: httpx2.Client) -> None:
    assert ids(send(page, "fear", "fear")) == [0, 1]
    told = [counters(send(page, None, "fear")) for _ in range(MISSES + 1)]
    assert told == [{0: misses, 1: 0} for misses in range(1, 11)] + [{1: 0}]
    assert ids(send(page, "fear", "fear")) == [1, 2]


def test_s2_7_a_face_that_comes_back_in_time_keeps_its_number(page: httpx2.Client) -> None:
    assert ids(send(page, "fear", "fear")) == [0, 1]
    for _ in range(MISSES):
        send(page, None, "fear")
    answer = send(page, "fear", "fear")
    assert (ids(answer), counters(answer)) == ([0, 1], {0: 0, 1: 0})


def test_s2_7_a_face_far_away_is_somebody_else(page: httpx2.Client) -> None:
    assert ids(send(page, "fear", None)) == [0]
    answer = send(page, None, "fear")
    assert (ids(answer), counters(answer)) == ([1], {0: 1, 1: 0})


def test_s2_8_smoothed_over_the_last_probabilities() -> None:
    people = People()

    def shown(emotion: str, now: float) -> int:
        emotions = probabilities([emotion])
        (person,) = people.update(Faces.from_boxes([BOXES[0]]).replace(emotion=emotions), now)
        return person.emotion

    frames = ["happiness"] * 4 + ["sadness"] * 4
    assert [shown(emotion, at) for at, emotion in enumerate(frames)] == [3] * 6 + [4] * 2


def test_s2_9_box_label_number_and_centre_dot(page: httpx2.Client) -> None:
    picture = picture_of(send(page, "anger")["frame"]).astype(int)
    x1, y1, x2, y2 = (int(v) for v in BOXES[0])
    expected = np.array(COLOURS["anger"])
    middle = picture[(y1 + y2) // 2, (x1 + x2) // 2]
    assert np.abs(middle - expected).max() < 40, "no centre dot"
    assert np.abs(picture[(y1 + y2) // 2, x1] - expected).max() < 90, "no box"
    above = np.abs(picture[y1 - 25 : y1 - 4, x1 : x1 + 100] - paint("anger")[0, 0]).max(axis=2) > 60
    assert above.sum() > 150, "no words"


def test_a_client_that_does_not_wait_is_told_so(make_server: MakeServer, tmp_path: Path) -> None:
    running = make_server(FakeEngine(hold=True), data_dir=tmp_path, max_waiting=50)
    frame = {"capturedFrame": base64_of("fear"), "clearGlobals": False}
    answers: list[int] = []

    def post() -> None:
        answers.append(httpx2.post(running.http + "/api/emotion-detection", json=frame, timeout=20).status_code)

    threads = [threading.Thread(target=post) for _ in range(5)]
    for thread in threads:
        thread.start()
    for _ in range(4):
        running.engine.wait_until(lambda: running.engine.waiting == 1)
        while len(answers) < 1:
            threads[0].join(0.01)
        running.engine.step()
    for thread in threads:
        thread.join(20)
    assert sorted(answers) == [200, 200, 200, 200, 429]


def test_a_key_is_needed_where_one_is_set(make_server: MakeServer, tmp_path: Path) -> None:
    running = seeing_server(make_server, data_dir=tmp_path, api_key="a key that is long enough")
    for method, path in (
        ("POST", "/api/emotion-detection"),
        ("POST", "/api/save-session-data"),
        ("GET", "/api/get-session-results"),
    ):
        answer = httpx2.request(method, running.http + path)
        assert (answer.status_code, list(answer.json())) == (401, ["error"]), path
