from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx2
import pyarrow.parquet
import pytest
from clips import write_clip
from following import follow
from serving import WAIT, MakeServer, Running

from mien.live.fake import CountingAnalyzer
from mien.live.local import LocalEngine
from mien.server.auth import Key
from mien.server.services import Backend
from mien.server.video_schemas import VideoStatus, VideoTimeline

PATH = "/api/v1/videos"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_clip(tmp_path_factory.mktemp("clip") / "a.mp4").read_bytes()


MakeKeeping = Callable[..., Running]


@pytest.fixture
def make_keeping(make_server: MakeServer, tmp_path: Path) -> Iterator[MakeKeeping]:
    """Return a maker of servers that keep videos in a folder of the test's."""
    engines: list[LocalEngine] = []

    def make(**options: Any) -> Running:
        engines.append(LocalEngine(CountingAnalyzer(), 1))
        return make_server(loader=lambda _: Backend(engines[-1], {}), data_dir=tmp_path, **options)

    yield make
    for engine in engines:
        engine.close()


def ask(running: Running, method: str, path: str = "", **options: Any) -> httpx2.Response:
    return httpx2.request(method, f"{running.http}{PATH}{path}", **options)


def send(running: Running, content: bytes, name: str = "a.mp4", **params: Any) -> dict[str, Any]:
    response = ask(running, "POST", params={"name": name, **params}, content=content)
    assert response.status_code == 201, response.text
    job: dict[str, Any] = response.json()
    return job


def finished(running: Running, id: str) -> dict[str, Any]:
    """Follow a video until there is no more work on it."""
    with follow(running, f"{PATH}/{id}/events") as follower:
        while True:
            name, job = follower.event()
            assert name == "video"
            VideoStatus.model_validate(job)
            if job["state"] in ("done", "failed", "cancelled") and job["annotated"] not in ("waiting", "running"):
                return job


def error(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_sent_analysed_looked_at_and_deleted(make_keeping: MakeKeeping, clip: bytes, tmp_path: Path) -> None:
    running = make_keeping()
    job = send(running, clip, "films/day one.mp4")
    assert job["name"] == "day one.mp4"
    done = finished(running, job["id"])
    assert (done["state"], done["analysed"], done["frames"], done["progress"]) == ("done", 25, 25, 1.0)
    assert ask(running, "GET", f"/{job['id']}").json() == done
    listed = ask(running, "GET").json()
    assert [video["id"] for video in listed["videos"]] == [job["id"]]
    assert listed["used"] >= len(clip)
    assert ask(running, "DELETE", f"/{job['id']}").status_code == 204
    assert ask(running, "GET").json()["videos"] == []
    assert list((tmp_path / "videos").iterdir()) == []
    assert error(ask(running, "GET", f"/{job['id']}/results")) == (404, "not_found")


def test_a_form_is_as_good_as_the_body(make_keeping: MakeKeeping, clip: bytes) -> None:
    running = make_keeping()
    response = ask(running, "POST", files={"file": ("b.mp4", clip, "video/mp4")})
    assert response.status_code == 201
    job = response.json()
    assert (job["name"], job["bytes"]) == ("b.mp4", len(clip))
    assert finished(running, job["id"])["state"] == "done"


def test_results_are_lines_and_a_timeline(make_keeping: MakeKeeping, clip: bytes) -> None:
    running = make_keeping()
    id = send(running, clip)["id"]
    finished(running, id)
    lines = ask(running, "GET", f"/{id}/results").text.splitlines()
    assert [json.loads(line)["frame"] for line in lines] == list(range(25))
    part = ask(running, "GET", f"/{id}/results", params={"from": 0.2, "to": 0.4}).text.splitlines()
    assert [json.loads(line)["frame"] for line in part] == [5, 6, 7, 8, 9, 10]
    course = ask(running, "GET", f"/{id}/results", params={"points": 5}).json()
    VideoTimeline.model_validate(course)
    assert course["frames"] == 25
    assert len(course["people"]) == 25
    assert all(len(person["bins"]) == 5 for person in course["people"])
    assert error(ask(running, "GET", f"/{id}/results", params={"from": 3, "to": 2})) == (422, "invalid_request")


def test_tables(make_keeping: MakeKeeping, clip: bytes) -> None:
    running = make_keeping()
    id = send(running, clip, "=day.mp4")["id"]
    finished(running, id)
    table = ask(running, "GET", f"/{id}/table")
    assert table.headers["content-disposition"] == "attachment; filename*=UTF-8''%3Dday.csv"
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert len(rows) == 25
    assert rows[3]["emotion"] == "happiness"
    assert rows[3]["source"] == "'=day.mp4"
    whole = ask(running, "GET", f"/{id}/table", params={"format": "json"}).json()
    assert whole["video"]["id"] == id
    assert len(whole["frames"]) == 25
    parquet = ask(running, "GET", f"/{id}/table", params={"format": "parquet"}).content
    assert pyarrow.parquet.read_table(io.BytesIO(parquet)).num_rows == 25


def test_files_come_in_ranges(make_keeping: MakeKeeping, clip: bytes) -> None:
    running = make_keeping()
    id = send(running, clip)["id"]
    whole = ask(running, "GET", f"/{id}/video")
    assert whole.content == clip
    assert whole.headers["content-type"] == "video/mp4"
    part = ask(running, "GET", f"/{id}/video", headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, clip[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(clip)}"
    finished(running, id)
    assert error(ask(running, "GET", f"/{id}/annotated")) == (404, "not_ready")
    assert ask(running, "POST", f"/{id}/annotated").json()["annotated"] in ("waiting", "running", "ready")
    assert finished(running, id)["annotated"] == "ready"
    copy = ask(running, "GET", f"/{id}/annotated", headers={"range": "bytes=4-7"})
    assert (copy.status_code, copy.content) == (206, b"ftyp")


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"", (422, "empty")), (b"#EXTM3U\nfile:///etc/passwd", (415, "unsupported_type"))],
)
def test_what_is_no_video_is_refused(
    make_keeping: MakeKeeping, tmp_path: Path, content: bytes, expected: tuple[int, str]
) -> None:
    running = make_keeping()
    assert error(ask(running, "POST", params={"name": "a.mp4"}, content=content)) == expected
    assert list((tmp_path / "videos").iterdir()) == []


def test_form_without_a_file_is_refused(make_keeping: MakeKeeping, tmp_path: Path) -> None:
    running = make_keeping()
    assert error(ask(running, "POST", files={"other": (None, "text")})) == (422, "invalid_request")
    assert list((tmp_path / "videos").iterdir()) == []


def test_a_damaged_video_fails_by_its_name(make_keeping: MakeKeeping, clip: bytes) -> None:
    running = make_keeping()
    broken, whole = send(running, clip[:300], "broken.mp4"), send(running, clip)
    failed = finished(running, broken["id"])
    assert failed["state"] == "failed"
    assert failed["reason"].startswith("broken.mp4 ")
    assert finished(running, whole["id"])["state"] == "done"
    assert error(ask(running, "POST", f"/{broken['id']}/annotated")) == (409, "not_now")


def test_size_and_room_are_limited(make_keeping: MakeKeeping, clip: bytes, tmp_path: Path) -> None:
    running = make_keeping(video_max_bytes=len(clip), video_quota=2 * len(clip))
    large = clip + bytes(2**17)
    assert error(ask(running, "POST", content=large)) == (413, "too_large")
    pieces = (large[at : at + 4096] for at in range(0, len(large), 4096))
    assert error(ask(running, "POST", content=pieces)) == (413, "too_large")
    finished(running, send(running, clip)["id"])
    assert error(ask(running, "POST", content=clip)) == (507, "quota_exceeded")


def test_who_leaves_while_sending_leaves_nothing(make_keeping: MakeKeeping, clip: bytes, tmp_path: Path) -> None:
    running = make_keeping()
    connection = HTTPConnection("127.0.0.1", running.port, timeout=WAIT)
    connection.putrequest("POST", PATH)
    connection.putheader("content-length", str(len(clip)))
    connection.endheaders(clip[:100])
    folder = tmp_path / "videos"
    wait_until(lambda: folder.is_dir() and any(folder.iterdir()))
    connection.close()
    wait_until(lambda: not any(folder.iterdir()))


def test_who_stops_sending_is_given_up(make_keeping: MakeKeeping, clip: bytes, tmp_path: Path) -> None:
    running = make_keeping(upload_timeout=0.2)
    connection = HTTPConnection("127.0.0.1", running.port, timeout=WAIT)
    connection.putrequest("POST", PATH)
    connection.putheader("content-length", str(len(clip)))
    connection.endheaders(clip[:100])
    response = connection.getresponse()
    assert (response.status, json.load(response)["error"]["code"]) == (408, "timeout")
    connection.close()
    assert list((tmp_path / "videos").iterdir()) == []


def test_all_are_followed_at_once(make_keeping: MakeKeeping, clip: bytes) -> None:
    running = make_keeping()
    with follow(running, f"{PATH}/events") as follower:
        id = send(running, clip)["id"]
        states: list[str] = []
        while not states or states[-1] != "done":
            name, job = follower.event()
            assert (name, job["id"]) == ("video", id)
            states.append(job["state"])
        assert states[0] == "waiting"
        ask(running, "DELETE", f"/{id}")
        assert follower.event() == ("removed", {"id": id})


def test_keys_and_roles(make_keeping: MakeKeeping, clip: bytes) -> None:
    keys = tuple(f"{role}={role}:sha256:{Key.of(role * 5).digest.hex()}" for role in ("read", "analyze", "admin"))
    running = make_keeping(api_keys=keys)

    def as_(role: str) -> dict[str, Any]:
        return {"headers": {"x-api-key": role * 5}}

    assert error(ask(running, "GET")) == (401, "key_required")
    assert ask(running, "POST", content=clip, **as_("read")).status_code == 403
    id = ask(running, "POST", content=clip, **as_("analyze")).json()["id"]
    assert ask(running, "GET", f"/{id}/video", **as_("read")).status_code == 200
    assert ask(running, "DELETE", f"/{id}", **as_("analyze")).status_code == 403
    assert ask(running, "DELETE", f"/{id}", **as_("admin")).status_code == 204


def wait_until(reached: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT
    while not reached():
        assert time.monotonic() < until
        time.sleep(0.005)
