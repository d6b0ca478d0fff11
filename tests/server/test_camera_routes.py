from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx2
import numpy as np
import pytest
from following import follow
from serving import WAIT, MakeClient, MakeServer, Running, services_of_app
from starlette.testclient import TestClient

from mien.core import codec
from mien.core.errors import SettingsError
from mien.live.camera import Camera
from mien.live.camera_values import CameraRules, CameraSpec
from mien.live.fake import CountingAnalyzer
from mien.live.local import LocalEngine
from mien.live.session import StreamOptions
from mien.server import settings
from mien.server.auth import digest
from mien.server.camera_schemas import LiveResult, LiveResults
from mien.server.routes.cameras import event_stream
from mien.server.services import Backend
from mien.server.settings import ServerSettings
from mien.sources.camera import parse_address

ALLOWED = {"allow_camera_changes": True}
KEYS = (("desk", "read", "a" * 20), ("boss", "admin", "b" * 20))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of grey at 25 frames per second."""
    path = tmp_path_factory.mktemp("clip") / "a clip.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(25):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 120, np.uint8), "bgr24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


MakeWatching = Callable[..., Running]


@pytest.fixture
def make_watching(make_server: MakeServer, clip: Path) -> Iterator[MakeWatching]:
    """Return a maker of servers that analyse cameras by themselves; by default one that plays the clip."""
    engines: list[LocalEngine] = []

    def make(**options: Any) -> Running:
        engines.append(LocalEngine(CountingAnalyzer(), 1))
        options.setdefault("cameras", (f"door={clip}",))
        return make_server(loader=lambda _: Backend(engines[-1], {}), **options)

    yield make
    for engine in engines:
        engine.close()


def get(running: Running, path: str = "", **options: Any) -> httpx2.Response:
    return httpx2.get(f"{running.http}/api/v1/cameras{path}", **options)


def wait_viewers(running: Running, count: int) -> None:
    cameras = services_of_app(running.app).cameras
    until = time.monotonic() + WAIT
    while cameras.viewers != count:
        assert time.monotonic() < until, f"{cameras.viewers} watch, not {count}"
        time.sleep(0.005)


def test_no_cameras(client: TestClient) -> None:
    assert client.get("/api/v1/cameras").json() == {"cameras": [], "changeable": False, "recordable": True}


ROUTES = [("GET", ""), ("GET", "/latest"), ("GET", "/results"), ("GET", "/mjpeg"), ("GET", "/events"), ("DELETE", "")]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_camera_that_is_not_there(make_client: MakeClient, method: str, path: str) -> None:
    response = make_client(**ALLOWED).request(method, f"/api/v1/cameras/nothing{path}")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
    assert "no camera nothing" in response.json()["error"]["message"]


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", ""), *((m, f"/door{p}") for m, p in ROUTES)])
def test_the_key_is_needed(make_client: MakeClient, method: str, path: str) -> None:
    client = make_client(api_key="open sesame", cameras=("door=/nowhere.mp4",), **ALLOWED)
    response = client.request(method, f"/api/v1/cameras{path}", json={"address": "0"} if method == "POST" else None)
    assert (response.status_code, response.json()["error"]["code"]) == (401, "key_required")


def test_state_results_and_history_without_a_viewer(make_watching: MakeWatching, clip: Path) -> None:
    running = make_watching(camera_history=5)
    with follow(running, "/api/v1/cameras/door/events") as events:
        events.until("live")
        for _ in range(3):
            events.result()
    wait_viewers(running, 0)
    before = get(running, "/door/latest").json()["frame"]
    until = time.monotonic() + WAIT
    while get(running, "/door/latest").json()["frame"] < before + 5:
        assert time.monotonic() < until, "nothing is analysed while nobody watches"
        time.sleep(0.02)
    latest = LiveResult.model_validate(get(running, "/door/latest").json())
    assert (latest.camera, latest.width, latest.height, len(latest.faces)) == ("door", 64, 48, 1)
    assert abs(latest.at - time.time()) < WAIT

    found = LiveResults.model_validate(get(running, "/door/results").json())
    frames = [result.frame for result in found.results]
    assert (found.camera, len(frames)) == ("door", 5)
    assert frames == sorted(frames)
    assert len(get(running, "/door/results", params={"limit": 2}).json()["results"]) == 2
    assert get(running, "/door/results", params={"limit": 0}).status_code == 422

    (listed,) = get(running).json()["cameras"]
    assert {**listed, **get(running, "/door").json()}.keys() == listed.keys()
    assert (listed["id"], listed["kind"], listed["address"]) == ("door", "file", str(clip))
    assert (listed["state"], listed["reason"], listed["retry_in"]) == ("live", "", None)
    assert (listed["width"], listed["height"], listed["failed"], listed["opened"]) == (64, 48, 0, 1)
    assert listed["frames"] >= listed["analysed"] > 0


def test_a_camera_that_cannot_be_opened_says_why(make_watching: MakeWatching) -> None:
    running = make_watching(cameras=("door=/nowhere.mp4",))
    with follow(running, "/api/v1/cameras/door/events") as events:
        state = events.until("waiting")
    assert ("/nowhere.mp4 is not a file" in state["reason"], state["code"]) == (True, "bad_source")
    assert state["retry_in"] > 0.5
    shown = get(running, "/door").json()
    assert (shown["width"], shown["analysed"], shown["opened"]) == (None, 0, 0)
    response = get(running, "/door/latest")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "no_result")
    assert get(running, "/door/results").json() == {"camera": "door", "results": []}


def test_pictures(make_watching: MakeWatching) -> None:
    running = make_watching()
    with follow(running, "/api/v1/cameras/door/mjpeg") as one, follow(running, "/api/v1/cameras/door/mjpeg") as two:
        assert one.response.getheader("content-type") == "multipart/x-mixed-replace; boundary=frame"
        assert one.response.getheader("cache-control") == "no-store"
        for follower in (one, two, one):
            image = codec.decode(follower.picture())
            assert image.shape == (48, 64, 3)
            assert np.abs(image.astype(int) - 120).max() > 50, "nothing was drawn"
        assert get(running, "/door").json()["viewers"] == 2
    wait_viewers(running, 0)


def test_pictures_without_words_for_pages_in_other_languages(make_watching: MakeWatching) -> None:
    running = make_watching()
    with (
        follow(running, "/api/v1/cameras/door/mjpeg") as words,
        follow(running, "/api/v1/cameras/door/mjpeg?labels=numbers") as numbers,
    ):
        shown = [codec.decode(follower.picture()) for follower in (words, numbers)]
    assert np.abs(shown[1].astype(int) - 120).max() > 50, "nothing was drawn"
    assert httpx2.get(f"{running.http}/api/v1/cameras/door/mjpeg?labels=all").status_code == 422
    wait_viewers(running, 0)


def test_so_many_may_watch(make_watching: MakeWatching) -> None:
    running = make_watching(max_viewers=1)
    with follow(running, "/api/v1/cameras/door/mjpeg") as first:
        first.picture()
        for path in ("/door/mjpeg", "/door/events"):
            response = get(running, path)
            assert (response.status_code, response.json()["error"]["code"]) == (429, "busy")
            assert response.headers["retry-after"]
    wait_viewers(running, 0)
    with follow(running, "/api/v1/cameras/door/events") as second:
        assert second.state()


def test_stopping_the_server_ends_what_is_watched_in_order(make_watching: MakeWatching) -> None:
    running = make_watching()
    with (
        follow(running, "/api/v1/cameras/door/events") as events,
        follow(running, "/api/v1/cameras/door/mjpeg") as pictures,
    ):
        events.until("live")
        pictures.picture()
        running.stop()
        # A response that was cut short would raise here.
        rest = events.response.read().decode()
        assert pictures.response.read().endswith(b"--frame\r\n")
    assert '"state":"stopped"' in rest


def test_silence_is_broken_by_signs_of_life() -> None:
    async def scenario() -> list[bytes]:
        camera = Camera(CameraSpec("door", parse_address("0")), CameraRules())
        stream = event_stream(camera, heartbeat=0.01)
        pieces = [await anext(stream) for _ in range(3)]
        assert camera.events.listeners == 1
        await stream.aclose()
        assert camera.events.listeners == 0
        return pieces

    pieces = asyncio.run(scenario())
    assert pieces[0].startswith(b'event: state\ndata: {"state":"starting"')
    assert pieces[1:] == [b": still there\n\n"] * 2


def test_cameras_are_not_changed_from_outside_unless_allowed(make_client: MakeClient) -> None:
    client = make_client(cameras=("door=/nowhere.mp4",))
    for response in (client.post("/api/v1/cameras", json={"address": "0"}), client.delete("/api/v1/cameras/door")):
        assert (response.status_code, response.json()["error"]["code"]) == (403, "camera_changes_off")
    assert len(client.get("/api/v1/cameras").json()["cameras"]) == 1


def test_adding_and_removing(make_client: MakeClient, clip: Path) -> None:
    client = make_client(max_cameras=2, **ALLOWED)
    added = client.post("/api/v1/cameras", json={"address": str(clip)})
    assert (added.status_code, added.json()["id"], added.json()["kind"]) == (201, "1", "file")
    taken = client.post("/api/v1/cameras", json={"address": "0", "id": "1"})
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "camera_exists")
    assert client.post("/api/v1/cameras", json={"address": "rtsp://u:geheim@127.0.0.1:1/", "id": "b"}).json()[
        "address"
    ] == ("rtsp://127.0.0.1:1/")
    full = client.post("/api/v1/cameras", json={"address": "0"})
    assert (full.status_code, full.json()["error"]["code"]) == (409, "too_many_cameras")
    assert client.delete("/api/v1/cameras/1").status_code == 204
    assert [camera["id"] for camera in client.get("/api/v1/cameras").json()["cameras"]] == ["b"]
    assert client.delete("/api/v1/cameras/1").status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"address": "http://u:geheim@h/"}, "bad_source"),
        ({"address": "rtsp://u:geheim@:x/"}, "bad_source"),
        ({"address": ""}, "bad_source"),
        ({"address": "0", "id": "../geheim"}, "bad_source"),
        ({"address": "0", "options": {"speed": 3}}, "bad_option"),
        ({"address": "0", "options": {"max_faces": 0}}, "bad_option"),
        ({"address": "0", "speed": 3}, "invalid_request"),
        ({"id": "a"}, "invalid_request"),
        ({"address": "rtsp://u:geheim@h/" + "x" * 2000}, "invalid_request"),
    ],
)
def test_senseless_additions_are_refused_without_repeating_them(
    make_client: MakeClient, body: dict[str, Any], code: str
) -> None:
    client = make_client(**ALLOWED)
    response = client.post("/api/v1/cameras", json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (422, code)
    assert "geheim" not in response.text
    assert client.get("/api/v1/cameras").json()["cameras"] == []


def test_a_file_added_to_be_played_once_ends(make_watching: MakeWatching, clip: Path) -> None:
    running = make_watching(cameras=(), **ALLOWED)
    new = {"address": str(clip), "id": "once", "loop": False, "options": {"min_score": 0.5}}
    assert httpx2.post(f"{running.http}/api/v1/cameras", json=new).status_code == 201
    with follow(running, "/api/v1/cameras/once/events") as events:
        events.until("ended")
    camera = services_of_app(running.app).cameras.get("once")
    assert camera is not None
    assert camera.spec.options.min_score == 0.5
    shown = get(running, "/once").json()
    assert (shown["frames"], shown["opened"]) == (25, 1)
    assert get(running, "/once/latest").status_code == 200


def test_a_removed_camera_ends_its_viewers(make_watching: MakeWatching) -> None:
    running = make_watching(**ALLOWED)
    with follow(running, "/api/v1/cameras/door/events") as events:
        events.until("live")
        assert httpx2.delete(f"{running.http}/api/v1/cameras/door").status_code == 204
        assert '"state":"stopped"' in events.response.read().decode()


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("0", ["1"]),
        ("door=rtsp://u:p@h/s, 0", ["door", "2"]),
        ('["a=clip, with comma.mp4", "0"]', ["a", "2"]),
        ("", []),
    ],
)
def test_cameras_from_the_environment(monkeypatch: pytest.MonkeyPatch, given: str, names: list[str]) -> None:
    monkeypatch.setenv("MIEN_CAMERAS", given)
    assert [spec.name for spec in settings.load().camera_specs] == names


def test_options_for_the_cameras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_CAMERA_OPTIONS", '{"landmarks": true, "max_faces": 3}')
    (spec,) = settings.load(cameras=("0",)).camera_specs
    assert spec.options == StreamOptions(landmarks=True, max_faces=3)
    with pytest.raises(SettingsError, match="no option 'speed'"):
        settings.load(camera_options={"speed": 3})


@pytest.mark.parametrize("given", ["http://u:geheim@h/", "a=0,a=rtsp://u:geheim@h/", '["rtsp://u:geheim@h/", '])
def test_senseless_cameras_in_the_environment(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("MIEN_CAMERAS", given)
    with pytest.raises(SettingsError) as error:
        settings.load()
    assert "geheim" not in str(error.value)


def test_the_description_names_what_there_is(client: TestClient) -> None:
    text = (Path(__file__).parents[2] / "docs" / "cameras.md").read_text()
    for name in re.findall(r"MIEN_([A-Z_]+)", text):
        assert name.lower() in ServerSettings.model_fields, name
    described = client.get("/openapi.json").json()["paths"]
    for method, path in re.findall(r"`(GET|POST|DELETE) (…/{id}\S*?|/api\S*?)[`? ]", text):
        route = path.replace("…", "/api/v1/cameras").replace("{id}", "{camera_id}")
        assert method.lower() in described.get(route, {}), (method, path)


def test_settings_do_not_show_addresses() -> None:
    assert "geheim" not in repr(settings.load(cameras=("rtsp://u:geheim@h/",)))


@pytest.mark.parametrize(
    ("key", "changes", "expected"),
    [
        ("a" * 20, True, (False, False)),
        ("b" * 20, True, (True, True)),
        ("b" * 20, False, (False, True)),
    ],
)
def test_says_what_the_key_may_do(
    make_client: MakeClient, key: str, changes: bool, expected: tuple[bool, bool]
) -> None:
    keys = [f"{name}={role}:sha256:{digest(plain).hex()}" for name, role, plain in KEYS]
    client = make_client(api_keys=",".join(keys), allow_camera_changes=changes)
    found = client.get("/api/v1/cameras", headers={"X-API-Key": key}).json()
    assert (found["changeable"], found["recordable"]) == expected


def test_names_what_is_asked_of_a_camera(make_client: MakeClient) -> None:
    client = make_client(cameras=("door+landmarks+signals=/nowhere.mp4", "yard=/nowhere.mp4"))
    found = client.get("/api/v1/cameras").json()
    assert [each["options"] for each in found["cameras"]] == [{"landmarks": True, "signals": True}, {}]
    assert (found["changeable"], found["recordable"]) == (False, True)
