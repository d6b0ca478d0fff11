"""Recording what one of the server's cameras sees."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx2
import numpy as np
import pytest
import simplejpeg
from serving import WAIT, MakeServer, Running

from mien.live.fake import CountingAnalyzer
from mien.live.local import LocalEngine
from mien.server.services import Backend

ASK = {"camera": "door", "name": "the door", "purpose": "demonstration", "consent": True}


@pytest.fixture
def running(make_server: MakeServer, tmp_path: Path) -> Iterator[Running]:
    """A server that watches a clip of a second in grey, over and over."""
    clip = tmp_path / "clip.mp4"
    with av.open(str(clip), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(25):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 120, np.uint8), "bgr24")
            picture.pts, picture.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    engine = LocalEngine(CountingAnalyzer(), 1)
    yield make_server(
        loader=lambda _: Backend(engine, {"detector": "fake"}), cameras=(f"door={clip}",), data_dir=tmp_path / "data"
    )
    engine.close()


def wait_for(seen: Callable[[], Any]) -> Any:
    until = time.monotonic() + WAIT
    while not (value := seen()):
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)
    return value


def test_a_camera_is_recorded(running: Running) -> None:
    with httpx2.Client(base_url=running.http + "/api/v1", timeout=WAIT) as api:
        started = api.post("/sessions", json=ASK)
        assert started.status_code == 201, started.text
        session = started.json()["id"]
        assert (started.json()["source"], started.json()["state"]) == ("camera door", "recording")
        again = api.post("/sessions", json=ASK)
        assert (again.status_code, again.json()["error"]["code"]) == (409, "already_recording")
        assert api.get("/cameras/door").json()["recording"] == session
        wait_for(lambda: api.get(f"/sessions/{session}").json()["frames"] > 2)
        assert api.post(f"/sessions/{session}/stop").status_code == 204
        stopped = wait_for(lambda: api.get(f"/sessions/{session}").json()["ended"])
        assert stopped >= started.json()["started"]
        assert api.get(f"/sessions/{session}").json()["state"] == "stopped"
        assert api.post(f"/sessions/{session}/stop").status_code == 404
        assert api.get("/cameras/door").json()["recording"] is None
        assert api.post("/sessions", json=ASK).status_code == 201, "it may be recorded once more"


def test_a_camera_is_recorded_with_pictures(running: Running) -> None:
    with httpx2.Client(base_url=running.http + "/api/v1", timeout=WAIT) as api:
        session = api.post("/sessions", json=ASK | {"pictures": True}).json()["id"]
        wait_for(lambda: api.get(f"/sessions/{session}").json()["picture_count"] > 1)
        assert api.post(f"/sessions/{session}/stop").status_code == 204
        wait_for(lambda: api.get(f"/sessions/{session}").json()["ended"])
        first = api.get(f"/sessions/{session}/pictures").json()["pictures"][0]
        assert (first["width"], first["height"]) == (64, 48)
        image = simplejpeg.decode_jpeg(api.get(f"/sessions/{session}/pictures/{first['id']}").content)
        assert abs(float(image.mean()) - 120) < 5, "the frame as it came, nothing drawn into it"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"camera": "other"}, 404, "not_found"),
        ({"consent": False}, 422, "consent_needed"),
        ({"purpose": "monitoring of staff"}, 422, "purpose_refused"),
        ({"pictures": "yes"}, 422, "invalid_request"),
        ({"pictures": True, "consent": False}, 422, "consent_needed"),
        ({"name": "a\0"}, 422, "invalid_request"),
    ],
)
def test_what_is_refused(running: Running, change: dict[str, Any], status: int, code: str) -> None:
    answer = httpx2.post(f"{running.http}/api/v1/sessions", json=ASK | change)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
