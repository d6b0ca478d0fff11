"""System S5: age and gender, where the server allows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import httpx2
import numpy as np
import pytest
import socketio
from asking import Asked
from attributing import stand_in
from compat.seeing import data_url
from serving import WAIT, MakeServer, Running, start

from mien.live.fake import FakeEngine
from mien.live.local import LocalEngine
from mien.models.attributes import OFF
from mien.server.services import Backend


@pytest.fixture(scope="module")
def running(_clean_environment: None) -> Iterator[Running]:
    """A server that allows both."""
    backend = Backend(LocalEngine(Asked(), 1), {}, attributes=stand_in())
    server = start(FakeEngine(), lambda _: backend, True, {"attributes": True})
    yield server
    server.stop()


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
