"""Recordings, from a live socket to their files and their end."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pyarrow.parquet
import pytest
from serving import WAIT, MakeServer, Running
from test_stream import Client, EventfulAnalyzer, frame, open_stream

from mien.live.fake import FakeEngine
from mien.live.purposes import PURPOSES, REFUSED
from mien.server import exports
from mien.store.archive import FILE

ASK = {"type": "record", "name": "Übung =1+1", "purpose": "self", "consent": True, "pictures": False}


@pytest.fixture
def running(make_server: MakeServer, tmp_path: Path) -> Running:
    return make_server(FakeEngine(EventfulAnalyzer()), data_dir=tmp_path / "data")


@pytest.fixture
def api(running: Running) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=running.http + "/api/v1", timeout=WAIT) as client:
        yield client


def tell(client: Client, message: dict[str, Any]) -> dict[str, Any]:
    """Send a command; return its answer."""
    client.socket.send(json.dumps(message))
    return notice(client)


def notice(client: Client, state: str | None = None) -> dict[str, Any]:
    """Return the next message that is no result, with that state if one is given."""
    while True:
        message = client.receive()
        if message["type"] != "result" and state in (None, message.get("state")):
            return message


def show(client: Client, jpeg: bytes, count: int, first: int = 0) -> None:
    """Send frames and let them be analysed."""
    for seq in range(first, first + count):
        client.put(frame(seq, jpeg))
        assert client.engine.step()


def until_saved(client: Client, seconds: float) -> None:
    while notice(client, "recording")["saved"] < seconds:
        pass


@contextmanager
def recording(running: Running) -> Iterator[tuple[Client, dict[str, Any]]]:
    with open_stream(running) as client:
        started = tell(client, ASK)
        assert (started["type"], started["state"], started["message"]) == ("recording", "recording", "")
        yield client, started


def record(running: Running, jpeg: bytes, count: int = 5) -> str:
    with recording(running) as (client, started):
        show(client, jpeg, count)
        client.socket.send(json.dumps({"type": "record", "stop": True}))
        stopped = notice(client, "stopped")
        assert stopped["saved"] > 0
        assert stopped["session"] == started["session"]
    return str(started["session"])


def test_nothing_is_kept_before_there_is_something(running: Running, api: httpx2.Client, tmp_path: Path) -> None:
    assert api.get("/sessions").json() == {"sessions": [], "total": 0}
    assert api.get("/sessions/abc").status_code == 404
    assert api.request("DELETE", "/sessions", params={"confirm": "all"}).json() == {"deleted": 0}
    assert not (tmp_path / "data").exists()


def test_what_is_seen_is_recorded(running: Running, api: httpx2.Client, jpeg: bytes, tmp_path: Path) -> None:
    session = record(running, jpeg, 5)
    (listed,) = api.get("/sessions").json()["sessions"]
    assert (listed["id"], listed["name"], listed["purpose"], listed["state"]) == (
        session,
        ASK["name"],
        "self",
        "stopped",
    )
    assert (listed["frames"], listed["most_faces"], listed["people"]) == (5, 1, 5)
    assert listed["dominant"] == "happiness"
    assert listed["ended"] >= listed["started"] == listed["consented"]
    one = api.get(f"/sessions/{session}").json()
    assert listed.pop("course") == {"step": 10.0, "shown": ["happiness"], "satisfaction": [None]}
    assert {key: one[key] for key in listed} == listed
    assert one["models"]["detector"] == "fake"
    assert one["settings"]["signals"] is False
    assert [person["person"] for person in one["persons"]] == [1, 2, 3, 4, 5]
    assert one["persons"][1]["shares"]["happiness"] == 1.0
    assert one["event_counts"] == {"blink": 5}
    assert one["events"][0]["event"] == "blink"
    data = (tmp_path / "data" / FILE).read_bytes()
    assert jpeg[20:60] not in data, "a picture was kept"


def test_a_timeline(running: Running, api: httpx2.Client, jpeg: bytes) -> None:
    session = record(running, jpeg, 4)
    found = api.get(f"/sessions/{session}/timeline", params={"points": 50}).json()
    assert len(found["times"]) == len(found["faces"]) <= 50
    assert {1, None} == set(found["faces"])
    assert [lane["person"] for lane in found["people"]] == [1, 2, 3, 4]
    second = found["people"][1]
    assert [value for value in second["probabilities"]["happiness"] if value is not None] == [1.0]
    assert [value for value in second["dominant"] if value is not None] == ["happiness"]
    some = api.get(f"/sessions/{session}/timeline", params={"people": 3}).json()
    assert (len(some["people"]), some["others"], found["others"]) == (3, 1, 0)
    assert all(len(second[name]) == len(found["times"]) for name in ("satisfaction", "attention", "uncertain"))
    assert api.get(f"/sessions/{session}/timeline", params={"from": 5, "to": 1}).status_code == 422
    assert api.get(f"/sessions/{session}/timeline", params={"from": 500, "to": 501}).json()["people"] == []


REFUSED_ASKS: dict[str, tuple[dict[str, Any], str]] = {
    "no consent": ({"consent": False}, "consent_needed"),
    "consent that is no yes": ({"consent": "yes"}, "bad_record"),
    "no purpose": ({"purpose": ""}, "purpose_refused"),
    "pictures without consent": ({"pictures": True, "consent": False}, "consent_needed"),
    "pictures for what is refused": ({"pictures": True, "purpose": "monitoring of our employees"}, "purpose_refused"),
    "pictures that are no yes": ({"pictures": "yes"}, "bad_record"),
    "unknown field": ({"colour": "red"}, "bad_record"),
    "control characters": ({"name": "a\0b"}, "bad_record"),
    "long name": ({"name": "x" * 201}, "bad_record"),
    **{
        words: ({"purpose": words}, "purpose_refused")
        for words in (
            "monitoring of our employees",
            "Aufmerksamkeit der Schüler im Unterricht",
            "job interview of applicants",
            "is he lying?",
            "heimlich aufnehmen",
            "asylum hearings",
        )
    },
}


@pytest.mark.parametrize("case", REFUSED_ASKS)
def test_what_must_not_be_recorded(
    running: Running, api: httpx2.Client, jpeg: bytes, tmp_path: Path, case: str
) -> None:
    change, code = REFUSED_ASKS[case]
    with open_stream(running) as client:
        error = tell(client, ASK | change)
        assert (error["type"], error["code"]) == ("error", code)
        assert ("kind" in error, error.get("kind") in {None, *REFUSED}) == (code == "purpose_refused", True)
        assert client.analyse(frame(1, jpeg))["type"] == "result"
    assert not (tmp_path / "data").exists()


def test_purposes_are_listed(api: httpx2.Client) -> None:
    found = api.get("/sessions/purposes").json()
    assert [purpose["id"] for purpose in found["purposes"]] == list(PURPOSES)
    assert [refused["id"] for refused in found["refused"]] == list(REFUSED)
    assert "5(1)(f)" in found["refused"][0]["reason"]
    assert (found["pictures"]["per_second"], found["pictures"]["side"], found["days"]) == (2, 640, 0)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "record", "stop": True}, "not_recording"),
        ({"type": "marker", "label": "x"}, "not_recording"),
        ({"type": "record", "stop": True, "name": "x"}, "bad_record"),
        ({"type": "record", "resume": "abc", "token": "abc"}, "cannot_resume"),
    ],
)
def test_commands_without_a_recording(running: Running, message: dict[str, Any], code: str) -> None:
    with open_stream(running) as client:
        assert tell(client, message)["code"] == code


def test_pause_and_markers(running: Running, api: httpx2.Client, jpeg: bytes) -> None:
    with recording(running) as (client, started):
        assert tell(client, ASK)["code"] == "bad_record", "there is one already"
        show(client, jpeg, 2)
        client.socket.send(json.dumps({"type": "record", "pause": True}))
        notice(client, "paused")
        show(client, jpeg, 3, first=2)
        client.socket.send(json.dumps({"type": "marker", "label": "here", "time": 1.5}))
        while (marker := notice(client))["type"] != "marker":
            pass
        client.socket.send(json.dumps({"type": "record", "pause": False}))
        notice(client, "recording")
        show(client, jpeg, 1, first=5)
        client.socket.send(json.dumps({"type": "record", "stop": True}))
        notice(client, "stopped")
    session = started["session"]
    assert (marker["session"], marker["time"], marker["label"]) == (session, 1.5, "here")
    one = api.get(f"/sessions/{session}").json()
    assert (one["frames"], one["markers"]) == (3, [{"id": marker["id"], "time": 1.5, "label": "here"}])
    added = api.post(f"/sessions/{session}/markers", json={"time": 0.5, "label": "earlier"})
    assert added.status_code == 201
    assert [m["label"] for m in api.get(f"/sessions/{session}/markers").json()["markers"]] == ["earlier", "here"]
    assert api.delete(f"/sessions/{session}/markers/{marker['id']}").status_code == 204
    assert api.delete(f"/sessions/{session}/markers/{marker['id']}").status_code == 404
    assert api.get(f"/sessions/{session}/markers").json()["markers"] == [added.json()]


def test_a_reload_does_not_end_it(running: Running, api: httpx2.Client, jpeg: bytes) -> None:
    with recording(running) as (client, started):
        show(client, jpeg, 3)
        until_saved(client, 0.01)
    resume = {"type": "record", "resume": started["session"], "token": started["token"]}
    with open_stream(running) as client:
        assert tell(client, resume | {"token": "other"})["code"] == "cannot_resume"
        again = tell(client, resume)
        assert (again["state"], again["session"], again["token"]) == (
            "recording",
            started["session"],
            started["token"],
        )
        show(client, jpeg, 2)
        client.socket.send(json.dumps({"type": "record", "stop": True}))
        notice(client, "stopped")
        assert tell(client, resume)["code"] == "cannot_resume", "it was stopped"
    one = api.get(f"/sessions/{started['session']}").json()
    assert (one["frames"], one["people"], one["state"]) == (5, 5, "stopped"), "tracks 1 and 2 are other people now"


def test_the_end_of_the_server_saves_all_and_the_next_goes_on(
    make_server: MakeServer, tmp_path: Path, jpeg: bytes
) -> None:
    running = make_server(FakeEngine(), data_dir=tmp_path)
    with recording(running) as (client, started):
        show(client, jpeg, 4)
        running.stop()
    after = make_server(FakeEngine(), data_dir=tmp_path)
    one = httpx2.get(f"{after.http}/api/v1/sessions/{started['session']}").json()
    assert (one["state"], one["frames"]) == ("interrupted", 4)
    with open_stream(after) as client:
        assert tell(client, {"type": "record", "resume": one["id"], "token": started["token"]})["state"] == "recording"
        show(client, jpeg, 2)
        client.socket.send(json.dumps({"type": "record", "stop": True}))
        notice(client, "stopped")
    one = httpx2.get(f"{after.http}/api/v1/sessions/{started['session']}").json()
    assert (one["state"], one["frames"], one["people"]) == ("stopped", 6, 6)


def test_a_disk_that_fails_is_told_and_the_live_view_goes_on(
    make_server: MakeServer, tmp_path: Path, jpeg: bytes
) -> None:
    (tmp_path / "file").write_text("")
    running = make_server(FakeEngine(), data_dir=tmp_path / "file")
    with open_stream(running) as client:
        error = tell(client, ASK)
        assert (error["code"], "MIEN_DATA_DIR" in error["message"]) == ("store_failed", True)
        assert client.analyse(frame(1, jpeg))["type"] == "result"


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ({}, True),
        ({"host": "0.0.0.0", "insecure_no_key": True}, False),
        ({"recording_pictures": False}, False),
        ({"host": "0.0.0.0", "insecure_no_key": True, "recording_pictures": True}, True),
    ],
)
def test_who_runs_the_server_says_whether_pictures_may_be_kept(
    make_server: MakeServer, tmp_path: Path, settings: dict[str, Any], allowed: bool
) -> None:
    running = make_server(FakeEngine(), data_dir=tmp_path / "data", **settings)
    rules = httpx2.get(f"{running.http}/api/v1/sessions/purposes").json()["pictures"]
    assert (rules is not None) == allowed
    with open_stream(running) as client:
        answer = tell(client, ASK | {"pictures": True})
    assert answer.get("code") == ("" if allowed else "pictures_off")
    assert (tmp_path / "data").exists() == allowed


def test_pictures_are_kept_shown_exported_and_deleted(
    running: Running, api: httpx2.Client, jpeg: bytes, tmp_path: Path
) -> None:
    with open_stream(running) as client:
        started = tell(client, ASK | {"pictures": True})
        assert started["pictures"] == {"kept": 0, "bytes": 0, "lost": 0, "code": ""}
        show(client, jpeg, 3)
        client.socket.send(json.dumps({"type": "record", "stop": True}))
        assert notice(client, "stopped")["pictures"]["kept"] >= 1
    path = f"/sessions/{started['session']}"
    one = api.get(path).json()
    found = api.get(f"{path}/pictures").json()["pictures"]
    (listed,) = api.get("/sessions").json()["sessions"]
    assert one["pictures"]
    assert one["picture_count"] == listed["picture_count"] == len(found) >= 1
    assert one["picture_bytes"] == sum(picture["bytes"] for picture in found)
    answer = api.get(f"{path}/pictures/{found[0]['id']}")
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("image/jpeg", "no-store")
    assert (answer.content[:2], len(answer.content)) == (b"\xff\xd8", found[0]["bytes"])
    assert api.get(f"{path}/pictures/999999").status_code == 404
    assert api.get("/sessions/other/pictures").status_code == 404
    with zipfile.ZipFile(io.BytesIO(api.get(f"{path}/export", params={"format": "zip"}).content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names[:4] == ["faces.csv", "events.csv", "markers.csv", "recording.json"]
        assert [round(float(name[9:-4]) * 1000) for name in names[4:]] == [picture["id"] for picture in found]
        assert archive.read(names[4]) == answer.content
    for form in ("csv", "json", "parquet"):
        assert answer.content[200:260] not in api.get(f"{path}/export", params={"format": form}).content
    assert api.delete(f"{path}/pictures").json() == {"deleted": len(found)}
    assert api.get(path).json()["picture_count"] == 0
    assert api.get(path).json()["frames"] == 3
    for file in (tmp_path / "data").iterdir():
        assert answer.content[200:260] not in file.read_bytes(), file.name


def test_words_can_be_changed(running: Running, api: httpx2.Client, jpeg: bytes) -> None:
    session = record(running, jpeg)
    changed = api.patch(f"/sessions/{session}", json={"notes": "two\nlines"})
    assert (changed.status_code, changed.json()["notes"], changed.json()["name"]) == (200, "two\nlines", ASK["name"])
    assert api.patch(f"/sessions/{session}", json={"name": "x" * 201}).status_code == 422
    assert api.get("/sessions", params={"search": "LINES"}).json()["total"] == 1
    assert api.get("/sessions", params={"search": "%"}).json()["total"] == 0
    assert api.get("/sessions", params={"search": "\0"}).status_code == 200


def test_export_as_csv(running: Running, api: httpx2.Client, jpeg: bytes) -> None:
    session = record(running, jpeg, 3)
    answer = api.get(f"/sessions/{session}/export")
    assert answer.headers["content-type"].startswith("text/csv")
    assert f"mien-{session}-faces.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert list(rows[0]) == list(exports.COLUMNS["faces"])
    assert [row["person"] for row in rows] == ["1", "2", "3"]
    first = rows[0]
    assert (first["x2"], first["emotion"], first["p_happiness"], first["uncertain"]) == (
        "64.0",
        "happiness",
        "1.0",
        "false",
    )
    assert (first["width"], first["yaw"], first["session"]) == ("64", "", session)
    times = [float(row["time"]) for row in rows]
    assert times == sorted(set(times))
    api.post(f"/sessions/{session}/markers", json={"time": 1, "label": "=HYPERLINK(1)"})
    markers = list(
        csv.DictReader(io.StringIO(api.get(f"/sessions/{session}/export", params={"table": "markers"}).text))
    )
    assert markers[0]["label"] == "'=HYPERLINK(1)"
    events = list(csv.DictReader(io.StringIO(api.get(f"/sessions/{session}/export", params={"table": "events"}).text)))
    assert {event["event"] for event in events} == {"blink"}


def test_export_as_json_and_parquet_hold_the_same(running: Running, api: httpx2.Client, jpeg: bytes) -> None:
    session = record(running, jpeg, 3)
    value = api.get(f"/sessions/{session}/export", params={"format": "json"}).json()
    assert (value["session"]["id"], value["session"]["purpose"]) == (session, "self")
    assert len(value["people"]) == len(value["events"]) == len(value["frames"]) == 3
    content = api.get(f"/sessions/{session}/export", params={"format": "parquet"}).content
    table = pyarrow.parquet.read_table(io.BytesIO(content))
    assert table.column_names == list(exports.COLUMNS["faces"])
    assert table["time"].to_pylist() == [frame["time"] for frame in value["frames"]]
    assert table["p_happiness"].to_pylist() == [frame["faces"][0]["p_happiness"] for frame in value["frames"]]


def test_a_report_is_safe_to_open(running: Running, api: httpx2.Client, jpeg: bytes) -> None:
    session = record(running, jpeg, 3)
    api.patch(f"/sessions/{session}", json={"name": "<script>alert(1)</script>", "notes": "a & b"})
    api.post(f"/sessions/{session}/markers", json={"time": 1, "label": "<b>"})
    answer = api.get(f"/sessions/{session}/report")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script" not in answer.text
    assert "<b>" not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert "a &amp; b" in answer.text
    assert answer.text.count("<svg") == 1 + 3
    assert " style=" not in answer.text, "the policy would not let it count"


def test_delete_one_a_person_and_all(running: Running, api: httpx2.Client, jpeg: bytes, tmp_path: Path) -> None:
    one, other = record(running, jpeg, 3), record(running, jpeg, 2)
    assert api.delete(f"/sessions/{one}/people/2").status_code == 204
    assert api.delete(f"/sessions/{one}/people/2").status_code == 404
    assert [person["person"] for person in api.get(f"/sessions/{one}").json()["persons"]] == [1, 3]
    assert api.delete(f"/sessions/{one}").status_code == 204
    assert [
        api.get(f"/sessions/{one}{path}").status_code for path in ("", "/timeline", "/export", "/report", "/markers")
    ] == [404] * 5
    assert api.delete(f"/sessions/{one}").status_code == 404
    assert api.request("DELETE", "/sessions").status_code == 422, "all must be meant"
    assert api.request("DELETE", "/sessions", params={"confirm": "all"}).json() == {"deleted": 1}
    for path in (tmp_path / "data").iterdir():
        data = path.read_bytes()
        assert not any(text.encode() in data for text in (one, other, str(ASK["name"]))), path.name


def test_what_goes_on_is_stopped_when_it_is_deleted(running: Running, api: httpx2.Client, jpeg: bytes) -> None:
    with recording(running) as (client, started):
        show(client, jpeg, 2)
        until_saved(client, 0.01)
        assert api.delete(f"/sessions/{started['session']}/people/1").status_code == 409
        assert api.delete(f"/sessions/{started['session']}").status_code == 204
        stopped = notice(client, "stopped")
        assert "deleted" in stopped["message"]
        assert client.analyse(frame(9, jpeg))["type"] == "result"
    assert api.get("/sessions").json()["total"] == 0


def test_roles(make_server: MakeServer, tmp_path: Path) -> None:
    from mien.server.auth import digest

    entries = ",".join(f"{role}={role}:sha256:{digest('the key to ' + role).hex()}" for role in ("read", "admin"))
    running = make_server(FakeEngine(), data_dir=tmp_path, api_keys=entries)
    sessions = running.http + "/api/v1/sessions"

    def ask(role: str, method: str, path: str = "") -> int:
        headers = {"x-api-key": f"the key to {role}"}
        return httpx2.request(method, sessions + path, params={"confirm": "all"}, headers=headers).status_code

    assert httpx2.get(sessions).status_code == 401
    assert [ask("read", "GET"), ask("read", "DELETE"), ask("admin", "DELETE")] == [200, 403, 200]
    assert httpx2.get(f"{sessions}/abc/pictures/1").status_code == 401
    asked = [ask(role, method, "/abc/pictures") for role in ("read", "admin") for method in ("GET", "DELETE")]
    assert asked == [404, 403, 404, 404]
